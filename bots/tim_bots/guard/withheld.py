"""N13: `m.room_key.withheld` says why a message will stay unreadable (client-server API, "Reporting that ...")."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

CODES = frozenset(
    {"m.blacklisted", "m.unverified", "m.unauthorised", "m.unavailable", "m.no_olm", "m.history_not_shared"}
)
_DELIBERATE = frozenset({"m.blacklisted", "m.unverified", "m.unauthorised"})
"""The person, or the client's strictness, does not want the bot to read it."""
OTHER = "other"
_MEMORY = 1_000


class Withheld:
    """The codes that came lately; the sender chooses what stands in them, so they are bounded and never quoted."""

    def __init__(self) -> None:
        self._codes: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def take(self, source: Mapping[str, Any]) -> str | None:
        """Remember what a to-device event says.

        Returns:
            The code, `OTHER` for an unknown one; None: it is no such event.
        """
        content = source.get("content")
        if source.get("type") not in {"m.room_key.withheld", "org.matrix.room_key.withheld"}:
            return None
        if not isinstance(content, Mapping):
            return None
        code = content.get("code")
        known = code if isinstance(code, str) and code in CODES else OTHER
        parts = (content.get("room_id"), content.get("session_id"), source.get("sender"))
        if all(isinstance(part, str) for part in parts):
            self._codes[parts] = known  # type: ignore[index]  # checked in the line above
            while len(self._codes) > _MEMORY:
                self._codes.popitem(last=False)
        return known

    def is_deliberate(self, room_id: str, session_id: str, sender: str) -> bool:
        """Whether the sender of a message does not want the bot to read it."""
        return self._codes.get((room_id, session_id, sender)) in _DELIBERATE
