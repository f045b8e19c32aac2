"""The one way from our callbacks into Synapse: a callback that fails has refused.

Synapse takes an exception of some callbacks for "allowed", answers 500 for others, and writes the exception's text,
which may name people, into the log. So none of ours is registered without what is written here.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from synapse.module_api.errors import Codes, SynapseError
from twisted.internet.defer import CancelledError

from tim_policy.decision import FORBIDDEN, Deny, Reason
from tim_synapse.metrics import count
from tim_synapse.texts import CLIENT_TEXT

logger = logging.getLogger(__name__)

Callback = Callable[..., Awaitable[Any]]

_TEXT = CLIENT_TEXT[Reason.INTERNAL_ERROR]


def _raise() -> None:
    raise SynapseError(FORBIDDEN.status, _TEXT, FORBIDDEN.errcode)


def _code() -> tuple[Codes, dict[str, Any]]:
    return Codes.FORBIDDEN, {"error": _TEXT}


def _hide() -> bool:
    return True


def _forbid() -> bool:
    return False


def _nothing() -> None:
    """Synapse only tells us something: there is nothing to refuse."""


_REFUSE: Mapping[str, Callable[[], Any]] = {
    "judge_event": _raise,
    "on_create_room": _raise,
    "check_event_for_spam": _code,
    "federated_user_may_invite": _code,
    "user_may_create_room": _code,
    "user_may_create_room_alias": _code,
    "user_may_invite": _code,
    "user_may_join_room": _code,
    "user_may_publish_room": _code,
    "user_may_send_3pid_invite": _code,
    "user_may_send_state_event": lambda: Codes.FORBIDDEN,
    "check_login_for_spam": _code,
    "check_username_for_spam": _hide,
    "should_drop_federated_event": _hide,
    "check_can_deactivate_user": _forbid,
    "check_can_shutdown_room": _forbid,
    "check_threepid_can_be_invited": _forbid,
    "check_visibility_can_be_modified": _forbid,
    "on_account_data_updated": _nothing,
    "on_new_event": _nothing,
    "on_profile_update": _nothing,
    "on_user_deactivation_status_changed": _nothing,
    "on_user_login": _nothing,
    "on_user_registration": _nothing,
}
"""How each callback says no."""

_SWALLOWS = frozenset(name for name, refuse in _REFUSE.items() if refuse is _forbid)
"""Callbacks whose exceptions Synapse takes for "allowed", also a SynapseError."""


def register(hook: Callable[..., None], **callbacks: Callback) -> None:
    """Register callbacks by their names.

    Args:
        hook: e.g. `api.register_spam_checker_callbacks`.
        callbacks: see there; only names that `_REFUSE` knows.
    """
    hook(**{name: closed(name, callback) for name, callback in callbacks.items()})


def closed(name: str, callback: Callback) -> Callback:
    """The callback; when it fails, it has refused.

    Args:
        name: of the callback, or `judge_event` (`EventJudges`).
        callback: coroutine function; a SynapseError that it raises reaches the client where Synapse lets it.
    """
    refuse = _REFUSE[name]

    @functools.wraps(callback)
    async def ask(*args: Any, **kwargs: Any) -> Any:
        try:
            return await callback(*args, **kwargs)
        except CancelledError:  # the client went away; Twisted's class is an ordinary Exception
            raise
        except SynapseError:
            if name in _SWALLOWS:
                return refuse()
            raise
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it is
            logger.error("callback failed name=%s error=%s", name, type(error).__name__)
            count(name, Deny("A_25534", Reason.INTERNAL_ERROR))
            return refuse()

    return ask
