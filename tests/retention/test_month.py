"""A month on a real homeserver: its database ends with what the policy allows, and every client still works.

The clock is the homeserver's own (see `shifted_clock`), so Synapse's jobs take part: on SQLite, and on six processes
with PostgreSQL.
"""
# ruff: noqa: S608 - the names of tables and columns are those of this file

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio

from tests.retention.month_server import NAME, MonthServer, running_month
from tests.retention.waiting import until
from tests.synapse.matrix import invite, join, leave, new_room, rooms_of
from tests.workers import require_workers
from tim_bots.guard import GuardedClient
from tim_bots.scripted_user import MemorySeeds, ScriptedUser
from tim_sandbox.homeserver_client import MatrixUser

PASSWORD = "correct horse battery staple"
POLICY = {
    "policy": "tim-1.2",
    "mode": "enforce",
    # So that everything that has a time is due within the month.
    "periods": {
        "device_last_seen": "7d",
        "reports": "7d",
        "receipts": "7d",
        "membership_history": "7d",
        "to_device_queue": "30d",
        "local_media": "7d",
        "remote_media": "7d",
    },
}
STEP, STEPS = timedelta(days=5, hours=12), 6

CONVERSATION = {
    *("events.sender", "events.state_key", "event_json.json", "state_events.state_key"),
    *("current_state_events.state_key", "state_groups_state.state_key"),
    *("room_memberships.user_id", "room_memberships.sender", "local_current_membership.user_id"),
    *("sliding_sync_membership_snapshots.user_id", "sliding_sync_membership_snapshots.sender"),
}
"""What the others in the room have of her: that she was there."""
ERASED = CONVERSATION | {
    *("users.name", "erased_users.user_id"),  # so that nobody takes over the name
    # That something about her devices changed; Synapse keeps the newest, and the rooms that saw it for 30 days.
    *("device_lists_stream.user_id", "device_lists_changes_in_room.user_id"),
}
LEFT = CONVERSATION | {
    *("users.name", "profiles.full_user_id", "account_data.user_id", "user_directory.user_id"),
    *("devices.user_id", "access_tokens.user_id", "user_ips.user_id", "device_lists_stream.user_id"),
    *("rooms.creator", "current_state_delta_stream.state_key"),  # of the room under legal hold
}
OLDEST = {
    "user_daily_visits.timestamp": timedelta(days=2),
    "devices.last_seen": timedelta(days=7),
    "event_reports.received_ts": timedelta(days=7),
    "open_id_tokens.ts_valid_until_ms": timedelta(hours=1),
}


class Person(ScriptedUser):
    """A real client that can be switched off, and keeps its keys meanwhile."""

    def __init__(self, client: GuardedClient, password: str, seeds: MemorySeeds | None = None) -> None:
        super().__init__(client, password, seeds)
        self.is_on = asyncio.Event()
        self.is_on.set()

    async def _sync(self, timeout_ms: int) -> None:
        await self.is_on.wait()
        await super()._sync(timeout_ms)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite", "workers"])
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[MonthServer]:
    is_on_workers = request.param == "workers"
    if is_on_workers:
        require_workers()
    directory = tmp_path_factory.mktemp("month")
    async with running_month(directory, new_base_port(), POLICY, on_workers=is_on_workers) as running:
        yield running


@dataclass
class Cast:
    """Anna and Ben talk all month; Ferdi's device is off; Clara is erased; Dora leaves; all of them are in `shared`."""

    anna: Person
    ben: Person
    ferdi: Person
    clara: MatrixUser
    dora: MatrixUser
    shared: str
    said: str


