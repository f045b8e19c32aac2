"""Whether a person may use a dialogue now. Unclear means no."""

import enum
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from tim_bots.dialogue.who import Who
from tim_bots.persons.config import Identity, Needs, PersonsConfig
from tim_bots.persons.consents import ConsentBook
from tim_bots.persons.pins import PinBook


class Access(enum.Enum):
    """The answer."""

    GRANTED = enum.auto()
    UNKNOWN_PERSON = enum.auto()
    NO_CONSENT = enum.auto()


class AccessRules:
    """Decides per dialogue, anew for each message.

    Args:
        config: what is needed.
        pins: knows whom people were linked to.
        consents: what people consented to; None: nobody is asked.
    """

    def __init__(self, config: PersonsConfig, pins: PinBook, consents: ConsentBook | None) -> None:
        self._needs: Mapping[str, Needs] = {"appointment": config.appointment}
        self._insurers = frozenset(config.insurer_servers)
        self._pins = pins
        self._consents = consents

    def needs(self, dialogue: str) -> Needs:
        """What a dialogue needs; one that nothing is written for needs nothing."""
        return self._needs.get(dialogue, Needs())

    def decide(self, connection: Connection, who: Who, dialogue: str, now: datetime) -> Access:
        """Whether this person may use this dialogue."""
        needs = self.needs(dialogue)
        if needs.identity and not any(self._has_proven(connection, who, way) for way in needs.identity):
            return Access.UNKNOWN_PERSON
        if needs.consent and (self._consents is None or not self._consents.is_given(connection, who, now)):
            return Access.NO_CONSENT
        return Access.GRANTED

    def _has_proven(self, connection: Connection, who: Who, way: Identity) -> bool:
        match way:
            case Identity.PIN | Identity.VERIFIED:
                return self._pins.proven_by(connection, who) is way
            case Identity.INSURER:
                return who.user_id.partition(":")[2] in self._insurers
