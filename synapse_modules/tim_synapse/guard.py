"""The only ways from a rule to Synapse: what cannot be decided is refused, and refusals are counted and logged.

No user id, room id or content reaches a log line or metric: an exception's text may hold them, so only its class
is logged.
"""

import logging
from collections.abc import Awaitable
from typing import Any, Literal

from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import Codes, SynapseError
from twisted.internet.defer import CancelledError

from tim_policy.decision import BAD_JSON, Allow, Decision, Deny, Reason
from tim_synapse.metrics import count
from tim_synapse.texts import CLIENT_TEXT

logger = logging.getLogger(__name__)

Verdict = Literal["NOT_SPAM"] | tuple[Codes, dict[str, Any]]
"""How a spam checker callback of Synapse answers."""

# Whoever sent a request that cannot be read is to mend it, whichever rule noticed.
_BAD_JSON = frozenset({Reason.UNREADABLE_REQUEST})


async def decide(action: str, rule: Awaitable[Decision]) -> Decision:
    """Await a rule's decision; a failing rule denies with INTERNAL_ERROR.

    Args:
        action: what is judged, a literal of the code (metric label and log field).
        rule: the pending decision.
    """
    try:
        decision = await rule
    except CancelledError:  # the client went away; Twisted's class is an ordinary Exception
        raise
    except Exception as error:  # noqa: BLE001 - fail closed, whatever it is
        logger.error("rule failed action=%s error=%s", action, type(error).__name__)
        decision = Deny("A_25534", Reason.INTERNAL_ERROR)
    count(action, decision)
    if isinstance(decision, Deny):
        logger.info("denied action=%s requirement=%s reason=%s", action, decision.requirement, decision.reason)
    return decision


def raise_on_refusal(decision: Decision) -> None:
    """Turn a refusal into the error the client gets.

    Raises:
        SynapseError: see `refusal_of`.
    """
    if (error := refusal_of(decision)) is not None:
        raise error


def refusal_of(decision: Decision) -> SynapseError | None:
    """The error the client gets; None: allowed.

    Returns:
        400 M_BAD_JSON for an unreadable request, else what the profile says.
    """
    if isinstance(decision, Allow):
        return None
    refusal = BAD_JSON if decision.reason in _BAD_JSON else decision.refusal
    return SynapseError(refusal.status, CLIENT_TEXT[decision.reason], refusal.errcode)


def verdict_of(decision: Decision) -> Verdict:
    """The answer of a spam checker callback, which always refuses with 403."""
    return NOT_SPAM if isinstance(decision, Allow) else (Codes.FORBIDDEN, {"error": CLIENT_TEXT[decision.reason]})
