"""Reads search results of the directory: foreign FHIR of any shape in, entries out; total, never raises.

What cannot be read is left out: a reference that leads nowhere, an unknown type, a resource that stands twice in one
answer with different content. Whatever is left out makes nobody verified.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from tim_policy.directory.address import read_address
from tim_policy.directory.entry import (
    HIDE_FROM_INSURED,
    DirectoryEntry,
    Endpoint,
    EndpointKind,
    OpenTime,
    Organisation,
    Place,
)
from tim_policy.directory.telematik_id import is_telematik_id
from tim_policy.errors import InvalidName

FHIR = "https://gematik.de/fhir/directory"
PROFESSION_SYSTEM = f"{FHIR}/CodeSystem/OrganizationProfessionOID"
CONNECTION_SYSTEM = f"{FHIR}/CodeSystem/EndpointDirectoryConnectionType"
ENDPOINT_VISIBILITY = f"{FHIR}/StructureDefinition/EndpointVisibility"
ORGANISATION_VISIBILITY = f"{FHIR}/StructureDefinition/OrganizationVisibility"
TELEMATIK_ID_SYSTEM = "https://gematik.de/fhir/sid/telematik-id"

MAX_TEXT = 500
"""Characters of a name or comment that are kept."""
_MAX_ITEMS = 200
"""Of any list inside a resource."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEY_PARTS = 2

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search.

    Args:
        entries: in the order of the answer.
        next_link: address of the next page as sent; None: this is the last one.
        total: as the directory says, unreliable with full text; None: not said.
        left_out: resources that could not be used.
        is_bundle: False: the answer is no FHIR Bundle at all.
    """

    entries: tuple[DirectoryEntry, ...]
    next_link: str | None = None
    total: int | None = None
    left_out: int = 0
    is_bundle: bool = True


def read_bundle(bundle: object) -> SearchPage:
    """Read a searchset.

    Args:
        bundle: parsed JSON of any shape.

    Raises:
        Nothing.
    """
    if not isinstance(bundle, Mapping) or bundle.get("resourceType") != "Bundle":
        return SearchPage((), is_bundle=False)
    resources, left_out = _index(bundle)
    entries = []
    for (kind, _), resource in resources.items():
        if kind == "HealthcareService":
            entries.append(_service(resource, resources))
        elif kind == "PractitionerRole":
            entries.append(_practitioner(resource, resources))
    total = bundle.get("total")
    is_count = isinstance(total, int) and not isinstance(total, bool) and total >= 0
    return SearchPage(tuple(entries), _next_link(bundle), total if is_count else None, left_out)


Key = tuple[str, str]
Resources = Mapping[Key, Json]


def _index(bundle: Json) -> tuple[dict[Key, Json], int]:
    """Resources by type and id; one that contradicts itself within the answer is left out."""
    found: dict[Key, Json] = {}
    contradicting: set[Key] = set()
    left_out = 0
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
        ident = resource.get("id") if isinstance(resource, Mapping) else None
        if not isinstance(resource, Mapping) or not isinstance(kind, str) or not isinstance(ident, str) or not ident:
            left_out += 1
            continue
        known = found.setdefault((kind, ident), resource)
        if known is not resource and known != resource:
            contradicting.add((kind, ident))
    for key in contradicting:
        del found[key]
    return found, left_out + len(contradicting)


def _service(resource: Json, resources: Resources) -> DirectoryEntry:
    organisation = _referred(resource.get("providedBy"), "Organization", resources)
    return DirectoryEntry(
        resource_type="HealthcareService",
        id=resource["id"],
        name=_text(resource.get("name")),
        organisation=None if organisation is None else _organisation(organisation),
        endpoints=tuple(_endpoints(resource, resources)),
        places=tuple(_places(resource, resources)),
        specialties=tuple(_displays(resource.get("specialty"))),
        open_times=tuple(_open_times(resource.get("availableTime"))),
        comment=_text(resource.get("comment")),
        is_active=resource.get("active", True) is True,
        telephone=next(_telephones(resource.get("telecom")), ""),
    )


def _practitioner(resource: Json, resources: Resources) -> DirectoryEntry:
    person = _referred(resource.get("practitioner"), "Practitioner", resources)
    is_active = resource.get("active", True) is True and person is not None and person.get("active") is True
    names = _items(person.get("name")) if person is not None else ()
    name = next((_text(one.get("text")) or _parts(one) for one in names if isinstance(one, Mapping)), "")
    return DirectoryEntry(
        resource_type="PractitionerRole",
        id=resource["id"],
        name=name,
        organisation=None,
        endpoints=tuple(_endpoints(resource, resources)),
        places=tuple(_places(resource, resources)),
        specialties=tuple(_displays(resource.get("specialty"))),
        is_active=is_active,
    )


def _parts(name: Json) -> str:
    given = [one for one in _items(name.get("given")) if isinstance(one, str)]
    family = name.get("family")
    return _text(" ".join([*given, family if isinstance(family, str) else ""]).strip())


def _organisation(resource: Json) -> Organisation:
    numbers = {
        one.get("value")
        for one in _items(resource.get("identifier"))
        if isinstance(one, Mapping) and one.get("system") == TELEMATIK_ID_SYSTEM and is_telematik_id(one.get("value"))
    }
    oids = {
        coding["code"]
        for concept in _items(resource.get("type"))
        for coding in _codings(concept)
        if coding.get("system") == PROFESSION_SYSTEM and isinstance(coding.get("code"), str)
    }
    return Organisation(
        id=resource["id"],
        name=_text(resource.get("name")),
        telematik_id=numbers.pop() if len(numbers) == 1 else None,
        profession_oids=frozenset(oids),
        is_active=resource.get("active") is True,
        is_hidden_from_insured=_is_hidden(resource, ORGANISATION_VISIBILITY),
    )


def _endpoints(resource: Json, resources: Resources) -> Iterator[Endpoint]:
    for link in _items(resource.get("endpoint")):
        endpoint = _referred(link, "Endpoint", resources)
        if endpoint is not None and (kind := _endpoint_kind(endpoint.get("connectionType"))) is not None:
            try:
                user_id = read_address(endpoint.get("address"))
            except InvalidName:
                user_id = None
            yield Endpoint(
                id=endpoint["id"],
                user_id=user_id,
                kind=kind,
                name=_text(endpoint.get("name")),
                is_active=endpoint.get("status") == "active",
                is_hidden_from_insured=_is_hidden(endpoint, ENDPOINT_VISIBILITY),
            )


def _endpoint_kind(coding: object) -> EndpointKind | None:
    """None: not of TI-Messenger, for example an address for secure mail."""
    if not isinstance(coding, Mapping) or coding.get("system") != CONNECTION_SYSTEM:
        return None
    code = coding.get("code")
    return next((kind for kind in EndpointKind if kind.value == code), None)


def _is_hidden(resource: Json, url: str) -> bool:
    return any(
        isinstance(extension, Mapping)
        and extension.get("url") == url
        and isinstance(value := extension.get("valueCoding"), Mapping)
        and value.get("code") == HIDE_FROM_INSURED
        for extension in _items(resource.get("extension"))
    )


def _places(resource: Json, resources: Resources) -> Iterator[Place]:
    for link in _items(resource.get("location")):
        location = _referred(link, "Location", resources)
        if location is None:
            continue
        address, position = location.get("address"), location.get("position")
        known = address if isinstance(address, Mapping) else {}
        where = position if isinstance(position, Mapping) else {}
        lines = [one for one in _items(known.get("line")) if isinstance(one, str)]
        latitude, longitude = _degrees(where.get("latitude"), 90), _degrees(where.get("longitude"), 180)
        is_located = latitude is not None and longitude is not None
        yield Place(
            line=_text(", ".join(lines)),
            postal_code=_text(known.get("postalCode")),
            city=_text(known.get("city")),
            latitude=latitude if is_located else None,
            longitude=longitude if is_located else None,
        )


def _degrees(value: object, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)


def _open_times(times: object) -> Iterator[OpenTime]:
    found = []
    for one in _items(times):
        if not isinstance(one, Mapping):
            continue
        start, end = _time(one.get("availableStartTime")), _time(one.get("availableEndTime"))
        if one.get("allDay") is True:
            start, end = time(0), None
        if start is None or (end is not None and end <= start):
            continue
        found += [OpenTime(_DAYS.index(day), start, end) for day in _items(one.get("daysOfWeek")) if day in _DAYS]
    yield from sorted(set(found), key=lambda one: (one.day, one.start, one.end or time.max))


def _time(value: object) -> time | None:
    try:
        return time.fromisoformat(value).replace(tzinfo=None, microsecond=0) if isinstance(value, str) else None
    except ValueError:
        return None


def _telephones(telecom: object) -> Iterator[str]:
    for one in _items(telecom):
        if isinstance(one, Mapping) and one.get("system") == "phone" and (number := _text(one.get("value"))):
            yield number


def _displays(concepts: object) -> Iterator[str]:
    for concept in _items(concepts):
        shown = next((text for coding in _codings(concept) if (text := _text(coding.get("display")))), "")
        if shown := shown or (_text(concept.get("text")) if isinstance(concept, Mapping) else ""):
            yield shown


def _codings(concept: object) -> Iterator[Json]:
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    for coding in _items(codings):
        if isinstance(coding, Mapping):
            yield coding


def _referred(link: object, kind: str, resources: Resources) -> Json | None:
    """The resource that a reference names, relative or with an address in front; None: not in the answer."""
    reference = link.get("reference") if isinstance(link, Mapping) else None
    if not isinstance(reference, str):
        return None
    parts = reference.partition("/_history/")[0].split("/")[-_KEY_PARTS:]
    return resources.get((kind, parts[1])) if len(parts) == _KEY_PARTS and parts[0] == kind else None


def _next_link(bundle: Json) -> str | None:
    for link in _items(bundle.get("link")):
        if isinstance(link, Mapping) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _items(value: object) -> list[Any]:
    return value[:_MAX_ITEMS] if isinstance(value, list) else []


def _text(value: object) -> str:
    """One line of foreign text: control characters and invisible ones become spaces, length is bounded."""
    if not isinstance(value, str):
        return ""
    plain = "".join(letter if letter.isprintable() else " " for letter in value[: 4 * MAX_TEXT])
    return " ".join(plain.split())[:MAX_TEXT]
