"""Where the directory is."""

from tim_bots.base_url import BaseUrl
from tim_policy.settings import Settings


class DirectoryConfig(Settings):
    """The directory's FHIR proxy, asked with the bot's own OpenID token."""

    url: BaseUrl
    """Base URL; below it are `/tim-authenticate` and `/search`."""
