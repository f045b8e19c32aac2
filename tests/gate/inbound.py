"""What pflege sends to praxis: one probe per kind of traffic, each True when it got through."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote
from uuid import uuid4

from tests.gate.outbound import log_in_again, update_is_seen
from tests.gate.raw_server import Event, RawServer
from tests.gate.world import PFLEGE, PRAXIS, Sign, World, says, types, upload, watching
from tim_sandbox.homeserver_client import Answer

Probe = Callable[[World], Awaitable[bool]]
_FEDERATION = "/_matrix/federation/v1"


def _got_through(answer: Answer) -> bool:
    """Nothing in between: an answer, or the gate's refusal.

    Raises:
        AssertionError: anything else, so that a broken probe is no refusal.
    """
    if answer.status == 403 and str(answer.body["error"]).startswith("Federation denied with"):
        return False
    assert answer.status == 200, answer
    return True


def _request(method: str, uri: Callable[[World], str], body: Callable[[World], object] = lambda _: None) -> Probe:
    async def probe(world: World) -> bool:
        return _got_through(await world.raw(PFLEGE).request(method, uri(world), body(world)))

    return probe


def _edu(kind: str, content: Callable[[World, str], Event], sign: Callable[[World, str], Sign]) -> Probe:
    """`content` gets a fresh word; `sign` says what the doctor sees of it."""

    async def probe(world: World) -> bool:
        word = uuid4().hex
        watcher = await watching(world.doctor)
        if not _got_through(await world.raw(PFLEGE).send(edus=({"edu_type": kind, "content": content(world, word)},))):
            await watcher.poll()
            assert not watcher.has(sign(world, word))
            return False
        return await watcher.wait(sign(world, word))

    return probe


async def _message(world: World) -> bool:
    word = uuid4().hex
    watcher = await watching(world.doctor)
    raw = world.raw(PFLEGE)
    event = await raw.event(world.nurse, world.shared, "m.room.message", {"msgtype": "m.text", "body": word})
    return _got_through(await raw.send(pdus=(event,))) and await watcher.wait(says(word))


async def _typing(world: World) -> bool:
    """The nurse types, and stops when it was seen: the doctor's homeserver would show it for half a minute."""

    def edu(_world: World, _word: str, *, typing: bool = True) -> Event:
        return {"room_id": world.shared, "user_id": world.nurse.user_id, "typing": typing}

    if not await _edu("m.typing", edu, lambda w, _: types(w.nurse.user_id))(world):
        return False
    stop = {"edu_type": "m.typing", "content": edu(world, "", typing=False)}
    return _got_through(await world.raw(PFLEGE).send(edus=(stop,)))


async def _device_list(world: World) -> bool:
    """Pflege's own update, once the practice took an empty transaction or refused it."""
    if not _got_through(await world.raw(PFLEGE).send()):
        return False
    watcher = await watching(world.doctor)
    await log_in_again(world.nurse)
    return await update_is_seen(world.nurse, watcher)


async def _invite(world: World) -> bool:
    invitee, raw = await world.new_user(PRAXIS), world.raw(PFLEGE)
    event = await raw.event(
        world.nurse, world.house, "m.room.member", {"membership": "invite"}, state_key=invitee.user_id
    )
    body = {"event": event, "room_version": "10", "invite_room_state": []}
    uri = f"/_matrix/federation/v2/invite/{quote(world.house)}/{quote(raw.event_id(event))}"
    return _got_through(await raw.request("PUT", uri, body))


def _membership(kind: str, room: Callable[[World], str], user_id: Callable[[World], str]) -> Probe:
    """Ask for the template of a membership event, then hand the signed event in."""

    async def probe(world: World) -> bool:
        raw, who, room_id = world.raw(PFLEGE), user_id(world), quote(room(world))
        template = await raw.request("GET", f"{_FEDERATION}/make_{kind}/{room_id}/{quote(who)}?ver=10")
        if not _got_through(template):
            return _got_through(await _send_membership(raw, kind, room_id, {"type": "m.room.member"}))
        return _got_through(await _send_membership(raw, kind, room_id, raw.sign(template.body["event"])))

    return probe


async def _send_membership(raw: RawServer, kind: str, room_id: str, event: Event) -> Answer:
    version = 1 if kind == "knock" else 2
    return await raw.request("PUT", f"/_matrix/federation/v{version}/send_{kind}/{room_id}/$e", event)


def _history(uri: str) -> Probe:
    """A GET about the newest event of the shared room; `uri` has the places {room} and {event}."""

    async def probe(world: World) -> bool:
        path = f"/_matrix/client/v3/rooms/{quote(world.shared)}/messages?dir=b&limit=1"
        event_id = (await world.doctor.request("GET", path)).body["chunk"][0]["event_id"]
        filled = uri.format(room=quote(world.shared), event=quote(event_id))
        return _got_through(await world.raw(PFLEGE).request("GET", _FEDERATION + filled))

    return probe


