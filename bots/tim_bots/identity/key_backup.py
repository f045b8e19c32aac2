"""The server-side backup of room keys (client-server API, `m.megolm_backup.v1.curve25519-aes-sha2`).

It is there for the operator, who with the recovery key can read in Element what was said. The bot itself never
reads it: the homeserver could put keys of its own into it, and what is decrypted with them proves nothing.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import vodozemac
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nio.crypto import InboundGroupSession
from sqlalchemy.exc import OperationalError

from tim_bots.cross_signing import Seeds
from tim_bots.guard import GuardedClient
from tim_bots.matrix_http import RequestFailed, call, demand
from tim_bots.signatures import public_key, signed, unpadded

logger = logging.getLogger(__name__)

ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
PERIOD = 60.0
"""Seconds between two looks at what is to be uploaded."""
_VERSION = "/_matrix/client/v3/room_keys/version"
_AT_ONCE = 100
_NOT_FOUND = 404


def backup_seed(seeds: Seeds) -> bytes:
    """The backup's private Curve25519 key; follows from the identity, so that there is one secret less to lose."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"tim_bots room key backup").derive(seeds.master)


def backup_public_key(seeds: Seeds) -> vodozemac.Curve25519PublicKey:
    """The key that sessions are encrypted with."""
    return vodozemac.Curve25519SecretKey.from_bytes(backup_seed(seeds)).public_key()


def backed_up(session: InboundGroupSession, key: vodozemac.Curve25519PublicKey) -> dict[str, Any]:
    """One session as the homeserver keeps it."""
    plain = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "forwarding_curve25519_key_chain": session.forwarding_chain,
        "sender_claimed_keys": {"ed25519": session.ed25519},
        "sender_key": session.sender_key,
        "session_key": session.export_session(session.first_known_index),
    }
    encrypted = vodozemac.PkEncryption.from_key(key).encrypt(json.dumps(plain).encode())
    parts = {"ciphertext": encrypted.ciphertext, "mac": encrypted.mac, "ephemeral": encrypted.ephemeral_key}
    return {
        "first_message_index": session.first_known_index,
        "forwarded_count": len(session.forwarding_chain),
        "is_verified": False,
        "session_data": {name: unpadded(bytes(part)) for name, part in parts.items()},
    }


class KeyBackup:
    """Uploads the room keys of one device.

    Args:
        client: logged in.
        seeds: the account's identity.
    """

    def __init__(self, client: GuardedClient, seeds: Seeds) -> None:
        self._client = client
        self._seeds = seeds
        self._key = backup_public_key(seeds)
        self._version: str | None = None

    async def run(self) -> None:
        """Upload until cancelled.

        Raises:
            TokenRevoked: the token is not valid any more.
        """
        while True:
            await self.upload()
            await asyncio.sleep(PERIOD)

    async def open(self) -> bool:
        """Use the account's backup, or make one.

        Returns:
            False if the account has a backup under another key; nothing is ever uploaded to that.

        Raises:
            RequestFailed, TokenRevoked: the homeserver refused.
        """
        status, answer = await call(self._client, "GET", _VERSION)
        if status == _NOT_FOUND:
            answer = await demand(self._client, "POST", _VERSION, {"algorithm": ALGORITHM, "auth_data": self._auth()})
            await self._client.store.forget_backup()
        elif status >= 300:  # noqa: PLR2004 - HTTP
            raise RequestFailed(status, str(answer.get("errcode", "")))
        elif not self._is_own(answer):
            logger.error("room keys not backed up component=backup reason=foreign_backup")
            self._version = None
            return False
        self._version = str(answer["version"])
        return True

    def _auth(self) -> dict[str, Any]:
        user_id = self._client.user_id
        plain = {"public_key": self._key.to_base64()}
        return signed(plain, self._seeds.master, user_id, public_key(self._seeds.master))

    def _is_own(self, answer: Mapping[str, Any]) -> bool:
        auth = answer.get("auth_data")
        key = auth.get("public_key") if isinstance(auth, Mapping) else None
        return answer.get("algorithm") == ALGORITHM and key == self._key.to_base64()

    async def upload(self) -> int:
        """Upload what is not in the backup yet; a homeserver that does not take it stops nothing else.

        Returns:
            How many sessions were uploaded.

        Raises:
            TokenRevoked: the token is not valid any more.
        """
        count = 0
        try:
            while self._version is not None and (sessions := await self._client.store.not_backed_up(_AT_ONCE)):
                rooms: dict[str, Any] = {}
                for key, session in sessions:
                    room = rooms.setdefault(key.room_id, {"sessions": {}})
                    room["sessions"][key.session_id] = backed_up(session, self._key)
                path = f"/_matrix/client/v3/room_keys/keys?version={self._version}"
                await demand(self._client, "PUT", path, {"rooms": rooms})
                await self._client.store.mark_backed_up(key for key, _session in sessions)
                count += len(sessions)
        except RequestFailed as error:
            logger.warning("room keys not backed up component=backup errcode=%s", error.errcode)
            if error.is_final:
                self._version = None  # another version took its place; the next start looks at it
        except (OSError, TimeoutError, aiohttp.ClientError, OperationalError) as error:
            logger.warning("room keys not backed up component=backup error=%s", type(error).__name__)
        return count
