"""Where another homeserver is, as far as anything tells, and which countries are allowed.

Residency is a condition of its own, beside membership in the federation. It is no requirement of gematik: it follows
from GDPR chapter V (transfers to third countries) and § 393 Abs. 2 SGB V (health data in the cloud).
"""

import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from tim_policy.countries import parse_country
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.errors import ConfigError
from tim_policy.settings import Settings, load_settings

REQUIREMENT = "EU_RESIDENCY"


class Unknown(enum.StrEnum):
    """What happens to a server about whose country nothing is known."""

    DENY = "deny"
    ALLOW = "allow"


def _country(value: Any) -> str:
    try:
        return parse_country(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


Country = Annotated[str, BeforeValidator(_country, json_schema_input_type=str)]
"""A pydantic field type for an assigned code of ISO 3166-1 alpha-2 in upper case."""


class ResidencyPolicyFile(Settings):
    """The policy file.

    Args:
        allowed_countries: a server there is allowed.
        adequacy_countries: may be allowed, one by one, by the operator's configuration; not allowed by themselves.
        unknown: see `Unknown`.
    """

    allowed_countries: frozenset[Country]
    adequacy_countries: frozenset[Country] = frozenset()
    unknown: Unknown = Unknown.DENY


@dataclass(frozen=True, slots=True)
class ResidencyPolicy:
    """The policy in force: the file, and the third countries the operator chose.

    Args:
        allowed_countries: assigned codes of ISO 3166-1 alpha-2.
        unknown: see `Unknown`.
    """

    allowed_countries: frozenset[str]
    unknown: Unknown = Unknown.DENY


@dataclass(frozen=True, slots=True)
class ResidencyEvidence:
    """What is known about one server's country, and the policy it is judged by.

    A country is a code in upper case or `countries.UNREADABLE`; None is "nothing is known from there".

    Args:
        policy: see `ResidencyPolicy`.
        operator_country: what the operator of this homeserver wrote down.
        directory_country: what the organisation's VZD entry says.
        address_countries: countries of the public addresses the server name resolved to, as far as the database
            knows them. Empty: resolved, and nothing found.
    """

    policy: ResidencyPolicy
    operator_country: str | None = None
    directory_country: str | None = None
    address_countries: frozenset[str] | None = None


def load_residency_policy(data: Any, adequacy_countries: Collection[str], where: str) -> ResidencyPolicy:
    """The policy of a file and of the operator's choice among its adequacy countries.

    Args:
        data: parsed YAML, of any type.
        adequacy_countries: third countries the operator allows.
        where: name of the file, for messages.

    Raises:
        ConfigError: one line per fault; also for a chosen country that the file does not list.
    """
    file = load_settings(ResidencyPolicyFile, data, where)
    for country in sorted(adequacy_countries):
        if country not in file.adequacy_countries:
            raise ConfigError(
                f"adequacy_countries: {country} is not among the adequacy_countries of {where} "
                f"({', '.join(sorted(file.adequacy_countries))})"
            )
    return ResidencyPolicy(file.allowed_countries | frozenset(adequacy_countries), file.unknown)


def judge_residency(evidence: ResidencyEvidence) -> Decision:
    """Every piece of evidence that is there must be allowed; one that is not outweighs all others.

    Returns:
        Deny(SERVER_OUTSIDE_REGION) when a country is not allowed or unreadable.
        Deny(SERVER_REGION_UNKNOWN) when nothing is known and the policy denies that.
    """
    allowed, addresses = evidence.policy.allowed_countries, evidence.address_countries or frozenset()
    told = [country for country in (evidence.operator_country, evidence.directory_country) if country is not None]
    if not (allowed.issuperset(told) and allowed.issuperset(addresses)):
        return Deny(REQUIREMENT, Reason.SERVER_OUTSIDE_REGION)
    if not told and not addresses and evidence.policy.unknown is Unknown.DENY:
        return Deny(REQUIREMENT, Reason.SERVER_REGION_UNKNOWN)
    return Allow()
