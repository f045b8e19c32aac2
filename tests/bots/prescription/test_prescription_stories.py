"""A nurse of another homeserver asks the practice's real bot in encrypted rooms; the bot is killed on the way."""

import yaml

from tests.bots.conftest import NewBot, Person
from tests.bots.test_stories import CALENDAR, ask
from tim_bots.scripted_user import ScriptedUser
from tim_sandbox.running import Sandbox

TYPED = (
    ("!rezept", "Für wen"),
    ("Erika Muster, 01.02.1940", "Welches Medikament"),
    ("Beispielpril 5 mg, PZN 01234562", "Wie viel"),
    ("1 Packung", "Wie wird es eingenommen"),
    ("1-0-0-0", "Bis wann"),
)


async def test_a_nurse_asks_over_federation_and_gets_one_decision_though_the_bot_is_killed(
    new_bot: NewBot, person: Person, federation: Sandbox, listed_nurse: ScriptedUser
) -> None:
    bot = await new_bot("tests.bots.real_bot", calendar=CALENDAR, directory={"url": federation.state.vzd_url})
    async with person() as klar, person() as anna:
        counter = await klar.create_room(invite=[bot.user_id])
        members = {"klar": {"user_id": klar.user_id, "name": "Frau Klar"}}
        more = {"staff_room": counter, "counter": {"members": members}, "prescription": {}}
        bot.config.write_text(yaml.safe_dump(yaml.safe_load(bot.config.read_text()) | more, allow_unicode=True))
        await bot.start()
        await bot.ready()
        await klar.wait_for(counter, lambda said: "das ist der Tresen" in said.text)

        foreign = await anna.create_room(invite=[bot.user_id])  # not in the directory
        await anna.wait_for(foreign, lambda said: said.text.startswith("Guten Tag"), seconds=40)
        await ask(anna, foreign, "!rezept", "nur Pflegedienste")

        room_id = await listed_nurse.create_room(invite=[bot.user_id])
        await listed_nurse.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"), seconds=40)
        for text, answer in TYPED:
            await ask(listed_nurse, room_id, text, answer)
        await bot.kill()
        await listed_nurse.send(room_id, "bis 09.03., Vorrat 7 Tage")
        await bot.start()
        await listed_nurse.wait_for(room_id, lambda said: "noch ist nichts gesendet" in said.text, seconds=40)
        await listed_nurse.send(room_id, "1")
        card = await klar.wait_for(counter, lambda said: said.text.startswith("Anfrage 1 · Rezeptanfrage"))
        assert card.is_encrypted
        assert "Erika Muster, geb. 01.02.1940" in card.text
        await bot.kill()
        await klar.send(counter, "!ok 1")
        await bot.start()
        issued = await listed_nurse.wait_for(room_id, lambda said: "ausgestellt von" in said.text, seconds=40)
        assert issued.is_encrypted
        await ask(listed_nurse, room_id, "!rezept storno 1 verzogen", "nur sie kann es löschen")
        await klar.wait_for(counter, lambda said: said.text.startswith("DRINGEND zu Anfrage 1"))

        for part in ("Angefragt bei", "ausgestellt von"):
            assert sum(part in said.text for said in listed_nurse.heard(room_id)) == 1, part
        cards = [one for one in klar.heard(counter) if "m.new_content" not in one.content]
        assert sum(one.text.startswith("Anfrage 1 · Rezeptanfrage") for one in cards) == 1
        log = bot.log_file.read_text()
        for secret in ("Muster", "Beispielpril", listed_nurse.user_id, klar.user_id, counter, room_id):
            assert secret not in log
