"""Bad requests of our own users: never 5xx, and whatever was accepted leaves nothing behind that a rule forbids.

A 5xx counts unless a stock Synapse answers the same request with 5xx, and `STOCK` says why.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from canonicaljson import encode_canonical_json

from tests.rulebook.bad_json import examples
from tests.rulebook.oracle import EPA, lets_in, reaction_faults, room_faults, thread_faults
from tests.rulebook.places import Place, new_place
from tests.rulebook.surfaces import CLIENT, SURFACES, Surface
from tests.synapse.matrix import invite, new_room
from tim_sandbox.homeserver_client import Answer
from tim_sandbox.running import Sandbox

SERVERS = ("praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test", "alte-kasse.tim.test")
STOCK = {
    "invite": "reads user_id as it comes",
    "state m.room.member": "reads a displayname that is no text",
    "join": "reads third_party_signed and reason as they come",
    "kick": "reads user_id as it comes",
    "state m.room.create": "runs into an assertion about an event without creator",
    "redaction": "looks the target up by whatever it is",
    "user directory": "reads search_term and limit as they come",
    "room directory": "reads limit and filter as they come",
}
"""Surfaces where Synapse itself answers 5xx before it asks a module; see also `_cannot_be_signed`."""

Places = Callable[[str], Awaitable[Place]]


@pytest.fixture(scope="session")
def places(rulebook: Sandbox) -> Places:
    """The place of a homeserver; it is made once."""
    known: dict[str, Place] = {}

    async def place(server_name: str) -> Place:
        if server_name not in known:
            others = "praxis.tim.test" if server_name in EPA else server_name
            known[server_name] = await (await new_place(rulebook, server_name, others)).with_new_room()
        return known[server_name]

    return place


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
async def test_bad_input(places: Places, surface: Surface) -> None:
    bad = examples(surface.count, *surface.templates)
    shares = [bad if surface.is_for_all else bad[number :: len(SERVERS)] for number in range(len(SERVERS))]
    found = await asyncio.gather(
        *(_all_faults(places, name, surface, share) for name, share in zip(SERVERS, shares, strict=True))
    )
    faults = [fault for each in found for fault in each]
    assert not faults, "\n".join(faults)


async def _all_faults(places: Places, server_name: str, surface: Surface, bad: list[bytes]) -> list[str]:
    """Send each bad body to one homeserver."""
    place = await places(server_name)
    if surface.changes_room:
        place = await place.with_new_room()
    faults = []
    for body in bad:
        answer = await place.send(surface, body)
        found: list[str] = []
        if answer.status >= 500:
            found = await _stock_faults(places, surface, body)
        elif answer.status < 300:
            found = await _faults(place, surface, answer, body)
            if found or not await place.state(place.room_id):
                place = await place.with_new_room()
        faults += [f"{server_name}: {answer.status} {fault}: {body[:1500]!r}" for fault in found]
    return faults


async def _stock_faults(places: Places, surface: Surface, body: bytes) -> list[str]:
    place = await places("fremd.test")
    stock = await (await place.with_new_room() if surface.changes_room else place).send(surface, body)
    if stock.status < 500:
        return [f"but {stock.status} from a stock Synapse"]
    return [] if surface.name in STOCK or _cannot_be_signed(body) else ["as from a stock Synapse, for no known reason"]


def _cannot_be_signed(body: bytes) -> bool:
    """Whether there is no canonical JSON of it: Synapse notices when it hashes the event, before it asks anybody."""
    try:
        encode_canonical_json(json.loads(body))
    except (ValueError, RecursionError):
        return True
    return False


async def _faults(place: Place, surface: Surface, answer: Answer, body: bytes) -> list[str]:
    """What is wrong after a request that was accepted."""
    people = {place.user.user_id, place.colleague.user_id}
    faults = room_faults(await place.state(place.room_id), place.server_name, people)
    listed = await place.user.request("GET", f"{CLIENT}/directory/list/room/{quote(place.room_id)}")
    if listed.status == 200 and listed.body["visibility"] != "private":
        faults.append("a private room in the directory")
    room_id = answer.body.get("room_id") or answer.body.get("replacement_room") if answer.body else None
    if isinstance(room_id, str) and room_id != place.room_id:
        faults += room_faults(await place.state(room_id), place.server_name, people)
    event_id = answer.body.get("event_id") if answer.body else None
    if isinstance(event_id, str):
        faults += await _event_faults(place, event_id)
    if surface.name.startswith("permission config"):
        faults += await _config_faults(place, surface)
    if surface.name == "presence":
        faults += _presence_faults(json.loads(body))
    if surface.name in {"guest", "login token", "display name"}:
        faults.append("nobody may do this")
    return faults


async def _event_faults(place: Place, event_id: str) -> list[str]:
    answer = await place.user.request("GET", f"{CLIENT}/rooms/{quote(place.room_id)}/event/{quote(event_id)}")
    if answer.status != 200:
        return []
    content = answer.body["content"]
    return thread_faults(content) + (reaction_faults(content) if answer.body["type"] == "m.reaction" else [])


async def _config_faults(place: Place, surface: Surface) -> list[str]:
    """Invite the user who stored it, which her configuration has to allow; an unreadable one allows nothing."""
    used = "epa.v1" if place.server_name in EPA else "pro.v1"
    if not surface.name.endswith(used):
        return []
    data_type = surface.path.rpartition("/")[2]
    stored = await place.user.request("GET", f"{CLIENT}/user/{quote(place.user.user_id)}/account_data/{data_type}")
    answer = await invite(place.colleague, await new_room(place.colleague), place.user.user_id)
    if answer.status >= 500:
        return [f"an invite is answered with {answer.status}"]
    may_be_invited = lets_in(stored.body, place.colleague.user_id)
    return ["invited in spite of the configuration"] if answer.status == 200 and not may_be_invited else []


def _presence_faults(body: Any) -> list[str]:
    return ["a status of more than 250 characters"] if len(body.get("status_msg", "")) > 250 else []
