"""The domains of the federation, who may change them, and the signed list made of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tim_sandbox.federation_list import SigAlg, sign_federation_list
from tim_sandbox.pki import Identity
from tim_sandbox.state import write_secret

_REGISTRY_FILE = "federation.json"

IkNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
NonEmpty = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Refusal(Exception):
    """A provider operation that is answered with an error.

    Args:
        status: HTTP status.
        message: for the `message` member of the body.
        errors: pairs of attribute and fault.
    """

    def __init__(self, status: int, message: str, errors: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


class Domain(BaseModel):
    """`Domain` of I_VZD_TIM_Provider_Services 1.4.0."""

    model_config = ConfigDict(extra="ignore")

    domain: NonEmpty
    telematikID: NonEmpty  # noqa: N815  # name on the wire
    isInsurance: bool  # noqa: N815  # name on the wire
    ik: list[IkNumber] | None = Field(default=None, min_length=1)
    timAnbieter: str | None = None  # noqa: N815  # name on the wire
    redirectDomains: list[str] | None = None  # noqa: N815  # name on the wire

    @model_validator(mode="after")
    def _insurers_have_ik(self) -> "Domain":
        if self.isInsurance != (self.ik is not None):
            raise ValueError("ik: required for insurers, and only for them")
        if self.ik and len(set(self.ik)) != len(self.ik):
            raise ValueError("ik: each number once")
        return self

    def wire(self) -> dict[str, object]:
        """The object as JSON, without members that are not set."""
        return self.model_dump(exclude_none=True)


class _Stored(BaseModel):
    version: int = 1
    domains: list[Domain] = []


class Registry:
    """All domains with their provider; every change is a new version, signed and stored at once.

    Args:
        directory: keeps `federation.json`.
        signers: signer by `sigAlg`.
    """

    def __init__(self, directory: Path, signers: Mapping[SigAlg, Identity]) -> None:
        self._file = directory / _REGISTRY_FILE
        self._signers = signers
        self._stored = _Stored.model_validate_json(self._file.read_bytes()) if self._file.exists() else _Stored()
        self._signed = self._sign()

    @property
    def version(self) -> int:
        """Version of the list, counted up by one with each change."""
        return self._stored.version

    def has(self, domain: str) -> bool:
        """Whether the domain is on the list."""
        return self._find(domain) is not None

    def signed_list(self, alg: SigAlg) -> bytes:
        """The current list as compact JWS."""
        return self._signed[alg]

    def domains_of(self, provider: str, domain: str | None = None) -> list[Domain]:
        """The domains of a provider, or the one that is asked for.

        Raises:
            Refusal: 403 it belongs to another provider, 404 it is not registered.
        """
        if domain is not None:
            return [self._owned(provider, domain)]
        return [entry for entry in self._stored.domains if entry.timAnbieter == provider]

    def add(self, provider: str, body: object) -> Domain:
        """Register a domain.

        Raises:
            Refusal: 400 malformed, 409 the domain or one of its IK is registered already.
        """
        new = _parse(body)
        if self._find(new.domain) is not None:
            raise Refusal(409, "domain already exists", (("domain", "already exists"),))
        self._require_new_ik(new)
        return self._store(new.model_copy(update={"timAnbieter": provider}), replaces=None)

    def change(self, provider: str, domain: str, body: object) -> Domain:
        """Replace a domain.

        Raises:
            Refusal: as `add`, and 403 for another provider's domain, 404 for an unknown one.
        """
        old = self._owned(provider, domain)
        new = _parse(body)
        if new.domain != domain:
            raise Refusal(400, "domain differs from the path", (("domain", f"expected {domain}"),))
        self._require_new_ik(new)
        return self._store(new.model_copy(update={"timAnbieter": provider}), replaces=old)

    def remove(self, provider: str, domain: str) -> None:
        """Take a domain off the list.

        Raises:
            Refusal: 403 it belongs to another provider, 404 it is not registered.
        """
        self._stored.domains.remove(self._owned(provider, domain))
        self._publish()

    def _find(self, domain: str) -> Domain | None:
        return next((entry for entry in self._stored.domains if entry.domain == domain), None)

    def _owned(self, provider: str, domain: str) -> Domain:
        entry = self._find(domain)
        if entry is None:
            raise Refusal(404, "domain not found", (("domain", "not found"),))
        if entry.timAnbieter != provider:
            raise Refusal(403, "domain is assigned to another provider")
        return entry

    def _require_new_ik(self, new: Domain) -> None:
        taken = {ik for entry in self._stored.domains if entry.domain != new.domain for ik in entry.ik or ()}
        if taken.intersection(new.ik or ()):
            raise Refusal(409, "ik already assigned to another domain", (("ik", "already assigned"),))

    def _store(self, new: Domain, *, replaces: Domain | None) -> Domain:
        if replaces is None:
            self._stored.domains.append(new)
        else:
            self._stored.domains[self._stored.domains.index(replaces)] = new
        self._publish()
        return new

    def _publish(self) -> None:
        self._stored.version += 1
        write_secret(self._file, self._stored.model_dump_json(indent=1, exclude_none=True))
        self._signed = self._sign()

    def _sign(self) -> dict[SigAlg, bytes]:
        payload = {
            "version": self._stored.version,
            "domainList": [
                {name: value for name, value in entry.wire().items() if name != "redirectDomains"}
                for entry in self._stored.domains
            ],
        }
        return {alg: sign_federation_list(payload, signer, alg) for alg, signer in self._signers.items()}


def write_initial_registry(directory: Path, domains: Sequence[Domain]) -> None:
    """Put `domains` on a first list (version 1), unless `directory` holds a list already."""
    file = directory / _REGISTRY_FILE
    if not file.exists():
        write_secret(file, _Stored(domains=list(domains)).model_dump_json(indent=1, exclude_none=True))


def _parse(body: object) -> Domain:
    try:
        return Domain.model_validate(body)
    except ValidationError as error:
        faults = tuple((".".join(map(str, fault["loc"])) or "body", fault["msg"]) for fault in error.errors())
        raise Refusal(400, "invalid domain", faults[:50]) from None
