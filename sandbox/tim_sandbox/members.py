"""Who takes part: three care organisations on the federation list, and one outsider who is not on it."""

from dataclasses import dataclass

PROVIDER = "ORG-SANDBOX:BT-0001"
"""The TI-M provider (`timAnbieter`) who runs the three members."""
OTHER_PROVIDER = "ORG-SANDBOX:BT-0002"
"""A second provider without domains, to try what belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account to create; `role` says who it is in one or two words for the login table."""

    localpart: str
    display_name: str
    role: str
    is_admin: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One homeserver and the organisation behind it; `telematik_id` None: not on the federation list.

    Args:
        profession_oid, profession: type of the organisation in the directory (rulebook of the VZD).
        city, country: of the organisation and of its server; the country as in ISO 3166-1.
        messenger: localpart that the directory names as the way to reach the organisation.
        profile: rules its homeserver follows (`tim_policy.profile.ProfileName`).
        ik_numbers: institution codes of an insurer, whose users are insured persons; empty for everybody else.
    """

    server_name: str
    organisation: str
    accounts: tuple[Account, ...]
    telematik_id: str | None = None
    profession_oid: str = ""
    profession: str = ""
    city: str = ""
    country: str = "DE"
    messenger: str = ""
    profile: str = "pro-basis-1.2"
    ik_numbers: tuple[str, ...] = ()


PRAXIS = Member(
    server_name="praxis.tim.test",
    organisation="Praxis am Markt",
    telematik_id="1-20-SANDBOX-PRAXIS-AM-MARKT",
    profession_oid="1.2.276.0.76.4.50",
    profession="Betriebsstätte Arzt",
    city="Musterstadt",
    messenger="termin",
    accounts=(
        Account("dr.weber", "Dr. Thomas Weber, Praxis am Markt", "doctor"),
        Account("empfang", "Empfang, Praxis am Markt", "reception"),
        Account("admin", "Administration, Praxis am Markt", "server admin", is_admin=True),
        Account("termin", "Terminservice Praxis am Markt (Chatbot)", "bot", is_bot=True),
    ),
)
APOTHEKE = Member(
    server_name="apotheke.tim.test",
    organisation="Apotheke am Brunnen",
    telematik_id="3-SMC-B-Testkarte-SANDBOX-BRUNNEN",
    profession_oid="1.2.276.0.76.4.54",
    profession="Öffentliche Apotheke",
    city="Musterstadt",
    messenger="apotheker.klein",
    accounts=(Account("apotheker.klein", "Jonas Klein, Apotheke am Brunnen", "pharmacist"),),
)
PFLEGE = Member(
    server_name="pflege.tim.test",
    organisation="Pflegedienst Sonnenhof",
    telematik_id="10-67.245-SANDBOX-SONNENHOF",
    profession_oid="1.2.276.0.76.4.245",
    profession="Betriebsstätte Gesundheits-, Kranken- und Altenpflege",
    city="Neudorf",
    messenger="schwester.anna",
    accounts=(Account("schwester.anna", "Anna Berger, Pflegedienst Sonnenhof", "nurse"),),
)
FREMD = Member(
    server_name="fremd.test",
    organisation="Outsider",
    accounts=(Account("mallory", "Mallory", "outsider, not on the list"),),
)
ALTE_PRAXIS = Member(
    server_name="alte-praxis.tim.test",
    organisation="Praxis am Hafen",
    telematik_id="1-20-SANDBOX-PRAXIS-AM-HAFEN",
    profession_oid="1.2.276.0.76.4.50",
    profession="Betriebsstätte Arzt",
    city="Neudorf",
    messenger="empfang",
    profile="pro-basis-1.1",
    accounts=(Account("empfang", "Empfang, Praxis am Hafen", "reception"),),
)
"""Follows the older edition of the rules; not part of the demo, like the two insurers."""
KASSE = Member(
    server_name="kasse.tim.test",
    organisation="Musterkasse",
    telematik_id="8-01-SANDBOX-MUSTERKASSE",
    profession_oid="1.2.276.0.76.4.273",
    profession="Betriebsstätte Kostenträger ePA",
    city="Musterstadt",
    profile="epa-basis-1.2",
    ik_numbers=("101575519",),
    accounts=(Account("erika", "Erika Mustermann", "insured person"),),
)
ALTE_KASSE = Member(
    server_name="alte-kasse.tim.test",
    organisation="Hafenkasse",
    telematik_id="8-01-SANDBOX-HAFENKASSE",
    profession_oid="1.2.276.0.76.4.273",
    profession="Betriebsstätte Kostenträger ePA",
    city="Neudorf",
    profile="epa-basis-1.1",
    ik_numbers=("109500969",),
    accounts=(Account("max", "Max Mustermann", "insured person"),),
)
EVERYONE = (PRAXIS, APOTHEKE, PFLEGE, FREMD)


def countries_of_everyone() -> dict[str, str]:
    """Country by server name, the outsider included: being in the EU alone opens no gate."""
    everyone = (*EVERYONE, ALTE_PRAXIS, KASSE, ALTE_KASSE)
    return {member.server_name: member.country for member in everyone}
