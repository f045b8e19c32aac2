"""The catalogue of German texts."""

import re
from importlib.resources import files

import pytest

from tim_bots import messages
from tim_bots.messages import CatalogueError, require_messages, say
from tim_bots.process import CHASSIS_MESSAGES

CHASSIS = files("tim_bots").joinpath("messages", "de.ftl").read_text(encoding="utf-8")


def test_the_chassis_says_what_stands_in_its_catalogue_and_nothing_else() -> None:
    assert set(re.findall(r"^([a-z-]+) =", CHASSIS, re.MULTILINE)) == set(CHASSIS_MESSAGES)


@pytest.mark.parametrize("message_id", CHASSIS_MESSAGES)
def test_every_text_is_plain_and_short(message_id: str) -> None:
    text = say(message_id, name="in-1", what="message", error="RuntimeError", emoji="🐶 Hund", decimals="1 2 3")
    assert "Sie" in text
    assert len(text) < 300
    assert not re.search("[\u2066-\u2069]", text)


def test_a_missing_message_stops_the_start() -> None:
    with pytest.raises(CatalogueError, match="missing chassis-unheard-of"):
        require_messages(["chassis-failed", "chassis-unheard-of"])
    with pytest.raises(CatalogueError, match="no message"):
        say("chassis-unheard-of")


def test_every_file_of_the_folder_is_loaded() -> None:
    require_messages(CHASSIS_MESSAGES)
    assert len(messages._catalogue()._messages) >= len(CHASSIS_MESSAGES)
