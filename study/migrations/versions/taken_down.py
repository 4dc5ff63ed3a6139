"""Count the hits of a search that were taken down: it was read to the end, and yet proves no silence

And let a trend read what it needs of a capture from the index by text.
"""

import sqlalchemy as sa
from alembic import op

revision = "taken_down"
down_revision = "purges"
branch_labels = None
depends_on = None

_WITH_TEXT = sa.text("text_hash IS NOT NULL")


def _index_text(*columns: str) -> None:
    op.drop_index("ix_capture_text_hash", "capture")
    op.create_index(
        "ix_capture_text_hash",
        "capture",
        ["text_hash", *columns],
        sqlite_where=_WITH_TEXT,
        postgresql_where=_WITH_TEXT,
    )


def upgrade() -> None:
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))
    _index_text("crawl_id", "page_id", "state", "outcome", "status")


def downgrade() -> None:
    _index_text()
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.drop_column("left_out")
