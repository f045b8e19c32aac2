"""What goes wrong with keys, counted for the operator; labels are closed sets, nothing personal."""

from prometheus_client import Counter

REFUSED = Counter("tim_bot_crypto_refused_total", "Malformed or forged pieces of cryptography refused", ["kind"])
"""kind: malformed, to_device, event, state, device_key, device_list, one_time_key, sender, replay"""
WITHHELD = Counter("tim_bot_withheld_total", "Room keys that a person's client withheld from the bot", ["code"])
"""code: one of `tim_bots.guard.withheld.CODES`, or other"""
TRUST = Counter("tim_bot_trust_total", "Devices and identities of others that are not trustworthy", ["standing"])
"""standing: unsigned, changed"""
VERIFICATIONS = Counter("tim_bot_verification_total", "Verifications that people began with the bot", ["outcome"])
"""outcome: done, cancelled"""
