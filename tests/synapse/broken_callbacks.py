"""A Synapse module for tests: breaks every callback of tim_synapse, found by looking; to be named after it.

`POST /_synapse/client/broken` breaks them, and answers with what Synapse makes of each.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import NOT_SPAM, DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import Codes, SynapseError

from tim_synapse.callbacks import closed
from tim_synapse.event_judges import EventJudges

PATH = "/_synapse/client/broken"
SECRET = "geheimnis-einer-patientin"
"""Text of the exceptions."""

Callback = Callable[..., Awaitable[Any]]
_OURS = "tim_synapse."


class BrokenCallbacks(DirectServeJsonResource):
    """See above."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:  # noqa: ARG002 - Synapse's signature
        super().__init__()
        self._api = api
        api.register_web_resource(PATH, self)

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, Any]:  # noqa: N802, ARG002 - Synapse's
        ours = list(_our_callbacks(self._api))
        answers: dict[str, dict[str, Any]] = {}
        for _, name, callbacks, index in ours:
            answers[name] = {"closed": _is_closed(callbacks[index])}
            callbacks[index] = closed(name, _failing(callbacks[index]))
        for group, name, _, _ in ours:
            answers[name]["answer"] = await _ask(group, name)
        _judges(self._api)._by_type = {}
        _judges(self._api)._of_every_type = (closed("judge_event", _failing(_anything)),)
        return 200, answers


def _our_callbacks(api: ModuleApi) -> Iterator[tuple[Any, str, list[Callback], int]]:
    """Synapse's keeper of callbacks, the callback's name, and where it is kept."""
    hs = api._hs
    groups = (*vars(api._callbacks).values(), hs.get_account_data_handler(), hs.get_password_auth_provider())
    for group in groups:
        for attribute, callbacks in vars(group).items():
            if not attribute.endswith("_callbacks") or not isinstance(callbacks, list):
                continue
            for index, callback in enumerate(callbacks):
                if callback.__module__.startswith(_OURS):
                    yield group, attribute.strip("_").removesuffix("_callbacks"), callbacks, index


def _is_closed(callback: Callback) -> bool:
    ask: Any = closed("judge_event", _anything)
    return getattr(callback, "__code__", None) is ask.__code__


def _failing(callback: Callback) -> Callback:
    @functools.wraps(callback)
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(SECRET)

    return fail


async def _anything(*_: Any) -> None:
    """Stands for any callback."""


async def _ask(group: Any, name: str) -> str:
    """What Synapse concludes; `refused`, `allowed`, or `told` for what it only tells."""
    if name.startswith("on_") and name != "on_create_room":
        return "told"
    method = getattr(group, name)
    arguments = {key: {} if key == "user_profile" else "x" for key in inspect.signature(method).parameters}
    try:
        answer = await method(**arguments)
    except SynapseError as error:
        return "refused" if 400 <= error.code < 500 else f"{error.code}"
    if name in {"check_username_for_spam", "should_drop_federated_event"}:
        return "refused" if answer is True else "allowed"
    refused = answer is False or answer == Codes.FORBIDDEN or (answer is not NOT_SPAM and isinstance(answer, tuple))
    return "refused" if refused else f"allowed: {answer}"


def _judges(api: ModuleApi) -> EventJudges:
    """The one that the module made: `private_events` keeps it."""
    hook: Any = api._callbacks.third_party_event_rules.check_event_allowed
    owners = (getattr(cell.cell_contents, "__self__", None) for cell in hook.__closure__)
    return next(owner for owner in owners if isinstance(owner, EventJudges))
