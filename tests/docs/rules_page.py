"""Writes docs/rules.md: how rules are chosen and explained, and the table of all of them."""

import json
import sys
from collections.abc import Iterator

from tim_policy.profile import Profile, ProfileName, shipped_profile
from tim_policy.registry import TABLES, Rule

_HEAD = """\
# The rules

What a homeserver with `tim_synapse` lets its users do, beyond the [federation gate](gate.md). This page is generated
from the code by `make docs`.

A homeserver follows one profile: `pro-basis-1.1`, `pro-basis-1.2`, `epa-basis-1.1` or `epa-basis-1.2`
([why four](adr/0001-profiles.md)). A profile is a YAML file that lists every rule with its numbers and with the status
and error code of its refusal. Rules hold for server admins too, on every path and on every worker; a rule that fails
refuses. State and messages of other homeservers are accepted and counted
([why](adr/0003-events-of-other-servers.md)); their invites are judged.

## Ask why

The people at the client read a short German sentence. For the operator, the same tables answer from the command line,
without a homeserver:

```console
$ tim policy explain invite --json request.json
invite_federation (A_25534): allow
invite_insured (A_25705): allow
invite_insurers (NO_INSURERS): not in force
invite_invitee (AF_10104-03): allow
invite_direct_room (TI-M_11X_0707): not in force
invite_permission (A_26021-01): deny (blocked_by_invitee)
REFUSED with 403 M_FORBIDDEN: blocked_by_invitee
```

`request.json` says what is known about the request:

```json
{
  "own_server": "praxis.example.de",
  "listed": ["praxis.example.de", "pflege.example.de"],
  "inviter": "@anna:pflege.example.de",
  "invitee": "@weber:praxis.example.de",
  "permission_config": {"defaultSetting": "block all"}
}
```

`--profile` names another profile, `--config homeserver.yaml` takes profile and changes from a homeserver. The exit code
is 1 for a refusal. `tim policy rules` lists the rules in force with their numbers. On the running homeserver the metric
`tim_decisions` counts decisions by action and reason, and the log has one line for each refusal, without names.

## Be stricter

```yaml
modules:
  - module: tim_synapse.TimModule
    config:
      profile: pro-basis-1.2
      rules:
        event_redaction_age: {max_age: 12h}   # stricter: accepted
        invite_insurers: {}                   # not in force in any profile: an operator may add it
        create_room_invitees: {unsafe_max_invitees: 3}   # allows more: warned about at each start
```

A change that allows more than the profile is refused at start unless its name begins with `unsafe_`; `unsafe_off: true`
takes a rule out of force. Settings of Synapse that contradict a rule in force keep it from starting, with one line that
names the setting: [homeserver.yaml.example](../homeserver.yaml.example) has them all.

## All rules

In the order in which they are asked. A number stands where profiles or operators may differ; `–`: not in force.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_table(action) for action in TABLES)


def _table(action: str) -> str:
    lines = [f"\n### {action}\n", f"| rule | demanded by | {' | '.join(ProfileName)} |", f"| --- | --- |{' --- |' * 4}"]
    lines += [_row(rule) for rule in TABLES[action]]
    return "\n".join(lines) + "\n"


def _row(rule: Rule[object]) -> str:
    module = sys.modules[f"tim_policy.rules.{rule.name}"]
    meaning = (module.__doc__ or "").partition("\n\n")[0].replace("\n", " ").strip()
    cells = [" ".join(_cell(shipped_profile(name), rule.name)) for name in ProfileName]
    link = f"[{rule.name}](../policies/tim_policy/rules/{rule.name}.py)"
    return f"| {link}: {meaning} | {rule.requirement} | {' | '.join(cells)} |"


def _cell(profile: Profile, name: str) -> Iterator[str]:
    parameters = getattr(profile.rules, name)
    if parameters is None:
        yield "–"
        return
    for key, value in parameters.numbers().items():
        yield f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else json.dumps(value)};"
    refusal = parameters.refusal
    yield f"{refusal.status} {refusal.errcode}"
