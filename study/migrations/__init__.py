"""Migrations of the record (Alembic). ``upgrade`` brings a database to the newest version."""
