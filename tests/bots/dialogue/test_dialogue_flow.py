"""Manners in rooms: polls, a person takes over, help, the status card, and no talk without end."""

from typing import Any

import pytest

from tests.bots.appointment.conftest import Practice, cipher, database_path, engine, open_practice, practice
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.dialogue.conversation import MOST_ANSWERS
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.dialogue.wanted import wanted_room
from tim_bots.flow import Incoming, MessageKind, SendEvent, SendText

__all__ = ["cipher", "database_path", "engine", "open_practice", "practice"]

ROOM, ANNA, BEN = "!raum:pflege.tim.test", "@schwester:pflege.tim.test", "@ben:pflege.tim.test"
STAFF = "!team:praxis.tim.test"
START, RESPONSE, END = (f"org.matrix.msc3381.poll.{part}" for part in ("start", "response", "end"))


@pytest.fixture
def team(practice: Practice) -> Practice:
    """A practice whose staff can be called."""
    practice.flow = DialogueFlow(
        [AppointmentSkill(practice.calendar, "Praxis am Markt", practice.cipher)],
        "Praxis am Markt",
        practice.cipher,
        greeting=Say("appointment-greeting"),
        contact="Telefon 030 1234.",
        staff_room=STAFF,
        clock=lambda: practice.now,
    )
    return practice


def vote(practice: Practice, poll: SendEvent, answer: Any, sender: str = ANNA, form: str = "unstable") -> str:
    """Vote as Element does; the texts of the answer."""
    content = {RESPONSE: {"answers": answer}} if form == "unstable" else {"m.selections": answer}
    message = Incoming(
        ROOM, f"$vote-{practice.now}", sender, MessageKind.POLL_ANSWER, "", practice.now, RESPONSE, content, poll.label
    )
    with practice.engine.begin() as connection:
        answers = practice.flow.handle(connection, message)
    return "\n".join(answer.text for answer in answers if isinstance(answer, SendText))


def poll_of(practice: Practice, text: str, sender: str = ANNA) -> SendEvent:
    (poll,) = [one for one in practice.hears(text, sender=sender) if isinstance(one, SendEvent)]
    assert poll.event_type == START
    return poll


def ids(poll: SendEvent) -> list[str]:
    return [answer["id"] for answer in poll.content[START]["answers"]]


def test_a_choice_is_a_poll_too_with_the_same_options_as_text(practice: Practice) -> None:
    poll = poll_of(practice, "!termin")
    assert poll.content[START]["max_selections"] == 1
    assert poll.content[START]["question"]["org.matrix.msc1767.text"] == "Welcher Termin passt Ihnen?"
    assert poll.content["org.matrix.msc1767.text"].startswith(
        "Welcher Termin passt Ihnen?\n1. Montag, 23.11.2026, 10:00 Uhr\n2. "
    )


@pytest.mark.parametrize("form", ["unstable", "stable"])
def test_the_last_vote_before_the_yes_counts(practice: Practice, form: str) -> None:
    poll = poll_of(practice, "!termin")
    first, second, _ = ids(poll)
    assert "Montag, 23. November 2026, 10:00 Uhr?" in vote(practice, poll, [first], form=form)
    assert "Montag, 23. November 2026, 14:00 Uhr?" in vote(practice, poll, [second], form=form)
    text, _file, end = practice.hears("ja")
    assert isinstance(text, SendText)
    assert text.text.startswith("Ihr Termin ist gebucht: Montag, 23. November 2026, 14:00 Uhr")
    assert isinstance(end, SendEvent)
    assert (end.event_type, end.about) == (END, poll.label)
    assert vote(practice, poll, [first], form=form) == ""


@pytest.mark.parametrize("answer", [[], ["x"], [7], "1", None, [["1"]]])
def test_an_invalid_vote_changes_nothing(practice: Practice, answer: Any) -> None:
    poll = poll_of(practice, "!termin")
    assert not vote(practice, poll, answer).startswith("Ihr Termin")
    assert practice.says("1").startswith("Ihr Termin ist gebucht")


