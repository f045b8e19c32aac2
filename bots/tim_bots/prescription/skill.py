"""Prescription requests as a skill: the directory's word as fact, cases at the counter as effect."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Dialogue, Said, Turn
from tim_bots.dialogue.skill import Performed
from tim_bots.dialogue.who import Who
from tim_bots.directory.role_book import RoleBook
from tim_bots.prescription.dialogue import PRESCRIPTION_DIALOGUE, Answer, Cancel, Send, Standing
from tim_bots.prescription.requests import PrescriptionRequests
from tim_bots.structured.step import FlowStep
from tim_policy.directory.profession import CARE


class PrescriptionSkill:
    """Takes requests of care services (a `tim_bots.dialogue.skill.Skill`).

    Args:
        requests: the cases.
        roles: what the directory says about people.
    """

    def __init__(self, requests: PrescriptionRequests, roles: RoleBook) -> None:
        self._requests = requests
        self._roles = roles

    @property
    def dialogue(self) -> Dialogue[Standing]:
        """What is said."""
        return PRESCRIPTION_DIALOGUE

    @property
    def names(self) -> Mapping[str, str | int]:
        """Variables of the texts."""
        return {}

    def facts(self, connection: Connection, who: Who, now: datetime) -> Standing:
        """Whether the person writes for a care service, and for nothing else."""
        roles = self._roles.roles_of(connection, who, now)
        return Standing(None if roles is None else roles == {CARE})

    def question_step(self, conversation: Conversation, facts: Standing) -> FlowStep | None:
        """Only people are asked."""
        del conversation, facts
        return None

    def outcome_step(self, effect: object, outcome: object, case_id: UUID) -> FlowStep | None:
        """Nothing for programs."""
        del effect, outcome, case_id
        return None

    def understand(self, step: FlowStep, conversation: Conversation | None, facts: Standing) -> Turn | None:
        """Programs are refused: nothing of theirs is guessed."""
        del step, conversation, facts
        return None

    def perform(self, connection: Connection, who: Who, effect: object, facts: Standing, said: Said) -> Performed:
        """Open, withdraw or answer cases."""
        if not facts.is_entitled:
            return Performed(None)
        match effect:
            case Send():
                numbers, cards = self._requests.send(connection, who, effect, said.now)
                return Performed(numbers, attached=cards)
            case Cancel():
                told, answers = self._requests.cancel(connection, who, effect, said.now)
                return Performed(told, attached=answers)
            case Answer():
                told, answers = self._requests.answer(connection, who, effect, said.event_id, said.now)
                return Performed(told, attached=answers)
        return Performed(None)
