"""A Synapse that keeps tokens, or serves its well-known documents, in another way is not started."""

from collections.abc import Callable
from typing import Any

import pytest
from synapse.storage.databases.main.openid import OpenIdStore
from twisted.web.resource import Resource

from tim_policy.errors import ConfigError
from tim_synapse import private_well_known
from tim_synapse.private_openid import OpenIdTokens
from tim_synapse.private_well_known import add_well_known

API: Any = object()
_QUESTION = "SELECT user_id FROM open_id_tokens WHERE token = ? AND ? <= ts_valid_until_ms"


def test_this_synapse_is_known() -> None:
    OpenIdTokens(API)


async def believes_everybody(_self: Any, _token: str, _now: int) -> str:
    return "@a:b"


async def forgets_the_time(self: Any, token: str, _now: int) -> str | None:
    def ask(txn: Any) -> str | None:
        txn.execute("SELECT user_id FROM open_id_tokens WHERE token = ?", (token,))
        rows = txn.fetchall()
        return rows[0][0] if rows else None

    return await self.db_pool.runInteraction("x", ask)  # type: ignore[no-any-return]


async def needs_the_main_process(self: Any, _token: str, _now: int) -> str:
    return str(self.hs.get_openid_handler())


async def answers_a_pair(self: Any, token: str, now: int) -> Any:
    def ask(txn: Any) -> Any:
        txn.execute(_QUESTION, (token, now))
        return txn.fetchall()

    return await self.db_pool.runInteraction("x", ask)


@pytest.mark.parametrize("other", [believes_everybody, forgets_the_time, needs_the_main_process, answers_a_pair])
def test_another_way_of_keeping_tokens_is_noticed(monkeypatch: pytest.MonkeyPatch, other: Callable[..., Any]) -> None:
    monkeypatch.setattr(OpenIdStore, "get_user_id_for_open_id_token", other)
    with pytest.raises(ConfigError, match="OpenID tokens in another way"):
        OpenIdTokens(API)


class Hs:
    """Stands for the module interface and for the homeserver behind it."""

    def __init__(self) -> None:
        self._hs = self
        self.registered: dict[str, Resource] = {}

    def register_web_resource(self, path: str, resource: Resource) -> None:
        self.registered[path] = resource


def tree(*names: bytes) -> Resource:
    make: Any = Resource
    root, matrix = make(), make()
    root.putChild(b"matrix", matrix)
    for name in names:
        matrix.putChild(name, make())
    return root  # type: ignore[no-any-return] # Twisted


@pytest.mark.parametrize("names", [(), (b"client",), (b"client", b"server", b"support")])
def test_other_documents_of_synapse_are_noticed(monkeypatch: pytest.MonkeyPatch, names: tuple[bytes, ...]) -> None:
    monkeypatch.setattr(private_well_known, "well_known_resource", lambda _hs: tree(*names))
    api: Any = Hs()
    with pytest.raises(ConfigError, match="in another way"):
        add_well_known(api, "support", Resource())  # type: ignore[no-untyped-call]
    assert api.registered == {}
