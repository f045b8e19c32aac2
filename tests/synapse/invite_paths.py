"""The ways in which a client makes an invite, and what a refusal looks like."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest

from tests.synapse.matrix import create_room, invite, new_room
from tim_sandbox.homeserver_client import Answer, MatrixUser

InvitePath = Callable[[MatrixUser, str], Awaitable[Answer]]
"""Lets a user invite a user id into a new room; the answer of the request that decided."""


async def by_invite(inviter: MatrixUser, invitee: str) -> Answer:
    return await invite(inviter, await new_room(inviter), invitee)


async def by_create_room(inviter: MatrixUser, invitee: str) -> Answer:
    return await create_room(inviter, invite=[invitee])


async def by_membership_event(inviter: MatrixUser, invitee: str) -> Answer:
    room_id = quote(await new_room(inviter))
    path = f"/_matrix/client/v3/rooms/{room_id}/state/m.room.member/{quote(invitee)}"
    return await inviter.request("PUT", path, {"membership": "invite"})


EVERY_PATH = pytest.mark.parametrize("path", [by_invite, by_create_room, by_membership_event])


def assert_refused(answer: Answer) -> None:
    assert (answer.status, answer.body["errcode"]) == (403, "M_FORBIDDEN"), answer
