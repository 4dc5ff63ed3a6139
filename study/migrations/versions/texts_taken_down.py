"""Texts that were taken down, so that no label file brings them back"""

import sqlalchemy as sa
from alembic import op

revision = "texts_taken_down"
down_revision = "taken_down"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purged_text",
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name=op.f("pk_purged_text")),
    )
    # Of what was taken down before, the texts that somebody had labelled are known: their labels stayed without them.
    op.execute(
        "INSERT INTO purged_text SELECT DISTINCT text_hash FROM label "
        "WHERE title = '' AND text = '' AND text_hash NOT IN (SELECT text_hash FROM text)"
    )


def downgrade() -> None:
    op.drop_table("purged_text")
