"""Tests of a homeserver on workers need PostgreSQL and Redis."""

import os

import pytest

from tim_sandbox.errors import MissingProgram
from tim_sandbox.workers.programs import require_programs


def require_workers() -> None:
    """Skip the test where PostgreSQL or Redis is not installed; with TIM_REQUIRE_WORKERS=1 their absence fails it."""
    try:
        require_programs()
    except MissingProgram as missing:
        if os.environ.get("TIM_REQUIRE_WORKERS"):
            raise
        pytest.skip(str(missing))
