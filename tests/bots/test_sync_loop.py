"""What of a sync becomes work, and how the loop behaves when the homeserver does not answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nio import Event

from tim_bots.account import new_client
from tim_bots.arrivals import room_arrivals
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.health import Health
from tim_bots.inbox import Kind, State
from tim_bots.matrix_http import TokenRevoked
from tim_bots.queues import Queues
from tim_bots.sync_loop import SyncLoop

BOT, ANNA, ROOM = "@bot:a.test", "@anna:a.test", "!room:a.test"


def raw(event_id: str, event_type: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"event_id": event_id, "type": event_type, "sender": ANNA, "origin_server_ts": 1, "content": content}
    return base | more


def parsed(source: dict[str, Any], *, is_decrypted: bool = False) -> Any:
    event = Event.parse_event(source)
    event.decrypted = is_decrypted
    return event


def encrypted(event_id: str, **more: Any) -> Any:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "sender_key": "k",
        "device_id": "d",
        "session_id": "s",
        "ciphertext": "c",
    }
    return parsed(raw(event_id, "m.room.encrypted", content, **more))


def text(event_id: str, *, is_decrypted: bool = True) -> Any:
    return parsed(raw(event_id, "m.room.message", {"msgtype": "m.text", "body": "x"}), is_decrypted=is_decrypted)


def own_join(event_id: str, was: str) -> Any:
    unsigned = {"prev_content": {"membership": was}}
    content = {"membership": "join"}
    return parsed(raw(event_id, "m.room.member", content, state_key=BOT, sender=BOT, unsigned=unsigned))


def stored(*events: Any) -> list[tuple[str, Kind, State]]:
    return [(arrival.event_id, arrival.kind, arrival.state) for arrival in room_arrivals(events, ROOM, BOT)]


def test_each_kind_of_event_goes_its_way() -> None:
    assert stored(text("$1"), encrypted("$2"), text("$3", is_decrypted=False), own_join("$4", "join")) == [
        ("$1", Kind.MESSAGE, State.READY),
        ("$2", Kind.MESSAGE, State.WAITING_FOR_KEYS),
        ("$3", Kind.NOT_ENCRYPTED, State.READY),
    ]


def test_what_cannot_be_read_and_was_said_before_the_bot_came_is_ignored() -> None:
    assert stored(encrypted("$1"), text("$2"), own_join("$3", "invite"), encrypted("$4")) == [
        ("$2", Kind.MESSAGE, State.READY),
        ("$4", Kind.MESSAGE, State.WAITING_FOR_KEYS),
    ]


def test_a_change_of_the_bots_profile_is_no_arrival() -> None:
    assert stored(encrypted("$1"), own_join("$2", "join")) == [("$1", Kind.MESSAGE, State.WAITING_FOR_KEYS)]


@pytest.mark.parametrize(
    "content", [{}, {"algorithm": "m.megolm.v1.aes-sha2"}, {"algorithm": "m.other", "ciphertext": "c"}]
)
def test_an_encrypted_event_that_nobody_can_read_is_not_dropped_in_silence(content: dict[str, Any]) -> None:
    assert stored(parsed(raw("$1", "m.room.encrypted", content))) == [("$1", Kind.MESSAGE, State.WAITING_FOR_KEYS)]


def test_a_redacted_event_is_ignored() -> None:
    assert stored(parsed(raw("$1", "m.room.encrypted", {}, unsigned={"redacted_because": {"sender": ANNA}}))) == []


def test_an_event_without_identifiers_is_ignored() -> None:
    assert stored(parsed({"type": "m.room.message", "content": {"msgtype": "m.text", "body": "x"}})) == []


def test_own_messages_are_ignored() -> None:
    assert stored(encrypted("$1", sender=BOT)) == []


async def loop_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Exception) -> tuple[SyncLoop, list[float]]:
    """A loop whose sync fails with `answer`; returns the pauses it makes."""
    client = new_client("http://127.0.0.1:9", BOT, tmp_path, "pickle")
    pauses: list[float] = []

    async def fail(**_: Any) -> None:
        raise answer

    async def record(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            raise asyncio.CancelledError

    monkeypatch.setattr(client, "sync", fail)
    monkeypatch.setattr(asyncio, "sleep", record)
    loop = SyncLoop(
        client=client,
        database=Database(open_engine(tmp_path / "bot.db")),
        queues=Queues.of(Cipher(b"k" * 32)),
        health=Health(token_valid=True),
        notify=lambda: None,
    )
    return loop, pauses


async def test_a_homeserver_that_is_down_is_asked_less_and_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N10."""
    loop, pauses = await loop_with(tmp_path, monkeypatch, OSError())
    with pytest.raises(asyncio.CancelledError):
        await loop.run()
    for number, pause in enumerate(pauses):
        longest = min(0.5 * 2**number, 60)
        assert longest / 2 <= pause <= longest


async def test_a_revoked_token_ends_the_loop_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """N10."""
    loop, pauses = await loop_with(tmp_path, monkeypatch, TokenRevoked())
    with pytest.raises(TokenRevoked, match="new-device"):
        await loop.run()
    assert pauses == []
    assert not loop._health.token_valid
