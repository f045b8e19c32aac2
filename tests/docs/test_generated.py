"""Files that are generated from the code say what the code says; `make docs` writes them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import data_map_page, decisions_page, homeserver_example, requirements_page, rules_page
from tim_policy.profile import profile_schema
from tim_policy.retention_policy import policy_schema

ROOT = Path(__file__).parents[2]

GENERATED: dict[str, Callable[[], str]] = {
    "policies/tim_policy/profiles/profile.schema.json": lambda: json.dumps(profile_schema(), indent=2) + "\n",
    "policies/tim_policy/retention/retention.schema.json": lambda: json.dumps(policy_schema(), indent=2) + "\n",
    "docs/adr/README.md": decisions_page.page,
    "docs/requirements.md": requirements_page.page,
    "docs/rules.md": rules_page.page,
    "docs/data-map.md": data_map_page.page,
    "homeserver.yaml.example": homeserver_example.example,
}


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_file_is_up_to_date(path: str) -> None:
    text = GENERATED[path]()
    file = ROOT / path
    if os.environ.get("TIM_WRITE_DOCS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "run `make docs`"
