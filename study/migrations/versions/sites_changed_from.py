"""Keep how an earlier crawl asked a site, where that has changed"""

import sqlalchemy as sa
from alembic import op

revision = "sites"
down_revision = "via"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_from", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_column("changed_from")
