"""Prescription requests: what can become of one, who may bring it about, and where a token may travel."""
