"""Every private piece of nio that the guard builds on; a release that lacks one is refused at the start."""

import importlib.metadata
from types import ModuleType

from nio import AsyncClient
from nio.crypto import DeviceStore, SessionStore
from nio.crypto.olm_machine import Olm

from tim_bots.guard.validation import USERS_OF_VALIDATE_JSON
from tim_policy.errors import TimError

SUPPORTED = "0.26."
HOOKED: dict[type | ModuleType, tuple[str, ...]] = {
    Olm: (
        "verify_json",
        "share_keys",
        "should_upload_keys",
        "handle_response",
        "handle_to_device_event",
        "decrypt_event",
        "create_group_session",
        "create_outbound_group_session",
        "decrypt_megolm_event",
        "_decrypt_megolm_no_error",
        "message_index_ok",
        "check_if_wedged",
        "is_device_verified",
        "_handle_key_claiming",
        "_handle_key_query",
        "get_missing_sessions",
        "share_group_session_parallel",
        "_olm_encrypt",
        "sign_json",
        "save_account",
        "save_inbound_group_session",
        "update_tracked_users",
        "add_changed_users",
    ),
    AsyncClient: (
        "load_store",
        "send",
        "close",
        "create_matrix_response",
        "parse_body",
        "share_group_session",
        "keys_upload",
        "keys_query",
        "_handle_sync",
        "_handle_joined_state",
        "_invalidate_session_for_member_event",
    ),
    DeviceStore: ("add", "active_user_devices"),
    SessionStore: ("add", "get"),
    **dict.fromkeys(USERS_OF_VALIDATE_JSON, ("validate_json",)),
}


class UnsupportedNio(TimError):
    """The installed matrix-nio is not the one this package was written for."""


def require_supported_nio() -> None:
    """Refuse to run on a matrix-nio whose private methods may have moved.

    Raises:
        UnsupportedNio: other version, or a hooked method is gone.
    """
    version = importlib.metadata.version("matrix-nio")
    gone = [f"{owner.__name__}.{name}" for owner, names in HOOKED.items() for name in names if not hasattr(owner, name)]
    if not version.startswith(SUPPORTED) or gone:
        raise UnsupportedNio(
            f"matrix-nio {version} is installed, {SUPPORTED}* is supported"
            + (f"; it lacks {', '.join(gone)}" if gone else "")
            + "; install the pinned version: pip install 'tim-suite[bots]'"
        )
