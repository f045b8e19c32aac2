"""The one file that touches what Synapse does not promise to keep: read at 1.163.2, tried at every start.

`self_check` proves that each access below still does what it is here for; a Synapse where one does not is not
started. Nothing is replaced that runs for an allowed request, except the agent of the federation client, which
asks the allow-list once per connection attempt.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

import copy
from collections.abc import Callable, Container, Coroutine
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import synapse.app.homeserver  # noqa: F401 - first, or importing the others runs in a circle
from synapse.api.errors import FederationDeniedError
from synapse.federation.sender import FederationSender
from synapse.federation.transport.server import _base as inbound
from synapse.http import matrixfederationclient as outbound
from synapse.http.federation.matrix_federation_agent import MatrixFederationAgent
from synapse.logging.context import PreserveLoggingContext, current_context
from synapse.media import media_repository as media
from synapse.module_api import ModuleApi
from synapse.rest.key.v2.remote_key_resource import RemoteKey
from synapse.storage.database import LoggingTransaction
from twisted.internet import defer
from twisted.internet.address import IPv4Address
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from tim_policy.errors import ConfigError

Direction = Literal["inbound", "outbound", "media"]
OnDenied = Callable[[Direction, str | None, str], None]
"""Called with direction, the refused name (None: the request named nobody) and the path of the request that is
being handled right now (empty for background work)."""


def allow_dict(api: ModuleApi) -> dict[str, bool]:
    """The one object by which Synapse allows servers; every reader holds a reference to it.

    Raises:
        ConfigError: homeserver.yaml switches the whitelist off or fills it by hand.
    """
    whitelist = api._hs.config.federation.federation_domain_whitelist
    if whitelist is None or whitelist:
        raise ConfigError(
            "homeserver.yaml: federation_domain_whitelist: must be there and empty, since the federation list fills "
            "it; write 'federation_domain_whitelist: []'"
        )
    return whitelist


@implementer(IAgent)
class GatedAgent:
    """Refuses a request before anybody looks its host up.

    Synapse asks its whitelist once per request: not again before each retry, and not for the target of a redirect.

    Args:
        agent: connects; an `IAgent`.
        allowed: names that may be reached.
    """

    def __init__(self, agent: Any, allowed: Container[str]) -> None:
        self._agent = agent
        self._allowed = allowed

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,  # noqa: N803 - the interface says so
    ) -> "defer.Deferred[IResponse]":
        """See `IAgent`; fails with FederationDeniedError."""
        server_name = _server_name(uri)
        if server_name not in self._allowed:
            # By the name that `observe_denials` may have bound anew.
            return defer.fail(vars(outbound)["FederationDeniedError"](server_name))
        request: defer.Deferred[IResponse] = self._agent.request(method, uri, headers, bodyProducer)
        return request


def _server_name(uri: bytes) -> str:
    """Host and port as they stand in the URI; empty for what is no URI."""
    try:
        return urlsplit(uri).netloc.decode("ascii")
    except ValueError:
        return ""


def gate_agents(api: ModuleApi, allowed: Container[str]) -> None:
    """Ask `allowed` before every connection of the federation client and of its media redirects."""
    client: Any = api._hs.get_federation_http_client()
    for holder in (client, client._simple_http_client):
        holder.agent = GatedAgent(holder.agent, allowed)


def stop_sending(api: ModuleApi, server_name: str) -> None:
    """Drop what waits for the server in memory, a transaction between two retries included.

    Not `shutdown()` of the queue: that stops the sending to every server.
    """
    if not api._hs.should_send_federation():
        return
    sender = api._hs.get_federation_sender()
    if not isinstance(sender, FederationSender):
        return
    queue = sender._per_destination_queues.pop(server_name, None)
    if queue is None:
        return
    queue._transmission_loop_enabled = False
    if queue.active_transmission_loop is not None:
        with PreserveLoggingContext():
            queue.active_transmission_loop.cancel()


def forget_public_rooms(api: ModuleApi, server_name: str) -> None:
    """Drop the server's room directory, which Synapse keeps for 30 s."""
    cache = api._hs.get_room_list_handler().remote_response_cache
    for key in [key for key in cache._result_cache if key[0] == server_name]:
        cache.unset(key)


def resume_joins(api: ModuleApi) -> None:
    """Go on with joins whose room state was not complete yet.

    Synapse does so once when it starts, when the gate is still closed, and gives up for good when everybody is
    refused; it does nothing for rooms that it is busy with.
    """
    if api.worker_app is None:
        handler = api._hs.get_federation_handler()
        api.run_as_background_process("tim_resume_joins", handler._resume_partial_state_room_sync)


