"""One verification by short authentication string, as the side that answers: events in, events out, no network.

Whatever is out of order ends it with a cancellation; nothing is ever believed on the way.
"""

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vodozemac

from tim_bots.signatures import canonical_json, unpadded
from tim_bots.verification.emoji import NAMES, SYMBOLS

METHOD = "m.sas.v1"
AGREEMENT, HASH, MAC = "curve25519-hkdf-sha256", "sha256", "hkdf-hmac-sha256.v2"
STRINGS = ("emoji", "decimal")
PREFIX = "m.key.verification."


class Code(enum.StrEnum):
    """Why a verification ends early."""

    UNEXPECTED_MESSAGE = "m.unexpected_message"
    UNKNOWN_METHOD = "m.unknown_method"
    INVALID_MESSAGE = "m.invalid_message"
    KEY_MISMATCH = "m.key_mismatch"
    UNKNOWN_TRANSACTION = "m.unknown_transaction"
    TIMEOUT = "m.timeout"


class Step(enum.Enum):
    """What is expected next."""

    START = enum.auto()
    KEY = enum.auto()
    MAC = enum.auto()
    DONE = enum.auto()
    OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Party:
    """One side.

    Args:
        user_id, device_id: Matrix identifiers.
        keys: what may be vouched for: `ed25519:<device id>` or `ed25519:<master key>` to the public key.
    """

    user_id: str
    device_id: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What both sides must show."""

    emoji: tuple[int, ...]
    decimals: tuple[int, int, int]

    @property
    def emoji_text(self) -> str:
        """The seven emojis with their names."""
        return ", ".join(f"{SYMBOLS[index]} {NAMES[index]}" for index in self.emoji)

    @property
    def decimal_text(self) -> str:
        """The three numbers."""
        return " ".join(str(number) for number in self.decimals)


@dataclass(frozen=True, slots=True)
class Reply:
    """An event to be sent: its type without `m.key.verification.`, and its content without the relation."""

    kind: str
    content: dict[str, Any]


class _Refused(Exception):
    """Carries the code of the cancellation."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


