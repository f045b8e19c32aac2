"""Where a client can hand JSON to the rules, and what good JSON looks like there."""

from dataclasses import dataclass
from typing import Any

CLIENT = "/_matrix/client/v3"
_ROOM = f"{CLIENT}/rooms/$ROOM"
_CONFIG = "de.gematik.tim.account.permissionconfig"
_ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
_LEVELS = {
    "users": {"$USER": 100, "$COLLEAGUE": 50},
    "users_default": 0,
    "events": {"m.room.power_levels": 100, "m.room.join_rules": 100, "m.room.encryption": 100},
    "events_default": 0,
    "state_default": 50,
    "ban": 50,
    "kick": 50,
    "redact": 50,
    "invite": 50,
    "notifications": {"room": 50},
}
_PRIVATE_ROOM = {
    "preset": "private_chat",
    "visibility": "private",
    "name": "Befund Kanarienvogel",
    "topic": "Kanarienvogel",
    "invite": ["$COLLEAGUE"],
    "is_direct": True,
    "room_version": "10",
    "creation_content": {"m.federate": True, "type": "de.gematik.tim.roomtype.default.v1"},
    "initial_state": [
        _ENCRYPTION,
        {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "invited"}},
        {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "invite"}},
        {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}},
    ],
    "power_level_content_override": _LEVELS,
}
_SMALL_ROOM = {"invite": ["$COLLEAGUE"], "initial_state": [_ENCRYPTION], "invite_3pid": [], "creation_content": {}}
_PUBLIC_ROOM = {
    "preset": "public_chat",
    "visibility": "public",
    "room_alias_name": "kanarienvogel",
    "creation_content": {"m.federate": False},
    "initial_state": [{"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "public"}}],
}
_CONTACT = {"displayName": "Kanarienvogel", "mxid": "$COLLEAGUE", "inviteSettings": {"start": 1, "end": 2_000_000_000}}
_REPORT = {
    "start": "2026-03-23T12:13:23.183Z",
    "sent": [{"Fachverfahren": "de.example", "Version": "v1", "Anzahl": 1}],
    "received": [{"Fachverfahren": "de.example", "Version": "v1", "Anzahl": 2}],
}
_THIRD_PARTY = {
    "invite": [],
    "invite_3pid": [{"medium": "email", "address": "a@b.de", "id_server": "is.test", "id_access_token": "x"}],
}


@dataclass(frozen=True)
class Surface:
    """One request.

    Args:
        name: of the test; tells the oracle what to look at.
        method: of HTTP.
        path: `$ROOM`, `$USER`, … stand for what the place has, also in the templates.
        templates: bodies as they should be.
        count: of bad bodies, shared out among the homeservers.
        is_for_all: every homeserver gets all of them.
        is_interface: one of gematik's, which takes an OpenID token.
    """

    name: str
    method: str
    path: str
    templates: tuple[Any, ...]
    count: int = 16
    is_for_all: bool = False
    is_interface: bool = False

    @property
    def changes_room(self) -> bool:
        """Whether one bad body, accepted, may stand in the way of the next."""
        return not self.is_interface and (self.method == "POST" or "/state/" in self.path)


def _state(event_type: str, content: Any, state_key: str = "") -> Surface:
    return Surface(f"state {event_type}", "PUT", f"{_ROOM}/state/{event_type}/{state_key}", (content,))


SURFACES = (
    Surface(
        "createRoom",
        "POST",
        f"{CLIENT}/createRoom",
        (_PRIVATE_ROOM, _SMALL_ROOM, _PUBLIC_ROOM, _THIRD_PARTY),
        40,
        is_for_all=True,
    ),
    Surface("invite", "POST", f"{_ROOM}/invite", ({"user_id": "$COLLEAGUE", "reason": "Kanarienvogel"},), 20),
    Surface("kick", "POST", f"{_ROOM}/kick", ({"user_id": "$COLLEAGUE", "reason": "Kanarienvogel"},)),
    Surface("join", "POST", f"{_ROOM}/join", ({"reason": "x", "third_party_signed": {"sender": "$USER"}},)),
    _state("m.room.create", {"creator": "$USER", "room_version": "10", "m.federate": False}),
    _state("m.room.join_rules", {"join_rule": "invite", "allow": [{"type": "m.room_membership", "room_id": "$ROOM"}]}),
    _state("m.room.history_visibility", {"history_visibility": "invited"}),
    _state("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_ms": 604800000}),
    _state("m.room.guest_access", {"guest_access": "forbidden"}),
    _state("m.room.power_levels", _LEVELS),
    _state("m.room.server_acl", {"allow": ["*"], "deny": [], "allow_ip_literals": False}),
    _state("m.room.tombstone", {"body": "Kanarienvogel", "replacement_room": "$ROOM"}),
    _state("m.room.member", {"membership": "invite", "displayname": "Kanarienvogel", "is_direct": True}, "$COLLEAGUE"),
    _state("m.room.third_party_invite", {"display_name": "x", "key_validity_url": "https://x", "public_key": "x"}, "t"),
    _state("m.room.canonical_alias", {"alias": "#kanarienvogel:$SERVER", "alt_aliases": []}),
    _state("m.room.name", {"name": "Kanarienvogel"}),
    _state("m.room.pinned_events", {"pinned": ["$EVENT"]}),
    _state("m.space.child", {"via": ["$SERVER"], "order": "a"}, "$ROOM"),
    _state("de.gematik.tim.room.name", {"name": "Kanarienvogel"}),
    _state("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$EVENT", "key": "👍"}}),
    Surface(
        "reaction",
        "PUT",
        f"{_ROOM}/send/m.reaction/$TXN",
        ({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$EVENT", "key": "👍"}},),
        25,
    ),
    Surface("redact", "PUT", f"{_ROOM}/redact/$EVENT/$TXN", ({"reason": "Kanarienvogel"},)),
    Surface("redaction", "PUT", f"{_ROOM}/send/m.room.redaction/$TXN", ({"redacts": "$EVENT", "reason": "x"},), 20),
    Surface(
        "message",
        "PUT",
        f"{_ROOM}/send/m.room.message/$TXN",
        (
            {
                "msgtype": "m.text",
                "body": "Kanarienvogel",
                "m.relates_to": {"rel_type": "m.thread", "event_id": "$EVENT"},
            },
            {"msgtype": "m.text", "body": "x", "m.relates_to": {"m.in_reply_to": {"event_id": "$EVENT"}}},
        ),
        20,
    ),
    Surface(
        "encrypted",
        "PUT",
        f"{_ROOM}/send/m.room.encrypted/$TXN",
        ({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "m.relates_to": {"rel_type": "m.thread"}},),
    ),
    *(
        Surface(
            f"permission config {variant}",
            "PUT",
            f"{CLIENT}/user/$USER/account_data/{_CONFIG}.{variant}",
            (
                {
                    "defaultSetting": "allow all",
                    "userExceptions": {"$COLLEAGUE": {}},
                    "serverExceptions": {"$SERVER": {}},
                    "groupExceptions": [{"groupName": "isInsuredPerson"}],
                },
            ),
            20,
        )
        for variant in ("pro.v1", "epa.v1")
    ),
    Surface(
        "presence", "PUT", f"{CLIENT}/presence/$USER/status", ({"presence": "online", "status_msg": "x" * 251},), 15
    ),
    Surface("listing", "PUT", f"{CLIENT}/directory/list/room/$ROOM", ({"visibility": "public"},), 15),
    Surface("alias", "PUT", f"{CLIENT}/directory/room/%23$TXN%3A$SERVER", ({"room_id": "$ROOM"},)),
    Surface("upgrade", "POST", f"{_ROOM}/upgrade", ({"new_version": "10"},), 15),
    Surface("display name", "PUT", f"{CLIENT}/profile/$USER/displayname", ({"displayname": "Kanarienvogel"},)),
    Surface("avatar", "PUT", f"{CLIENT}/profile/$USER/avatar_url", ({"avatar_url": "mxc://x/y"},)),
    Surface("user directory", "POST", f"{CLIENT}/user_directory/search", ({"search_term": "$BLOCKER", "limit": 5},)),
    Surface("room directory", "POST", f"{CLIENT}/publicRooms", ({"limit": 5, "filter": {"generic_search_term": "x"}},)),
    Surface("guest", "POST", f"{CLIENT}/register?kind=guest", ({"initial_device_display_name": "x"},)),
    *(
        Surface(f"{method} contact", method, "/tim-contact-mgmt/v1.0.2/contacts", (_CONTACT,), is_interface=True)
        for method in ("POST", "PUT")
    ),
    Surface("client report", "POST", "/tim-client-report/report", (_REPORT,), 20, is_interface=True),
    Surface("login token", "POST", "/_matrix/client/v1/login/get_token", ({"auth": {"type": "m.login.password"}},)),
)
"""Every request that a rule looks at."""