def unsubscribe_devices(api: ModuleApi, txn: LoggingTransaction, user_id: str) -> None:
    """Make Synapse ask the user's server again before it names her devices, on every worker."""
    api._store.mark_remote_user_device_list_as_unsubscribed_txn(txn, user_id)
    for cache in (api._store.get_cached_devices_for_user, api._store._get_cached_user_device):
        txn.call_after(cache.invalidate, (user_id,))


Probe = Callable[[], Coroutine[Any, Any, Any]]
"""Starts a request of, or to, the probe's name."""


class Passed(Exception):
    """The probe got past the whitelist."""


class _BehindTheWhitelist:
    """Stands where Synapse would go on with an allowed request."""

    def __getattr__(self, name: str) -> NoReturn:
        raise Passed


class _InboundRequest:
    """The little of a request that is read before the whitelist."""

    method = b"GET"
    uri = b"/_matrix/federation/v1/version"

    def __init__(self, origin: str) -> None:
        authorization = f'X-Matrix origin="{origin}",key="ed25519:1",sig="AA"'
        self.requestHeaders = Headers({b"Authorization": [authorization.encode()]})


def probes(api: ModuleApi, server_name: str) -> dict[Direction, Probe]:
    """A request through each reader of the whitelist; what lies behind it is replaced in a copy of the reader."""
    authenticator = inbound.Authenticator(api._hs)
    authenticator.keyring = _BehindTheWhitelist()  # type: ignore[assignment] # a stub
    client = copy.copy(api._hs.get_federation_http_client())
    client._store = _BehindTheWhitelist()  # type: ignore[assignment] # a stub
    request = outbound.MatrixFederationRequest(method="GET", destination=server_name, path="/")
    found: dict[Direction, Probe] = {
        "inbound": lambda: authenticator.authenticate_request(_InboundRequest(server_name), None),  # type: ignore[arg-type] # a stub
        "outbound": lambda: client._send_request(request),
    }
    if api._hs.config.media.can_load_media_repo:
        repository = copy.copy(api._hs.get_media_repository())
        repository.remote_media_linearizer = _BehindTheWhitelist()  # type: ignore[assignment] # a stub
        found["media"] = lambda: repository.get_remote_media_info(server_name, "probe", 0, "", True, True)
    return found


def working_parts(api: ModuleApi, allowed: dict[str, bool], server_name: str) -> dict[str, bool]:
    """Whether each other access of this file does what it is here for, by its name."""
    client = api._hs.get_federation_http_client()
    redirected = client._simple_http_client
    return {
        "the notary's whitelist": RemoteKey(api._hs).federation_domain_whitelist is allowed,
        "the agent of the federation client": _uses_agent(client, type(client)._send_request),
        "the agent for redirected media": _uses_agent(redirected, type(redirected).request),
        "dropping a queue": _is_queue_dropped(api, allowed, server_name),
        "dropping a cached room directory": _is_directory_dropped(api, server_name),
        "resuming joins": hasattr(api._hs.get_federation_handler(), "_resume_partial_state_room_sync"),
        "forgetting cached devices": _can_forget_devices(api._store),
    }


def _uses_agent(client: Any, method: Callable[..., Any]) -> bool:
    """Whether `method` sends its requests through the client's replaceable `agent`."""
    return bool(IAgent.providedBy(client.agent)) and "agent" in method.__code__.co_names


def _can_forget_devices(store: Any) -> bool:
    caches = ("get_cached_devices_for_user", "_get_cached_user_device")
    return hasattr(store, "mark_remote_user_device_list_as_unsubscribed_txn") and all(
        hasattr(getattr(store, cache, None), "invalidate") for cache in caches
    )


def _is_queue_dropped(api: ModuleApi, allowed: dict[str, bool], server_name: str) -> bool:
    """A queue is made for an allowed server only, and is gone after `stop_sending`."""
    if not api._hs.should_send_federation():
        return True
    sender = api._hs.get_federation_sender()
    if not isinstance(sender, FederationSender) or sender._get_per_destination_queue(server_name) is not None:
        return False
    if not sender._federation_shard_config.should_handle(sender._instance_name, server_name):
        return True  # another process of the homeserver has the queues of such a name, and tries them
    allowed[server_name] = True
    try:
        queue = sender._get_per_destination_queue(server_name)
    finally:
        del allowed[server_name]
    known = queue is not None and queue._transmission_loop_enabled and queue.active_transmission_loop is None
    stop_sending(api, server_name)
    return (
        known
        and queue is not None
        and not queue._transmission_loop_enabled
        and (server_name not in sender._per_destination_queues)
    )


