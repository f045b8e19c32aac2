"""The client report as the operator configures it."""

from datetime import timedelta
from pathlib import Path

from tim_bots.base_url import BaseUrl
from tim_policy.settings import Settings
from tim_policy.units import Duration


class ClientReportConfig(Settings):
    """Where the counts of structured messages are reported."""

    url: BaseUrl | None = None
    """Base URL of the API, without "/report"; None: the bot's homeserver, below /tim-client-report."""
    token_file: Path | None = None
    """Holds the bearer token, and is needed for a `url` of another server; None: the bot's own access token."""
    interval: Duration = timedelta(days=1)
    """Between two reports."""
