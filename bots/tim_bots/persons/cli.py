"""`tim bot pin`: one-time PINs for people, to be handed out by the practice."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="One-time PINs that connect people's accounts; may be used while the bot runs.", no_args_is_help=True
)


@app.command("new")
def new_pin(
    config: Annotated[Path, typer.Option("--config", "-c", help="The bot's configuration, bot.yaml.")],
    patient: Annotated[str, typer.Option(help="The practice's own reference, such as the number in its files.")],
    svg: Annotated[Path | None, typer.Option(help="Also write the QR code of the chat as an SVG file.")] = None,
) -> None:
    """Issue a PIN and show it with a QR code that opens the chat with the bot. The QR code does not hold the PIN."""
    import segno

    from tim_bots.config import load_config
    from tim_bots.messages import say
    from tim_bots.persons.issue import chat_link, issue_pin

    bot = load_config(config)
    pin = issue_pin(bot, patient)
    chat = segno.make(chat_link(bot.user_id), error="m")
    chat.terminal(compact=True)
    if svg is not None:
        chat.save(str(svg), kind="svg", scale=4)
    typer.echo(say("person-pin-handout", "de", practice=bot.organisation, pin=pin))
