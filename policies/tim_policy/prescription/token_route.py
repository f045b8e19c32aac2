"""Where a token may travel (workflows 1.11): § 360 Abs. 16 SGB V, § 11 ApoG, § 31 Abs. 1 SGB V.

What carries a token is a closed list in code, not a setting: nothing outside of the telematics infrastructure.
"""

import enum
from typing import Annotated

from pydantic import Field, model_validator

from tim_policy.directory.profession import CARE, PHARMACY
from tim_policy.prescription.flow_type import Carriage, flow_type
from tim_policy.prescription.sender import PRESCRIBERS
from tim_policy.prescription.token import Token
from tim_policy.settings import Settings


class Route(enum.StrEnum):
    """How far a practice lets tokens travel."""

    PATIENT_ONLY = "patient_only"
    CARE_SERVICE = "care_service"
    PHARMACY_DIRECT = "pharmacy_direct"
    """Disputed between authorities: only with legal basis, contract and the patient's consent."""


class Carrier(enum.StrEnum):
    """All that a token may leave the bot by. No mail, no bridge, no web hook."""

    ENCRYPTED_ROOM = "encrypted_room"
    KIM = "kim"
    LOCAL_PRINT = "local_print"
    LOCAL_FOLDER = "local_folder"


class TokenRouteConfig(Settings):
    """The practice's policy."""

    route: Route = Route.PATIENT_ONLY
    legal_basis: Annotated[str, Field(min_length=10, max_length=500)] | None = None
    """For `pharmacy_direct`: on what the practice bases it, e.g. § 12a ApoG and the word of its KV."""
    contract: Annotated[str, Field(min_length=3, max_length=200)] | None = None
    """For `pharmacy_direct`: reference of the contract."""

    @model_validator(mode="after")
    def _has_basis(self) -> "TokenRouteConfig":
        is_direct = self.route is Route.PHARMACY_DIRECT
        if is_direct and (self.legal_basis is None or self.contract is None):
            raise ValueError("pharmacy_direct needs legal_basis and contract (§ 11 ApoG); or choose care_service")
        if not is_direct and (self.legal_basis or self.contract):
            raise ValueError("legal_basis and contract belong to pharmacy_direct only")
        return self


class TokenRefused(enum.StrEnum):
    """Why a token does not travel."""

    NARCOTIC = "narcotic"
    T_PRESCRIPTION = "t_prescription"
    FLOW_TYPE = "flow_type"
    NO_ROUTE = "no_route"
    """The practice's policy does not let tokens travel to there, or the law knows no such way."""
    NO_CONSENT = "no_consent"
    """The patient has not agreed, or has not chosen this pharmacy."""


_BY_CARRIAGE = {
    Carriage.NARCOTIC: TokenRefused.NARCOTIC,
    Carriage.T_PRESCRIPTION: TokenRefused.T_PRESCRIPTION,
    Carriage.NOT_FOR_PHARMACIES: TokenRefused.FLOW_TYPE,
    Carriage.UNKNOWN: TokenRefused.FLOW_TYPE,
}


def refuse_token(
    token: Token,
    sender_oids: frozenset[str],
    receiver_oids: frozenset[str],
    policy: TokenRouteConfig,
    *,
    has_consent: bool,
) -> TokenRefused | None:
    """Why this token does not go from one organisation to another; None: it may.

    Args:
        token: what travels.
        sender_oids: what the sending organisation is, by the directory.
        receiver_oids: what the receiving organisation is, by the directory.
        policy: of the sending organisation.
        has_consent: towards a care service: the patient lets it receive her tokens. Towards a pharmacy: the
            patient herself chose this one.
    """
    refused = _BY_CARRIAGE.get(flow_type(token.prescription_id).carriage)
    if refused is not None:
        return refused
    is_prescriber = bool(sender_oids & PRESCRIBERS)
    is_to_care, is_to_pharmacy = receiver_oids == {CARE}, receiver_oids == {PHARMACY}
    if is_prescriber and CARE not in sender_oids:
        is_way = (is_to_care and policy.route is not Route.PATIENT_ONLY) or (
            is_to_pharmacy and policy.route is Route.PHARMACY_DIRECT
        )
    else:
        is_way = sender_oids == {CARE} and is_to_pharmacy
    if not is_way:
        return TokenRefused.NO_ROUTE
    return None if has_consent else TokenRefused.NO_CONSENT