def _is_directory_dropped(api: ModuleApi, server_name: str) -> bool:
    entries = api._hs.get_room_list_handler().remote_response_cache._result_cache
    entries[(server_name, None, None, False, None)] = _BehindTheWhitelist()  # type: ignore[assignment] # a stub
    forget_public_rooms(api, server_name)
    return not any(key[0] == server_name for key in entries)


def observe_denials(on_denied: OnDenied) -> None:
    """Call back for each refusal by the whitelist, and only then: the error class tells.

    The name by which the three readers know the error is bound to a subclass, so `except` clauses go on working.
    """
    for direction, module in (("inbound", inbound), ("outbound", outbound), ("media", media)):
        module.FederationDeniedError = _telling(direction, on_denied)  # type: ignore[attr-defined,arg-type] # as above


def _telling(direction: Direction, on_denied: OnDenied) -> type[FederationDeniedError]:
    class ObservedDenial(FederationDeniedError):
        def __init__(self, destination: str | None) -> None:
            super().__init__(destination)
            request = getattr(current_context(), "request", None)
            on_denied(direction, destination, request.url if request is not None else "")

    return ObservedDenial


# --- Addresses that must not be connected to (residency) ---

_PROBE = "192.0.2.1"  # of a network for documentation (RFC 5737): nobody answers there


class _AddressFilter:
    """Synapse's own set of blocked addresses, and beyond it whatever `is_refused` names."""

    def __init__(self, blocked: Container[object], is_refused: Callable[[str], bool]) -> None:
        self._blocked = blocked
        self._is_refused = is_refused
        self.is_probing = False

    def __contains__(self, address: object) -> bool:
        text = str(address)
        return address in self._blocked or self._is_refused(text) or (self.is_probing and text == _PROBE)


def refuse_addresses(api: ModuleApi, is_refused: Callable[[str], bool]) -> None:
    """Have the federation client ask `is_refused` about every address it is about to connect to.

    Synapse asks its blocklist for literal addresses and for whatever a name, a delegation or an SRV record resolved
    to; a name with one refused address is not connected to at all. Behind an HTTP proxy the proxy resolves, and only
    literal addresses are asked about. To be called before `gate_agents`.

    Raises:
        ConfigError: this Synapse does not ask; it is not started.
    """
    agent: Any = api._hs.get_federation_http_client().agent
    address_filter = _AddressFilter(agent._ip_blocklist, is_refused)
    agent._ip_blocklist = address_filter
    resolver = None
    if isinstance(agent._agent, MatrixFederationAgent):  # else this process connects through another one, which asks
        resolver = agent._agent._pool._reactor.nameResolver
        resolver._ip_blocklist = address_filter
        agent._agent._well_known_resolver._well_known_agent._agent._ip_blocklist = address_filter
    address_filter.is_probing = True
    is_asking = _refuses_probe(agent) and (resolver is None or _drops_probe(resolver))
    address_filter.is_probing = False
    if not is_asking:
        raise ConfigError("this Synapse does not ask the address filter before it connects; use a tested version")


def _refuses_probe(agent: Any) -> bool:
    """Whether a request to the literal address fails at once; nothing is connected to."""

    class Connector:
        def request(self, *_: object, **__: object) -> "defer.Deferred[None]":
            return defer.succeed(None)

    probed = copy.copy(agent)
    probed._agent = Connector()
    outcome: list[object] = []
    request = probed.request(b"GET", f"matrix-federation://{_PROBE}/".encode())
    request.addErrback(outcome.append)
    return len(outcome) == 1


def _drops_probe(resolver: Any) -> bool:
    """Whether an address that a name resolved to is kept from whoever wants to connect."""
    told: list[object] = []

    class Receiver:
        def resolutionBegan(self, _resolution: object) -> None: ...  # noqa: N802 - Twisted's name

        def addressResolved(self, address: object) -> None:  # noqa: N802 - Twisted's name
            told.append(address)

        def resolutionComplete(self) -> None:  # noqa: N802 - Twisted's name
            told.append(None)

    class Source:
        @property
        def nameResolver(self) -> "Source":  # noqa: N802 - Twisted's name
            return self

        def resolveHostName(self, receiver: Any, _name: str, **_: object) -> None:  # noqa: N802 - Twisted's name
            receiver.addressResolved(IPv4Address("TCP", _PROBE, 0))
            receiver.resolutionComplete()

    probed = copy.copy(resolver)
    probed._reactor = Source()
    probed.resolveHostName(Receiver(), "probe.invalid")
    return told == [None]


# --- for the list store ---


def clock(api: ModuleApi) -> Any:
    """Synapse's clock, which `synapse.module_api.cached` takes from the object that owns the cached method."""
    return api._hs.get_clock()
