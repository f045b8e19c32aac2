"""TiMessengerInformation 1.0.0: which server an insurer has, and whether a server is an insurer's (rule book 8.1).

| request | answer |
| --- | --- |
| GET / | what this is |
| GET /v1/server/findByIk?ikNumber= | the server with that institution code; 404 when the list names none |
| GET /v1/server/isInsurance?serverName= | whether the list names the server as an insurer's; false for an unknown one |

Without a verified list that is young enough both answer 503: neither "none" nor "false" would be known to be true.
"""

import re
from http import HTTPStatus
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import ModuleApi

from tim_policy.errors import InvalidName
from tim_policy.federation_list import FederationList
from tim_policy.names import parse_server_name
from tim_synapse.interface_resource import Interface, InterfaceError, Reply, error, query_parameter
from tim_synapse.list_store import ListStore
from tim_synapse.private_openid import OpenIdTokens

VERSION = "1.0.0"
_IK_NUMBER = re.compile(r"[0-9]{9}", re.ASCII)

_METHODS = {"": ("GET",), "v1/server/findByIk": ("GET",), "v1/server/isInsurance": ("GET",)}


class InformationApi(Interface):
    """The interface.

    Args:
        api: Synapse's module interface.
        tokens: whom a request may come from.
        lists: keeper of the federation list.
        info: answer of `GET /`.
    """

    def __init__(self, api: ModuleApi, tokens: OpenIdTokens, lists: ListStore, info: dict[str, Any]) -> None:
        super().__init__(api, tokens, _METHODS)
        self._lists = lists
        self._info = info

    async def answer(self, method: str, path: list[str], request: SynapseRequest) -> Reply:  # noqa: ARG002 - only GET
        """See `Interface`."""
        if not path:
            return await described(self, self._info, request)
        await self.user(request)
        return self._find(request) if path[-1] == "findByIk" else self._judge(request)

    def _find(self, request: SynapseRequest) -> Reply:
        ik_number = query_parameter(request, "ikNumber")
        if not _IK_NUMBER.fullmatch(ik_number):
            raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "ikNumber: expected 9 digits")
        server_name = self._list().by_ik(ik_number)
        if server_name is None:
            raise error(HTTPStatus.NOT_FOUND, "NOT_FOUND", "No server of the federation has this IK number")
        return Reply(HTTPStatus.OK, {"serverName": server_name})

    def _judge(self, request: SynapseRequest) -> Reply:
        try:
            server_name = parse_server_name(query_parameter(request, "serverName"))
        except InvalidName:
            raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "serverName: expected a Matrix server name") from None
        return Reply(HTTPStatus.OK, {"isInsurance": self._list().is_insurance(server_name)})

    def _list(self) -> FederationList:
        if (current := self._lists.current()) is None:
            raise error(
                HTTPStatus.SERVICE_UNAVAILABLE, "NO_FEDERATION_LIST", "The federation list is missing or too old"
            )
        return current


async def described(interface: Interface, info: dict[str, Any], request: SynapseRequest) -> Reply:
    """Answer of `GET /`; its description knows 403 and no 401."""
    try:
        await interface.user(request)
    except InterfaceError:
        raise error(HTTPStatus.FORBIDDEN, "FORBIDDEN", "Expected an OpenID token of this homeserver") from None
    return Reply(HTTPStatus.OK, info)
