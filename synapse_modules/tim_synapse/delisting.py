"""What is left of a server inside Synapse when it may no longer take part: stopped, dropped, deleted."""

import logging
from collections.abc import Callable, Collection, Iterable
from itertools import islice

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_synapse.private import forget_public_rooms, stop_sending, unsubscribe_devices

logger = logging.getLogger(__name__)

_QUEUES = ("device_federation_outbox", "device_lists_outbound_pokes")
_BATCH = 500


class Delisting:
    """Cleans up in one process, or for all of them in the database.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    def stop(self, server_names: Iterable[str]) -> None:
        """Drop what this process keeps in memory: queues with their retries, and the servers' room directories."""
        for server_name in server_names:
            stop_sending(self._api, server_name)
            forget_public_rooms(self._api, server_name)

    async def drop_queued(self, server_names: Collection[str]) -> None:
        """Delete to-device messages and device list updates that wait for these servers."""
        if server_names:
            await self._drop(lambda server_name: server_name in server_names)

    async def forget_except(self, listed: Collection[str]) -> None:
        """Delete what the database keeps for and of servers that are not `listed`.

        That is what waits for them, whenever it was queued, and the cached device keys of their users, so that
        nobody goes on encrypting for them. A database that does not let itself be written costs one line in the log:
        the gate is closed already, and the next change tries again.
        """
        try:
            await self._drop(lambda server_name: server_name not in listed)
            cached = await self._api.run_db_interaction("tim_cached_users", _users_with_cached_devices)
            for batch in _batches(user_id for user_id in cached if self._is_foreign(user_id, listed)):
                await self._api.run_db_interaction("tim_forget_devices", self._forget_devices, batch)
        except Exception as error:  # noqa: BLE001 - each database driver has its own
            logger.error("component=gate error=%s; traces of delisted servers remain", type(error).__name__)

    async def _drop(self, is_meant: Callable[[str], bool]) -> None:
        """Asks what waits at all: that is little, whereas a new list may name a hundred thousand servers."""
        waiting = await self._api.run_db_interaction("tim_waiting", _destinations)
        for batch in _batches(filter(is_meant, waiting)):
            await self._api.run_db_interaction("tim_drop_queued", _delete_queued, batch)

    def _is_foreign(self, user_id: str, listed: Collection[str]) -> bool:
        return not self._api.is_mine(user_id) and user_id.partition(":")[2] not in listed

    def _forget_devices(self, txn: LoggingTransaction, user_ids: list[str]) -> None:
        for user_id in user_ids:
            txn.execute("DELETE FROM device_lists_remote_cache WHERE user_id = ?", (user_id,))
            txn.execute("DELETE FROM device_lists_remote_resync WHERE user_id = ?", (user_id,))
            unsubscribe_devices(self._api, txn, user_id)


def _destinations(txn: LoggingTransaction) -> list[str]:
    found: set[str] = set()
    for table in _QUEUES:
        txn.execute(f"SELECT DISTINCT destination FROM {table}")  # noqa: S608 - from the literal above
        found.update(destination for (destination,) in txn)
    return sorted(found)


def _delete_queued(txn: LoggingTransaction, server_names: list[str]) -> None:
    for table in _QUEUES:
        for server_name in server_names:
            txn.execute(f"DELETE FROM {table} WHERE destination = ?", (server_name,))  # noqa: S608 - as above


def _users_with_cached_devices(txn: LoggingTransaction) -> list[str]:
    txn.execute("SELECT DISTINCT user_id FROM device_lists_remote_cache")
    cached = {user_id for (user_id,) in txn}
    txn.execute("SELECT user_id FROM device_lists_remote_extremeties")
    return sorted(cached.union(user_id for (user_id,) in txn))


def _batches(items: Iterable[str]) -> Iterable[list[str]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
