"""TiMessengerContactManagement 1.0.3 (TI-M 1.1): a user's contact list, kept by her client (rule book 8.2).

| request | answer |
| --- | --- |
| GET / | what this is |
| GET /contacts | all entries |
| POST /contacts | a new entry; 400 when there is one for this person |
| PUT /contacts | another version of an entry; 404 when there is none |
| GET, DELETE /contacts/{mxid} | one entry; 404 when there is none |

The header `Mxid` names the list's owner, who has to be the token's: 403 otherwise.
"""

from http import HTTPStatus
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import ModuleApi

from tim_policy.contact_list import MAX_CONTACTS, Contact, InvalidContact, parse_contact
from tim_policy.errors import InvalidName
from tim_policy.names import UserId, parse_user_id
from tim_synapse.callbacks import register
from tim_synapse.contact_table import ContactTable
from tim_synapse.information_api import described
from tim_synapse.interface_resource import Interface, InterfaceError, Reply, error, parsed_json, raw_body, unauthorized
from tim_synapse.private_openid import OpenIdTokens

VERSION = "1.0.3"

_METHODS = {"": ("GET",), "contacts": ("GET", "POST", "PUT"), "contacts/*": ("GET", "DELETE")}


class ContactApi(Interface):
    """The interface.

    Args:
        api: Synapse's module interface.
        tokens: whom a request may come from.
        info: answer of `GET /`.
    """

    def __init__(self, api: ModuleApi, tokens: OpenIdTokens, info: dict[str, Any]) -> None:
        super().__init__(api, tokens, _METHODS)
        self._table = ContactTable(api)
        self._info = info

    def register_callbacks(self) -> None:
        """Forget the list of whoever is deactivated."""
        register(
            self._api.register_third_party_rules_callbacks,
            on_user_deactivation_status_changed=self.on_user_deactivation_status_changed,
        )

    async def on_user_deactivation_status_changed(self, user_id: str, deactivated: bool, by_admin: bool) -> None:  # noqa: ARG002 - part of the callback
        """Delete her entries; who is on other people's lists stays there, as a name that invites nobody."""
        if deactivated:
            await self._table.remove(parse_user_id(user_id), None)

    async def answer(self, method: str, path: list[str], request: SynapseRequest) -> Reply:
        """See `Interface`."""
        if not path:
            return await described(self, self._info, request)
        owner = await self._owner(method, request)
        match method, path:
            case "GET", [_]:
                contacts = [contact.to_json() for contact in await self._table.all_of(owner)]
                return Reply(HTTPStatus.OK, {"contacts": contacts})
            case "GET", [_, mxid]:
                found = await self._table.get(owner, _mxid(mxid))
                if found is None:
                    raise _no_entry()
                return Reply(HTTPStatus.OK, found.to_json())
            case "DELETE", [_, mxid]:
                if not await self._table.remove(owner, _mxid(mxid)):
                    raise _no_entry()
                return Reply(HTTPStatus.NO_CONTENT)
        return await self._store(method, owner, _contact(request))

    async def _store(self, method: str, owner: UserId, contact: Contact) -> Reply:
        if method == "PUT":
            if not await self._table.change(owner, contact):
                raise _no_entry()
        elif not await self._table.add(owner, contact):
            if await self._table.get(owner, contact.user_id) is None:
                raise error(HTTPStatus.BAD_REQUEST, "TOO_MANY_CONTACTS", f"The list holds {MAX_CONTACTS} entries")
            raise error(HTTPStatus.BAD_REQUEST, "CONTACT_EXISTS", "There is an entry for this mxid; change it by PUT")
        return Reply(HTTPStatus.OK, contact.to_json())

    async def _owner(self, method: str, request: SynapseRequest) -> UserId:
        try:
            user = await self.user(request)
        except InterfaceError:
            if method == "DELETE":  # the only operation whose 401 is described, without a body
                raise unauthorized() from None
            text = "Expected an OpenID token of this homeserver"
            raise error(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED", text) from None
        headers = request.requestHeaders.getRawHeaders(b"Mxid") or []
        if len(headers) != 1:
            raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "Expected the header Mxid, once")
        try:
            owner = parse_user_id(headers[0].decode("utf-8", "replace"))
        except InvalidName:
            raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "Mxid: expected @localpart:server") from None
        if owner != user:
            raise error(HTTPStatus.FORBIDDEN, "FORBIDDEN", "Mxid: expected the user whose token it is")
        return owner


def _contact(request: SynapseRequest) -> Contact:
    try:
        return parse_contact(parsed_json(raw_body(request)))
    except InvalidContact as fault:
        raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", str(fault)) from None


def _mxid(text: str) -> UserId:
    try:
        return parse_user_id(text)
    except InvalidName:
        raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "mxid: expected @localpart:server") from None


def _no_entry() -> InterfaceError:
    return error(HTTPStatus.NOT_FOUND, "NOT_FOUND", "There is no entry for this mxid")
