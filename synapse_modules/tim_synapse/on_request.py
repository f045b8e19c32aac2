"""Judges HTTP requests that no callback of Synapse sees: who may ask for what, and with which method.

`private_front` puts this in front of every HTTP site of the process.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from synapse.api.errors import FederationDeniedError, InvalidClientTokenError, SynapseError
from synapse.http.servlet import parse_json_object_from_request
from synapse.http.site import SynapseRequest
from synapse.module_api import Requester

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Called, Endpoint, endpoint_of
from tim_policy.profile import RuleSet
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_synapse.guard import decide, refusal_of
from tim_synapse.private_front import Asker

MAY_BE_JUDGED = re.compile(
    rb"publicRooms|list/+room|profile/|register|get_token|presence/|preview_url|m\.room\.redaction|matrix/+support"
    rb"|/users/|federation/.*(?:version|query/)"
)
"""Occurs in the path of every endpoint that the rules look at, so that other requests go on at once."""

_WITH_BODY = frozenset({Endpoint.PRESENCE, Endpoint.DISPLAY_NAME, Endpoint.REDACTION_EVENT, Endpoint.ADMIN_USER})
_BY_USERS = frozenset(
    {Endpoint.ROOM_DIRECTORY, Endpoint.ROOM_VISIBILITY, Endpoint.PROFILE, Endpoint.DISPLAY_NAME, Endpoint.ADMIN_USER}
)
_BY_SERVERS = frozenset({Endpoint.FEDERATION_VERSION, Endpoint.FEDERATION_PROFILE})
_UNKNOWN_ASKER = frozenset({Reason.LOGIN_REQUIRED, Reason.SIGNATURE_REQUIRED})
_NAMED = frozenset({Endpoint.DISPLAY_NAME, Endpoint.ADMIN_USER})


@dataclass(slots=True)
class _Case:
    """One request on its way through the rules.

    Args:
        request: as received.
        called: what it is for.
        own_answer: Synapse's to a token that is not valid, or to a server that is not let in; None: it has none.
        facts: what was found out so far.
    """

    request: SynapseRequest
    called: Called
    own_answer: SynapseError | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class RequestJudge:
    """Judges requests.

    Args:
        asker: finds out who sent one.
        rules: in force on this homeserver.
    """

    def __init__(self, asker: Asker, rules: RuleSet) -> None:
        self._asker = asker
        self._rules = rules

    async def __call__(self, request: SynapseRequest) -> SynapseError | None:
        """The answer to a request that is refused; None: Synapse answers it."""
        called = endpoint_of(path_segments(request.path))
        if called is None:
            return None
        case = _Case(request, called)
        decision = await decide("request", self._judge(case))
        if isinstance(decision, Deny) and decision.reason in _UNKNOWN_ASKER and case.own_answer is not None:
            return case.own_answer
        return refusal_of(decision)

    async def _judge(self, case: _Case) -> Decision:
        method = case.request.method.decode("ascii", "replace").upper()
        method = "GET" if method == "HEAD" else method
        if method == "OPTIONS":
            return Allow()
        endpoint = case.called.endpoint
        if endpoint in _WITH_BODY and method in {"PUT", "POST"}:
            case.facts["body"] = _body(case.request)
        if endpoint is Endpoint.REGISTER:
            case.facts["is_guest"] = b"guest" in (case.request.args or {}).get(b"kind", [])
        if endpoint in _BY_SERVERS:
            await self._find_server(case)
        if endpoint in _BY_USERS:
            await self._find_user(case, method)
        return judge(REQUEST_RULES, self._rules, RequestFacts(method, endpoint, **case.facts))

    async def _find_server(self, case: _Case) -> None:
        try:
            origin = await self._asker.origin(case.request)
        except FederationDeniedError as error:
            case.own_answer = error if error.destination else None
            return
        except SynapseError:
            return
        case.facts["is_signed"] = True
        if case.called.endpoint is Endpoint.FEDERATION_PROFILE:
            user_id = _first(case.request, b"user_id")
            case.facts["shares_room"] = await self._asker.shares_room_with_server(user_id, origin)

    async def _find_user(self, case: _Case, method: str) -> None:
        try:
            requester = await self._asker.requester(case.request)
        except InvalidClientTokenError as error:
            case.own_answer = error
            return
        except SynapseError:
            return
        case.facts["is_logged_in"] = True
        await self._find_subject(case, method, requester)

    async def _find_subject(self, case: _Case, method: str, requester: Requester) -> None:
        subject, endpoint = case.called.subject, case.called.endpoint
        user_id = requester.user.to_string()
        case.facts["is_about_oneself"] = user_id == subject
        if endpoint in _NAMED and method != "GET":
            case.facts["is_by_admin"] = await self._asker.is_admin(requester)
            case.facts["display_name"] = await self._asker.display_name(subject)
        elif endpoint in {Endpoint.PROFILE, Endpoint.DISPLAY_NAME} and self._rules.request_profile_shared_room:
            case.facts["shares_room"] = await self._asker.share_room(user_id, subject)


def path_segments(path: bytes | None) -> tuple[str, ...]:
    """The segments of a path as received, each decoded by itself, empty ones left out."""
    return tuple(unquote(segment) for segment in (path or b"").decode("latin-1").split("/") if segment)


def _first(request: SynapseRequest, name: bytes) -> str:
    values: list[bytes] = (request.args or {}).get(name) or [b""]
    return values[0].decode("utf-8", "replace")


def _body(request: SynapseRequest) -> dict[str, Any] | None:
    """The object in the body; None when there is none: Synapse reads it once more, in the same way, and says so."""
    try:
        return parse_json_object_from_request(request)
    except SynapseError:
        return None
    finally:
        if request.content is not None:
            request.content.seek(0)
