"""The `retention:` block of the module's configuration."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from tim_policy.retention_policy import Policy, PolicyName, shipped_policy, with_periods
from tim_policy.settings import Settings
from tim_policy.units import Duration


class RetentionMode(enum.StrEnum):
    """`observe` counts what is due, `enforce` deletes it."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


class RetentionConfig(Settings):
    """How long data stays.

    Args:
        policy: one of the shipped policies.
        periods: changes of single periods; data class → period.
        mode: begin with `observe`, look at `tim retention status`, then enforce.
        interval: from the end of one run to the begin of the next; a day at most.
        batch_rows: rows that one transaction looks at.
    """

    policy: PolicyName = PolicyName.MINIMAL
    periods: Mapping[str, Any] = Field(default_factory=dict)
    mode: RetentionMode
    interval: Annotated[Duration, Field(le=timedelta(days=1))] = timedelta(hours=1)
    batch_rows: Annotated[int, Field(ge=10, le=50_000)] = 2_000


@dataclass(frozen=True, slots=True)
class LoadedRetention:
    """The checked block; `policy` has the operator's periods."""

    policy: Policy
    mode: RetentionMode
    interval: timedelta
    batch_rows: int


def load_retention(config: RetentionConfig) -> LoadedRetention:
    """Apply the periods.

    Raises:
        ConfigError: one line per fault.
    """
    policy = with_periods(shipped_policy(config.policy), config.periods, "tim_synapse: retention.periods")
    return LoadedRetention(policy, config.mode, config.interval, config.batch_rows)
