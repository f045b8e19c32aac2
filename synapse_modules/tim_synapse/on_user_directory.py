"""Whom a search in the user directory shows: asked for every hit, through `check_username_for_spam`."""

from synapse.module_api import ModuleApi, UserProfile

from tim_policy.decision import Decision, Deny
from tim_policy.event_servers import server_of
from tim_policy.names import parse_server_name
from tim_policy.permission_config import Product
from tim_policy.profile import Profile
from tim_policy.registry import DIRECTORY_RULES, judge
from tim_policy.user_directory import DirectoryHit
from tim_synapse.callbacks import register
from tim_synapse.guard import decide
from tim_synapse.list_store import ListStore
from tim_synapse.private_front import Asker


class UserDirectoryCallbacks:
    """Synapse's callback about the user directory; the gate has one of its own.

    Args:
        api: Synapse's module interface.
        profile: in force.
        lists: keeper of the federation list.
        asker: knows who shares a room.
    """

    def __init__(self, api: ModuleApi, profile: Profile, lists: ListStore, asker: Asker) -> None:
        self._api = api
        self._profile = profile
        self._lists = lists
        self._asker = asker

    def register(self) -> None:
        """Hook into Synapse."""
        register(self._api.register_spam_checker_callbacks, check_username_for_spam=self.check_username_for_spam)

    async def check_username_for_spam(self, user: UserProfile, requester_id: str) -> bool:
        """Whether to hide a hit."""
        return isinstance(await decide("user_directory", self._judge(requester_id, user["user_id"])), Deny)

    async def _judge(self, searcher: str, found: str) -> Decision:
        is_searcher_insured, is_found_insured = self._is_insured(searcher), self._is_insured(found)
        # Only then somebody asks for it: a search has up to fifty hits.
        shares_room = (is_searcher_insured or is_found_insured) and await self._asker.share_room(searcher, found)
        facts = DirectoryHit(is_searcher_insured, is_found_insured, shares_room)
        return judge(DIRECTORY_RULES, self._profile.rules, facts)

    def _is_insured(self, user_id: str) -> bool:
        if self._api.is_mine(user_id):
            return self._profile.product is Product.EPA
        federation_list = self._lists.current()
        return federation_list is not None and federation_list.is_insurance(parse_server_name(server_of(user_id)))
