"""One verification by a QR code that the practice shows and the person scans (client-server API, "QR codes").

The code holds both master keys and a secret of this one verification. The person's client compares the keys and
proves with the secret that it saw the code; what it was shown on is the practice's own screen.
"""

import hmac
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tim_bots.signatures import from_unpadded
from tim_bots.verification.sas import Code, Reply, Step, cancellation

SCAN, SHOW, RECIPROCATE = "m.qr_code.scan.v1", "m.qr_code.show.v1", "m.reciprocate.v1"
_HEADER = b"MATRIX\x02\x00"
"""Version 2; mode 0: another user, by the master keys."""
_SECRET_BYTES = 16


class QrVerification:
    """One verification.

    Args:
        own_master_key, peer_master_key: the bot's, and the person's as the bot has seen it.
        peer_device_id: of the device that asked.
        transaction_id: event id of the request.
    """

    def __init__(self, own_master_key: str, peer_master_key: str, peer_device_id: str, transaction_id: str) -> None:
        self.step = Step.START
        self.is_confirmed = False
        self._peer_device_id = peer_device_id
        self._secret = os.urandom(_SECRET_BYTES)
        name = transaction_id.encode()
        keys = from_unpadded(own_master_key) + from_unpadded(peer_master_key)
        self.code = _HEADER + len(name).to_bytes(2) + name + keys + self._secret

    def take(self, kind: str, content: Mapping[str, Any]) -> Sequence[Reply]:
        """Handle one event of the other side, as `SasVerification.take` does."""
        match self.step, kind:
            case Step.OVER, _:
                return ()
            case (_, "cancel") | (Step.DONE, "done"):
                self.step = Step.OVER
                return ()
            case Step.START, "start":
                return self._start(content)
        return self.cancel(Code.UNEXPECTED_MESSAGE)

    def cancel(self, code: Code) -> Sequence[Reply]:
        """End it."""
        self.step = Step.OVER
        return (cancellation(code),)

    def _start(self, content: Mapping[str, Any]) -> Sequence[Reply]:
        try:
            secret = from_unpadded(content["secret"].rstrip("="))
            is_fitting = (content["method"], content["from_device"]) == (RECIPROCATE, self._peer_device_id)
        except (KeyError, TypeError, ValueError, AttributeError):
            return self.cancel(Code.INVALID_MESSAGE)
        if not is_fitting or not hmac.compare_digest(secret, self._secret):
            return self.cancel(Code.KEY_MISMATCH)
        self.step = Step.DONE
        self.is_confirmed = True
        return (Reply("done", {}),)
