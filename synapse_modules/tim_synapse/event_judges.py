"""Which rule judges an event that is made on this homeserver; the one place that is asked, for every event.

`private_events` says why the rules do not register Synapse's `check_event_allowed`.
"""

from collections.abc import Callable

from synapse.module_api import EventBase

from tim_synapse.callbacks import closed
from tim_synapse.private_events import Judge


class EventJudges:
    """Judges by the type of the event they look at."""

    def __init__(self) -> None:
        self._of_every_type: tuple[Judge, ...] = ()
        self._by_type: dict[str, tuple[Judge, ...]] = {}
        self._concerned: tuple[tuple[Callable[[EventBase], bool], Judge], ...] = ()

    def add(self, judge: Judge, *event_types: str) -> None:
        """Ask `judge` about events of these types; none named: about every event, so it should be done quickly.

        Args:
            judge: coroutine function of event and state; raises SynapseError when it refuses.
            event_types: e.g. `m.room.member`.
        """
        judge = closed("judge_event", judge)
        if not event_types:
            self._of_every_type += (judge,)
            self._by_type = {event_type: (*judges, judge) for event_type, judges in self._by_type.items()}
        for event_type in event_types:
            self._by_type[event_type] = (*self._by_type.get(event_type, self._of_every_type), judge)

    def add_if(self, concerns: Callable[[EventBase], bool], judge: Judge) -> None:
        """Ask `judge`, after all others, about events of any type that it is concerned with.

        Args:
            concerns: looks at every event, so it is quick; when it fails, the event is not made.
            judge: as for `add`.
        """
        self._concerned += ((concerns, closed("judge_event", judge)),)

    def of(self, event: EventBase) -> tuple[Judge, ...]:
        """The judges to ask, in order; empty for most events."""
        judges = self._by_type.get(event.type, self._of_every_type)
        for concerns, judge in self._concerned:
            if concerns(event):
                judges = (*judges, judge)
        return judges
