"""`tim policy`: what a profile demands, and why a request is refused."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from tim_policy.decision import Allow, Deny
from tim_policy.errors import ConfigError
from tim_policy.explain import DESCRIPTIONS, explain_request
from tim_policy.parameters import Parameters
from tim_policy.profile import Profile, ProfileName, shipped_profile, with_changes
from tim_policy.registry import TABLES, Verdict

app = typer.Typer(help="The rules: what a profile demands, and why a request is refused.", no_args_is_help=True)

_MODULE = "tim_synapse.TimModule"
_NEWEST = ProfileName.PRO_1_2

ProfileOption = Annotated[ProfileName, typer.Option("--profile", help="Whose rules.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="homeserver.yaml: take profile and changed rules from it, instead of --profile."),
]


@app.command()
def rules(profile: ProfileOption = _NEWEST, config: ConfigOption = None) -> None:
    """List the rules in force with their numbers, in the order in which they are asked."""
    in_force = _profile(profile, config)
    for action, table in TABLES.items():
        typer.echo(f"{action}")
        for rule in table:
            parameters = getattr(in_force.rules, rule.name)
            said = "not in force" if parameters is None else _numbers(parameters)
            typer.echo(f"  {rule.name} ({rule.requirement}): {said}")


@app.command()
def explain(
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"One of: {', '.join(DESCRIPTIONS)}.")],
    file: Annotated[Path, typer.Option("--json", help="Description of the request; see docs/rules.md.")],
    profile: ProfileOption = _NEWEST,
    config: ConfigOption = None,
) -> None:
    """Show each rule's verdict about a request; exit 1 when it is refused."""
    if action not in DESCRIPTIONS:
        raise ConfigError(f"ACTION: expected one of {', '.join(DESCRIPTIONS)}")
    verdicts = explain_request(action, _read_json(file), _profile(profile, config), str(file))
    for verdict in verdicts:
        typer.echo(f"{verdict.rule} ({verdict.requirement}): {_verdict(verdict)}")
    refusal = next((verdict.decision for verdict in verdicts if isinstance(verdict.decision, Deny)), None)
    if refusal is None:
        typer.echo("allowed")
        return
    typer.echo(f"REFUSED with {refusal.refusal.status} {refusal.refusal.errcode}: {refusal.reason}")
    raise typer.Exit(1)


def _verdict(verdict: Verdict) -> str:
    match verdict.decision:
        case None:
            return "not in force"
        case Allow():
            return "allow"
        case Deny(reason=reason):
            return f"deny ({reason})"


def _numbers(parameters: Parameters) -> str:
    numbers = "".join(f"{name}={json.dumps(value)} " for name, value in parameters.numbers().items())
    return f"{numbers}else {parameters.refusal.status} {parameters.refusal.errcode}"


def _profile(name: ProfileName, config: Path | None) -> Profile:
    """The named profile, or the one of a homeserver with what its operator changed.

    Raises:
        ConfigError: the file cannot be read, does not load the module, or has faults.
    """
    if config is None:
        return shipped_profile(name)
    block = _module_block(_read_yaml(config), config)
    named = block.get("profile")
    if named not in list(ProfileName):
        raise ConfigError(f"{config}: profile: expected one of {', '.join(ProfileName)}")
    profile, _ = with_changes(shipped_profile(ProfileName(named)), block.get("rules") or {}, f"{config}: rules")
    return profile


def _module_block(settings: Any, config: Path) -> dict[str, Any]:
    modules = settings.get("modules") if isinstance(settings, dict) else None
    for entry in modules if isinstance(modules, list) else ():
        if isinstance(entry, dict) and entry.get("module") == _MODULE and isinstance(entry.get("config"), dict):
            block: dict[str, Any] = entry["config"]
            return block
    raise ConfigError(f"{config}: modules: {_MODULE} is not there, or has no config block")


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--config: cannot read {path} ({error.strerror})") from None
    except yaml.YAMLError as error:
        line = (
            f", line {error.problem_mark.line + 1}"
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark
            else ""
        )
        raise ConfigError(f"--config: {path}{line}: not YAML") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--json: cannot read {path} ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"--json: {path} holds no JSON (expected: a description, see docs/rules.md)") from None
