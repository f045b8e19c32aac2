"""Public holidays of the German states."""

import enum
from datetime import date
from functools import lru_cache


class State(enum.StrEnum):
    """Bundesland by its code in ISO 3166-2:DE; Augsburg has a holiday of its own."""

    BW = "BW"
    BY = "BY"
    BE = "BE"
    BB = "BB"
    HB = "HB"
    HH = "HH"
    HE = "HE"
    MV = "MV"
    NI = "NI"
    NW = "NW"
    RP = "RP"
    SL = "SL"
    SN = "SN"
    ST = "ST"
    SH = "SH"
    TH = "TH"
    AUGSBURG = "Augsburg"


@lru_cache(maxsize=16)
def public_holidays(state: State, year: int) -> frozenset[date]:
    """The days of one year."""
    from holidays import country_holidays  # noqa: PLC0415 - most bots never ask, and it takes memory

    return frozenset(country_holidays("DE", subdiv=state.value, years=year))
