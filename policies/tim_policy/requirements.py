"""The catalogue of requirements: what is demanded, which rule answers it, and why some are not ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

import yaml
from pydantic import RootModel, model_validator

from tim_policy.profile import ProfileName, shipped_profile
from tim_policy.registry import TABLES
from tim_policy.settings import Settings


class Requirement(Settings):
    """One entry of `requirements.yaml`; see there."""

    id: str
    meaning: str
    where: tuple[str, ...] = ()
    elsewhere: str | None = None
    exempt: str | None = None
    later: str | None = None

    @model_validator(mode="after")
    def _one_state(self) -> "Requirement":
        if sum(reason is not None for reason in (self.elsewhere, self.exempt, self.later)) > 1:
            raise ValueError("only one of elsewhere, exempt and later")
        return self

    @property
    def reason(self) -> str | None:
        """Why no test needs to prove it; None: one does."""
        for kind in ("elsewhere", "exempt", "later"):
            if text := getattr(self, kind):
                return f"{kind}: {text}"
        return None


class _Catalogue(RootModel[tuple[Requirement, ...]]):
    pass


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement with what answers it.

    Args:
        requirement: the entry.
        rules: names of the rules that answer it.
        profiles: those in which any of the rules is in force; all of them when it is no rule that answers it.
        tests: the files whose tests carry its id.
    """

    requirement: Requirement
    rules: tuple[str, ...]
    profiles: tuple[ProfileName, ...]
    tests: tuple[str, ...]

    @property
    def state(self) -> str:
        """`done`, the reason why it needs no proof, or `open`."""
        return "done" if self.tests else self.requirement.reason or "open"


def requirements() -> tuple[Requirement, ...]:
    """The catalogue that ships with the suite."""
    data = yaml.safe_load(files("tim_policy").joinpath("requirements.yaml").read_bytes())
    return _Catalogue.model_validate(data).root


def rows(tests: Mapping[str, Iterable[str]]) -> tuple[Row, ...]:
    """Join the catalogue with rules, profiles and tests.

    Args:
        tests: requirement id → files whose tests carry it.
    """
    by_requirement: dict[str, list[str]] = {}
    for table in TABLES.values():
        for rule in table:
            by_requirement.setdefault(rule.requirement, []).append(rule.name)
    names = {name for rules in by_requirement.values() for name in rules}
    found = []
    for requirement in requirements():
        rules = [*by_requirement.get(requirement.id, ()), *(name for name in requirement.where if name in names)]
        found.append(
            Row(
                requirement,
                tuple(dict.fromkeys(rules)),
                _in_force(rules) if rules else tuple(ProfileName),
                tuple(sorted(tests.get(requirement.id, ()))),
            )
        )
    return tuple(found)


def _in_force(rules: Iterable[str]) -> tuple[ProfileName, ...]:
    return tuple(
        name
        for name in ProfileName
        if any(getattr(shipped_profile(name).rules, rule, None) is not None for rule in rules)
    )
