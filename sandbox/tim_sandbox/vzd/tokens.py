"""Short-lived search tokens for people who prove their Matrix account."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

LIFETIME = timedelta(hours=1)


class SearchTokens:
    """Issued tokens, in memory only: a restart ends them all.

    Args:
        now: the clock; timezone-aware.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._expiry: dict[str, datetime] = {}

    def issue(self) -> str:
        """A new token, valid for `LIFETIME`."""
        now = self._now()
        self._expiry = {token: expiry for token, expiry in self._expiry.items() if expiry > now}
        token = secrets.token_urlsafe(32)
        self._expiry[token] = now + LIFETIME
        return token

    def is_valid(self, token: str) -> bool:
        """Whether the token was issued and has not expired."""
        expiry = self._expiry.get(token)
        return expiry is not None and expiry > self._now()
