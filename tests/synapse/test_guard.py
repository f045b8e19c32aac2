"""What cannot be decided is refused, and nothing personal is logged on the way."""

import logging

import pytest
from prometheus_client import REGISTRY, generate_latest
from synapse.module_api.errors import SynapseError
from twisted.internet.defer import CancelledError

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_synapse.guard import decide, raise_on_refusal
from tim_synapse.texts import CLIENT_TEXT

CANARY = "@canary:canary.test"


async def failing() -> Decision:
    raise RuntimeError(f"lost the database while judging {CANARY}")


async def refusing() -> Decision:
    return Deny("A_26021-01", Reason.BLOCKED_BY_INVITEE)


async def test_a_failing_rule_denies() -> None:
    assert await decide("invite", failing()) == Deny("A_25534", Reason.INTERNAL_ERROR)


async def test_a_cancelled_request_is_no_decision() -> None:
    async def cancelled() -> Decision:
        raise CancelledError

    with pytest.raises(CancelledError):
        await decide("invite", cancelled())


async def test_logs_and_metrics_name_the_rule_but_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await decide("invite", failing())
    await decide("invite", refusing())
    assert "denied action=invite requirement=A_26021-01 reason=blocked_by_invitee" in caplog.text
    assert "rule failed action=invite error=RuntimeError" in caplog.text
    metrics = generate_latest(REGISTRY).decode()
    assert 'reason="blocked_by_invitee"' in metrics
    assert "canary" not in caplog.text + metrics


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_text_and_a_status(reason: Reason) -> None:
    with pytest.raises(SynapseError) as caught:
        raise_on_refusal(Deny("A_25534", reason))
    assert caught.value.code == (400 if reason is Reason.UNREADABLE_REQUEST else 403)
    assert caught.value.msg == CLIENT_TEXT[reason]


def test_allow_raises_nothing() -> None:
    raise_on_refusal(Allow())
