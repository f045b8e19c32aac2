"""Triage at a function account: ask for the concern, invite whoever is responsible and there, and step back."""
