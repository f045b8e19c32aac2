"""`bot.yaml`: what is accepted, and the one line that says what is wrong."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bots.conftest import write_config
from tim_bots.config import load_config
from tim_bots.secret_files import read_secret
from tim_policy.errors import ConfigError

WriteBot = Callable[..., Path]


@pytest.fixture
def write_bot(tmp_path: Path) -> WriteBot:
    def write(**changes: Any) -> Path:
        return write_config(tmp_path / "bot", "https://matrix.a.test/", "@bot:a.test", 8080, **changes)

    return write


def staff(persons: list[str] | None = None, dialogue: str | None = None, **weber: Any) -> dict[str, Any]:
    concern = {"label": "Rezept", "persons": ["weber"] if persons is None else persons, "dialogue": dialogue}
    person = {"user_id": "@weber:a.test", "name": "Dr. Weber"} | weber
    return {
        "hours": {"mo": ["08:00-12:00"]},
        "persons": {"weber": person},
        "concerns": {"rezept": concern},
    }


def test_a_complete_configuration_is_read(write_bot: WriteBot) -> None:
    path = write_bot(calendar={"location": "x", "lead_time": "90m", "opening_hours": {"mo": ["08:00-12:00"]}})
    config = load_config(path)
    assert config.homeserver == "https://matrix.a.test"
    assert config.state_dir == path.parent / "state"
    assert config.calendar is not None
    assert config.calendar.lead_time == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"organization": "x"}, "organization: unknown key; did you mean 'organisation'?"),
        ({"zzzzzz": 1}, "zzzzzz: unknown key"),
        ({"calendar": {"locaton": "x"}}, "calendar.locaton: unknown key; did you mean 'location'?"),
        ({"display_name": "Termine"}, 'display_name: must name the bot and end with "(Chatbot)"'),
        ({"display_name": "(Chatbot)"}, 'display_name: must name the bot and end with "(Chatbot)"'),
        ({"homeserver": "matrix.a.test"}, "homeserver: write the homeserver's base URL"),
        ({"homeserver": "http://matrix.a.test"}, "homeserver: use https"),
        ({"user_id": "bot"}, "user_id: "),
        ({"health_port": 0}, "health_port: "),
        ({"staff_room": "Empfang"}, "staff_room: "),
        ({"staff": staff(persons=["nobody"])}, "staff: concerns.rezept.persons: no such person: nobody"),
        ({"staff": staff(persons=[])}, "staff.concerns.rezept: write either persons or dialogue"),
        ({"staff": staff(deputy="nobody")}, "staff: persons.weber.deputy: no such person"),
        ({"staff": staff(absences=[{"first": "2026-12-02", "last": "2026-12-01"}])}, "staff.persons.weber.absences.0"),
        ({"staff": staff(dialogue="appointment", persons=[]), "calendar": None}, "calendar: is missing; a concern"),
        ({"client_report": {"url": "http://reports.a.test"}}, "client_report.url: use https"),
        ({"client_report": {"url": "https://reports.a.test"}}, "client_report.token_file: needed, the bot's own token"),
        ({"client_report": {"intervall": "1d"}}, "client_report.intervall: unknown key; did you mean 'interval'?"),
        ({"calendar": {"location": "x", "lead_time": 2, "opening_hours": {}}}, "calendar.lead_time: write a number"),
    ],
)
def test_a_fault_is_named_with_its_key(write_bot: WriteBot, changes: dict[str, Any], text: str) -> None:
    path = write_bot(**changes)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert f"{path}: {text}" in str(caught.value)


@pytest.mark.parametrize("key", ["homeserver", "user_id", "password_file", "key_file", "state_dir", "calendar"])
def test_a_missing_key_is_named(write_bot: WriteBot, key: str) -> None:
    path = write_bot()
    path.write_text(yaml.safe_dump({k: v for k, v in yaml.safe_load(path.read_text()).items() if k != key}))
    with pytest.raises(ConfigError, match=f"{key}: is missing"):
        load_config(path)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\tx", "!!python/object:os.system {}"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bot.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"bot\.yaml"):
        load_config(path)


def test_a_value_never_appears_in_the_error(write_bot: WriteBot) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write_bot(user_id="canary", health_port="canary"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("content", ["secret", "secret\n", "secret\r\n"])
def test_the_newline_of_a_secret_is_dropped(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_bytes(content.encode())
    assert read_secret(path, "password_file") == "secret"


@pytest.mark.parametrize(
    ("content", "mode", "text"),
    [("secret", 0o644, "open to other users; run: chmod 600"), ("\n", 0o600, "is empty"), (None, 0, "cannot read")],
)
def test_an_unusable_secret_is_refused(tmp_path: Path, content: str | None, mode: int, text: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(ConfigError, match="password_file: .*" + text):
        read_secret(path, "password_file")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"counter": None}, "prescription: needs counter"),
        ({"directory": None}, "prescription: needs counter"),
        ({"prescription": {"needs_doctor": True}}, "prescription.needs_doctor: none of counter.members is_doctor"),
        ({"prescription": {"most_opne": 3}}, "most_open"),
    ],
)
def test_prescriptions_need_who_decides_and_who_knows(write_bot: WriteBot, changes: dict[str, Any], said: str) -> None:
    whole: dict[str, Any] = {
        "staff": staff(),
        "staff_room": "!team:a.test",
        "counter": {"members": {"klar": {"user_id": "@klar:a.test", "name": "Frau Klar"}}},
        "directory": {"url": "https://directory.example.org"},
        "prescription": {},
    }
    with pytest.raises(ConfigError, match=said):
        load_config(write_bot(**{key: value for key, value in (whole | changes).items() if value is not None}))


def test_prescriptions_are_read(write_bot: WriteBot) -> None:
    path = write_bot(
        staff=staff(),
        staff_room="!team:a.test",
        counter={"members": {"weber": {"user_id": "@weber:a.test", "name": "Dr. Weber", "is_doctor": True}}},
        directory={"url": "https://directory.example.org"},
        prescription={"needs_doctor": True},
    )
    prescription = load_config(path).prescription
    assert prescription is not None
    assert (prescription.needs_doctor, prescription.most_open) == (True, 60)
