"""Adds a document to Synapse's `/.well-known/matrix/`: read at 1.163.2, tried at every start.

A module cannot register a path below one that Synapse serves itself, only replace that one. So what Synapse has there
is built once more, with our document beside it. `tim_synapse.private` says what this file may do and why.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

from synapse.module_api import ModuleApi
from synapse.rest.well_known import well_known_resource
from twisted.web.resource import Resource

from tim_policy.errors import ConfigError

_PATH = "/.well-known/matrix"
_OF_SYNAPSE = {b"client", b"server"}


def add_well_known(api: ModuleApi, name: str, resource: Resource) -> None:
    """Serve `resource` as `/.well-known/matrix/{name}`, on every listener; before Synapse opens them.

    Raises:
        ConfigError: this Synapse serves its own documents in another way; it is not started.
    """
    matrix = well_known_resource(api._hs).children.get(b"matrix")
    if matrix is None or set(matrix.children) != _OF_SYNAPSE:
        raise ConfigError(f"this Synapse serves {_PATH} in another way; use a tested version")
    matrix.putChild(name.encode(), resource)
    api.register_web_resource(_PATH, matrix)
