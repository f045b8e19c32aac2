"""A synthetic region of care organisations for the directory, and as many more of the kind as wanted.

Everything is invented and the same each time: names from word lists, addresses below `*.region.tim.test`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tim_sandbox.vzd import resources
from tim_sandbox.vzd.resources import FHIR, Resource

REGION_DOMAIN = "region.tim.test"
_SURNAMES = (
    "Albrecht",
    "Bachmann",
    "Conrad",
    "Dietz",
    "Ebert",
    "Fuchs",
    "Gruber",
    "Hansen",
    "Ihle",
    "Jansen",
    "Keller",
    "Lorenz",
    "Neumann",
    "Otto",
    "Peters",
    "Quast",
    "Richter",
    "Schuster",
    "Thiele",
    "Ulrich",
    "Vogel",
    "Wolff",
    "Yilmaz",
    "Ziegler",
    "Böhme",
    "Göbel",
    "Kühn",
    "Özdemir",
    "Schröder",
    "Weiß",
)
_TOWNS = (
    ("Seefeld", "99901", 51.02, 11.03),
    ("Bergheide", "99902", 51.05, 11.10),
    ("Lindenthal", "99903", 50.98, 11.15),
    ("Mühlbach", "99904", 50.95, 11.01),
    ("Rosenau", "99905", 51.08, 10.96),
)
_STREETS = ("Hauptstraße", "Lindenweg", "Schulgasse", "Bahnhofstraße", "Gartenring", "Kirchplatz")
_SPECIALTIES = (
    ("010", "Allgemeinmedizin"),
    ("050", "Kardiologie"),
    ("060", "Kinder- und Jugendmedizin"),
    ("020", "Augenheilkunde"),
    ("150", "Neurologie"),
    ("040", "Orthopädie und Unfallchirurgie"),
    ("030", "Frauenheilkunde und Geburtshilfe"),
    ("070", "Dermatologie"),
)
_WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of organisation: how many the region has, and how it looks in the directory."""

    count: int
    key: str
    profession: tuple[str, str]
    telematik_id: str
    name: str
    address_kind: str
    opens: str
    closes: str


KINDS = (
    Kind(
        40, "praxis", ("1.2.276.0.76.4.50", "Betriebsstätte Arzt"), "1-20", "Praxis Dr. {}", "tim-fa", "08:00", "16:00"
    ),
    Kind(
        15,
        "apotheke",
        ("1.2.276.0.76.4.54", "Öffentliche Apotheke"),
        "3-SMC-B-Testkarte",
        "{}-Apotheke",
        "tim-fa",
        "08:30",
        "18:30",
    ),
    Kind(
        10,
        "pflege",
        ("1.2.276.0.76.4.245", "Betriebsstätte Gesundheits-, Kranken- und Altenpflege"),
        "10-67.245",
        "Pflegedienst {}",
        "tim",
        "06:00",
        "22:00",
    ),
    Kind(2, "klinik", ("1.2.276.0.76.4.53", "Krankenhaus"), "5", "Klinikum {}", "tim-bot", "00:00", "23:59"),
)


def region(times: int = 1) -> Iterator[Resource]:
    """40 practices, 15 pharmacies, 10 care services and 2 hospitals, with all their resources.

    Args:
        times: as many regions, each with entries of its own.
    """
    for number in range(times):
        for kind in KINDS:
            for index in range(kind.count):
                yield from _organisation(kind, number * kind.count + index)


def generated(services: int) -> Iterator[Resource]:
    """At least as many services, in whole regions: for measurements."""
    return region(-(-services // sum(kind.count for kind in KINDS)))


def region_domains(times: int = 1) -> Iterator[tuple[str, str]]:
    """Pairs of domain and Telematik-ID of every organisation of `region`."""
    for kind in KINDS:
        for index in range(times * kind.count):
            yield _domain(kind, index), _telematik_id(kind, index)


def _domain(kind: Kind, index: int) -> str:
    return f"{kind.key}-{index + 1}.{REGION_DOMAIN}"


def _telematik_id(kind: Kind, index: int) -> str:
    return f"{kind.telematik_id}-SANDBOX-REGION-{index + 1:06d}"


def _organisation(kind: Kind, index: int) -> list[Resource]:
    key = f"region-{kind.key}-{index + 1}"
    surname = _SURNAMES[index % len(_SURNAMES)]
    town, postcode, latitude, longitude = _TOWNS[(index // 3) % len(_TOWNS)]
    round_ = index // len(_SURNAMES)
    name = kind.name.format(f"{surname} {town}" if round_ == 0 else f"{surname} {town} {round_ + 1}")
    street = f"{_STREETS[index % len(_STREETS)]} {index % 90 + 1}"
    address = {
        "type": "physical",
        "text": f"{street}, {postcode} {town}",
        "line": [street],
        "city": town,
        "postalCode": postcode,
        "country": "DE",
    }
    telematik_id, domain = _telematik_id(kind, index), _domain(kind, index)
    position = (round(latitude + index % 17 / 1000, 5), round(longitude + index % 23 / 1000, 5))
    hidden = index % 4 == 3  # noqa: PLR2004 - one in four
    endpoints = [
        resources.endpoint(f"{key}-1", f"Empfang {name}", f"matrix:u/empfang:{domain}", "tim", is_hidden=hidden),
    ]
    if kind.address_kind != "tim":
        label = f"{name} (Chatbot)" if kind.address_kind == "tim-bot" else name
        endpoints.append(resources.endpoint(f"{key}-2", label, f"matrix:u/service:{domain}", kind.address_kind))
    return [
        resources.organisation(key, name, telematik_id, kind.profession, address),
        resources.location(key, name, address, position),
        *endpoints,
        resources.service(key, name, telematik_id, [one["id"] for one in endpoints], **_service(kind, index)),
    ]


def _service(kind: Kind, index: int) -> dict[str, Any]:
    code, display = _SPECIALTIES[index % len(_SPECIALTIES)]
    is_medical = kind.key in ("praxis", "klinik")
    specialty = {"specialty": [resources.concept("PractitionerSpecialtyCS", code, display)]} if is_medical else {}
    tags = [
        {"system": f"{FHIR}/CodeSystem/Origin", "code": "ldap"},
        {"system": f"{FHIR}/CodeSystem/ResourceTag", "code": "fdv-relevant"},
    ]
    times = [
        {"daysOfWeek": [day], "availableStartTime": f"{kind.opens}:00", "availableEndTime": f"{kind.closes}:00"}
        for day in _WORKDAYS
    ]
    return {
        "meta": {**resources.meta("HealthcareServiceDirectory", origin="ldap"), "tag": tags},
        **specialty,
        "telecom": [{"system": "phone", "value": f"03999 {10_000 + index}", "use": "work"}],
        "availableTime": times,
    }
