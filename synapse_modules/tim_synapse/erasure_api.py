"""`/_synapse/client/tim/v1/erasure/{user}`: what is left of a user, for administrators.

GET answers with the traces, POST deletes what deactivation has left; only of a user who is deactivated (`tim erase`
does so first, by Synapse's own admin API). Errors are Matrix errors, as those of the gate's API (`admin_api`).
"""

from http import HTTPStatus

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import Codes, SynapseError

from tim_synapse.admin_answers import Json
from tim_synapse.admin_request import not_found, path_below, require_admin
from tim_synapse.audit import Audit
from tim_synapse.erasure import Erasure

PATH = "/_synapse/client/tim/v1/erasure"


class ErasureApi(DirectServeJsonResource):
    """The resource below `PATH`.

    Args:
        api: Synapse's module interface.
        audit: is told who erased somebody.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, audit: Audit) -> None:
        super().__init__()
        self._api = api
        self._erasure = Erasure(api, audit)

    def register(self) -> None:
        """Mount the resource; before Synapse opens its listeners."""
        self._api.register_web_resource(PATH, self)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        await require_admin(self._api, request)
        return HTTPStatus.OK, await self._traces(_user(request))

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        admin = await require_admin(self._api, request)
        user_id = _user(request)
        if not await self._require_user(user_id):
            raise SynapseError(HTTPStatus.CONFLICT, "This user is not deactivated", Codes.UNKNOWN)
        await self._erasure.erase(user_id, admin)
        return HTTPStatus.OK, await self._traces(user_id)

    async def _require_user(self, user_id: str) -> bool:
        is_deactivated = await self._erasure.is_deactivated(user_id)
        if is_deactivated is None:
            raise SynapseError(HTTPStatus.NOT_FOUND, "This homeserver has no such user", Codes.NOT_FOUND)
        return is_deactivated

    async def _traces(self, user_id: str) -> Json:
        is_deactivated = await self._require_user(user_id)
        traces = await self._erasure.traces(user_id)
        return {
            "server_name": self._api.server_name,
            "user_id": user_id,
            "is_deactivated": is_deactivated,
            "held_rooms": await self._erasure.held_rooms(user_id),
            "traces": [
                {
                    "table": trace.table,
                    "data_class": trace.data_class,
                    "rows": trace.rows,
                    "is_erasable": trace.is_erasable,
                    "how": trace.how,
                }
                for trace in traces
            ],
        }


def _user(request: SynapseRequest) -> str:
    match path_below(request):
        case [user_id] if user_id.startswith("@") and ":" in user_id:
            return user_id
        case [_]:
            raise SynapseError(
                HTTPStatus.BAD_REQUEST, "expected a user id, e.g. @anna:praxis.example.de", "M_INVALID_PARAM"
            )
    raise not_found("erasure")
