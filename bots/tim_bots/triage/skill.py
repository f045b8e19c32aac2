"""Triage as a skill: the concerns that a person may have as facts, bringing in the staff as effect."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from tim_bots.dialogue.choosing import Option
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Dialogue, Said, Turn
from tim_bots.dialogue.skill import Performed
from tim_bots.dialogue.who import Who
from tim_bots.directory.role_book import RoleBook
from tim_bots.structured.step import FlowStep
from tim_bots.triage.desk import Desk
from tim_bots.triage.dialogue import TRIAGE, Counter, Offered, Route


class TriageSkill:
    """Asks for the concern and brings in the staff (a `tim_bots.dialogue.skill.Skill`).

    Args:
        desk: brings in the staff.
        roles: what the directory says about people; None: nobody has a role.
    """

    def __init__(self, desk: Desk, roles: RoleBook | None) -> None:
        self._desk = desk
        self._roles = roles

    @property
    def dialogue(self) -> Dialogue[Counter]:
        """What is said."""
        return TRIAGE

    @property
    def names(self) -> Mapping[str, str | int]:
        """Variables of the texts."""
        return {}

    def facts(self, connection: Connection, who: Who, now: datetime) -> Counter:
        """What this person may come for: what is for everybody, and what is for their role."""
        roles = (self._roles and self._roles.roles_of(connection, who, now)) or frozenset()
        return Counter(
            tuple(
                Offered(Option(key, concern.label, concern.words), concern.dialogue)
                for key, concern in self._desk.staff.concerns.items()
                if not concern.roles or roles & set(concern.roles)
            )
        )

    def question_step(self, conversation: Conversation, facts: Counter) -> FlowStep | None:
        """Only people are asked."""
        del conversation, facts
        return None

    def outcome_step(self, effect: object, outcome: object, case_id: UUID) -> FlowStep | None:
        """Nothing for programs."""
        del effect, outcome, case_id
        return None

    def understand(self, step: FlowStep, conversation: Conversation | None, facts: Counter) -> Turn | None:
        """Programs do not come to the counter."""
        del step, conversation, facts
        return None

    def perform(self, connection: Connection, who: Who, effect: object, facts: Counter, said: Said) -> Performed:
        """Bring in the staff."""
        del facts
        if not isinstance(effect, Route):
            return Performed(None)
        card = f"triage {uuid4()}"
        step = self._desk.begin(connection, who, effect.concern, card, said.now)
        return Performed(step.says, attached=step.actions, card=card)
