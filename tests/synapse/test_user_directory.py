"""Who is hidden in the user directory: the callback, with a homeserver of two answers.

`tests/rulebook` searches on real homeservers; they learn of people elsewhere only minutes later.
"""

from typing import Any

import pytest

from tests.policy.profiles import PROFILES
from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.names import parse_server_name
from tim_policy.profile import ProfileName
from tim_synapse.on_user_directory import UserDirectoryCallbacks

DOCTOR, COLLEAGUE = "@weber:praxis.tim.test", "@empfang:praxis.tim.test"
PATIENT, OTHER = "@anna:kasse.tim.test", "@berta:kasse.tim.test"
LISTED = FederationList.of(
    1,
    [
        ListedServer(parse_server_name("praxis.tim.test"), "1-20", is_insurance=False),
        ListedServer(parse_server_name("kasse.tim.test"), "8-10", is_insurance=True),
    ],
)


class Homeserver:
    """The doctor shares a room with the patient, and nobody else with anybody."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name

    def is_mine(self, user_id: str) -> bool:
        return user_id.endswith(":" + self.server_name)

    def current(self) -> FederationList:
        return LISTED

    async def share_room(self, user_id: str, other: str) -> bool:
        return {user_id, other} == {DOCTOR, PATIENT}


@pytest.mark.requirement("A_26374")
@pytest.mark.requirement("A_26375")
@pytest.mark.parametrize(
    ("server_name", "profile", "searcher", "found", "is_hidden"),
    [
        ("praxis.tim.test", ProfileName.PRO_1_2, DOCTOR, COLLEAGUE, False),
        ("praxis.tim.test", ProfileName.PRO_1_2, DOCTOR, PATIENT, False),
        ("praxis.tim.test", ProfileName.PRO_1_2, COLLEAGUE, PATIENT, True),
        ("praxis.tim.test", ProfileName.PRO_1_1, COLLEAGUE, PATIENT, True),
        ("kasse.tim.test", ProfileName.EPA_1_2, PATIENT, DOCTOR, False),
        ("kasse.tim.test", ProfileName.EPA_1_2, PATIENT, COLLEAGUE, True),
        ("kasse.tim.test", ProfileName.EPA_1_2, PATIENT, OTHER, True),
        ("kasse.tim.test", ProfileName.EPA_1_1, OTHER, PATIENT, True),
        pytest.param("praxis.tim.test", ProfileName.PRO_1_2, DOCTOR, "@a:no server", True, id="no server name"),
    ],
)
async def test_who_is_hidden(
    server_name: str, profile: ProfileName, searcher: str, found: str, is_hidden: bool
) -> None:
    homeserver: Any = Homeserver(server_name)
    callbacks = UserDirectoryCallbacks(homeserver, PROFILES[profile], homeserver, homeserver)
    hit: Any = {"user_id": found, "display_name": "", "avatar_url": None}
    assert await callbacks.check_username_for_spam(hit, searcher) is is_hidden
