"""`tim_policy` decides from what it is given: no host, no network, no clock, no logger."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tim_policy

CORE = Path(tim_policy.__file__).parent
ALLOWED_PACKAGES = {"cryptography", "pydantic", "yaml", "tim_policy"}
FORBIDDEN_STDLIB = {"asyncio", "http", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess"}
FORBIDDEN_STDLIB |= {"tempfile", "threading", "time", "urllib"}
PURE_PARTS = {"urllib.parse"}
FORBIDDEN_CALLS = {"now", "today", "utcnow", "open", "print", "input"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_a_file_of_the_core_is_pure(path: Path) -> None:
    import sys  # noqa: PLC0415 - only for the list of names below

    tree = ast.parse(path.read_text())
    packages = {name.partition(".")[0] for name in imports(tree) if name not in PURE_PARTS}
    assert not packages & FORBIDDEN_STDLIB
    assert packages <= ALLOWED_PACKAGES | set(sys.stdlib_module_names)
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert not calls & FORBIDDEN_CALLS
