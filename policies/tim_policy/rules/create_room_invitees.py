"""Every invitee of a createRoom request can be judged before the room exists (A_25534, A_26021-01).

The request is raw JSON that no one has looked at yet; whatever could become an invite without a user id that can
be judged is refused.
"""

from collections.abc import Mapping

from tim_policy.decision import Deny, Reason
from tim_policy.errors import InvalidName
from tim_policy.names import UserId, parse_user_id

REQUIREMENT = "A_25534"

_MEMBERSHIP_EVENTS = ("m.room.member", "m.room.third_party_invite")


def invitees(request: object) -> tuple[UserId, ...] | Deny:
    """The users a createRoom request invites, or why it cannot be judged.

    Args:
        request: the body of `POST /createRoom` as any JSON value.

    Returns:
        The invitees in order, or
        Deny(UNREADABLE_REQUEST) when `invite`, `invite_3pid` or `initial_state` is not of the specified shape,
        Deny(THIRD_PARTY_INVITE) for an invite by e-mail address or telephone number, whose user is unknown.
    """
    unreadable = Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    if not isinstance(request, Mapping):
        return unreadable
    invite, invite_3pid, initial_state = (request.get(key, []) for key in ("invite", "invite_3pid", "initial_state"))
    if not all(isinstance(value, list | tuple) for value in (invite, invite_3pid, initial_state)):
        return unreadable
    if invite_3pid:
        return Deny(REQUIREMENT, Reason.THIRD_PARTY_INVITE)
    if not all(_is_harmless(event) for event in initial_state):
        return unreadable
    try:
        return tuple(parse_user_id(user_id) for user_id in invite)
    except InvalidName:
        return unreadable


def _is_harmless(event: object) -> bool:
    """A state event that makes nobody a member."""
    if not isinstance(event, Mapping):
        return False
    event_type = event.get("type")
    return isinstance(event_type, str) and event_type not in _MEMBERSHIP_EVENTS
