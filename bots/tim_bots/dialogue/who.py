"""Who writes where, and the keyed hashes under which the database finds it again."""

import hashlib
import hmac
from dataclasses import dataclass

from tim_bots.cipher import Cipher


@dataclass(frozen=True, slots=True)
class Who:
    """A person in a room.

    Args:
        room_id, user_id: Matrix identifiers; personal data, kept sealed only.
        room_key, person_key: their keyed hashes (HMAC-SHA-256, hex), useless without the key.
    """

    room_id: str
    user_id: str
    room_key: str
    person_key: str


class Lookup:
    """Makes keyed hashes, so that rows can be found without personal data standing in the database."""

    def __init__(self, cipher: Cipher) -> None:
        self._key = cipher.derive("lookup")

    def who(self, room_id: str, user_id: str) -> Who:
        """`user_id` in `room_id` with both keys."""
        return Who(room_id, user_id, self._hash("room", room_id), self._hash("person", user_id))

    def _hash(self, kind: str, identifier: str) -> str:
        return hmac.new(self._key, f"{kind}\0{identifier}".encode(), hashlib.sha256).hexdigest()
