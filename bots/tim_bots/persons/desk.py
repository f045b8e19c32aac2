"""Connecting an account with a PIN, and withdrawing a consent: commands that work at any time."""

import re

from sqlalchemy import Connection

from tim_bots.dialogue.dialogue import Said, Say
from tim_bots.dialogue.who import Who
from tim_bots.persons.consents import ConsentBook
from tim_bots.persons.pins import DIGITS, PinBook, Redeemed

CONNECT = "verbinden"
_PIN = re.compile(rf"[0-9]{{{DIGITS}}}")
_ANSWERS = {
    Redeemed.LINKED: "person-connected",
    Redeemed.WRONG: "person-pin-wrong",
    Redeemed.TOO_MANY: "person-pin-too-many",
}


class PersonDesk:
    """Answers `!verbinden` and `stopp`, in the caller's transaction.

    Args:
        pins: PINs and links.
        consents: consents; None: nobody is asked for any.
    """

    def __init__(self, pins: PinBook, consents: ConsentBook | None) -> None:
        self._pins = pins
        self._consents = consents

    def connect(self, connection: Connection, who: Who, said: Said) -> Say:
        """Redeem a PIN. What is no PIN at all is no try."""
        pin = re.sub(r"[\s.-]", "", said.spoken.rest)
        if _PIN.fullmatch(pin) is None:
            return Say("person-pin-format")
        return Say(_ANSWERS[self._pins.redeem(connection, who, pin, said.now)])

    def withdraw(self, connection: Connection, who: Who, said: Said) -> bool:
        """Withdraw the person's consent; whether there was one."""
        if self._consents is None:
            return False
        patient = self._pins.patient_of(connection, who)
        return self._consents.withdraw(connection, who, patient, said.event_id, said.now)
