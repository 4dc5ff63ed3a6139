"""Count the hits of a search that were taken down: it was read to the end, and yet proves no silence"""

import sqlalchemy as sa
from alembic import op

revision = "taken_down"
down_revision = "purges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("search", schema=None) as batch_op:
        batch_op.drop_column("left_out")
