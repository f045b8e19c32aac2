"""The shipped profiles, for tests of the rules."""

from typing import TypeVar

from tim_policy.profile import ProfileName, shipped_profile

PROFILES = {name: shipped_profile(name) for name in ProfileName}
RULES = PROFILES[ProfileName.PRO_1_2].rules
"""For tests of what is the same in all profiles."""

_Parameters = TypeVar("_Parameters")


def in_force(parameters: _Parameters | None) -> _Parameters:
    """The parameters of a rule that the profile has in force."""
    assert parameters is not None
    return parameters
