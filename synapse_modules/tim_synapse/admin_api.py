"""`/_synapse/client/tim/v1/gate/…`: what the gate knows and why, for administrators of this homeserver.

Every process serves it and answers for itself, on all of its HTTP listeners, the federation's included: therefore
each request must carry the access token of a server admin.

| request | answer |
| --- | --- |
| GET status | list, source, signer, counts, outage, residency mode |
| GET explain/{server} | the decision, each rule, and the evidence |
| GET diff | what the last update of the list changed |
| GET members/{server} | rooms of this homeserver with members of that one |
| POST isolate/{server}?dry_run=true&leave=true | removes them or leaves, or says what would happen |

Errors are Matrix errors: 401 M_MISSING_TOKEN or M_UNKNOWN_TOKEN, 403 M_FORBIDDEN, 404 M_NOT_FOUND, 400
M_INVALID_PARAM. A GET changes nothing.
"""

from http import HTTPStatus

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import SynapseError

from tim_policy.audit_log import AuditKind
from tim_policy.errors import InvalidName
from tim_policy.names import ServerName, parse_server_name
from tim_synapse import admin_answers as answers
from tim_synapse.admin_answers import Json
from tim_synapse.admin_request import not_found, path_below, require_admin
from tim_synapse.audit import Audit
from tim_synapse.gate import Gate
from tim_synapse.isolation import Isolation
from tim_synapse.list_store import ListStore
from tim_synapse.residency import Residency

PATH = "/_synapse/client/tim/v1/gate"

_INVALID_PARAM = "M_INVALID_PARAM"


class AdminApi(DirectServeJsonResource):
    """The resource below `PATH`.

    Args:
        api: Synapse's module interface.
        lists, residency, gate: answer for this process.
        audit: is told who isolated which server.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, lists: ListStore, residency: Residency, gate: Gate, audit: Audit) -> None:
        super().__init__()
        self._api = api
        self._lists = lists
        self._residency = residency
        self._gate = gate
        self._audit = audit
        self._isolation = Isolation(api)

    def register(self) -> None:
        """Mount the resource; before Synapse opens its listeners."""
        self._api.register_web_resource(PATH, self)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        await require_admin(self._api, request)
        match path_below(request):
            case ["status"]:
                return HTTPStatus.OK, await self._status()
            case ["diff"]:
                return HTTPStatus.OK, answers.diff_json(self._lists.status())
            case ["explain", server_name]:
                return HTTPStatus.OK, self._explain(server_name)
            case ["members", server_name]:
                return HTTPStatus.OK, await self._members(self._foreign(server_name))
        raise not_found("the gate")

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        admin = await require_admin(self._api, request)
        match path_below(request):
            case ["isolate", server_name]:
                is_dry_run, is_leaving = _flag(request, "dry_run"), _flag(request, "leave")
                return HTTPStatus.OK, await self._isolate(admin, self._foreign(server_name), is_dry_run, is_leaving)
        raise not_found("the gate")

    async def _status(self) -> Json:
        current = self._lists.current()
        names = () if current is None else current.server_names
        # A list may have 100,000 servers: they are counted beside the reactor thread.
        counts = dict(await self._api.defer_to_thread(self._residency.verdicts))
        allowed = await self._api.defer_to_thread(lambda: sum(map(self._gate.is_allowed, names)))
        return {
            "server_name": self._api.server_name,
            "worker": self._api.worker_name or "main",
            "list": answers.list_json(self._lists.status()),
            "allowed_servers": allowed,
            "residency": {"mode": answers.mode_json(self._residency), "listed_servers": counts},
        }

    def _explain(self, text: str) -> Json:
        """Of any text, also of one that is no server name: the decision says so then."""
        explained: Json = {
            "server_name": text,
            **answers.decision_json(self._gate.decide(text)),
            "passes_now": self._gate.is_allowed(text),
            "rules": answers.rules_json(self._gate.explain(text)),
        }
        try:
            server_name = parse_server_name(text)
        except InvalidName:
            return explained
        mode = answers.mode_json(self._residency)
        evidence = self._residency.evidence(server_name)
        return explained | {
            "is_own_server": server_name == self._api.server_name,
            "list": answers.listing_json(self._lists.current(), server_name),
            "residency": answers.evidence_json(evidence, mode),
        }

    async def _members(self, server_name: ServerName) -> Json:
        rooms = await self._isolation.shared_rooms(server_name)
        return {"server_name": server_name, "rooms": answers.rooms_json(rooms)}

    async def _isolate(self, admin: str, server_name: ServerName, is_dry_run: bool, is_leaving: bool) -> Json:
        if not is_dry_run:  # before it is done: what goes wrong half-way was ordered, too
            await self._audit.log(AuditKind.SERVER_ISOLATED, admin, {"server": server_name, "leave": is_leaving})
        done = await self._isolation.isolate(server_name, is_leaving=is_leaving, is_dry_run=is_dry_run)
        return {"server_name": server_name, "dry_run": is_dry_run, "rooms": answers.isolation_json(done)}

    def _foreign(self, text: str) -> ServerName:
        try:
            server_name = parse_server_name(text)
        except InvalidName as error:
            raise SynapseError(HTTPStatus.BAD_REQUEST, str(error), _INVALID_PARAM) from None
        if server_name == self._api.server_name:
            raise SynapseError(HTTPStatus.BAD_REQUEST, "This is the homeserver itself", _INVALID_PARAM)
        return server_name


def _flag(request: SynapseRequest, name: str) -> bool:
    values = (request.args or {}).get(name.encode(), [b"false"])
    if values in ([b"true"], [b""]):
        return True
    if values == [b"false"]:
        return False
    raise SynapseError(HTTPStatus.BAD_REQUEST, f"{name}: expected true or false", _INVALID_PARAM)
