"""Sitemap files and the pages that are read in place of a search"""

import sqlalchemy as sa
from alembic import op

revision = "via"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sitemap_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("lastmod", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("elsewhere", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_sitemap_file_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitemap_file")),
        sa.UniqueConstraint("site_id", "url", name=op.f("uq_sitemap_file_site_id_url")),
    )
    op.create_table(
        "listed_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("lastmod", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("trapped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_listed_page_page_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_listed_page_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_page")),
        sa.UniqueConstraint("site_id", "page_id", name=op.f("uq_listed_page_site_id_page_id")),
    )


def downgrade() -> None:
    op.drop_table("listed_page")
    op.drop_table("sitemap_file")
