"""Directory entries to change and to read."""

import copy
from collections.abc import Mapping
from typing import Any

from tim_policy.directory.bundle import (
    CONNECTION_SYSTEM,
    ENDPOINT_VISIBILITY,
    ORGANISATION_VISIBILITY,
    PROFESSION_SYSTEM,
    TELEMATIK_ID_SYSTEM,
)
from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.names import parse_server_name

SERVER = "pflege.tim.test"
ANNA = f"@anna:{SERVER}"
CARE_ID = "9-2.245-SANDBOX-PFLEGE"
PHARMACY_ID = "3-07.2.1234567890.16.108"
CARE = "1.2.276.0.76.4.245"
PHARMACY = "1.2.276.0.76.4.54"

Resource = dict[str, Any]


def organisation(**changes: Any) -> Resource:
    return {
        "resourceType": "Organization",
        "id": "o1",
        "identifier": [{"system": TELEMATIK_ID_SYSTEM, "value": CARE_ID}],
        "active": True,
        "type": [{"coding": [{"system": PROFESSION_SYSTEM, "code": CARE, "display": "Pflege"}]}],
        "name": "Pflegedienst Sonne",
    } | changes


def endpoint(**changes: Any) -> Resource:
    return {
        "resourceType": "Endpoint",
        "id": "e1",
        "status": "active",
        "connectionType": {"system": CONNECTION_SYSTEM, "code": "tim-fa"},
        "name": "Tourenplanung",
        "address": f"matrix:u/anna:{SERVER}",
    } | changes


def service(**changes: Any) -> Resource:
    return {
        "resourceType": "HealthcareService",
        "id": "s1",
        "name": "Ambulante Pflege",
        "providedBy": {"reference": "Organization/o1"},
        "endpoint": [{"reference": "Endpoint/e1"}],
        "location": [{"reference": "Location/l1"}],
    } | changes


def location(**changes: Any) -> Resource:
    return {
        "resourceType": "Location",
        "id": "l1",
        "address": {"line": ["Markt 1"], "postalCode": "12345", "city": "Musterstadt"},
        "position": {"latitude": 50.1, "longitude": 8.7},
    } | changes


def identifier(telematik_id: str) -> list[Resource]:
    return [{"system": TELEMATIK_ID_SYSTEM, "value": telematik_id}]


def hidden(url: str = ENDPOINT_VISIBILITY) -> list[Resource]:
    return [{"url": url, "valueCoding": {"code": "hide-versicherte"}}]


HIDDEN_ORGANISATION = hidden(ORGANISATION_VISIBILITY)


def bundle(*resources: Mapping[str, Any], **more: Any) -> Resource:
    entries = [{"resource": copy.deepcopy(dict(one))} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | more


def usual() -> Resource:
    return bundle(service(), organisation(), endpoint(), location())


def listed(telematik_id: str = CARE_ID, server: str = SERVER, *, is_insurance: bool = False) -> FederationList:
    return FederationList.of(1, [ListedServer(parse_server_name(server), telematik_id, is_insurance)])
