"""Matrix identifiers, parsed once at the edge; every parser is total: a name or `InvalidName`.

Grammar: Matrix specification, appendices "Server Name" and "User Identifiers".
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import NewType

from tim_policy.errors import InvalidName

ServerName = NewType("ServerName", str)
"""A server name that follows the grammar, in lower case, port kept."""

_MAX_SERVER_NAME = 255
_MAX_USER_ID_BYTES = 255
_MAX_PORT = 65_535
_HOST_AND_PORT = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_DNS_NAME = re.compile(r"(?:[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?\.)*[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?", re.ASCII)
_NUMERIC = re.compile(r"[0-9.]+", re.ASCII)
# Historical user ids may hold any printable ASCII except ':'; newer ones a subset. Both exist in rooms.
_LOCALPART = re.compile(r"[\x21-\x39\x3b-\x7e]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class UserId:
    """A user id `@localpart:server_name`; `str()` gives it back.

    Args:
        localpart: without the leading `@`.
        server_name: lower case.
    """

    localpart: str
    server_name: ServerName

    def __str__(self) -> str:
        return f"@{self.localpart}:{self.server_name}"


def parse_server_name(text: object) -> ServerName:
    """Read a server name: a DNS name, IPv4 or bracketed IPv6 address, with or without port.

    Upper case is folded, since DNS names compare that way and the federation list is matched by equality. A
    trailing dot, an empty label, a NUL, a port out of range and anything outside ASCII are refused:
    internationalised names stand in the list in their `xn--` form.

    Raises:
        InvalidName: not a server name; the text does not repeat it.
    """
    match = _HOST_AND_PORT.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_SERVER_NAME else None
    if match is None or not _is_host(match["host"].lower()):
        raise InvalidName("not a Matrix server name (expected: host or host:port)")
    if match["port"] is not None and not 1 <= int(match["port"]) <= _MAX_PORT:
        raise InvalidName("not a Matrix server name (expected: a port from 1 to 65535)")
    name = match[0].lower()
    return ServerName(text if text == name else name)  # one string in memory, not two, where nothing changes


def parse_user_id(text: object) -> UserId:
    """Read a user id.

    Raises:
        InvalidName: not a user id; the text does not repeat it.
    """
    if not isinstance(text, str) or not text.startswith("@") or ":" not in text:
        raise InvalidName("not a Matrix user id (expected: @localpart:server)")
    if len(text.encode("utf-8", "replace")) > _MAX_USER_ID_BYTES:
        raise InvalidName("not a Matrix user id (expected: at most 255 bytes)")
    localpart, server_name = text[1:].split(":", 1)
    if not _LOCALPART.fullmatch(localpart):
        raise InvalidName("not a Matrix user id (expected: printable ASCII before the colon)")
    return UserId(localpart, parse_server_name(server_name))


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_address(ipaddress.IPv6Address, host[1:-1])
    if _NUMERIC.fullmatch(host):
        return _is_address(ipaddress.IPv4Address, host)
    return _DNS_NAME.fullmatch(host) is not None


def _is_address(kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
