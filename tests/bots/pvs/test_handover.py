"""The folders: whole files only, in order, no links and no paths, each decision once, every fault with its reason."""

import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.task import Task
from sqlalchemy import Engine, text

from tests.bots.counter.conftest import World, cipher, engine, world
from tests.bots.pvs.test_reading import TASK
from tim_bots.cipher import Cipher
from tim_bots.counter.case import Accept, Decline
from tim_bots.counter.states import State
from tim_bots.database import Database
from tim_bots.outbox import Outbox
from tim_bots.pvs.config import PvsConfig
from tim_bots.pvs.folder import SETTLE_SECONDS, NotAFile, read_file, waiting, write_file
from tim_bots.pvs.gdt import Record, read_record, write_record
from tim_bots.pvs.handover import PvsHandover
from tim_bots.pvs.reading import NUMBER_SYSTEM
from tim_bots.queues import Queues
from tim_policy.errors import ConfigError

__all__ = ["cipher", "engine", "world"]

PDF = b"%PDF-1.7\n...\n%%EOF\n"


class Practice:
    """The practice's software, with its two folders."""

    def __init__(self, base: Path, world: World, engine: Engine, cipher: Cipher, database: Database) -> None:
        self.outgoing, self.incoming = base / "out", base / "in"
        self.world = world
        self._engine, self._cipher = engine, cipher
        for folder in (self.outgoing, self.incoming):
            folder.mkdir(exist_ok=True)
        config = PvsConfig(out_dir=self.outgoing, in_dir=self.incoming, member="weber")
        self.handover = PvsHandover(config, world.counter, database, Queues.of(cipher), cipher, lambda: None)

    def drops(self, name: str, data: bytes, age: float = 10) -> Path:
        file = self.incoming / name
        file.write_bytes(data)
        os.utime(file, (time.time() - age,) * 2)
        return file

    def drops_task(self, name: str, age: float = 10, **change: Any) -> Path:
        return self.drops(name, json.dumps(TASK | change).encode(), age)

    def told(self) -> list[str]:
        """What waits to be said in the counter room about files."""
        outbox = Outbox(self._cipher)
        with self._engine.begin() as connection:
            rows = connection.execute(text("SELECT transaction_id FROM outbox WHERE action = 'send_encrypted'")).all()
            tasks = [outbox.next_task(connection, room) for room in outbox.rooms(connection)]
        return [task.content["body"] for task in tasks if task is not None and "body" in task.content][: len(rows)]

    def errors(self) -> dict[str, str]:
        """Reason files and their text."""
        folder = self.incoming / "error"
        return {file.name: file.read_text() for file in folder.glob("*.grund.txt")} if folder.is_dir() else {}


@pytest.fixture
async def practice(world: World, engine: Engine, cipher: Cipher, tmp_path: Path) -> AsyncIterator[Practice]:
    database = Database(engine)
    yield Practice(tmp_path, world, engine, cipher, database)
    database.close()


def number_17(world: World) -> None:
    """Open cases until there is one with the number of the test files."""
    while world.open() < 17:
        pass


async def test_each_open_request_is_handed_over_once(practice: Practice, world: World) -> None:
    world.open(lines=("Ramipril <5 mg> & mehr",))
    assert await practice.handover.hand_over() == 1
    assert await practice.handover.hand_over() == 0
    names = sorted(file.name for file in practice.outgoing.iterdir())
    assert names == ["anfrage-000001.gdt", "anfrage-000001.json", "anfrage-000001.pdf"]
    task = json.loads((practice.outgoing / names[1]).read_bytes())
    Task.model_validate(task)
    assert task["identifier"][0]["value"] == "1"
    record = read_record((practice.outgoing / names[0]).read_bytes())
    assert (record.first("8410"), record.first("6305"), record.first("6200")) == ("1", names[2], "23112026")
    assert "Ramipril <5 mg> & mehr" in record.every("6227")
    assert (practice.outgoing / names[2]).read_bytes().startswith(b"%PDF-")
    assert {file.stat().st_mode & 0o777 for file in practice.outgoing.iterdir()} == {0o640}


