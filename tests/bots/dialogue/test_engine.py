"""Every dialogue, whatever people write: no error, no dead end, the same words everywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tim_bots.appointment.booking import Booking, BookingStatus
from tim_bots.appointment.config import ONLY
from tim_bots.appointment.dialogue import APPOINTMENT, Book, Cancel, Situation
from tim_bots.dialogue.choosing import LONGEST_ANSWER
from tim_bots.dialogue.commands import read_spoken
from tim_bots.dialogue.conversation import DEEPEST, Conversation, Frame
from tim_bots.dialogue.dialogue import Said
from tim_bots.dialogue.engine import ALWAYS, Engine, Reply

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
FREE = tuple(NOW + timedelta(hours=3, minutes=30 * number) for number in range(12))
BOOKINGS = tuple(
    Booking(UUID(int=number), f"T-{number}", start, start + timedelta(minutes=30))
    for number, start in enumerate(FREE[:2], start=1)
)
ENGINE: Engine[Situation] = Engine(APPOINTMENT, str(UUID(int=9)))
WORDS = [
    "!termin", "Termin", "1", "2", "9", "weitere", "ja", "nein", "absagen", "meine Termine", "zurück", "hilfe",
    "abbrechen", "stopp", "verschieben", "kein Termin mehr", "Dienstag", "10:30", "", "x" * (LONGEST_ANSWER + 1),
    "mensch", "?", "Guten Tag", "2 oder 3",
]  # fmt: skip
MESSAGES = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=40), st.sampled_from([start.isoformat() for start in FREE[:4]])
)


KINDS = {"blood": "Blutabnahme", "talk": "Gespräch"}


def situation(
    own: tuple[Booking, ...] = BOOKINGS,
    free: tuple[datetime, ...] = FREE,
    kinds: Mapping[str, str] | None = None,
) -> Situation:
    return Situation(NOW, ZoneInfo("Europe/Berlin"), lambda _: free, own, kinds or {ONLY: "Sprechstunde"})


def said(text: str, *, vote: str | None = None, now: datetime = NOW, is_shared: bool = False) -> Said:
    return Said(read_spoken(text), now, vote=vote, is_shared=is_shared)


def say(conversation: Conversation | None, text: str, facts: Situation, **how: object) -> Reply:
    """Respond, and have effects succeed."""
    message = said(text, **how)  # type: ignore[arg-type]  # forwarded as written by the test
    reply = ENGINE.respond(conversation, message, facts)
    match reply.effect:
        case None:
            return reply
        case Book(start):
            outcome = Booking(UUID(int=7), "T-7", start, start)
        case Cancel(booking):
            outcome = Booking(booking.id, booking.reference, booking.start, booking.end, 1, BookingStatus.CANCELLED)
    return ENGINE.resume(reply.conversation, reply.effect, outcome, message, facts)


def open_conversations() -> list[Conversation]:
    """One for each step, the question asked in front of it included."""
    by_step: dict[str, Conversation] = {}
    for script in (["Termin"], ["Termin", "vote"], ["absagen"], ["absagen", "1"], ["kinds", "Termin"]):
        reply = Reply(None)
        facts = situation(kinds=KINDS if "kinds" in script else None)
        for text in script[script[0] == "kinds" :]:
            vote = FREE[0].isoformat() if text == "vote" else None
            reply = say(reply.conversation, "" if vote else text, facts, vote=vote)
        assert reply.conversation is not None
        by_step[reply.conversation.frame.step] = reply.conversation
    assert by_step.keys() == {step.name for step in APPOINTMENT.steps}
    return list(by_step.values())


STEPS = pytest.mark.parametrize("conversation", open_conversations(), ids=lambda one: str(one.frame.step))


@STEPS
def test_every_step_has_an_exit(conversation: Conversation) -> None:
    for word in ("abbrechen", "!abbrechen", "Stopp"):
        reply = say(conversation, word, situation())
        assert reply.conversation is None
        assert reply.says


@STEPS
def test_every_step_has_help_and_goes_on(conversation: Conversation) -> None:
    reply = say(conversation, "hilfe", situation())
    assert reply == Reply(conversation, (APPOINTMENT.help, ALWAYS))


@STEPS
def test_every_step_goes_back_to_the_question_before_it(conversation: Conversation) -> None:
    reply = say(conversation, "zurück", situation())
    assert reply.conversation is not None
    assert reply.question is not None
    assert reply.conversation.frame == (conversation.earlier or (conversation.frame,))[-1]


@STEPS
def test_every_step_says_what_it_awaits(conversation: Conversation) -> None:
    reply = say(conversation, "das weiß ich nicht so recht", situation())
    assert reply.conversation is not None
    assert reply.conversation.frame == conversation.frame
    assert "hint" in reply.says[0].message_id
    assert say(reply.conversation, "immer noch nicht", situation(), is_shared=True).says == ()


@STEPS
def test_every_step_ends_by_itself(conversation: Conversation) -> None:
    late = conversation.expires_at
    assert say(conversation, "Guten Tag", situation(), now=late) == Reply(None)
    expired = say(conversation, "ja", situation(), now=late)
    assert expired.says[0].message_id in {
        "appointment-expired",
        "appointment-question-expired",
        "appointment-kind-expired",
    }


@STEPS
def test_a_step_of_another_version_is_forgotten(conversation: Conversation) -> None:
    unknown = conversation.model_copy(update={"frame": Frame(step="gone")})
    assert say(unknown, "1", situation()).conversation is None


def test_a_vote_is_confirmed_before_it_books_and_may_be_changed() -> None:
    offered = say(None, "Termin", situation())
    first, second = (option.value for option in offered.question.options[:2]) if offered.question else ("", "")
    asked = say(offered.conversation, "", situation(), vote=first)
    assert asked.says[0].message_id == "appointment-confirm-booking"
    changed = say(asked.conversation, "", situation(), vote=second)
    assert changed.conversation is not None
    assert changed.conversation.frame.values["slot"] == (second,)
    reply = ENGINE.respond(changed.conversation, said("ja"), situation())
    assert reply.effect == Book(datetime.fromisoformat(second))


@pytest.mark.parametrize("vote", ["", "2026-11-23T07:00:00+00:00", "1", "x" * 5000])
def test_a_vote_for_what_was_not_offered_changes_nothing(vote: str) -> None:
    offered = say(None, "Termin", situation())
    reply = say(offered.conversation, "", situation(), vote=vote)
    assert reply.effect is None
    assert reply.conversation is not None
    assert reply.conversation.frame == (offered.conversation or reply.conversation).frame


def test_nothing_is_booked_that_was_taken_meanwhile() -> None:
    offered = say(None, "Termin", situation())
    reply = ENGINE.respond(offered.conversation, said("1"), situation())
    lost = ENGINE.resume(reply.conversation, reply.effect, None, said("1"), situation(free=FREE[4:]))
    assert [one.message_id for one in lost.says] == ["appointment-taken", "appointment-offer"]
    assert lost.conversation is not None
    assert say(lost.conversation, "zurück", situation()).question is not None


@settings(max_examples=300)
@given(st.lists(st.tuples(MESSAGES, st.booleans(), st.integers(0, 40)), max_size=25), st.booleans())
def test_no_sequence_of_messages_ends_in_an_error_or_a_dead_end(
    messages: list[tuple[str, bool, int]], has_bookings: bool
) -> None:
    facts = situation(BOOKINGS if has_bookings else ())
    conversation: Conversation | None = None
    now = NOW
    for text, is_vote, minutes in messages:
        now += timedelta(minutes=minutes)
        reply = say(conversation, "" if is_vote else text, facts, vote=text if is_vote else None, now=now)
        conversation = reply.conversation
        if conversation is not None:
            assert conversation.frame.step in {step.name for step in APPOINTMENT.steps}
            assert len(conversation.earlier) <= DEEPEST
            assert Conversation.model_validate_json(conversation.model_dump_json()) == conversation
            assert say(conversation, "abbrechen", facts, now=now).conversation is None


@given(st.lists(MESSAGES, max_size=10))
def test_nothing_is_booked_without_a_choice(messages: list[str]) -> None:
    """Whatever is said, an effect is one that was on offer or one's own."""
    conversation: Conversation | None = None
    for text in messages:
        reply = ENGINE.respond(conversation, said(text), situation())
        match reply.effect:
            case Book(start):
                assert conversation is not None
                shown = {value for values in conversation.frame.values.values() for value in values}
                assert start.isoformat() in shown
            case Cancel(booking):
                assert conversation is not None
                assert conversation.frame.step == "confirm_cancellation"
                assert booking in BOOKINGS
        conversation = reply.conversation
