"""The command-line program `tim`."""
