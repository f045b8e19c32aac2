"""Watches the folders: open requests go out, decisions come in, each once; what fails is put aside and said."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Connection, insert, select

from tim_bots.api.desk import Answer, ApiDesk
from tim_bots.api.models import MAX_FILE_BYTES, DecisionBody, File, Problem
from tim_bots.cipher import Cipher
from tim_bots.counter.book import StoredCase
from tim_bots.counter.counter import QUIET, Counter
from tim_bots.counter.states import FINAL
from tim_bots.counter.tables import counter_case
from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.messages import say
from tim_bots.outbox import Action, text_content, transaction_id
from tim_bots.points_in_time import to_ms
from tim_bots.pvs.config import PvsConfig
from tim_bots.pvs.folder import (
    NotAFile,
    changed_at,
    check_folder,
    put_away,
    read_file,
    readable,
    waiting,
    write_file,
)
from tim_bots.pvs.reading import Unreadable, Wish, read_wish
from tim_bots.pvs.tables import handed_over
from tim_bots.pvs.writing import files_of
from tim_bots.queues import Queues
from tim_policy.errors import ConfigError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
_AT_ONCE = 20
_DONE, _ERROR = "done", "error"
_GOOD = 200
_LARGEST_WISH = 256 * 1024
_PDF_BEGINS, _PDF_ENDS = b"%PDF-", b"%%EOF"


class PvsHandover:
    """The folders of one practice.

    Args:
        config: of the folders.
        counter: the cases.
        database, queues, cipher: of the bot.
        notify: called when the outbox got something new.

    Raises:
        ConfigError: a folder cannot be used, or `member` is nobody of the counter.
    """

    def __init__(
        self,
        config: PvsConfig,
        counter: Counter,
        database: Database,
        queues: Queues,
        cipher: Cipher,
        notify: Callable[[], None],
    ) -> None:
        check_folder(config.out_dir, "pvs.out_dir")
        check_folder(config.in_dir, "pvs.in_dir")
        if config.member not in counter.config.members:
            raise ConfigError(f"pvs.member: {config.member} is not in counter.members")
        self._config = config
        self._counter = counter
        self._database = database
        self._queues = queues
        self._desk = ApiDesk(counter, queues, cipher)
        self._notify = notify
        self._is_broken = False

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.hand_over()
                await self.take_in()
            except (OSError, *DATABASE_DOWN) as error:
                if not self._is_broken:
                    logger.error("folder failed component=pvs error=%s", type(error).__name__)
                self._is_broken = True
            else:
                self._is_broken = False
            await asyncio.sleep(PAUSE_SECONDS)

    # -- out -------------------------------------------------------------------------------------------------

    async def hand_over(self) -> int:
        """Write the open requests that were not written yet, in the order of their numbers.

        A crash between writing and noting it writes the same files again, under the same names.

        Returns:
            How many there were.

        Raises:
            OSError: the folder cannot be written to; what was not written comes with the next call.
        """
        cases = await self._database.transaction(self._not_handed_over)
        for stored in cases:
            await asyncio.to_thread(self._write, stored)
            await self._database.transaction(lambda connection, n=stored.number: self._note(connection, n))  # type: ignore[misc]  # binds the loop variable
        return len(cases)

    def _not_handed_over(self, connection: Connection) -> list[StoredCase]:
        numbers = connection.scalars(
            select(counter_case.c.number)
            .where(counter_case.c.state.not_in(FINAL), counter_case.c.number.not_in(select(handed_over.c.number)))
            .order_by(counter_case.c.number)
            .limit(_AT_ONCE)
        ).all()
        found = (self._counter.book.by_number(connection, number) for number in numbers)
        return [stored for stored in found if stored is not None]

    def _write(self, stored: StoredCase) -> None:
        card = self._counter.cards.card(stored)
        for name, data in files_of(stored, card, self._config, self._counter.config.zone):
            write_file(self._config.out_dir, name, data)

    def _note(self, connection: Connection, number: int) -> None:
        connection.execute(insert(handed_over).values(number=number, at_ms=to_ms(datetime.now(UTC))))

    # -- in --------------------------------------------------------------------------------------------------

    async def take_in(self) -> int:
        """Carry out what lies in the folder, the oldest first.

        Returns:
            How many files there were.

        Raises:
            OSError: the folder cannot be read; what was not read comes with the next call.
        """
        names = [name for name in await asyncio.to_thread(waiting, self._config.in_dir) if not _is_attachment(name)]
        for name in names[:_AT_ONCE]:
            await self._take(name)
        return len(names)

    async def _take(self, name: str) -> None:
        folder = self._config.in_dir
        attached: str | None = None
        try:
            found = await asyncio.to_thread(read_file, folder, name, _LARGEST_WISH)
            wish = await asyncio.to_thread(read_wish, name, found.data)
            body, attached, digest = await asyncio.to_thread(self._body, folder, wish, found.data)
        except FileNotFoundError:
            return  # taken back by people
        except (NotAFile, Unreadable) as fault:
            await self._refuse(name, str(fault))
            return
        answer = await self._database.transaction(
            lambda connection: self._desk.decide(connection, wish.number, digest, body, datetime.now(UTC))
        )
        self._notify()
        if answer.status != _GOOD:
            await self._refuse(name, _why(answer), attached)
            return
        for one in (name, attached):
            if one is not None:
                await asyncio.to_thread(put_away, folder, one, _DONE)

    def _body(self, folder: Path, wish: Wish, data: bytes) -> tuple[DecisionBody, str | None, str]:
        """The decision, the name of its document, and a key that is the same for the same content."""
        digest, file = hashlib.sha256(data), None
        if wish.file is not None:
            try:
                document = read_file(folder, wish.file, MAX_FILE_BYTES)
            except FileNotFoundError:
                raise Unreadable("Die genannte PDF-Datei liegt nicht im Ordner.") from None
            if not document.data.startswith(_PDF_BEGINS) or _PDF_ENDS not in document.data[-1024:]:
                raise Unreadable("Die genannte Datei ist kein PDF, oder nur ein Teil davon.")
            digest.update(document.data)
            encoded = base64.b64encode(document.data).decode()
            file = File(name=document.name, mime_type="application/pdf", data=encoded)
        try:
            body = DecisionBody(member=self._config.member, decision=wish.decision, text=wish.text, file=file)
        except ValidationError:
            raise Unreadable("Zu dieser Entscheidung fehlt der Text (Grund oder Frage).") from None
        return body, wish.file, digest.hexdigest()

    async def _refuse(self, name: str, reason: str, attached: str | None = None) -> None:
        """Tell the staff, and put the file where people look for it; nothing is deleted."""
        folder, room = self._config.in_dir, self._counter.staff_room
        told = text_content(say("counter-file-refused", name=readable(name), reason=reason)) | dict(QUIET)
        since = await asyncio.to_thread(changed_at, folder, name)  # the same again after a crash
        txn_id = transaction_id(f"pvs {readable(name)} {since}", "refused")
        await self._database.transaction(
            lambda connection: self._queues.outbox.add_once(connection, room, txn_id, Action.SEND_ENCRYPTED, told)
        )
        await asyncio.to_thread(put_away, folder, name, _ERROR, reason)
        if attached is not None:
            await asyncio.to_thread(put_away, folder, attached, _ERROR)
        logger.warning("file refused component=pvs")
        self._notify()


def _is_attachment(name: str) -> bool:
    """A document goes with the file that names it."""
    return name.lower().endswith(".pdf")


def _why(answer: Answer) -> str:
    problem = Problem.model_validate_json(answer.body)
    return say("counter-file-no-request") if problem.error == "not_found" else problem.message
