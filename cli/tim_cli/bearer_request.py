"""What a request with an access token needs: an address, the token, and no redirects."""

import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tim_policy.errors import ConfigError


def base_url(url: str, parameter: str) -> str:
    """The address without a trailing slash.

    Raises:
        ConfigError: no http or https address; the text names `parameter`.
    """
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isascii()
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigError(f"{parameter}: '{url}' is no address (expected for example http://127.0.0.1:8008)")
    return url.rstrip("/")


def read_token(path: Path) -> str:
    """The access token in a file.

    Raises:
        ConfigError: the file cannot be read or holds something else.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"--token-file: cannot read {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        raise ConfigError(f"--token-file: {path} holds no access token (expected one line, nothing else)")
    return token


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for the server that was asked, not for wherever it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


def opener(*, use_proxies: bool) -> urllib.request.OpenerDirector:
    """An opener that follows no redirects.

    Args:
        use_proxies: go by `https_proxy` and its siblings; False for a server of one's own.
    """
    proxies = urllib.request.ProxyHandler(None if use_proxies else {})
    return urllib.request.build_opener(proxies, _NoRedirect())
