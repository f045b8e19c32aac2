"""One verification from the bot's side, against an independent other side; every fault ends it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import vodozemac
from hypothesis import given
from hypothesis import strategies as st
from nio.crypto.sas import Sas as NioSas

from tim_bots.signatures import unpadded
from tim_bots.verification.emoji import NAMES, SYMBOLS
from tim_bots.verification.sas import Party, Reply, SasVerification, Step

KEY = unpadded(b"k" * 32)
BOT = Party("@bot:a.test", "BOTDEV", {"ed25519:BOTDEV": unpadded(b"d" * 32), f"ed25519:{KEY}": KEY})
PHONE_KEY, ANNA_KEY = unpadded(b"p" * 32), unpadded(b"a" * 32)
ANNA = Party("@anna:a.test", "PHONE", {"ed25519:PHONE": PHONE_KEY, f"ed25519:{ANNA_KEY}": ANNA_KEY})
REQUEST = "$request"
START = {
    "from_device": "PHONE",
    "method": "m.sas.v1",
    "key_agreement_protocols": ["curve25519-hkdf-sha256", "curve25519"],
    "hashes": ["sha256"],
    "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
    "short_authentication_string": ["decimal", "emoji"],
    "m.relates_to": {"rel_type": "m.reference", "event_id": REQUEST},
}


class OtherSide:
    """Anna's client, written from the specification."""

    def __init__(self) -> None:
        self.sas = vodozemac.Sas()
        self.key = self.sas.public_key.to_base64()
        self.established: Any = None

    def take_key(self, bot_key: str) -> Any:
        self.established = self.sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(bot_key))
        info = f"MATRIX_KEY_VERIFICATION_SAS|@anna:a.test|PHONE|{self.key}|@bot:a.test|BOTDEV|{bot_key}|{REQUEST}"
        return self.established.bytes(info)

    def mac(self, keys: Mapping[str, str]) -> dict[str, Any]:
        base = f"MATRIX_KEY_VERIFICATION_MAC@anna:a.testPHONE@bot:a.testBOTDEV{REQUEST}"
        macs = {key_id: self.established.calculate_mac(key, base + key_id) for key_id, key in keys.items()}
        return {"mac": macs, "keys": self.established.calculate_mac(",".join(sorted(macs)), f"{base}KEY_IDS")}

    def accepts(self, mac: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        base = f"MATRIX_KEY_VERIFICATION_MAC@bot:a.testBOTDEV@anna:a.testPHONE{REQUEST}"
        for key_id, key in keys.items():
            self.established.verify_mac(key, base + key_id, mac["mac"][key_id])
        self.established.verify_mac(",".join(sorted(keys)), f"{base}KEY_IDS", mac["keys"])


def code(replies: Any) -> str:
    (reply,) = replies
    assert reply.kind == "cancel"
    return str(reply.content["code"])


def begun() -> SasVerification:
    return SasVerification(BOT, ANNA, REQUEST)


def until_keys() -> tuple[SasVerification, OtherSide]:
    bot, anna = begun(), OtherSide()
    bot.take("start", START)
    (key,) = bot.take("key", {"key": anna.key})
    anna.take_key(key.content["key"])
    return bot, anna


def test_both_sides_show_the_same_and_the_bot_vouches_for_its_master_key() -> None:
    bot, anna = begun(), OtherSide()
    (accept,) = bot.take("start", START)
    assert accept.content["message_authentication_code"] == "hkdf-hmac-sha256.v2"
    (key,) = bot.take("key", {"key": anna.key})
    canonical = json.dumps(START, separators=(",", ":"), sort_keys=True).encode()
    commitment = hashlib.sha256(key.content["key"].encode() + canonical).digest()
    assert accept.content["commitment"] == unpadded(commitment)
    shown = anna.take_key(key.content["key"])
    assert bot.shown
    assert (bot.shown.emoji, bot.shown.decimals) == (tuple(shown.emoji_indices), tuple(shown.decimals))
    assert len(bot.shown.emoji_text.split(", ")) == 7
    mac, done = bot.take("mac", anna.mac(ANNA.keys))
    anna.accepts(mac.content, BOT.keys)
    assert done == Reply("done", {})
    assert bot.take("done", {}) == ()
    assert bot.step is Step.OVER
    assert bot.is_confirmed


def test_the_bot_vouches_for_nothing_before_the_person_confirmed() -> None:
    bot, _anna = until_keys()
    assert bot.step is Step.MAC
    assert not bot.is_confirmed


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"from_device": "LAPTOP"}, "m.invalid_message"),
        ({"method": "m.reciprocate.v1"}, "m.unknown_method"),
        ({"key_agreement_protocols": ["curve25519"]}, "m.unknown_method"),
        ({"hashes": []}, "m.unknown_method"),
        ({"message_authentication_codes": ["hkdf-hmac-sha256"]}, "m.unknown_method"),
        ({"short_authentication_string": ["emoji"]}, "m.unknown_method"),
        ({"short_authentication_string": None}, "m.invalid_message"),
        ({"hashes": 5}, "m.invalid_message"),
        ({"unsigned": {}}, "m.invalid_message"),
    ],
)
def test_a_start_that_does_not_fit_ends_it(change: dict[str, Any], expected: str) -> None:
    bot = begun()
    assert code(bot.take("start", START | change)) == expected
    assert bot.step is Step.OVER


