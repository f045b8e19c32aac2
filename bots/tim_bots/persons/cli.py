"""`tim bot pin`: one-time PINs for people, to be handed out by the practice."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="One-time PINs that connect people's accounts; may be used while the bot runs.", no_args_is_help=True
)

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The bot's configuration, bot.yaml.")]
Reference = Annotated[str, typer.Option(help="The practice's own reference, such as the number in its files.")]


@app.command("verified")
def verified(
    config: ConfigFile, user_id: Annotated[str, typer.Argument(metavar="USER_ID")], patient: Reference
) -> None:
    """Connect an account without a PIN: the practice compared the verification with the person and vouches for it."""
    from tim_bots.config import load_config
    from tim_bots.persons.issue import confirm_account

    confirm_account(load_config(config), user_id, patient)
    typer.echo("connected")


@app.command("new")
def new_pin(
    config: ConfigFile,
    patient: Reference,
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
