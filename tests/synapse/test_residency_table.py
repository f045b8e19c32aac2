"""The table of address evidence on both databases Synapse runs on, through Synapse's own cursor."""

from datetime import UTC, datetime

from tests.synapse.database import Database
from tim_policy.names import parse_server_name
from tim_synapse.residency_table import AddressEvidence, ResidencyTable

PRAXIS, PFLEGE = parse_server_name("praxis.test"), parse_server_name("pflege.test:8448")


def evidence(checked_at: int, *countries: str) -> AddressEvidence:
    return AddressEvidence(frozenset(countries), checked_at)


async def test_evidence_is_stored_changed_and_forgotten(database: Database) -> None:
    writer, reader = ResidencyTable(database), ResidencyTable(database)  # type: ignore[arg-type] # see Database
    assert await reader.changed() == []
    await writer.create()
    await writer.create()
    assert await reader.changed() == []

    await writer.write([(PRAXIS, evidence(100, "DE", "US")), (PFLEGE, evidence(100))])
    assert dict(await reader.changed()) == {PRAXIS: evidence(100, "DE", "US"), PFLEGE: evidence(100)}
    assert await reader.changed() == []

    await writer.write([(PRAXIS, evidence(200, "DE"))])
    assert await reader.changed() == [(PRAXIS, evidence(200, "DE"))]

    await writer.forget_before(datetime.fromtimestamp(150, UTC))
    later = ResidencyTable(database)  # type: ignore[arg-type] # see Database
    assert await later.changed() == [(PRAXIS, evidence(200, "DE"))]
