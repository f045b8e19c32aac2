"""Our schemas against gematik's, where those are at hand, and what fits neither."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tim_bots.structured.validation import NotValid, Schema, fault, require_valid

GEMATIK = Path(__file__).parents[3].parent / "shared" / "gematik" / "schema"
"""Present on the developers' machines only."""
THEIRS = {
    Schema.FHIR_EVENT: "fhir.json",
    Schema.STRUCTURED_EVENT: "structuredData.json",
    Schema.STATUS_REQUEST: "statusRequest.json",
    Schema.STATUS_RESPONSE: "statusResponse.json",
    Schema.CLIENT_CAPABILITIES: "clientCapabilities.json",
}
DEFINITION = {"url": "u", "version": "4.0.1", "type": "Bundle", "fhir_version": "4.0.1"}
FILE = {"url": "mxc://a/b", "name": "x.json", "mimetype": "application/fhir+json", "size": 1, "iv": "i", "v": "v2"}
FHIR = {
    "type": "de.gematik.fhir",
    "content": {
        "de.gematik.text": [{"body": "x", "mimetype": "text/plain"}],
        "de.gematik.fhir.structure_definition": DEFINITION | {"content": [DEFINITION]},
        "de.gematik.fhir.resource": {"resourceType": "Bundle"},
        "de.gematik.fhir.file": FILE,
        "de.gematik.file": FILE | {"mimetype": "application/pdf"},
    },
}
GOOD: dict[Schema, Any] = {
    Schema.FHIR_EVENT: FHIR,
    Schema.STRUCTURED_EVENT: {
        "type": "de.example.x",
        "content": {"de.gematik.text": [{"body": "x"}], "de.gematik.file": FILE},
    },
    Schema.STATUS_REQUEST: {"from_device": "A", "to_device": "B", "lifetime": 1},
    Schema.STATUS_RESPONSE: {
        "type": "de.gematik.response.status",
        "content": {
            "de.gematik.response.status": {
                "from_device": "A",
                "status": "error",
                "messages": [{"type": "error", "de.gematik.text": [{"body": "x", "mimetype": "text/plain"}]}],
            },
            "m.relates_to": {"rel_type": "m.reference", "event_id": "$e"},
        },
    },
    Schema.CLIENT_CAPABILITIES: {"events": [{"type": "x", "content": [{"key": "msgtype", "value": "m.text"}]}]},
}


def places(instance: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = (
        instance.items() if isinstance(instance, dict) else enumerate(instance) if isinstance(instance, list) else ()
    )
    for key, value in children:
        yield from places(value, (*path, key))


def spoiled(instance: Any, dice: random.Random) -> Any:
    """The instance with one place removed or replaced."""
    result = copy.deepcopy(instance)
    *parents, last = dice.choice([place for place in places(instance) if place])
    target = result
    for key in parents:
        target = target[key]
    if dice.random() < 0.5:
        del target[last]
    else:
        target[last] = dice.choice([None, 7, -1, "", "x", [], {}, True, "mxc:", "success"])
    return result


@pytest.mark.parametrize("schema", GOOD)
def test_what_is_right_is_accepted(schema: Schema) -> None:
    assert fault(schema, GOOD[schema]) is None


@settings(max_examples=300)
@given(st.sampled_from(list(GOOD)), st.integers(0, 2**32), st.integers(1, 3))
def test_ours_and_gematiks_schemas_agree(schema: Schema, seed: int, times: int) -> None:
    dice, instance = random.Random(seed), GOOD[schema]
    for _ in range(times):
        instance = spoiled(instance, dice) if instance else instance
    theirs = GEMATIK / THEIRS[schema]
    if theirs.exists():
        accepted = Draft202012Validator(json.loads(theirs.read_text())).is_valid(instance)
        assert (fault(schema, instance) is None) == accepted, instance


def test_the_fault_names_a_place_and_no_value() -> None:
    spoilt = copy.deepcopy(GOOD[Schema.STATUS_REQUEST]) | {"lifetime": "kanarienvogel"}
    assert fault(Schema.STATUS_REQUEST, spoilt) == "lifetime/type"
    with pytest.raises(NotValid, match="does not fit status_request: lifetime/type") as refused:
        require_valid(Schema.STATUS_REQUEST, spoilt)
    assert "kanarienvogel" not in str(refused.value)


BLOCK = {
    "v": 1,
    "flow": "appointment",
    "step": "offer",
    "msg_id": "f5abc0d3-f65f-51ff-ac82-ea149e5af912",
    "case_id": "64a65c58-bb38-5787-bd13-31e4d53bc7db",
    "items": [{"id": "9a74fdb7-04b0-57fd-97cf-0e33b2469814", "status": "free"}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"v": "1"}, {"flow": "Hustensaft für Erika"}, {"step": ""}, {"msg_id": "1"}, {"msg_id": None},
        {"items": [{"id": "x", "status": "free"}]}, {"items": [{"status": "free"}]}, {"items": {}},
        {"urgency": "sehr"}, {"window": {"from": "morgen", "to": "2026-01-01"}}, {"by": "Erika"},
        {"items": BLOCK["items"] * 51},  # type: ignore[operator]  # a list
    ],
)  # fmt: skip
def test_a_block_holds_codes_only(change: dict[str, Any]) -> None:
    assert fault(Schema.CONTROL_BLOCK, BLOCK) is None
    assert fault(Schema.CONTROL_BLOCK, BLOCK | {"unknown": "is ignored"}) is None
    assert fault(Schema.CONTROL_BLOCK, BLOCK | change) is not None
