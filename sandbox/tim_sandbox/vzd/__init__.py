"""A stand-in for gematik's directory (VZD): federation list, provider operations, directory search."""

BANNER = "SANDBOX - not gematik's VZD"
