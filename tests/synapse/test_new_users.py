"""What the callbacks about new users do when something is wrong, and with accounts from before the module."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.synapse.database import Database
from tim_policy.profile import ProfileName, shipped_profile
from tim_synapse.new_users import NewUsers

USER = "@anna:praxis.test"
TABLES = (
    "CREATE TABLE account_data (user_id TEXT, account_data_type TEXT, stream_id BIGINT, content TEXT)",
    "CREATE TABLE devices (user_id TEXT, device_id TEXT, hidden BOOLEAN)",
)


class Api:
    """The part of the module interface that is used, on a database with nothing but two of Synapse's tables."""

    server_name = "praxis.test"

    def __init__(self, database: Database) -> None:
        self.run_db_interaction = database.run_db_interaction
        self.account_data_manager = self
        self.written: list[tuple[str, str, Any]] = []
        self.is_broken = False

    async def put_global(self, user_id: str, data_type: str, content: Any) -> None:
        if self.is_broken:
            raise RuntimeError(f"cannot write for {user_id}")
        self.written.append((user_id, data_type, content))


def callbacks(api: Api) -> NewUsers:
    return NewUsers(api, shipped_profile(ProfileName.EPA_1_2))  # type: ignore[arg-type] # see Api


async def prepared(database: Database, *, devices: Sequence[bool] = (), stored: str | None = None) -> Api:
    """A user with devices (each hidden or not) and, if one is named, account data of that type."""

    def run(txn: Any) -> None:
        for statement in TABLES:
            txn.execute(statement)
        for hidden in devices:
            txn.execute("INSERT INTO devices VALUES (?, ?, ?)", (USER, "A", hidden))
        if stored is not None:
            txn.execute("INSERT INTO account_data VALUES (?, ?, 1, '{}')", (USER, stored))

    await database.run_db_interaction("prepare", run)
    return Api(database)


EXPECTED = (USER, "de.gematik.tim.account.permissionconfig.epa.v1", {"defaultSetting": "allow all"})


async def test_an_account_from_before_the_module_gets_it_with_its_only_device(database: Database) -> None:
    api = await prepared(database, devices=[False, True])  # the second is the key of cross-signing
    await callbacks(api).on_user_login(USER, "m.login.password", None)
    assert api.written == [EXPECTED]


async def test_another_device_may_be_storing_one_just_now(database: Database) -> None:
    api = await prepared(database, devices=[False, False])
    await callbacks(api).on_user_login(USER, "m.login.password", None)
    assert api.written == []


@pytest.mark.parametrize("data_type", ["epa.v1", "v1"])
async def test_what_is_stored_stays(database: Database, data_type: str) -> None:
    api = await prepared(database, stored=f"de.gematik.tim.account.permissionconfig.{data_type}")
    await callbacks(api).on_user_registration(USER)
    assert api.written == []


async def test_a_failed_write_keeps_nobody_from_logging_in(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    api = await prepared(database)
    api.is_broken = True
    await callbacks(api).on_user_registration(USER)
    await callbacks(Api(database)).on_user_login(USER, None, None)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "tim_synapse.new_users"]
    assert line == "component=new_users error=RuntimeError; a new user has no permission config"
