"""Answers verification requests in rooms: keeps the running ones, sends their events, tells people what to compare."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from nio.exceptions import LocalProtocolError

from tim_bots.crypto_metrics import VERIFICATIONS
from tim_bots.guard import GuardedClient
from tim_bots.matrix_http import TokenRevoked, ok
from tim_bots.messages import say
from tim_bots.verification.qr import RECIPROCATE, SCAN, SHOW, QrVerification
from tim_bots.verification.sas import METHOD, PREFIX, Code, Party, Reply, SasVerification, Shown, Step
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)

MESSAGES = ("chassis-verification-compare", "chassis-operator-verification", "chassis-operator-code")
LIFETIME = timedelta(minutes=10)
"""From the request on (client-server API)."""
_AHEAD = timedelta(minutes=5)
"""A request from further in the future is ignored."""
_LATEST_MS = 2**42
"""In the year 2109; later ones cannot be read as a time everywhere."""
_AT_ONCE = 20
_PER_PERSON = 5
"""Requests within `LIFETIME`."""
_WAITING = 1_000

TellOperator = Callable[[str, bytes | None], Awaitable[None]]
"""Says something in the operator's room, if there is one; with the content of a QR code that belongs to it."""


@dataclass(slots=True)
class _Running:
    """One verification and where it takes place."""

    room_id: str
    user_id: str
    began_at: datetime
    sas: SasVerification
    qr: QrVerification | None

    def choose(self, kind: str | None, content: Mapping[str, Any]) -> SasVerification | QrVerification:
        """The method of the other side's choice; once it is begun it stays."""
        if self.qr is None:
            return self.sas
        is_scanned = kind == "start" and content.get("method") == RECIPROCATE and self.sas.step is Step.START
        return self.qr if is_scanned or self.qr.step is not Step.START else self.sas


