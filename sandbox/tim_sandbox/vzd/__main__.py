"""`python -m tim_sandbox.vzd`: run the stand-in VZD as a process of its own."""

import argparse
import logging
from pathlib import Path

from aiohttp import web

from tim_sandbox.vzd import BANNER
from tim_sandbox.vzd.app import Vzd

_ACCESS_LOG_FORMAT = "%s %r"
"""Status and request line: tokens stand in headers and bodies."""


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tim_sandbox.vzd")
    parser.add_argument("--dir", type=Path, required=True, help="holds config.json and federation.json")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("tim_sandbox.vzd").warning("%s", f" {BANNER} ".center(72, "*"))
    access_log = logging.getLogger("tim_sandbox.vzd.access")
    access_log.setLevel(logging.INFO)
    web.run_app(
        Vzd(arguments.dir).application(),
        host="127.0.0.1",
        port=arguments.port,
        print=None,
        access_log=access_log,
        access_log_format=_ACCESS_LOG_FORMAT,
    )


if __name__ == "__main__":
    main()