@pytest.mark.parametrize("key", ["", "garbage", None, 5, unpadded(bytes(32))])
def test_a_bad_key_ends_it(key: Any) -> None:
    bot = begun()
    bot.take("start", START)
    assert code(bot.take("key", {"key": key})) == "m.invalid_message"


FOREIGN = {"ed25519:PHONE": unpadded(b"x" * 32)}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(FOREIGN, "m.key_mismatch", id="another device key than the homeserver published"),
        pytest.param({f"ed25519:{ANNA_KEY}": ANNA_KEY}, "m.key_mismatch", id="not the device that speaks"),
        pytest.param({**ANNA.keys, f"ed25519:{ANNA_KEY}": PHONE_KEY}, "m.key_mismatch", id="another master key"),
        pytest.param({}, "m.unexpected_message", id="no key"),
    ],
)
def test_keys_that_do_not_match_end_it(keys: dict[str, str], expected: str) -> None:
    bot, anna = until_keys()
    assert code(bot.take("mac", anna.mac(keys))) == expected
    assert not bot.is_confirmed


@pytest.mark.parametrize(
    "spoil",
    [
        lambda mac: mac | {"keys": "AAAA"},
        lambda mac: mac | {"mac": dict.fromkeys(mac["mac"], "AAAA")},
        lambda mac: mac | {"mac": mac["mac"] | {"ed25519:MORE": "AAAA"}},
        lambda mac: {"mac": mac["mac"]},
        lambda _mac: {},
        lambda _mac: {"mac": 5, "keys": 5},
    ],
)
def test_a_forged_proof_ends_it(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    bot, anna = until_keys()
    assert code(bot.take("mac", spoil(anna.mac(ANNA.keys)))) in {"m.key_mismatch", "m.invalid_message"}
    assert not bot.is_confirmed


def test_somebody_in_between_makes_the_two_sides_show_something_else() -> None:
    bot, anna, mallory = begun(), OtherSide(), OtherSide()
    bot.take("start", START)
    bot.take("key", {"key": mallory.key})
    shown = anna.take_key(mallory.key)
    assert bot.shown
    assert bot.shown.emoji != tuple(shown.emoji_indices)
    assert code(bot.take("mac", anna.mac(ANNA.keys))) == "m.key_mismatch"


KINDS = st.sampled_from(["start", "accept", "key", "mac", "done", "cancel", "ready", "request", "", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(st.sampled_from([*START, "key", "mac", "keys"]), kids),
    max_leaves=10,
)


@given(st.lists(st.tuples(KINDS, JSON.filter(lambda value: isinstance(value, dict)) | st.just(START)), max_size=6))
def test_no_order_and_no_content_confirms_or_raises(events: list[tuple[str, Any]]) -> None:
    bot = begun()
    for kind, content in events:
        was_over = bot.step is Step.OVER
        replies = bot.take(kind, content)
        assert not (was_over and replies)
        assert all(reply.kind in {"accept", "key", "cancel"} for reply in replies)
    assert not bot.is_confirmed


def test_each_emoji_has_a_name() -> None:
    assert len(NAMES) == len(SYMBOLS) == len(set(NAMES)) == 64
    assert SYMBOLS[0] == NioSas.emoji[0][0]
