"""The last check before a connection: also for retries, redirects and odd addresses."""

from typing import Any

import pytest
from synapse.api.errors import FederationDeniedError
from twisted.internet import defer

from tim_synapse.private import GatedAgent


class Connecting:
    """Stands for the agent behind; remembers what it was asked for."""

    def __init__(self) -> None:
        self.uris: list[bytes] = []

    def request(self, _method: bytes, uri: bytes, *_: Any) -> "defer.Deferred[str]":
        self.uris.append(uri)
        return defer.succeed("answer")


def ask(uri: bytes, allowed: set[str]) -> tuple[list[bytes], list[Any]]:
    agent = Connecting()
    outcome: list[Any] = []
    pending: Any = GatedAgent(agent, allowed).request(b"GET", uri)
    pending.addBoth(outcome.append)
    return agent.uris, outcome


@pytest.mark.parametrize(
    "uri",
    [
        b"matrix-federation://pflege.tim.test/_matrix/key/v2/server",
        b"matrix-federation://pflege.tim.test:8448/x",
        b"https://pflege.tim.test/redirected",
        b"matrix-federation://[2001:db8::1]:8448/x",
    ],
)
def test_an_allowed_name_is_connected_to(uri: bytes) -> None:
    connected, outcome = ask(uri, {"pflege.tim.test", "pflege.tim.test:8448", "[2001:db8::1]:8448"})
    assert (connected, outcome) == ([uri], ["answer"])


@pytest.mark.parametrize(
    "uri",
    [
        b"matrix-federation://fremd.test/x",
        b"https://fremd.test/redirected",
        b"https://pflege.tim.test@fremd.test/",
        b"https://pflege.tim.test:8448/",
        b"https://PFLEGE.TIM.TEST/",
        b"https://pflege.tim.test./",
        b"https://fremd.test/pflege.tim.test",
        "https://pflege.tim.test\u3002fremd.test/".encode(),
        b"https:///",
        b"",
        b"https://\x00pflege.tim.test/",
        b"https://[::1/",
    ],
)
def test_any_other_is_refused_before_it_is_looked_up(uri: bytes) -> None:
    connected, outcome = ask(uri, {"pflege.tim.test"})
    assert connected == []
    (failure,) = outcome
    assert failure.check(FederationDeniedError)
