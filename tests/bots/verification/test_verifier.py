"""What the verifier does before anything is proven."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tim_bots.verification.verifier import LIFETIME, Verifier

BOT, ANNA, ROOM = "@bot:a.test", "@anna:a.test", "!room:a.test"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Client:
    """Knows Anna's phone and remembers what was to be sent."""

    user_id, device_id = BOT, "BOTDEV"

    def __init__(self) -> None:
        phone = SimpleNamespace(id="PHONE", deleted=False, curve25519="curve", ed25519="ed")
        keys = {"ed25519": "own"}
        self.olm = SimpleNamespace(
            device_store={ANNA: {"PHONE": phone}},
            account=SimpleNamespace(identity_keys=keys),
            trust=SimpleNamespace(master_key=lambda _user_id: None),
        )
        self.rooms = {ROOM: SimpleNamespace(encrypted=True)}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def room_send(self, _room_id: str, event_type: str, content: dict[str, Any], **_: Any) -> Any:
        self.sent.append((event_type.removeprefix("m.key.verification."), content))


def verifier() -> tuple[Any, Client]:
    client: Any = Client()

    async def tell(_text: str, _code: bytes | None) -> None:
        """Nobody listens."""

    return Verifier(client, "master", tell, None), client


def request(number: int = 1, *, at: datetime = NOW, is_decrypted: bool = False, **changes: Any) -> Any:
    content = {"msgtype": "m.key.verification.request", "from_device": "PHONE", "methods": ["m.sas.v1"], "to": BOT}
    return SimpleNamespace(
        event_id=f"${number}",
        sender=ANNA,
        sender_key="curve",
        decrypted=is_decrypted,
        server_timestamp=round(at.timestamp() * 1000),
        source={"type": "m.room.message", "sender": ANNA, "content": content | changes},
    )


async def test_a_request_is_answered_with_what_the_bot_can() -> None:
    verify, client = verifier()
    await verify.handle(ROOM, request(), NOW)
    ((kind, content),) = client.sent
    assert kind == "ready"
    assert content["methods"] == ["m.sas.v1"]
    assert content["m.relates_to"] == {"rel_type": "m.reference", "event_id": "$1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "@other:a.test"},
        {"methods": ["m.qr_code.scan.v1"]},
        {"methods": None},
        {"from_device": "UNKNOWN"},
        {"from_device": 5},
        {"at": NOW - LIFETIME},
        {"at": NOW + LIFETIME},
    ],
)
async def test_a_request_that_is_not_for_the_bot_or_not_of_now_is_ignored(changes: dict[str, Any]) -> None:
    verify, client = verifier()
    await verify.handle(ROOM, request(**changes), NOW)
    assert client.sent == []


async def test_another_device_than_the_one_that_encrypted_is_ignored() -> None:
    verify, client = verifier()
    event = request(is_decrypted=True)
    event.sender_key = "other"
    await verify.handle(ROOM, event, NOW)
    assert client.sent == []


async def test_a_new_request_ends_the_one_before() -> None:
    verify, client = verifier()
    for number in (1, 2):
        await verify.handle(ROOM, request(number), NOW)
    assert [kind for kind, _content in client.sent] == ["ready", "cancel", "ready"]


async def test_nobody_floods_the_operators_room() -> None:
    verify, client = verifier()
    for number in range(20):
        await verify.handle(ROOM, request(number), NOW)
    assert [kind for kind, _content in client.sent].count("ready") == 5
    later = NOW + LIFETIME + timedelta(seconds=1)
    await verify.handle(ROOM, request(99, at=later), later)
    assert [kind for kind, _content in client.sent].count("ready") == 6


async def test_a_start_of_something_unknown_is_cancelled() -> None:
    verify, client = verifier()
    content = {"method": "m.sas.v1", "m.relates_to": {"rel_type": "m.reference", "event_id": "$unknown"}}
    source = {"type": "m.key.verification.start", "sender": ANNA, "content": content}
    await verify.handle(ROOM, SimpleNamespace(sender=ANNA, decrypted=True, source=source), NOW)
    ((kind, cancel),) = client.sent
    assert (kind, cancel["code"]) == ("cancel", "m.unknown_transaction")


async def test_nobody_goes_on_with_the_verification_of_another() -> None:
    verify, client = verifier()
    await verify.handle(ROOM, request(), NOW)
    content = {"method": "m.sas.v1", "m.relates_to": {"rel_type": "m.reference", "event_id": "$1"}}
    source = {"type": "m.key.verification.start", "sender": "@mallory:a.test", "content": content}
    await verify.handle(ROOM, SimpleNamespace(sender="@mallory:a.test", decrypted=True, source=source), NOW)
    assert [kind for kind, _content in client.sent] == ["ready", "cancel"]
    assert verify._running["$1"].sas.step.name == "START"


async def test_after_ten_minutes_it_is_over() -> None:
    verify, _client = verifier()
    await verify.handle(ROOM, request(), NOW)
    await verify.handle(ROOM, request(to="x"), NOW + LIFETIME)
    assert verify._running == {}
