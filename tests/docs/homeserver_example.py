"""`homeserver.yaml.example`: the module's block as it stands here, and the settings of Synapse from their table."""

import json
from collections.abc import Iterator
from itertools import groupby

from tim_policy.homeserver_settings import SETTINGS, Setting
from tim_policy.permission_config import Product

_HEAD = """\
# Settings of a TI-M homeserver that TIM Suite needs or recommends; add them to your homeserver.yaml.
# Check it before each restart:  python -m synapse.config -c homeserver.yaml
# A mistyped key in the block below keeps Synapse from starting and is named with the nearest known key.

modules:
  - module: tim_synapse.TimModule
    config:
      # Which rules: pro-basis-1.1 or pro-basis-1.2 for professionals, epa-basis-1.1 or epa-basis-1.2 for an insurer's
      # homeserver for insured persons.
      profile: pro-basis-1.2

      federation_list:
        # Where the signed list comes from. Exactly one of: a URL (asked with ?version=<known>; 204 means unchanged) ...
        source:
          url: https://list.example.org/federationList.jws
        # ... the directory itself (VZD), with the credentials of a TI-M provider ...
        #  vzd:
        #    directory: https://fhir-directory.vzd.ti-dienste.de
        #    auth: https://auth.vzd.ti-dienste.de:9443
        #    client_id: my-provider
        #    client_secret_file: /etc/tim/vzd.secret
        # ... or a file that something else keeps up to date (its time stamp counts as its age):
        #  file: /var/lib/tim/federationList.jws

        # 1.1 only: the VZD that says whose invites the directory admits (whereIs), unless the source is the VZD; keys
        # as those of vzd above.
        #where_is: {directory: ..., auth: ..., client_id: ..., client_secret_file: ...}

        # TI roots (gematik's roots.json, or PEM), and the component CA that issued the list's signer.
        roots_file: /etc/tim/roots.json
        issuer_files: [/etc/tim/GEM.KOMP-CA.der]

        # require (default): no list without OCSP's "good" for signer and CA. soft: accept it, with a warning, while the
        # responder is out of reach; never when it says revoked.
        #ocsp: require

        # Defaults. A list that nobody confirmed for 72 hours is no list: then only the own server is allowed.
        #refresh_interval: 1h
        #retry_interval: 5m

      # Where other homeservers may be (docs/gate-residency.md). The key must be there; null switches the condition off.
      # Begin with observe, look at `tim gate status`, then enforce: a server whose country is unknown is refused.
      residency:
        mode: observe
        countries: {klinik.example.de: DE}

      # Whom users and other operators ask for help: /.well-known/matrix/support, which 1.2 demands. Contacts, a page,
      # or both. Interfaces for clients are at /tim-information, /tim-contact-mgmt/v1.0.2 (1.1) and /tim-client-report.
      interfaces:
        operator: Rechenzentrum Beispiel
        support:
          contacts: [{role: m.role.security, email_address: sicherheit@example.org}]
          support_page: https://example.org/hilfe

      # Single rules of the profile may be made stricter (`tim policy rules` lists them); what allows more than the
      # specification needs the prefix unsafe_ and is warned about at each start.
      #rules: {invite_permission: {unconfigured: own server only}}

      # How long data stays (docs/retention.md, docs/data-map.md). Begin with observe, look at `tim retention status`.
      # Policies: minimal, tim-1.1, tim-1.2, epa; `tim retention policy` prints them. Single periods may be changed.
      retention:
        policy: tim-1.2
        mode: observe
        #periods: {reports: 30d}

      # A signed log of what was deleted and decided; make the key with `tim audit new-key`.
      #audit: {key_file: /etc/tim/audit.key}

# Empty on purpose: the module fills Synapse's own whitelist from the federation list, and does not start without this.
federation_domain_whitelist: []

# What the rules rely on. Synapse does not start when a setting marked with * is another one while the rule behind it is
# in force; the line it writes names the setting.
"""

_TAIL = """
# for insurers and the retention policy minimal: no counts per user and room; without them no public room is listed
#stats: {enabled: false}
"""


def example() -> str:
    """The whole file."""
    return _HEAD + "\n".join(_lines()) + "\n" + _TAIL


def _lines() -> Iterator[str]:
    """Settings of the professionals' homeservers; those that only insurers need stand behind a `#`."""
    for block, settings in groupby(SETTINGS, key=lambda setting: setting.key.rpartition(".")[0]):
        entries = list(settings)
        if not block:
            yield from (line for setting in entries for line in _setting(setting, ""))
            continue
        yield f"{block}:"
        yield from (line for setting in entries for line in _setting(setting, "  "))


def _setting(setting: Setting, indent: str) -> Iterator[str]:
    mark = "* " if setting.is_required else ""
    whose = "insurers only: " if setting.product is Product.EPA else ""
    requirement = f" ({setting.requirement})" if setting.requirement else ""
    yield f"{indent}# {mark}{whose}{setting.reason}{requirement}"
    line = f"{setting.key.rpartition('.')[2]}: {json.dumps(setting.value)}"
    yield f"{indent}#{line}" if setting.product is Product.EPA else f"{indent}{line}"
