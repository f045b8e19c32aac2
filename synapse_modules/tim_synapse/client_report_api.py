"""Structured Data Client Report 1.0.0: `POST /report` (rule book 8.3), and the sums for administrators.

The description says "access token" and leaves open whose; both tokens that a client of this homeserver has are taken:
the Matrix access token and an OpenID token.
"""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from synapse.module_api.errors import Codes, SynapseError
from twisted.internet.defer import CancelledError

from tim_policy.client_report import InvalidReport, parse_client_report
from tim_synapse.client_report_table import ClientReportTable
from tim_synapse.interface_resource import (
    Interface,
    InterfaceError,
    Reply,
    bearer_token,
    error,
    parsed_json,
    raw_body,
    unauthorized,
)
from tim_synapse.metrics import CLIENT_REPORTS, REPORTED_EVENTS
from tim_synapse.private_openid import OpenIdTokens

SUMS_PATH = "/_synapse/client/tim/v1/client-reports"
_INVALID_PARAM = "M_INVALID_PARAM"

_METHODS = {"report": ("POST",)}


class ClientReportApi(Interface):
    """The interface.

    Args:
        api: Synapse's module interface.
        tokens: whom a request may come from.
    """

    def __init__(self, api: ModuleApi, tokens: OpenIdTokens) -> None:
        super().__init__(api, tokens, _METHODS)
        self._table = ClientReportTable(api)

    async def answer(self, method: str, path: list[str], request: SynapseRequest) -> Reply:  # noqa: ARG002 - only one
        """See `Interface`."""
        token = await self._token(request)
        now = datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)
        text = raw_body(request)
        try:
            report = parse_client_report(parsed_json(text), now)
        except InvalidReport as fault:
            CLIENT_REPORTS.labels("invalid").inc()
            raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", str(fault)) from None
        if await self._table.add(report, token, text, now.date()):
            CLIENT_REPORTS.labels("counted").inc()
            for entry in report.entries:
                REPORTED_EVENTS.labels(entry.direction).inc(entry.count)
        else:
            CLIENT_REPORTS.labels("repeated").inc()
        return Reply(HTTPStatus.OK, {})

    async def _token(self, request: SynapseRequest) -> str:
        token = bearer_token(request)
        if token is None:
            raise unauthorized()
        try:
            await self.user(request)
        except InterfaceError:
            try:
                await self._api.get_user_by_req(request)
            except CancelledError:
                raise
            except Exception:  # noqa: BLE001 - beside SynapseError, whatever its parser of guest tokens trips over
                raise unauthorized() from None
        return token


class ReportedSums(DirectServeJsonResource):
    """`GET SUMS_PATH?from=&to=` (days as ISO 8601; default: today): the sums, for server admins.

    Args:
        api: Synapse's module interface.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi) -> None:
        super().__init__()
        self._api = api
        self._table = ClientReportTable(api)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, dict[str, Any]]:  # noqa: N802 - Synapse's
        requester = await self._api.get_user_by_req(request)
        if not await self._api.is_user_admin(requester.user.to_string()):
            raise SynapseError(HTTPStatus.FORBIDDEN, "Only server admins may use this API", Codes.FORBIDDEN)
        today = datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC).date()
        first, last = _day(request, "from", today), _day(request, "to", today)
        sums = [
            {
                "day": found.day,
                "direction": found.direction,
                "procedure": found.procedure,
                "version": found.version,
                "events": found.events,
                "reports": found.reports,
            }
            for found in await self._table.sums(first, last)
        ]
        return HTTPStatus.OK, {"from": first.isoformat(), "to": last.isoformat(), "sums": sums}


def _day(request: SynapseRequest, name: str, default: date) -> date:
    values = (request.args or {}).get(name.encode())
    if values is None:
        return default
    try:
        (value,) = values
        return date.fromisoformat(value.decode("ascii"))
    except ValueError:
        text = f"{name}: expected a day like 2026-11-25"
        raise SynapseError(HTTPStatus.BAD_REQUEST, text, _INVALID_PARAM) from None
