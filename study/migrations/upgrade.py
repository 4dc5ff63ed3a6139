"""Bring a record to the newest version of its tables, from any earlier one, inside one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

_HERE = Path(__file__).parent


def upgrade(engine: Engine) -> None:
    """Run the migrations that ``engine``'s database still lacks; nothing where it is up to date."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
        if engine.dialect.name == "sqlite":
            # Python's sqlite3 begins no transaction for DDL: a process killed here would leave half a migration behind.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if MigrationContext.configure(connection).get_current_revision() == newest:
                return  # another process was faster
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
