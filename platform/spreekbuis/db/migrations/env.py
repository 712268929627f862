"""Alembic's door to the models. New tables come out of autogenerate with their policies and grants."""

from alembic import context
from alembic.operations import ops
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from spreekbuis.app import import_models
from spreekbuis.db.base import APP_ROLE, BACKUP_ROLE, Base
from spreekbuis.db.security import mapped_tables, securing

import_models()


def secure_new_tables(_context, _revision, directives):  # type: ignore[no-untyped-def]
    """Add to each generated migration what secures its new tables."""
    if not directives:
        return
    upgrade = directives[0].upgrade_ops
    declared = mapped_tables()
    for op in list(upgrade.ops):
        if isinstance(op, ops.CreateTableOp):
            upgrade.ops.extend(ops.ExecuteSQLOp(s) for s in securing(op.table_name, declared[op.table_name]))


def run() -> None:
    url = make_url(context.config.attributes["url"]).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=True,
            process_revision_directives=secure_new_tables,
        )
        with context.begin_transaction():
            context.execute("SET LOCAL lock_timeout = '5s'")
            context.run_migrations()
            # The application compares this version with its own (readyz).
            context.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}, {BACKUP_ROLE}")
    engine.dispose()


run()
