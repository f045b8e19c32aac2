"""One HTTP request to a machine that is not trusted: bounded in time and size, no redirects, no decompression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from synapse.module_api import make_deferred_yieldable
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from tim_policy.federation_list import FederationListError

USER_AGENT = "tim-suite"


class Unavailable(FederationListError):
    """A machine that is asked does not answer as agreed."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to ask.

    Args:
        what: names the other side in errors.
        method: `GET` or `POST`.
        address: absolute.
        headers: besides User-Agent and Accept-Encoding, one value each.
        body: None: no body.
        max_bytes: of the answer's body.
        seconds: from the call to the last byte.
    """

    what: str
    method: str
    address: str
    max_bytes: int
    seconds: float
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body; the body is empty for 204."""

    status: int
    body: bytes


class HttpAgent(Protocol):
    """The part of Twisted's `IAgent` that is used here, with types."""

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: Any = None,  # noqa: N803 - Twisted's name
    ) -> "Deferred[Any]":
        """Send a request; the result provides `IResponse`."""


async def exchange(agent: HttpAgent, reactor: IReactorTime, request: HttpRequest) -> HttpAnswer:
    """Ask and read the whole answer; redirects come back as they are.

    Raises:
        Unavailable: no answer in time, none at all, a larger or a compressed one.
    """

    def too_slow(_: object, seconds: float) -> Failure:
        return Failure(Unavailable(f"{request.what} does not answer within {seconds:.0f} s"))  # type: ignore[no-untyped-call] # Twisted

    # What a cancelled request ends with depends on how far it got; hence the own error.
    pending = Deferred.fromCoroutine(_exchange(agent, request)).addTimeout(request.seconds, reactor, too_slow)
    try:
        return await make_deferred_yieldable(pending)
    except Unavailable:
        raise
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the network makes Twisted raise
        raise Unavailable(f"{request.what} does not answer ({_cause(error)})") from None


async def _exchange(agent: HttpAgent, request: HttpRequest) -> HttpAnswer:
    headers = Headers({name: [value] for name, value in request.headers.items()})
    headers.setRawHeaders("User-Agent", [USER_AGENT])
    headers.setRawHeaders("Accept-Encoding", ["identity"])
    producer = None if request.body is None else _Body(request.body)
    response = await agent.request(request.method.encode(), request.address.encode(), headers, producer)
    body: Deferred[bytes] = Deferred(lambda _: collector.abort())
    collector = _Collector(request, body)
    encodings = response.headers.getRawHeaders("Content-Encoding", [])
    if any(encoding.strip().lower() not in ("", "identity") for encoding in encodings):
        collector.refuse(f"{request.what} sends a compressed answer, which was not asked for")
    response.deliverBody(collector)
    return HttpAnswer(response.code, await body)


class _Collector(TwistedProtocol):
    """Gathers a body up to the limit and hangs up beyond it."""

    def __init__(self, request: HttpRequest, done: Deferred[bytes]) -> None:
        self._request = request
        self._done = done
        self._parts: list[bytes] = []
        self._size = 0
        self._refusal: str | None = None

    def refuse(self, text: str) -> None:
        """Take nothing."""
        self._refusal = text

    def abort(self) -> None:
        """Hang up at once."""
        transport: Any = self.transport
        if transport is not None:
            getattr(transport, "abortConnection", transport.loseConnection)()

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        if self._refusal is not None:
            self._fail(self._refusal)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._size += len(data)
        if self._size > self._request.max_bytes:
            self._fail(f"{self._request.what} sends more than {self._request.max_bytes} bytes")
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        if self._done.called:
            return
        # An answer without length ends with the connection; signatures notice when it was cut off.
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self._done.callback(b"".join(self._parts))
        else:
            self._done.errback(reason)

    def _fail(self, text: str) -> None:
        self._parts.clear()
        if not self._done.called:
            self._done.errback(Unavailable(text))
        self.abort()


@implementer(IBodyProducer)
class _Body:
    """A short request body, written at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: Any) -> "Deferred[None]":  # noqa: N802 - Twisted's name
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        pass

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        pass

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        pass


def _cause(error: Exception) -> str:
    """Class names only, since texts may hold addresses; Twisted wraps the cause in `reasons`."""
    reasons = getattr(error, "reasons", None)
    inner = reasons[0] if reasons else error
    return type(inner.value if isinstance(inner, Failure) else inner).__name__
