"""The `config:` block of the module in homeserver.yaml."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tim_policy.profile import ProfileName
from tim_policy.settings import Settings
from tim_synapse.audit import AuditConfig
from tim_synapse.interfaces_config import InterfacesConfig
from tim_synapse.list_config import FederationListConfig
from tim_synapse.residency_config import ResidencyConfig
from tim_synapse.retention_config import RetentionConfig


class ModuleConfig(Settings):
    """The whole block.

    Args:
        profile: which edition of which product: `pro-…` for professionals, `epa-…` for an insurer's homeserver for
            insured persons.
        rules: changes of single rules of the profile, see `tim_policy.profile.with_changes`.
        federation_list: see `FederationListConfig`.
        residency: see `ResidencyConfig`. The key must be there, so that nobody leaves the condition out by
            accident; None, written `residency: null`, switches it off.
        interfaces: see `InterfacesConfig`.
        retention: see `RetentionConfig`; None: Synapse keeps what it keeps.
        audit: see `AuditConfig`; None: there is no audit log.
    """

    profile: ProfileName
    rules: Mapping[str, Any] = Field(default_factory=dict)
    federation_list: FederationListConfig
    residency: ResidencyConfig | None
    interfaces: InterfacesConfig = InterfacesConfig()
    retention: RetentionConfig | None = None
    audit: AuditConfig | None = None
