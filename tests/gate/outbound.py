"""What people of praxis ask of pflege: one probe per kind of traffic, each True when it got through."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote
from uuid import uuid4

from tests.gate.world import (
    PFLEGE,
    PRAXIS,
    Sign,
    Watcher,
    World,
    devices_changed,
    join,
    publish_keys,
    says,
    types,
    upload,
    watching,
)
from tests.synapse.matrix import invite, new_room, say
from tim_sandbox.homeserver_client import Answer, MatrixUser

Probe = Callable[[World], Awaitable[bool]]
_CLIENT = "/_matrix/client/v3"
# 502: Synapse says so when the only server it may ask is one it may not.
_REFUSALS = {403, 404, 502}


def _got_through(answer: Answer) -> bool:
    assert answer.status == 200 or answer.status in _REFUSALS, answer
    return answer.status == 200


async def _invite(world: World) -> bool:
    return _got_through(
        await invite(world.doctor, await new_room(world.doctor), (await world.new_user(PFLEGE)).user_id)
    )


async def _join_by_alias(world: World) -> bool:
    return _got_through(await join(await world.new_user(PRAXIS), f"#haus:{PFLEGE}"))


async def _join_by_id(world: World) -> bool:
    """Into a room of which praxis knows nothing yet."""
    room_id = await new_room(world.nurse, preset="public_chat", room_version="10")
    return _got_through(await join(await world.new_user(PRAXIS), room_id, PFLEGE))


async def _knock(world: World) -> bool:
    rule = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room_id = await new_room(world.nurse, room_version="10", initial_state=[rule])
    user = await world.new_user(PRAXIS)
    path = f"{_CLIENT}/knock/{quote(room_id)}?server_name={PFLEGE}&via={PFLEGE}"
    return _got_through(await user.request("POST", path, {}))


async def _keys_query(world: World) -> bool:
    """Of a user whose devices praxis does not follow."""
    user_id = (await world.new_user(PFLEGE)).user_id
    answer = await world.doctor.request("POST", f"{_CLIENT}/keys/query", {"device_keys": {user_id: []}})
    assert (PFLEGE in answer.body["failures"]) != (user_id in answer.body["device_keys"]), answer
    return user_id in answer.body["device_keys"]


async def _keys_query_followed(world: World) -> bool:
    """Of a user with whom the doctor shares a room, whose devices praxis had cached."""
    user_id = world.nurse.user_id
    answer = await world.doctor.request("POST", f"{_CLIENT}/keys/query", {"device_keys": {user_id: []}})
    return bool(answer.body["device_keys"].get(user_id))


async def _keys_claim(world: World) -> bool:
    who = (await world.nurse.request("GET", f"{_CLIENT}/account/whoami")).body
    wanted = {world.nurse.user_id: {who["device_id"]: "signed_curve25519"}}
    answer = await world.doctor.request("POST", f"{_CLIENT}/keys/claim", {"one_time_keys": wanted})
    return world.nurse.user_id in answer.body["one_time_keys"]


async def _profile(world: World) -> bool:
    user_id = (await world.new_user(PFLEGE)).user_id
    return _got_through(await world.doctor.request("GET", f"{_CLIENT}/profile/{quote(user_id)}"))


async def _alias(world: World) -> bool:
    return _got_through(await world.doctor.request("GET", f"{_CLIENT}/directory/room/{quote('#haus:' + PFLEGE)}"))


async def _public_rooms(world: World) -> bool:
    """Synapse would answer the same question from its cache for 30 s."""
    answer = await world.doctor.request("GET", f"{_CLIENT}/publicRooms?server={PFLEGE}&limit=5")
    return _got_through(answer)


async def _hierarchy(world: World) -> bool:
    room_id = await new_room(world.nurse, preset="public_chat", room_version="10")
    space = await new_room(world.doctor, creation_content={"type": "m.space"})
    child = f"{_CLIENT}/rooms/{quote(space)}/state/m.space.child/{quote(room_id)}"
    assert (await world.doctor.request("PUT", child, {"via": [PFLEGE]})).status == 200
    answer = await world.doctor.request("GET", f"/_matrix/client/v1/rooms/{quote(space)}/hierarchy")
    return any(room["room_id"] == room_id for room in answer.body["rooms"])


def _media(kind: str, *, cached: bool) -> Probe:
    async def probe(world: World) -> bool:
        picture = world.pictures.get(kind) if cached else None
        if picture is None:
            picture = await upload(world.nurse)
        if cached:
            world.pictures[kind] = picture
        path = f"/_matrix/client/v1/media/{kind.format(picture)}"
        return _got_through(await world.doctor.request("GET", path))

    return probe


async def _directory(world: World) -> bool:
    """A user whom the doctor sees in a room."""
    name = world.nurse.user_id.partition(":")[0].removeprefix("@")
    answer = await world.doctor.request("POST", f"{_CLIENT}/user_directory/search", {"search_term": name})
    return any(found["user_id"] == world.nurse.user_id for found in answer.body["results"])


PROBES: Mapping[str, Probe] = {
    "invite": _invite,
    "join by alias": _join_by_alias,
    "join by room id": _join_by_id,
    "knock": _knock,
    "keys/query, user not followed": _keys_query,
    "keys/query, user followed and cached": _keys_query_followed,
    "keys/claim": _keys_claim,
    "profile": _profile,
    "room alias": _alias,
    "publicRooms, repeated within 30 s": _public_rooms,
    "hierarchy of a space with a room there": _hierarchy,
    "media download, not cached": _media("download/{}", cached=False),
    "media download, cached": _media("download/{}", cached=True),
    "media thumbnail, not cached": _media("thumbnail/{}?width=1&height=1", cached=False),
    "media thumbnail, cached": _media("thumbnail/{}?width=1&height=1", cached=True),
    "user directory search": _directory,
}
"""Requests of a client that need the other server."""

PUSHED = (
    "transaction: message",
    "transaction: typing",
    "transaction: read receipt",
    "transaction: to-device message",
    "transaction: device list update",
)
"""What praxis sends by itself when its people are active; found out together by `pushed`."""


async def pushed(world: World, *, is_listed: bool) -> dict[str, bool]:
    """Be active in the shared room and see what arrives at pflege.

    The pharmacist of apotheke is the control: once everything reached her, it was sent to everybody it goes to.
    """
    word = uuid4().hex
    watchers = [await watching(world.pharmacist), await watching(world.nurse)]
    signs = await _be_active(world, word)
    control, nurse = watchers
    assert await _typing_is_seen(world, control)
    for name, sign in signs.items():
        assert await control.wait(sign), name
    if is_listed:
        assert await update_is_seen(world.doctor, nurse)
        await _typing_is_seen(world, nurse)
    # A listed server may be a moment slower than the control; nothing is on its way to another one.
    arrived = {name: await _arrives(nurse, sign, is_awaited=is_listed) for name, sign in signs.items()}
    assert set(arrived) == set(PUSHED)
    return arrived


async def _be_active(world: World, word: str) -> dict[str, Sign]:
    """Do everything; for each kind, what an account sees of it."""
    doctor, room = world.doctor, quote(world.shared)
    recipients = [world.nurse.user_id, world.pharmacist.user_id]
    event_id = await say(doctor, world.shared, word)
    await doctor.request("POST", f"{_CLIENT}/rooms/{room}/receipt/m.read/{quote(event_id)}", {})
    await _type(world)
    await send_to_device(doctor, word + "-device", *recipients)
    await log_in_again(doctor)
    return {
        "transaction: message": says(f"'body': '{word}'"),
        "transaction: typing": types(doctor.user_id),
        "transaction: read receipt": says(f"'{event_id}': {{'m.read'"),
        "transaction: to-device message": says(word + "-device"),
        "transaction: device list update": devices_changed(doctor.user_id),
    }


async def _arrives(watcher: Watcher, sign: Sign, *, is_awaited: bool) -> bool:
    if is_awaited:
        return await watcher.wait(sign)
    await watcher.poll()
    return watcher.has(sign)


async def send_to_device(user: MatrixUser, word: str, *recipients: str) -> None:
    """Send `word` to all devices of the recipients."""
    body = {"messages": {recipient: {"*": {"word": word}} for recipient in recipients}}
    path = f"{_CLIENT}/sendToDevice/m.test/{uuid4().hex}"
    assert (await user.request("PUT", path, body)).status == 200


async def _type(world: World) -> None:
    """Let the doctor stop typing in the shared room and begin again."""
    typing = f"{_CLIENT}/rooms/{quote(world.shared)}/typing/{quote(world.doctor.user_id)}"
    for body in ({"typing": False}, {"typing": True, "timeout": 30_000}):
        assert (await world.doctor.request("PUT", typing, body)).status == 200


async def _typing_is_seen(world: World, watcher: Watcher) -> bool:
    """Whether `watcher` sees within a few attempts that the doctor begins to type.

    Synapse sends only the last of what a user's typing was: a homeserver that still shows an earlier beginning
    hears of no change when stop and start fall into one transaction.
    """
    for _ in range(4):
        if await watcher.wait(types(world.doctor.user_id), seconds=2.5):
            return True
        await _type(world)
    return False


async def update_is_seen(user: MatrixUser, watcher: Watcher) -> bool:
    """Whether `watcher` sees within a few attempts that the user's devices change."""
    for _ in range(4):
        if await watcher.wait(devices_changed(user.user_id), seconds=2.5):
            return True
        await log_in_again(user)
    return False


async def log_in_again(user: MatrixUser) -> None:
    """Add a device to the account; with keys, since other homeservers hear of those only."""
    await publish_keys(await user.homeserver.login(user.user_id.partition(":")[0].removeprefix("@"), "password"))
