"""The bot process as `tim bot run` starts it."""

import asyncio
import sys
from pathlib import Path

from tim_bots.config import load_config
from tim_bots.logs import configure_logging
from tim_bots.process import run_bots
from tim_policy.errors import TimError

if __name__ == "__main__":
    configure_logging()
    try:
        asyncio.run(run_bots([load_config(Path(sys.argv[1]))]))
    except TimError as error:
        sys.exit(f"tim: {error}")
