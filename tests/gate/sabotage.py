"""A Synapse module for tests: breaks one thing that the federation gate relies on, as a new Synapse might."""

from typing import Any

from synapse.federation.transport.server._base import Authenticator
from synapse.handlers.message import EventCreationHandler
from synapse.http.matrixfederationclient import MatrixFederationHttpClient
from synapse.http.site import SynapseRequest
from synapse.media.media_repository import MediaRepository
from synapse.module_api import ModuleApi


class Sabotage:
    """Breaks `config["what"]`; to be named before tim_synapse."""

    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:
        {
            "inbound": _inbound,
            "outbound": _outbound,
            "media": _media,
            "copied": _copied,
            "queues": _queues,
            "events": _events,
            "other events": _other_events,
            "front": _front,
        }[config["what"]](api)


async def _anything(*_: Any, **__: Any) -> str:
    return "passes"


def _inbound(_: ModuleApi) -> None:
    Authenticator.authenticate_request = _anything  # type: ignore[method-assign] # on purpose


def _outbound(_: ModuleApi) -> None:
    MatrixFederationHttpClient._send_request = _anything  # type: ignore[assignment] # on purpose


def _media(_: ModuleApi) -> None:
    MediaRepository.get_remote_media_info = _anything  # type: ignore[assignment] # on purpose


def _copied(_: ModuleApi) -> None:
    """The reader keeps a copy instead of the shared object."""
    init = Authenticator.__init__

    def copying(self: Any, hs: Any) -> None:
        init(self, hs)
        self.federation_domain_whitelist = dict(self.federation_domain_whitelist)

    Authenticator.__init__ = copying  # type: ignore[method-assign] # on purpose


def _queues(api: ModuleApi) -> None:
    api._hs.get_federation_sender()._get_per_destination_queue = lambda _: None  # type: ignore[attr-defined] # on purpose


def _events(_: ModuleApi) -> None:
    """Events are made without asking."""
    EventCreationHandler.create_new_client_event = _anything  # type: ignore[assignment] # on purpose


def _other_events(api: ModuleApi) -> None:
    """Events are made by asking somebody else."""
    api._hs.get_event_creation_handler()._third_party_event_rules = None  # type: ignore[assignment] # on purpose


def _front(_: ModuleApi) -> None:
    """Requests are answered without looking up by whom."""

    def process(request: Any) -> None:
        request.render(request.synapse_site.resource)

    SynapseRequest.process = process  # type: ignore[method-assign] # on purpose
