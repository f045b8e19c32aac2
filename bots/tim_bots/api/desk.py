"""What the API does, in one transaction per call: the same as the commands in the counter room."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import Connection, delete, insert, select

from tim_bots.api.appointments import booked_between
from tim_bots.api.models import DecisionBody, Problem, Request, Requests, What
from tim_bots.api.tables import api_call
from tim_bots.cipher import Cipher
from tim_bots.counter.book import StoredCase
from tim_bots.counter.case import Member
from tim_bots.counter.counter import Counter, Done, Refused
from tim_bots.counter.states import Hindrance
from tim_bots.points_in_time import to_ms
from tim_bots.queues import Queues

REMEMBERED = timedelta(days=7)
_PAGE = 200
_ANSWER = "api_call.answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body."""

    status: int
    body: str


def problem(status: int, error: str, message: str) -> Answer:
    """Nothing was done."""
    return Answer(status, Problem(error=error, message=message).model_dump_json())


def _answer(status: int, body: BaseModel) -> Answer:
    return Answer(status, body.model_dump_json())


class ApiDesk:
    """Answers calls, in the caller's transaction.

    Args:
        counter: the cases and the flows behind them.
        queues: take what follows from a decision.
        cipher: seals answers, hashes keys.
    """

    def __init__(self, counter: Counter, queues: Queues, cipher: Cipher) -> None:
        self._counter = counter
        self._queues = queues
        self._cipher = cipher
        self._hash_key = cipher.derive("api calls")

    def open_requests(self, connection: Connection, now: datetime) -> Answer:
        """What is open, urgent first; at most 200."""
        cases = self._counter.book.open_cases(connection, limit=_PAGE)
        total = self._counter.book.count_open(connection)
        return _answer(200, Requests(requests=[self._shown(one, now) for one in cases], total=total))

    def request(self, connection: Connection, number: int, now: datetime) -> Answer:
        """One request, open or closed within the last month."""
        stored = self._counter.book.by_number(connection, number)
        return _no_such_request() if stored is None else _answer(200, self._shown(stored, now))

    def appointments(self, connection: Connection, start: datetime, end: datetime) -> Answer:
        """What is booked between two moments; see `booked_between`."""
        return _answer(200, booked_between(connection, self._cipher, start, end))

    def decide(self, connection: Connection, number: int, key: str, body: DecisionBody, now: datetime) -> Answer:
        """Carry out a decision once, however often it is sent with the same key."""
        key_hash = self._hash(f"key\0{key}")
        call_hash = self._hash(f"call\0{number}\0{body.model_dump_json()}")
        return self._once(
            connection, key_hash, call_hash, now, lambda: self._decide(connection, number, key_hash, body, now)
        )

    def _decide(self, connection: Connection, number: int, key_hash: str, body: DecisionBody, now: datetime) -> Answer:
        known = self._counter.config.members.get(body.member)
        if known is None:
            return problem(403, "not_a_member", f"member: {body.member} is not in counter.members")
        member = Member(body.member, known.user_id, known.name, known.is_doctor)
        stored = self._counter.book.by_number(connection, number)
        if stored is None:
            return _no_such_request()
        outcome = self._outcome(connection, stored, body, member, now)
        if isinstance(outcome, Refused):
            is_forbidden = outcome.why is Hindrance.FOR_DOCTORS
            error = "refused" if outcome.why is None else outcome.why.name.lower()
            return problem(403 if is_forbidden else 409, error, outcome.text)
        self._queues.answer(connection, self._counter.staff_room, f"api {key_hash}", outcome.answers)
        return _answer(200, self._shown(outcome.stored, now))

    def _outcome(
        self, connection: Connection, stored: StoredCase, body: DecisionBody, member: Member, now: datetime
    ) -> Done | Refused:
        decision = body.to_decision()
        if decision is not None:
            return self._counter.decide(connection, stored, decision, member, now)
        if body.decision is What.TAKE:
            return self._counter.claim(connection, stored, member, now)
        return self._counter.release(connection, stored, member, now)

    def _once(
        self, connection: Connection, key_hash: str, call_hash: str, now: datetime, work: Callable[[], Answer]
    ) -> Answer:
        connection.execute(delete(api_call).where(api_call.c.at_ms <= to_ms(now - REMEMBERED)))
        row = connection.execute(select(api_call).where(api_call.c.key_hash == key_hash)).first()
        if row is not None:
            if row.call_hash != call_hash:
                return problem(422, "key_reused", "Idempotency-Key: was used for another call; take a new one")
            return Answer(row.status, self._cipher.open(row.answer, _ANSWER, key_hash).decode())
        answer = work()
        connection.execute(
            insert(api_call).values(
                key_hash=key_hash,
                call_hash=call_hash,
                at_ms=to_ms(now),
                status=answer.status,
                answer=self._cipher.seal(answer.body.encode(), _ANSWER, key_hash),
            )
        )
        return answer

    def _shown(self, stored: StoredCase, now: datetime) -> Request:
        return Request.of(stored, is_overdue=self._counter.cards.is_overdue(stored, now))

    def _hash(self, text: str) -> str:
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()


def _no_such_request() -> Answer:
    return problem(404, "not_found", "there is no request with this number")
