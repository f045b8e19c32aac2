"""Profiles: what one edition of the specification demands of one kind of homeserver, as data.

`profiles/*.yaml` holds every number; the rules hold none. An operator names a profile and may refuse more.
"""

import difflib
import enum
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, get_args

import yaml

from tim_policy.errors import ConfigError
from tim_policy.parameters import Parameters, changed, unsafe_keys
from tim_policy.permission_config import Product
from tim_policy.rules import (
    create_room_consistency,
    create_room_encryption,
    create_room_invitees,
    create_room_own_server,
    create_room_public,
    create_room_size,
    create_room_third_party,
    create_room_type,
    create_room_version,
    directory_shared_room,
    event_reaction,
    event_redaction_age,
    event_thread,
    invite_direct_room,
    invite_federation,
    invite_insured,
    invite_insurers,
    invite_invitee,
    invite_permission,
    redaction_of_state,
    request_chatbot_name,
    request_display_name,
    request_federation_profile,
    request_federation_room_directory,
    request_federation_version,
    request_guest,
    request_login_token,
    request_presence_status,
    request_profile_login,
    request_profile_shared_room,
    request_redaction_target,
    request_room_directory,
    request_room_directory_login,
    request_support_method,
    request_url_preview,
    room_alias,
    room_join,
    room_listing,
    state_encryption,
    state_guest_access,
    state_history_visibility,
    state_join_rule,
    state_join_rule_public,
    state_power_levels,
    state_server_acl,
    state_shape,
    state_tombstone,
)
from tim_policy.settings import Settings, load_settings


class ProfileName(enum.StrEnum):
    """The profiles that ship with the suite, by product and edition of gemSpec_TI-M_Basis."""

    PRO_1_1 = "pro-basis-1.1"
    PRO_1_2 = "pro-basis-1.2"
    EPA_1_1 = "epa-basis-1.1"
    EPA_1_2 = "epa-basis-1.2"


class RuleSet(Settings):
    """The parameters of every rule, by the name of its file; None: the rule is not in force.

    Every key must be there: nobody leaves a rule out by accident.
    """

    invite_federation: invite_federation.Parameters | None
    invite_insured: invite_insured.Parameters | None
    invite_insurers: invite_insurers.Parameters | None
    invite_invitee: invite_invitee.Parameters | None
    invite_direct_room: invite_direct_room.Parameters | None
    invite_permission: invite_permission.Parameters | None

    event_reaction: event_reaction.Parameters | None
    event_thread: event_thread.Parameters | None
    event_redaction_age: event_redaction_age.Parameters | None

    create_room_size: create_room_size.Parameters | None
    create_room_version: create_room_version.Parameters | None
    create_room_type: create_room_type.Parameters | None
    create_room_third_party: create_room_third_party.Parameters | None
    create_room_invitees: create_room_invitees.Parameters | None
    create_room_public: create_room_public.Parameters | None
    create_room_consistency: create_room_consistency.Parameters | None
    create_room_own_server: create_room_own_server.Parameters | None
    create_room_encryption: create_room_encryption.Parameters | None

    state_shape: state_shape.Parameters | None
    state_join_rule_public: state_join_rule_public.Parameters | None
    state_join_rule: state_join_rule.Parameters | None
    state_history_visibility: state_history_visibility.Parameters | None
    state_encryption: state_encryption.Parameters | None
    state_guest_access: state_guest_access.Parameters | None
    state_power_levels: state_power_levels.Parameters | None
    state_server_acl: state_server_acl.Parameters | None
    state_tombstone: state_tombstone.Parameters | None

    redaction_of_state: redaction_of_state.Parameters | None
    room_alias: room_alias.Parameters | None
    room_listing: room_listing.Parameters | None
    room_join: room_join.Parameters | None

    request_room_directory: request_room_directory.Parameters | None
    request_room_directory_login: request_room_directory_login.Parameters | None
    request_federation_room_directory: request_federation_room_directory.Parameters | None
    request_federation_version: request_federation_version.Parameters | None
    request_federation_profile: request_federation_profile.Parameters | None
    request_profile_login: request_profile_login.Parameters | None
    request_profile_shared_room: request_profile_shared_room.Parameters | None
    request_guest: request_guest.Parameters | None
    request_login_token: request_login_token.Parameters | None
    request_url_preview: request_url_preview.Parameters | None
    request_support_method: request_support_method.Parameters | None
    request_presence_status: request_presence_status.Parameters | None
    request_display_name: request_display_name.Parameters | None
    request_chatbot_name: request_chatbot_name.Parameters | None
    request_redaction_target: request_redaction_target.Parameters | None

    directory_shared_room: directory_shared_room.Parameters | None


RULE_PARAMETERS: Mapping[str, type[Parameters]] = {
    name: get_args(field.annotation)[0] for name, field in RuleSet.model_fields.items()
}
"""The parameters' model of every rule."""


class Interfaces(Settings):
    """What a homeserver offers its clients besides Matrix; contact lists come with `rules.invite_permission`.

    Args:
        information: TiMessengerInformation.
        client_report: Structured Data Client Report.
        support: the operator has to name contacts for `/.well-known/matrix/support`.
    """

    information: bool
    client_report: bool
    support: bool


class Profile(Settings):
    """One profile.

    Args:
        profile: its name.
        product: `pro` for professionals, `epa` for an insurer's homeserver for insured persons.
        specifications: the documents and editions it follows.
        interfaces: see `Interfaces`.
        rules: see `RuleSet`.
    """

    profile: ProfileName
    product: Product
    specifications: dict[str, str]
    interfaces: Interfaces
    rules: RuleSet


def load_profile(data: Any, where: str) -> Profile:
    """Read a profile.

    Args:
        data: parsed YAML, of any type.
        where: the file's name, for messages.

    Raises:
        ConfigError: one line per fault.
    """
    return load_settings(Profile, data, where)


def shipped_profile(name: ProfileName) -> Profile:
    """One of the profiles of this package; its data files are as much a part of it as its code."""
    file = f"{name}.yaml"
    return load_profile(yaml.safe_load(files("tim_policy").joinpath("profiles", file).read_bytes()), file)


def with_changes(profile: Profile, changes: Mapping[str, Any], where: str) -> tuple[Profile, tuple[str, ...]]:
    """Apply what an operator changes.

    Args:
        profile: as it ships.
        changes: rule's name → change, see `parameters.changed`.
        where: name of the configuration block, for messages.

    Returns:
        The profile in force, and the changes that allow more than the specification, e.g.
        `create_room_invitee_count.unsafe_max_invitees`.

    Raises:
        ConfigError: one line per fault.
    """
    rules: dict[str, Any] = {name: getattr(profile.rules, name) for name in RuleSet.model_fields}
    faults: list[str] = []
    unsafe: list[str] = []
    for name, change in changes.items():
        if name not in rules:
            near = difflib.get_close_matches(str(name), rules, n=1)
            faults.append(f"{where}.{name}: unknown rule; did you mean '{near[0] if near else min(rules)}'?")
            continue
        try:
            rules[name] = changed(RULE_PARAMETERS[name], rules[name], change, f"{where}.{name}")
        except ConfigError as error:
            faults.append(str(error))
            continue
        unsafe += [f"{name}.{key}" for key in unsafe_keys(change)]
    if faults:
        raise ConfigError("\n".join(faults))
    return profile.model_copy(update={"rules": RuleSet.model_construct(**rules)}), tuple(unsafe)


def profile_schema() -> dict[str, Any]:
    """The JSON schema of a profile file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Profile.model_json_schema()}
