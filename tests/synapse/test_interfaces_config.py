"""The `interfaces:` block: what is wrong in it is said in one line, and 1.2 needs contacts for support."""

from typing import Any

import pytest

from tim_policy.errors import ConfigError
from tim_policy.profile import ProfileName, shipped_profile
from tim_policy.settings import load_settings
from tim_synapse.interfaces import require_interfaces
from tim_synapse.interfaces_config import InterfacesConfig

PAGE = {"support_page": "https://example.org/hilfe"}
CONTACT = {"role": "m.role.security", "email_address": "sicherheit@example.org"}


def load(block: Any) -> InterfacesConfig:
    return load_settings(InterfacesConfig, block, "interfaces")


@pytest.mark.parametrize(
    "block",
    [
        None,
        {"support": PAGE},
        {"support": {"contacts": [CONTACT, {"role": "m.role.admin", "matrix_id": "@admin:example.org"}]}},
        {"information": "/a", "contact_management": "/b/v1", "client_report": None, "operator": "Rechenzentrum"},
    ],
)
def test_blocks_that_are_fine(block: Any) -> None:
    load(block)


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"suport": PAGE}, "suport: unknown key; did you mean 'support'?"),
        ({"support": {}}, "support: expected contacts or support_page"),
        ({"support": {"support_page": "http://example.org"}}, "support.support_page"),
        ({"support": {"contacts": [{"role": "m.role.admin"}]}}, "expected email_address or matrix_id"),
        ({"support": {"contacts": [CONTACT | {"role": ""}]}}, "support.contacts.0.role"),
        ({"support": {"contacts": [CONTACT | {"matrix_id": "admin"}]}}, "matrix_id"),
        ({"information": "tim"}, "information"),
        ({"information": "/tim/"}, "information"),
        ({"information": "/tim//x"}, "information"),
        ({"information": "/_matrix/tim"}, "belongs to Synapse"),
        ({"information": "/.well-known"}, "belongs to Synapse"),
        ({"information": "/a", "client_report": "/a"}, "path of two interfaces"),
        ({"information": "/a", "client_report": "/a/report"}, "lies below another one's"),
    ],
)
def test_blocks_that_are_refused(block: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(block)
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.requirement("A_26265")
@pytest.mark.parametrize("name", ProfileName)
def test_1_2_demands_contacts_for_support(name: ProfileName) -> None:
    profile = shipped_profile(name)
    require_interfaces(profile, load({"support": PAGE}), "interfaces")
    if name.endswith("1.1"):
        require_interfaces(profile, load(None), "interfaces")
        return
    with pytest.raises(ConfigError, match=r"interfaces.support: is missing.*A_26265"):
        require_interfaces(profile, load(None), "interfaces")
