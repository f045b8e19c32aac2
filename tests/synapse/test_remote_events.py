"""An event of another homeserver is judged first, then counted; counting never refuses it."""

from types import SimpleNamespace
from typing import Any

import pytest
from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import Codes

from tim_policy.registry import Verdict
from tim_synapse.remote_events import RemoteEvents

REFUSED = (Codes.FORBIDDEN, {"error": "nein"})
EVENT: Any = SimpleNamespace(sender="@anna:pflege.tim.test")


def remote_events() -> RemoteEvents:
    api: Any = SimpleNamespace(
        is_mine=lambda user_id: user_id.endswith(":praxis.tim.test"),
        register_spam_checker_callbacks=lambda **_: None,
    )
    return RemoteEvents(api)


async def test_the_first_refusal_counts_and_nothing_is_asked_after_it() -> None:
    asked: list[str] = []

    def judge(name: str, answer: Any) -> Any:
        async def ask(_: object) -> Any:
            asked.append(name)
            return answer

        return ask

    events = remote_events()
    events.count(judge("counter", ()))
    events.judge(judge("first", NOT_SPAM))
    events.judge(judge("second", REFUSED))
    events.judge(judge("third", NOT_SPAM))
    assert await events.check_event_for_spam(EVENT) == REFUSED
    assert asked == ["first", "second"]


async def test_what_cannot_be_counted_is_accepted_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_: object) -> Any:
        raise RuntimeError("geheim")

    async def fails_later(_: object) -> Any:
        def verdicts() -> Any:
            yield Verdict("rule", "A_1", None)
            raise RuntimeError("geheim")

        return verdicts()

    events = remote_events()
    events.count(fails)
    events.count(fails_later)
    assert await events.check_event_for_spam(EVENT) == NOT_SPAM
    assert [record.getMessage() for record in caplog.records] == ["event not judged error=RuntimeError"] * 2


async def test_events_of_our_own_are_judged_elsewhere() -> None:
    async def fails(_: object) -> Any:
        raise AssertionError("asked")

    events = remote_events()
    events.judge(fails)
    own: Any = SimpleNamespace(sender="@weber:praxis.tim.test")
    assert await events.check_event_for_spam(own) == NOT_SPAM
