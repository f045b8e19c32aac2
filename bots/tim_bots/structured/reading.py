"""What a structured message of another program asks for; what is not understood is named, never guessed."""

import enum
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from tim_bots.incoming import FLOW_BLOCK
from tim_bots.structured.step import DEFINITION, FHIR_EVENT, FHIR_VERSION, RESOURCE, TEXT, VERSION, FlowStep, Item
from tim_bots.structured.validation import Schema, fault

_CASES = UUID("5b3ac1c5-6e0b-4d0e-9a53-0f4b6f4d2b10")
"""Namespace of the case ids of requests that come without one."""
_UUID_URN = "urn:uuid:"


class Refusal(enum.StrEnum):
    """Why a structured message is not acted on; the texts stand in the catalogue as `structured-...`."""

    NOT_VALID = "not-valid"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_STEP = "unknown-step"
    CONTRADICTION = "contradiction"
    """Block and FHIR resource disagree: a person has to look."""


_STEP_OF_STATUS = {"proposed": "book", "cancelled": "cancel"}


def read_step(event_type: str, content: Mapping[str, Any], event_id: str) -> FlowStep | Refusal:
    """Understand a structured event.

    Args:
        event_type, content: of the decrypted event; foreign, any shape.
        event_id: its id, which stands for the ids that an event without a control block lacks.

    Raises:
        Nothing.
    """
    if RESOURCE in content or event_type == FHIR_EVENT:
        if fault(Schema.FHIR_EVENT, {"type": FHIR_EVENT, "content": content}) is not None:
            return Refusal.NOT_VALID
        if content[DEFINITION]["fhir_version"] != FHIR_VERSION:
            return Refusal.UNKNOWN_VERSION
    if TEXT in content and fault(Schema.STRUCTURED_EVENT, {"type": event_type, "content": content}) is not None:
        return Refusal.NOT_VALID
    resource = content.get(RESOURCE)
    if FLOW_BLOCK in content:
        return _with_block(content[FLOW_BLOCK], resource)
    if isinstance(resource, Mapping) and event_type == FHIR_EVENT:
        return _from_fhir(resource, event_id)
    return Refusal.UNKNOWN_STEP


def _with_block(block: Any, resource: Any) -> FlowStep | Refusal:
    if isinstance(block, Mapping) and isinstance(block.get("v"), int) and block["v"] != VERSION:
        return Refusal.UNKNOWN_VERSION
    if fault(Schema.CONTROL_BLOCK, block) is not None:
        return Refusal.NOT_VALID
    step = FlowStep(
        flow=block["flow"],
        step=block["step"],
        msg_id=UUID(block["msg_id"]),
        case_id=UUID(block["case_id"]),
        items=tuple(Item(UUID(item["id"]), item["status"]) for item in block.get("items", ())),
        reply_to=UUID(block["reply_to"]) if "reply_to" in block else None,
        more={key: block[key] for key in ("window", "urgency", "service", "by") if key in block},
        resource=resource,
    )
    return Refusal.CONTRADICTION if _contradicts(step) else step


def _contradicts(step: FlowStep) -> bool:
    """Whether the FHIR resource of an appointment step says something else than its block."""
    resource = step.resource
    if resource is None or step.step not in _STEP_OF_STATUS.values():
        return False
    found = _from_fhir(resource, "")
    return isinstance(found, Refusal) or (found.step, found.items) != (step.step, step.items)


def _from_fhir(resource: Mapping[str, Any], event_id: str) -> FlowStep | Refusal:
    if resource.get("resourceType") != "Appointment":
        return Refusal.UNKNOWN_STEP
    status = resource.get("status")
    step = _STEP_OF_STATUS.get(status) if isinstance(status, str) else None
    if step is None:
        return Refusal.UNKNOWN_STEP
    ids = _slot_ids(resource) if step == "book" else [_uuid(resource.get("id"))]
    if not ids or None in ids:
        return Refusal.NOT_VALID
    items = tuple(Item(item, str(status)) for item in ids if item is not None)
    return FlowStep("appointment", step, uuid5(_CASES, event_id), uuid5(_CASES, str(items)), items, resource=resource)


def _slot_ids(resource: Mapping[str, Any]) -> list[UUID | None]:
    slots = resource.get("slot")
    if not isinstance(slots, list):
        return []
    found: list[UUID | None] = []
    for slot in slots:
        identifier = slot.get("identifier") if isinstance(slot, Mapping) else None
        found.append(_uuid(identifier.get("value")) if isinstance(identifier, Mapping) else None)
    return found


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value).removeprefix(_UUID_URN))
    except ValueError:
        return None
