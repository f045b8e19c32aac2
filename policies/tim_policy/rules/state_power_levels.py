"""Power levels leave a room's safeguards to those who were appointed (TIM_ROOM_POWER, ADR 0014).

Members of other homeservers are bound by power levels only: whoever lets everybody change the join rule, the history
or the encryption has taken these rules out of force.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_power import RoomPower, default_level, required_level, required_state_level
from tim_policy.room_state import POWER_LEVELS, StateFacts

REQUIREMENT = "TIM_ROOM_POWER"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        protected_events: state events that are a safeguard.
        protected_actions: actions that are one, as power levels name them.
        min_level: that each of them takes at least; it must also be more than every member has by default.
    """

    protected_events: Annotated[tuple[str, ...], Stricter.SUPERSET]
    protected_actions: Annotated[tuple[str, ...], Stricter.SUPERSET]
    min_level: Annotated[int, Stricter.HIGHER]


def decide(facts: StateFacts, parameters: Parameters) -> Decision:
    """Deny(POWER_LEVELS) when a safeguard falls that stood before: a room that lacks one can still be mended."""
    if not facts.is_setting(POWER_LEVELS):
        return Allow()
    fallen = _fallen(facts.event.content, parameters)
    if not fallen:
        return Allow()
    if facts.room.power_levels is not None and fallen <= _fallen(facts.room.power_levels, parameters):
        return Allow()
    return Deny(REQUIREMENT, Reason.POWER_LEVELS)


def _fallen(content: Mapping[str, Any], parameters: Parameters) -> frozenset[str]:
    power = RoomPower(frozenset(), "", content)
    everybody = default_level(power)
    levels = {name: required_state_level(power, name) for name in parameters.protected_events}
    levels |= {name: required_level(power, name) for name in parameters.protected_actions}
    return frozenset(name for name, level in levels.items() if level < parameters.min_level or level <= everybody)
