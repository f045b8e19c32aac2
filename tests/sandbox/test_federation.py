"""Stock homeservers and the stand-in VZD, as child processes on loopback."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tim_sandbox.errors import PartFailed
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.members import PRAXIS
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]


async def test_a_message_crosses_from_one_member_to_another_over_verified_tls(new_user: NewUser) -> None:
    nurse = await new_user("pflege.tim.test")
    doctor = await new_user("praxis.tim.test")
    room_id = await _room_with(nurse, doctor)
    joined = await doctor.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}", {})
    assert joined.status == 200, joined

    sent = await nurse.request(
        "PUT",
        f"/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message/1",
        {"msgtype": "m.text", "body": "Guten Tag"},
    )
    assert sent.status == 200, sent
    assert await _received(doctor, room_id, sent.body["event_id"]) == "Guten Tag"


async def test_members_reach_each_other_through_the_proxy(federation: Sandbox, new_user: NewUser) -> None:
    nurse = await new_user("pflege.tim.test")
    await _room_with(nurse, await new_user("praxis.tim.test"))
    lines = [json.loads(line) for line in federation.layout.wire_tap.read_text().splitlines()]
    assert {line["destination"] for line in lines if line["allowed"]} >= {"praxis.tim.test:443"}


async def test_a_member_follows_when_the_list_changes(federation: Sandbox) -> None:
    before = await federation.homeserver("praxis.tim.test").list_version()
    new = {"domain": "neu.tim.test", "telematikID": "1-20-SANDBOX-NEU", "isInsurance": False}
    await federation.vzd.add_domain(new)
    try:
        await federation.vzd.change_domain({**new, "telematikID": "1-20-SANDBOX-NEU-2"})
        assert "neu.tim.test" in {domain["domain"] for domain in await federation.vzd.domains()}
        await federation.list_adopted()
        assert await federation.homeserver("praxis.tim.test").list_version() == before + 2
    finally:
        await federation.vzd.remove_domain("neu.tim.test")
        await federation.list_adopted()


@pytest.mark.parametrize("file", ["state.json", "pki/signer.key", "vzd/config.json", "vzd/federation.json"])
async def test_secrets_are_readable_by_their_owner_only(federation: Sandbox, file: str) -> None:
    assert (federation.layout.directory / file).stat().st_mode & 0o777 == 0o600


async def _room_with(creator: MatrixUser, invitee: MatrixUser) -> str:
    created = await creator.request(
        "POST",
        "/_matrix/client/v3/createRoom",
        {"preset": "trusted_private_chat", "invite": [invitee.user_id]},
    )
    assert created.status == 200, created
    return str(created.body["room_id"])


async def _received(user: MatrixUser, room_id: str, event_id: str) -> str:
    """The body of the message, waiting for it in long-poll syncs."""
    since = ""
    while True:
        answer = await user.request("GET", f"/_matrix/client/v3/sync?timeout=10000{since}")
        assert answer.status == 200, answer
        events = answer.body.get("rooms", {}).get("join", {}).get(room_id, {}).get("timeline", {}).get("events", [])
        for event in events:
            if event["event_id"] == event_id:
                return str(event["content"]["body"])
        assert since == "" or answer.body["next_batch"] not in since, "the message never came"
        since = f"&since={quote(answer.body['next_batch'])}"


async def test_a_homeserver_that_does_not_start_says_why_in_one_line(
    tmp_path: Path, new_base_port: Callable[[], int]
) -> None:
    typo = {"module": "tim_synapse.TimModule", "config": {"produkt": "pro"}}
    plan = Plan(
        tmp_path / "sandbox",
        new_base_port(),
        members=(PRAXIS,),
        with_bot=False,
        extra={"praxis.tim.test": {"modules": [typo]}},
    )
    with pytest.raises(PartFailed) as failure:
        async with running_sandbox(plan):
            pass
    assert str(failure.value).startswith("praxis.tim.test: ended with code 1; last line of ")
    assert "produkt" in str(failure.value)
    assert "\n" not in str(failure.value)


class Fault(Exception):
    pass


async def test_work_in_a_sandbox_ends_by_itself_or_with_its_own_error(federation: Sandbox) -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async def fail() -> None:
        raise Fault

    await federation.until_failure(work())
    assert done.is_set()
    with pytest.raises(Fault):
        await federation.until_failure(fail())
