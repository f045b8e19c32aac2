"""The country of an organisation in an answer of the directory (VZD, FHIR R4: searchset of HealthcareService).

The answer is foreign data. Nothing in it is believed that does not belong to the organisation asked for: its
`Organization` carries the Telematik-ID, and a `Location` counts only through a `HealthcareService` provided by it.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any

from tim_policy.countries import read_country

_MAX_TELEMATIK_ID = 128
_TELEMATIK_ID_SYSTEMS = {None, "https://gematik.de/fhir/sid/telematik-id"}


class NoCountry(Enum):
    """Why an answer gives no country."""

    NOT_SEARCHSET = auto()
    """It is no FHIR Bundle of type searchset."""
    INCOMPLETE = auto()
    """There are more pages; what they say is not known."""
    ABSENT = auto()
    CONTRADICTING = auto()


def is_searchable(telematik_id: str) -> bool:
    """Whether it looks like a Telematik-ID: 1 to 128 printable ASCII characters (gemSpec_PKI: at most 128)."""
    return 0 < len(telematik_id) <= _MAX_TELEMATIK_ID and telematik_id.isascii() and telematik_id.isprintable()


def directory_country(bundle: object, telematik_id: str) -> str | NoCountry:
    """The country of the organisation with that Telematik-ID; total, whatever `bundle` is.

    Read are the addresses of its active `Organization` (`address[].country`) and of the `Location`s of its services
    (`address.country`) unless these are inactive; addresses with `use` "old" are not.

    Args:
        bundle: the answer, as parsed from JSON.
        telematik_id: what was asked for.

    Returns:
        A code as of `tim_policy.countries.read_country`, so `UNREADABLE` for a country that is no code.
    """
    if not isinstance(bundle, Mapping) or (bundle.get("resourceType"), bundle.get("type")) != ("Bundle", "searchset"):
        return NoCountry.NOT_SEARCHSET
    if any(link.get("relation") == "next" for link in _objects(bundle.get("link"))):
        return NoCountry.INCOMPLETE
    resources = [entry.get("resource") for entry in _objects(bundle.get("entry"))]
    countries = set(_countries(list(_objects(resources)), telematik_id))
    if len(countries) > 1:
        return NoCountry.CONTRADICTING
    return countries.pop() if countries else NoCountry.ABSENT


def _countries(resources: Iterable[Mapping[Any, Any]], telematik_id: str) -> Iterator[str]:
    organisations = [
        resource
        for resource in resources
        if resource.get("resourceType") == "Organization"
        and resource.get("active") is True
        and _is_identified(resource, telematik_id)
    ]
    references = {_own_reference(organisation) for organisation in organisations} - {None}
    locations = {
        _reference(location)
        for service in resources
        if service.get("resourceType") == "HealthcareService"
        and service.get("active", True) is True
        and _reference(service.get("providedBy")) in references
        for location in _objects(service.get("location"))
    } - {None}
    for organisation in organisations:
        for address in _objects(organisation.get("address")):
            yield from _country(address)
    for resource in resources:
        is_active = resource.get("status", "active") == "active"
        if resource.get("resourceType") == "Location" and is_active and _own_reference(resource) in locations:
            yield from _country(resource.get("address"))


def _country(address: object) -> Iterator[str]:
    if isinstance(address, Mapping) and address.get("use") != "old" and address.get("country") is not None:
        yield read_country(address["country"])


def _is_identified(organisation: Mapping[Any, Any], telematik_id: str) -> bool:
    return any(
        identifier.get("value") == telematik_id and identifier.get("system") in _TELEMATIK_ID_SYSTEMS
        for identifier in _objects(organisation.get("identifier"))
        if isinstance(identifier.get("system"), str | None)
    )


def _own_reference(resource: Mapping[Any, Any]) -> str | None:
    resource_id = resource.get("id")
    return f"{resource.get('resourceType')}/{resource_id}" if isinstance(resource_id, str) else None


def _reference(link: object) -> str | None:
    """`Type/id` of a reference, relative (`Location/1`) or absolute (`https://host/Location/1`)."""
    text = link.get("reference") if isinstance(link, Mapping) else None
    return "/".join(text.split("/")[-2:]) if isinstance(text, str) else None


def _objects(value: object) -> Iterator[Mapping[Any, Any]]:
    """The JSON objects in what should be an array of them."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))