class Verifier:
    """Takes part in verifications.

    Args:
        client: logged in; its own device is signed.
        master_key: the account's public master key.
        tell_operator: how the practice learns what to compare.
        operator_room: where it says that; None: nowhere.
    """

    def __init__(
        self, client: GuardedClient, master_key: str, tell_operator: TellOperator, operator_room: str | None
    ) -> None:
        self._client = client
        self._master_key = master_key
        self._tell_operator = tell_operator
        self._operator_room = operator_room
        self._running: dict[str, _Running] = {}
        self._asked: dict[str, list[datetime]] = {}
        self._events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(_WAITING)

    def offer(self, room_id: str, event: Any) -> None:
        """Look at an event of a room; it is handled later."""
        if _kind(event) is not None and getattr(event, "sender", None) != self._client.user_id:
            try:
                self._events.put_nowait((room_id, event))
            except asyncio.QueueFull:
                logger.warning("verification dropped component=verification reason=too_many")

    async def run(self) -> None:
        """Handle what was offered until cancelled.

        Raises:
            TokenRevoked: the token is not valid any more.
        """
        while True:
            room_id, event = await self._events.get()
            try:
                await self.handle(room_id, event, datetime.now(UTC))
            except TokenRevoked:
                raise
            except (OSError, TimeoutError, aiohttp.ClientError, TimError, LocalProtocolError) as error:
                # the person sees that it does not go on, and can begin again
                logger.warning("verification failed component=verification error=%s", type(error).__name__)

    async def handle(self, room_id: str, event: Any, now: datetime) -> None:
        """Handle one event.

        Raises:
            RequestFailed, TokenRevoked and what the network raises: an answer was not sent.
        """
        self._forget_old(now)
        content, kind = event.source["content"], _kind(event)
        if kind == "request":
            await self._begin(room_id, event, content, now)
            return
        relation = content.get("m.relates_to")
        transaction_id = relation.get("event_id") if isinstance(relation, Mapping) else None
        running = self._running.get(transaction_id) if isinstance(transaction_id, str) else None
        if running is None or (running.room_id, running.user_id) != (room_id, event.sender):
            if kind == "start" and isinstance(transaction_id, str):
                cancel = {"code": Code.UNKNOWN_TRANSACTION, "reason": "Please begin again"}
                await self._send(room_id, transaction_id, Reply("cancel", cancel))
            return
        was_shown = running.sas.shown
        method = running.choose(kind, content)
        for reply in method.take(kind or "", content):
            await self._send(room_id, str(transaction_id), reply)
        if running.sas.shown is not None and was_shown is None:
            await self._show(running, running.sas.shown)
        if method.step is Step.OVER:
            self._running.pop(str(transaction_id), None)
            outcome = "done" if method.is_confirmed else "cancelled"
            VERIFICATIONS.labels(outcome).inc()
            logger.info("verification ended component=verification outcome=%s", outcome)

    async def _begin(self, room_id: str, event: Any, content: Mapping[str, Any], now: datetime) -> None:
        device_id, methods = content.get("from_device"), content.get("methods")
        asked_at = datetime.fromtimestamp(min(max(0, event.server_timestamp), _LATEST_MS) / 1000, UTC)
        is_fitting = (
            content.get("to") == self._client.user_id
            and isinstance(device_id, str)
            and isinstance(methods, list)
            and METHOD in methods
            and now - LIFETIME < asked_at < now + _AHEAD
        )
        device = self._client.olm.device_store[event.sender].get(device_id) if is_fitting else None
        is_other = device is not None and event.decrypted and device.curve25519 != event.sender_key
        if device is None or device.deleted or is_other:
            logger.info("verification ignored component=verification fitting=%s", is_fitting)
            return
        for transaction_id, running in list(self._running.items()):
            if running.user_id == event.sender:
                for reply in running.sas.cancel(Code.UNEXPECTED_MESSAGE):
                    await self._send(running.room_id, transaction_id, reply)
                del self._running[transaction_id]
        if len(self._running) >= _AT_ONCE or self._asks_too_often(event.sender, now):
            logger.warning("verification refused component=verification reason=too_many")
            return
        peer = Party(event.sender, str(device_id), self._peer_keys(event.sender, device))
        sas = SasVerification(self._own(), peer, event.event_id)
        qr = self._code_for(room_id, event, str(device_id)) if isinstance(methods, list) and SCAN in methods else None
        self._running[event.event_id] = _Running(room_id, event.sender, now, sas, qr)
        offered = [METHOD] if qr is None else [METHOD, SHOW, RECIPROCATE]
        ready = {"from_device": self._client.device_id, "methods": offered}
        await self._send(room_id, event.event_id, Reply("ready", ready))
        if qr is not None:
            await self._tell_operator(say("chassis-operator-code"), qr.code)
        logger.info("verification began component=verification")

    def _code_for(self, room_id: str, event: Any, device_id: str) -> QrVerification | None:
        """A code to be scanned, if there is a screen to show it on and an identity to name in it."""
        master_key = self._client.olm.trust.master_key(event.sender)
        if self._operator_room in {None, room_id} or master_key is None:
            return None
        return QrVerification(self._master_key, master_key, device_id, event.event_id)

    def _asks_too_often(self, user_id: str, now: datetime) -> bool:
        """Nobody fills the operator's room with requests."""
        before = [at for at in self._asked.get(user_id, ()) if now - at < LIFETIME]
        self._asked = {user: times for user, times in self._asked.items() if now - times[-1] < LIFETIME}
        if len(before) >= _PER_PERSON:
            return True
        self._asked[user_id] = [*before, now]
        return False

    def _own(self) -> Party:
        client = self._client
        device_key = client.olm.account.identity_keys["ed25519"]
        keys = {f"ed25519:{client.device_id}": device_key, f"ed25519:{self._master_key}": self._master_key}
        return Party(client.user_id, client.device_id, keys)

    def _peer_keys(self, user_id: str, device: Any) -> dict[str, str]:
        keys = {f"ed25519:{device.id}": device.ed25519}
        master_key = self._client.olm.trust.master_key(user_id)
        return keys if master_key is None else keys | {f"ed25519:{master_key}": master_key}

    async def _show(self, running: _Running, shown: Shown) -> None:
        """Tell the practice what to compare with; never in the room that is being verified."""
        logger.info("verification compares component=verification decimals=%s", shown.decimal_text.replace(" ", "-"))
        text = say("chassis-operator-verification", emoji=shown.emoji_text, decimals=shown.decimal_text)
        if running.room_id != self._operator_room:
            await self._tell_operator(text, None)
        notice = {"msgtype": "m.notice", "body": say("chassis-verification-compare")}
        await self._send_content(running.room_id, "m.room.message", notice)

    async def _send(self, room_id: str, transaction_id: str, reply: Reply) -> None:
        relation = {"rel_type": "m.reference", "event_id": transaction_id}
        await self._send_content(room_id, PREFIX + reply.kind, reply.content | {"m.relates_to": relation})

    async def _send_content(self, room_id: str, event_type: str, content: dict[str, Any]) -> None:
        room = self._client.rooms.get(room_id)
        if room is not None and room.encrypted:
            ok(await self._client.room_send(room_id, event_type, content, tx_id=uuid4().hex))

    def _forget_old(self, now: datetime) -> None:
        self._running = {name: one for name, one in self._running.items() if now - one.began_at < LIFETIME}


def _kind(event: Any) -> str | None:
    """What an event means to a verification; None: nothing.

    Element sends these in the clear, also in encrypted rooms; what they prove does not rest on their encryption.
    """
    source = event.source
    content, event_type = source.get("content"), source.get("type")
    if not isinstance(content, Mapping) or not isinstance(event_type, str) or "state_key" in source:
        return None
    if event_type == "m.room.message":
        return "request" if content.get("msgtype") == f"{PREFIX}request" else None
    return event_type.removeprefix(PREFIX) if event_type.startswith(PREFIX) else None
