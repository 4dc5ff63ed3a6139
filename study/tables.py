"""The tables of the record. What each column holds is said beside it; docs/record.md tells the story in one breath."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from study.columns import CleanText, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

crawl = Table(
    "crawl",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("protocol", String(100), nullable=False),  # name, e.g. nfer-2008
    Column("protocol_hash", String(64), nullable=False),
    Column("sample", String(100), nullable=False),  # sample name, or 'sites' for sites given by hand
    Column("targets", JSON, nullable=False),  # [{authority, home_url, host_kind}]: what this crawl is to visit
    Column("as_of", Date, nullable=False),  # the day the crawl speaks for
    Column("version", String(50), nullable=False),  # of mentorwatch
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),  # null while there is work to do
    Column("traffic", JSON),  # {requests, sent, received}: what it has asked for so far, in bytes as on the wire
)

site = Table(
    "site",  # one host of an authority in one crawl: how its search is asked, and whether it works
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crawl_id", ForeignKey("crawl.id"), nullable=False),
    Column("authority", String(100), nullable=False),  # GSS code, or the host for a site outside the register
    Column("host_kind", String(20), nullable=False),  # main | portal | committee
    Column("home_url", CleanText, nullable=False),
    Column(
        "state", String(10), nullable=False
    ),  # pending | found (its searches are under way) | done (controls asked again)
    Column("how", String(20)),  # site | platform | opensearch | searchaction | form | path
    Column("platform", String(50)),
    Column("function", JSON),  # what was learned of the search (crawler.asking.SearchFunction)
    Column("controls", JSON),  # the control queries and what they gave; `after`: once more when all was read
    Column("status", String(20)),  # null where it works, else DESIGN.md's status
    Column("reason", CleanText),
    Column("checked_at", Moment),
    Column("changed_from", JSON),  # null, or how an earlier crawl asked, where it was otherwise (crawler.earlier)
    UniqueConstraint("crawl_id", "authority", "host_kind", "home_url"),
)

search = Table(
    "search",  # one query variant on one host
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crawl_id", ForeignKey("crawl.id"), nullable=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("keyword", String(50), nullable=False),  # the keyword group: mentor, coach, tda, ...
    Column("query", CleanText, nullable=False),  # the variant asked
    Column("via", String(20), nullable=False),  # search | sitemap | crawl | archive
    Column("state", String(10), nullable=False),  # pending | done
    Column("status", String(20)),  # DESIGN.md's statuses
    Column("reason", CleanText),
    Column("search_url", CleanText),
    Column("asked", CleanText),  # the query the engine says it ran, where it says so
    Column("reported_total", Integer),
    Column("total_is", String(10)),  # exact | estimate | capped | absent
    Column("collected", Integer, nullable=False, default=0),  # items read
    Column("distinct_urls", Integer, nullable=False, default=0),
    Column("left_out", Integer, nullable=False, default=0),  # hits that were taken down: what they said is not known
    Column("pages_read", Integer, nullable=False, default=0),
    Column("progress", JSON),  # where to go on after an interruption (crawler.asking.State)
    Column("finished_at", Moment),
    UniqueConstraint("site_id", "via", "keyword", "query"),
)

page = Table(
    "page",  # one canonical URL of an authority
    metadata,
    Column("id", Integer, primary_key=True),
    Column("authority", String(100), nullable=False),
    Column("url", CleanText, nullable=False),  # its identity, not what is asked for: see capture.url
    Column("first_seen", Date, nullable=False),  # as-of dates of crawls
    Column("last_seen", Date, nullable=False),
    UniqueConstraint("authority", "url"),
)

hit = Table(
    "hit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("search_id", ForeignKey("search.id"), nullable=False),
    Column("page_id", ForeignKey("page.id"), nullable=False),
    Column("rank", Integer, nullable=False),  # 1 = first, counted across result pages
    Column("url", CleanText, nullable=False),  # as shown
    Column("title", CleanText, nullable=False),
    Column("snippet", CleanText, nullable=False),
    UniqueConstraint("search_id", "rank"),
    Index(None, "page_id", "search_id"),
)

capture = Table(
    "capture",  # one fetch of one page in one crawl
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crawl_id", ForeignKey("crawl.id"), nullable=False),
    Column("page_id", ForeignKey("page.id"), nullable=False),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column(
        "url", CleanText, nullable=False
    ),  # as the first hit showed it: servers mind order and spelling of parameters
    Column("state", String(10), nullable=False),  # pending | done
    Column("outcome", String(20)),  # ok | soft-404 | gone | blocked | robots | refused | too-large | failed | no-copy
    Column("reason", CleanText),
    Column("status", Integer),  # HTTP status
    Column("final_url", CleanText),
    Column("etag", CleanText),
    Column("last_modified", CleanText),
    Column("raw_hash", String(64)),  # SHA-256 of the body
    Column("warc_file", CleanText),
    Column("warc_offset", BigInteger),
    Column("warc_length", Integer),  # bytes of the compressed record
    # null: the body stands in this WARC record; else in that of an earlier capture of the page with the same raw_hash:
    # not-modified (the site said so, 304) | identical (sent again, byte for byte)
    Column("revisit", String(20)),
    Column("fetched_at", Moment),
    Column("text_hash", String(64)),  # the text judged: extraction less site blocks (classifier)
    UniqueConstraint("crawl_id", "page_id"),
    Index(None, "site_id", "state"),
    Index(None, "page_id"),
    Index(None, "raw_hash"),
)

sitemap_file = Table(
    "sitemap_file",  # a file that lists a site's pages, or further such files: read where the search cannot be used
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("url", CleanText, nullable=False),
    Column(
        "depth", Integer, nullable=False
    ),  # 0: looked for by us; 1: found so, or named in robots.txt or an index; ...
    Column("lastmod", CleanText, nullable=False),  # as the index says, '' where it does not
    Column("state", String(10), nullable=False),  # pending | done
    Column("reason", CleanText),  # null, or why it was not read, or not whole
    Column("listed", Integer, nullable=False, default=0),  # pages of the authority's own hosts
    Column("elsewhere", Integer, nullable=False, default=0),  # addresses of other hosts: left alone
    Column("left_out", Integer, nullable=False, default=0),  # pages and files beyond the bounds
    UniqueConstraint("site_id", "url"),
)

listed_page = Table(
    "listed_page",  # a page to be read in place of the site's search, in the order of reading
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("page_id", ForeignKey("page.id"), nullable=False),
    Column("depth", Integer, nullable=False),  # links from the home page; 1 for what a sitemap lists
    Column("lastmod", CleanText, nullable=False),  # as the sitemap says, '' where it does not
    Column("state", String(10), nullable=False),  # pending | done (done: a crawl has followed its links)
    Column("left_out", Integer, nullable=False, default=0),  # its links beyond the bounds
    Column("trapped", Integer, nullable=False, default=0),  # its links that a machine makes without end
    UniqueConstraint("site_id", "page_id"),
)

reading = Table(
    "reading",  # the newest reading of a results page, so that the same page is not taken apart again (crawler.rereading)
    metadata,
    Column("owner", String(64), primary_key=True),  # hash of the site and the query
    Column("request", String(64), primary_key=True),  # hash of what was asked
    Column("key", String(64), nullable=False),  # hash of all that the reading is a function of: body, reader, code
    Column("result", JSON, nullable=False),
)

body = Table(
    "body",  # distinct bytes; the bytes themselves stand in the WARC
    metadata,
    Column("raw_hash", String(64), primary_key=True),
    Column("media_type", CleanText, nullable=False),  # with charset, as served
    Column("size", Integer, nullable=False),  # bytes
)

extraction = Table(
    "extraction",
    metadata,
    Column("raw_hash", ForeignKey("body.raw_hash"), primary_key=True),
    Column("extractor", String(50), primary_key=True),
    Column("title", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("document_date", Date),
    Column("error", CleanText),  # null, or why there is no text
)

site_block = Table(
    "site_block",  # text blocks that repeat over a host's pages, masked when judging
    metadata,
    Column("authority", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("blocks", JSON, nullable=False),  # list of normalised lines
)

text = Table(
    "text",  # a text as it was judged
    metadata,
    Column("text_hash", String(64), primary_key=True),
    Column("title", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
)

model = Table(
    "model",
    metadata,
    Column("id", String(64), primary_key=True),  # hash of labels, configuration and library versions
    Column("protocol_hash", String(64), nullable=False),
    Column("labels_hash", String(64), nullable=False),
    Column("versions", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("file", CleanText, nullable=False),
    Column("created_at", Moment, nullable=False),
)

judgement = Table(
    "judgement",  # a function of (title + text), protocol and model
    metadata,
    Column("text_hash", String(64), primary_key=True),
    Column("protocol_hash", String(64), primary_key=True),
    Column("model_id", String(64), primary_key=True),  # 'rules' where the protocol has no labels
    Column("relevance", String(12), nullable=False),  # relevant | off-topic | ambiguous
    Column("probability", Float),  # of relevance; null without a model
    Column("relation", String(12), nullable=False),  # mentoring | coaching | both | none
    Column("topics", JSON, nullable=False),
    Column("approaches", JSON, nullable=False),
    Column("depth", String(10), nullable=False),  # main | section | brief
    Column("flags", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),  # quotes that carried the judgement
)

mention = Table(
    "mention",  # a function of (title + text) and protocol
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text_hash", String(64), nullable=False),
    Column("protocol_hash", String(64), nullable=False),
    Column("what", String(50), nullable=False),  # the protocol's mention code
    Column("which", CleanText),  # the namesake, e.g. Torbay Development Agency, for one that is not meant
    Column("counts", Boolean, nullable=False),  # false: a namesake, kept to show it was seen
    Column("quote", CleanText, nullable=False),
    Column("start", Integer, nullable=False),  # span in title + newline + text
    Column("end", Integer, nullable=False),
    Column("about", JSON, nullable=False),  # e.g. recruitment, funding, cpd
    Column("beside_keyword", Boolean, nullable=False),  # stands beside mentoring or coaching
    Column("explained", Boolean, nullable=False),
    Column("linked", Boolean, nullable=False),
    UniqueConstraint("text_hash", "protocol_hash", "what", "start"),
)

label = Table(
    "label",  # one decision of one person; append-only
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decided_at", Moment, nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("authority", String(100)),
    Column("url", CleanText),
    Column("title", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),  # as shown
    Column("protocol", String(100), nullable=False),
    Column("codebook", String(50), nullable=False),
    Column("annotator", String(100), nullable=False),  # a pseudonym
    Column("role", String(20), nullable=False),  # annotator | adjudicator | import
    Column("source", String(20), nullable=False),  # likely | uncertain | random | import
    Column("score_shown", Boolean, nullable=False),
    Column("decision", String(12), nullable=False),  # relevant | off-topic | ambiguous | skip | undone
    Column("relation", String(12)),
    Column("topics", JSON, nullable=False),
    Column("approaches", JSON, nullable=False),
    Column("depth", String(10)),
    Column("flags", JSON, nullable=False),
    Column("note", CleanText, nullable=False, default=""),
    Column("seconds", Float),
    Column("supersedes", ForeignKey("label.id")),
    Column("follows", Integer),  # null: read by the annotator; else the label of the near-duplicate that was read
    Column("form", String(40)),  # of the labelling page: a form sent twice is saved once
    Index(None, "text_hash"),
    Index(None, "form", unique=True),
)

assignment = Table(
    "assignment",  # a text in somebody's hands: its place is given to nobody else until the lease has run out
    metadata,
    Column("protocol", String(100), primary_key=True),
    Column("group_hash", String(64), primary_key=True),  # near-duplicates are in one hand: near_text.group_hash
    # 0, 1, ...: a text that two people read has two; -1: of whoever settles it
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("text_hash", String(64), nullable=False),  # the text shown
    Column("annotator", String(100), nullable=False),
    Column("source", String(20), nullable=False),  # likely | uncertain | random: goes into the label
    Column("given_at", Moment, nullable=False),
    Column("until", Moment),  # end of the lease; null: decided, the place is taken for good
)

near_text = Table(
    "near_text",  # a function of the texts and the protocol: texts so alike that one decision holds (labels.nearness)
    metadata,
    Column("protocol_hash", String(64), primary_key=True),
    Column("text_hash", String(64), primary_key=True),
    Column("group_hash", String(64), nullable=False),  # the text of the group that was met first
    Column("similarity", Float, nullable=False),  # to that text, 0 to 1
    Index(None, "protocol_hash", "group_hash"),
)

purged_url = Table(
    "purged_url",  # an address that was taken down: no crawl fetches it again (study.purged)
    metadata,
    Column("url_hash", String(64), primary_key=True),  # SHA-256 of the canonical address without its scheme
)

purged_text = Table(
    "purged_text",  # a text that was taken down: no label file brings it back (study.purged)
    metadata,
    Column("text_hash", String(64), primary_key=True),
)

purge = Table(
    "purge",  # the log of purges: how much was removed and why, never what
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purged_at", Moment, nullable=False),
    Column("kind", String(20), nullable=False),  # takedown | retention
    Column("reason", CleanText, nullable=False),  # as given, e.g. a ticket's number
    Column("pages", Integer, nullable=False),
    Column("captures", Integer, nullable=False),
    Column("warc_records", Integer, nullable=False),
    Column("texts", Integer, nullable=False),
    Column("labels", Integer, nullable=False),
)

# What reports of many crawls look for is rare: a partial index has the few rows and nothing else.
Index(
    "ix_capture_text_hash",
    capture.c.text_hash,
    capture.c.crawl_id,
    capture.c.page_id,
    capture.c.state,
    capture.c.outcome,
    capture.c.status,
    sqlite_where=capture.c.text_hash.is_not(None),
    postgresql_where=capture.c.text_hash.is_not(None),
)
Index(
    "ix_capture_without_text",
    *(capture.c[name] for name in ("crawl_id", "page_id", "site_id", "state", "outcome", "status")),
    sqlite_where=capture.c.text_hash.is_(None),
    postgresql_where=capture.c.text_hash.is_(None),
)
Index(
    "ix_extraction_error",
    extraction.c.raw_hash,
    sqlite_where=extraction.c.error.is_not(None),
    postgresql_where=extraction.c.error.is_not(None),
)
Index("ix_judgement_standing", judgement.c.protocol_hash, judgement.c.relevance, judgement.c.text_hash)
