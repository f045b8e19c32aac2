"""What every resource for administrators asks of a request."""

from http import HTTPStatus

from synapse.http.site import SynapseRequest
from synapse.module_api import ModuleApi
from synapse.module_api.errors import Codes, SynapseError


async def require_admin(api: ModuleApi, request: SynapseRequest) -> str:
    """The user id of the server admin who asks.

    Raises:
        SynapseError: 401 without a valid token, 403 for everybody else.
    """
    requester = await api.get_user_by_req(request)
    user_id = requester.user.to_string()
    if not await api.is_user_admin(user_id):
        raise SynapseError(HTTPStatus.FORBIDDEN, "Only server admins may use this API", Codes.FORBIDDEN)
    return user_id


def path_below(request: SynapseRequest) -> list[str]:
    """What follows the resource's path; Twisted has decoded the percent signs."""
    return [part.decode("utf-8", "replace") for part in request.postpath or []]


def not_found(what: str) -> SynapseError:
    """The answer to an unknown path of the API that `what` names."""
    return SynapseError(HTTPStatus.NOT_FOUND, f"No such endpoint of {what}", Codes.NOT_FOUND)
