"""The only ways from a rule to Synapse: what cannot be decided is refused, and refusals are counted and logged.

No user id, room id or content reaches a log line or metric: an exception's text may hold them, so only its class
is logged.
"""

import logging
from collections.abc import Awaitable

from synapse.module_api.errors import Codes, SynapseError
from twisted.internet.defer import CancelledError

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_synapse.metrics import count
from tim_synapse.texts import CLIENT_TEXT

logger = logging.getLogger(__name__)

_FORBIDDEN = 403
_BAD_REQUEST = 400
# Whoever sent a request that cannot be read is to mend it; everything else is a refusal.
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
        SynapseError: 400 M_BAD_JSON for an unreadable request, 403 M_FORBIDDEN for every other refusal.
    """
    if isinstance(decision, Allow):
        return
    text = CLIENT_TEXT[decision.reason]
    if decision.reason in _BAD_JSON:
        raise SynapseError(_BAD_REQUEST, text, Codes.BAD_JSON)
    raise SynapseError(_FORBIDDEN, text, Codes.FORBIDDEN)
