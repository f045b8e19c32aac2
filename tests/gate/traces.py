"""What the transport alone would leave open: retries, relays, queues, caches, and rooms with strangers in them."""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import quote
from uuid import uuid4

from tests.gate.outbound import send_to_device
from tests.gate.world import APOTHEKE, PFLEGE, PRAXIS, Watcher, World, join, says, watching
from tests.synapse.matrix import invite, new_room, say
from tim_sandbox.homeserver_client import MatrixUser

_LOOPS = re.compile(r"^synapse_federation_transaction_queue_pending_destinations\S* (\S+)$", re.MULTILINE)
_ROOMS = "/_matrix/client/v3/rooms"


class Traces:
    """Plays what spans several phases; the methods come in the order of the story."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._nurse: Watcher | None = None
        self._retried = uuid4().hex
        self._queued = uuid4().hex

    async def leave_a_message_waiting(self) -> None:
        """Listed: pflege goes down, the doctor writes, praxis keeps trying."""
        world = self._world
        pair = await new_room(world.doctor, room_version="10")
        assert (await invite(world.doctor, pair, world.nurse.user_id)).status == 200
        assert (await join(world.nurse, pair)).status == 200
        # Answered once pflege knows everything about the room.
        members = await world.nurse.request("GET", f"{_ROOMS}/{quote(pair)}/members")
        assert members.status == 200, members
        self._nurse = await watching(world.nurse)
        await world.sandbox.stop_homeserver(PFLEGE)
        await say(world.doctor, pair, self._retried)
        await self._loops(lambda running: running > 0)

    async def come_back(self) -> None:
        """Delisted: praxis has given up, pflege is up again; the doctor sends it a to-device message."""
        await self._loops(lambda running: running == 0)
        await self._world.sandbox.start_homeserver(PFLEGE)
        await send_to_device(self._world.doctor, self._queued, self._world.nurse.user_id)

    async def was_retried(self) -> bool:
        """Whether the message that waited reached the nurse."""
        assert self._nurse is not None, "nobody waits"
        await self._nurse.poll()
        return self._nurse.has(says(self._retried))

    async def was_flushed(self) -> bool:
        """Relisted: whether the to-device message that was sent meanwhile arrives; a new one does."""
        assert self._nurse is not None, "nobody waits"
        new = uuid4().hex
        await send_to_device(self._world.doctor, new, self._world.nurse.user_id)
        assert await self._nurse.wait(says(new))
        return self._nurse.has(says(self._queued))

    async def _loops(self, is_enough: Callable[[float], bool]) -> None:
        processes = self._world.sandbox.processes_of(PRAXIS).values()
        async with asyncio.timeout(30):
            while True:
                metrics = "".join([await process.metrics() for process in processes])
                if is_enough(sum(map(float, _LOOPS.findall(metrics)))):
                    return
                await asyncio.sleep(0.05)


async def relays_in(world: World) -> bool:
    """Whether the nurse's message reaches the doctor through apotheke."""
    word = uuid4().hex
    pharmacist = await watching(world.pharmacist)
    await say(world.nurse, world.shared, word)
    assert await pharmacist.wait(says(word))
    return await _doctor_sees_after_pharmacist(world, word)


async def relays_out(world: World) -> bool:
    """Whether the doctor's message reaches the nurse through apotheke."""
    word, later = uuid4().hex, uuid4().hex
    pharmacist, nurse = await watching(world.pharmacist), await watching(world.nurse)
    await say(world.doctor, world.shared, word)
    assert await pharmacist.wait(says(word))
    await say(world.pharmacist, world.shared, later)
    assert await nurse.wait(says(later))
    return nurse.has(says(word))


async def leaves_are_seen(world: World) -> bool:
    """Whether the doctor learns through apotheke that a nurse left."""
    user = await world.new_user(PFLEGE)
    assert (await join(user, world.shared, APOTHEKE)).status == 200
    assert (await user.request("POST", f"{_ROOMS}/{quote(world.shared)}/leave", {})).status == 200
    await _doctor_sees_after_pharmacist(world, uuid4().hex)
    return await _membership(world.doctor, world.shared, user.user_id) in {"leave", None}