class SasVerification:
    """One verification.

    Args:
        own: the bot, with its device key and its master key.
        peer: who asked, with the keys that the bot has seen of that device and user.
        transaction_id: event id of the request.
    """

    def __init__(self, own: Party, peer: Party, transaction_id: str) -> None:
        self.step = Step.START
        self.shown: Shown | None = None
        self.is_confirmed = False
        self._own = own
        self._peer = peer
        self._transaction_id = transaction_id
        self._sas = vodozemac.Sas()
        self._established: vodozemac.EstablishedSas | None = None

    def take(self, kind: str, content: Mapping[str, Any]) -> Sequence[Reply]:
        """Handle one event of the other side; total on any JSON.

        Args:
            kind: the event's type without `m.key.verification.`.
            content: as the other side sent it.

        Returns:
            What to send now.
        """
        if self.step is Step.OVER:
            return ()
        try:
            return self._handle(kind, content)
        except _Refused as refused:
            return self.cancel(refused.code)
        except (KeyError, TypeError, ValueError, AttributeError):
            return self.cancel(Code.INVALID_MESSAGE)

    def _handle(self, kind: str, content: Mapping[str, Any]) -> Sequence[Reply]:
        match self.step, kind:
            case (_, "cancel") | (Step.DONE, "done"):
                self.step = Step.OVER
                return ()
            case Step.START, "start":
                return self._start(content)
            case Step.KEY, "key":
                return self._key(content)
            case Step.MAC, "mac":
                return self._mac(content)
        raise _Refused(Code.UNEXPECTED_MESSAGE)

    def cancel(self, code: Code) -> Sequence[Reply]:
        """End it."""
        self.step = Step.OVER
        return (cancellation(code),)

    def _start(self, content: Mapping[str, Any]) -> Sequence[Reply]:
        if content["from_device"] != self._peer.device_id:
            raise _Refused(Code.INVALID_MESSAGE)
        strings = [name for name in STRINGS if name in content["short_authentication_string"]]
        fits = (
            content["method"] == METHOD
            and AGREEMENT in content["key_agreement_protocols"]
            and HASH in content["hashes"]
            and MAC in content["message_authentication_codes"]
            and "decimal" in strings  # each client must have it
        )
        if not fits:
            raise _Refused(Code.UNKNOWN_METHOD)
        commitment = self._sas.public_key.to_base64().encode() + _with_all_keys(content)
        self.step = Step.KEY
        accept = {
            "method": METHOD,
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": MAC,
            "short_authentication_string": strings,
            "commitment": unpadded(hashlib.sha256(commitment).digest()),
        }
        return (Reply("accept", accept),)

    def _key(self, content: Mapping[str, Any]) -> Sequence[Reply]:
        own_key, peer_key = self._sas.public_key.to_base64(), content["key"]
        self._established = self._sas.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(peer_key))
        own, peer = self._own, self._peer
        parts = (peer.user_id, peer.device_id, peer_key, own.user_id, own.device_id, own_key, self._transaction_id)
        shown = self._established.bytes("|".join(("MATRIX_KEY_VERIFICATION_SAS", *parts)))
        first, second, third = shown.decimals
        self.shown = Shown(tuple(shown.emoji_indices), (first, second, third))
        self.step = Step.MAC
        return (Reply("key", {"key": own_key}),)

    def _mac(self, content: Mapping[str, Any]) -> Sequence[Reply]:
        """The other side confirmed: check its keys, then vouch for the own ones."""
        macs: Mapping[str, str] = content["mac"]
        if self._established is None or not macs:
            raise _Refused(Code.UNEXPECTED_MESSAGE)
        self._check(",".join(sorted(macs)), "KEY_IDS", content["keys"])
        known = {key_id: key for key_id, key in self._peer.keys.items() if key_id in macs}
        if f"ed25519:{self._peer.device_id}" not in known:
            raise _Refused(Code.KEY_MISMATCH)
        for key_id, key in known.items():  # keys that the bot does not know are not vouched for
            self._check(key, key_id, macs[key_id])
        self.step = Step.DONE
        self.is_confirmed = True
        own = {key_id: self._own_mac(key, key_id) for key_id, key in self._own.keys.items()}
        keys = self._own_mac(",".join(sorted(own)), "KEY_IDS")
        return (Reply("mac", {"mac": own, "keys": keys}), Reply("done", {}))

    def _own_mac(self, text: str, key_id: str) -> str:
        if self._established is None:
            raise _Refused(Code.UNEXPECTED_MESSAGE)
        return str(self._established.calculate_mac(text, self._info(self._own, self._peer, key_id)))

    def _check(self, text: str, key_id: str, mac: str) -> None:
        if self._established is None:
            raise _Refused(Code.UNEXPECTED_MESSAGE)
        try:
            self._established.verify_mac(text, self._info(self._peer, self._own, key_id), mac)
        except (vodozemac.SasException, ValueError):
            raise _Refused(Code.KEY_MISMATCH) from None

    def _info(self, sender: Party, receiver: Party, key_id: str) -> str:
        ends = f"{sender.user_id}{sender.device_id}{receiver.user_id}{receiver.device_id}"
        return f"MATRIX_KEY_VERIFICATION_MAC{ends}{self._transaction_id}{key_id}"


_REASONS = {
    Code.UNEXPECTED_MESSAGE: "The message was not expected now",
    Code.UNKNOWN_METHOD: "The method is not supported",
    Code.INVALID_MESSAGE: "The message is malformed",
    Code.KEY_MISMATCH: "The keys do not match",
    Code.UNKNOWN_TRANSACTION: "This verification is not known",
    Code.TIMEOUT: "The verification took too long",
}


def cancellation(code: Code) -> Reply:
    """What ends a verification."""
    return Reply("cancel", {"code": code, "reason": _REASONS[code]})


def _with_all_keys(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON of the whole content: nothing of it is unsigned here."""
    if "signatures" in content or "unsigned" in content:
        raise _Refused(Code.INVALID_MESSAGE)
    return canonical_json(content)
