"""What can be said at any time, in every step of every dialogue: abbrechen, hilfe, zurück, mensch, bot."""

import enum
import re
from dataclasses import dataclass

from tim_bots.dialogue.folding import fold, is_one_of, without_quote, words_of
from tim_bots.dialogue.vocabulary import BACK, BOT, FILLERS, HELP, HUMAN, STOP, TALK, WITHDRAW


class Command(enum.StrEnum):
    """A word that means the same everywhere."""

    STOP = "stop"
    HELP = "help"
    BACK = "back"
    HUMAN = "human"
    BOT = "bot"
    """Let the bot speak again."""
    WITHDRAW = "withdraw"
    """Withdraw a consent; without one it is STOP."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text, taken apart.

    Args:
        text: as sent, without the quote of a reply.
        addressed: the word of a command such as "termin" in "!termin morgen"; None for plain words.
        rest: the text without that command.
        command: set if the text says nothing but this.
    """

    text: str
    addressed: str | None
    rest: str
    command: Command | None


_ADDRESS = re.compile(r"\s*! ?([a-zäöüß]+)[ :,.]*", re.IGNORECASE)
_VOCABULARIES = (
    (Command.WITHDRAW, WITHDRAW),
    (Command.STOP, STOP),
    (Command.HELP, HELP),
    (Command.BACK, BACK),
    (Command.HUMAN, HUMAN),
    (Command.BOT, BOT),
)
_LONGEST = 60
"""Characters; a longer text is no command, whatever it contains."""


def read_spoken(text: str) -> Spoken:
    """Take a text apart; total, never raises."""
    plain = without_quote(text)
    match = _ADDRESS.match(fold(plain)) if plain.lstrip().startswith(("!", "\uff01")) else None
    if match is None:
        return Spoken(plain, None, plain, _command(plain))
    addressed = match[1]
    rest = fold(plain)[match.end() :]
    command = _command(addressed) if not rest else _command(rest)
    return Spoken(plain, addressed, rest, command)


def _command(text: str) -> Command | None:
    if len(text) > _LONGEST:
        return None
    plain = fold(text)
    if "?" in plain and set(plain) <= set("?! ."):
        return Command.HELP
    words = [word for word in words_of(plain) if word not in FILLERS | TALK]
    if len(words) != 1:
        return None
    exact = [command for command, known in _VOCABULARIES if words[0] in known]
    if exact:
        return exact[0]
    alike = {command for command, known in _VOCABULARIES if is_one_of(words[0], known)}
    return alike.pop() if len(alike) == 1 else None
