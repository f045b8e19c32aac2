"""The data classes in German, for documents that persons and authorities read."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files

import yaml

from tim_policy.retention_policy import DATA_CLASSES, DIRECTORY, Without
from tim_policy.settings import Settings, load_settings

_UNITS = ((86_400, "Tag", "Tage"), (3_600, "Stunde", "Stunden"), (60, "Minute", "Minuten"), (1, "Sekunde", "Sekunden"))
_WORDS = {Without.NOT_STORED: "nicht gespeichert", Without.WHILE_USED: "solange benutzt"}


class GermanClass(Settings):
    """One data class: its name, what it is, what it is for, and why that is lawful."""

    label: str
    what: str
    purpose: str
    legal: str


@cache
def german_classes() -> Mapping[str, GermanClass]:
    """All data classes, in the order of `Periods`."""
    file = "classes_de.yaml"
    data = yaml.safe_load(files("tim_policy").joinpath(DIRECTORY, file).read_bytes())
    return {name: load_settings(GermanClass, data[name], f"{file}: {name}") for name in DATA_CLASSES}


def german_period(period: timedelta | Without) -> str:
    """As a person reads it: `30 Tage`, `nicht gespeichert`."""
    if isinstance(period, Without):
        return _WORDS[period]
    seconds = int(period.total_seconds())
    for length, one, many in _UNITS:
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {one if count == 1 else many}"
    raise AssertionError("every whole number is a multiple of one second")
