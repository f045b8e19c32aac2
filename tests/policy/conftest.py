"""A test PKI of gematik's shape, made once per run."""

from datetime import UTC, datetime

import pytest

from tim_policy.federation_trust import ListTrust
from tim_sandbox.pki import ListPki, make_list_pki

NOW = datetime.now(UTC)


@pytest.fixture(scope="session")
def pki() -> ListPki:
    return make_list_pki()


@pytest.fixture(scope="session")
def trust(pki: ListPki) -> ListTrust:
    return ListTrust((pki.root.certificate,), (pki.component_ca.certificate,))
