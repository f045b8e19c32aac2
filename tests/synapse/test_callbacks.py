"""A callback that fails has refused: each that the module registers, on a real homeserver."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.synapse.broken_callbacks import PATH, SECRET
from tests.synapse.conftest import LoneServer, running_lone_server
from tests.synapse.matrix import create_room, invite, new_room
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.pki import ListPki
from tim_synapse.callbacks import register

_ROOMS = "/_matrix/client/v3/rooms"


@dataclass
class Broken:
    """A homeserver all of whose callbacks fail, and what happened on it before."""

    server: LoneServer
    callbacks: dict[str, dict[str, Any]]
    rooms: dict[MatrixUser, str]
    colleague: MatrixUser
    open_room_id: str

    @property
    def doctor(self) -> MatrixUser:
        """The first of the two who have a room; the second is a server admin."""
        return next(iter(self.rooms))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broken(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], pki: ListPki
) -> AsyncIterator[Broken]:
    module = {"module": "tests.synapse.broken_callbacks.BrokenCallbacks", "config": {}}
    directory = tmp_path_factory.mktemp("broken")
    async with running_lone_server(directory, new_base_port(), pki, modules=(module,)) as server:
        doctor, admin, colleague = await server.user(), await server.user(is_admin=True), await server.user()
        rooms = {user: await new_room(user) for user in (doctor, admin)}
        open_room_id = await new_room(colleague, preset="public_chat")
        answer = await doctor.request("POST", PATH, {})
        assert answer.status == 200, answer
        yield Broken(server, answer.body, rooms, colleague, open_room_id)


async def test_every_callback_is_closed(broken: Broken) -> None:
    assert broken.callbacks.keys() >= {"on_create_room", "check_event_for_spam", "federated_user_may_invite"}
    assert {name: answer["closed"] for name, answer in broken.callbacks.items()} == dict.fromkeys(
        broken.callbacks, True
    )


async def test_synapse_takes_every_failure_for_a_refusal(broken: Broken) -> None:
    answers = {name: answer["answer"] for name, answer in broken.callbacks.items()}
    assert {name for name, answer in answers.items() if answer not in {"refused", "told"}} == set(), answers


@pytest.mark.parametrize("number", [0, 1], ids=["doctor", "admin"])
async def test_nobody_gets_anything_through(broken: Broken, number: int) -> None:
    user, room_id = list(broken.rooms.items())[number]
    room, text = f"{_ROOMS}/{quote(room_id)}", {"msgtype": "m.text", "body": "Hallo"}
    answers = {
        "create a room": await create_room(user),
        "invite": await invite(user, room_id, broken.colleague.user_id),
        "write": await user.request("PUT", f"{room}/send/m.room.message/1", text),
        "change state": await user.request("PUT", f"{room}/state/m.room.topic", {"topic": "x"}),
        "join": await user.request("POST", f"/_matrix/client/v3/join/{quote(broken.open_room_id)}", {}),
    }
    assert {what: answer.status for what, answer in answers.items()} == dict.fromkeys(answers, 403), answers


async def test_the_directory_shows_nobody(broken: Broken) -> None:
    search = {"search_term": broken.colleague.user_id}
    answer = await broken.doctor.request("POST", "/_matrix/client/v3/user_directory/search", search)
    assert (answer.status, answer.body["results"]) == (200, [])


async def test_the_log_names_the_class_of_the_failure_and_nothing_else(broken: Broken) -> None:
    await create_room(broken.doctor)
    log = broken.server.log.read_text()
    assert "callback failed name=on_create_room error=RuntimeError" in log
    assert SECRET not in log
    assert "Traceback" not in log


def test_an_unknown_callback_is_not_registered() -> None:
    with pytest.raises(KeyError):
        register(lambda **_: None, check_something_new=_nothing)


async def _nothing() -> None: ...
