"""The REST API as the operator writes it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from tim_policy.settings import Settings


class ApiConfig(Settings):
    """Serves on the loopback interface only; put a TLS proxy in front of it for other machines."""

    port: Annotated[int, Field(ge=1, le=65535)]
    token_file: Path
    """A secret of at least 32 characters that programs send as bearer token; readable by the bot's user only."""
