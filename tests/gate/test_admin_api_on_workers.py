"""The admin API answers on every process of a homeserver, with the same list."""

from typing import Any
from urllib.parse import quote
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


async def test_every_process_tells_the_same_about_a_person(worker_federation: Sandbox) -> None:
    homeserver = worker_federation.homeserver(PRAXIS.server_name)
    admin = await homeserver.new_user(f"admin-{uuid4().hex[:12]}", "password", is_admin=True)
    access = f"/_synapse/client/tim/v1/access/{quote(admin.user_id)}"
    told = []
    for process in worker_federation.processes_of(PRAXIS.server_name).values():
        about = await process.request("GET", access, access_token=admin.access_token)
        assert about.status == 200, about
        places = {(table, column) for table, column, _ in about.body["places"]}
        rows = {}
        for table, column in sorted(places & {("users", "name"), ("profiles", "user_id"), ("devices", "user_id")}):
            page = await process.request("GET", f"{access}/{table}/{column}", access_token=admin.access_token)
            assert page.status == 200, page
            rows[table] = [row.get("name") or row["user_id"] for row in page.body["rows"]]
        told.append((places, rows))
        assert (await process.request("GET", access, access_token=None)).status == 401
    assert all(answer == told[0] for answer in told)
    assert told[0][1]["users"] == [admin.user_id]
    assert len(told[0][1]["devices"]) == 1
