"""What Alembic runs: the connection is handed in, and so is the transaction around it."""

from alembic import context

from webcare.store.migrations.comparison import options

_connection = context.config.attributes["connection"]
context.configure(connection=_connection, **options(_connection.dialect.name))
context.run_migrations()
