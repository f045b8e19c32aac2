"""One-time PINs: who guesses gets nowhere, and who has one gets linked once."""

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from tim_bots.cipher import Cipher
from tim_bots.database import open_engine
from tim_bots.dialogue.who import Lookup, Who
from tim_bots.persons import pins as module
from tim_bots.persons.pins import TRIES_OF_ALL, TRIES_PER_SENDER, Patient, PinBook, Redeemed

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
CIPHER = Cipher(bytes(range(32)))
ERIKA = Patient("Akte 4711")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "bot.db")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def book() -> PinBook:
    return PinBook(CIPHER)


def who(name: str, room: str = "!a:a.test") -> Who:
    return Lookup(CIPHER).who(room, f"@{name}:a.test")


def wrong(pin: str, times: int) -> list[str]:
    return [f"{(int(pin) + number) % 10**6:06}" for number in range(1, times + 1)]


def test_a_pin_links_its_patient_once(book: PinBook, connection: Connection) -> None:
    pin = book.issue(connection, ERIKA, NOW, WEEK)
    assert len(pin) == 6
    assert pin.isdigit()
    assert book.patient_of(connection, who("erika")) is None
    assert book.redeem(connection, who("erika"), pin, NOW) is Redeemed.LINKED
    assert book.patient_of(connection, who("erika", "!other:a.test")) == ERIKA
    assert book.redeem(connection, who("mallory"), pin, NOW) is Redeemed.WRONG
    assert book.patient_of(connection, who("mallory")) is None
    book.unlink(connection, who("erika"))
    assert book.patient_of(connection, who("erika")) is None


def test_an_expired_pin_is_wrong(book: PinBook, connection: Connection) -> None:
    pin = book.issue(connection, ERIKA, NOW, WEEK)
    assert book.redeem(connection, who("erika"), pin, NOW + WEEK) is Redeemed.WRONG


def test_after_five_wrong_tries_the_right_pin_does_not_help_either(book: PinBook, connection: Connection) -> None:
    pin = book.issue(connection, ERIKA, NOW, WEEK)
    for guess in wrong(pin, TRIES_PER_SENDER):
        assert book.redeem(connection, who("mallory"), guess, NOW) is Redeemed.WRONG
    assert book.redeem(connection, who("mallory", "!other:a.test"), pin, NOW) is Redeemed.TOO_MANY
    later = NOW + timedelta(hours=23)
    assert book.redeem(connection, who("mallory"), pin, later) is Redeemed.TOO_MANY
    assert book.redeem(connection, who("erika"), pin, later) is Redeemed.LINKED
    assert book.redeem(connection, who("mallory"), pin, NOW + timedelta(days=1)) is Redeemed.WRONG


def test_many_accounts_do_not_help_to_guess(
    book: PinBook, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    pin = book.issue(connection, ERIKA, NOW, WEEK)
    for number, guess in enumerate(wrong(pin, TRIES_OF_ALL)):
        assert book.redeem(connection, who(f"m{number}"), guess, NOW) is Redeemed.WRONG
    assert book.redeem(connection, who("fresh"), pin, NOW) is Redeemed.TOO_MANY
    assert "somebody guesses PINs component=persons wrong=20" in caplog.text
    assert pin not in caplog.text
    assert book.redeem(connection, who("erika"), pin, NOW + timedelta(hours=1)) is Redeemed.LINKED


def test_the_database_holds_neither_pin_nor_patient(book: PinBook, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        pin = book.issue(connection, Patient("Kanarienvogel"), NOW, WEEK)
        other = book.issue(connection, Patient("Kanarienvogel"), NOW, WEEK)
        assert book.redeem(connection, who("erika"), pin, NOW) is Redeemed.LINKED
    engine.dispose()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (pin, other, "Kanarienvogel", "erika"):
        assert secret.encode() not in stored


def test_another_key_makes_every_pin_wrong(book: PinBook, connection: Connection) -> None:
    pin = book.issue(connection, ERIKA, NOW, WEEK)
    assert PinBook(Cipher(bytes(32))).redeem(connection, who("erika"), pin, NOW) is Redeemed.WRONG


def test_the_comparison_takes_as_long_for_any_guess() -> None:
    source = inspect.getsource(module.PinBook._find)
    assert "compare_digest" in source
    assert "break" not in source
    assert source.count("return") == 1
