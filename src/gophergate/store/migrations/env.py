"""How Alembic runs here: on the connection `store.revision.upgrade` hands over, inside its transaction.

Run by Alembic, not imported. With no connection handed over there is nothing to run on, and it says so.
"""

from __future__ import annotations

from alembic import context

from gophergate.store.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations by 'gophergate db upgrade'.")

# Both databases can take back changes of the schema; Alembic does not expect it of SQLite.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
