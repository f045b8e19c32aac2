"""matrix-nio 0.26 made fit for strangers: every hook into its private methods stands in this package.

What is wrong with nio 0.26 as it is, and where it is closed; `tests/bots/guard` attacks each:

- N1  A malformed to-device message of any stranger ends the sync, and what came with it is lost: `olm`, `parsing`.
- N2  A garbage device key of a room's member ends the sync, again after every restart: `olm`, `client`.
- N3  One-time keys that ran out are never replaced, and there is no fallback key: `olm`, `client`.
- N4  The sync position is stored before the events are handled: `client`.
- N5  A session of one person passes for the message of another: `olm`.
- N6  A key share that fails locks the room for ever, or passes for a success: `olm`, `client`.
- N7  A device whose id equals the bot's gets no keys: `olm`.
- N8  What a sync left out is never fetched: `tim_bots.backfill`.
- N9  Device lists are fetched after the answer was sent: `client`.
- N10 Any error makes a tight loop: `tim_bots.sync_loop`, `tim_bots.backoff`.
- N11 A crypto store from a backup is used on: `client` stops for good.
- N12 Rooms that the account was removed from are kept: `client`.
- N13 A key that was withheld is not understood: `withheld`.
- N14 Creators of rooms of version 12 have no power, and who lost his power keeps it: `power`.
- N15 The store commits each device and session alone: `store`.
- N16 Adding a device compares it with all others: `sessions`.
- N17 All Megolm sessions are read at the start and none is ever deleted: `sessions`, `store`.

Also: replay protection and the users whose devices are known survive a restart; keys are on the disk before
anything that depends on them leaves; the room's rotation of keys is respected; peers' identities are pinned
(`trust`); schema checks are compiled (`validation`). nio is pinned to 0.26, and `require_supported_nio` refuses
a release that lacks one of the methods hooked here.
"""

from tim_bots.guard import parsing, validation
from tim_bots.guard.client import AnswerTooLarge, GuardedClient, Unreadable
from tim_bots.guard.hooks import UnsupportedNio, require_supported_nio
from tim_bots.guard.olm import GuardedOlm
from tim_bots.guard.store import CryptoStore, open_crypto_store

validation.install()
parsing.install()

__all__ = [
    "AnswerTooLarge",
    "CryptoStore",
    "GuardedClient",
    "GuardedOlm",
    "Unreadable",
    "UnsupportedNio",
    "open_crypto_store",
    "require_supported_nio",
]
