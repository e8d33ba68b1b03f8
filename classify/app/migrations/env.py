"""How Alembic comes to the database: by the connection that it is given."""

from alembic import context

from classify.app.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
