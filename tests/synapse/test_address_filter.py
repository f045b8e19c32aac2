"""No connection to an address whose country is refused: through Synapse's own resolver and agent."""

from typing import Any

import pytest
from netaddr import IPAddress, IPSet  # type: ignore[import-untyped]  # it ships no types
from synapse.api.errors import SynapseError
from synapse.http.client import BlocklistingAgentWrapper, BlocklistingReactorWrapper
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

from tim_synapse.private import _AddressFilter, _drops_probe, _refuses_probe

ABROAD = frozenset({"192.0.2.200", "2001:db8::200"})


class Names:
    """A reactor that knows one name, and a connector that remembers whom it was asked for."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.told: list[IAddress] = []
        self.requested: list[bytes] = []

    @property
    def nameResolver(self) -> "Names":  # noqa: N802 - Twisted's name
        return self

    def resolveHostName(self, receiver: "Names", _name: str, **_: object) -> None:  # noqa: N802 - Twisted's name
        for address in self.addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, 0))  # type: ignore[arg-type] # Twisted declares it at run time
        receiver.resolutionComplete()

    def resolutionBegan(self, _: object) -> None: ...  # noqa: N802 - Twisted's name

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802 - Twisted's name
        self.told.append(address)

    def resolutionComplete(self) -> None: ...  # noqa: N802 - Twisted's name

    def request(self, _method: bytes, uri: bytes, **_: object) -> None:
        self.requested.append(uri)


@pytest.mark.parametrize(
    ("addresses", "passes"),
    [
        (["192.0.2.7"], True),
        (["2001:db8::7", "192.0.2.7"], True),
        (["192.0.2.200"], False),
        (["2001:db8::200"], False),
        (["192.0.2.7", "192.0.2.200"], False),
        (["10.0.0.1"], False),
    ],
    ids=["allowed", "both kinds", "abroad", "abroad, IPv6", "one of two abroad", "on Synapse's own blocklist"],
)
def test_a_name_with_a_refused_address_is_not_connected_to(addresses: list[str], passes: bool) -> None:
    names = Names(*addresses)
    blocked = _AddressFilter(IPSet(["10.0.0.0/8"]), ABROAD.__contains__)
    BlocklistingReactorWrapper(names, None, blocked).nameResolver.resolveHostName(names, "praxis.test")  # type: ignore[arg-type]
    assert len(names.told) == (len(addresses) if passes else 0)


@pytest.mark.parametrize("literal", ["192.0.2.200:8448", "[2001:db8::200]"])
def test_a_refused_literal_address_is_not_connected_to(literal: str) -> None:
    names = Names()
    failures: list[type[BaseException]] = []
    agent: Any = BlocklistingAgentWrapper(names, _AddressFilter(IPSet(), ABROAD.__contains__))  # type: ignore[arg-type]
    agent.request(b"GET", f"matrix-federation://{literal}/".encode()).addErrback(
        lambda failure: failures.append(failure.type)
    )
    assert failures == [SynapseError]
    assert names.requested == []


def test_an_allowed_literal_address_is() -> None:
    names = Names()
    agent = BlocklistingAgentWrapper(names, _AddressFilter(IPSet(), ABROAD.__contains__))  # type: ignore[arg-type]
    agent.request(b"GET", b"matrix-federation://192.0.2.7/")
    assert names.requested == [b"matrix-federation://192.0.2.7/"]


def test_the_self_check_tells_a_synapse_that_asks_from_one_that_does_not() -> None:
    blocked = _AddressFilter(IPSet(), ABROAD.__contains__)
    asking, deaf = (
        (BlocklistingReactorWrapper(Names(), None, ips).nameResolver, BlocklistingAgentWrapper(Names(), ips))  # type: ignore[arg-type]
        for ips in (blocked, IPSet())
    )
    blocked.is_probing = True
    assert _drops_probe(asking[0])
    assert _refuses_probe(asking[1])
    assert not _drops_probe(deaf[0])
    assert not _refuses_probe(deaf[1])
    blocked.is_probing = False
    assert not _drops_probe(asking[0])
    assert IPAddress("192.0.2.1") not in blocked
