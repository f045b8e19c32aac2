"""What the staff reads about a case. Pure: case in, German text out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

from tim_bots.counter.book import StoredCase
from tim_bots.counter.case import Asker, Urgency
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.states import FINAL
from tim_bots.messages import DEFAULT_LANGUAGE, say

_LABEL = "counter"
_WHEN = "EEE d. MMM, HH:mm 'Uhr'"


def card_label(number: int) -> str:
    """Label of the card, under which it is edited and answered."""
    return f"{_LABEL} {number}"


def message_label(number: int, event_id: str) -> str:
    """Label of another message about the case in the counter room, so that the staff can reply to it too."""
    return f"{_LABEL} {number} {event_id}"[:255]


def number_of(label: str | None) -> int | None:
    """The number of the case that a message with this label is about; None if it is about none."""
    name, _, rest = (label or "").partition(" ")
    number = rest.partition(" ")[0]
    return int(number) if name == _LABEL and number.isascii() and number.isdigit() else None


def asker_name(asker: Asker) -> str:
    """E.g. "Pflegedienst Sonne (@anna:pflege.example)"."""
    return asker.user_id if asker.organisation is None else f"{asker.organisation} ({asker.user_id})"


class Cards:
    """Writes cards and lists.

    Args:
        config: names of the members, time zone.
    """

    def __init__(self, config: CounterConfig) -> None:
        self._config = config

    def card(self, stored: StoredCase) -> str:
        """The card."""
        case = stored.case
        head = say(
            "counter-card-head",
            number=stored.number,
            title=case.title,
            urgency=str(case.urgency),
            overdue=_yes_no(stored.times_overdue > 0 and stored.standing.state not in FINAL),
        )
        return "\n".join(
            (
                head,
                say("counter-card-asker", asker=asker_name(case.asker)),
                *case.lines,
                say("counter-card-since", when=_in_short(case.opened_at, self._config.zone)),
                self._state(stored),
            )
        )

    def _state(self, stored: StoredCase) -> str:
        standing = stored.standing
        return say(
            f"counter-state-{standing.state}",
            name=self.member_name(standing.claimed_by),
            doctor=_yes_no(standing.needs_doctor),
            note=stored.note or "",
            has_note=_yes_no(bool(stored.note)),
            when=_in_short(stored.changed_at, self._config.zone),
        )

    def line(self, stored: StoredCase, now: datetime) -> str:
        """One line of a list."""
        case, standing = stored.case, stored.standing
        return say(
            "counter-line",
            number=stored.number,
            title=case.title,
            asker=case.asker.organisation or case.asker.user_id,
            age=age(case.opened_at, now),
            state=str(standing.state),
            name=self.member_name(standing.claimed_by),
            doctor=_yes_no(standing.needs_doctor),
            urgency=str(case.urgency),
            overdue=_yes_no(self.is_overdue(stored, now)),
        )

    def lines(self, cases: Sequence[StoredCase], now: datetime) -> str:
        """A list."""
        return "\n".join(self.line(stored, now) for stored in cases)

    def is_overdue(self, stored: StoredCase, now: datetime) -> bool:
        """Whether it waits longer than it should."""
        is_urgent = stored.case.urgency is Urgency.URGENT
        limit = self._config.overdue_urgent if is_urgent else self._config.overdue
        return stored.standing.state not in FINAL and now - stored.case.opened_at >= limit

    def member_name(self, key: str | None) -> str:
        """Name of a member; of one that is not configured any more, the key."""
        member = self._config.members.get(key or "")
        return (key or "") if member is None else member.name


def age(since: datetime, now: datetime) -> str:
    """E.g. "vor 2 Stunden"."""
    passed = max(now - since, timedelta(minutes=1))
    return format_timedelta(-passed, granularity="minute", threshold=1.5, add_direction=True, locale=DEFAULT_LANGUAGE)


def _in_short(moment: datetime, zone: ZoneInfo) -> str:
    return format_datetime(moment, _WHEN, tzinfo=zone, locale=DEFAULT_LANGUAGE)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
