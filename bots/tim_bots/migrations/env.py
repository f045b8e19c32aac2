"""Runs by alembic: applies the steps through the connection that `tim_bots.schema` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
