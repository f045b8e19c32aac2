"""`/.well-known/matrix/support` (A_26265): whom to ask for help, without a login.

Only GET; everything else is 405 M_UNRECOGNIZED, as Synapse's own resources answer.
"""

from http import HTTPStatus
from typing import Any

from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource

from tim_synapse.interfaces_config import SupportConfig


class SupportResource(DirectServeJsonResource):
    """The document.

    Args:
        config: what it says.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, config: SupportConfig) -> None:
        super().__init__()
        self._document = config.model_dump(exclude_none=True)

    async def _async_render_GET(self, request: SynapseRequest) -> tuple[int, dict[str, Any]]:  # noqa: N802, ARG002 - Synapse's
        return HTTPStatus.OK, self._document