async def test_a_month_leaves_what_the_policy_allows_and_every_client_works(
    server: MonthServer, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        cast = await first_day(server, stack, tmp_path)
        orphaned, held, forgotten = [await new_room(cast.dora) for _ in range(3)]
        reference = f"/_synapse/client/tim/v1/retention/hold/{quote(held)}?reference=Az.%201"
        assert (await server.admin.request("POST", reference)).status == 200
        await leave_and_forget(cast.dora, forgotten)
        marks = await traces(server, cast.clara, cast.shared, cast.said)
        assert {mark for mark, places in server.places(marks).items() if not places} == set(), "the scan sees them"
        cast.ferdi.is_on.clear()
        await server.let_pass(STEP)
        await leave_and_forget(cast.dora, cast.shared)
        await erase(server, cast.clara)
        for number in range(STEPS - 1):
            await talk(cast, f"Woche {number}")
            await server.let_pass(STEP)
        # The keys of what was said since the others left; Ferdi's device has to get them now.
        assert server.query("SELECT COUNT(*) FROM device_inbox WHERE user_id = ?", (cast.ferdi.user_id,)) > [(0,)]
        await everyone_still_works(cast, held)
        await server.run()
        await only_what_is_allowed(server, cast, marks, gone={orphaned, forgotten}, held=held)


async def first_day(server: MonthServer, stack: AsyncExitStack, directory: Path) -> Cast:
    persons = []
    for name in ("anna", "ben", "ferdi"):
        await server.client.new_user(name, PASSWORD)
        online = Person.online(server.client.client_url, f"@{name}:{NAME}", PASSWORD, directory / name)
        persons.append(await stack.enter_async_context(online))
    anna, ben, ferdi = persons
    shared = await anna.create_room(invite=[ben.user_id])
    assert (await invite(as_user(server, anna), shared, ferdi.user_id)).status == 200
    for person in (ben, ferdi):
        await person.join(shared)
        await anna.wait_for_member(shared, person.user_id)
    clara, dora = await logged_in(server, "clara", "Claras Telefon"), await logged_in(server, "dora", "Doras Telefon")
    for guest in (clara, dora):
        assert (await invite(as_user(server, anna), shared, guest.user_id)).status == 200
        assert (await join(guest, shared)).status == 200
    said = await anna.send(shared, "willkommen")
    await ben.wait_for(shared, lambda message: message.text == "willkommen")
    await ferdi.wait_for(shared, lambda message: message.text == "willkommen")
    return Cast(anna, ben, ferdi, clara, dora, shared, said)


async def logged_in(server: MonthServer, name: str, device_name: str) -> MatrixUser:
    await server.client.new_user(name, PASSWORD, display_name=f"Name von {name}")
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": name},
        "password": PASSWORD,
        "initial_device_display_name": device_name,
    }
    answer = await server.client.request("POST", "/_matrix/client/v3/login", body)
    assert answer.status == 200, answer
    return MatrixUser(answer.body["user_id"], answer.body["access_token"], server.client)


def as_user(server: MonthServer, person: Person) -> MatrixUser:
    return MatrixUser(person.user_id, str(person.client.access_token), server.client)


async def ok(user: MatrixUser, method: str, path: str, body: Any = None) -> Any:
    answer = await user.request(method, f"/_matrix/client/v3{path}", body)
    assert answer.status == 200, (path, answer)
    return answer.body


async def leave_and_forget(user: MatrixUser, room_id: str) -> None:
    await leave(user, room_id)
    await ok(user, "POST", f"/rooms/{quote(room_id)}/forget", {})


async def traces(server: MonthServer, clara: MatrixUser, room_id: str, event_id: str) -> list[str]:
    """Everything that Clara's client can leave behind; the texts by which each is found."""
    user, room = f"/user/{quote(clara.user_id)}", quote(room_id)
    marks = ["Claras Telefon", "clara-filter", "u.clara", "Claras Beschwerde", "clara-befund", "clara.set"]
    await ok(clara, "POST", f"{user}/filter", {"room": {"timeline": {"not_types": ["clara-filter"]}}})
    await ok(clara, "PUT", f"{user}/rooms/{room}/tags/u.clara", {})
    await ok(clara, "PUT", f"{user}/account_data/clara.set", {"x": 1})
    await ok(clara, "POST", f"/rooms/{room}/receipt/m.read/{quote(event_id)}", {})
    await ok(clara, "POST", f"/rooms/{room}/report/{quote(event_id)}", {"reason": "Claras Beschwerde"})
    openid = await ok(clara, "POST", f"{user}/openid/request_token", {})
    to_self = {"messages": {clara.user_id: {"*": {"clara-wartet": 1}}}}
    await ok(clara, "PUT", f"/sendToDevice/m.x/{secrets.token_hex(4)}", to_self)
    await ok(clara, "GET", "/sync?timeout=0")
    async with aiohttp.ClientSession() as http:
        url = f"{server.client.client_url}/_matrix/media/v3/upload?filename=clara-befund.txt"
        headers = {"Authorization": f"Bearer {clara.access_token}", "Content-Type": "text/plain"}
        async with http.post(url, data=b"x", headers=headers) as answer:
            assert answer.status == 200
    return [*marks, openid["access_token"], clara.access_token]


