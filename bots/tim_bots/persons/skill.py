"""Asking for consent as a skill."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Dialogue, Said, Turn
from tim_bots.dialogue.skill import Performed
from tim_bots.dialogue.who import Who
from tim_bots.persons.consents import ConsentBook
from tim_bots.persons.dialogue import CONSENT, CONSENT_DIALOGUE, Record, Status
from tim_bots.persons.pins import PinBook
from tim_bots.structured.step import FlowStep, Item


class ConsentSkill:
    """Asks for a consent and records it (a `tim_bots.dialogue.skill.Skill`)."""

    def __init__(self, consents: ConsentBook, pins: PinBook) -> None:
        self._consents = consents
        self._pins = pins

    @property
    def dialogue(self) -> Dialogue[Status]:
        """What is said."""
        return CONSENT_DIALOGUE

    @property
    def names(self) -> Mapping[str, str | int]:
        """Variables of the texts."""
        return {}

    def facts(self, connection: Connection, who: Who, now: datetime) -> Status:
        """The text, and whether it was consented to."""
        return Status(self._consents.text.text, self._consents.is_given(connection, who, now))

    def question_step(self, conversation: Conversation, facts: Status) -> FlowStep | None:
        """A program cannot consent for a person."""
        del conversation, facts
        return None

    def outcome_step(self, effect: object, outcome: object, case_id: UUID) -> FlowStep | None:
        """The record."""
        if not isinstance(effect, Record) or not isinstance(outcome, dict):
            return None
        items = (Item(UUID(outcome["id"]), outcome["status"]),)
        return FlowStep(CONSENT, "record", uuid4(), case_id, items, resource=outcome)

    def understand(self, step: FlowStep, conversation: Conversation | None, facts: Status) -> Turn | None:
        """A program cannot consent for a person."""
        del step, conversation, facts
        return None

    def perform(self, connection: Connection, who: Who, effect: object, facts: Status, said: Said) -> Performed:
        """Record."""
        del facts
        if not isinstance(effect, Record):
            return Performed(None)
        patient = self._pins.patient_of(connection, who)
        return Performed(self._consents.record(connection, who, patient, said.event_id, said.now))
