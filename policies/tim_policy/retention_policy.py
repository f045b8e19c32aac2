"""How long each kind of data may stay: policies as data, one period per data class (GDPR Art. 5 (1) (c) and (e)).

`retention/*.yaml` holds every number, `retention/classes.yaml` says what each class is for. An operator names a
policy and may set single periods.
"""

import difflib
import enum
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, StringConstraints

from tim_policy.errors import ConfigError
from tim_policy.settings import Settings, load_settings
from tim_policy.units import Duration, parse_duration

DIRECTORY = "retention"


class PolicyName(enum.StrEnum):
    """The policies that ship with the suite."""

    MINIMAL = "minimal"
    TIM_1_1 = "tim-1.1"
    TIM_1_2 = "tim-1.2"
    EPA = "epa"


class Without(enum.StrEnum):
    """Periods that are no time."""

    NOT_STORED = "not stored"
    """It is never written."""
    WHILE_USED = "while used"
    """It goes with what it belongs to: the membership, the device, the account."""


def _period(value: Any) -> timedelta | Without:
    if isinstance(value, timedelta | Without):
        return value
    if isinstance(value, str):
        if value in set(Without):
            return Without(value)
        try:
            return parse_duration(value)
        except ConfigError:
            pass
    words = " or ".join(f"'{word}'" for word in Without)
    raise ValueError(f"write a number above 0 and one of s, m, h, d, w, for example 30d; or {words}")


_PERIOD_PATTERN = r"^([1-9][0-9]{0,5}[smhdw]|not stored|while used)$"
Period = Annotated[
    timedelta | Without,
    BeforeValidator(_period, json_schema_input_type=Annotated[str, StringConstraints(pattern=_PERIOD_PATTERN)]),
]
"""How long: a duration, or one of `Without`."""


class Periods(Settings):
    """One period per data class. Every key must be there: nobody leaves a class out by accident."""

    client_addresses: Period
    device_last_seen: Period
    daily_visits: Period
    presence: Period
    receipts: Period
    membership_history: Period
    room_tags: Period
    reports: Period
    openid_tokens: Period
    account_data: Period
    session_tokens: Period
    contact_proofs: Period
    to_device_queue: Period
    device_keys: Period
    remote_devices: Period
    destinations: Period
    local_media: Period
    remote_media: Period
    url_previews: Period
    redacted_content: Period
    messages: Period
    room_state: Period
    inactive_rooms: Period
    orphaned_rooms: Period
    forgotten_rooms: Period
    insured_only_rooms: Period
    deactivated_users: Period
    user_directory: Period
    push_leftovers: Period
    statistics: Period
    accounts: Period
    audit_log: Period
    housekeeping: Period


DATA_CLASSES = tuple(Periods.model_fields)
"""The names of the data classes."""


class Policy(Settings):
    """One policy.

    Args:
        policy: its name.
        meaning: for whom it is, in one line.
        periods: see `Periods`.
    """

    policy: PolicyName
    meaning: str
    periods: Periods


class ClassDescription(Settings):
    """What one data class is.

    Args:
        what: the data, in words.
        purpose: what it is stored for.
        legal: why that is lawful.
        breaks: what stops working when the period is shorter.
        shortest: a shorter time is refused; None: any time is accepted.
        longest: a longer time is refused; None: any time is accepted.
        words: which of `Without` are accepted.
        is_time_accepted: whether a duration is accepted at all.
    """

    what: str
    purpose: str
    legal: str
    breaks: str
    shortest: Duration | None = None
    longest: Duration | None = None
    words: tuple[Without, ...] = ()
    is_time_accepted: bool = Field(default=True, alias="time")


@cache
def class_descriptions() -> Mapping[str, ClassDescription]:
    """The descriptions of all data classes, in the order of `Periods`."""
    file = "classes.yaml"
    data = yaml.safe_load(_read(file))
    return {name: load_settings(ClassDescription, data[name], f"{file}: {name}") for name in Periods.model_fields}


def load_policy(data: Any, where: str) -> Policy:
    """Read a policy.

    Args:
        data: parsed YAML, of any type.
        where: the file's name, for messages.

    Raises:
        ConfigError: one line per fault; among them a period that its class does not accept.
    """
    policy = load_settings(Policy, data, where)
    _require_accepted(policy.periods, f"{where}: periods")
    return policy


def shipped_policy(name: PolicyName) -> Policy:
    """One of the policies of this package."""
    file = f"{name}.yaml"
    return load_policy(yaml.safe_load(_read(file)), file)


def with_periods(policy: Policy, changes: Mapping[str, Any], where: str) -> Policy:
    """Apply the periods that an operator sets.

    Args:
        policy: as it ships.
        changes: data class → period.
        where: name of the configuration block, for messages.

    Raises:
        ConfigError: one line per fault.
    """
    known = policy.periods.model_dump()
    faults = []
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            faults.append(f"{where}.{name}: unknown data class; did you mean '{near[0] if near else min(known)}'?")
    if faults:
        raise ConfigError("\n".join(faults))
    periods = load_settings(Periods, known | dict(changes), where)
    _require_accepted(periods, where)
    return policy.model_copy(update={"periods": periods})


def period_text(period: timedelta | Without) -> str:
    """As one writes it in a policy."""
    if isinstance(period, Without):
        return period.value
    seconds = int(period.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def policy_schema() -> dict[str, Any]:
    """The JSON schema of a policy file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Policy.model_json_schema()}


def _require_accepted(periods: Periods, where: str) -> None:
    faults = []
    for name, described in class_descriptions().items():
        if fault := _fault(getattr(periods, name), described):
            faults.append(f"{where}.{name}: {fault}")
    if faults:
        raise ConfigError("\n".join(faults))


def _fault(period: timedelta | Without, described: ClassDescription) -> str | None:
    if isinstance(period, Without):
        if period in described.words:
            return None
        return f"'{period}' is not possible here; {described.breaks}"
    if not described.is_time_accepted:
        words = " or ".join(f"'{word}'" for word in described.words)
        return f"expected {words}; {described.breaks}"
    if described.shortest is not None and period < described.shortest:
        return f"the shortest possible time is {period_text(described.shortest)}; {described.breaks}"
    if described.longest is not None and period > described.longest:
        return f"the longest possible time is {period_text(described.longest)}; {described.purpose}"
    return None


def _read(file: str) -> bytes:
    return files("tim_policy").joinpath(DIRECTORY, file).read_bytes()
