"""Encrypted files that one room's people sent, in the form in which they may be sent on into another room. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_KINDS = {"m.file", "m.image", "m.audio", "m.video"}
_LONGEST_NAME = 100
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/_=-]{1,128}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Key(_Model):
    kty: Literal["oct"]
    alg: Literal["A256CTR"]
    k: Base64
    ext: Literal[True] = True
    key_ops: Annotated[list[Literal["encrypt", "decrypt"]], Field(max_length=2)] = ["encrypt", "decrypt"]


class _Hashes(_Model):
    sha256: Base64


class _File(_Model):
    url: Annotated[str, Field(pattern=r"^mxc://[A-Za-z0-9.:\[\]-]{1,255}/[A-Za-z0-9_-]{1,255}$")]
    iv: Base64
    key: _Key
    hashes: _Hashes
    v: Literal["v2"]


class _Info(_Model):
    mimetype: Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]{1,100}$")] | None = None
    size: Annotated[int, Field(ge=0)] | None = None


def sendable(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Content of an `m.file` with the same encrypted file and nothing else of the sender's: no caption, no preview.

    Args:
        content: of a foreign event, any shape.

    Returns:
        None: it is no encrypted file (Matrix client-server API, "Sending encrypted attachments").
    """
    if content.get("msgtype") not in _KINDS:
        return None
    try:
        file = _File.model_validate(content.get("file"))
        info = _Info.model_validate(content.get("info") or {})
    except ValidationError:
        return None
    name = file_name_of(content)
    return {
        "msgtype": "m.file",
        "body": name,
        "filename": name,
        "info": info.model_dump(exclude_none=True),
        "file": file.model_dump(),
    }


def file_name_of(content: Mapping[str, Any]) -> str:
    """The file's name, without folders and whatever else does not belong into one."""
    given = content.get("filename") or content.get("body")
    return clean_file_name(given if isinstance(given, str) else "")


def clean_file_name(given: str) -> str:
    """A base name that is safe in every file system; "Datei" if nothing is left."""
    cleaned = _NOT_IN_NAMES.sub("_", given.strip()).strip(" ._")
    return cleaned[-_LONGEST_NAME:].strip(" ._") or "Datei"


def caption_of(content: Mapping[str, Any]) -> str:
    """What the sender wrote with the file (MSC2530); empty if that is only its name."""
    body, name = content.get("body"), content.get("filename")
    return body if isinstance(body, str) and isinstance(name, str) and body != name else ""
