"""A verification by a code that the person scans, from the bot's side."""

from base64 import b64encode
from typing import Any

import pytest

from tim_bots.signatures import unpadded
from tim_bots.verification.picture import CODE_KEY, picture_of
from tim_bots.verification.qr import QrVerification
from tim_bots.verification.sas import Reply, Step

BOT_KEY, ANNA_KEY = unpadded(b"b" * 32), unpadded(b"a" * 32)


def begun() -> QrVerification:
    return QrVerification(BOT_KEY, ANNA_KEY, "PHONE", "$request")


def start(bot: QrVerification, **changes: Any) -> dict[str, Any]:
    secret = unpadded(bot.code[-16:])
    return {"method": "m.reciprocate.v1", "from_device": "PHONE", "secret": secret} | changes


def test_the_code_is_that_of_the_specification() -> None:
    code = begun().code
    expected = b"MATRIX" + b"\x02" + b"\x00" + b"\x00\x08" + b"$request" + b"b" * 32 + b"a" * 32
    assert code[:-16] == expected
    assert begun().code[-16:] != code[-16:]


def test_who_saw_the_code_ends_it_well() -> None:
    bot = begun()
    assert bot.take("start", start(bot)) == (Reply("done", {}),)
    assert bot.is_confirmed
    assert bot.take("done", {}) == ()
    assert bot.step is Step.OVER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": unpadded(b"x" * 16)}, "m.key_mismatch"),
        ({"secret": ""}, "m.key_mismatch"),
        ({"from_device": "LAPTOP"}, "m.key_mismatch"),
        ({"method": "m.sas.v1"}, "m.key_mismatch"),
        ({"secret": 5}, "m.invalid_message"),
        ({"secret": "!"}, "m.invalid_message"),
    ],
)
def test_who_did_not_see_it_ends_it_badly(changes: dict[str, Any], code: str) -> None:
    bot = begun()
    (cancel,) = bot.take("start", start(bot, **changes))
    assert (cancel.kind, cancel.content["code"]) == ("cancel", code)
    assert not bot.is_confirmed
    assert bot.take("start", start(bot)) == ()  # one try


@pytest.mark.parametrize("kind", ["key", "mac", "done", "accept", ""])
def test_anything_else_ends_it(kind: str) -> None:
    bot = begun()
    (cancel,) = bot.take(kind, {})
    assert cancel.content["code"] == "m.unexpected_message"


def test_the_picture_is_one() -> None:
    bot = begun()
    picture = picture_of(bot.code)
    assert picture["extra"][CODE_KEY] == b64encode(bot.code).decode()
    assert picture["data"].startswith(b64encode(b"\x89PNG\r\n").decode()[:7])
