"""The answer of every rule: allow, or deny with a reason from a closed set."""

import enum
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """Closed set: the same word is log field, metric label and test oracle."""

    NO_VERIFIED_LIST = "no_verified_list"
    SERVER_NOT_LISTED = "server_not_listed"
    INVALID_SERVER_NAME = "invalid_server_name"
    SERVER_OUTSIDE_REGION = "server_outside_region"
    SERVER_REGION_UNKNOWN = "server_region_unknown"
    INVITE_OF_ONESELF = "invite_of_oneself"
    INVITEE_UNKNOWN = "invitee_unknown"
    INSURERS_REFUSED = "insurers_refused"
    DIRECT_ROOM_FULL = "direct_room_full"
    INSURED_TO_INSURED = "insured_to_insured"
    BLOCKED_BY_INVITEE = "blocked_by_invitee"
    UNREADABLE_PERMISSION_CONFIG = "unreadable_permission_config"
    UNREADABLE_REQUEST = "unreadable_request"
    THIRD_PARTY_INVITE = "third_party_invite"
    NOT_ONE_EMOJI = "not_one_emoji"
    THREAD = "thread"
    UNKNOWN_EVENT = "unknown_event"
    TOO_OLD_TO_REDACT = "too_old_to_redact"
    REQUEST_TOO_LARGE = "request_too_large"
    CONTRADICTORY_ROOM = "contradictory_room"
    ROOM_VERSION = "room_version"
    ROOM_TYPE = "room_type"
    TOO_MANY_INVITEES = "too_many_invitees"
    ROOM_STAYS_ON_ITS_SERVER = "room_stays_on_its_server"
    PUBLIC_ROOM = "public_room"
    PUBLIC_LATER = "public_later"
    NOT_A_PUBLIC_ROOM = "not_a_public_room"
    JOIN_RULE = "join_rule"
    HISTORY_FOR_EVERYBODY = "history_for_everybody"
    NOT_ENCRYPTED = "not_encrypted"
    PUBLIC_ROOM_ENCRYPTED = "public_room_encrypted"
    GUESTS = "guests"
    POWER_LEVELS = "power_levels"
    SERVER_ACL = "server_acl"
    REPLACEMENT_ROOM = "replacement_room"
    PROTECTED_STATE = "protected_state"
    ROOM_ALIAS = "room_alias"
    NOT_INVITED = "not_invited"
    NOT_OFFERED = "not_offered"
    LOGIN_REQUIRED = "login_required"
    SIGNATURE_REQUIRED = "signature_required"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NO_SHARED_ROOM = "no_shared_room"
    STATUS_TOO_LONG = "status_too_long"
    NAME_IS_FIXED = "name_is_fixed"
    CHATBOT_SUFFIX = "chatbot_suffix"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Allow:
    """No rule objects."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a refusal looks on the wire.

    Args:
        status: HTTP status.
        errcode: Matrix error code.
    """

    status: int
    errcode: str


FORBIDDEN = Refusal(403, "M_FORBIDDEN")
BAD_JSON = Refusal(400, "M_BAD_JSON")


@dataclass(frozen=True, slots=True)
class Deny:
    """A rule objects.

    Args:
        requirement: the requirement that demands the refusal: gematik's, e.g. `A_25534`, or `EU_RESIDENCY`.
        reason: why.
        refusal: what the client gets; rules leave it alone, `registry.judge` puts in what the profile says.
    """

    requirement: str
    reason: Reason
    refusal: Refusal = FORBIDDEN


Decision = Allow | Deny
