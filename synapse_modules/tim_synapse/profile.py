"""The profile in force: one that ships with the suite, and what the operator changed."""

import logging
from collections.abc import Mapping
from typing import Any

from tim_policy.profile import Profile, ProfileName, shipped_profile, with_changes

logger = logging.getLogger(__name__)


def profile_in_force(name: ProfileName, changes: Mapping[str, Any], where: str) -> Profile:
    """The profile with the operator's changes; one warning for each that allows more than the specification.

    Raises:
        ConfigError: one line per fault; `where` stands in front of it.
    """
    profile, unsafe = with_changes(shipped_profile(name), changes, where)
    for key in unsafe:
        logger.warning("%s.%s: this homeserver allows more than %s; remove the key to follow it", where, key, name)
    return profile
