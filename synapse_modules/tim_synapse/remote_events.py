"""Who is asked about an event of another homeserver, by whatever way it came.

One callback for all of them: Synapse keeps the books of each callback, for every event that is sent here too.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from synapse.module_api import NOT_SPAM, EventBase, ModuleApi
from synapse.module_api.errors import Codes

from tim_synapse.callbacks import register

Verdict = Literal["NOT_SPAM"] | tuple[Codes, dict[str, Any]]
RemoteJudge = Callable[[EventBase], Awaitable[Verdict]]


class RemoteEvents:
    """Asks its judges in order; the first refusal counts.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._judges: tuple[RemoteJudge, ...] = ()
        register(api.register_spam_checker_callbacks, check_event_for_spam=self.check_event_for_spam)

    def add(self, judge: RemoteJudge) -> None:
        """Ask `judge` about every event of another homeserver."""
        self._judges += (judge,)

    async def check_event_for_spam(self, event: EventBase) -> Verdict:
        """Events of our own users are judged before they are made (`EventJudges`)."""
        if self._api.is_mine(event.sender):
            return NOT_SPAM
        for judge in self._judges:
            verdict = await judge(event)
            if verdict != NOT_SPAM:
                return verdict
        return NOT_SPAM
