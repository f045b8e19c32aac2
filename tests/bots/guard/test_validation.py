"""The compiled schema checks say what jsonschema says, on each of nio's schemas."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError
from nio.schemas import Schemas

from tim_bots.guard import validation

SCHEMAS = {name: schema for name, schema in vars(Schemas).items() if isinstance(schema, dict)}
LEFT_TO_JSONSCHEMA = {"delete_devices"}

SCALARS = st.none() | st.booleans() | st.integers(-2, 100) | st.sampled_from([0.5, 1.0, "", "x", "@a:b", "!r:b"])


def near(schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON that often fits the schema, and often just not."""
    if not isinstance(schema, dict) or depth > 6:
        return SCALARS
    properties = dict(schema.get("properties", {})) | {
        {"^!.+:.+$": "!r:b", "^@.*:.+$": "@a:b"}.get(pattern, "ed25519:x"): part
        for pattern, part in schema.get("patternProperties", {}).items()
    }
    if properties or schema.get("type") == "object":
        parts = {name: near(part, depth + 1) for name, part in properties.items()}
        fitting = st.fixed_dictionaries({}, optional=parts)
        required = schema.get("required", ())
        whole = st.fixed_dictionaries({name: part for name, part in parts.items() if name in required})
        return whole.flatmap(lambda some: fitting.map(lambda more: more | some)) | SCALARS
    if schema.get("type") == "array":
        return st.lists(near(schema.get("items"), depth + 1), max_size=2) | SCALARS
    return st.sampled_from(schema["enum"]) | SCALARS if "enum" in schema else SCALARS


def outcome(check: Any, instance: Any, schema: Any) -> Any:
    """The instance with defaults, or why there is none."""
    instance = copy.deepcopy(instance)
    try:
        check(instance, schema)
    except ValidationError:
        return "refused"
    except (AttributeError, TypeError):
        return "refused"  # jsonschema with nio's format check stumbles over a number where a text should be
    return instance


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_compiled(name: str) -> None:
    assert (validation.compile_schema(SCHEMAS[name]) is None) == (name in LEFT_TO_JSONSCHEMA)


@given(st.sampled_from(sorted(SCHEMAS)).flatmap(lambda name: st.tuples(st.just(name), near(SCHEMAS[name]))))
def test_both_say_the_same(case: tuple[str, Any]) -> None:
    name, instance = case
    schema = copy.deepcopy(SCHEMAS[name])  # jsonschema changes the defaults that it hands out
    assert outcome(validation.validate_json, instance, SCHEMAS[name]) == outcome(
        validation._jsonschema_validate, instance, schema
    )


@pytest.mark.parametrize("module", validation.USERS_OF_VALIDATE_JSON)
def test_nio_uses_the_compiled_checks(module: Any) -> None:
    assert module.validate_json is validation.validate_json


def test_defaults_are_not_shared() -> None:
    first: dict[str, Any] = {"type": "object"}
    second: dict[str, Any] = {"type": "object"}
    schema = {"type": "object", "properties": {"users": {"default": {}}}}
    for instance in (first, second):
        validation.validate_json(instance, schema)
    first["users"]["@a:b"] = 100
    assert second["users"] == {}
