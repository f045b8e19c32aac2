"""Configuration of our own programs: strict models, and faults told one per line with key, cause and remedy."""

import difflib
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from tim_policy.errors import ConfigError

_Model = TypeVar("_Model", bound="Settings")


class Settings(BaseModel):
    """Base of every configuration block: unknown keys are refused, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def load_settings(model: type[_Model], data: Any, where: str) -> _Model:
    """Check `data` against `model`.

    Args:
        model: what is expected.
        data: parsed YAML, of any type; None counts as an empty block.
        where: name of the file or block, put in front of each key in messages.

    Raises:
        ConfigError: one line per fault: key, what was expected, and the nearest known name for an unknown key.
            Values are not repeated, since they may be secret.
    """
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        faults = [_explain(model, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
    raise ConfigError("\n".join(f"{where}: {fault}" for fault in faults))


def _explain(model: type[BaseModel], loc: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        known = sorted(_fields_at(model, loc[:-1]))
        near = difflib.get_close_matches(str(loc[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        return f"{key}: unknown key; {hint}"
    if kind == "missing":
        return f"{key}: is missing"
    text = message.removeprefix("Value error, ")
    return f"{key}: {text}" if key else text


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """Names of the keys of the block at `loc`; indices and keys of free-form maps are stepped over."""
    for part in loc:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field is not None else None
        model = inner or model
    return set(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)
