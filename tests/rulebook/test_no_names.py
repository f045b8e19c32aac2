"""No refusal puts a person, a room or a word of hers into a log line or a metric."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.rulebook.canary import BIRD, leaks, leaks_in_log, leaks_in_metrics
from tests.synapse.matrix import create_room, invite, new_room, set_permission
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
_CLIENT = "/_matrix/client/v3"
_DENIED = re.compile(r'^tim_decisions_total\{[^}]*decision="deny"[^}]*\} (\S+)$', re.MULTILINE)


@pytest.mark.parametrize("server_name", ["praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test"])
async def test_refusals_name_nobody(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    before = await _denied(rulebook, server_name)
    user, blocker = await new_user(server_name), await new_user("praxis.tim.test")
    await set_permission(blocker, {"defaultSetting": "block all", "userExceptions": {f"@{BIRD}:x": {}}})
    answers = [
        await create_room(user, name=BIRD, invite=[f"@{BIRD}:fremd.test"]),
        await create_room(user, name=BIRD, topic=BIRD, invite=[blocker.user_id]),
        await create_room(user, invite=[BIRD]),
        await create_room(user, invite={BIRD: BIRD}),
        await create_room(user, invite_3pid=[{"medium": "email", "address": f"{BIRD}@x.de"}]),
        *await _in_a_room(user, blocker),
    ]
    assert {answer.status // 100 for answer in answers} == {4}, answers
    assert await _denied(rulebook, server_name) > before
    assert await leaks(rulebook) == []


async def _in_a_room(user: MatrixUser, blocker: MatrixUser) -> list[Answer]:
    room_id = await new_room(user)
    room = f"{_CLIENT}/rooms/{quote(room_id)}"

    async def put(path: str, content: Any) -> Answer:
        return await user.request("PUT", f"{room}/{path}", content)

    return [
        await invite(user, room_id, blocker.user_id),
        await invite(user, room_id, f"@{BIRD}:fremd.test"),
        await put("send/m.reaction/1", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": BIRD}}),
        await put("send/m.room.message/2", {"body": BIRD, "m.relates_to": {"rel_type": "m.thread", "event_id": "$x"}}),
        await put("state/m.room.third_party_invite/x", {"display_name": BIRD}),
    ]


async def _denied(sandbox: Sandbox, server_name: str) -> float:
    return sum(map(float, _DENIED.findall(await sandbox.homeserver(server_name).metrics())))


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-25 04:00:00,000 INFO tim_synapse.guard: denied @erika:kasse.tim.test",
        "2026-11-25 04:00:00,000 ERROR tim_synapse.guard: !AbCdEfGhIjKl failed",
        f"2026-11-25 04:00:00,000 ERROR tim_synapse.guard: error={BIRD.lower()}",
        "2026-11-25 04:00:00,000 WARNING synapse.module_api: Failed to run module API callback <function f>: no",
    ],
)
def test_a_name_in_a_log_is_found(line: str) -> None:
    assert list(leaks_in_log(line)) == [line]


def test_other_lines_are_left_alone() -> None:
    denied = "INFO tim_synapse.guard: denied action=invite requirement=A_25534 reason=server_not_listed"
    assert not list(leaks_in_log(f"2026-11-25 04:00:00,000 {denied}"))
    assert not list(leaks_in_metrics('tim_decisions_total{action="invite",decision="allow"} 1.0'))
    assert list(leaks_in_metrics('tim_decisions_total{action="@erika:kasse.tim.test"} 1.0'))
