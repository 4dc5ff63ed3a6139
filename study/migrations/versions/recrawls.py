"""What a recrawl reuses: bodies seen before, results pages read before; and what a crawl has asked for"""

import sqlalchemy as sa
from alembic import op

revision = "recrawls"
down_revision = "labelling"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("capture", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revisit", sa.String(length=20), nullable=True))
        batch_op.create_index(batch_op.f("ix_capture_page_id"), ["page_id"])
    with op.batch_alter_table("crawl", schema=None) as batch_op:
        batch_op.add_column(sa.Column("traffic", sa.JSON(), nullable=True))
    op.create_table(
        "reading",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "request", name=op.f("pk_reading")),
    )


def downgrade() -> None:
    op.drop_table("reading")
    with op.batch_alter_table("crawl", schema=None) as batch_op:
        batch_op.drop_column("traffic")
    with op.batch_alter_table("capture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_capture_page_id"))
        batch_op.drop_column("revisit")
