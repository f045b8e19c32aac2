"""How long the pure rules think: every table of the policy, in every profile."""

import timeit
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tim_policy.explain import DESCRIPTIONS
from tim_policy.profile import ProfileName, shipped_profile
from tim_policy.registry import TABLES, judge
from tim_policy.settings import load_settings

_CALLS = 2000
_ROUNDS = 7
_SURROUNDINGS = {"own_server": "praxis.tim.test", "listed": ["praxis.tim.test", "kasse.tim.test"]}
_DOCTOR, _NURSE = "@doctor:praxis.tim.test", "@nurse:praxis.tim.test"

SAMPLES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "invite": (
        _SURROUNDINGS | {"inviter": _DOCTOR, "invitee": _NURSE},
        _SURROUNDINGS
        | {
            "inviter": _DOCTOR,
            "invitee": _NURSE,
            "permission_config": {
                "defaultSetting": "block all",
                "userExceptions": {f"@user{number}:pflege.tim.test": {} for number in range(100)},
            },
        },
    ),
}
"""Requests as `tim policy explain` reads them, by action: what is common, and what the rules look at longest."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The slowest of an action's samples and profiles.

    Args:
        action: name of the table.
        microseconds: the fastest of several rounds, which a busy machine disturbs least.
        rules: number of rules in the table.
    """

    action: str
    microseconds: float
    rules: int


def measure_decisions() -> list[Decision]:
    """One line per table.

    Raises:
        RuntimeError: a table has no sample.
    """
    if missing := TABLES.keys() - SAMPLES.keys():
        raise RuntimeError(f"benchmark: no sample for {', '.join(sorted(missing))}")
    return [
        Decision(action, max(_microseconds(action, name) for name in ProfileName), len(rules))
        for action, rules in TABLES.items()
    ]


def _microseconds(action: str, profile_name: ProfileName) -> float:
    profile = shipped_profile(profile_name)
    slowest = 0.0
    for sample in SAMPLES[action]:
        description: Any = load_settings(DESCRIPTIONS[action], sample, action)
        facts = description.facts(profile.product)
        timer = timeit.Timer(partial(judge, TABLES[action], profile.rules, facts))
        slowest = max(slowest, min(timer.repeat(_ROUNDS, _CALLS)) / _CALLS * 1e6)
    return slowest
