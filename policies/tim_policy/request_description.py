"""Descriptions of HTTP requests for `tim policy explain`."""

from typing import Any

from tim_policy.endpoint import Endpoint
from tim_policy.permission_config import Product
from tim_policy.request import RequestFacts
from tim_policy.settings import Settings


class RequestDescription(Settings):
    """A request; see `RequestFacts`."""

    method: str = "GET"
    endpoint: Endpoint
    is_logged_in: bool = False
    is_signed: bool = False
    is_guest: bool = False
    is_by_admin: bool = False
    is_about_oneself: bool = False
    shares_room: bool = False
    display_name: str | None = None
    body: dict[str, Any] | None = None

    def facts(self, product: Product) -> RequestFacts:  # noqa: ARG002 - the same for both
        """The facts of `REQUEST_RULES`."""
        return RequestFacts(**{name: getattr(self, name) for name in type(self).model_fields})
