"""Issues a PIN beside the running bot."""

from datetime import UTC, datetime
from urllib.parse import quote

from tim_bots.config import BotConfig
from tim_bots.persons.pins import Patient, PinBook
from tim_bots.state import open_database
from tim_policy.errors import ConfigError

_LONGEST_REFERENCE = 100


def issue_pin(config: BotConfig, reference: str) -> str:
    """A new PIN for the patient with this reference.

    Raises:
        ConfigError: the configuration has no `persons`, or the reference is empty or too long.
        StateUnusable, SealBroken: the text says what to do.
    """
    if config.persons is None:
        raise ConfigError("persons: is missing; the bot would not accept a PIN")
    if not 0 < len(reference.strip()) <= _LONGEST_REFERENCE:
        raise ConfigError(f"--patient: write a reference of 1 to {_LONGEST_REFERENCE} characters")
    with open_database(config) as (connection, cipher):
        patient = Patient(reference.strip())
        return PinBook(cipher).issue(connection, patient, datetime.now(UTC), config.persons.pin_lifetime)


def chat_link(user_id: str) -> str:
    """A link that opens a chat with the bot in any client."""
    return f"https://matrix.to/#/{quote(user_id, safe='@:')}"
