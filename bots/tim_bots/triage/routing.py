"""Who is asked for a concern, in which order: responsible, there, not absent; deputies step in. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tim_bots.triage.config import Absence, StaffConfig


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who can be invited.

    Args:
        key: in the configuration.
        stands_in_for: name of the absent person, None if it is not a deputy.
        absence: of that person.
        is_there: it is within the person's hours.
    """

    key: str
    stands_in_for: str | None = None
    absence: Absence | None = None
    is_there: bool = True


def candidates(staff: StaffConfig, concern: str | None, now: datetime) -> tuple[Candidate, ...]:
    """Everybody who can be asked, those who are there before those who will be.

    Args:
        staff: configuration.
        concern: key of a concern that names persons; None: whoever is there.
        now: timezone-aware.
    """
    found: dict[str, Candidate] = {}
    for key in staff.persons if concern is None else staff.concerns[concern].persons:
        candidate = _present(staff, key, now)
        if candidate is not None:
            found.setdefault(candidate.key, candidate)
    return tuple(sorted(found.values(), key=lambda one: not one.is_there))


def _present(staff: StaffConfig, key: str, now: datetime) -> Candidate | None:
    """The person, or whoever stands in for it; None if nobody does."""
    day = now.astimezone(staff.zone).date()
    first, passed = staff.persons[key], {key}
    person, absence = first, first.absence_on(day)
    while person.absence_on(day) is not None:
        if person.deputy is None or person.deputy in passed:
            return None
        key = person.deputy
        passed.add(key)
        person = staff.persons[key]
    stands_in_for = None if person is first else first.name
    return Candidate(key, stands_in_for, absence, staff.is_open(now, person))


def next_candidate(staff: StaffConfig, concern: str | None, tried: tuple[str, ...], now: datetime) -> Candidate | None:
    """Whom to invite next; None if everybody was."""
    return next((one for one in candidates(staff, concern, now) if one.key not in tried), None)
