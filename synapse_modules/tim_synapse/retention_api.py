"""`/_synapse/client/tim/v1/retention/…`: what is deleted when, and rooms under legal hold, for administrators.

Every process serves it; the janitor's process acts within a second.

| request | answer |
| --- | --- |
| GET status | policy, mode, clock, and each sweep with the rows that are due and that were deleted |
| POST run | asks for a run now |
| POST confirm-clock | the clock is right although it jumped |
| GET report | rows by age, per data class |
| GET holds | rooms in which nothing is deleted |
| POST hold/{room}?reference=… | hold a room |
| POST release/{room} | release it |

Errors are Matrix errors, as those of the gate's API (`admin_api`). No answer names a user.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import Codes, SynapseError
from synapse.storage.database import LoggingTransaction

from tim_policy.audit_log import AuditKind
from tim_policy.retention_policy import period_text
from tim_synapse import retention_table as table
from tim_synapse.admin_answers import Json
from tim_synapse.admin_request import not_found, path_below, require_admin
from tim_synapse.audit import Audit
from tim_synapse.retention_ages import EDGES, ages, counted_classes
from tim_synapse.retention_config import LoadedRetention

PATH = "/_synapse/client/tim/v1/retention"

_LONGEST_REFERENCE = 200


class RetentionApi(DirectServeJsonResource):
    """The resource below `PATH`.

    Args:
        api: Synapse's module interface.
        retention: what this homeserver is configured to do.
        audit: is told who did what.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, retention: LoadedRetention, audit: Audit) -> None:
        super().__init__()
        self._api = api
        self._retention = retention
        self._audit = audit

    def register(self) -> None:
        """Mount the resource; before Synapse opens its listeners."""
        self._api.register_web_resource(PATH, self)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        await require_admin(self._api, request)
        match path_below(request):
            case ["status"]:
                return HTTPStatus.OK, await self._status()
            case ["report"]:
                return HTTPStatus.OK, await self._report()
            case ["holds"]:
                holds = await self._api.run_db_interaction("tim_retention_holds", _holds)
                return HTTPStatus.OK, {"holds": [_hold_json(hold) for hold in holds]}
        raise not_found("retention")

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, Json]:  # noqa: N802 - Synapse's name
        admin = await require_admin(self._api, request)
        match path_below(request):
            case ["run"]:
                await self._change(admin, AuditKind.RETENTION_RUN_REQUESTED, {}, table.request_run)
                return HTTPStatus.OK, {}
            case ["confirm-clock"]:
                await self._change(admin, AuditKind.RETENTION_CLOCK, {}, table.confirm_clock)
                return HTTPStatus.OK, {}
            case ["hold", room_id]:
                return HTTPStatus.OK, await self._hold(admin, room_id, _reference(request))
            case ["release", room_id]:
                await self._release(admin, room_id)
                return HTTPStatus.OK, {}
        raise not_found("retention")

    async def _status(self) -> Json:
        state, progress = await self._api.run_db_interaction("tim_retention_status", _state_and_progress)
        periods = self._retention.policy.periods
        return {
            "policy": self._retention.policy.policy,
            "mode": self._retention.mode,
            "periods": {name: period_text(period) for name, period in periods},
            "run_began_ts": None if state is None else state.run_began_ts,
            "run_ended_ts": None if state is None else state.run_ended_ts,
            "clock_fault": None if state is None else state.fault,
            "sweeps": [
                {
                    "name": sweep.name,
                    "data_class": sweep.data_class,
                    "is_running": sweep.is_running,
                    "due": sweep.due,
                    "deleted": sweep.changed,
                    "deleted_ever": sweep.changed_ever,
                    "ended_ts": sweep.ended_ts,
                }
                for sweep in progress
            ],
        }

    async def _report(self) -> Json:
        now = self._api.get_current_time_msec()
        classes = {}
        for data_class in counted_classes():
            period = getattr(self._retention.policy.periods, data_class)
            counted = await self._api.run_db_interaction("tim_retention_ages", ages, data_class, period, now)
            classes[data_class] = {
                "period": period_text(period),
                "counts": list(counted.counts),
                "untimed": counted.untimed,
                "overdue": counted.overdue,
                "is_cut": counted.is_cut,
            }
        return {
            "created_ts": now,
            "policy": self._retention.policy.policy,
            "mode": self._retention.mode,
            "edge_days": [edge.days for edge in EDGES],
            "classes": classes,
        }

    async def _hold(self, admin: str, room_id: str, reference: str) -> Json:
        if not room_id.startswith("!"):
            raise SynapseError(HTTPStatus.BAD_REQUEST, "expected a room id, e.g. !abc:praxis.example.de", _INVALID)
        is_known = await self._api.run_db_interaction("tim_retention_room", _is_room, room_id)
        if not is_known:
            raise SynapseError(HTTPStatus.NOT_FOUND, "This homeserver has no such room", Codes.NOT_FOUND)
        hold = table.Hold(room_id, reference, self._api.get_current_time_msec())
        detail = {"room": room_id, "reference": reference}
        await self._change(admin, AuditKind.LEGAL_HOLD, detail, table.add_hold, hold)
        return _hold_json(hold)

    async def _release(self, admin: str, room_id: str) -> None:
        if not await self._change(admin, AuditKind.LEGAL_HOLD_RELEASED, {"room": room_id}, table.release_hold, room_id):
            raise SynapseError(HTTPStatus.NOT_FOUND, "This room is not held", Codes.NOT_FOUND)

    async def _change(
        self, admin: str, kind: AuditKind, detail: Json, function: Callable[..., Any], *args: object
    ) -> Any:
        """Change something and log it in one transaction; what changed nothing (False) is not logged."""

        def change(txn: LoggingTransaction) -> Any:
            changed = _after_creation(txn, function, *args)
            if changed is not False:
                self._audit.append(txn, kind, admin, detail)
            return changed

        return await self._api.run_db_interaction("tim_retention_change", change)


_INVALID = "M_INVALID_PARAM"


def _after_creation(txn: LoggingTransaction, function: Callable[..., Any], *args: object) -> Any:
    """Also before the janitor's first second: a hold must not have to wait for it."""
    if not table.has_tables(txn):
        table.create(txn)
    return function(txn, *args)


def _state_and_progress(txn: LoggingTransaction) -> tuple[table.State | None, list[table.Progress]]:
    if not table.has_tables(txn):
        return None, []
    return table.read_state(txn), table.read_progress(txn)


def _holds(txn: LoggingTransaction) -> list[table.Hold]:
    return table.read_holds(txn) if table.has_tables(txn) else []


def _is_room(txn: LoggingTransaction, room_id: str) -> bool:
    txn.execute("SELECT 1 FROM rooms WHERE room_id = ?", (room_id,))
    return txn.fetchone() is not None


def _hold_json(hold: table.Hold) -> Json:
    return {"room_id": hold.room_id, "reference": hold.reference, "since_ts": hold.since_ts}


def _reference(request: SynapseRequest) -> str:
    values = (request.args or {}).get(b"reference", [])
    text = values[0].decode("utf-8", "replace").strip() if len(values) == 1 else ""
    if not text or len(text) > _LONGEST_REFERENCE or not text.isprintable():
        raise SynapseError(
            HTTPStatus.BAD_REQUEST, f"reference: expected one line of at most {_LONGEST_REFERENCE} characters", _INVALID
        )
    return text
