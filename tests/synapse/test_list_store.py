"""The list of a running homeserver: absent, good, and every way of being bad."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.synapse.conftest import LoneServer, running_lone_server
from tests.synapse.list_source import ListSource
from tests.synapse.matrix import create_room
from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.pki import ListPki, make_list_pki, make_list_signer

FRIEND, STRANGER = "@someone:friend.tim.test", "@someone:stranger.test"
NOT_LISTED = "Diese Organisation gehört nicht zur TI-Föderation."


async def why_not(server: LoneServer, invitee: str) -> str:
    """The text with which an invite is refused."""
    answer = await create_room(await server.user(), invite=[invitee])
    assert answer.status == 403, answer
    return str(answer.body["error"])


@pytest.mark.requirement("A_25534")
async def test_without_a_source_the_server_starts_closed_and_opens_when_it_appears(
    tmp_path: Path, new_base_port: Callable[[], int], pki: ListPki
) -> None:
    async with running_lone_server(tmp_path, new_base_port(), pki) as server:
        await server.refreshed("failed")
        colleague = await server.user()
        assert (await create_room(await server.user(), invite=[colleague.user_id])).status == 200
        assert (await why_not(server, FRIEND)).startswith("Zurzeit sind keine Einladungen")
        (line,) = server.errors()
        assert "error=the source does not answer (ConnectionRefusedError); every other server is refused" in line

        server.source.serve(7, "friend.tim.test")
        async with server.source.listening():
            await server.refreshed("ok")
            assert await why_not(server, STRANGER) == NOT_LISTED
            assert server.source.requests[0] == {}
            assert server.source.requests[-1] == {"version": "7"}
            assert server.errors()[1].endswith("list_version=7 recovered")


async def test_no_content_keeps_the_list(lone_server: LoneServer) -> None:
    lone_server.source.serve_raw(b"", status=204)
    await lone_server.refreshed("ok")
    assert await lone_server.client.list_version() == 7
    assert await why_not(lone_server, STRANGER) == NOT_LISTED
    lone_server.source.serve(7, "friend.tim.test")


def expired(source: ListSource, pki: ListPki) -> None:
    now = datetime.now(UTC)
    signer = make_list_signer(pki.component_ca, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    source.serve_raw(sign_federation_list({"version": 9, "domainList": []}, signer))


def by_stranger(source: ListSource, pki: ListPki) -> None:  # noqa: ARG001 - every fault takes both
    source.serve_raw(sign_federation_list({"version": 9, "domainList": []}, make_list_pki().signer))


Fault = Callable[[ListSource, ListPki], Any]

FAULTS: dict[str, tuple[Fault, str]] = {
    "expired": (expired, "certificate 'VZD-FHIR-FList-Signer' was valid until"),
    "rolled back": (lambda source, _: source.serve(6), "version 6 is older than 7, in use"),
    "unsigned": (lambda source, _: source.serve_raw(b'{"version": 9, "domainList": []}'), "not a compact JWS"),
    "signed by a stranger": (by_stranger, "no path to a trusted root"),
    "truncated": (lambda source, _: source.serve_raw(source.signed(9)[:-9]), "is the document complete?"),
    "100 MB": (lambda source, _: source.serve_raw(b"A" * 100_000_000), "the source sends more than 33554432 bytes"),
    "not JSON": (lambda source, pki: source.serve_raw(sign_federation_list(b"x", pki.signer)), "not JSON in UTF-8"),
    "a web page": (lambda source, _: source.serve_raw(b"<html><body>Wartung</body></html>"), "not a compact JWS"),
    "an error status": (lambda source, _: source.serve_raw(b"", 500), "the source answers with status 500"),
}


@pytest.mark.requirement("A_25632")
@pytest.mark.parametrize(("fault", "text"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_bad_list_is_named_and_changes_nothing(
    lone_server: LoneServer, pki: ListPki, fault: Fault, text: str
) -> None:
    before = len(lone_server.errors())
    fault(lone_server.source, pki)
    await lone_server.refreshed("failed")
    assert await lone_server.client.list_version() == 7
    assert await why_not(lone_server, STRANGER) == NOT_LISTED
    (line,) = lone_server.errors()[before:]
    assert text in line
    assert line.endswith("the last list stays in use")
    lone_server.source.serve(7, "friend.tim.test")
    await lone_server.refreshed("ok")
