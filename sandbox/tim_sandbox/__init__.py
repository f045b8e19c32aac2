"""A TI-Messenger federation on one machine, to try out and to test against; never for production."""
