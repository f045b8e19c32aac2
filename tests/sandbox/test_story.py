"""The whole product on one machine: the story of the demo, and a person who types what nobody expects."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from tim_bots.scripted_user import ScriptedUser
from tim_sandbox.bot import BOT
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.running import Sandbox
from tim_sandbox.scenario import play
from tim_sandbox.transcript import Transcript

CHATBOT = "@termin:praxis.tim.test"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]) -> AsyncIterator[Sandbox]:
    """Four homeservers, the stand-in VZD and the bot."""
    async with running_sandbox(Plan(tmp_path_factory.mktemp("story") / "sandbox", new_base_port())) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="session")
async def nurse(whole: Sandbox, tmp_path: Path) -> AsyncIterator[ScriptedUser]:
    server = whole.homeserver("pflege.tim.test")
    name = f"nurse-{uuid4().hex[:8]}"
    account = await server.new_user(name, "password")
    async with ScriptedUser.online(server.client_url, account.user_id, "password", tmp_path / "device") as user:
        yield user


@pytest.mark.parametrize("run", ["first", "again, in the same federation"])
async def test_the_story_of_the_demo_is_true(whole: Sandbox, run: str) -> None:
    lines: list[str] = []
    assert await play(whole.state, Transcript(lines.append)), f"{run}:\n" + "\n".join(lines)
    assert lines[-1] == "\n✓ 15 steps passed, 0 failed"


async def test_whatever_a_person_types_gets_a_polite_answer_and_the_dialogue_goes_on(
    whole: Sandbox, nurse: ScriptedUser
) -> None:
    room_id = await nurse.create_room(invite=[CHATBOT])
    await nurse.wait_for(room_id)

    async def answer_to(content: dict[str, object]) -> str:
        heard = len(nurse.heard(room_id))
        await nurse.send_content(room_id, content)
        said = await nurse.wait_for(room_id, lambda said: not said.is_file, after=heard)
        assert said.is_encrypted
        return said.text

    def text(body: str) -> dict[str, object]:
        return {"msgtype": "m.text", "body": body}

    assert "sind frei" in await answer_to(text("TERMIN bitte"))
    assert "Nummer von 1 bis 3" in await answer_to(text("7"))
    assert "leer" in await answer_to(text(""))
    # 60,000 characters would not fit into one encrypted event; 40,000 do.
    assert "zu lang" in await answer_to(text("x" * 40_000))
    attachment: dict[str, object] = {"msgtype": "m.file", "body": "befund.xyz", "url": "mxc://pflege.tim.test/none"}
    assert "nicht lesen" in await answer_to(attachment)
    assert "nicht lesen" in await answer_to({"msgtype": "org.example.unknown", "body": "?"})
    assert "Ihr Termin ist gebucht" in await answer_to(text("2"))
    assert BOT in whole.supervisor.pids


async def test_the_booking_outlives_a_kill_of_the_bot(whole: Sandbox, nurse: ScriptedUser) -> None:
    room_id = await nurse.create_room(invite=[CHATBOT])
    await nurse.wait_for(room_id)
    await nurse.send(room_id, "Termin")
    await nurse.wait_for(room_id, lambda said: "sind frei" in said.text)
    await whole.supervisor.kill(BOT)
    heard = len(nurse.heard(room_id))
    await nurse.send(room_id, "1")
    await whole.start_bot(whole.state.homeserver("praxis.tim.test"))
    await nurse.wait_for(room_id, lambda said: "Ihr Termin ist gebucht" in said.text, after=heard)
