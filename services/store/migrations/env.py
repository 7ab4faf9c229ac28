"""Runs the migrations on the connection that ``services.store.database`` gives, inside its transaction."""

from alembic import context

from services.store import (  # noqa: F401 - their tables belong to the same metadata
    schema_mailboxes,
    schema_people,
    schema_receipts,
    schema_routing,
)
from services.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
