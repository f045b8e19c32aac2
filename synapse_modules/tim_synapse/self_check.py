"""Proves at start-up that the gate closes: a server that nobody knows is refused by every reader of the whitelist.

Each probe runs Synapse's own code twice, with the probe's name refused and allowed: a check that refuses everything
proves nothing. Nothing is sent: behind the whitelist each probe runs into a stub.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from synapse.api.errors import FederationDeniedError
from synapse.module_api import ModuleApi
from synapse.util import SYNAPSE_VERSION

from tim_policy.errors import TimError
from tim_synapse import private

PROBE = "self-check.tim-synapse.invalid"
"""A name that no server can have (RFC 2606)."""


class SelfCheckFailed(TimError):
    """This Synapse does not let itself be closed the way the module knows."""


def self_check(api: ModuleApi) -> None:
    """Run every probe; returns when all were refused and allowed as they must be.

    Raises:
        ConfigError: see `private.allow_dict`.
        SelfCheckFailed: names the first probe that went wrong.
    """
    allowed = private.allow_dict(api)
    told: list[str] = []
    private.observe_denials(lambda direction, server_name, _path: told.append(f"{direction} {server_name}"))
    for direction, probe in private.probes(api, PROBE).items():
        told.clear()
        if not _is_refused(probe) or told != [f"{direction} {PROBE}"]:
            raise _failed(f"{direction} request of an unknown server was not refused")
        allowed[PROBE] = True
        try:
            if _is_refused(probe):
                raise _failed(f"{direction} request of an allowed server was refused")
        finally:
            del allowed[PROBE]
    for name, works in private.working_parts(api, allowed, PROBE).items():
        if not works:
            raise _failed(f"{name} does not work")


def _is_refused(probe: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """Run a probe up to the whitelist or to the stub behind it.

    Raises:
        SelfCheckFailed: it went another way.
    """
    coroutine = probe()
    try:
        coroutine.send(None)
    except FederationDeniedError:
        return True
    except private.Passed:
        return False
    except Exception as error:
        raise _failed(f"a probe ended with {type(error).__name__}") from error
    finally:
        coroutine.close()
    raise _failed("a probe waits for something that comes before the whitelist")


def _failed(what: str) -> SelfCheckFailed:
    return SelfCheckFailed(
        f"tim_synapse: self-check of the federation gate: {what}; the gate is not known to close with Synapse "
        f"{SYNAPSE_VERSION}: run a release of Synapse that this release of tim_synapse names as tested"
    )
