"""Directory entries as FHIR R4 resources, in the shapes of gematik's published examples."""

from collections.abc import Iterable, Mapping
from typing import Any

from tim_sandbox.members import Account, Member

Resource = dict[str, Any]

FHIR = "https://gematik.de/fhir/directory"
TELEMATIK_ID_SYSTEM = "https://gematik.de/fhir/sid/telematik-id"
HIDDEN = "hide-versicherte"
_CONNECTIONS = {
    "tim": "TI-Messenger Endpoint",
    "tim-fa": "TI-Messenger Funktionsaccount",
    "tim-bot": "TI-Messenger Chatbot",
}


def directory_of(members: Iterable[Member]) -> list[Resource]:
    """Organization, HealthcareService, Location and Endpoint for each member of the federation."""
    return [resource for member in members if member.telematik_id for resource in _entry(member)]


def organisation(key: str, name: str, telematik_id: str, profession: tuple[str, str], address: Resource) -> Resource:
    """An active Organization; `profession` is OID and display."""
    return {
        "resourceType": "Organization",
        "id": f"org-{key}",
        "meta": meta("OrganizationDirectory", origin="ldap"),
        "identifier": identifier(telematik_id),
        "active": True,
        "type": [concept("OrganizationProfessionOID", *profession)],
        "name": name,
        "alias": [name],
        "address": [{"use": "work", **address}],
    }


def service(key: str, name: str, telematik_id: str, endpoints: Iterable[str], **more: Any) -> Resource:
    """A HealthcareService of `org-<key>` at `location-<key>` with the Endpoints of the given ids."""
    return {
        "resourceType": "HealthcareService",
        "id": f"service-{key}",
        "meta": meta("HealthcareServiceDirectory", origin="ldap"),
        "identifier": identifier(telematik_id),
        "providedBy": {"reference": f"Organization/org-{key}"},
        "name": name,
        "location": [{"reference": f"Location/location-{key}"}],
        "endpoint": [{"reference": f"Endpoint/{ident}"} for ident in endpoints],
        **more,
    }


def location(key: str, name: str, address: Resource, position: tuple[float, float] | None = None) -> Resource:
    """A Location; `position` is latitude and longitude (WGS 84)."""
    place = {} if position is None else {"position": {"latitude": position[0], "longitude": position[1]}}
    return {
        "resourceType": "Location",
        "id": f"location-{key}",
        "meta": meta("LocationDirectory", origin="ldap"),
        "name": name,
        "address": address,
        **place,
        "managingOrganization": {"reference": f"Organization/org-{key}"},
    }


def endpoint(ident: str, name: str, address: str, kind: str, *, is_hidden: bool = False) -> Resource:
    """An active Endpoint; `kind` is `tim`, `tim-fa` or `tim-bot`, `is_hidden` from insured persons."""
    hidden = {"system": f"{FHIR}/CodeSystem/EndpointVisibilityCS", "code": HIDDEN}
    extension = [{"url": f"{FHIR}/StructureDefinition/EndpointVisibility", "valueCoding": hidden}]
    return {
        "resourceType": "Endpoint",
        "id": ident,
        "meta": meta("EndpointDirectory", origin="owner"),
        **({"extension": extension} if is_hidden else {}),
        "status": "active",
        "connectionType": coding("EndpointDirectoryConnectionType", kind, _CONNECTIONS[kind]),
        "name": name,
        "payloadType": [concept("EndpointDirectoryPayloadType", "tim-chat", "TI-Messenger chat")],
        "address": address,
    }


def identifier(telematik_id: str) -> list[Resource]:
    """The Telematik-ID as FHIR Identifier."""
    return [{"system": TELEMATIK_ID_SYSTEM, "value": telematik_id}]


def meta(profile: str, *, origin: str) -> Mapping[str, Any]:
    """Profile and origin (`ldap`: base data, `owner`: written by the owner)."""
    return {
        "tag": [{"system": f"{FHIR}/CodeSystem/Origin", "code": origin}],
        "profile": [f"{FHIR}/StructureDefinition/{profile}"],
    }


def coding(code_system: str, code: str, display: str) -> dict[str, str]:
    """A Coding in one of gematik's code systems."""
    return {"system": f"{FHIR}/CodeSystem/{code_system}", "code": code, "display": display}


def concept(code_system: str, code: str, display: str) -> dict[str, Any]:
    """A CodeableConcept with one Coding."""
    return {"coding": [coding(code_system, code, display)]}


def _entry(member: Member) -> list[Resource]:
    key = member.server_name.replace(".", "-")
    telematik_id = str(member.telematik_id)
    address = {"city": member.city, "country": member.country}
    messenger = next((account for account in member.accounts if account.localpart == member.messenger), None)
    endpoints = [] if messenger is None else [_endpoint_of(member, messenger, key)]
    idents = [one["id"] for one in endpoints]
    return [
        organisation(key, member.organisation, telematik_id, (member.profession_oid, member.profession), address),
        service(key, member.organisation, telematik_id, idents, comment=member.city),
        location(key, member.organisation, address),
        *endpoints,
    ]


def _endpoint_of(member: Member, account: Account, key: str) -> Resource:
    address = f"matrix:u/{account.localpart}:{member.server_name}"
    return endpoint(f"endpoint-{key}", account.display_name, address, "tim-bot" if account.is_bot else "tim")
