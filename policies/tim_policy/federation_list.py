"""The federation list (Föderationsliste): which Matrix servers belong to the TI federation.

Payload of the signed document, VZD interface I_VZD_TIM_Provider_Services 1.4.0, schema FederationList. The list
is foreign data: unknown fields are ignored, an entry that cannot be used is left out and counted, and a server
with contradicting entries is left out too, so that whatever is unclear is not a member.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from tim_policy.errors import InvalidName, TimError
from tim_policy.names import ServerName, parse_server_name

MAX_DEPTH = 8
"""Nesting of the payload; the published schema needs 4."""

MAX_AGE = timedelta(hours=72)
"""TTL_Föderationsliste: a list that was not confirmed for longer no longer proves membership."""

_IK_DIGITS = 9


class FederationListError(TimError):
    """The federation list cannot be used; each subclass is one cause."""


class Malformed(FederationListError):
    """The document is not a federation list: cut off, not JSON, or not of the published shape."""


@dataclass(frozen=True, slots=True)
class ListedServer:
    """One member of the federation.

    Args:
        server_name: lower case.
        telematik_id: the organisation that runs or ordered the server.
        is_insurance: the server is the ePA messenger of an insurer: its users are insured persons.
        ik_numbers: institution codes, 9 digits each; may be empty, also for insurers.
    """

    server_name: ServerName
    telematik_id: str
    is_insurance: bool
    ik_numbers: tuple[str, ...] = ()


_CONTAINERS = (dict, list, ListedServer)


@dataclass(frozen=True, slots=True)
class FederationList:
    """Look-ups on one version of the list.

    Args:
        version: counts up with each change.
        entries: number of entries in the document, repeated and unusable ones included.
        unusable_entries: entries left out because a required field was missing or no server name.
        contradicting: servers left out because their entries disagree.
    """

    version: int
    entries: int
    unusable_entries: int
    contradicting: frozenset[ServerName]
    _servers: Mapping[ServerName, ListedServer] = field(repr=False)
    _by_ik: Mapping[str, ServerName] = field(repr=False)

    @classmethod
    def of(cls, version: int, servers: Iterable[ListedServer], *, unusable_entries: int = 0) -> "FederationList":
        """Build the look-ups; identical repetitions count as one server."""
        by_name: dict[ServerName, ListedServer] = {}
        contradicting: set[ServerName] = set()
        entries = unusable_entries
        for server in servers:
            entries += 1
            known = by_name.setdefault(server.server_name, server)
            if known is not server and known != server:
                contradicting.add(server.server_name)
        for server_name in contradicting:
            del by_name[server_name]
        return cls(
            version,
            entries,
            unusable_entries,
            frozenset(contradicting),
            MappingProxyType(by_name),
            MappingProxyType(_index_ik(by_name.values())),
        )

    @property
    def servers(self) -> int:
        """Number of different member servers."""
        return len(self._servers)

    @property
    def insurers(self) -> int:
        """Number of member servers that belong to insurers."""
        return sum(server.is_insurance for server in self._servers.values())

    @property
    def server_names(self) -> frozenset[ServerName]:
        """All member servers."""
        return frozenset(self._servers)

    def is_listed(self, server_name: ServerName) -> bool:
        """Whether the server is a member (A_25534)."""
        return server_name in self._servers

    def is_insurance(self, server_name: ServerName) -> bool:
        """Whether the server is a member whose users are insured persons (AF_10233)."""
        server = self._servers.get(server_name)
        return server is not None and server.is_insurance

    def get(self, server_name: ServerName) -> ListedServer | None:
        """The member's entry; None when it is not a member."""
        return self._servers.get(server_name)

    def by_ik(self, ik_number: str) -> ServerName | None:
        """The insurer's server for an institution code (TiMessengerInformation findByIk); None if unknown."""
        return self._by_ik.get(ik_number)


