"""Who is behind a Matrix address, proven: the rule of the resolver.

A role is verified if an active entry of an active organisation names exactly this address as an active endpoint, and
the federation list says that the address's server belongs to this organisation: the same Telematik-ID in two sources
that different parties maintain. Anything else, and anything that can be read in two ways, is unverified.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tim_policy.directory.entry import DirectoryEntry, Endpoint, EndpointKind, Organisation
from tim_policy.directory.profession import organisation_kind
from tim_policy.directory.telematik_id import Kind, holder_of
from tim_policy.errors import InvalidName
from tim_policy.federation_list import FederationList
from tim_policy.names import UserId, parse_user_id

LIFETIME = timedelta(hours=24)
"""What the directory said is believed for so long."""


class Source(enum.StrEnum):
    """Where a role comes from."""

    SEARCH = "search"
    """The directory was asked about this address."""
    BULK = "bulk"
    """The whole directory was read."""


class Reason(enum.StrEnum):
    """Why nobody can be named; the first one that applies."""

    NO_ADDRESS = "no-address"
    """Not a Matrix user id."""
    NO_LIST = "no-list"
    """There is no federation list that may be believed."""
    NOT_LISTED = "not-listed"
    """The server does not belong to the federation."""
    INSURED = "insured"
    """The server is an insurer's for insured persons; nobody there speaks for an organisation."""
    UNKNOWN = "unknown"
    """No entry names the address."""
    PRACTITIONER_ONLY = "practitioner-only"
    """Only a person's own entry names it; no organisation answers for it."""
    INACTIVE = "inactive"
    """The endpoint or the entry is switched off."""
    NO_ORGANISATION = "no-organisation"
    """The entry leads to no organisation, or to one without a clear Telematik-ID."""
    REVOKED = "revoked"
    """The organisation is not active any more."""
    OTHER_ORGANISATION = "other-organisation"
    """The server belongs to another organisation than the entry."""
    AMBIGUOUS = "ambiguous"
    """Entries of the organisation contradict each other."""
    UNAVAILABLE = "unavailable"
    """The directory does not answer, or answers garbage, and nothing young enough is known."""


@dataclass(frozen=True, slots=True)
class VerifiedRole:
    """Somebody whose organisation is proven.

    Args:
        user_id: in its one form.
        organisation: name; foreign text, never to be shown as HTML.
        telematik_id: of the organisation, in directory and federation list.
        profession_oids: what the organisation is; may be empty, then it is of no known kind.
        kind: of the endpoint.
        service: name of the service or account, as its owner calls it; may be empty.
        is_visible_to_insured: insured persons find the address.
        as_of: when the directory said so; timezone-aware.
        source: see `Source`.
    """

    user_id: str
    organisation: str
    telematik_id: str
    profession_oids: frozenset[str]
    kind: EndpointKind
    service: str
    is_visible_to_insured: bool
    as_of: datetime
    source: Source

    @property
    def organisation_kind(self) -> Kind:
        """What kind of organisation: by its professionOIDs if they agree, else by its Telematik-ID."""
        kinds = {kind for oid in self.profession_oids if (kind := organisation_kind(oid)) is not None}
        return kinds.pop() if len(kinds) == 1 else holder_of(self.telematik_id).kind


@dataclass(frozen=True, slots=True)
class Unverified:
    """Somebody about whom nothing is proven; `as_of`: when that was found out."""

    reason: Reason
    as_of: datetime


Role = VerifiedRole | Unverified


def is_current(as_of: datetime, now: datetime, lifetime: timedelta = LIFETIME) -> bool:
    """Whether what was said at `as_of` may still be believed; not what seems to come from the future."""
    return as_of <= now < as_of + lifetime


