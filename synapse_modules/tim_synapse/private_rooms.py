"""Asks the rules before Synapse upgrades, lists or joins a room: read at 1.163.2, tried at every start.

For none of the three has Synapse a callback that is early enough and knows enough:

| what | the callback there is | what it lacks |
| --- | --- | --- |
| upgrade | user_may_create_room | comes when a row of the new room exists, and does not know the version |
| listing | check_visibility_can_be_modified | cannot say why; each creation reads state for it |
| join of a room that is not here | user_may_join_room | is not called for server admins |

`tim_synapse.private` says what this file may do and why.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from synapse.module_api import ModuleApi, Requester
from synapse.rest.client.directory import ClientDirectoryListServer
from synapse.rest.client.room_upgrade_rest_servlet import RoomUpgradeRestServlet
from synapse.storage.database import LoggingTransaction

from tim_policy.errors import ConfigError
from tim_synapse.callbacks import closed

JudgeUpgrade = Callable[[Requester, str, str], Awaitable[None]]
"""Of requester, old room and new version; raises SynapseError when it refuses."""
JudgeListing = Callable[[str, str], Awaitable[None]]
"""Of room and visibility."""
JudgeRemoteJoin = Callable[[str, str], Awaitable[None]]
"""Of user and room."""


def judge_upgrades(api: ModuleApi, judge: JudgeUpgrade) -> None:
    """Ask before a room is upgraded, when nothing of the new one exists.

    Raises:
        ConfigError: this Synapse upgrades rooms another way; it is not started.
    """
    handler = api._hs.get_room_creation_handler()
    _require_call(RoomUpgradeRestServlet.on_POST, "upgrade_room")
    _before(handler, "upgrade_room", judge, ("requester", "old_room_id", "new_version"), _upgrade)


def judge_listings(api: ModuleApi, judge: JudgeListing) -> None:
    """Ask before a room's entry in the room directory changes.

    Raises:
        ConfigError: this Synapse lists rooms another way; it is not started.
    """
    handler = api._hs.get_directory_handler()
    _require_call(ClientDirectoryListServer.on_PUT, "edit_published_room_list")
    _before(handler, "edit_published_room_list", judge, ("requester", "room_id", "visibility"), _listing)


def judge_remote_joins(api: ModuleApi, judge: JudgeRemoteJoin) -> None:
    """Ask before a user of ours joins a room that no one here is in, whoever she is; in the process that does it.

    Raises:
        ConfigError: this Synapse joins rooms another way; it is not started.
    """
    handler = api._hs.get_federation_handler()
    _before(handler, "do_invite_join", judge, ("target_hosts", "room_id", "joinee"), _remote_join)


async def membership(api: ModuleApi, user_id: str, room_id: str) -> str | None:
    """Membership of a user of ours, in whatever room; None: none."""
    return await api.run_db_interaction("tim_membership", _membership, user_id, room_id)


def _membership(txn: LoggingTransaction, user_id: str, room_id: str) -> str | None:
    txn.execute("SELECT membership FROM local_current_membership WHERE user_id = ? AND room_id = ?", (user_id, room_id))
    row = txn.fetchone()
    return None if row is None else str(row[0])


def _upgrade(requester: Requester, old_room_id: str, new_version: Any, *_: Any) -> tuple[Any, ...]:
    return requester, old_room_id, new_version.identifier


def _listing(requester: Requester, room_id: str, visibility: str) -> tuple[Any, ...]:  # noqa: ARG001 - Synapse's
    return room_id, visibility


def _remote_join(target_hosts: Any, room_id: str, joinee: str, *_: Any) -> tuple[Any, ...]:  # noqa: ARG001 - Synapse's
    return joinee, room_id


def _before(
    handler: Any,
    method: str,
    judge: Callable[..., Awaitable[None]],
    names: tuple[str, ...],
    arguments: Callable[..., tuple[Any, ...]],
) -> None:
    """Put a judge in front of a method of one of Synapse's handlers, of which every process has one each."""
    carry_out = getattr(handler, method, None)
    signature = None if carry_out is None else inspect.signature(carry_out)
    if carry_out is None or signature is None or tuple(signature.parameters)[: len(names)] != names:
        raise ConfigError(f"this Synapse has another {method}; use a tested version")
    asked = closed("judge_event", judge)

    @functools.wraps(carry_out)
    async def judged(*args: Any, **kwargs: Any) -> Any:
        await asked(*arguments(*signature.bind(*args, **kwargs).args))
        return await carry_out(*args, **kwargs)

    setattr(handler, method, judged)


def _require_call(caller: Callable[..., Any], method: str) -> None:
    if method not in inspect.unwrap(caller).__code__.co_names:
        raise ConfigError(f"this Synapse does not use {method}; use a tested version")
