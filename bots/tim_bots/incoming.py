"""What an event in a joined room means to the bot: pure reading of foreign JSON, total on any input."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tim_bots.flow import MessageKind

_TEXTS = {"m.text", "m.emote"}
_ATTACHMENTS = {"m.file", "m.image", "m.audio", "m.video"}
_SILENT_MESSAGE_TYPES = ("m.notice", "m.key.verification.")
"""Notices are what bots write: answering them makes two bots talk for ever."""
_SILENT_TYPES = (
    "m.reaction",
    "m.room.",
    "m.call.",
    "m.key.verification.",
    "m.receipt",
    "m.poll.end",
    "org.matrix.msc3381.poll.end",
    "m.dummy",
)
_MESSAGES = {"m.room.message"}
_POLL_ANSWERS = {"m.poll.response", "org.matrix.msc3381.poll.response"}
_STATUS = "de.gematik.response.status"
_DATA = "de.gematik.text"
"""Every structured data event has it (gemF_TI-M_Strukturierte_Daten)."""
FLOW_BLOCK = "de.tim_suite.flow"
"""Content key of the control block that makes a message a step of a workflow."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person said."""

    kind: MessageKind
    text: str


class Unprocessed(enum.Enum):
    """Why an event does not reach the flow."""

    IGNORED = enum.auto()
    """Nothing a person says to the bot."""
    NOT_ENCRYPTED = enum.auto()
    """A message that crossed the servers in the clear; the person should know that it was not taken."""


def read_event(source: Mapping[str, Any], own_user_id: str, *, is_decrypted: bool) -> Message | Unprocessed:
    """Classify one event of an encrypted room.

    Args:
        source: the event as decrypted, or as received when it was not encrypted.
        own_user_id: the bot's.
        is_decrypted: whether the event came encrypted and was decrypted.

    Raises:
        Nothing.
    """
    content = source.get("content")
    event_type = source.get("type")
    if (
        not isinstance(content, Mapping)
        or not isinstance(event_type, str)
        or source.get("sender") == own_user_id
        or "state_key" in source
        or _is_edit(content)
    ):
        return Unprocessed.IGNORED
    message = _read_message(content) if event_type in _MESSAGES else _read_other(event_type, content)
    if isinstance(message, Message) and not is_decrypted:
        return Unprocessed.NOT_ENCRYPTED
    return message


def _is_edit(content: Mapping[str, Any]) -> bool:
    relation = content.get("m.relates_to")
    return isinstance(relation, Mapping) and relation.get("rel_type") == "m.replace"


def _read_message(content: Mapping[str, Any]) -> Message | Unprocessed:
    message_type, body = content.get("msgtype"), content.get("body")
    text = body if isinstance(body, str) else ""
    if not content:
        return Unprocessed.IGNORED  # redacted
    if FLOW_BLOCK in content:
        return Message(MessageKind.DATA, text)  # also in a notice: whoever writes the block is a step's answer
    if isinstance(message_type, str) and message_type.startswith(_SILENT_MESSAGE_TYPES):
        return Unprocessed.IGNORED
    if message_type in _TEXTS:
        return Message(MessageKind.TEXT, text)
    if message_type in _ATTACHMENTS:
        return Message(MessageKind.ATTACHMENT, text)
    return Message(MessageKind.OTHER, text)


def _read_other(event_type: str, content: Mapping[str, Any]) -> Message | Unprocessed:
    if event_type.startswith(_SILENT_TYPES):
        return Unprocessed.IGNORED
    if event_type in _POLL_ANSWERS:
        return Message(MessageKind.POLL_ANSWER, "")
    if event_type == _STATUS:
        return Message(MessageKind.STATUS, "")
    if _DATA in content:
        return Message(MessageKind.DATA, "")
    return Message(MessageKind.OTHER, "")


def related_event_id(content: Mapping[str, Any]) -> str | None:
    """The event that a message answers: what it replies to in earnest, else what it refers to; None without one."""
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping):
        return None
    reply = relation.get("m.in_reply_to")
    if isinstance(reply, Mapping) and not relation.get("is_falling_back"):
        event_id = reply.get("event_id")
    else:
        event_id = relation.get("event_id") if relation.get("rel_type") == "m.reference" else None
    return event_id if isinstance(event_id, str) else None
