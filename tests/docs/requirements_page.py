"""Writes docs/requirements.md from the catalogue, the rules, the profiles and the tests."""

import re
from collections.abc import Iterator
from pathlib import Path

from tim_policy.profile import ProfileName
from tim_policy.requirements import Row, rows

ROOT = Path(__file__).parents[2]
_MARK = re.compile(r'requirement\("([^"]+)"\)')
_PACKAGES = {"tim_policy": "policies", "tim_synapse": "synapse_modules", "tim_bots": "bots"}
_HEAD = """\
# Requirements

Generated from `requirements.yaml`, the rules, the profiles and the tests by `make docs`; a test fails when it is not
up to date. Ids are gematik's (gemSpec_TI-M_Basis, _Pro, _ePA); the meaning is given in our words.

*done*: a test that carries the id proves it. *elsewhere*: somebody else's duty. *exempt*: does not apply, and why.
*later*: not done yet, and what is to do it. Where the documents are silent or contradict each other, the decision is
recorded in [adr/](adr/).

| id | meaning | rule or file | profiles | tests | state |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "\n".join(map(_line, rows(files_by_requirement()))) + "\n"


def files_by_requirement() -> dict[str, set[str]]:
    """Requirement id → test files, below `tests/`, that carry it."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        for requirement in _MARK.findall(file.read_text(encoding="utf-8")):
            found.setdefault(requirement, set()).add(file.relative_to(ROOT / "tests").as_posix())
    return found


def places(row: Row) -> Iterator[Path]:
    """The files, from the root of the repository, that answer a requirement."""
    for rule in row.rules:
        yield Path("policies/tim_policy/rules", f"{rule}.py")
    for name in row.requirement.where:
        if name not in row.rules:
            yield Path(_PACKAGES.get(name.partition("/")[0], ""), name)


def _line(row: Row) -> str:
    profiles = "all" if row.profiles == tuple(ProfileName) else ", ".join(row.profiles)
    cells = [
        row.requirement.id,
        row.requirement.meaning,
        "<br>".join(f"[{place.stem}](../{place.as_posix()})" for place in places(row)),
        profiles if row.state == "done" else "",
        "<br>".join(f"[{Path(test).stem.removeprefix('test_')}](../tests/{test})" for test in row.tests),
        row.state,
    ]
    return f"| {' | '.join(cells)} |"
