"""The addresses of a host name, through Twisted's resolver: asked in threads, so the reactor never waits."""

from collections.abc import Sequence
from datetime import timedelta

from synapse.module_api import make_deferred_yieldable
from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

_TIMEOUT = timedelta(seconds=5)


@implementer(IResolutionReceiver)
class _Receiver:
    """Collects addresses and hands them over when the resolver says that there are no more."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.done: Deferred[Sequence[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803 - Twisted's names
        """Nothing to prepare."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802 - Twisted's name
        """One more address."""
        if isinstance(address, IPv4Address | IPv6Address):
            self.addresses.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802 - Twisted's name
        """No more; after the time limit nobody listens any longer."""
        if not self.done.called:
            self.done.callback(self.addresses)


async def resolve(host: str) -> Sequence[str]:
    """The IPv4 and IPv6 addresses of a host name; empty when there are none or nobody knows.

    Raises:
        TimeoutError: no answer within five seconds.
    """
    receiver = _Receiver()
    receiver.done.addTimeout(_TIMEOUT.total_seconds(), reactor)
    reactor.nameResolver.resolveHostName(receiver, host)
    return await make_deferred_yieldable(receiver.done)