async def _missing_events(world: World) -> bool:
    body = {"earliest_events": [], "latest_events": [], "limit": 5}
    uri = f"{_FEDERATION}/get_missing_events/{quote(world.shared)}"
    return _got_through(await world.raw(PFLEGE).request("POST", uri, body))


def _media(kind: str) -> Probe:
    async def probe(world: World) -> bool:
        media_id = (await upload(world.doctor)).partition("/")[2]
        return _got_through(await world.raw(PFLEGE).request("GET", f"{_FEDERATION}/media/" + kind.format(media_id)))

    return probe


def _fresh_user(_: World) -> str:
    return f"@fresh-{uuid4().hex[:8]}:{PFLEGE}"


def _unsigned(uri: Callable[[World], Awaitable[str]]) -> Probe:
    """A request that carries no server's signature, so that nobody can say whose it is."""

    async def probe(world: World) -> bool:
        answer = await world.sandbox.homeserver(PRAXIS).request("GET", await uri(world))
        assert answer.status == 200, answer
        return True

    return probe


async def _openid(world: World) -> str:
    path = f"/_matrix/client/v3/user/{quote(world.doctor.user_id)}/openid/request_token"
    token = (await world.doctor.request("POST", path, {})).body["access_token"]
    return f"{_FEDERATION}/openid/userinfo?access_token={token}"


def _constant(uri: str) -> Callable[[World], Awaitable[str]]:
    async def constant(_: World) -> str:
        return uri

    return constant


PROBES: Mapping[str, Probe] = {
    "transaction: message": _message,
    "transaction: typing": _typing,
    "transaction: read receipt": _edu(
        "m.receipt",
        lambda w, word: {w.shared: {"m.read": {w.nurse.user_id: {"data": {"ts": 1}, "event_ids": [f"${word}"]}}}},
        lambda _, word: says(f"${word}"),
    ),
    "transaction: to-device message": _edu(
        "m.direct_to_device",
        lambda w, word: {
            "sender": w.nurse.user_id,
            "type": "m.test",
            "message_id": word,
            "messages": {w.doctor.user_id: {"*": {"word": word}}},
        },
        lambda _, word: says(word),
    ),
    "transaction: device list update": _device_list,
    "invite": _invite,
    "make_join, send_join": _membership("join", lambda w: w.shared, _fresh_user),
    "make_knock, send_knock": _membership("knock", lambda w: w.knockable, _fresh_user),
    "backfill": _history("/backfill/{room}?v={event}&limit=5"),
    "get_missing_events": _missing_events,
    "state": _history("/state/{room}?event_id={event}"),
    "state_ids": _history("/state_ids/{room}?event_id={event}"),
    "event": _history("/event/{event}"),
    "event_auth": _history("/event_auth/{room}/{event}"),
    "timestamp_to_event": _history("/timestamp_to_event/{room}?ts=0&dir=f"),
    "hierarchy": _history("/hierarchy/{room}"),
    "keys/query": _request(
        "POST", lambda _: f"{_FEDERATION}/user/keys/query", lambda w: {"device_keys": {w.colleague.user_id: []}}
    ),
    "keys/claim": _request(
        "POST",
        lambda _: f"{_FEDERATION}/user/keys/claim",
        lambda w: {"one_time_keys": {w.colleague.user_id: {"none": "signed_curve25519"}}},
    ),
    "user/devices": _request("GET", lambda w: f"{_FEDERATION}/user/devices/{quote(w.doctor.user_id)}"),
    "profile": _request("GET", lambda w: f"{_FEDERATION}/query/profile?user_id={quote(w.doctor.user_id)}"),
    "room alias": _request("GET", lambda _: f"{_FEDERATION}/query/directory?room_alias={quote('#offen:' + PRAXIS)}"),
    "publicRooms": _request("GET", lambda _: f"{_FEDERATION}/publicRooms"),
    "version": _request("GET", lambda _: f"{_FEDERATION}/version"),
    "media download": _media("download/{}"),
    "media thumbnail": _media("thumbnail/{}?width=1&height=1"),
}
"""Signed requests."""

UNSIGNED: Mapping[str, Probe] = {
    "openid/userinfo with a user's token (unsigned)": _unsigned(_openid),
    "the server's own keys (unsigned)": _unsigned(_constant("/_matrix/key/v2/server")),
    "notary: keys of the other server, cached (unsigned)": _unsigned(_constant(f"/_matrix/key/v2/query/{PFLEGE}")),
    "well-known (unsigned)": _unsigned(_constant("/.well-known/matrix/server")),
}
"""Requests that no server signs: the gate cannot know who asks, and lets them pass."""
