"""Rooms that the bot makes and closes: once, also if the answer of the homeserver was lost."""

from typing import Any

import pytest

from tim_bots import temporary_rooms
from tim_bots.matrix_http import RequestFailed
from tim_bots.temporary_rooms import empty_room, find_room, make_room


class Homeserver:
    """Answers as a homeserver does, and remembers."""

    user_id = "@bot:a.test"

    def __init__(self) -> None:
        self.marks: dict[str, str] = {"!other:a.test": ""}
        self.members = {"@bot:a.test": "join", "@anna:a.test": "join", "@weber:a.test": "invite", "@ex:a.test": "leave"}
        self.kicked: list[str] = []
        self.status = 200

    async def call(self, _client: Any, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        if self.status != 200:
            return self.status, {"errcode": "M_X"}
        if path.endswith("/joined_rooms"):
            return 200, {"joined_rooms": list(self.marks)}
        if path.endswith("/createRoom"):
            assert body["preset"] == "private_chat"
            room_id = f"!new{len(self.marks)}:a.test"
            (mark,) = [one["content"]["mark"] for one in body["initial_state"] if one["type"] == "de.tim_suite.purpose"]
            assert "m.room.encryption" in {one["type"] for one in body["initial_state"]}
            self.marks[room_id] = mark
            return 200, {"room_id": room_id}
        if path.endswith("/members"):
            events = [{"state_key": u, "content": {"membership": m}} for u, m in self.members.items()]
            return 200, {"chunk": events}
        if path.endswith("/kick"):
            self.kicked.append(body["user_id"])
            return 200, {}
        assert method == "GET"
        mark = self.marks["!" + path.partition("%21")[2].partition("/")[0].replace("%3A", ":")]
        return (200, {"mark": mark}) if mark else (404, {"errcode": "M_NOT_FOUND"})

    async def demand(self, client: Any, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = await self.call(client, method, path, body)
        if status != 200:
            raise RequestFailed(status, answer["errcode"])
        return answer


@pytest.fixture
def homeserver(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Homeserver()
    monkeypatch.setattr(temporary_rooms, "call", made.call)
    monkeypatch.setattr(temporary_rooms, "demand", made.demand)
    return made


async def test_a_room_whose_answer_was_lost_is_found_again(homeserver: Any) -> None:
    assert await find_room(homeserver, "tim-1") is None
    room_id = await make_room(homeserver, "Gespräch zu Anfrage 1", "tim-1")
    assert await find_room(homeserver, "tim-1") == room_id
    assert await find_room(homeserver, "tim-2") is None


async def test_everybody_is_removed_and_nobody_who_is_gone(homeserver: Any) -> None:
    await empty_room(homeserver, "!r:a.test")
    assert homeserver.kicked == ["@anna:a.test", "@weber:a.test"]


@pytest.mark.parametrize(("status", "is_over"), [(403, True), (404, True), (500, False), (429, False)])
async def test_a_room_that_the_bot_left_is_closed(homeserver: Any, status: int, *, is_over: bool) -> None:
    homeserver.status = status
    if is_over:
        await empty_room(homeserver, "!r:a.test")
    else:
        with pytest.raises(RequestFailed):
            await empty_room(homeserver, "!r:a.test")
