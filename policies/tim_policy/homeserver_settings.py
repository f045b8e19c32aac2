"""Settings of Synapse that the rules rely on, or that fit them.

One table for the example, the sandbox, and the check at start.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tim_policy.permission_config import Product
from tim_policy.profile import Profile


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of homeserver.yaml.

    Args:
        key: where it stands, e.g. `user_directory.search_all_users`.
        value: what it should be.
        reason: half a sentence for the operator.
        requirement: what asks for it; empty: nothing does, it only fits.
        rule: without which nobody needs it; None: it does not depend on a rule.
        product: whose homeservers need it; None: all.
        is_required: any other value keeps the homeserver from starting.
    """

    key: str
    value: Any
    reason: str
    requirement: str = ""
    rule: str | None = None
    product: Product | None = None
    is_required: bool = True

    def applies_to(self, profile: Profile) -> bool:
        """Whether homeservers of this profile, with the rules that are in force, need it."""
        if self.product not in (None, profile.product):
            return False
        return self.rule is None or getattr(profile.rules, self.rule) is not None


SETTINGS: tuple[Setting, ...] = (
    Setting("allow_guest_access", False, "there are no guest accounts", "REF_GUEST", "request_guest"),
    Setting(
        "login_via_existing_session.enabled",
        False,
        "a session does not sign in another one without the second factor",
        "REF_LOGIN_TOKEN",
        "request_login_token",
    ),
    Setting(
        "require_auth_for_profile_requests",
        True,
        "profiles are shown to people who have logged in",
        "A_26289",
        "request_profile_login",
    ),
    Setting(
        "limit_profile_requests_to_users_who_share_rooms",
        True,
        "insured persons see the profiles of people they share a room with",
        "A_26290",
        "request_profile_shared_room",
        Product.EPA,
    ),
    Setting(
        "user_directory.search_all_users",
        False,
        "insured persons find only people they share a room with",
        "A_26375",
        "directory_shared_room",
        Product.EPA,
    ),
    Setting(
        "user_directory.search_all_users",
        True,
        "people find colleagues they share no room with yet",
        "A_26375",
        product=Product.PRO,
        is_required=False,
    ),
    Setting(
        "allow_public_rooms_without_auth",
        False,
        "the room directory needs a login",
        "A_26518",
        "request_room_directory_login",
    ),
    Setting(
        "allow_public_rooms_over_federation",
        False,
        "other homeservers get no room directory",
        "A_26520",
        "request_federation_room_directory",
    ),
    Setting(
        "room_list_publication_rules",
        ({"action": "allow"},),
        "colleagues find public rooms: by default Synapse lists none; the module lists those of the own server only",
        product=Product.PRO,
        is_required=False,
    ),
    Setting(
        "url_preview_enabled",
        False,
        "the homeserver opens no links that people write to each other",
        "A_26344",
        "request_url_preview",
    ),
    Setting(
        "enable_set_displayname",
        False,
        "the organisation says who somebody is",
        "REF_DISPLAY_NAME",
        "request_display_name",
    ),
    Setting(
        "allow_per_room_profiles",
        False,
        "or people would rename themselves room by room",
        "REF_DISPLAY_NAME",
        "request_display_name",
    ),
    Setting("default_room_version", "10", "clients of TI-M know room versions up to 10", "A_26248"),
    Setting("forget_rooms_on_leave", False, "a room that was left stays visible until it is forgotten", "A_28343"),
    Setting(
        "experimental_features.msc3814_enabled",
        True,
        "dehydrated devices: messages of the time between two logins can be read",
        "A_26574",
    ),
    Setting(
        "experimental_features.msc4169_enabled",
        True,
        "or Synapse answers 500 to a redaction that comes as an ordinary event",
        "A_25641-01",
        "request_redaction_target",
    ),
    Setting(
        "enable_authenticated_media",
        False,
        "media can be read by the older endpoints without a login too; true is safer (docs/adr/0023-older-media.md)",
        "A_26263",
        is_required=False,
    ),
    Setting(
        "presence.enabled", False, "clients of a practice need none, and it tells who is there when", is_required=False
    ),
    Setting(
        "media_retention.local_media_lifetime",
        "90d",
        "files do not stay for ever; retention policies with a time for them ask for it",
        is_required=False,
    ),
    Setting(
        "media_retention.remote_media_lifetime",
        "14d",
        "copies of other homeservers' files; every retention policy asks for it",
        is_required=False,
    ),
    Setting("enable_registration", False, "accounts are created by the organisation", is_required=False),
    Setting("report_stats", False, "no figures leave the homeserver", is_required=False),
)
"""In the order of the example."""


def settings_for(profile: Profile, *, only_required: bool = False) -> Iterator[Setting]:
    """The settings that apply to a profile."""
    return (
        setting for setting in SETTINGS if setting.applies_to(profile) and (setting.is_required or not only_required)
    )


def contradictions(profile: Profile, actual: Mapping[str, Any]) -> tuple[str, ...]:
    """What keeps a homeserver from starting: one line per setting, with the value it has to have.

    Args:
        profile: the rules in force.
        actual: value by key, of every required setting.
    """
    return tuple(
        f"homeserver.yaml: {setting.key}: must be {json.dumps(setting.value)} for {profile.profile}: {setting.reason} "
        f"({setting.requirement}){_remedy(setting)}"
        for setting in settings_for(profile, only_required=True)
        if actual[setting.key] != setting.value
    )


def nested(settings: Iterator[Setting]) -> dict[str, Any]:
    """The settings as they stand in homeserver.yaml."""
    found: dict[str, Any] = {}
    for setting in settings:
        *blocks, name = setting.key.split(".")
        block = found
        for key in blocks:
            block = block.setdefault(key, {})
        block[name] = list(setting.value) if isinstance(setting.value, tuple) else setting.value
    return found


def _remedy(setting: Setting) -> str:
    if setting.rule is None:
        return ""
    return f"; or take the rule out of force (tim_synapse: rules: {{{setting.rule}: {{unsafe_off: true}}}})"
