"""What a resource is found by: pure extraction of search values and texts from resources and what they link to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tim_sandbox.vzd.resources import HIDDEN, Resource

LINKS: Mapping[str, Mapping[str, str]] = {
    "HealthcareService": {"organization": "providedBy", "location": "location", "endpoint": "endpoint"},
    "PractitionerRole": {
        "practitioner": "practitioner",
        "organization": "organization",
        "location": "location",
        "endpoint": "endpoint",
    },
    "Location": {"organization": "managingOrganization"},
}
"""By resource type: search name of a link, and the element that holds it."""

_ORGANISATION = ("active", "identifier", "type")
_PLACE = ("address-city", "address-postalcode")
_ADDRESS = ("address", "status", "connection-type", "payload-type")
PARAMETERS: Mapping[str, frozenset[str]] = {
    "HealthcareService": frozenset(
        (
            *("_id", "_tag", "identifier", "active", "specialty", "type", "name:exact"),
            *(f"organization.{name}" for name in _ORGANISATION),
            *(f"location.{name}" for name in _PLACE),
            *(f"endpoint.{name}" for name in _ADDRESS),
        )
    ),
    "PractitionerRole": frozenset(
        (
            *("_id", "_tag", "active", "specialty", "practitioner.active", "practitioner.identifier"),
            *(f"location.{name}" for name in _PLACE),
            *(f"endpoint.{name}" for name in _ADDRESS),
        )
    ),
    "Endpoint": frozenset(["_id", "_tag", "name:exact", *_ADDRESS]),
    "Organization": frozenset(["_id", "_tag", "name:exact", *_ORGANISATION]),
}
"""By resource type that can be searched for: parameters that compare whole values."""

COMMON = frozenset(
    {"_tag", "active", "endpoint.status", "endpoint.payload-type", "endpoint.connection-type", "organization.active"}
    | {"organization.type", "practitioner.active", "status", "payload-type", "connection-type", "type"}
)
"""Parameters whose values are shared by very many entries: looked up by entry, never listed."""

_SAID = frozenset(
    {
        *("name", "alias", "text", "line", "city", "postalCode", "state", "display", "family", "given"),
        *("comment", "value", "address", "description"),
    }
)


def fold(text: str) -> str:
    """Text as it is compared: without case."""
    return text.casefold()


def is_hidden(resource: Mapping[str, Any]) -> bool:
    """Whether insured persons must not find it (EndpointVisibility, OrganizationVisibility)."""
    codings = [one.get("valueCoding") for one in _mappings(resource.get("extension"))]
    return any(isinstance(one, Mapping) and one.get("code") == HIDDEN for one in codings)


def telematik_id(resource: Mapping[str, Any]) -> str | None:
    """The first identifier; None: it has none."""
    return next(iter(_values(resource, "identifier")), None)


def references(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of link name and target (`Type/id`)."""
    for link, element in LINKS.get(str(resource.get("resourceType")), {}).items():
        held = resource.get(element)
        for one in held if isinstance(held, list) else [held]:
            target = one.get("reference") if isinstance(one, Mapping) else None
            if isinstance(target, str):
                yield link, target


def values(resource: Resource, linked: Sequence[tuple[str, Resource]]) -> set[tuple[str, str, bool]]:
    """Triples of parameter, value and whether only professionals find the entry by it.

    Args:
        resource: of a type in `PARAMETERS`.
        linked: what it refers to, by link name.
    """
    known = PARAMETERS[resource["resourceType"]]
    found = {(name, value, False) for name in known if "." not in name for value in _values(resource, name)}
    for link, target in linked:
        for name in known:
            prefix, _, own = name.partition(".")
            if own and prefix == link:
                found |= {(name, value, is_hidden(target)) for value in _values(target, own)}
    return found


def texts(resource: Resource, linked: Sequence[tuple[str, Resource]]) -> tuple[str, str, str]:
    """Name, what the entry says to everybody, and what it says to professionals only; all folded."""
    named = [resource.get("name")]
    if resource["resourceType"] == "PractitionerRole":
        named = [word for link, one in linked if link == "practitioner" for word in _said(one.get("name"))]
    everybody = [*_said(resource), *(word for _, one in linked if not is_hidden(one) for word in _said(one))]
    professionals = [word for _, one in linked if is_hidden(one) for word in _said(one)]
    name = " ".join(word for word in named if isinstance(word, str))
    return fold(name), fold("\n".join(dict.fromkeys(everybody))), fold("\n".join(dict.fromkeys(professionals)))


def _values(resource: Mapping[str, Any], parameter: str) -> list[str]:
    match parameter:
        case "_id":
            found: list[Any] = [resource.get("id")]
        case "_tag":
            meta = resource.get("meta")
            found = [one.get("code") for one in _mappings(meta.get("tag") if isinstance(meta, Mapping) else None)]
        case "active":
            found = [str(resource.get("active", True)).lower()]
        case "identifier":
            found = [one.get("value") for one in _mappings(resource.get("identifier"))]
        case "specialty" | "type":
            found = _codes(resource.get(parameter))
        case "payload-type":
            found = _codes(resource.get("payloadType"))
        case "connection-type":
            kind = resource.get("connectionType")
            found = [kind.get("code")] if isinstance(kind, Mapping) else []
        case "name:exact":
            found = [resource.get("name")]
        case "address-city" | "address-postalcode":
            place = resource.get("address")
            key = "city" if parameter == "address-city" else "postalCode"
            found = [fold(str(place.get(key, "")))] if isinstance(place, Mapping) else []
        case _:
            found = [resource.get(parameter)]
    return [one for one in found if isinstance(one, str) and one]


def _codes(concepts: Any) -> list[Any]:
    return [one.get("code") for concept in _mappings(concepts) for one in _mappings(concept.get("coding"))]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _said(value: Any, *, is_said: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if is_said:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _said(one, is_said=is_said)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in ("meta", "extension"):
                yield from _said(one, is_said=key in _SAID)
