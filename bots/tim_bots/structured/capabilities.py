"""Tells other programs, in the bot's profile, which structured data its device understands (after MSC4401)."""

from urllib.parse import quote

from nio import AsyncClient

from tim_bots.incoming import FLOW_BLOCK
from tim_bots.matrix_http import RequestFailed, call, is_final
from tim_bots.structured.status import RESPONSE
from tim_bots.structured.step import FHIR_EVENT
from tim_bots.structured.validation import Schema, require_valid

FIELD = "de.gematik.client_capability."
CAPABILITIES = {
    "events": [
        {"type": FHIR_EVENT, "content": [{"key": "de\\.gematik\\.fhir\\.structure_definition.type", "value": kind}]}
        for kind in ("Appointment",)
    ]
    + [
        {"type": RESPONSE},
        {
            "type": "m.room.message",
            "content": [{"key": FLOW_BLOCK.replace(".", "\\.") + ".flow", "value": "appointment"}],
        },
    ]
}
"""Dots within a key are escaped as in the conditions of push rules."""
_REFUSED = 300


async def announce(client: AsyncClient) -> bool:
    """Publish the capabilities of this device.

    The field is named by the device id. Synapse accepts lower case only in the names of profile fields, so where the
    exact name is refused the device id is written in lower case.

    Returns:
        Whether the homeserver stored them; one without profile fields does not.

    Raises:
        RequestFailed, TokenRevoked: the homeserver cannot answer now.
    """
    require_valid(Schema.CLIENT_CAPABILITIES, CAPABILITIES)
    for device_id in (client.device_id, client.device_id.lower()):
        name = f"{FIELD}{device_id}"
        path = f"/_matrix/client/v3/profile/{quote(client.user_id)}/{quote(name)}"
        status, answer = await call(client, "PUT", path, {name: CAPABILITIES})
        if status < _REFUSED:
            return True
        if not is_final(status):
            raise RequestFailed(status, str(answer.get("errcode", "")))
    return False
