"""Each text of the catalogue is used somewhere, and each text that is used exists."""

import re
from pathlib import Path

import pytest

import tim_bots
from tim_bots.counter.states import State
from tim_bots.structured.reading import Refusal

PACKAGE = Path(tim_bots.__path__[0])
CATALOGUES = sorted((PACKAGE / "messages").glob("de_*.ftl"))
SOURCES = [file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")]
COMPUTED = {f"structured-{refusal}" for refusal in Refusal} | {f"counter-state-{state}" for state in State}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda file: str(file.stem))
def test_each_text_is_used_and_each_used_text_exists(catalogue: Path) -> None:
    subject = catalogue.stem.removeprefix("de_")
    used = {name for source in SOURCES for name in re.findall(rf'"({subject}-[a-z-]+)"', source)}
    used |= {name for name in COMPUTED if name.startswith(f"{subject}-")}
    written = set(re.findall(r"^([a-z-]+) =", catalogue.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert used
    assert used == written