async def test_what_came_back_decides_and_is_put_away(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops_task("a.json", status="rejected", statusReason={"text": "zu früh"})
    assert await practice.handover.take_in() == 1
    assert [(one[1], one[2].key) for one in world.flow.decided] == [(Decline("zu früh"), "weber")]
    assert [file.name for file in (practice.incoming / "done").iterdir()] == ["a.json"]
    assert practice.errors() == {}


async def test_a_document_goes_with_the_record_that_names_it(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops("befund.pdf", PDF)
    practice.drops("r.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "befund.pdf")))))
    await practice.handover.take_in()
    (decision,) = [one[1] for one in world.flow.decided]
    assert isinstance(decision, Accept)
    assert decision.attachment is not None
    assert (decision.attachment.file_name, decision.attachment.data) == ("befund.pdf", PDF)
    assert sorted(file.name for file in (practice.incoming / "done").iterdir()) == ["befund.pdf", "r.gdt"]


async def test_the_same_file_twice_decides_once_also_after_a_crash(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops_task("a.json")
    await practice.handover.take_in()
    practice.drops_task("a.json")  # as if the process had died before it was put away
    practice.drops_task("b.json")
    await practice.handover.take_in()
    assert len(world.flow.decided) == 1
    assert sorted(f.name for f in (practice.incoming / "done").iterdir()) == ["a-2.json", "a.json", "b.json"]
    assert practice.errors() == {}


async def test_files_are_taken_in_the_order_in_which_they_were_written(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops_task("a.json", age=10)
    practice.drops_task("z.json", age=20, status="on-hold", note=[{"text": "zuerst"}])
    practice.drops_task("b.json", age=5)
    await practice.handover.take_in()
    assert [type(one[1]).__name__ for one in world.flow.decided] == ["Ask", "Accept"]


async def test_what_is_still_being_written_waits(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops_task("new.json", age=0)
    practice.drops_task("part.json.part")
    practice.drops_task(".hidden.json")
    assert await practice.handover.take_in() == 0
    assert world.stored(17).standing.state is State.OPEN
    assert waiting(practice.incoming, time.time() + SETTLE_SECONDS + 1) == ["new.json"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("kaputt.json", b'{"resourceType": "Ta', "kein JSON"),
        ("bild.exe", b"MZ", "kenne ich nicht"),
        ("groß.json", b" " * (256 * 1024 + 1), "größer als"),
        ("nummer.json", json.dumps(TASK | {"identifier": [{"system": NUMBER_SYSTEM, "value": "99"}]}).encode(),
         "gibt es nicht"),
        ("grund.json", json.dumps(TASK | {"status": "rejected"}).encode(), "fehlt der Text"),
        ("flow.json", json.dumps(TASK | {"status": "rejected", "note": [{"text": "geht nicht"}]}).encode(),
         "Das geht nicht."),
        ("weg.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "weg.pdf")))), "liegt nicht im Ordner"),
        ("pfad.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "../out/x.pdf")))), "nicht erlaubt"),
        ("wurzel.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "/etc/passwd")))), "nicht erlaubt"),
        ("x" * 150 + ".json", json.dumps(TASK).encode(), "nicht erlaubt"),
        (os.fsdecode(b"kaputt\xff.json"), json.dumps(TASK).encode(), "nicht erlaubt"),
        ("zeile\n.json", json.dumps(TASK).encode(), "nicht erlaubt"),
    ],
)  # fmt: skip
async def test_what_fails_lies_in_error_with_its_reason_and_the_staff_is_told(
    practice: Practice, world: World, name: str, data: bytes, reason: str
) -> None:
    number_17(world)
    practice.drops(name, data)
    await practice.handover.take_in()
    (found,) = practice.errors().values()
    assert reason in found
    assert [reason in told for told in practice.told()] == [True]
    assert world.stored(17).standing.state is State.OPEN
    assert [file for file in practice.incoming.iterdir() if file.is_file()] == []
    kept = [file for file in (practice.incoming / "error").iterdir() if not file.name.endswith(".grund.txt")]
    assert [file.read_bytes() for file in kept] == [data]


async def test_links_and_pipes_are_not_followed(practice: Practice, world: World, tmp_path: Path) -> None:
    number_17(world)
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(TASK))
    (practice.incoming / "link.json").symlink_to(secret)
    os.mkfifo(practice.incoming / "pipe.json")
    (practice.incoming / "befund.pdf").symlink_to(secret)
    practice.drops("r.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "befund.pdf")))))
    for file in ("link.json", "pipe.json"):
        os.utime(practice.incoming / file, (1, 1), follow_symlinks=False)
    await practice.handover.take_in()
    assert world.flow.decided == []
    assert secret.is_file()
    assert len(practice.errors()) == 3


async def test_a_document_that_is_only_partly_there_is_refused(practice: Practice, world: World) -> None:
    number_17(world)
    practice.drops("befund.pdf", PDF[:10])
    practice.drops("r.gdt", write_record(Record("6310", (("8410", "17"), ("6305", "befund.pdf")))))
    await practice.handover.take_in()
    assert "nur ein Teil davon" in next(iter(practice.errors().values()))
    assert world.flow.decided == []


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path, "a", b"old")
    (tmp_path / ".a.tmp").symlink_to(tmp_path / "elsewhere")
    write_file(tmp_path, "a", b"new")
    assert not (tmp_path / "elsewhere").exists()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path, "a", b"broken")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a": b"new"}


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\\b", ".a", "a\x00b", "-a", "a\nb"])
def test_other_names_are_not_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAFile):
        read_file(tmp_path, name, 10)


def test_a_folder_that_is_not_there_and_an_unknown_member_are_refused(
    world: World, engine: Engine, cipher: Cipher, tmp_path: Path
) -> None:
    def make(**change: Any) -> Callable[[], PvsHandover]:
        given = {"out_dir": tmp_path, "in_dir": tmp_path / "in", "member": "weber"}
        config = PvsConfig.model_validate(given | change)
        return lambda: PvsHandover(config, world.counter, Database(engine), Queues.of(cipher), cipher, lambda: None)

    with pytest.raises(ConfigError, match=r"pvs\.in_dir: .* is no folder"):
        make()()
    (tmp_path / "in").mkdir()
    with pytest.raises(ConfigError, match=r"pvs\.member: mallory is not in"):
        make(member="mallory")()
