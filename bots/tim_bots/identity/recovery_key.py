"""The recovery key as people write it down (client-server API, "Key representation")."""

import hmac
from functools import reduce
from operator import xor

from tim_policy.errors import TimError

KEY_BYTES = 32
_PREFIX = bytes([0x8B, 0x01])
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class BadRecoveryKey(TimError):
    """What was typed is no recovery key, or not the one of this account."""


def write_recovery_key(key: bytes) -> str:
    """32 bytes as base58 in groups of four."""
    data = _PREFIX + key
    number = int.from_bytes([*data, _parity(data)])
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def read_recovery_key(text: str) -> bytes:
    """The opposite of `write_recovery_key`; white space does not matter.

    Raises:
        BadRecoveryKey: a typing error.
    """
    number = 0
    for character in "".join(text.split()):
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise BadRecoveryKey("the recovery key has only letters and digits, without 0, O, I and l: type it again")
        number = number * len(_ALPHABET) + digit
    try:
        data = number.to_bytes(len(_PREFIX) + KEY_BYTES + 1)
    except OverflowError:
        raise BadRecoveryKey("the recovery key is too long: type it again") from None
    if not hmac.compare_digest(data[:2], _PREFIX) or _parity(data) != 0:
        raise BadRecoveryKey("the recovery key has a typing error, or a part is missing: type it again")
    return data[len(_PREFIX) : -1]


def _parity(data: bytes) -> int:
    return reduce(xor, data)
