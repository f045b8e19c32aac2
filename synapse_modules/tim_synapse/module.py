"""The module Synapse loads: checks its configuration, starts the list, hooks the rules in."""

import logging
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError as SynapseConfigError

from tim_policy.errors import ConfigError, TimError
from tim_policy.federation_trust import ListTrust
from tim_policy.profile import Profile
from tim_policy.settings import load_settings
from tim_synapse.access_api import AccessApi
from tim_synapse.admin_api import AdminApi
from tim_synapse.audit import Audit, load_audit_key
from tim_synapse.audit_api import AuditApi
from tim_synapse.audit_list_changes import ListChanges
from tim_synapse.config import ModuleConfig
from tim_synapse.erasure import CACHES as ERASURE_CACHES
from tim_synapse.erasure_api import ErasureApi
from tim_synapse.event_judges import EventJudges
from tim_synapse.facts import Facts
from tim_synapse.gate import Gate
from tim_synapse.interfaces import register_interfaces, require_interfaces
from tim_synapse.list_sources import LoadedSource, load_source, load_where_is
from tim_synapse.list_store import ListStore
from tim_synapse.list_trust import load_trust
from tim_synapse.new_users import NewUsers
from tim_synapse.on_create_room import RoomCreationCallbacks
from tim_synapse.on_event import EventCallbacks
from tim_synapse.on_federation import FederationCallbacks
from tim_synapse.on_invite import InviteCallbacks
from tim_synapse.on_request import MAY_BE_JUDGED, RequestJudge
from tim_synapse.on_room import RoomCallbacks
from tim_synapse.on_user_directory import UserDirectoryCallbacks
from tim_synapse.private_events import judge_events
from tim_synapse.private_front import Asker, put_in_front
from tim_synapse.private_retention import require_caches
from tim_synapse.profile import profile_in_force
from tim_synapse.remote_events import RemoteEvents
from tim_synapse.residency import Residency
from tim_synapse.residency_config import LoadedResidency, load_residency
from tim_synapse.retention import Retention
from tim_synapse.retention_config import LoadedRetention, load_retention
from tim_synapse.self_check import self_check
from tim_synapse.settings_check import check_settings
from tim_synapse.where_is import open_where_is

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The checked block and the files it names; residency, retention, audit_key None: there is no such block."""

    config: ModuleConfig
    profile: Profile
    trust: ListTrust
    residency: LoadedResidency | None
    source: LoadedSource
    where_is: LoadedSource
    retention: LoadedRetention | None = None
    audit_key: Ed25519PrivateKey | None = None


class TimModule:
    """TI-M rules of one homeserver process; every worker has its own.

    Args:
        loaded: what `parse_config` returned.
        api: Synapse's module interface.
    """

    def __init__(self, loaded: LoadedConfig, api: ModuleApi) -> None:
        lists = ListStore(api, loaded.config.federation_list, loaded.trust, loaded.source)
        audit = Audit(api, loaded.audit_key)
        try:
            residency = Residency(api, loaded.residency, lists)
            require_caches(api, ERASURE_CACHES)
            check_settings(api, loaded.profile)
            retention = None if loaded.retention is None else Retention(api, loaded.retention, lists, audit)
            self_check(api)
            judges = EventJudges()
            judge_events(api, judges.of)
            asker = Asker(api)
            put_in_front(api, MAY_BE_JUDGED, RequestJudge(asker, loaded.profile.rules))
            remote_events = RemoteEvents(api)
            RoomCallbacks(api, loaded.profile.rules).register(judges, remote_events)
            register_interfaces(api, loaded.profile, loaded.config.interfaces, lists)
        except TimError as error:
            _refuse_start(error)
        gate = Gate(api, lists, residency)
        where_is = open_where_is(api, loaded.config.federation_list, loaded.where_is, lambda: datetime.now(UTC))
        invites = InviteCallbacks(Facts(api, loaded.profile, lists), loaded.profile.rules, gate, where_is)
        invites.register(api, judges, remote_events)
        RoomCreationCallbacks(loaded.profile.rules, invites).register(api)
        EventCallbacks(api, loaded.profile.rules).register(judges, remote_events)
        NewUsers(api, loaded.profile).register()
        FederationCallbacks(api, gate).register(remote_events)
        UserDirectoryCallbacks(api, loaded.profile, lists, asker).register()
        AdminApi(api, lists, residency, gate, audit).register()
        AuditApi(api, audit).register()
        ErasureApi(api, audit).register()
        AccessApi(api, audit, loaded.retention).register()
        ListChanges(api, lists, audit).start()
        gate.start()
        residency.start()
        lists.start()
        if retention is not None:
            retention.start()

    @staticmethod
    def parse_config(config: dict[str, Any]) -> LoadedConfig:
        """Check the `config:` block and read the certificates; Synapse calls this while it reads homeserver.yaml.

        Raises:
            SynapseConfigError: one line per fault; Synapse then refuses to start.
        """
        try:
            checked = load_settings(ModuleConfig, config, "tim_synapse")
            profile = profile_in_force(checked.profile, checked.rules, "tim_synapse: rules")
            require_interfaces(profile, checked.interfaces, "tim_synapse: interfaces")
            residency = None if checked.residency is None else load_residency(checked.residency)
            source = load_source(checked.federation_list.source)
            where_is = load_where_is(checked.federation_list)
            retention = None if checked.retention is None else load_retention(checked.retention)
            audit_key = None if checked.audit is None else load_audit_key(checked.audit)
            trust = load_trust(checked.federation_list)
            return LoadedConfig(checked, profile, trust, residency, source, where_is, retention, audit_key)
        except ConfigError as error:
            raise SynapseConfigError(str(error)) from None


def _refuse_start(error: TimError) -> NoReturn:
    """End the process with one line per fault: an exception of a module's constructor would become two tracebacks."""
    for line in str(error).splitlines():
        logger.critical("%s", line)
    print(error, file=sys.__stderr__, flush=True)
    os._exit(1)  # as Synapse itself does in this place, since the reactor would survive SystemExit
