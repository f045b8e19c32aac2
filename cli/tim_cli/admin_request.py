"""Asks the admin API of tim_synapse on a running homeserver."""

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import typer

from tim_cli.bearer_request import base_url, opener, read_token
from tim_policy.errors import ConfigError, TimError

_PATH = "/_synapse/client/tim/v1"
_TIMEOUT_S = 60
_MAX_ANSWER = 64 * 1024 * 1024

DEFAULT_URL = "http://127.0.0.1:8008"
Url = Annotated[str, typer.Option(help="Client address of the homeserver, or of one of its workers.")]
TokenFile = Annotated[Path, typer.Option(help="File with the access token of a server admin, and nothing else.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


class HomeserverUnreachable(TimError):
    """The homeserver does not answer as agreed; the text says what to check."""


def printable(text: object) -> str:
    """Foreign text without control characters, so that it cannot steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def ask(
    method: str, url: str, path: str, token_file: Path, argument: str = "SERVER", body: Any = None
) -> dict[str, Any]:
    """The answer to one request.

    Args:
        method, path: of the request; the path begins with the part of our API, e.g. `gate/status`, or with a slash.
        url, token_file: see `Url` and `TokenFile`.
        argument: of the command line, to be named when the homeserver cannot use it.
        body: JSON to send; None: nothing.

    Raises:
        ConfigError: the address or the token file cannot be used, or the token is refused.
        HomeserverUnreachable: no answer, or none of tim_synapse.
    """
    request = urllib.request.Request(  # noqa: S310 - base_url accepts http and https only
        base_url(url, "--url") + (path if path.startswith("/") else f"{_PATH}/{path}"),
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {read_token(token_file)}"},
    )
    try:
        with opener(use_proxies=False).open(request, timeout=_TIMEOUT_S) as response:
            answer = json.loads(response.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        raise _refusal(error, token_file, url, argument) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise HomeserverUnreachable(f"--url: {url} does not answer ({reason}); is the homeserver running?") from None
    if not isinstance(answer, dict):
        raise HomeserverUnreachable(f"--url: {url} is no homeserver with tim_synapse")
    return answer


def _refusal(error: urllib.error.HTTPError, token_file: Path, url: str, argument: str) -> TimError:
    """One line for an answer that is no success; the homeserver's own text is kept only for a wrong parameter."""
    try:
        body = json.loads(error.read(_MAX_ANSWER))
    except (OSError, ValueError):
        body = None
    code, text = (body.get("errcode"), body.get("error")) if isinstance(body, dict) else (None, None)
    match error.code, code:
        case 401, _:
            return ConfigError(f"--token-file: the homeserver does not know the token in {token_file}; log in again")
        case 403, _:
            return ConfigError(f"--token-file: the token in {token_file} is not one of a server admin")
        case 400, str():
            return ConfigError(f"{argument}: {printable(text)}")
        case 404, str() if argument != "SERVER":
            return ConfigError(f"{argument}: {printable(text)}")
        case 404, _:
            return HomeserverUnreachable(f"--url: {url} has no tim_synapse (404); is the module loaded?")
    return HomeserverUnreachable(f"--url: {url} answered with status {error.code}; see the homeserver's log")
