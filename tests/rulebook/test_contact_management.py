"""TiMessengerContactManagement over HTTP (1.1), and that an invite is judged by it."""

import asyncio
import sqlite3
import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.rulebook.conftest import NewUser
from tests.rulebook.interfaces import Reply, assert_empty, assert_error, call, openid_token, without_access
from tests.synapse.invite_paths import EVERY_PATH, InvitePath, assert_refused, by_invite
from tests.synapse.matrix import set_permission
from tim_sandbox import members
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

ALTE_PRAXIS, PFLEGE = "alte-praxis.tim.test", "pflege.tim.test"
OF_1_1 = (ALTE_PRAXIS, "alte-kasse.tim.test")
BASE = "/tim-contact-mgmt/v1.0.2"
NOW = int(time.time())

pytestmark = pytest.mark.requirement("I_TiMessengerContactManagement")


def contact(mxid: str, **settings: int) -> dict[str, Any]:
    return {"displayName": "Berger, Anna", "mxid": mxid, "inviteSettings": settings or {"start": NOW - 60}}


class ContactList:
    """A user's contact list, as her client sees it."""

    def __init__(self, sandbox: Sandbox, owner: MatrixUser) -> None:
        self._sandbox = sandbox
        self.owner = owner
        self.server_name = owner.user_id.partition(":")[2]
        self._token = ""

    async def call(self, request: str, **arguments: Any) -> Reply:
        self._token = self._token or await openid_token(self.owner)
        token = arguments.pop("token", self._token)
        headers = arguments.pop("headers", {"Mxid": self.owner.user_id})
        return await call(self._sandbox, self.server_name, request, token, headers=headers, **arguments)

    async def add(self, entry: dict[str, Any]) -> None:
        answer = await self.call(f"POST {BASE}/contacts", json=entry)
        assert (answer.status, answer.body) == (200, entry), answer


@pytest.fixture
async def contacts(rulebook: Sandbox, new_user: NewUser) -> ContactList:
    """The empty list of a new user of the practice on 1.1."""
    return ContactList(rulebook, await new_user(ALTE_PRAXIS))


@pytest.mark.parametrize("server_name", OF_1_1)
async def test_entries_come_and_go(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    contacts = ContactList(rulebook, await new_user(server_name))
    first, second = contact("@a:pflege.tim.test", start=1, end=2), contact("@b:pflege.tim.test")
    one = f"{BASE}/contacts/{quote('@a:pflege.tim.test')}"
    assert (await contacts.call(f"GET {BASE}/contacts")).body == {"contacts": []}
    assert_error(await contacts.call(f"GET {one}"), 404)
    assert_error(await contacts.call(f"DELETE {one}"), 404)
    assert_error(await contacts.call(f"PUT {BASE}/contacts", json=first), 404)

    await contacts.add(first)
    await contacts.add(second)
    assert (await contacts.call(f"GET {BASE}/contacts")).body == {"contacts": [first, second]}
    assert_error(await contacts.call(f"POST {BASE}/contacts", json=first), 400)
    changed = first | {"displayName": "Neu, Anna", "inviteSettings": {"start": 5}}
    answer = await contacts.call(f"PUT {BASE}/contacts", json=changed)
    assert (answer.status, answer.body) == (200, changed)
    assert (await contacts.call(f"GET {one}")).body == changed

    assert_empty(await contacts.call(f"DELETE {one}"), 204)
    assert (await contacts.call(f"GET {BASE}/contacts")).body == {"contacts": [second]}


async def test_a_list_belongs_to_its_owner(rulebook: Sandbox, new_user: NewUser, contacts: ContactList) -> None:
    other = ContactList(rulebook, await new_user(ALTE_PRAXIS))
    await contacts.add(contact("@a:pflege.tim.test"))
    assert (await other.call(f"GET {BASE}/contacts")).body == {"contacts": []}
    foreign = {"headers": {"Mxid": contacts.owner.user_id}}
    assert_error(await other.call(f"GET {BASE}/contacts", **foreign), 403)
    assert_error(await other.call(f"POST {BASE}/contacts", json=contact("@b:pflege.tim.test"), **foreign), 403)
    assert_error(await other.call(f"DELETE {BASE}/contacts/@a:pflege.tim.test", **foreign), 403)
    for headers in ({}, {"Mxid": "anna"}, {"Mxid": ""}):
        assert_error(await contacts.call(f"GET {BASE}/contacts", headers=headers), 400)


async def test_nobody_gets_in_without_an_openid_token(contacts: ContactList, new_user: NewUser) -> None:
    foreign = await openid_token(await new_user(PFLEGE))
    for token in (None, foreign, *without_access(contacts.owner).values()):
        assert_error(await contacts.call(f"GET {BASE}/contacts", token=token), 401)
        assert_error(await contacts.call(f"POST {BASE}/contacts", token=token, json=contact("@a:b.test")), 401)
        assert_empty(await contacts.call(f"DELETE {BASE}/contacts/@a:b.test", token=token), 401)
        assert_error(await contacts.call(f"GET {BASE}/", token=token), 403)
    assert (await contacts.call(f"GET {BASE}/")).body["version"] == "1.0.3"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"displayName": "A", "mxid": "@a:b.test"}',
        b'{"displayName": "\\u0000", "mxid": "@a:b.test", "inviteSettings": {"start": 1}}',
        b'{"displayName": "\\ud800", "mxid": "@a:b.test", "inviteSettings": {"start": 1}}',
        b'{"displayName": "A", "mxid": "a", "inviteSettings": {"start": 1}}',
        b'{"displayName": "A", "mxid": "@a:b.test", "inviteSettings": {"start": 9223372036854775808}}',
        b'{"displayName": "A", "mxid": "@a:b.test", "inviteSettings": {"start": 2, "end": 1}}',
        b'{"a":' * 30_000,
        b"[" * 60_000,
        b'{"displayName": "' + b"a" * 70_000 + b'"}',
    ],
)
async def test_a_malformed_entry_is_a_bad_request(contacts: ContactList, data: bytes) -> None:
    for method in ("POST", "PUT"):
        assert_error(await contacts.call(f"{method} {BASE}/contacts", data=data), 400)
    assert (await contacts.call(f"GET {BASE}/contacts")).body == {"contacts": []}


