"""The permission configuration: both wire forms, one inversion, and no reading of what is broken."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutabledict import immutabledict

from tim_policy.names import parse_server_name, parse_user_id
from tim_policy.permission_config import (
    ACCOUNT_DATA_TYPES,
    Product,
    StoredConfig,
    Unconfigured,
    UnreadablePermissionConfig,
    config_in_force,
    parse_permission_config,
)

ANNA = parse_user_id("@anna:pflege.tim.test")
BLOCK: dict[str, Any] = {"defaultSetting": "block all"}
ALLOW: dict[str, Any] = {"defaultSetting": "allow all"}
BY_USER: dict[str, Any] = {"userExceptions": {"@anna:pflege.tim.test": {}}}
BY_SERVER: dict[str, Any] = {"serverExceptions": {"pflege.tim.test": {}}}
BY_GROUP_OBJECT = {"groupExceptions": [{"groupName": "isInsuredPerson"}]}
BY_GROUP_TEXT = {"groupExceptions": ["isInsuredPerson"]}


@pytest.mark.requirement("A_25045-02")
@pytest.mark.parametrize(
    ("exceptions", "is_insured", "is_exception"),
    [
        pytest.param({}, False, False, id="no exceptions"),
        pytest.param(BY_USER, False, True, id="user"),
        pytest.param({"userExceptions": {"@anna:pflege.tim.test.evil": {}}}, False, False, id="user id as prefix"),
        pytest.param({"userExceptions": {"@Anna:pflege.tim.test": {}}}, False, False, id="localparts differ by case"),
        pytest.param({"userExceptions": {"@anna:PFLEGE.tim.test": {}}}, False, True, id="servers do not"),
        pytest.param(BY_SERVER, False, True, id="server"),
        pytest.param({"serverExceptions": {"tim.test": {}}}, False, False, id="parent domain is another server"),
        pytest.param({"serverExceptions": {"pflege.tim.test:8448": {}}}, False, False, id="port is another server"),
        pytest.param(BY_GROUP_OBJECT, True, True, id="group as object, insured"),
        pytest.param(BY_GROUP_TEXT, True, True, id="group as text, insured"),
        pytest.param(BY_GROUP_OBJECT, False, False, id="group, not insured"),
        pytest.param({}, True, False, id="insured without group exception"),
        pytest.param(BY_USER | BY_SERVER | BY_GROUP_TEXT, True, True, id="all three invert once"),
        pytest.param(BY_USER | BY_SERVER, False, True, id="two invert once"),
        pytest.param({"futureExceptions": {"x": 1}}, False, False, id="unknown field"),
        pytest.param({"userExceptions": {"@anna:pflege.tim.test": {"until": 7}}}, False, True, id="reserved object"),
    ],
)
def test_an_exception_inverts_the_default_once(
    exceptions: dict[str, Any], is_insured: bool, is_exception: bool
) -> None:
    assert parse_permission_config(BLOCK | exceptions).allows(ANNA, is_insured=is_insured) is is_exception
    assert parse_permission_config(ALLOW | exceptions).allows(ANNA, is_insured=is_insured) is not is_exception


@pytest.mark.requirement("A_26390")
@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "block all",
        {},
        {"defaultSetting": "allow_all"},
        {"defaultSetting": "Allow All"},
        {"defaultSetting": None},
        {"defaultSetting": ["allow all"]},
        ALLOW | {"userExceptions": ["@anna:pflege.tim.test"]},
        ALLOW | {"userExceptions": {"anna": {}}},
        ALLOW | {"userExceptions": {"@anna:pflege.tim.test": True}},
        ALLOW | {"userExceptions": None},
        ALLOW | {"serverExceptions": {"*.tim.test": {}}},
        ALLOW | {"serverExceptions": {"": {}}},
        ALLOW | {"groupExceptions": "isInsuredPerson"},
        ALLOW | {"groupExceptions": ["isPharmacist"]},
        ALLOW | {"groupExceptions": [{"groupName": "isPharmacist"}]},
        ALLOW | {"groupExceptions": [{}]},
    ],
)
def test_what_does_not_follow_the_schema_is_unreadable(content: Any) -> None:
    with pytest.raises(UnreadablePermissionConfig):
        parse_permission_config(content)


def test_the_frozen_form_in_which_synapse_hands_it_out_reads_the_same() -> None:
    frozen = immutabledict(
        defaultSetting="block all",
        userExceptions=immutabledict({"@anna:pflege.tim.test": immutabledict()}),
        groupExceptions=(immutabledict(groupName="isInsuredPerson"),),
    )
    assert parse_permission_config(frozen) == parse_permission_config(BLOCK | BY_USER | BY_GROUP_OBJECT)


@given(
    st.dictionaries(
        st.sampled_from(["defaultSetting", "userExceptions", "serverExceptions", "groupExceptions"]),
        st.none()
        | st.text()
        | st.sampled_from(["allow all", "block all"])
        | st.lists(st.text() | st.dictionaries(st.text(), st.text()))
        | st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers()) | st.none()),
    )
)
def test_reading_is_total(content: dict[str, Any]) -> None:
    with contextlib.suppress(UnreadablePermissionConfig):
        parse_permission_config(content)


def test_the_error_repeats_nothing_of_the_content() -> None:
    with pytest.raises(UnreadablePermissionConfig) as caught:
        parse_permission_config(ALLOW | {"userExceptions": {"@geheim:praxis.tim.test": 7}})
    assert "geheim" not in str(caught.value)


OWN = parse_server_name("praxis.tim.test")
NEWER, OLDER = ACCOUNT_DATA_TYPES[Product.PRO]
DEFAULT = Unconfigured.ALLOW_ALL.content(OWN)


@pytest.mark.parametrize("unconfigured", Unconfigured)
def test_what_new_users_get_means_what_counts_without_it(unconfigured: Unconfigured) -> None:
    assert parse_permission_config(unconfigured.content(OWN)) == unconfigured.config(OWN)


@pytest.mark.requirement("A_25044")
@pytest.mark.requirement("A_25258")
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({NEWER: (BLOCK, 1)}, BLOCK, id="newer only"),
        pytest.param({OLDER: (BLOCK, 1)}, BLOCK, id="older only"),
        pytest.param({NEWER: (ALLOW | BY_USER, 1), OLDER: (BLOCK, 2)}, ALLOW | BY_USER, id="newer wins over older"),
        pytest.param({NEWER: (BLOCK | BY_USER, 1), OLDER: (ALLOW, 2)}, BLOCK | BY_USER, id="newer that blocks wins"),
        pytest.param({NEWER: (DEFAULT, 1), OLDER: (BLOCK, 2)}, BLOCK, id="older, stored over what new users get"),
        pytest.param({NEWER: (ALLOW, 2), OLDER: (BLOCK, 1)}, ALLOW, id="newer, stored after the older"),
        pytest.param({"m.direct": (BLOCK, 1)}, None, id="another type"),
    ],
)
def test_one_of_the_stored_configurations_counts(
    stored: dict[str, tuple[dict[str, Any], int]], expected: dict[str, Any] | None
) -> None:
    found = config_in_force({name: StoredConfig(*value) for name, value in stored.items()}, Product.PRO, OWN)
    assert found == (None if expected is None else parse_permission_config(expected))


@pytest.mark.requirement("A_26390")
@pytest.mark.parametrize("product", Product)
def test_an_unreadable_newer_one_is_not_replaced_by_an_older_one(product: Product) -> None:
    newer, older = ACCOUNT_DATA_TYPES[product]
    found = config_in_force({newer: StoredConfig({}, 1), older: StoredConfig(ALLOW, 2)}, product, OWN)
    assert isinstance(found, UnreadablePermissionConfig)
