"""Checks structured data against the schemas in `schemas/` (JSON Schema draft 2020-12), in both directions."""

import enum
import functools
import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from tim_policy.errors import TimError


class Schema(enum.StrEnum):
    """The files of `schemas/`."""

    FHIR_EVENT = "fhir_event"
    STRUCTURED_EVENT = "structured_event"
    STATUS_REQUEST = "status_request"
    STATUS_RESPONSE = "status_response"
    CLIENT_CAPABILITIES = "client_capabilities"
    CONTROL_BLOCK = "control_block"
    CLIENT_REPORT = "client_report"


class NotValid(TimError):
    """Something of our own making does not fit its schema: a fault of the program, never sent."""


@functools.cache
def _validator(schema: Schema) -> Draft202012Validator:
    text = files(__package__).joinpath("schemas", f"{schema}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def fault(schema: Schema, instance: Any) -> str | None:
    """Where an instance breaks its schema, without a value of it: "content/m.relates_to: required"; None if nowhere."""
    error = next(iter(_validator(schema).iter_errors(instance)), None)
    if error is None:
        return None
    place = "/".join(str(part) for part in error.absolute_schema_path if part not in {"properties", "items"})
    return place or str(error.validator)


def require_valid(schema: Schema, instance: Any) -> None:
    """Refuse to send what does not fit.

    Raises:
        NotValid: names the place in the schema, no value.
    """
    found = fault(schema, instance)
    if found is not None:
        raise NotValid(f"structured data does not fit {schema}: {found}")
