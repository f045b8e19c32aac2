"""createRoom: all invitees are known before the room exists, or there is no room."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.decision import Deny, Reason
from tim_policy.names import UserId
from tim_policy.rules.create_room_invitees import invitees

ANNA = "@anna:pflege.tim.test"


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({}, []),
        ({"invite": []}, []),
        ({"invite": [ANNA]}, [ANNA]),
        ({"invite": [ANNA, "@b:fremd.test"], "preset": "trusted_private_chat"}, [ANNA, "@b:fremd.test"]),
        ({"invite_3pid": [], "invite": [ANNA]}, [ANNA]),
        ({"initial_state": [{"type": "m.room.encryption", "content": {}}], "invite": [ANNA]}, [ANNA]),
    ],
)
def test_the_invitees_are_found(request_body: dict[str, Any], expected: list[str]) -> None:
    found = invitees(request_body)
    assert not isinstance(found, Deny)
    assert [str(user_id) for user_id in found] == expected


@pytest.mark.requirement("A_25534")
@pytest.mark.parametrize(
    ("request_body", "reason"),
    [
        (None, Reason.UNREADABLE_REQUEST),
        ([], Reason.UNREADABLE_REQUEST),
        ({"invite": None}, Reason.UNREADABLE_REQUEST),
        ({"invite": ANNA}, Reason.UNREADABLE_REQUEST),
        ({"invite": {ANNA: {}}}, Reason.UNREADABLE_REQUEST),
        ({"invite": [7]}, Reason.UNREADABLE_REQUEST),
        ({"invite": [[ANNA]]}, Reason.UNREADABLE_REQUEST),
        ({"invite": [ANNA, "nonsense"]}, Reason.UNREADABLE_REQUEST),
        ({"invite_3pid": "a@b.de"}, Reason.UNREADABLE_REQUEST),
        ({"invite_3pid": [{"medium": "email", "address": "a@b.de"}]}, Reason.THIRD_PARTY_INVITE),
        ({"initial_state": {}}, Reason.UNREADABLE_REQUEST),
        ({"initial_state": [7]}, Reason.UNREADABLE_REQUEST),
        ({"initial_state": [{"content": {}}]}, Reason.UNREADABLE_REQUEST),
        ({"initial_state": [{"type": "m.room.member", "state_key": ANNA}]}, Reason.UNREADABLE_REQUEST),
        ({"initial_state": [{"type": "m.room.third_party_invite"}]}, Reason.UNREADABLE_REQUEST),
    ],
)
def test_an_invitee_that_cannot_be_judged_is_refused(request_body: Any, reason: Reason) -> None:
    assert invitees(request_body) == Deny("A_25534", reason)


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(ANNA),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(
    JSON_VALUES
    | st.fixed_dictionaries({}, optional=dict.fromkeys(["invite", "invite_3pid", "initial_state"], JSON_VALUES))
)
def test_the_parser_is_total(request_body: Any) -> None:
    found = invitees(request_body)
    assert isinstance(found, Deny) or all(isinstance(user_id, UserId) for user_id in found)
