"""`/_synapse/client/tim/v1/audit/entries?after=N`: the audit log, for administrators.

The answer has `server_name` and up to 500 `entries` after number N, each as number, body, digest and signature; whoever
asks checks them by himself (`tim audit verify`). Errors are Matrix errors, as those of the gate's API (`admin_api`).
"""

from http import HTTPStatus

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import SynapseError

from tim_synapse.admin_answers import Json
from tim_synapse.admin_request import not_found, path_below, require_admin
from tim_synapse.audit import Audit

PATH = "/_synapse/client/tim/v1/audit"
_PAGE = 500
_MOST_DIGITS = 15


class AuditApi(DirectServeJsonResource):
    """The resource below `PATH`.

    Args:
        api: Synapse's module interface.
        audit: the log.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, audit: Audit) -> None:
        super().__init__()
        self._api = api
        self._audit = audit

    def register(self) -> None:
        """Mount the resource; before Synapse opens its listeners."""
        self._api.register_web_resource(PATH, self)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        await require_admin(self._api, request)
        if path_below(request) != ["entries"]:
            raise not_found("the audit log")
        entries = await self._audit.entries(_after(request), _PAGE)
        return HTTPStatus.OK, {
            "server_name": self._api.server_name,
            "entries": [[entry.number, entry.body, entry.digest, entry.signature] for entry in entries],
        }


def _after(request: SynapseRequest) -> int:
    values = (request.args or {}).get(b"after", [b"0"])
    text = values[0].decode("utf-8", "replace")
    if len(values) > 1 or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdecimal()):
        raise SynapseError(HTTPStatus.BAD_REQUEST, "after: expected a number", "M_INVALID_PARAM")
    return int(text)
