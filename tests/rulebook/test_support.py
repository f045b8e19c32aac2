"""`/.well-known/matrix/support`: for everybody, and beside what Synapse serves there."""

import pytest

from tests.rulebook.interfaces import call
from tim_sandbox.running import Sandbox

EVERY_PROFILE = pytest.mark.parametrize(
    "server_name", ["praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test", "alte-kasse.tim.test"]
)
SUPPORT = "/.well-known/matrix/support"


@EVERY_PROFILE
@pytest.mark.requirement("A_26265")
async def test_anybody_reads_whom_to_ask(rulebook: Sandbox, server_name: str) -> None:
    answer = await call(rulebook, server_name, f"GET {SUPPORT}")
    assert answer.status == 200
    assert answer.body["support_page"] == "https://sandbox.tim.test/hilfe"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"


@EVERY_PROFILE
@pytest.mark.requirement("A_26265")
@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT", "PATCH"])
async def test_it_cannot_be_changed(rulebook: Sandbox, server_name: str, method: str) -> None:
    answer = await call(rulebook, server_name, f"{method} {SUPPORT}")
    assert (answer.status, answer.body["errcode"]) == (405, "M_UNRECOGNIZED")


@EVERY_PROFILE
async def test_synapses_own_documents_are_still_there(rulebook: Sandbox, server_name: str) -> None:
    answer = await call(rulebook, server_name, "GET /.well-known/matrix/server")
    assert (answer.status, answer.body) == (200, {"m.server": f"{server_name}:443"})
    client = await call(rulebook, server_name, "GET /.well-known/matrix/client")
    assert client.body["m.homeserver"]["base_url"] == rulebook.homeserver(server_name).client_url + "/"
    assert (await call(rulebook, server_name, "GET /.well-known/matrix/other")).status == 404