def test_only_the_person_who_was_asked_may_vote(practice: Practice) -> None:
    poll = poll_of(practice, "!termin")
    assert vote(practice, poll, [ids(poll)[0]], sender=BEN) == ""
    poll_of(practice, "!termin", sender=BEN)
    assert vote(practice, poll, [ids(poll)[0]], sender=BEN) == ""


def test_a_poll_is_ended_with_its_question(practice: Practice) -> None:
    first = poll_of(practice, "!termin")
    ended = [one for one in practice.hears("weitere") if isinstance(one, SendEvent)]
    assert [(one.event_type, one.about) for one in ended] == [(END, first.label), (START, None)]
    (end,) = [one for one in practice.hears("abbrechen") if isinstance(one, SendEvent)]
    assert (end.event_type, end.about) == (END, ended[1].label)


def test_help_names_what_can_always_be_said(practice: Practice) -> None:
    for text in ("hilfe", "!hilfe", "!termin hilfe"):
        assert practice.says(text).endswith("„abbrechen“, „mensch“ (eine Person übernimmt).")


@pytest.mark.parametrize("word", ["mensch", "!mensch", "Ich möchte mit einem Menschen sprechen"])
def test_a_person_takes_over_and_the_bot_falls_silent(team: Practice, word: str) -> None:
    team.says("!termin")
    answers = [one for one in team.hears(word) if isinstance(one, SendText)]
    assert answers[0].text.startswith("Gern. Das Team von Praxis am Markt weiß, ")
    assert answers[1].room_id == STAFF
    assert ANNA not in answers[1].text
    assert wanted_room(answers[1].label) == ROOM
    for text in ("1", "hilfe", "Guten Tag", "mensch", "abbrechen"):
        assert team.hears(text) == []
    assert team.hears("Foto.jpg", kind=MessageKind.ATTACHMENT) == []
    assert team.hears("hallo", sender=BEN) == []
    assert team.says("bot").startswith("Ich bin wieder für Sie da.")
    assert team.says("!hilfe") != ""


def test_a_command_ends_the_silence_and_is_answered(team: Practice) -> None:
    team.says("mensch")
    assert "Diese Termine sind frei" in team.says("!termin")


def test_without_staff_and_telephone_nobody_is_promised(practice: Practice) -> None:
    assert practice.says("mensch").startswith("Ich kann hier leider keine Person dazuholen.")
    assert "Diese Termine sind frei" in practice.says("Termin")


def test_the_word_mensch_among_others_is_not_for_the_bot(team: Practice) -> None:
    team.says("!termin hilfe", sender=BEN)
    team.says("!termin hilfe")
    assert team.hears("mensch") == []
    assert team.says("!mensch").startswith("Gern.")


def test_a_cancelled_booking_is_marked_where_it_was_confirmed(practice: Practice) -> None:
    practice.says("!termin")
    booked = practice.hears("1")[0]
    practice.says("absagen")
    card, text = [one for one in practice.hears("ja") if isinstance(one, SendText)]
    assert isinstance(booked, SendText)
    assert booked.label == card.label == "appointment T-1001"
    assert (card.edits, text.edits, booked.edits) == (True, False, False)
    assert card.text == "Abgesagt: Montag, 23. November 2026, 10:00 Uhr, Terminnummer T-1001"


def test_two_programs_that_answer_each_other_end(practice: Practice) -> None:
    spoken = [practice.says("!termin") for _ in range(MOST_ANSWERS + 5)]
    assert all("sind frei" in text for text in spoken[:MOST_ANSWERS])
    assert spoken[MOST_ANSWERS].startswith("Das waren sehr viele Nachrichten auf einmal.")
    assert spoken[MOST_ANSWERS + 1 :] == [""] * 4
    practice.waits(minutes=1)
    assert "sind frei" in practice.says("!termin")
