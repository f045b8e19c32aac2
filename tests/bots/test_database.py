"""The state directory and the database in it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tim_bots.database import lock_state_dir, open_engine, prepare_state_dir
from tim_bots.schema import StateUnusable


def test_the_state_directory_is_private(tmp_path: Path) -> None:
    state_dir = tmp_path / "bots" / "state"
    prepare_state_dir(state_dir)
    prepare_state_dir(state_dir)
    assert state_dir.stat().st_mode & 0o777 == 0o700


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateUnusable, match="state_dir: cannot use"):
        prepare_state_dir(tmp_path / "state")


def test_only_one_process_holds_the_state_directory(tmp_path: Path) -> None:
    lock_state_dir(tmp_path)
    with pytest.raises(StateUnusable, match="in use by another process"):
        lock_state_dir(tmp_path)


def test_a_commit_is_on_the_disk_and_rows_keep_their_promises(tmp_path: Path) -> None:
    with open_engine(tmp_path / "bot.db").connect() as connection:
        pragmas = [
            connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