def resolve(
    user_id: str,
    entries: Iterable[DirectoryEntry],
    federation_list: FederationList | None,
    *,
    as_of: datetime,
    source: Source = Source.SEARCH,
) -> Role:
    """Decide who is behind an address.

    Args:
        user_id: `@localpart:server`; no other notation, since this comes from events.
        entries: what the directory says, all or those that name the address; foreign.
        federation_list: verified and not outdated; None: there is none.
        as_of: when the directory said so.
        source: how it was asked.

    Raises:
        Nothing.
    """
    try:
        who = parse_user_id(user_id)
    except InvalidName:
        return Unverified(Reason.NO_ADDRESS, as_of)
    server = None if federation_list is None else federation_list.get(who.server_name)
    if server is None:
        return Unverified(Reason.NO_LIST if federation_list is None else Reason.NOT_LISTED, as_of)
    if server.is_insurance:
        return Unverified(Reason.INSURED, as_of)
    named = [(entry, one) for entry in entries for one in entry.endpoints if one.user_id == who]
    if (reason := _fault(named, server.telematik_id)) is not None:
        return Unverified(reason, as_of)
    if any(_is_revoked(entry.organisation, server.telematik_id) for entry, _ in named):
        return Unverified(Reason.AMBIGUOUS, as_of)
    return _agreed(who, [one for one in named if _fault([one], server.telematik_id) is None], as_of, source)


_Named = tuple[DirectoryEntry, Endpoint]


def _fault(named: list[_Named], telematik_id: str) -> Reason | None:
    """Why none of these entries proves anything; None if one does. They are sorted out one test after the other."""
    if not named:
        return Reason.UNKNOWN
    services = [(entry, one) for entry, one in named if entry.resource_type == "HealthcareService"]
    if not services:
        return Reason.PRACTITIONER_ONLY
    if not (active := [(entry, one) for entry, one in services if entry.is_active and one.is_active]):
        return Reason.INACTIVE
    organisations = [one for entry, _ in active if (one := entry.organisation) is not None and one.telematik_id]
    if not organisations:
        return Reason.NO_ORGANISATION
    if not (alive := [one for one in organisations if one.is_active]):
        return Reason.REVOKED
    return None if any(one.telematik_id == telematik_id for one in alive) else Reason.OTHER_ORGANISATION


def _agreed(who: UserId, proofs: list[_Named], as_of: datetime, source: Source) -> Role:
    """The role, if all entries that prove one say the same of who it is."""
    organisations = {_identity(entry.organisation) for entry, _ in proofs if entry.organisation is not None}
    kinds = {endpoint.kind for _, endpoint in proofs}
    if len(organisations) != 1 or len(kinds) != 1:
        return Unverified(Reason.AMBIGUOUS, as_of)
    entry, endpoint = proofs[0]
    organisation = entry.organisation
    if organisation is None or organisation.telematik_id is None or not organisation.name:
        return Unverified(Reason.NO_ORGANISATION, as_of)
    services = {one.name or found.name for found, one in proofs}
    return VerifiedRole(
        user_id=str(who),
        organisation=organisation.name,
        telematik_id=organisation.telematik_id,
        profession_oids=organisation.profession_oids,
        kind=endpoint.kind,
        service=services.pop() if len(services) == 1 else organisation.name,
        is_visible_to_insured=not any(_is_hidden(found, one) for found, one in proofs),
        as_of=as_of,
        source=source,
    )


def _identity(organisation: Organisation) -> tuple[str, str | None, frozenset[str]]:
    return organisation.name, organisation.telematik_id, organisation.profession_oids


def _is_revoked(organisation: Organisation | None, telematik_id: str) -> bool:
    """Whether the organisation of the list is said to be inactive, while another entry says that it is active."""
    return organisation is not None and organisation.telematik_id == telematik_id and not organisation.is_active


def _is_hidden(entry: DirectoryEntry, endpoint: Endpoint) -> bool:
    is_organisation_hidden = entry.organisation is not None and entry.organisation.is_hidden_from_insured
    return endpoint.is_hidden_from_insured or is_organisation_hidden
