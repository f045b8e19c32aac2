"""Processing status: who asks for it, and the answer (`de.gematik.request.status`, `de.gematik.response.status`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tim_bots.flow import SendEvent
from tim_bots.structured.step import TEXT
from tim_bots.structured.validation import Schema, fault, require_valid

REQUEST = "de.gematik.request.status"
RESPONSE = "de.gematik.response.status"


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Somebody waits for an answer until `expires_at`; None: for ever."""

    expires_at: datetime | None


def read_request(content: Mapping[str, Any], received_at: datetime, own_device: str) -> StatusRequest | None:
    """The request in an event's content; None without one that is valid and meant for this device."""
    request = content.get(REQUEST)
    if not isinstance(request, Mapping) or fault(Schema.STATUS_REQUEST, request) is not None:
        return None
    if request.get("to_device", own_device) != own_device:
        return None
    lifetime = request.get("lifetime")
    if lifetime is None:
        return StatusRequest(None)
    try:
        return StatusRequest(received_at + timedelta(milliseconds=lifetime))
    except OverflowError:
        return StatusRequest(None)


def response(event_id: str, own_device: str, problem: str | None) -> SendEvent:
    """The answer.

    Args:
        event_id: of the event that asked.
        own_device: device id of the bot.
        problem: why it could not be processed, for people; None: it was.

    Raises:
        NotValid: does not fit the schema.
    """
    status: dict[str, Any] = {"from_device": own_device, "status": "success" if problem is None else "error"}
    if problem is not None:
        status["messages"] = [{"type": "error", TEXT: [{"body": problem}]}]
    content = {RESPONSE: status, "m.relates_to": {"rel_type": "m.reference", "event_id": event_id}}
    require_valid(Schema.STATUS_RESPONSE, {"type": RESPONSE, "content": content})
    return SendEvent(RESPONSE, content)
