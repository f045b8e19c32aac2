"""Whose OpenID token a request carries: read at 1.163.2, tried at every start.

Synapse answers that question to other servers only (`/_matrix/federation/v1/openid/userinfo`), and only in the main
process; its query works in every process, since all share one database. `tim_synapse.private` says what this file may
do and why.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

from collections.abc import Callable
from typing import Any

from synapse.module_api import ModuleApi
from synapse.storage.databases.main.openid import OpenIdStore

from tim_policy.errors import ConfigError


class OpenIdTokens:
    """The OpenID tokens that this homeserver gave to its users.

    Args:
        api: Synapse's module interface.

    Raises:
        ConfigError: this Synapse keeps them in another way; it is not started.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        if not _asks_the_database():
            raise ConfigError("this Synapse keeps OpenID tokens in another way; use a tested version")

    async def owner(self, token: str) -> str | None:
        """User id of whoever was given the token; None when it is unknown or has expired."""
        now = self._api.get_current_time_msec()
        return await OpenIdStore.get_user_id_for_open_id_token(self._api._store, token, now)  # type: ignore[arg-type] # a worker's store has the same database


class _Recorder:
    """Stands for a store, its pool and its cursor; `row` is what the database finds."""

    def __init__(self, row: tuple[str] | None) -> None:
        self.db_pool = self
        self.asked: tuple[Any, ...] = ()
        self._rows = [] if row is None else [row]

    async def runInteraction(self, _desc: str, function: Callable[..., Any]) -> Any:  # noqa: N802 - Synapse's name
        return function(self)

    def execute(self, sql: str, parameters: tuple[Any, ...]) -> None:
        self.asked = (sql, *parameters)

    def fetchall(self) -> list[tuple[str]]:
        return self._rows


def _asks_the_database() -> bool:
    """Whether Synapse's query needs nothing but a database, asks for token and time, and believes the answer."""
    answers = []
    for row in (("@a:b",), None):
        recorder = _Recorder(row)
        question = OpenIdStore.get_user_id_for_open_id_token(recorder, "token", 7)  # type: ignore[arg-type] # a stub
        try:
            question.send(None)
        except StopIteration as end:
            answers.append((end.value, recorder.asked[1:]))
        except Exception:  # noqa: BLE001 - whatever it does instead
            return False
        finally:
            question.close()
        if "ts_valid_until_ms" not in str(recorder.asked[:1]):
            return False
    return answers == [("@a:b", ("token", 7)), (None, ("token", 7))]
