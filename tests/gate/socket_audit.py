"""A Synapse module for tests: writes down every name the process looks up and every address it connects to."""

import json
import sys
from typing import Any

from synapse.module_api import ModuleApi

_ADDRESS_AT = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.connect": 1, "socket.sendto": 1}


class SocketAudit:
    """Appends one JSON line per event to `config["file"]`: `[event, host, port]`."""

    def __init__(self, config: dict[str, Any], api: ModuleApi) -> None:  # noqa: ARG002 - Synapse's signature
        file = open(config["file"], "a", encoding="utf-8", buffering=1)  # noqa: SIM115, PTH123 - open until the end

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in _ADDRESS_AT:
                address = arguments[_ADDRESS_AT[event]]
                host, port = address[:2] if isinstance(address, tuple) else (address, arguments[1])
                file.write(json.dumps([event, str(host), str(port)]) + "\n")

        sys.addaudithook(hook)
