"""nio's schema checks, compiled once: jsonschema interprets them anew for each event, three quarters of a sync.

A schema becomes nested functions. Only what nio's schemas use is compiled; one with anything else is left to
jsonschema. `tests/bots/guard/test_validation.py` compares both on each of nio's schemas.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nio.crypto.olm_machine
import nio.events.misc
import nio.responses
import nio.schemas
from jsonschema import Draft4Validator, ValidationError

Check = Callable[[Any], bool]

USERS_OF_VALIDATE_JSON = (nio.schemas, nio.events.misc, nio.responses, nio.crypto.olm_machine)
"""nio's modules that hold a reference of their own to `validate_json`."""

_jsonschema_validate = nio.schemas.validate_json
_compiled: dict[int, tuple[Any, Check | None]] = {}
_TYPES: dict[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_FORMATS: dict[str, Check] = {
    "user_id": lambda value: isinstance(value, str) and value.startswith("@") and ":" in value,
    "http_url": lambda value: isinstance(value, str) and re.match(r"^https?://.+", value) is not None,
}


class _NotCompilable(Exception):
    """The schema uses something that is left to jsonschema."""


def install() -> None:
    """Make nio use the compiled checks."""
    for module in USERS_OF_VALIDATE_JSON:
        module.validate_json = validate_json


def validate_json(instance: Any, schema: Any) -> None:
    """Check `instance`, and fill in the schema's defaults, as nio's function of this name does.

    Raises:
        ValidationError: it does not fit; the text names neither the value nor the place.
    """
    entry = _compiled.get(id(schema))
    if entry is None:
        entry = _compiled[id(schema)] = (schema, compile_schema(schema))  # the reference keeps the id in use
    check = entry[1]
    if check is None:
        _jsonschema_validate(instance, schema)
    elif not check(instance):
        raise ValidationError("does not fit the schema")


def compile_schema(schema: Any) -> Check | None:
    """The schema (JSON Schema draft 4) as a function; None when it uses what is left to jsonschema."""
    try:
        return _compile(schema)
    except _NotCompilable:
        return None


def _compile(schema: Any) -> Check:
    if not isinstance(schema, Mapping):
        raise _NotCompilable
    checks = [_KEYWORDS[key](value, schema) for key, value in schema.items() if key in _KEYWORDS]
    if any(key in Draft4Validator.VALIDATORS and key not in _KEYWORDS for key in schema):
        raise _NotCompilable
    if len(checks) == 1:
        return checks[0]
    return lambda instance: all([check(instance) for check in checks])  # noqa: C419 - all of them set defaults


def _type(names: Any, _schema: Any) -> Check:
    checks = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    if len(checks) == 1:
        return checks[0]
    return lambda value: any(check(value) for check in checks)


def _properties(properties: Any, _schema: Any) -> Check:
    parts = [(name, _compile(part)) for name, part in properties.items()]
    defaults = [(name, part["default"]) for name, part in properties.items() if "default" in part]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, default in defaults:
            if name not in value:
                value[name] = copy.copy(default)  # jsonschema hands out the same one again and again
        return all([part(value[name]) for name, part in parts if name in value])  # noqa: C419 - all set defaults

    return check


def _pattern_properties(patterns: Any, _schema: Any) -> Check:
    parts = [(re.compile(pattern).search, _compile(part)) for pattern, part in patterns.items()]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all([part(item) for key, item in value.items() for matches, part in parts if matches(key)])  # noqa: C419

    return check


def _additional_properties(allowed: Any, schema: Any) -> Check:
    if allowed is not False:
        raise _NotCompilable
    names = set(schema.get("properties", ()))
    patterns = [re.compile(pattern).search for pattern in schema.get("patternProperties", ())]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(key in names or any(matches(key) for matches in patterns) for key in value)

    return check


def _required(names: Any, _schema: Any) -> Check:
    if not isinstance(names, Sequence):
        raise _NotCompilable
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _items(part: Any, _schema: Any) -> Check:
    check = _compile(part)
    return lambda value: not isinstance(value, list) or all([check(item) for item in value])  # noqa: C419


def _not(part: Any, _schema: Any) -> Check:
    check = _compile(part)
    return lambda value: not check(value)


def _enum(values: Any, _schema: Any) -> Check:
    if any(isinstance(value, bool | int | float) for value in values):
        raise _NotCompilable  # jsonschema tells 1, 1.0 and True apart
    return lambda value: value in values


def _minimum(least: Any, schema: Any) -> Check:
    if "exclusiveMinimum" in schema:
        raise _NotCompilable
    is_number = _TYPES["number"]
    return lambda value: not is_number(value) or value >= least


def _pattern(pattern: Any, _schema: Any) -> Check:
    matches = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or matches(value) is not None


def _format(name: Any, _schema: Any) -> Check:
    return _FORMATS.get(name, lambda _value: True)


_KEYWORDS: dict[str, Callable[[Any, Any], Check]] = {
    "type": _type,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "items": _items,
    "not": _not,
    "enum": _enum,
    "minimum": _minimum,
    "pattern": _pattern,
    "format": _format,
}
