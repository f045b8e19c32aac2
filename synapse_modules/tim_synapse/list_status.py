"""What an operator may know about the federation list of this process."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ListStatus:
    """A snapshot; everything about the list itself is None or 0 as long as there is no verified list.

    Args:
        version: of the newest verified list, also when it is too old to be used.
        confirmed_at: when the source last said that it is the newest.
        age: time since then.
        is_in_use: False: every other server is refused.
        source: kind of the source: `vzd`, `url` or `file`.
        signer: common name of the signer's certificate.
        chain: common names from the signer to the trust anchor.
        ocsp: `good`, or `not checked` (the responder was unreachable and the policy is `soft`).
        next_refresh_at: None: unknown to this process.
        servers, insurers, entries: counts of the list.
        outage: why the last refresh failed; None when it did not.
        previous_version, added, removed: what the last update changed; None and empty for the first list.
    """

    version: int | None
    confirmed_at: datetime | None
    age: timedelta | None
    is_in_use: bool
    source: str
    signer: str | None
    chain: tuple[str, ...]
    ocsp: str | None
    next_refresh_at: datetime | None
    servers: int
    insurers: int
    entries: int
    outage: str | None
    previous_version: int | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
