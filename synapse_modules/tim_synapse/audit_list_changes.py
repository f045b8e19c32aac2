"""Tells the audit log when another federation list counts: it decides who is let through the gate."""

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.audit_log import AuditKind
from tim_synapse.audit import MODULE, Audit, newest_detail
from tim_synapse.list_status import ListStatus
from tim_synapse.list_store import ListStore


class ListChanges:
    """Watches the list of the process that runs background tasks.

    Args:
        api: Synapse's module interface.
        lists: tells when the list changes.
        audit: is told.
    """

    def __init__(self, api: ModuleApi, lists: ListStore, audit: Audit) -> None:
        self._api = api
        self._lists = lists
        self._audit = audit

    def start(self) -> None:
        """Begin to watch."""
        if self._audit.is_on and self._api.should_run_background_tasks():
            self._lists.subscribe(self._changed)

    def _changed(self) -> None:
        self._api.run_as_background_process("tim_audit_list", self._log)

    async def _log(self) -> None:
        await self._api.run_db_interaction("tim_audit_list", self._append, self._lists.status())

    def _append(self, txn: LoggingTransaction, status: ListStatus) -> None:
        """Not again after a restart with the same list."""
        detail = {"version": status.version, "in_use": status.is_in_use, "servers": status.servers}
        if detail != newest_detail(txn, AuditKind.FEDERATION_LIST):
            self._audit.append(txn, AuditKind.FEDERATION_LIST, MODULE, detail)
