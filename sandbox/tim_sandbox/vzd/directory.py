"""Directory entries as FHIR R4 resources, and the subset of FHIR search that TI-M clients use on them.

Shapes follow gematik's published examples (HealthcareServiceDirectory, OrganizationDirectory,
EndpointDirectory). Search parameters outside the subset are refused, never ignored: an ignored filter would
answer with too much.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tim_sandbox.members import Account, Member

Resource = dict[str, Any]

_FHIR = "https://gematik.de/fhir/directory"
_INCLUDES = {"HealthcareService:organization", "HealthcareService:location", "HealthcareService:endpoint"}
_SERVICE_PARAMETERS = {
    "_include",
    "_text",
    "name",
    "endpoint.address",
    "endpoint.status",
    "organization.active",
    "organization.identifier",
}
_ENDPOINT_PARAMETERS = {"_text", "name", "address", "status", "connection-type"}


class UnsupportedSearch(Exception):
    """The search uses what the sandbox does not have; the text names it."""


def directory_of(members: Iterable[Member]) -> list[Resource]:
    """Organization, HealthcareService, Location and Endpoint for each member of the federation."""
    return [resource for member in members if member.telematik_id for resource in _entry(member)]


def search_services(resources: Sequence[Resource], query: Sequence[tuple[str, str]]) -> Resource:
    """Answer `GET /search/HealthcareService`: a searchset Bundle.

    Raises:
        UnsupportedSearch: a parameter or include outside the subset.
    """
    _require_known(query, _SERVICE_PARAMETERS)
    includes = {value for name, value in query if name == "_include"}
    if unknown := includes - _INCLUDES:
        raise UnsupportedSearch(f"_include={unknown.pop()}")
    by_reference = {f"{resource['resourceType']}/{resource['id']}": resource for resource in resources}
    matches: list[Resource] = []
    included: list[Resource] = []
    for service in _of_type(resources, "HealthcareService"):
        organisation = by_reference[service["providedBy"]["reference"]]
        endpoints = [by_reference[link["reference"]] for link in service["endpoint"]]
        if all(_service_fits(service, organisation, endpoints, name, value) for name, value in query):
            matches.append(service)
            included += [organisation] if "HealthcareService:organization" in includes else []
            locations = [by_reference[link["reference"]] for link in service["location"]]
            included += locations if "HealthcareService:location" in includes else []
            included += endpoints if "HealthcareService:endpoint" in includes else []
    return _bundle(matches, included)


def search_endpoints(resources: Sequence[Resource], query: Sequence[tuple[str, str]]) -> Resource:
    """Answer `GET /search/Endpoint`.

    Raises:
        UnsupportedSearch: a parameter outside the subset.
    """
    _require_known(query, _ENDPOINT_PARAMETERS)
    return _bundle(
        [
            endpoint
            for endpoint in _of_type(resources, "Endpoint")
            if all(_endpoint_fits(endpoint, name, value) for name, value in query)
        ],
        [],
    )


def locate(resources: Sequence[Resource], matrix_uri: str) -> str:
    """Part of the directory that knows the address: `org` or `none` (the sandbox lists no practitioners)."""
    found = any(endpoint["address"] == matrix_uri for endpoint in _of_type(resources, "Endpoint"))
    return "org" if found else "none"


def _service_fits(
    service: Resource, organisation: Resource, endpoints: Sequence[Resource], name: str, value: str
) -> bool:
    match name:
        case "_text":
            return _mentions([service, organisation, *endpoints], value)
        case "name":
            return value.casefold() in service["name"].casefold()
        case "organization.active":
            return str(organisation["active"]).lower() == value
        case "organization.identifier":
            return bool(organisation["identifier"][0]["value"] == value.rpartition("|")[2])
        case "endpoint.status" | "endpoint.address":
            field = name.removeprefix("endpoint.")
            return any(_endpoint_fits(endpoint, field, value) for endpoint in endpoints)
        case _:
            return True


def _endpoint_fits(endpoint: Resource, name: str, value: str) -> bool:
    match name:
        case "_text":
            return _mentions([endpoint], value)
        case "name":
            return value.casefold() in endpoint["name"].casefold()
        case "connection-type":
            return bool(endpoint["connectionType"]["code"] == value.rpartition("|")[2])
        case _:
            return bool(endpoint[name] == value)


def _mentions(resources: Sequence[Resource], text: str) -> bool:
    haystack = json.dumps(resources, ensure_ascii=False).casefold()
    return all(word in haystack for word in text.casefold().split())


def _require_known(query: Iterable[tuple[str, str]], known: set[str]) -> None:
    for name, _ in query:
        if name not in known:
            raise UnsupportedSearch(name)


def _of_type(resources: Iterable[Resource], resource_type: str) -> list[Resource]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def _bundle(matches: Sequence[Resource], included: Sequence[Resource]) -> Resource:
    entries = [(resource, "match") for resource in matches] + [(resource, "include") for resource in included]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(matches),
        "entry": [
            {
                "fullUrl": f"urn:sandbox:{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": mode},
            }
            for resource, mode in entries
        ],
    }


def _entry(member: Member) -> list[Resource]:
    key = member.server_name.replace(".", "-")
    identifier = [{"system": "https://gematik.de/fhir/sid/telematik-id", "value": member.telematik_id}]
    organisation = {
        "resourceType": "Organization",
        "id": f"org-{key}",
        "meta": _meta("OrganizationDirectory", origin="ldap"),
        "identifier": identifier,
        "active": True,
        "type": [_concept("OrganizationProfessionOID", member.profession_oid, member.profession)],
        "name": member.organisation,
        "alias": [member.organisation],
        "address": [{"use": "work", "city": member.city, "country": member.country}],
    }
    service = {
        "resourceType": "HealthcareService",
        "id": f"service-{key}",
        "meta": _meta("HealthcareServiceDirectory", origin="ldap"),
        "identifier": identifier,
        "providedBy": {"reference": f"Organization/org-{key}"},
        "name": member.organisation,
        "comment": member.city,
        "location": [{"reference": f"Location/location-{key}"}],
        "endpoint": [{"reference": f"Endpoint/endpoint-{key}"}],
    }
    messenger = next(account for account in member.accounts if account.localpart == member.messenger)
    return [organisation, service, _location(member, key), _endpoint(member, messenger, key)]


def _location(member: Member, key: str) -> Resource:
    return {
        "resourceType": "Location",
        "id": f"location-{key}",
        "meta": _meta("LocationDirectory", origin="ldap"),
        "name": member.organisation,
        "address": {"city": member.city, "country": member.country},
        "managingOrganization": {"reference": f"Organization/org-{key}"},
    }


def _endpoint(member: Member, account: Account, key: str) -> Resource:
    code, display = ("tim-bot", "TI-Messenger Chatbot") if account.is_bot else ("tim", "TI-Messenger Endpoint")
    return {
        "resourceType": "Endpoint",
        "id": f"endpoint-{key}",
        "meta": _meta("EndpointDirectory", origin="owner"),
        "status": "active",
        "connectionType": _coding("EndpointDirectoryConnectionType", code, display),
        "name": account.display_name,
        "payloadType": [_concept("EndpointDirectoryPayloadType", "tim-chat", "TI-Messenger chat")],
        "address": f"matrix:u/{account.localpart}:{member.server_name}",
    }


def _meta(profile: str, *, origin: str) -> Mapping[str, Any]:
    return {
        "tag": [{"system": f"{_FHIR}/CodeSystem/Origin", "code": origin}],
        "profile": [f"{_FHIR}/StructureDefinition/{profile}"],
    }


def _coding(code_system: str, code: str, display: str) -> dict[str, str]:
    return {"system": f"{_FHIR}/CodeSystem/{code_system}", "code": code, "display": display}


def _concept(code_system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [_coding(code_system, code, display)]}
