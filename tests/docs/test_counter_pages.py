"""The guides about the counter: their transcripts are what the bot really says, their words are the bot's."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.bots.counter.conftest import cipher, engine
from tests.bots.counter.test_desk import Practice
from tests.docs.transcripts import play, turns, written
from tim_bots.cipher import Cipher
from tim_bots.counter.orders import Misread, Verb, read_order

__all__ = ["cipher", "engine"]

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = [DOCS / f"anleitung-{name}.md" for name in ("tresen", "arzt")]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: str(guide.stem))
def test_the_transcript_is_what_the_bot_says(guide: Path, engine: Engine, cipher: Cipher) -> None:
    (block,) = re.findall(r"^```text\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert written(play(Practice(engine, cipher), turns(block))) == block


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: str(guide.stem))
def test_every_word_of_the_table_is_an_order(guide: Path) -> None:
    words = re.findall(r"^\| (.*?) \|", guide.read_text(encoding="utf-8"), re.MULTILINE)
    orders = [part for word in words for part in re.split(", | oder ", word) if part.startswith("!")]
    read = {order: read_order(order, None) for order in orders}
    assert len(read) >= 5
    assert not [order for order, found in read.items() if found is None or isinstance(found, Misread)]
    if guide.stem.endswith("tresen"):
        assert {found.verb for found in read.values() if not isinstance(found, Misread | None)} == set(Verb)
