"""Which interfaces this homeserver offers: what its profile has, where the operator wants it."""

from typing import Any

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError
from tim_policy.profile import Profile
from tim_synapse import contact_api, information_api
from tim_synapse.client_report_api import SUMS_PATH, ClientReportApi, ReportedSums
from tim_synapse.contact_api import ContactApi
from tim_synapse.information_api import InformationApi
from tim_synapse.interfaces_config import InterfacesConfig
from tim_synapse.list_store import ListStore
from tim_synapse.private_openid import OpenIdTokens
from tim_synapse.private_well_known import add_well_known
from tim_synapse.support import SupportResource


def require_interfaces(profile: Profile, config: InterfacesConfig, where: str) -> None:
    """Check what the profile demands of the operator.

    Raises:
        ConfigError: names the key; `where` stands in front of it.
    """
    if profile.interfaces.support and config.support is None:
        raise ConfigError(
            f"{where}.support: is missing; {profile.profile} demands /.well-known/matrix/support (A_26265), for "
            "example {support_page: https://example.org/hilfe}"
        )


def register_interfaces(api: ModuleApi, profile: Profile, config: InterfacesConfig, lists: ListStore) -> None:
    """Mount the interfaces; before Synapse opens its listeners.

    Raises:
        ConfigError: this Synapse works in another way than the tested versions.
    """
    tokens = OpenIdTokens(api)
    if profile.interfaces.information and config.information is not None:
        info = _info("TiMessengerInformation", information_api.VERSION, config)
        api.register_web_resource(config.information, InformationApi(api, tokens, lists, info))
    permission = profile.rules.invite_permission
    if permission is not None and permission.contacts and config.contact_management is not None:
        info = _info("TiMessengerContactManagement", contact_api.VERSION, config)
        contacts = ContactApi(api, tokens, info)
        contacts.register_callbacks()
        api.register_web_resource(config.contact_management, contacts)
    if profile.interfaces.client_report and config.client_report is not None:
        api.register_web_resource(config.client_report, ClientReportApi(api, tokens))
        api.register_web_resource(SUMS_PATH, ReportedSums(api))
    if config.support is not None:
        add_well_known(api, "support", SupportResource(config.support))


def _info(title: str, version: str, config: InterfacesConfig) -> dict[str, Any]:
    description = title if config.operator is None else f"{title}. Betreiber: {config.operator}"
    contact = {} if config.contact is None else {"contact": config.contact}
    return {"title": title, "description": description, "version": version, **contact}
