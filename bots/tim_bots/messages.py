"""Everything the bots say in a chat stands in `messages/*.ftl` (Project Fluent) and is fetched from here."""

import functools
from collections.abc import Iterable
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Junk, Message

from tim_policy.errors import TimError

DEFAULT_LANGUAGE = "de"


class CatalogueError(TimError):
    """The catalogue lacks a message, says one twice, or a message cannot be filled in."""


@functools.cache
def _catalogue(language: str = DEFAULT_LANGUAGE) -> FluentBundle:
    """Everything in `messages/LANGUAGE*.ftl`; the part of a file's name after "_" is its subject."""
    bundle = FluentBundle([language], use_isolating=False)
    for file in sorted(files(__package__).joinpath("messages").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".ftl") or _language_of(file.name) != language:
            continue
        resource = FluentResource(file.read_text(encoding="utf-8"))
        for entry in resource.body:
            if isinstance(entry, Junk):
                raise CatalogueError(f"messages/{file.name}: not valid Fluent: {(entry.content or '').strip()!r}")
            if isinstance(entry, Message) and bundle.has_message(entry.id.name):
                raise CatalogueError(f"messages/{file.name}: {entry.id.name} is already defined")
        bundle.add_resource(resource)
    return bundle


def _language_of(file_name: str) -> str:
    return file_name.removesuffix(".ftl").partition("_")[0]


@functools.cache
def languages() -> frozenset[str]:
    """The languages that the catalogue has, as ISO 639 codes."""
    names = [file.name for file in files(__package__).joinpath("messages").iterdir()]
    return frozenset(_language_of(name) for name in names if name.endswith(".ftl"))


def say(message_id: str, language: str = DEFAULT_LANGUAGE, /, **args: str | float) -> str:
    """The text `message_id`, with `args` filled in.

    Args:
        message_id: of the catalogue.
        language: wanted; German is said where the language lacks the message.
        args: for its variables.

    Raises:
        CatalogueError: no such message, or one of its variables is not given.
    """
    bundle = _catalogue(language)
    if not bundle.has_message(message_id) and language != DEFAULT_LANGUAGE:
        bundle = _catalogue()
    if not bundle.has_message(message_id):
        raise CatalogueError(f"messages/*.ftl: no message {message_id!r}; add it")
    pattern = bundle.get_message(message_id).value
    if pattern is None:
        raise CatalogueError(f"messages/*.ftl: {message_id} has no text")
    text, errors = bundle.format_pattern(pattern, dict(args))
    if errors:
        raise CatalogueError(f"messages/*.ftl: {message_id} cannot be filled in: {errors[0]}")
    return str(text)


def require_messages(message_ids: Iterable[str]) -> None:
    """Refuse to start with a catalogue that lacks one of `message_ids`.

    Raises:
        CatalogueError: names all that are missing.
    """
    bundle = _catalogue()
    missing = sorted(message_id for message_id in message_ids if not bundle.has_message(message_id))
    if missing:
        raise CatalogueError(f"messages/*.ftl: missing {', '.join(missing)}; add them")
