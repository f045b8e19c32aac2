"""Descriptions of hits in the user directory for `tim policy explain`."""

from tim_policy.permission_config import Product
from tim_policy.settings import Settings
from tim_policy.user_directory import DirectoryHit


class DirectoryDescription(Settings):
    """A hit; see `DirectoryHit`."""

    is_searcher_insured: bool
    is_found_insured: bool
    shares_room: bool = False

    def facts(self, product: Product) -> DirectoryHit:  # noqa: ARG002 - the same for both
        """The facts of `DIRECTORY_RULES`."""
        return DirectoryHit(self.is_searcher_insured, self.is_found_insured, self.shares_room)
