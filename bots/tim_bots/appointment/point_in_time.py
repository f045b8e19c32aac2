"""Times as people write them in answers: "Di 10:30", "am 24.11.", "10 Uhr", "Dienstag um 8.15 Uhr"."""

import re
from dataclasses import dataclass
from datetime import datetime

_WEEKDAYS = {
    word: weekday
    for weekday, words in enumerate(
        ("mo montag", "di dienstag", "mi mittwoch", "do donnerstag", "fr freitag", "sa samstag sonnabend",
         "so sonntag")
    )
    for word in words.split()
}  # fmt: skip
_WEEKDAY = re.compile(rf"\b({'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})s?\b\.?")
_WITH_UHR = re.compile(r"(?<![\d.])(\d{1,2})(?:[.:](\d{2}))?\s*(?:uhr\b|h\b)(?:\s*(\d{2})\b)?")
_WITH_UM = re.compile(r"\bum (\d{1,2})\b(?![.:h]\d)")
_WITH_COLON = re.compile(r"(?<![\d.])(\d{1,2})[:h](\d{2})(?!\d)")
_DATE = re.compile(r"(?<![\d.:])(\d{1,2})\.\s?(0?[1-9]|1[0-2])(?:\.(?:\s?(?:20)?(\d{2}))?)?(?![\d:])")
_WITH_POINT = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})(?![\d.])")


@dataclass(frozen=True, slots=True)
class PointInTime:
    """The parts of a date and time that were named; None for a part that was not.

    Args:
        weekday: Monday is 0.
        day, month, year: of the date.
        time: hour and minute in wall time, as written (25:00 is possible and fits nothing).
    """

    weekday: int | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    time: tuple[int, int] | None = None

    def fits(self, wall: datetime) -> bool:
        """Whether `wall` (the practice's wall time) agrees with every part that was named."""
        return all(
            named is None or named == actual
            for named, actual in (
                (self.weekday, wall.weekday()),
                (self.day, wall.day),
                (self.month, wall.month),
                (self.year, wall.year),
                (self.time, (wall.hour, wall.minute)),
            )
        )


def read_point_in_time(plain: str) -> tuple[PointInTime | None, str]:
    """Find weekday, date and time in folded text.

    Returns:
        What was found (None if nothing) and the text without it.
    """
    rest = plain
    time: tuple[int, int] | None = None
    day = month = year = weekday = None
    if match := _WITH_UHR.search(rest) or _WITH_COLON.search(rest) or _WITH_UM.search(rest):
        time = int(match[1]), int(next(filter(None, match.groups()[1:]), "0"))
        rest = _without(match, rest)
    if match := _DATE.search(rest):
        day, month = int(match[1]), int(match[2])
        year = 2000 + int(match[3]) if match[3] else None
        rest = _without(match, rest)
    if time is None and (match := _WITH_POINT.search(rest)):
        time = int(match[1]), int(match[2])
        rest = _without(match, rest)
    if match := _WEEKDAY.search(rest):
        weekday = _WEEKDAYS[match[1]]
        rest = _without(match, rest)
    found = PointInTime(weekday, day, month, year, time)
    return (None if found == PointInTime() else found), rest


def _without(match: re.Match[str], text: str) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
