"""Settings that contradict the policy are named with the key to change."""

from datetime import timedelta
from typing import Any

import pytest

from tim_policy.retention_policy import PolicyName, shipped_policy, with_periods
from tim_policy.retention_settings import RETENTION_SETTINGS, retention_contradictions

MINIMAL, TIM = shipped_policy(PolicyName.MINIMAL), shipped_policy(PolicyName.TIM_1_2)
FITTING: dict[str, Any] = {
    "presence.enabled": False,
    "url_preview_enabled": False,
    "stats.enabled": False,
    "limit_usage_by_mau": False,
    "mau_stats_only": False,
    "user_ips_max_age": timedelta(days=28),
    "redaction_retention_period": timedelta(days=7),
    "media_retention.local_media_lifetime": timedelta(days=90),
    "media_retention.remote_media_lifetime": timedelta(days=14),
}


def test_fitting_settings_are_accepted() -> None:
    assert set(FITTING) == set(RETENTION_SETTINGS)
    assert retention_contradictions(TIM, FITTING) == []
    assert retention_contradictions(MINIMAL, FITTING | {"media_retention.local_media_lifetime": None}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("presence.enabled", True),
        ("url_preview_enabled", True),
        ("limit_usage_by_mau", True),
        ("mau_stats_only", True),
        ("redaction_retention_period", None),
        ("redaction_retention_period", timedelta(days=8)),
        ("media_retention.local_media_lifetime", None),
        ("media_retention.remote_media_lifetime", timedelta(days=15)),
    ],
)
def test_a_contradiction_is_one_line_with_its_key(key: str, value: Any) -> None:
    (line,) = retention_contradictions(TIM, FITTING | {key: value})
    assert line.startswith(f"homeserver.yaml: {key}: must be ")


def test_counts_are_stored_where_the_list_of_public_rooms_is_made_from_them() -> None:
    assert retention_contradictions(TIM, FITTING | {"stats.enabled": True}) == []
    (line,) = retention_contradictions(MINIMAL, FITTING | {"stats.enabled": True})
    assert line == "homeserver.yaml: stats.enabled: must be false, since the retention policy does not store statistics"


def test_addresses_that_may_stay_for_a_time_must_go_after_it() -> None:
    policy = with_periods(TIM, {"client_addresses": "7d"}, "x")
    (line,) = retention_contradictions(policy, FITTING)
    assert line == (
        "homeserver.yaml: user_ips_max_age: must be 7d or less, as the retention policy says for client_addresses"
    )


def test_a_process_that_serves_no_media_checks_what_it_has() -> None:
    media = {key for key in FITTING if key.startswith("media_retention.")}
    others = {key: value for key, value in FITTING.items() if key not in media} | {"presence.enabled": True}
    (line,) = retention_contradictions(TIM, others)
    assert line.startswith("homeserver.yaml: presence.enabled: ")
