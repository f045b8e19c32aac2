import re
from pathlib import Path

import tim_bots
from tim_bots import appointment

CATALOGUE = Path(tim_bots.__path__[0]) / "messages" / "de_appointment.ftl"
SOURCES = sorted(Path(appointment.__path__[0]).glob("*.py"))


def test_each_text_is_used_and_each_used_text_exists() -> None:
    used = {
        message_id
        for source in SOURCES
        for message_id in re.findall(r'"(appointment-[a-z-]+)"', source.read_text(encoding="utf-8"))
    }
    written = set(re.findall(r"^([a-z-]+) =", CATALOGUE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert len(used) > 20
    assert used == written
