"""Who is asked about an event of another homeserver, by whatever way it came.

One callback for all of them: Synapse keeps the books of each callback, for every event that is sent here too.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable

from synapse.module_api import NOT_SPAM, EventBase, ModuleApi
from twisted.internet.defer import CancelledError

from tim_policy import registry
from tim_policy.decision import Deny
from tim_synapse.callbacks import register
from tim_synapse.guard import Verdict
from tim_synapse.metrics import REMOTE_EVENTS

logger = logging.getLogger(__name__)

RemoteJudge = Callable[[EventBase], Awaitable[Verdict]]
Explainer = Callable[[EventBase], Awaitable[Iterable[registry.Verdict]]]
"""What the rules say about an event; empty when none looks at it."""


class RemoteEvents:
    """Asks its judges in order, and the first refusal counts; what is accepted in spite of a rule is counted.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._judges: tuple[RemoteJudge, ...] = ()
        self._explainers: tuple[Explainer, ...] = ()
        register(api.register_spam_checker_callbacks, check_event_for_spam=self.check_event_for_spam)

    def judge(self, judge: RemoteJudge) -> None:
        """Ask `judge` about every event of another homeserver; it may refuse it."""
        self._judges += (judge,)

    def count(self, explainer: Explainer) -> None:
        """Count the refusals of `explainer`; the event is accepted all the same (docs/adr/0003)."""
        self._explainers += (explainer,)

    async def check_event_for_spam(self, event: EventBase) -> Verdict:
        """Events of our own users are judged before they are made (`EventJudges`)."""
        if self._api.is_mine(event.sender):
            return NOT_SPAM
        for judge in self._judges:
            verdict = await judge(event)
            if verdict != NOT_SPAM:
                return verdict
        for explainer in self._explainers:
            await _count(explainer, event)
        return NOT_SPAM


async def _count(explainer: Explainer, event: EventBase) -> None:
    """Never fails: a count is not worth a lost message, nor state that only this homeserver refuses."""
    try:
        for verdict in await explainer(event):
            if isinstance(verdict.decision, Deny):
                REMOTE_EVENTS.labels(verdict.rule).inc()
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        logger.error("event not judged error=%s", type(error).__name__)
