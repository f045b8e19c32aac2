"""Reactions, threads and redactions over HTTP, for every profile, as one process and on workers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.rulebook.events import CLIENT, is_redacted, make_older, react, redact, refusal, send, sent
from tests.synapse.matrix import invite, new_room, say, sees, set_permission
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
PRAXIS, PFLEGE = "praxis.tim.test", "pflege.tim.test"
OF_1_2 = ("praxis.tim.test", "kasse.tim.test")
OF_1_1 = ("alte-praxis.tim.test", "alte-kasse.tim.test")
BAD_JSON = (400, "M_BAD_JSON")
NO_THREAD = (400, "M_FORBIDDEN")
TOO_LATE = (403, "M_FORBIDDEN")


async def join(user: MatrixUser, room_id: str) -> None:
    answer = await user.request("POST", f"{CLIENT}/join/{quote(room_id)}", {})
    assert answer.status == 200, answer


async def shared_room(host: MatrixUser, guest: MatrixUser) -> str:
    room_id = await new_room(host)
    assert (await invite(host, room_id, guest.user_id)).status == 200
    await join(guest, room_id)
    return room_id


@pytest.mark.requirement("A_26228-01")
@pytest.mark.parametrize("server_name", [*OF_1_2, *OF_1_1])
async def test_a_reaction_is_one_emoji(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    event_id = await say(user, room_id, "Guten Tag")
    for key in ("👍", "👍\ufe0f", "👩🏽\u200d⚕\ufe0f", "1\ufe0f\u20e3", "🇩🇪"):
        assert (await react(user, room_id, event_id, key)).status == 200
    bad: list[Any] = ["1", "ok", "", " ", "👍👎", "👍 ok", "\ufe0f", "👍" * 10_000, None, 7, ["👍"], {}]
    for no_key in bad:
        assert refusal(await react(user, room_id, event_id, no_key)) == BAD_JSON, no_key


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"m.relates_to": None},
        {"m.relates_to": "👍"},
        {"m.relates_to": {"key": "👍"}},
        {"m.relates_to": {"rel_type": "m.reference", "event_id": "$x", "key": "👍"}},
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": ["$x"], "key": "👍"}},
    ],
)
async def test_a_malformed_reaction_is_bad_json(new_user: NewUser, content: Any) -> None:
    user = await new_user(PRAXIS)
    assert refusal(await send(user, await new_room(user), "m.reaction", content)) == BAD_JSON


async def test_a_reaction_as_state_event_is_judged_too(new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    path = f"{CLIENT}/rooms/{quote(await new_room(user))}/state/m.reaction/x"
    assert refusal(await user.request("PUT", path, {})) == BAD_JSON


@pytest.mark.requirement("A_25395-02")
@pytest.mark.parametrize("server_name", [*OF_1_2, *OF_1_1])
async def test_there_are_no_threads(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    thread = {"rel_type": "m.thread", "event_id": await say(user, room_id, "Guten Tag"), "is_falling_back": True}
    plain = {"msgtype": "m.text", "body": "x", "m.relates_to": thread}
    secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y", "m.relates_to": thread}
    assert refusal(await send(user, room_id, "m.room.message", plain)) == NO_THREAD
    assert refusal(await send(user, room_id, "m.room.encrypted", secret)) == NO_THREAD
    assert refusal(await send(user, room_id, "de.gematik.fhir", {"m.relates_to": thread})) == NO_THREAD
    unreadable = plain | {"m.relates_to": ["m.thread"]}
    assert refusal(await send(user, room_id, "m.room.message", unreadable)) == BAD_JSON


@pytest.mark.requirement("A_25577-01")
async def test_everything_else_passes(new_user: NewUser) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    room_id = await shared_room(doctor, nurse)
    event_id = await say(doctor, room_id, "Guten Tag")
    for msgtype in ("text", "emote", "notice", "file", "image", "audio", "video", "location"):
        await sent(doctor, room_id, "m.room.message", {"msgtype": f"m.{msgtype}", "body": msgtype})
    new = {"msgtype": "m.text", "body": ""}
    edit = {"msgtype": "m.text", "body": "* ", "m.new_content": new}
    empty = await sent(
        doctor, room_id, "m.room.message", edit | {"m.relates_to": {"rel_type": "m.replace", "event_id": event_id}}
    )
    reply = {"msgtype": "m.text", "body": "ja", "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}
    await sent(nurse, room_id, "m.room.message", reply)
    await sent(doctor, room_id, "de.wald-krankenhaus.befund", {"de.gematik.text": [{"body": "x"}]})
    await sent(doctor, room_id, "org.matrix.msc3381.poll.start", {"m.text": "?"})
    await sees(nurse, room_id, empty)


@pytest.mark.requirement("A_28358")
@pytest.mark.parametrize("server_name", OF_1_2)
async def test_after_a_day_nobody_redacts(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    young, old = await say(user, room_id, "jung"), await say(user, room_id, "alt")
    make_older(rulebook, server_name, young, received_h=23)
    make_older(rulebook, server_name, old, received_h=25)
    assert (await redact(user, room_id, young)).status == 200
    assert refusal(await redact(user, room_id, old)) == TOO_LATE
    by_post = f"{CLIENT}/rooms/{quote(room_id)}/redact/{quote(old)}"
    assert refusal(await user.request("POST", by_post, {})) == TOO_LATE
    assert await is_redacted(user, room_id, young)
    assert not await is_redacted(user, room_id, old)


@pytest.mark.parametrize("server_name", OF_1_1)
async def test_1_1_knows_no_such_limit(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    event_id = await say(user, room_id, "alt")
    make_older(rulebook, server_name, event_id, received_h=1000, said_h=1000)
    assert (await redact(user, room_id, event_id)).status == 200


async def test_our_clock_counts_for_our_events(rulebook: Sandbox, new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    room_id = await new_room(user)
    event_id = await say(user, room_id, "vordatiert")
    make_older(rulebook, PRAXIS, event_id, said_h=25)
    assert (await redact(user, room_id, event_id)).status == 200


async def test_an_unknown_event_is_not_redacted(new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    assert refusal(await redact(user, await new_room(user), "$" + "A" * 43)) == TOO_LATE


@pytest.mark.requirement("A_28358")
async def test_a_moderator_is_not_exempt(rulebook: Sandbox, new_user: NewUser) -> None:
    """Neither with events of another server, whichever of its two times is older."""
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    room_id = await shared_room(doctor, nurse)
    events = [await say(nurse, room_id, text) for text in ("jung", "spät gekommen", "vordatiert")]
    for event_id in events:
        await sees(doctor, room_id, event_id)
    young, late, ahead = events
    make_older(rulebook, PRAXIS, late, said_h=25)
    make_older(rulebook, PRAXIS, ahead, received_h=25, said_h=-1000)
    assert refusal(await redact(doctor, room_id, late)) == TOO_LATE
    assert refusal(await redact(doctor, room_id, ahead)) == TOO_LATE
    assert (await redact(doctor, room_id, young)).status == 200


async def test_a_server_admin_is_not_exempt(rulebook: Sandbox, new_user: NewUser) -> None:
    """The admin API, which redacts everything of a user, says of which events it did not."""
    user = await new_user(PRAXIS)
    admin = await rulebook.homeserver(PRAXIS).new_user(f"admin-{user.user_id[6:18]}", "password", is_admin=True)
    room_id = await new_room(user)
    young, old = await say(user, room_id, "jung"), await say(user, room_id, "alt")
    make_older(rulebook, PRAXIS, old, received_h=25)
    path = f"/_synapse/admin/v1/user/{quote(user.user_id)}/redact"
    answer = await admin.request("POST", path, {"rooms": [room_id]})
    assert answer.status == 200, answer
    failed = await finished(admin, answer.body["redact_id"])
    assert old in failed
    assert young not in failed
    assert await is_redacted(user, room_id, young)
    assert not await is_redacted(user, room_id, old)


async def finished(admin: MatrixUser, redact_id: str) -> dict[str, str]:
    """Wait for the admin API; the events that it could not redact."""
    async with asyncio.timeout(30):
        while True:
            answer = await admin.request("GET", f"/_synapse/admin/v1/user/redact_status/{redact_id}")
            if answer.body.get("status") in {"complete", "failed"}:
                return dict(answer.body.get("failed_redactions", {}))
            await asyncio.sleep(0.1)


async def test_what_another_server_lets_through_is_accepted_and_counted(rulebook: Sandbox, new_user: NewUser) -> None:
    """A practice on 1.1 redacts late; the one on 1.2 follows, since a room must not fall apart."""
    old, new = await new_user("alte-praxis.tim.test"), await new_user(PRAXIS)
    await set_permission(old, {"defaultSetting": "allow all"})
    room_id = await shared_room(new, old)
    event_id = await say(old, room_id, "alt")
    await sees(new, room_id, event_id)
    for server_name in ("alte-praxis.tim.test", PRAXIS):
        make_older(rulebook, server_name, event_id, received_h=25, said_h=25)
    before = await remote_events(rulebook, "event_redaction_age")
    answer = await redact(old, room_id, event_id)
    assert answer.status == 200
    await sees(new, room_id, answer.body["event_id"])
    assert await is_redacted(new, room_id, event_id)
    assert await remote_events(rulebook, "event_redaction_age") == before + 1


async def remote_events(sandbox: Sandbox, rule: str) -> float:
    text = await sandbox.homeserver(PRAXIS).metrics()
    name = f'tim_remote_events_total{{rule="{rule}"}} '
    return next((float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name)), 0.0)


async def test_on_workers_too(request: pytest.FixtureRequest, new_user_both: NewUser) -> None:
    user = await new_user_both(PRAXIS)
    room_id = await new_room(user)
    event_id = await say(user, room_id, "Guten Tag")
    assert refusal(await react(user, room_id, event_id, "ok")) == BAD_JSON
    assert (await react(user, room_id, event_id, "👍")).status == 200
    thread = {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.thread", "event_id": event_id}}
    assert refusal(await send(user, room_id, "m.room.message", thread)) == NO_THREAD
    is_on_workers = "workers" in request.node.callspec.id
    sandbox = request.getfixturevalue("worker_federation" if is_on_workers else "rulebook")
    make_older(sandbox, PRAXIS, event_id, received_h=25)
    assert refusal(await redact(user, room_id, event_id)) == TOO_LATE
