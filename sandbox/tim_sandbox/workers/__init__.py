"""One homeserver as several Synapse processes with PostgreSQL and Redis, all on loopback."""
