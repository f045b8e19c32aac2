"""The admin API answers on every process of a homeserver, with the same list."""

from typing import Any
from uuid import uuid4

import pytest

from tim_sandbox.members import FREMD, PFLEGE, PRAXIS
from tim_sandbox.running import Sandbox

# One set of six processes is busy at a time.
pytestmark = pytest.mark.xdist_group("workers")

GATE = "/_synapse/client/tim/v1/gate"


async def test_every_process_answers_for_itself_and_to_admins_only(worker_federation: Sandbox) -> None:
    homeserver = worker_federation.homeserver(PRAXIS.server_name)
    admin = await homeserver.new_user(f"admin-{uuid4().hex[:12]}", "password", is_admin=True)
    version = await worker_federation.vzd.list_version()
    for name, process in worker_federation.processes_of(PRAXIS.server_name).items():

        async def ask(method: str, path: str, token: str | None = admin.access_token, process: Any = process) -> Any:
            return await process.request(method, f"{GATE}/{path}", access_token=token)

        status = await ask("GET", "status")
        assert status.status == 200, (name, status)
        assert status.body["worker"] == name
        assert status.body["list"]["version"] == version
        assert status.body["residency"]["mode"] == "enforce"
        assert (await ask("GET", f"explain/{PFLEGE.server_name}")).body["decision"] == "allow"
        assert (await ask("GET", f"explain/{FREMD.server_name}")).body["reason"] == "server_not_listed"
        isolation = await ask("POST", f"isolate/{FREMD.server_name}?dry_run=true")
        assert isolation.body == {"server_name": FREMD.server_name, "dry_run": True, "rooms": []}
        assert (await ask("GET", "status", None)).status == 401
