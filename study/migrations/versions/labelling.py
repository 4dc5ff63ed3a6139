"""Texts in people's hands, near-duplicates, and decisions that follow from a near-duplicate's"""

import sqlalchemy as sa
from alembic import op

revision = "labelling"
down_revision = "sites"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignment",
        sa.Column("protocol", sa.String(length=100), nullable=False),
        sa.Column("group_hash", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("annotator", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("protocol", "group_hash", "place", name=op.f("pk_assignment")),
    )
    op.create_table(
        "near_text",
        sa.Column("protocol_hash", sa.String(length=64), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("group_hash", sa.String(length=64), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("protocol_hash", "text_hash", name=op.f("pk_near_text")),
    )
    op.create_index(op.f("ix_near_text_protocol_hash_group_hash"), "near_text", ["protocol_hash", "group_hash"])
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.add_column(sa.Column("follows", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("form", sa.String(length=40), nullable=True))
    op.create_index(op.f("ix_label_form"), "label", ["form"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_label_form"), table_name="label")
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.drop_column("form")
        batch_op.drop_column("follows")
    op.drop_table("near_text")
    op.drop_table("assignment")
