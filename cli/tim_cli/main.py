"""The program `tim`: mounts the sub-commands and turns every expected fault into one line and exit code 2."""

import sys

import typer

from tim_bots.cli import app as bot_app
from tim_cli.audit import app as audit_app
from tim_cli.dsgvo import app as dsgvo_app
from tim_cli.erase import erase
from tim_cli.export import export
from tim_cli.federation_list import app as federation_list_app
from tim_cli.gate import app as gate_app
from tim_cli.policy import app as policy_app
from tim_cli.retention import app as retention_app
from tim_cli.retention import hold_app
from tim_policy.errors import TimError
from tim_sandbox.cli import app as sandbox_app

app = typer.Typer(
    name="tim",
    help="TIM Suite: rules for Synapse, paperwork bots, and a federation to try them in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(federation_list_app, name="federation-list")
app.add_typer(gate_app, name="gate")
app.add_typer(policy_app, name="policy")
app.add_typer(retention_app, name="retention")
app.add_typer(audit_app, name="audit")
app.add_typer(dsgvo_app, name="dsgvo")
app.command()(erase)
app.command()(export)
app.add_typer(hold_app, name="hold")
app.add_typer(bot_app, name="bot")
app.add_typer(sandbox_app, name="sandbox")

_EXTRA_OF_PACKAGE = {
    "nio": "bots",
    "aiohttp": "bots",
    "sqlalchemy": "bots",
    "babel": "bots",
    "fluent": "bots",
    "icalendar": "bots",
    "jinja2": "bots",
    "reportlab": "bots",
    "synapse": "sandbox",
    "signedjson": "sandbox",
}


def main() -> None:
    """Run `tim`.

    Exit codes: 0 done; 1 the command ran and its answer is no; 2 it could not run (one line on stderr
    says why and what to do).
    """
    try:
        app()
    except TimError as error:
        sys.exit(_refuse(str(error)))
    except ModuleNotFoundError as error:
        extra = _EXTRA_OF_PACKAGE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        sys.exit(_refuse(f"this command needs more packages: pip install 'tim-suite[{extra}]'"))


def _refuse(text: str) -> int:
    typer.echo(f"tim: {text}", err=True)
    return 2


if __name__ == "__main__":
    main()
