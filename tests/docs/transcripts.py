"""Transcripts of the guides about the counter, played with the real flow."""

import re
from collections.abc import Iterator

from tests.bots.counter.conftest import KLAR, OTT, ROOM, STAFF_ROOM, WEBER
from tests.bots.counter.test_desk import Practice
from tim_bots.flow import InviteUser, Outgoing, SendText

STAFF = {"Frau Klar": KLAR, "Herr Ott": OTT, "Dr. Weber": WEBER}
ASKER, ON_CARD = "Anna", " (antwortet auf die Karte)"
_TURN = re.compile(r"^(?P<who>[^\s:][^:\n]*): (?P<text>.*(?:\n  .*)*)", re.MULTILINE)


def turns(block: str) -> list[tuple[str, str]]:
    """Who says what; further lines of a text are indented."""
    return [(match["who"], match["text"].replace("\n  ", "\n")) for match in _TURN.finditer(block)]


def play(practice: Practice, written: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The transcript as it really goes, for what people say in the written one."""
    played: list[tuple[str, str]] = []
    for who, text in written:
        name = who.removesuffix(ON_CARD)
        if name == ASKER:
            answers = practice.anna(text)
        elif name in STAFF:
            answers = practice.staff(text, STAFF[name], about=1 if who.endswith(ON_CARD) else None)
        else:
            continue
        own_room = ROOM if name == ASKER else STAFF_ROOM
        played += [(who, text), *(_shown(answers, own_room))]
    return played


def _shown(answers: list[Outgoing], own_room: str) -> Iterator[tuple[str, str]]:
    for answer in answers:
        match answer:
            case SendText(text) if not answer.edits:
                is_staff = (answer.room_id or own_room) == STAFF_ROOM
                kind = "Karte" if text.partition("\n")[0].partition("Anfrage ")[2][:3].endswith("·") else "Tresen"
                yield (kind if is_staff else "Bot an Anna"), text
            case InviteUser(user_id):
                yield "Einladung", next(name for name, user in STAFF.items() if user == user_id)


def written(played: list[tuple[str, str]]) -> str:
    """A transcript as it stands in a guide."""
    return "\n".join(f"{who}: " + text.replace("\n", "\n  ") for who, text in played) + "\n"