def parse_federation_list(payload: bytes, previous: FederationList | None = None) -> FederationList:
    """Read the payload of a list whose signature was verified.

    Args:
        payload: UTF-8 JSON.
        previous: a list to share equal entries with, since two versions of a long list differ in few; changes
            nothing but the memory they take.

    Raises:
        Malformed: not JSON, nested deeper than `MAX_DEPTH`, a key twice in one object, or no `version` (whole
            number, not negative) and `domainList` (array).
    """
    document = load_json_object(payload, "federation list", _EntryReader(previous))
    version, domain_list = document.get("version"), document.get("domainList")
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise Malformed("federation list: 'version' is no whole number (expected: 0 or more)")
    if not isinstance(domain_list, list):
        raise Malformed("federation list: 'domainList' is missing or no array")
    servers = [server for entry in domain_list if (server := _parse_entry(entry)) is not None]
    return FederationList.of(version, servers, unusable_entries=len(domain_list) - len(servers))


def load_json_object(
    raw: bytes, what: str, make_object: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> dict[str, Any]:
    """Read one JSON object strictly (RFC 8259, UTF-8).

    Args:
        raw: the bytes.
        what: names the object in the error.
        make_object: makes something else than a dict of some objects inside; it calls `_object` itself.

    Raises:
        Malformed: anything else, including a key twice in one object, NaN, and nesting beyond `MAX_DEPTH`.
    """
    try:
        hook = make_object or _object
        document = json.loads(raw.decode("utf-8"), object_pairs_hook=hook, parse_constant=_no_constant)
    except Malformed as error:
        raise Malformed(f"{what}: {error}") from None
    except RecursionError:
        raise Malformed(f"{what}: nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise Malformed(f"{what}: not JSON in UTF-8; is the document complete?") from None
    if not isinstance(document, dict):
        raise Malformed(f"{what}: not a JSON object")
    if not _is_shallow(document):
        raise Malformed(f"{what}: nested deeper than {MAX_DEPTH} levels")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return result


class _EntryReader:
    """Makes a server of a usable entry without containers at once, so that a long list never exists as JSON objects.

    Those take four times the room, and the holes they leave between the entries are not given back.
    """

    def __init__(self, previous: FederationList | None) -> None:
        self._previous = previous

    def __call__(self, pairs: list[tuple[str, Any]]) -> "dict[str, Any] | ListedServer":
        entry = _object(pairs)
        if "domain" not in entry or any(isinstance(value, _CONTAINERS) for value in entry.values()):
            return entry
        server = _parse_entry(entry)
        if server is None:
            return entry
        known = self._previous.get(server.server_name) if self._previous else None
        return known if known is not None and known == server else server


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")


def _is_shallow(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [child for container in level for child in _children(container) if isinstance(child, _CONTAINERS)]
        if not level:
            return True
    return False


def _children(container: "dict[str, Any] | list[Any] | ListedServer") -> Iterable[Any]:
    if isinstance(container, ListedServer):
        return ()  # see _EntryReader
    return container.values() if isinstance(container, dict) else container


def _parse_entry(entry: Any) -> ListedServer | None:
    """One entry of `domainList`; None when a required field is missing or of another type."""
    if isinstance(entry, ListedServer):
        return entry
    if not isinstance(entry, dict):
        return None
    telematik_id, is_insurance = entry.get("telematikID"), entry.get("isInsurance", False)
    if not isinstance(telematik_id, str) or not isinstance(is_insurance, bool):
        return None
    try:
        server_name = parse_server_name(entry.get("domain"))
    except InvalidName:
        return None
    return ListedServer(server_name, telematik_id, is_insurance, _parse_ik(entry.get("ik")))


def _parse_ik(numbers: Any) -> tuple[str, ...]:
    """Institution codes. The schema says strings, published examples hold numbers: both are read."""
    if not isinstance(numbers, list):
        return ()
    texts = (str(number) for number in numbers if isinstance(number, str | int) and not isinstance(number, bool))
    return tuple(text for text in texts if len(text) == _IK_DIGITS and text.isascii() and text.isdigit())


def _index_ik(servers: Iterable[ListedServer]) -> dict[str, ServerName]:
    """Institution code to server; a code that two servers claim belongs to nobody."""
    index: dict[str, ServerName] = {}
    claimed_twice: set[str] = set()
    for server in servers:
        for ik_number in server.ik_numbers:
            if index.setdefault(ik_number, server.server_name) != server.server_name:
                claimed_twice.add(ik_number)
    return {ik_number: name for ik_number, name in index.items() if ik_number not in claimed_twice}