async def listed_invites_stranger(world: World) -> bool:
    """Whether the doctor sees that the pharmacist invited somebody of a server that was never listed."""
    stranger = await world.new_user("fremd.test")
    assert (await invite(world.pharmacist, world.shared, stranger.user_id)).status == 200
    await _doctor_sees_after_pharmacist(world, uuid4().hex)
    return await _membership(world.doctor, world.shared, stranger.user_id) == "invite"


async def room_of_stranger(world: World) -> tuple[bool, bool]:
    """Whether the doctor may be invited into, and may join, a room that somebody of an unlisted server created."""
    room_id = await new_room(world.mallory, preset="public_chat", room_version="10")
    path = f"{_ROOMS}/{quote(room_id)}/join?via=fremd.test"
    assert (await join(world.pharmacist, room_id, "fremd.test")).status == 200, path
    invited = await invite(world.pharmacist, room_id, world.doctor.user_id)
    joined = await join(world.colleague, room_id, APOTHEKE)
    assert {invited.status, joined.status} <= {200, 403}, (invited, joined)
    return invited.status == 200, joined.status == 200


async def room_with_stranger(world: World, user: MatrixUser) -> bool:
    """Whether a listed room works in which somebody of an unlisted server is a member."""
    room_id = await new_room(world.pharmacist, preset="public_chat", room_version="10")
    assert (await join(world.mallory, room_id, APOTHEKE)).status == 200
    assert (await join(user, room_id, APOTHEKE)).status == 200
    try:
        async with asyncio.timeout(4):
            answer = await user.request("GET", f"{_ROOMS}/{quote(room_id)}/members")
    except TimeoutError:
        return False
    return answer.status == 200


async def can_leave(world: World) -> bool:
    """Whether a colleague can leave a room of pflege."""
    return (await world.colleague.request("POST", f"{_ROOMS}/{quote(world.house)}/leave", {})).status == 200


async def isolates(world: World, admin: MatrixUser) -> bool:
    """Whether the nurse still reads along through apotheke once pflege is isolated."""
    path = f"/_synapse/client/tim/v1/gate/isolate/{PFLEGE}"
    planned = await admin.request("POST", f"{path}?dry_run=true")
    assert planned.status == 200, planned
    (room,) = (room for room in planned.body["rooms"] if room["room_id"] == world.shared)
    assert room["outcome"] == "planned"
    assert await _membership(world.doctor, world.shared, world.nurse.user_id) == "join"
    done = await admin.request("POST", f"{path}?dry_run=false")
    assert {room["outcome"] for room in done.body["rooms"]} <= {"removed", "skipped"}, done
    assert await _membership(world.doctor, world.shared, world.nurse.user_id) == "leave"
    word = uuid4().hex
    pharmacist, nurse = await watching(world.pharmacist), await watching(world.nurse)
    await say(world.doctor, world.shared, word)
    assert await pharmacist.wait(says(word))
    await nurse.poll()
    return nurse.has(says(word))


async def _doctor_sees_after_pharmacist(world: World, word: str) -> bool:
    """Whether the doctor has `word` once he has what the pharmacist wrote after it."""
    later, doctor = uuid4().hex, await watching(world.doctor)
    await say(world.pharmacist, world.shared, later)
    assert await doctor.wait(says(later))
    path = f"{_ROOMS}/{quote(world.shared)}/messages?dir=b&limit=20"
    return doctor.has(says(word)) or word in str((await world.doctor.request("GET", path)).body)


async def _membership(user: MatrixUser, room_id: str, member: str) -> str | None:
    path = f"{_ROOMS}/{quote(room_id)}/state/m.room.member/{quote(member)}"
    answer = await user.request("GET", path)
    return str(answer.body["membership"]) if answer.status == 200 else None
