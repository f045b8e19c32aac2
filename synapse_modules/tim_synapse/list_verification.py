"""Verifies a list and what is stored about it; runs in threads, since a long list takes a second."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from tim_policy.federation_list import FederationList, FederationListError
from tim_policy.federation_trust import ListTrust, VerifiedList, recheck_signer, verify_federation_list
from tim_policy.list_refresh import clamp_confirmed_at
from tim_policy.ocsp import OcspPolicy
from tim_synapse.list_table import ListChange, StoredList


@dataclass(frozen=True, slots=True)
class Judge:
    """Whom this process believes.

    Args:
        trust: certificates and roles.
        ocsp_policy: see `OcspPolicy`.
    """

    trust: ListTrust
    ocsp_policy: OcspPolicy

    def document(
        self,
        document: bytes,
        answers: tuple[bytes, ...],
        at: datetime,
        floor: int | None,
        checked_at: datetime | None = None,
        previous: FederationList | None = None,
    ) -> VerifiedList:
        """Verify a document; `floor`: version of the newest list known, `checked_at`: see `confirmed_at` there.

        `previous`: see `parse_federation_list`.

        Raises:
            TimError: see `verify_federation_list`.
        """
        return verify_federation_list(
            document,
            self.trust,
            at,
            newest_version=floor,
            ocsp_answers=answers,
            ocsp_policy=self.ocsp_policy,
            confirmed_at=checked_at,
            previous=previous,
        )

    def recheck(self, verified: VerifiedList, answers: tuple[bytes, ...], at: datetime) -> VerifiedList:
        """Verify that a list is still vouched for.

        Raises:
            TimError: see `recheck_signer`.
        """
        is_checked = recheck_signer(verified, self.trust, at, answers, ocsp_policy=self.ocsp_policy)
        return replace(verified, is_ocsp_checked=is_checked)


@dataclass(frozen=True, slots=True)
class Held:
    """The newest list this process verified.

    Args:
        verified: see `VerifiedList`.
        digest: of its document.
        confirmed_at: the older of confirmation and OCSP check; never in the future.
        change: what it changed.
    """

    verified: VerifiedList
    digest: str
    confirmed_at: datetime
    change: ListChange

    @property
    def version(self) -> int:
        """Of the list."""
        return self.verified.federation_list.version


def adopt(
    judge: Judge, stored: StoredList, document: bytes | None, held: Held | None, floor: int | None, now: datetime
) -> Held:
    """Verify what the database holds; `document` None: it is the one of `held`; `floor`: no older version.

    Raises:
        TimError: it cannot be believed.
    """
    checked_at = clamp_confirmed_at(stored.checked_at, now)
    confirmed_at = min(clamp_confirmed_at(stored.confirmed_at, now), checked_at)
    if document is None:
        if held is None:
            raise FederationListError("database: a confirmation without a list")
        verified = judge.recheck(held.verified, stored.ocsp_answers, checked_at)
        return replace(held, verified=verified, confirmed_at=confirmed_at, change=stored.change)
    if digest_of(document) != stored.digest:
        raise FederationListError("database: the stored list was changed")
    previous = held.verified.federation_list if held else None
    verified = judge.document(document, stored.ocsp_answers, now, floor, checked_at, previous)
    return Held(verified, stored.digest, confirmed_at, stored.change)


def digest_of(document: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(document).hexdigest()


def change_between(old: Held | None, new: VerifiedList) -> ListChange:
    """What `new` changes; of the same version again, what that version changed."""
    if old is None:
        return ListChange()
    if old.version == new.federation_list.version:
        return old.change
    before, after = old.verified.federation_list.server_names, new.federation_list.server_names
    return ListChange(old.version, tuple(sorted(after - before)), tuple(sorted(before - after)))
