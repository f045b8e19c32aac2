"""The book of cases, in the caller's transaction; taking one is atomic, whatever other transactions do meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, select, update

from tim_bots.cipher import Cipher
from tim_bots.counter.case import Asker, CounterCase, Urgency
from tim_bots.counter.states import FINAL, Standing, State
from tim_bots.counter.tables import counter_case
from tim_bots.dialogue.who import Lookup
from tim_bots.points_in_time import from_ms, to_ms

KEPT = timedelta(days=30)
"""So long the staff can look up what became of a case; then it is erased."""
_CONTENT = "counter_case.content"
_IS_OPEN = counter_case.c.state.not_in(FINAL)


class WaitingFile(BaseModel):
    """A file that a member put on the card, and that goes with their next answer.

    Args:
        member: their key.
        content: see `attachments.sendable`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: str
    content: dict[str, Any]


class Content(BaseModel):
    """What is sealed of a case.

    Args:
        note: what was said with the last decision, for the staff; None: nothing.
        temporary_room: where the member talks to the asker: a room of its own, or the asker's; None: nowhere.
        file: waits to be sent; None: none does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    lines: tuple[str, ...]
    room_id: str
    user_id: str
    organisation: str | None
    can_be_joined: bool
    note: str | None = None
    temporary_room: str | None = None
    file: WaitingFile | None = None


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case in the book.

    Args:
        number: what the staff types.
        case: as the flow opened it; `needs_doctor` as it was at first, see `standing` for how it is now.
        standing: how far it is.
        note, temporary_room, file: see `Content`.
        changed_at: of the last change; timezone-aware.
        times_overdue: how often it was called overdue.
    """

    number: int
    case: CounterCase
    standing: Standing
    note: str | None
    temporary_room: str | None
    file: WaitingFile | None
    changed_at: datetime
    times_overdue: int


