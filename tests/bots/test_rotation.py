"""`tim bot rotate-key`: a new key, nothing lost, wherever it is interrupted."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from tests.bots.conftest import write_config
from tim_bots import rotation
from tim_bots.cipher import Cipher, SealBroken, read_key_file
from tim_bots.config import BotConfig, load_config
from tim_bots.database import metadata, sealed_columns
from tim_bots.inbox import Arrival, Kind, State
from tim_bots.outbox import Action
from tim_bots.queues import Queues
from tim_bots.rotation import rotate_key_file
from tim_bots.state import open_state
from tim_policy.errors import ConfigError

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAID = {"sender": "@anna:a.test", "kind": "text", "text": "Kanarienvogel"}


@pytest.fixture
def config(tmp_path: Path) -> BotConfig:
    config = load_config(write_config(tmp_path / "bot", "http://127.0.0.1:9", "@bot:a.test", 8080))
    with open_state(config) as state, state.engine.begin() as connection:
        queues = Queues.of(state.cipher)
        for number in range(3):
            arrival = Arrival(f"$e{number}", "!a:a.test", Kind.MESSAGE, State.READY, SAID)
            queues.inbox.add(connection, arrival, NOW)
        queues.inbox.finish(connection, 3)
        queues.outbox.add(connection, "!a:a.test", "t", Action.SEND_ENCRYPTED, SAID)
        queues.timers.set(connection, "!a:a.test", "reminder", NOW, SAID)
    return config


def assert_all_is_there(config: BotConfig) -> Cipher:
    with open_state(config) as state, state.engine.begin() as connection:
        queues = Queues.of(state.cipher)
        entries = queues.inbox.in_state(connection, [State.READY], Kind.MESSAGE)
        task = queues.outbox.next_task(connection, "!a:a.test")
        assert [entry.content for entry in entries] == [SAID, SAID]
        assert task is not None
        assert task.content == SAID
        assert queues.timers.fire(connection, NOW) == 1
        connection.rollback()
        return state.cipher


def sealed_values(config: BotConfig) -> set[bytes]:
    with open_state(config) as state, state.engine.begin() as connection:
        return {
            value
            for table in metadata.sorted_tables
            if not table.name.startswith("test_")
            for column in sealed_columns(table)
            for value in connection.scalars(select(column).where(column.is_not(None)))
        }


def test_everything_is_sealed_anew_and_keyed_hashes_stay(config: BotConfig) -> None:
    before, cipher, old_key = sealed_values(config), assert_all_is_there(config), read_key_file(config.key_file)
    said = rotate_key_file(config)
    assert said.startswith("4 values sealed anew")
    assert read_key_file(config.key_file) != old_key
    assert not before & sealed_values(config)
    assert assert_all_is_there(config).derive("lookup") == cipher.derive("lookup")
    assert not config.key_file.with_name("key.new").exists()


def test_the_old_key_opens_nothing_any_more(config: BotConfig) -> None:
    rotate_key_file(config)
    old = config.model_copy(update={"key_file": config.key_file.with_name("key.old")})
    with pytest.raises(SealBroken), open_state(old):
        pass


def test_a_power_cut_after_the_database_is_mended_by_running_it_again(
    config: BotConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: Path) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_replace", power_cut)
        with pytest.raises(OSError):
            rotate_key_file(config)
    with pytest.raises(SealBroken), open_state(config):
        pass
    assert rotate_key_file(config).startswith("0 values sealed anew")
    assert_all_is_there(config)


def test_a_key_of_the_operator_is_used_and_left_where_it_is(config: BotConfig, tmp_path: Path) -> None:
    other = load_config(write_config(tmp_path / "other", "http://127.0.0.1:9", "@bot:a.test", 8080)).key_file
    assert "put" in rotate_key_file(config, other)
    assert_all_is_there(config.model_copy(update={"key_file": other}))


def test_a_broken_value_stops_it_and_changes_nothing(config: BotConfig) -> None:
    table = metadata.tables["inbox"]
    with open_state(config) as state, state.engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == 2).values(content=b"broken"))
    before = sealed_values(config)
    with pytest.raises(SealBroken):
        rotate_key_file(config)
    assert sealed_values(config) == before


def test_it_is_not_done_beside_the_running_bot(config: BotConfig) -> None:
    with open_state(config), pytest.raises(Exception, match="in use by another process"):
        rotate_key_file(config)


def test_without_a_readable_key_nothing_begins(config: BotConfig) -> None:
    config.key_file.write_text("no key")
    with pytest.raises(ConfigError):
        rotate_key_file(config)


def test_no_column_of_bytes_is_forgotten() -> None:
    assert isinstance(metadata.tables["timer"].c.payload.type, LargeBinary)
    assert [column.name for column in sealed_columns(metadata.tables["timer"])] == ["payload"]


def test_the_command_knows_every_table_of_the_database(tmp_path: Path) -> None:
    """In a process of its own: here, other tests have imported everything."""
    script = (
        "import sys; from pathlib import Path; import tim_bots.rotation;"
        "from sqlalchemy import inspect; from tim_bots.database import metadata, open_engine;"
        "tables = inspect(open_engine(Path(sys.argv[1]))).get_table_names();"
        "print(set(tables) - metadata.tables.keys())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "bot.db")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "{'alembic_version'}"