async def erase(server: MonthServer, user: MatrixUser) -> None:
    """As `tim erase USER --yes`: Synapse's deactivation, her files, and the module's part."""
    admin = server.admin
    who = quote(user.user_id)
    closed = await admin.request("POST", f"/_synapse/admin/v1/deactivate/{who}", {"erase": True})
    assert closed.status == 200, closed
    files = await admin.request("DELETE", f"/_synapse/admin/v1/users/{who}/media")
    assert files.status == 200, files
    answer = await admin.request("POST", f"/_synapse/client/tim/v1/erasure/{who}")
    assert answer.status == 200, answer


async def talk(cast: Cast, text: str) -> None:
    await cast.anna.send(cast.shared, text)
    await cast.ben.wait_for(cast.shared, lambda message: message.text == text)
    await cast.ben.send(cast.shared, f"{text}, danke")
    await cast.anna.wait_for(cast.shared, lambda message: message.text == f"{text}, danke")


async def everyone_still_works(cast: Cast, held: str) -> None:
    """Sync, send, decrypt, receipts, the list of rooms; the device that was off catches up."""
    await talk(cast, "nach einem Monat")
    cast.ferdi.is_on.set()
    found = await cast.ferdi.wait_for(cast.shared, lambda message: message.text == "nach einem Monat")
    assert found.is_encrypted
    answer = await cast.ferdi.send(cast.shared, "wieder da")
    await cast.anna.wait_for(cast.shared, lambda message: message.event_id == answer)
    server = cast.dora.homeserver
    anna = MatrixUser(cast.anna.user_id, str(cast.anna.client.access_token), server)
    ben = MatrixUser(cast.ben.user_id, str(cast.ben.client.access_token), server)
    await ok(ben, "POST", f"/rooms/{quote(cast.shared)}/receipt/m.read/{quote(answer)}", {})

    async def is_read() -> bool:
        rooms = (await ok(anna, "GET", "/sync?timeout=0"))["rooms"]["join"]
        return f'"{answer}": {{"m.read": {{"{ben.user_id}"' in json.dumps(rooms[cast.shared]["ephemeral"])

    await until(is_read)
    assert await rooms_of(anna) == {cast.shared}
    assert await rooms_of(cast.dora) == {held}
    sliding = {"lists": {"all": {"ranges": [[0, 9]], "required_state": [], "timeline_limit": 1}}}
    path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0"
    listed = await anna.request("POST", path, sliding)
    assert (listed.status, set(listed.body["rooms"])) == (200, {cast.shared})


async def only_what_is_allowed(server: MonthServer, cast: Cast, marks: list[str], *, gone: set[str], held: str) -> None:
    programs = ["127.0.0.1", "aiohttp/", "matrix-nio", "Python/"]
    nowhere = {*gone, *marks, *programs, "Name von clara"}
    clara, dora = cast.clara.user_id, cast.dora.user_id
    places: dict[str, set[str]] = {}

    async def is_clean() -> bool:
        """Synapse takes a moment for what falls due now; what it never takes is told below."""
        places.update(server.places([*nowhere, clara, dora, held, "Doras Telefon"]))
        return not any(places[text] for text in nowhere)

    try:
        await until(is_clean)
    except TimeoutError:
        assert {text: places[text] for text in nowhere if places[text]} == {}
    assert places[clara] == ERASED
    assert {place for place in places[dora] if not place.startswith("user_directory_search")} == LEFT
    assert places["Doras Telefon"] == {"devices.display_name"}
    assert {"events.room_id", "room_memberships.room_id", "current_state_events.room_id"} <= places[held]
    old = "SELECT room_id FROM current_state_delta_stream WHERE state_key = ? AND room_id <> ?"
    assert server.query(old, (dora, held)) == []
    now = time.time() + server.passed.total_seconds()
    for place, period in OLDEST.items():
        table, _, column = place.partition(".")
        ((oldest,),) = server.query(f"SELECT MIN({column}) FROM {table}")
        assert oldest is None or oldest / 1000 > now - period.total_seconds() - 60, place
