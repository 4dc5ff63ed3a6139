"""Addresses that were purged, a log of purges, and indexes for what reports of many crawls look for"""

import sqlalchemy as sa
from alembic import op

revision = "purges"
down_revision = "recrawls"
branch_labels = None
depends_on = None

_WITH_TEXT = sa.text("text_hash IS NOT NULL")
_WITHOUT_TEXT = sa.text("text_hash IS NULL")
_WITH_ERROR = sa.text("error IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "purged_url",
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("url_hash", name=op.f("pk_purged_url")),
    )
    op.create_table(
        "purge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("captures", sa.Integer(), nullable=False),
        sa.Column("warc_records", sa.Integer(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purge")),
    )
    op.drop_index("ix_capture_text_hash", "capture")
    op.create_index(
        "ix_capture_text_hash", "capture", ["text_hash"], sqlite_where=_WITH_TEXT, postgresql_where=_WITH_TEXT
    )
    op.create_index(
        "ix_capture_without_text",
        "capture",
        ["crawl_id", "page_id", "site_id", "state", "outcome", "status"],
        sqlite_where=_WITHOUT_TEXT,
        postgresql_where=_WITHOUT_TEXT,
    )
    op.create_index(
        "ix_extraction_error", "extraction", ["raw_hash"], sqlite_where=_WITH_ERROR, postgresql_where=_WITH_ERROR
    )
    op.create_index("ix_hit_page_id_search_id", "hit", ["page_id", "search_id"])
    op.drop_index("ix_hit_page_id", "hit")
    op.create_index("ix_judgement_standing", "judgement", ["protocol_hash", "relevance", "text_hash"])


def downgrade() -> None:
    op.drop_index("ix_judgement_standing", "judgement")
    op.create_index("ix_hit_page_id", "hit", ["page_id"])
    op.drop_index("ix_hit_page_id_search_id", "hit")
    op.drop_index("ix_extraction_error", "extraction")
    op.drop_index("ix_capture_without_text", "capture")
    op.drop_index("ix_capture_text_hash", "capture")
    op.create_index("ix_capture_text_hash", "capture", ["text_hash"])
    op.drop_table("purge")
    op.drop_table("purged_url")
