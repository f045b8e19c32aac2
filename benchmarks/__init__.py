"""Measurements; `python -m benchmarks.gate` from the top of the repository."""
