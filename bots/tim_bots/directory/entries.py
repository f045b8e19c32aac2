"""What a search in the directory says about a Matrix user id: pure reading of a foreign FHIR Bundle."""

from collections.abc import Iterator, Mapping
from typing import Any

_OID_SYSTEM = "https://gematik.de/fhir/directory/CodeSystem/OrganizationProfessionOID"


def address_of(user_id: str) -> str:
    """The Matrix URI under which the directory knows an account (MSC2312)."""
    return f"matrix:u/{user_id.removeprefix('@')}"


def profession_oids(bundle: Any, user_id: str) -> frozenset[str]:
    """The professionOIDs of the active organisations that name this account as an active endpoint.

    Args:
        bundle: answer to a search with organisation and endpoint included; any shape.
        user_id: full Matrix user id; another address, even a similar one, does not count.

    Raises:
        Nothing.
    """
    resources = list(_resources(bundle))
    endpoints = {
        f"Endpoint/{one.get('id')}"
        for one in resources
        if one.get("resourceType") == "Endpoint"
        and one.get("status") == "active"
        and one.get("address") == address_of(user_id)
    }
    providers = {
        _reference(service.get("providedBy"))
        for service in resources
        if service.get("resourceType") == "HealthcareService" and endpoints & set(_references(service.get("endpoint")))
    }
    return frozenset(
        oid
        for one in resources
        if one.get("resourceType") == "Organization"
        and one.get("active") is True
        and f"Organization/{one.get('id')}" in providers
        for oid in _oids(one.get("type"))
    )


def _resources(bundle: Any) -> Iterator[Mapping[str, Any]]:
    entries = bundle.get("entry") if isinstance(bundle, Mapping) else None
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping):
            yield resource


def _references(links: Any) -> list[str]:
    return [_reference(link) for link in links] if isinstance(links, list) else []


def _reference(link: Any) -> str:
    reference = link.get("reference") if isinstance(link, Mapping) else None
    return reference if isinstance(reference, str) else ""


def _oids(types: Any) -> Iterator[str]:
    for concept in types if isinstance(types, list) else []:
        codings = concept.get("coding") if isinstance(concept, Mapping) else None
        for coding in codings if isinstance(codings, list) else []:
            if (
                isinstance(coding, Mapping)
                and coding.get("system") == _OID_SYSTEM
                and isinstance(coding.get("code"), str)
            ):
                yield coding["code"]
