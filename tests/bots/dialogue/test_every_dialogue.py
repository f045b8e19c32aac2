"""The same words in the dialogues about concerns and consent: exit, help, a way back, no error on any input."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.dialogue.choosing import Option
from tim_bots.dialogue.commands import read_spoken
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Ask, Dialogue, Said
from tim_bots.dialogue.engine import ALWAYS, Engine, Reply
from tim_bots.persons.dialogue import CONSENT_DIALOGUE, Record, Status, ask_consent
from tim_bots.triage.dialogue import TRIAGE, Counter, Offered, Route, first_question

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
COUNTER = Counter(
    (Offered(Option("rezept", "Rezept"), None), Offered(Option("termin", "Termin"), "appointment")),
)
STATUS = Status("Wir speichern Ihre Termine.", is_given=False)
DIALOGUES = pytest.mark.parametrize(
    ("dialogue", "facts", "question"),
    [(TRIAGE, COUNTER, first_question(COUNTER)), (CONSENT_DIALOGUE, STATUS, ask_consent("appointment"))],
    ids=["triage", "consent"],
)
WORDS = ["1", "2", "3", "ja", "nein", "Rezept", "Termin", "!anliegen", "!einwilligung", "zurück", "hilfe", "stopp", ""]


def said(text: str, *, vote: str | None = None, now: datetime = NOW) -> Said:
    spoken = read_spoken(text)
    return Said(spoken, now, vote=vote, is_for_us=spoken.addressed in {"anliegen", "einwilligung"})


def engine_of(dialogue: Dialogue[Any]) -> Engine[Any]:
    return Engine(dialogue, str(UUID(int=1)))


def asked(dialogue: Dialogue[Any], facts: Any, question: Ask) -> Conversation:
    reply = engine_of(dialogue).follow(None, question, said(""), facts)
    assert reply.conversation is not None
    return reply.conversation


@DIALOGUES
def test_exit_help_and_back(dialogue: Dialogue[Any], facts: Any, question: Ask) -> None:
    engine, conversation = engine_of(dialogue), asked(dialogue, facts, question)
    for word in ("abbrechen", "Stopp!", "!abbrechen"):
        stopped = engine.respond(conversation, said(word), facts)
        assert stopped.conversation is None
        assert stopped.says
    assert engine.respond(conversation, said("hilfe"), facts) == Reply(conversation, (dialogue.help, ALWAYS))
    again = engine.respond(conversation, said("zurück"), facts)
    assert again.conversation is not None
    assert again.conversation.frame == conversation.frame
    assert again.question is not None
    hinted = engine.respond(conversation, said("das weiß ich nicht so recht"), facts)
    assert "hint" in hinted.says[0].message_id


@DIALOGUES
def test_a_late_answer_does_nothing(dialogue: Dialogue[Any], facts: Any, question: Ask) -> None:
    conversation = asked(dialogue, facts, question)
    for word in ("1", "ja"):
        late = engine_of(dialogue).respond(conversation, said(word, now=conversation.expires_at), facts)
        assert late.effect is None or late.effect == Route("rezept")  # asked anew, a concern is a concern
        assert not isinstance(late.effect, Record)


@DIALOGUES
@given(
    messages=st.lists(
        st.tuples(st.sampled_from(WORDS) | st.text(max_size=30), st.booleans(), st.integers(0, 40)), max_size=12
    )
)
def test_no_sequence_of_messages_ends_in_an_error(
    dialogue: Dialogue[Any], facts: Any, question: Ask, messages: list[tuple[str, bool, int]]
) -> None:
    engine, now = engine_of(dialogue), NOW
    conversation: Conversation | None = asked(dialogue, facts, question)
    for text, is_vote, minutes in messages:
        now += timedelta(minutes=minutes)
        message = said("" if is_vote else text, vote=text if is_vote else None, now=now)
        reply = engine.respond(conversation, message, facts)
        if reply.effect is not None:
            assert isinstance(reply.effect, Route | Record)
            assert not (isinstance(reply.effect, Record) and is_vote)
            reply = engine.resume(reply.conversation, reply.effect, (), message, facts)
        conversation = reply.conversation


def test_only_a_whole_yes_consents() -> None:
    conversation = asked(CONSENT_DIALOGUE, STATUS, ask_consent("appointment"))
    engine = engine_of(CONSENT_DIALOGUE)
    for text in ("jaa", "ja vielleicht", "1", "klar", "ja nein"):
        assert engine.respond(conversation, said(text), STATUS).effect is None
    assert engine.respond(conversation, said("", vote="yes"), STATUS).effect is None
    assert engine.respond(conversation, said("Ja, bitte"), STATUS).effect == Record("appointment")