async def test_other_paths_and_methods_are_errors_of_the_interface(contacts: ContactList) -> None:
    for mxid in ("anna", "%00", "@a", "", "%ff"):
        assert_error(await contacts.call(f"GET {BASE}/contacts/{mxid}"), 400)
    assert_error(await contacts.call(f"GET {BASE}/contact"), 404)
    assert_error(await contacts.call(f"GET {BASE}/contacts/@a:b.test/x"), 404)
    answer = await contacts.call(f"DELETE {BASE}/contacts")
    assert_error(answer, 405)
    assert answer.headers["Allow"] == "GET, POST, PUT"


@pytest.mark.parametrize("server_name", ["praxis.tim.test", "kasse.tim.test"])
async def test_1_2_has_no_contact_lists(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    answer = await ContactList(rulebook, user).call(f"GET {BASE}/contacts")
    assert answer.status == 404


@pytest.mark.requirement("AF_10061")
@EVERY_PATH
@pytest.mark.parametrize("server_name", OF_1_1)
async def test_an_entry_admits_at_once_and_as_long_as_it_is_valid(
    rulebook: Sandbox, new_user: NewUser, server_name: str, path: InvitePath
) -> None:
    contacts, nurse = ContactList(rulebook, await new_user(server_name)), await new_user(PFLEGE)
    invitee = contacts.owner.user_id
    assert_refused(await path(nurse, invitee))
    await contacts.add(contact(nurse.user_id))
    assert (await path(nurse, invitee)).status == 200
    for settings in ({"start": NOW + 3600}, {"start": NOW - 3600, "end": NOW - 1800}):
        await contacts.call(f"PUT {BASE}/contacts", json=contact(nurse.user_id, **settings))
        assert_refused(await path(nurse, invitee))
    await contacts.call(f"PUT {BASE}/contacts", json=contact(nurse.user_id, start=NOW - 60, end=NOW + 3600))
    assert (await path(nurse, invitee)).status == 200
    await contacts.call(f"DELETE {BASE}/contacts/{quote(nurse.user_id)}")
    assert_refused(await path(nurse, invitee))


@pytest.mark.requirement("AF_10061")
async def test_an_entry_admits_one_person_whatever_the_configuration_says(
    contacts: ContactList, new_user: NewUser
) -> None:
    nurse, other, colleague = await new_user(PFLEGE), await new_user(PFLEGE), await new_user(ALTE_PRAXIS)
    await contacts.add(contact(nurse.user_id))
    await set_permission(contacts.owner, {"defaultSetting": "block all"})
    assert (await by_invite(nurse, contacts.owner.user_id)).status == 200
    assert_refused(await by_invite(other, contacts.owner.user_id))
    assert_refused(await by_invite(colleague, contacts.owner.user_id))


@pytest.mark.requirement("AF_10233")
async def test_an_entry_lets_no_insured_invite_an_insured(rulebook: Sandbox, new_user: NewUser) -> None:
    contacts, other = ContactList(rulebook, await new_user("alte-kasse.tim.test")), await new_user("kasse.tim.test")
    await contacts.add(contact(other.user_id))
    assert_refused(await by_invite(other, contacts.owner.user_id))


async def test_requests_at_once_are_stored_each(contacts: ContactList) -> None:
    entries = [contact(f"@user-{number}:pflege.tim.test", start=number) for number in range(10)]
    first = await asyncio.gather(*(contacts.call(f"POST {BASE}/contacts", json=entry) for entry in entries * 2))
    assert sorted(answer.status for answer in first) == [200] * 10 + [400] * 10
    assert len((await contacts.call(f"GET {BASE}/contacts")).body["contacts"]) == 10


async def test_the_list_of_a_deactivated_user_is_deleted(rulebook: Sandbox, contacts: ContactList) -> None:
    await contacts.add(contact("@a:pflege.tim.test"))
    identifier = {"type": "m.id.user", "user": contacts.owner.user_id}
    auth = {"type": "m.login.password", "identifier": identifier, "password": "password"}
    path = "/_matrix/client/v3/account/deactivate"
    assert (await contacts.owner.request("POST", path, {"auth": auth})).status == 200
    database = rulebook.layout.homeserver(ALTE_PRAXIS) / "homeserver.db"
    assert _rows(database, contacts.owner.user_id) == 0


def _rows(database: Any, owner: str) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM tim_contacts WHERE owner = ?", (owner,))
    return int(count)


@EVERY_PATH
@pytest.mark.requirement("AF_10061")
async def test_who_is_listed_in_the_directory_is_reached_without_a_contact(new_user: NewUser, path: InvitePath) -> None:
    """Check level 3: the reception is a listed service, a new user is not."""
    nurse, unlisted = await new_user(PFLEGE), await new_user(ALTE_PRAXIS)
    answer = await path(nurse, f"@{members.ALTE_PRAXIS.messenger}:{ALTE_PRAXIS}")
    assert answer.status == 200, answer
    assert_refused(await path(nurse, unlisted.user_id))
