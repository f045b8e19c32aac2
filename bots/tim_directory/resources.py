"""FHIR resources that an owner writes, checked by `fhir.resources` before they leave the house.

The library is loaded on first use only: it takes tens of megabytes, and bots only read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tim_directory.errors import InvalidEntry
from tim_policy.directory.address import matrix_uri
from tim_policy.directory.bundle import CONNECTION_SYSTEM, ENDPOINT_VISIBILITY, FHIR
from tim_policy.directory.entry import HIDE_FROM_INSURED, EndpointKind
from tim_policy.names import UserId

Resource = dict[str, Any]

CHATBOT = "(Chatbot)"
_DISPLAY = {
    EndpointKind.PERSON: "TI-Messenger Endpoint",
    EndpointKind.FUNCTION_ACCOUNT: "TI-Messenger Funktionsaccount",
    EndpointKind.BOT: "TI-Messenger Chatbot",
}
_MODELS = {
    "Endpoint": ("endpoint", "Endpoint"),
    "HealthcareService": ("healthcareservice", "HealthcareService"),
    "Location": ("location", "Location"),
    "PractitionerRole": ("practitionerrole", "PractitionerRole"),
}
OWNED = frozenset(_MODELS)
"""What an owner may write."""


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """A Matrix address to publish.

    Args:
        user_id: the account.
        name: as people find it; a bot's gets "(Chatbot)" at its end if that is missing.
        kind: function account, bot, or a person's account.
        is_hidden_from_insured: insured persons do not find it (A_26172-01).
    """

    user_id: UserId
    name: str
    kind: EndpointKind
    is_hidden_from_insured: bool = False


def endpoint_resource(draft: EndpointDraft) -> Resource:
    """An Endpoint (EndpointDirectory).

    Raises:
        InvalidEntry: see `checked`.
    """
    is_nameless_bot = draft.kind is EndpointKind.BOT and not draft.name.endswith(CHATBOT)
    resource: Resource = {
        "resourceType": "Endpoint",
        "meta": _meta("EndpointDirectory"),
        "status": "active",
        "connectionType": {"system": CONNECTION_SYSTEM, "code": draft.kind.value, "display": _DISPLAY[draft.kind]},
        "name": f"{draft.name} {CHATBOT}" if is_nameless_bot else draft.name,
        "payloadType": [
            {
                "coding": [
                    {
                        "system": f"{FHIR}/CodeSystem/EndpointDirectoryPayloadType",
                        "code": "tim-chat",
                        "display": "TI-Messenger chat",
                    }
                ]
            }
        ],
        "address": matrix_uri(draft.user_id),
    }
    return checked(with_visibility(resource, is_hidden=draft.is_hidden_from_insured))


def service_resource(
    name: str, organisation: str, *, comment: str = "", endpoints: tuple[str, ...] = (), more: Mapping[str, Any] = {}
) -> Resource:
    """A HealthcareService (HealthcareServiceDirectory).

    Args:
        name: as people find it.
        organisation: reference to the owner's, "Organization/...".
        comment: free text; empty: none.
        endpoints: references, "Endpoint/...".
        more: further elements of FHIR, for example `availableTime`, `location`, `specialty`.

    Raises:
        InvalidEntry: see `checked`.
    """
    resource: Resource = {
        "resourceType": "HealthcareService",
        "meta": _meta("HealthcareServiceDirectory"),
        "providedBy": {"reference": organisation},
        "name": name,
        **({"comment": comment} if comment else {}),
        **({"endpoint": [{"reference": one} for one in endpoints]} if endpoints else {}),
        **more,
    }
    return checked(resource)


def with_visibility(endpoint: Mapping[str, Any], *, is_hidden: bool) -> Resource:
    """The Endpoint, hidden from insured persons or not; everything else stays."""
    others = [one for one in endpoint.get("extension", []) if one.get("url") != ENDPOINT_VISIBILITY]
    coding = {"system": f"{FHIR}/CodeSystem/EndpointVisibilityCS", "code": HIDE_FROM_INSURED}
    extensions = [*others, *([{"url": ENDPOINT_VISIBILITY, "valueCoding": coding}] if is_hidden else [])]
    rest = {key: value for key, value in endpoint.items() if key != "extension"}
    return {**rest, **({"extension": extensions} if extensions else {})}


def checked(resource: Mapping[str, Any]) -> Resource:
    """The resource, valid FHIR R4.

    Raises:
        InvalidEntry: it is not, or of a type that owners do not write.
    """
    import importlib  # noqa: PLC0415 - see the head of the file

    from pydantic import ValidationError  # noqa: PLC0415
    from pydantic.v1 import ValidationError as OldValidationError  # noqa: PLC0415 - the library brings either

    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in OWNED:
        raise InvalidEntry(f"directory entry: an owner writes {', '.join(sorted(OWNED))} only")
    module, name = _MODELS[kind]
    model = getattr(importlib.import_module(f"fhir.resources.R4B.{module}"), name)
    try:
        model.model_validate(dict(resource))
    except (ValidationError, OldValidationError) as error:
        fields = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors()})
        raise InvalidEntry(f"directory entry: {kind} is no valid FHIR R4: {', '.join(fields)}") from None
    return dict(resource)


def _meta(profile: str) -> Resource:
    return {
        "profile": [f"{FHIR}/StructureDefinition/{profile}"],
        "tag": [{"system": f"{FHIR}/CodeSystem/Origin", "code": "owner"}],
    }
