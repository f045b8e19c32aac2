"""`tim gate`: asks a homeserver's gate what it lets through and why, over the module's admin API."""

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tim_cli import gate_report as report
from tim_cli.bearer_request import base_url, opener, read_token
from tim_cli.directory_countries import countries
from tim_policy.errors import ConfigError, TimError

app = typer.Typer(
    help="The federation gate of a running homeserver: who may take part, and why. All but `countries` need the "
    "access token of a server admin.",
    no_args_is_help=True,
)
app.command()(countries)

_PATH = "/_synapse/client/tim/v1/gate"
_TIMEOUT_S = 60
_MAX_ANSWER = 64 * 1024 * 1024

Url = Annotated[str, typer.Option(help="Client address of the homeserver, or of one of its workers.")]
TokenFile = Annotated[Path, typer.Option(help="File with the access token of a server admin, and nothing else.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Server = Annotated[str, typer.Argument(metavar="SERVER", help="Server name, e.g. praxis.example.de.")]
_URL = "http://127.0.0.1:8008"


class GateUnreachable(TimError):
    """The homeserver does not answer as agreed; the text says what to check."""


@app.command()
def status(token_file: TokenFile, url: Url = _URL, as_json: AsJson = False) -> None:
    """Which list is in use, since when, by whom signed; exit 1 when there is none and everybody is refused."""
    answer = _ask("GET", url, "status", token_file)
    _print(answer, report.status, as_json=as_json)
    if not answer["list"]["in_use"]:
        raise typer.Exit(1)


@app.command()
def explain(server: Server, token_file: TokenFile, url: Url = _URL, as_json: AsJson = False) -> None:
    """Why SERVER is in or out: each rule, the evidence, the decision; exit 1 when it is refused."""
    answer = _ask("GET", url, f"explain/{quote(server, safe='')}", token_file)
    _print(answer, report.explain, as_json=as_json)
    if answer["decision"] != "allow":
        raise typer.Exit(1)


@app.command()
def diff(token_file: TokenFile, url: Url = _URL, as_json: AsJson = False) -> None:
    """What the last update of the list changed."""
    _print(_ask("GET", url, "diff", token_file), report.diff, as_json=as_json)


@app.command()
def isolate(
    server: Server,
    token_file: TokenFile,
    url: Url = _URL,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, say what would happen.")] = False,
    leave: Annotated[
        bool, typer.Option("--leave", help="Where SERVER's users cannot be removed, have our users leave the room.")
    ] = False,
) -> None:
    """Remove SERVER's users from the rooms of this homeserver; exit 1 when a room is left with them."""
    query = f"?dry_run={str(dry_run).lower()}&leave={str(leave).lower()}"
    answer = _ask("POST", url, f"isolate/{quote(server, safe='')}{query}", token_file)
    _print(answer, report.isolation, as_json=as_json)
    if any(room["outcome"] in {"skipped", "failed"} for room in answer["rooms"]):
        raise typer.Exit(1)


def _print(answer: dict[str, Any], text: Any, *, as_json: bool) -> None:
    typer.echo(json.dumps(answer, indent=2) if as_json else text(answer))


def _ask(method: str, url: str, path: str, token_file: Path) -> dict[str, Any]:
    """The answer to one request.

    Raises:
        ConfigError: the address or the token file cannot be used, or the token is refused.
        GateUnreachable: no answer, or none of the gate.
    """
    request = urllib.request.Request(  # noqa: S310 - base_url accepts http and https only
        f"{base_url(url, '--url')}{_PATH}/{path}",
        method=method,
        headers={"Authorization": f"Bearer {read_token(token_file)}"},
    )
    try:
        with opener(use_proxies=False).open(request, timeout=_TIMEOUT_S) as response:
            answer = json.loads(response.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        raise _refusal(error, token_file, url) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise GateUnreachable(f"--url: {url} does not answer ({reason}); is the homeserver running?") from None
    if not isinstance(answer, dict):
        raise GateUnreachable(f"--url: {url} is no homeserver with tim_synapse")
    return answer


def _refusal(error: urllib.error.HTTPError, token_file: Path, url: str) -> TimError:
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
            return ConfigError(f"SERVER: {report.printable(text)}")
        case 404, _:
            return GateUnreachable(f"--url: {url} has no tim_synapse (404); is the module loaded?")
    return GateUnreachable(f"--url: {url} answered with status {error.code}; see the homeserver's log")
