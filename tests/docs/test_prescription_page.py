"""The guide for care services: its transcript is what the bot really says."""

import re
from pathlib import Path

from sqlalchemy import Engine

from tests.bots.counter.conftest import cipher, engine
from tests.bots.prescription.test_prescription import Practice
from tests.docs.transcripts import play, turns, written
from tim_bots.cipher import Cipher

__all__ = ["cipher", "engine"]

GUIDE = Path(__file__).parents[2] / "docs" / "anleitung-pflege.md"


def test_the_transcript_is_what_the_bot_says(engine: Engine, cipher: Cipher) -> None:
    (block,) = re.findall(r"^```text\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert written(play(Practice(engine, cipher), turns(block))) == block
