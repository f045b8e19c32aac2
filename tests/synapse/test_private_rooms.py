"""The judges of upgrades, listings and joins: asked first, refusing when they fail, and missed when Synapse changed."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from synapse.module_api.errors import SynapseError

from tim_policy.errors import ConfigError
from tim_synapse.private_rooms import judge_listings, judge_remote_joins, judge_upgrades


class Handler:
    """Stands for Synapse's handlers; keeps what was carried out."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def upgrade_room(self, requester: Any, old_room_id: str, new_version: Any, *_: Any, **__: Any) -> str:
        self.done.append(f"upgrade {requester} {old_room_id} {new_version.identifier}")
        return "!new"

    async def edit_published_room_list(self, requester: Any, room_id: str, visibility: str) -> None:
        self.done.append(f"list {requester} {room_id} {visibility}")

    async def do_invite_join(self, target_hosts: Any, room_id: str, joinee: str, content: Any) -> None:
        self.done.append(f"join {target_hosts} {room_id} {joinee} {content}")


class OtherHandler:
    """A Synapse that does all three differently."""

    async def upgrade_room(self, room_id: str) -> None: ...

    async def edit_published_room_list(self, room_id: str) -> None: ...

    async def do_invite_join(self, room_id: str) -> None: ...


def api_of(handler: Any) -> Any:
    getters = ("get_room_creation_handler", "get_directory_handler", "get_federation_handler")
    return SimpleNamespace(_hs=SimpleNamespace(**dict.fromkeys(getters, lambda: handler)))


V10 = SimpleNamespace(identifier="10")
Hook = tuple[Callable[..., None], Callable[[Handler], Awaitable[Any]], tuple[str, ...], str]
HOOKS: list[Hook] = [
    (judge_upgrades, lambda h: h.upgrade_room("me", "!old", V10, None), ("me", "!old", "10"), "upgrade me !old 10"),
    (
        judge_listings,
        lambda h: h.edit_published_room_list(requester="me", room_id="!a", visibility="public"),
        ("!a", "public"),
        "list me !a public",
    ),
    (judge_remote_joins, lambda h: h.do_invite_join(["b"], "!a", "me", {}), ("me", "!a"), "join ['b'] !a me {}"),
]


@pytest.mark.parametrize(("hook", "do", "arguments", "done"), HOOKS)
async def test_the_judge_is_asked_first(hook: Any, do: Any, arguments: tuple[str, ...], done: str) -> None:
    handler, asked = Handler(), []

    async def judge(*said: str) -> None:
        assert handler.done == []
        asked.append(said)

    hook(api_of(handler), judge)
    await do(handler)
    assert asked == [arguments]
    assert handler.done == [done]


@pytest.mark.parametrize(("hook", "do", "arguments", "done"), HOOKS)
@pytest.mark.parametrize("error", [SynapseError(400, "no", "M_BAD_JSON"), RuntimeError("broken")])
async def test_a_judge_that_refuses_or_fails_stops_it(
    hook: Any, do: Any, arguments: tuple[str, ...], done: str, error: Exception
) -> None:
    handler = Handler()

    async def judge(*_: str) -> None:
        raise error

    hook(api_of(handler), judge)
    with pytest.raises(SynapseError) as caught:
        await do(handler)
    assert caught.value.code == (400 if isinstance(error, SynapseError) else 403)
    assert handler.done == [], (arguments, done)


@pytest.mark.parametrize("hook", [judge_upgrades, judge_listings, judge_remote_joins])
@pytest.mark.parametrize("handler", [OtherHandler(), SimpleNamespace()])
def test_another_synapse_is_not_started(hook: Any, handler: Any) -> None:
    async def judge(*_: str) -> None: ...

    with pytest.raises(ConfigError, match="use a tested version"):
        hook(api_of(handler), judge)
