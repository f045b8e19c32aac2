"""Country codes, ISO 3166-1 alpha-2."""

import re

from tim_policy.errors import ConfigError

# The 249 officially assigned codes. Reserved (EU, UK, AC, ...) and user-assigned (XK, ZZ, ...) ones are no countries.
ISO_3166_1 = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - a table to read, not a column of 249 strings
)

UNREADABLE = "unreadable"
"""Stands for a country that was given but is no code; no policy can allow it."""

_CODE = re.compile(r"[A-Za-z]{2}", re.ASCII)
_MEANT = {"EU": "a member state, e.g. DE", "UK": "GB", "EL": "GR"}


def read_country(value: object) -> str:
    """What foreign data says about a country: two letters in upper case, or `UNREADABLE`.

    ASCII letters are folded, since directories hold `DE` and `de`; nothing else is, so that no letter of another
    script becomes one of ours. The code need not be assigned (address databases use XK for Kosovo).
    """
    return value.upper() if isinstance(value, str) and _CODE.fullmatch(value) else UNREADABLE


def parse_country(value: object) -> str:
    """A country an operator wrote: exactly an assigned code in upper case.

    Raises:
        ConfigError: anything else, with the code that was probably meant.
    """
    if isinstance(value, str) and value in ISO_3166_1:
        return value
    if isinstance(value, bool):  # YAML 1.1 reads a bare NO as false
        raise ConfigError("put the country code in quotes: 'NO' (YAML reads it as a truth value)")
    text = value.upper() if isinstance(value, str) and value.isascii() else ""
    meant = text if text in ISO_3166_1 else _MEANT.get(text)
    hint = f"; did you mean {meant}?" if meant else ", e.g. DE"
    raise ConfigError(f"no country code of ISO 3166-1 alpha-2 (expected: two capital letters{hint})")
