"""Appointments: what can become of one, who may bring it about, and when people are reminded."""
