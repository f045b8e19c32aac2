"""`/_synapse/client/tim/v1/access/{user}`: what the database holds about a user of ours, for administrators.

| request | answer |
| --- | --- |
| GET {user} | who, the `periods` in force, and `places`: table, column, data class |
| GET {user}/{table}/{column}?after=… | up to 300 `rows` as she may see them; `after` for the next request, or null |

Errors are Matrix errors, as those of the gate's API (`admin_api`). The audit log is told who asks about whom (a hash),
once an hour for each pair.
"""

import hashlib
from http import HTTPStatus

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import Codes, SynapseError

from tim_policy.audit_log import AuditKind
from tim_policy.data_map import data_map
from tim_policy.person_data import PersonColumn
from tim_policy.retention_policy import period_text
from tim_synapse.access import ROOMS, Access
from tim_synapse.admin_answers import Json
from tim_synapse.admin_request import not_found, path_below, require_admin
from tim_synapse.audit import Audit
from tim_synapse.erasure import Erasure
from tim_synapse.retention_config import LoadedRetention

PATH = "/_synapse/client/tim/v1/access"
_LOG_AGAIN_MS = 60 * 60 * 1000
_LONGEST_POSITION = 255


class AccessApi(DirectServeJsonResource):
    """The resource below `PATH`.

    Args:
        api: Synapse's module interface.
        audit: is told who asked about whom.
        retention: tells how long data stays; None: no policy is in force.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, audit: Audit, retention: LoadedRetention | None) -> None:
        super().__init__()
        self._api = api
        self._audit = audit
        self._retention = retention
        self._access = Access(api)
        self._erasure = Erasure(api, audit)
        self._logged_ms: dict[tuple[str, str], int] = {}

    def register(self) -> None:
        """Mount the resource; before Synapse opens its listeners."""
        self._api.register_web_resource(PATH, self)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        admin = await require_admin(self._api, request)
        match path_below(request):
            case [user_id]:
                return HTTPStatus.OK, await self._about(admin, user_id)
            case [user_id, table, column]:
                return HTTPStatus.OK, await self._page(admin, user_id, table, column, _after(request))
        raise not_found("access")

    async def _about(self, admin: str, user_id: str) -> Json:
        is_deactivated = await self._require(admin, user_id)
        periods = {} if self._retention is None else {n: period_text(p) for n, p in self._retention.policy.periods}
        return {
            "server_name": self._api.server_name,
            "user_id": user_id,
            "is_deactivated": is_deactivated,
            "policy": None if self._retention is None else self._retention.policy.policy,
            "mode": None if self._retention is None else self._retention.mode,
            "periods": periods,
            "places": [[place.table, place.column, _class(place)] for place in await self._access.places()],
        }

    async def _page(self, admin: str, user_id: str, table: str, column: str, after: str) -> Json:
        await self._require(admin, user_id)
        asked = [place for place in await self._access.places() if (place.table, place.column) == (table, column)]
        if not asked:
            raise not_found("access")
        try:
            page = await self._access.page(asked[0], user_id, after)
        except ValueError:
            raise _wrong_position() from None
        return {"rows": page.rows, "after": page.after}

    async def _require(self, admin: str, user_id: str) -> bool:
        """Whether the account is closed; 404 for who has none here."""
        is_deactivated = await self._erasure.is_deactivated(user_id) if user_id.startswith("@") else None
        if is_deactivated is None:
            raise SynapseError(HTTPStatus.NOT_FOUND, "This homeserver has no such user", Codes.NOT_FOUND)
        now = self._api.get_current_time_msec()
        if now - self._logged_ms.get((admin, user_id), -_LOG_AGAIN_MS) >= _LOG_AGAIN_MS:
            detail = {"user_sha256": hashlib.sha256(user_id.encode()).hexdigest()}
            await self._audit.log(AuditKind.ACCESS, admin, detail)
            self._logged_ms = {pair: at for pair, at in self._logged_ms.items() if now - at < _LOG_AGAIN_MS}
            self._logged_ms[admin, user_id] = now
        return is_deactivated


def _class(place: PersonColumn) -> str:
    return "room_state" if place == ROOMS else data_map()[place.table].data_class


def _after(request: SynapseRequest) -> str:
    values = (request.args or {}).get(b"after", [b""])
    text: str = values[0].decode("utf-8", "replace")
    if len(values) > 1 or len(text) > _LONGEST_POSITION:
        raise _wrong_position()
    return text


def _wrong_position() -> SynapseError:
    return SynapseError(HTTPStatus.BAD_REQUEST, "after: expected what the page before told", "M_INVALID_PARAM")
