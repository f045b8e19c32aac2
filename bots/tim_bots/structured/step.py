"""One step of a workflow between programs: the control block, and the FHIR resource that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tim_bots.incoming import FLOW_BLOCK
from tim_bots.structured.validation import Schema, require_valid

VERSION = 1
FHIR_VERSION = "4.0.1"
TEXT = "de.gematik.text"
DEFINITION = "de.gematik.fhir.structure_definition"
RESOURCE = "de.gematik.fhir.resource"
FHIR_EVENT = "de.gematik.fhir"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a step decides on; `status` is the code of its FHIR resource."""

    id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A control block.

    Args:
        flow, step: codes, for example "appointment" and "offer".
        msg_id: of this message; what makes repeating it harmless.
        case_id: of everything that belongs together.
        items: what is decided on.
        reply_to: `msg_id` of the step that this one answers; None for a first one.
        more: further keys of the schema: expires, actions, by, version, window.
        resource: the FHIR resource; None without one.
    """

    flow: str
    step: str
    msg_id: UUID
    case_id: UUID
    items: tuple[Item, ...] = ()
    reply_to: UUID | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    resource: Mapping[str, Any] | None = None

    @property
    def procedure(self) -> str:
        """Name of the procedure (Fachverfahren) in the client report."""
        return f"de.tim_suite.{self.flow}"


def message_keys(step: FlowStep, text: str) -> dict[str, Any]:
    """What a text message carries besides its text.

    Args:
        step: the step.
        text: as people read it.

    Raises:
        NotValid: the result does not fit the schemas.
    """
    block = {
        "v": VERSION,
        "flow": step.flow,
        "step": step.step,
        "msg_id": str(step.msg_id),
        "case_id": str(step.case_id),
        "items": [{"id": str(item.id), "status": item.status} for item in step.items],
        **({} if step.reply_to is None else {"reply_to": str(step.reply_to)}),
        **step.more,
    }
    require_valid(Schema.CONTROL_BLOCK, block)
    keys: dict[str, Any] = {
        FLOW_BLOCK: block,
        TEXT: [{"mimetype": "text/plain", "body": text}],
        "m.mentions": {},
    }
    if step.resource is not None:
        keys |= {DEFINITION: _definition(step.resource), RESOURCE: dict(step.resource)}
        require_valid(Schema.FHIR_EVENT, {"type": FHIR_EVENT, "content": keys})
    require_valid(Schema.STRUCTURED_EVENT, {"type": "m.room.message", "content": keys})
    return keys


def _definition(resource: Mapping[str, Any]) -> dict[str, str]:
    kind = str(resource["resourceType"])
    return {
        "url": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "version": FHIR_VERSION,
        "type": kind,
        "fhir_version": FHIR_VERSION,
    }
