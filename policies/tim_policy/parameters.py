"""What a profile says about one rule, and which way of changing it is the stricter one.

An operator may always refuse more. Whoever wants to allow more than the specification writes the parameter with the
prefix `unsafe_`, and is reminded at each start.
"""

import enum
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints

from tim_policy.decision import FORBIDDEN, Refusal
from tim_policy.errors import ConfigError
from tim_policy.permission_config import Unconfigured
from tim_policy.settings import Settings, load_settings

UNSAFE = "unsafe_"
OFF = "off"

_Parameters = TypeVar("_Parameters", bound="Parameters")


class Stricter(enum.Enum):
    """Annotation of a parameter: which values refuse more. A parameter without one only changes as `unsafe_`."""

    LOWER = "a lower number or shorter time"
    HIGHER = "a higher number or longer time"
    SUBSET = "fewer of the values"
    SUPERSET = "more values"
    TRUE = "true"
    FALSE = "false"
    FEWER_INVITERS = "fewer inviters"
    ANY = "any value: it allows nothing"


class RefusalSettings(Settings):
    """Status and error code of a refusal (`Refusal`)."""

    status: Annotated[int, Field(ge=400, le=499)] = FORBIDDEN.status
    errcode: Annotated[str, StringConstraints(pattern="^M_[A-Z_]+$")] = FORBIDDEN.errcode

    def as_refusal(self) -> Refusal:
        """The same as a value of the rules."""
        return Refusal(self.status, self.errcode)


class Parameters(Settings):
    """Base of the numbers of a rule; every rule file has its own `Parameters`.

    Args:
        refusal: what the client gets when the rule objects.
    """

    refusal: Annotated[RefusalSettings, Stricter.ANY] = RefusalSettings()

    def numbers(self) -> dict[str, Any]:
        """Everything but the refusal as JSON values, in the order of the model; sets are sorted."""
        values = self.model_dump(mode="json", exclude={"refusal"})
        return {
            name: sorted(value) if isinstance(getattr(self, name), frozenset) else value
            for name, value in values.items()
        }


def changed(model: type[_Parameters], current: _Parameters | None, change: Any, where: str) -> _Parameters | None:
    """Apply an operator's change of one rule.

    Args:
        model: of the rule's parameters.
        current: what the profile says; None: the rule is not in force there, and whatever it refuses is more.
        change: the block of the configuration, of any type. A key is a parameter's name, or `unsafe_` and the name;
            `unsafe_off: true` takes the rule out of force.
        where: name of the block, put in front of messages.

    Returns:
        The new parameters, None when the rule is out of force.

    Raises:
        ConfigError: one line per fault; among them a change that allows more without saying `unsafe_`.
    """
    if change is None or not isinstance(change, Mapping) or not all(isinstance(key, str) for key in change):
        raise ConfigError(f"{where}: expected the rule's parameters, for example {{refusal: {{status: 403}}}}")
    is_off = change.get(UNSAFE + OFF)
    if is_off is not None:
        if is_off is not True or len(change) > 1:
            raise ConfigError(f"{where}.{UNSAFE}{OFF}: write 'true' and nothing else, or leave it out")
        return None
    plain = {key.removeprefix(UNSAFE): value for key, value in change.items()}
    before = {} if current is None else {name: getattr(current, name) for name in model.model_fields}
    after = load_settings(model, before | plain, where)
    if current is not None:
        _require_stricter(current, after, change, where)
    return after


def unsafe_keys(change: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a change that allow more than the specification."""
    return tuple(key for key in change if key.startswith(UNSAFE))


def _require_stricter(current: Parameters, after: Parameters, change: Mapping[str, Any], where: str) -> None:
    faults = []
    for name, field in type(current).model_fields.items():
        old, new = getattr(current, name), getattr(after, name)
        if name not in change or old == new:
            continue
        direction = next((item for item in field.metadata if isinstance(item, Stricter)), None)
        if direction is None or not _is_stricter(direction, old, new):
            need = "" if direction is None else f" (stricter is: {direction.value})"
            faults.append(
                f"{where}.{name}: allows more than the profile{need}; if that is what you want, write {UNSAFE}{name}"
            )
    if faults:
        raise ConfigError("\n".join(faults))


def _is_stricter(direction: Stricter, old: Any, new: Any) -> bool:
    match direction:
        case Stricter.ANY:
            return True
        case Stricter.TRUE | Stricter.FALSE:
            return new is (direction is Stricter.TRUE)
        case Stricter.FEWER_INVITERS:
            by_strictness = tuple(Unconfigured)
            return by_strictness.index(new) >= by_strictness.index(old)
        case Stricter.LOWER | Stricter.HIGHER:
            return bool(new <= old if direction is Stricter.LOWER else new >= old)
        case Stricter.SUBSET | Stricter.SUPERSET:
            fewer, more = (new, old) if direction is Stricter.SUBSET else (old, new)
            return frozenset(fewer) <= frozenset(more)
