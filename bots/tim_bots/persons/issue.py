"""Issues PINs, and takes the practice's word for an account, beside the running bot."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from tim_bots.config import BotConfig
from tim_bots.dialogue.who import Lookup
from tim_bots.persons.pins import Patient, PinBook
from tim_bots.state import open_database
from tim_policy.errors import ConfigError

_LONGEST_REFERENCE = 100
_USER_ID = re.compile(r"@[^:\s]+:[^\s]+")


def issue_pin(config: BotConfig, reference: str) -> str:
    """A new PIN for the patient with this reference.

    Raises:
        ConfigError: the configuration has no `persons`, or the reference is empty or too long.
        StateUnusable, SealBroken: the text says what to do.
    """
    patient = _patient(config, reference)
    lifetime = config.persons.pin_lifetime if config.persons else timedelta()
    with open_database(config) as (connection, cipher):
        return PinBook(cipher).issue(connection, patient, datetime.now(UTC), lifetime)


def confirm_account(config: BotConfig, user_id: str, reference: str) -> None:
    """The practice compared a verification with the person: this account is the patient's.

    Raises:
        ConfigError: as above, or `user_id` is none.
        StateUnusable, SealBroken: the text says what to do.
    """
    patient = _patient(config, reference)
    if _USER_ID.fullmatch(user_id) is None:
        raise ConfigError("USER_ID: write a Matrix user id such as @erika:homeserver.example")
    with open_database(config) as (connection, cipher):
        who = Lookup(cipher).who("", user_id)
        PinBook(cipher).confirm(connection, who, patient, datetime.now(UTC))


def _patient(config: BotConfig, reference: str) -> Patient:
    if config.persons is None:
        raise ConfigError("persons: is missing; the bot asks nobody who they are")
    if not 0 < len(reference.strip()) <= _LONGEST_REFERENCE:
        raise ConfigError(f"--patient: write a reference of 1 to {_LONGEST_REFERENCE} characters")
    return Patient(reference.strip())


def chat_link(user_id: str) -> str:
    """A link that opens a chat with the bot in any client."""
    return f"https://matrix.to/#/{quote(user_id, safe='@:')}"
