"""What an event means to the bot."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.flow import MessageKind
from tim_bots.incoming import FLOW_BLOCK, Message, Unprocessed, read_event, related_event_id

BOT = "@bot:a.test"
IGNORED = Unprocessed.IGNORED


def event(content: Any, event_type: Any = "m.room.message", **more: Any) -> dict[str, Any]:
    return {"type": event_type, "sender": "@anna:a.test", "content": content} | more


def text(body: Any = "2", message_type: Any = "m.text", **more: Any) -> dict[str, Any]:
    return {"msgtype": message_type, "body": body} | more


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(event(text()), Message(MessageKind.TEXT, "2"), id="text"),
        pytest.param(event(text("")), Message(MessageKind.TEXT, ""), id="empty text"),
        pytest.param(event(text("x" * 60_000)), Message(MessageKind.TEXT, "x" * 60_000), id="60 kB of text"),
        pytest.param(event(text(message_type="m.emote")), Message(MessageKind.TEXT, "2"), id="emote"),
        pytest.param(event(text("a.pdf", "m.file")), Message(MessageKind.ATTACHMENT, "a.pdf"), id="file"),
        pytest.param(event(text("a.png", "m.image")), Message(MessageKind.ATTACHMENT, "a.png"), id="picture"),
        pytest.param(event(text("Ort", "m.location")), Message(MessageKind.OTHER, "Ort"), id="location"),
        pytest.param(event(text(None)), Message(MessageKind.TEXT, ""), id="body no text"),
        pytest.param(event({"body": "2"}), Message(MessageKind.OTHER, "2"), id="no msgtype"),
        pytest.param(event({}, "org.matrix.msc3381.poll.start"), Message(MessageKind.OTHER, ""), id="poll"),
        pytest.param(event({}, "m.sticker"), Message(MessageKind.OTHER, ""), id="sticker"),
        pytest.param(event({"a": 1}, "unknown.type"), Message(MessageKind.OTHER, ""), id="unknown type"),
        pytest.param(event(text(message_type="m.notice")), IGNORED, id="notice: bots do not talk to bots"),
        pytest.param(event(text(message_type="m.key.verification.request")), IGNORED, id="verification"),
        pytest.param(event(text(), sender=BOT), IGNORED, id="own message"),
        pytest.param(event(text(**{"m.relates_to": {"rel_type": "m.replace"}})), IGNORED, id="edit"),
        pytest.param(event({}, "m.reaction"), IGNORED, id="reaction"),
        pytest.param(event({}, "m.room.redaction"), IGNORED, id="redaction"),
        pytest.param(event({}, "org.matrix.msc3381.poll.response"), Message(MessageKind.POLL_ANSWER, ""), id="vote"),
        pytest.param(event({}, "m.poll.response"), Message(MessageKind.POLL_ANSWER, ""), id="vote, stable type"),
        pytest.param(event({}, "m.poll.end"), IGNORED, id="poll end"),
        pytest.param(event({"de.gematik.text": []}, "de.gematik.fhir"), Message(MessageKind.DATA, ""), id="FHIR"),
        pytest.param(event({}, "de.gematik.response.status"), Message(MessageKind.STATUS, ""), id="status"),
        pytest.param(
            event(text("Termine", "m.notice", **{FLOW_BLOCK: {}})), Message(MessageKind.DATA, "Termine"), id="step"
        ),
        pytest.param(event({}, "m.call.invite"), IGNORED, id="call"),
        pytest.param(event({"name": "x"}, "m.room.name", state_key=""), IGNORED, id="state"),
        pytest.param(event({}), IGNORED, id="redacted"),
        pytest.param(event("text"), IGNORED, id="content no mapping"),
        pytest.param(event({}, 7), IGNORED, id="type no text"),
        pytest.param({}, IGNORED, id="nothing"),
    ],
)
def test_a_decrypted_event(source: dict[str, Any], expected: Message | Unprocessed) -> None:
    assert read_event(source, BOT, is_decrypted=True) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (event(text()), Unprocessed.NOT_ENCRYPTED),
        (event(text("a.pdf", "m.file")), Unprocessed.NOT_ENCRYPTED),
        (event({}, "m.reaction"), IGNORED),
        (event(text(message_type="m.notice")), IGNORED),
    ],
)
def test_an_event_in_the_clear_never_reaches_the_flow(source: dict[str, Any], expected: Unprocessed) -> None:
    assert read_event(source, BOT, is_decrypted=False) is expected


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ({"rel_type": "m.reference", "event_id": "$a"}, "$a"),
        ({"m.in_reply_to": {"event_id": "$a"}}, "$a"),
        ({"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$a"}}, "$a"),
        (
            {"rel_type": "m.thread", "event_id": "$r", "is_falling_back": True, "m.in_reply_to": {"event_id": "$a"}},
            None,
        ),
        ({"rel_type": "m.annotation", "event_id": "$a"}, None),
        ({"m.in_reply_to": "$a"}, None),
        ({"rel_type": "m.reference", "event_id": 7}, None),
        ("$a", None),
        (None, None),
    ],
)
def test_what_a_message_relates_to(relation: Any, expected: str | None) -> None:
    assert related_event_id({"m.relates_to": relation}) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids),
)
KEYS = st.sampled_from(["type", "sender", "content", "msgtype", "body", "m.relates_to", "rel_type", "state_key"])
VALUES = JSON | st.sampled_from(["m.room.message", "m.text", "m.replace", BOT])


@given(st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES)), st.booleans())
def test_foreign_json_never_raises(source: dict[str, Any], is_decrypted: bool) -> None:
    read = read_event(source, BOT, is_decrypted=is_decrypted)
    assert isinstance(read, Message | Unprocessed)
    assert is_decrypted or not isinstance(read, Message)
