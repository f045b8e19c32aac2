"""The interfaces answer as gematik's OpenAPI descriptions say, where these lie beside the checkout (not shipped)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from tests.rulebook.conftest import NewUser
from tests.rulebook.interfaces import openid_token
from tim_sandbox.running import Sandbox

FOLDER = Path(__file__).parents[3] / "shared" / "gematik" / "openapi"
EXAMPLES = 8
"""Per operation and mode."""

VALID = {
    "POST /report": {
        "start": "2026-03-23T12:13:23.183Z",
        "sent": [{"Fachverfahren": "a", "Version": "v1", "Anzahl": 1}],
    },
    "POST /contacts": {"displayName": "A", "mxid": "@a:pflege.tim.test", "inviteSettings": {"start": 1}},
    "PUT /contacts": {"displayName": "B", "mxid": "@a:pflege.tim.test", "inviteSettings": {"start": 1, "end": 2}},
}
"""What chance would not write."""

EXPECTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

bounded = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="gematik's descriptions are not beside this checkout")


@pytest.mark.parametrize(
    ("description", "server_name", "base"),
    [
        pytest.param(
            "TiMessengerInformation.yaml",
            "praxis.tim.test",
            "/tim-information",
            marks=pytest.mark.requirement("I_TiMessengerInformation"),
        ),
        pytest.param(
            "TiMessengerContactManagement.yaml",
            "alte-praxis.tim.test",
            "/tim-contact-mgmt/v1.0.2",
            marks=pytest.mark.requirement("I_TiMessengerContactManagement"),
        ),
        pytest.param(
            "TIMessengerClientReport.yaml",
            "kasse.tim.test",
            "/tim-client-report",
            marks=pytest.mark.requirement("I_ClientReport"),
        ),
    ],
)
@pytest.mark.parametrize("with_token", [True, False])
async def test_every_answer_is_described(
    rulebook: Sandbox, new_user: NewUser, description: str, server_name: str, base: str, with_token: bool
) -> None:
    user = await new_user(server_name)
    headers = {"Mxid": user.user_id} if "Contact" in description else {}
    if with_token:
        headers["Authorization"] = f"Bearer {await openid_token(user)}"
    url = rulebook.homeserver(server_name).client_url + base
    found = await asyncio.to_thread(exercise, FOLDER / description, url, headers)
    assert found, "the description has no operations"
    assert (200 if with_token else 401) in set().union(*found.values()), found


def exercise(file: Path, url: str, headers: dict[str, str]) -> dict[str, set[int]]:
    """Send valid and invalid requests of every operation; the statuses that came back, by operation."""
    results: Any = schemathesis.openapi.from_path(file).get_all_operations()
    return {operation.label: statuses(operation, url, headers) for operation in (result.ok() for result in results)}


def statuses(operation: Any, url: str, headers: dict[str, str]) -> set[int]:
    checks: Any = CHECKS.get_by_names(list(EXPECTED))
    seen: set[int] = set()

    def send(case: Any) -> None:
        response = case.call(base_url=url, headers=headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=checks)

    for mode in schemathesis.GenerationMode:
        bounded(given(case=operation.as_strategy(generation_mode=mode))(send))()
    if operation.label in VALID:
        send(operation.Case(body=VALID[operation.label]))
    return seen
