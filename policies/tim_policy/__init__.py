"""TI-Messenger rules as data and pure functions: no I/O, no clock, no logger."""