class CaseBook:
    """Reads and writes cases through whatever transaction it is given.

    Args:
        cipher: seals what is said, hashes rooms.
    """

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._lookup = Lookup(cipher)

    def add(self, connection: Connection, case: CounterCase) -> StoredCase:
        """Open a case.

        Raises:
            IntegrityError: the flow opened it before.
        """
        content = _content(case)
        self._forget_old(connection, case.opened_at)
        row = connection.execute(
            insert(counter_case)
            .values(
                case_id=case.case_id,
                kind=case.kind,
                room_key=self._room_key(case.asker.room_id),
                state=State.OPEN,
                claimed_by=None,
                needs_doctor=int(case.needs_doctor),
                is_urgent=int(case.urgency is Urgency.URGENT),
                opened_at_ms=to_ms(case.opened_at),
                changed_at_ms=to_ms(case.opened_at),
                times_overdue=0,
                content=self._seal(case.case_id, content),
            )
            .returning(counter_case)
        ).one()
        return self._open(row)

    def by_number(self, connection: Connection, number: int) -> StoredCase | None:
        """The case with this number; None if there is none."""
        return self._one(connection, select(counter_case).where(counter_case.c.number == number))

    def by_id(self, connection: Connection, case_id: UUID) -> StoredCase | None:
        """The case of a flow; None if it opened none with this id."""
        return self._one(connection, select(counter_case).where(counter_case.c.case_id == case_id))

    def open_in_room(self, connection: Connection, kind: str, room_id: str) -> StoredCase | None:
        """The newest open case of a kind that was asked in a room; None if there is none."""
        is_it = and_(counter_case.c.kind == kind, counter_case.c.room_key == self._room_key(room_id), _IS_OPEN)
        return self._one(connection, select(counter_case).where(is_it).order_by(counter_case.c.number.desc()).limit(1))

    def open_cases(
        self, connection: Connection, *, claimed_by: str | None = None, limit: int | None = None
    ) -> Sequence[StoredCase]:
        """Open cases, urgent ones first, then the oldest.

        Args:
            connection: of the transaction.
            claimed_by: only those that this member works on; None: all.
            limit: at most so many; None: all.
        """
        query = select(counter_case).where(_IS_OPEN)
        if claimed_by is not None:
            query = query.where(counter_case.c.claimed_by == claimed_by)
        query = query.order_by(counter_case.c.is_urgent.desc(), counter_case.c.opened_at_ms, counter_case.c.number)
        return [self._open(row) for row in connection.execute(query.limit(limit))]

    def count_open(self, connection: Connection, *, claimed_by: str | None = None) -> int:
        """How many cases are open; see `open_cases`."""
        query = select(func.count()).select_from(counter_case).where(_IS_OPEN)
        if claimed_by is not None:
            query = query.where(counter_case.c.claimed_by == claimed_by)
        return connection.scalar(query) or 0

    def count_open_in_room(self, connection: Connection, kind: str, room_id: str) -> int:
        """How many cases of a kind, asked in a room, are open."""
        is_it = and_(counter_case.c.kind == kind, counter_case.c.room_key == self._room_key(room_id), _IS_OPEN)
        return connection.scalar(select(func.count()).select_from(counter_case).where(is_it)) or 0

    def count_closed_since(self, connection: Connection, since: datetime) -> dict[State, int]:
        """How many cases were closed since then, by how."""
        query = (
            select(counter_case.c.state, func.count())
            .where(counter_case.c.state.in_(FINAL), counter_case.c.changed_at_ms >= to_ms(since))
            .group_by(counter_case.c.state)
        )
        return {State(state): count for state, count in connection.execute(query)}

    def change(
        self,
        connection: Connection,
        before: StoredCase,
        after: Standing,
        now: datetime,
        note: str | None = None,
    ) -> StoredCase | None:
        """Move a case on, if it still stands as it did when it was read; a file waits for its member only.

        Returns:
            The case as it is now; None: somebody else was faster.
        """
        is_kept = before.file is not None and after.claimed_by == before.file.member and after.state is State.CLAIMED
        file = before.file if is_kept else None
        row = connection.execute(
            update(counter_case)
            .where(
                counter_case.c.number == before.number,
                counter_case.c.state == before.standing.state,
                counter_case.c.claimed_by.is_not_distinct_from(before.standing.claimed_by),
                counter_case.c.needs_doctor == int(before.standing.needs_doctor),
            )
            .values(
                state=after.state,
                claimed_by=after.claimed_by,
                needs_doctor=int(after.needs_doctor),
                changed_at_ms=to_ms(now),
                content=self._seal(
                    before.case.case_id, _content_of(before).model_copy(update={"note": note, "file": file})
                ),
            )
            .returning(counter_case)
        ).first()
        return None if row is None else self._open(row)

    def note_overdue(self, connection: Connection, before: StoredCase) -> StoredCase:
        """It was called overdue once more."""
        values = {"times_overdue": counter_case.c.times_overdue + 1}
        is_it = counter_case.c.number == before.number
        row = connection.execute(update(counter_case).where(is_it).values(values).returning(counter_case)).one()
        return self._open(row)

    def set_temporary_room(self, connection: Connection, before: StoredCase, room_id: str | None) -> StoredCase:
        """A doctor talks to the asker in this room; None: not any more."""
        return self._rewrite(connection, before, temporary_room=room_id)

    def keep_file(self, connection: Connection, before: StoredCase, file: WaitingFile) -> StoredCase:
        """A member put a file on the card; an earlier one is forgotten."""
        return self._rewrite(connection, before, file=file)

    def _rewrite(self, connection: Connection, before: StoredCase, **change: object) -> StoredCase:
        content = _content_of(before).model_copy(update=change)
        is_it = counter_case.c.number == before.number
        sealed = self._seal(before.case.case_id, content)
        row = connection.execute(update(counter_case).where(is_it).values(content=sealed).returning(counter_case))
        return self._open(row.one())

    def _forget_old(self, connection: Connection, now: datetime) -> None:
        is_old = and_(counter_case.c.state.in_(FINAL), counter_case.c.changed_at_ms < to_ms(now - KEPT))
        connection.execute(delete(counter_case).where(is_old))

    def _one(self, connection: Connection, query: Select[Any]) -> StoredCase | None:
        row = connection.execute(query).first()
        return None if row is None else self._open(row)

    def _room_key(self, room_id: str) -> str:
        return self._lookup.who(room_id, "").room_key

    def _seal(self, case_id: UUID, content: Content) -> bytes:
        return self._cipher.seal(content.model_dump_json().encode(), _CONTENT, str(case_id))

    def _open(self, row: Row[Any]) -> StoredCase:
        content = Content.model_validate_json(self._cipher.open(row.content, _CONTENT, str(row.case_id)))
        case = CounterCase(
            kind=row.kind,
            case_id=row.case_id,
            title=content.title,
            lines=content.lines,
            urgency=Urgency.URGENT if row.is_urgent else Urgency.ROUTINE,
            asker=Asker(content.room_id, content.user_id, content.organisation),
            opened_at=from_ms(row.opened_at_ms),
            needs_doctor=bool(row.needs_doctor),
            can_be_joined=content.can_be_joined,
        )
        return StoredCase(
            number=row.number,
            case=case,
            standing=Standing(State(row.state), row.claimed_by, bool(row.needs_doctor)),
            note=content.note,
            temporary_room=content.temporary_room,
            file=content.file,
            changed_at=from_ms(row.changed_at_ms),
            times_overdue=row.times_overdue,
        )


def _content(case: CounterCase) -> Content:
    return Content(
        title=case.title,
        lines=case.lines,
        room_id=case.asker.room_id,
        user_id=case.asker.user_id,
        organisation=case.asker.organisation,
        can_be_joined=case.can_be_joined,
    )


def _content_of(stored: StoredCase) -> Content:
    changes = {"note": stored.note, "temporary_room": stored.temporary_room, "file": stored.file}
    return _content(stored.case).model_copy(update=changes)
