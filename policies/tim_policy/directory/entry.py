"""Directory entries as the suite uses them; `bundle` reads them out of foreign FHIR."""

import enum
from dataclasses import dataclass
from datetime import time

from tim_policy.names import UserId

HIDE_FROM_INSURED = "hide-versicherte"


class EndpointKind(enum.StrEnum):
    """What a Matrix address of the directory is (EndpointDirectoryConnectionType; A_25546, A_25547)."""

    PERSON = "tim"
    FUNCTION_ACCOUNT = "tim-fa"
    BOT = "tim-bot"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Matrix address of an entry.

    Args:
        id: of the FHIR resource.
        user_id: in its one form; None: the address cannot be read.
        kind: see `EndpointKind`.
        name: as the owner calls it; may be empty.
        is_active: `status` is `active`; nothing else may be used.
        is_hidden_from_insured: insured persons do not find it (A_25681-01).
    """

    id: str
    user_id: UserId | None
    kind: EndpointKind
    name: str
    is_active: bool
    is_hidden_from_insured: bool


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who runs a service.

    Args:
        id: of the FHIR resource.
        name: foreign text, never to be shown as HTML.
        telematik_id: None: none, or several that differ.
        profession_oids: what it is; may be empty.
        is_active: `active` is true; no organisation without it may be used.
        is_hidden_from_insured: insured persons do not find it.
    """

    id: str
    name: str
    telematik_id: str | None
    profession_oids: frozenset[str]
    is_active: bool
    is_hidden_from_insured: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is; empty texts and None: not said.

    Args:
        line: street and number.
        postal_code, city: of the address.
        latitude, longitude: degrees.
    """

    line: str = ""
    postal_code: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class OpenTime:
    """When a service is open: `day` 0 is Monday; `end` None: until midnight."""

    day: int
    start: time
    end: time | None


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A HealthcareService or a PractitionerRole with what it refers to.

    Args:
        resource_type: one of these two.
        id: of the FHIR resource.
        name: of the service, or of the practitioner.
        organisation: None: a practitioner, or the reference leads nowhere.
        endpoints: of TI-Messenger, active or not.
        places: where.
        specialties: as displayed; foreign text.
        open_times: in the order of the week; empty: not said.
        comment: of the owner; foreign text.
        is_active: the entry itself is not switched off.
        telephone: empty: not said.
    """

    resource_type: str
    id: str
    name: str
    organisation: Organisation | None
    endpoints: tuple[Endpoint, ...]
    places: tuple[Place, ...] = ()
    specialties: tuple[str, ...] = ()
    open_times: tuple[OpenTime, ...] = ()
    comment: str = ""
    is_active: bool = True
    telephone: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it may be shown or relied on: active, of an active organisation."""
        return self.is_active and self.organisation is not None and self.organisation.is_active

    def active_endpoints(self) -> tuple[Endpoint, ...]:
        """The addresses that may be used."""
        return tuple(one for one in self.endpoints if one.is_active and one.user_id is not None)
