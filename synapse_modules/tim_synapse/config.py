"""The `config:` block of the module in homeserver.yaml."""

from tim_policy.permission_config import DefaultSetting, Product
from tim_policy.settings import Settings
from tim_synapse.list_config import FederationListConfig
from tim_synapse.residency_config import ResidencyConfig


class ModuleConfig(Settings):
    """The whole block.

    Args:
        product: `pro` for professionals, `epa` for an insurer's homeserver for insured persons.
        federation_list: see `FederationListConfig`.
        residency: see `ResidencyConfig`. The key must be there, so that nobody leaves the condition out by
            accident; None, written `residency: null`, switches it off.
        permission_default: what counts for users who stored no permission configuration.
    """

    product: Product
    federation_list: FederationListConfig
    residency: ResidencyConfig | None
    permission_default: DefaultSetting = DefaultSetting.ALLOW_ALL
