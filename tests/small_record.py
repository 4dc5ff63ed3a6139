"""A record filled row by row, so that a test of counting says exactly what was seen and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from study import record as r
from study.protocol import Protocol, load
from study.record import Record, text_hash

NOON = datetime(2008, 7, 29, 12, 0, tzinfo=UTC)
MODEL = "m" * 64

PROTOCOL = r"""
name = "small"
title = "Mentoring of staff"
sample = "nfer-2008"

[[keywords]]
code = "mentor"
name = "mentor (mentoring)"
variants = ["mentor", "mentoring"]
counts = "relevance"
relations = ["mentoring", "both"]
core = '\bmentor'

[[keywords]]
code = "coach"
name = "coach"
variants = ["coach"]
counts = "relevance"
relations = ["coaching", "both"]

[[keywords]]
code = "tda"
name = "TDA"
variants = ["TDA"]
counts = "mention"
mention = "tda"

[[relations]]
code = "mentoring"
name = "mentoring"
[[relations]]
code = "coaching"
name = "coaching"
[[relations]]
code = "both"
name = "both"
[[relations]]
code = "none"
name = "neither"

[[topics]]
code = "other"
name = "Anything else"

[[approaches]]
code = "strategy"
name = "Own strategy"
cues = ['\bstrategy\b']
[[approaches]]
code = "early-years"
name = "Early years"

[[mentions]]
code = "tda"
name = "Training and Development Agency for Schools"
patterns = ['\bTDA\b']

[published]
title = "July 2008 (published)"
source = "A study"
totals = { mentor = 3 }
minimum = { mentor = 1 }
maximum = { mentor = 2 }
relevant = { mentor = 1, coach = 9 }
authorities = { mentor = 1, tda = 1 }
[published.approaches]
strategy = ["E10000016"]
"""

# More of a study: a mention that is no name, and a cell of the National Framework that an approach fills.
DEFINITION_AND_PLANS = r"""
[[mentions]]
code = "definition"
name = "A definition"
patterns = ['\bmentoring is\b']

[[framework]]
dimension = "type"
code = "plans"
name = "Plans"
approach = "strategy"
"""


def small_protocol(directory: Path, more: str = "") -> Protocol:
    """The study of these tests: two groups that count relevance, one that counts a mention, two approaches; and ``more``."""
    path = directory / "small.toml"
    path.write_text(PROTOCOL + more, encoding="utf-8")
    return load(str(path))


def emptied(record: Record) -> Record:
    """Empty a record that tests share."""
    with record.begin() as db:
        for table in reversed(r.metadata.sorted_tables):
            db.execute(table.delete())
    return record


@dataclass
class SmallCrawl:
    """One crawl. Sites have every variant of the protocol to be asked; `asked` says what came of it."""

    record: Record
    protocol: Protocol
    authorities: Sequence[str]
    sample: str = "authorities"
    as_of: date = date(2008, 7, 29)
    id: int = 0
    sites: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        targets = [{"authority": a, "home_url": self.home(a), "host_kind": "main"} for a in self.authorities]
        self.id = self._insert(
            r.crawl,
            protocol=self.protocol.name,
            protocol_hash=self.protocol.hash,
            sample=self.sample,
            targets=targets,
            as_of=self.as_of,
            version="0",
            started_at=NOON,
        )
        for authority in self.authorities:
            self.site(authority)

    def home(self, authority: str, kind: str = "main") -> str:
        return f"http://{authority.lower()}.{kind}.example/"

    def site(self, authority: str, kind: str = "main", name: str | None = None) -> int:
        """Add a site with all its searches complete and empty; `name` (default: its kind) is what `asked` calls it."""
        home = self.home(authority, name or kind)
        values = {"authority": authority, "host_kind": kind, "home_url": home, "state": "done"}
        site_id = self.sites[f"{authority} {name or kind}"] = self._insert(r.site, crawl_id=self.id, **values)
        for keyword in self.protocol.keywords:
            for variant in keyword.variants:
                self._insert(
                    r.search,
                    crawl_id=self.id,
                    site_id=site_id,
                    keyword=keyword.code,
                    query=variant,
                    via="search",
                    state="done",
                    status="complete",
                    total_is="absent",
                )
        return site_id

    def asked(
        self,
        authority: str,
        query: str,
        paths: Iterable[str] = (),
        *,
        site: str = "main",
        via: str = "search",
        **values: Any,
    ) -> None:
        """Say what came of a search: its hits by path, and any of its columns."""
        site_id = self.sites[f"{authority} {site}"]
        keyword = next(k.code for k in self.protocol.keywords if query in k.variants)
        same = (r.search.c.site_id == site_id) & (r.search.c.query == query)
        with self.record.begin() as db:
            search_id = db.execute(select(r.search.c.id).where(same, r.search.c.via == via)).scalar()
        if search_id is None:
            row = {"crawl_id": self.id, "site_id": site_id, "keyword": keyword, "query": query, "via": via}
            search_id = self._insert(r.search, state="done", **row)
        pages = [self.page_id(authority, path) for path in paths]
        with self.record.begin() as db:
            counted = {"collected": len(pages), "distinct_urls": len(set(pages)), "pages_read": 1}
            db.execute(r.search.update().where(r.search.c.id == search_id).values(counted | values))
            for rank, page in enumerate(pages, start=1):
                shown = {"rank": rank, "url": "http://as.shown/", "title": "As shown", "snippet": ""}
                db.execute(r.hit.insert().values(search_id=search_id, page_id=page, **shown))

    def page_id(self, authority: str, path: str) -> int:
        url = self.home(authority) + path
        with self.record.begin() as db:
            same = (r.page.c.authority == authority) & (r.page.c.url == url)
            found = db.execute(select(r.page.c.id).where(same)).scalar()
        if found is not None:
            return int(found)
        return self._insert(r.page, authority=authority, url=url, first_seen=self.as_of, last_seen=self.as_of)

    def fetched(
        self,
        authority: str,
        path: str,
        text: str = "Nothing about it.",
        relevance: str | None = "off-topic",
        *,
        title: str = "A page",
        outcome: str = "ok",
        status: int = 200,
        error: str | None = None,
        final_url: str | None = None,
        mentions: Sequence[tuple[Any, ...]] = (),
        model_id: str = MODEL,
        **judged: Any,
    ) -> str:
        """Fetch a page, judge its text (``relevance`` None: not judged yet); ``mentions`` are (what, which, counts, quote) and,
        where they matter, further columns as a dict.

        Returns the text's hash.
        """
        kept = text_hash(title, text)
        capture: dict[str, Any] = {"outcome": outcome, "status": status, "final_url": final_url}
        if outcome == "ok":
            raw_hash = text_hash(f"{authority} {path}", f"{title} {text}")
            place = {"warc_file": "crawl-1.warc.gz", "warc_offset": 100 + len(path), "warc_length": 10}
            capture |= {"raw_hash": raw_hash, "text_hash": kept, **place}
            with self.record.begin() as db:
                body = {"raw_hash": raw_hash, "media_type": "text/html", "size": len(text)}
                read = {"extractor": "text-1", "title": title, "text": text, "error": error}
                r.insert_new(db, r.body, [body])
                r.insert_new(db, r.extraction, [{"raw_hash": raw_hash, **read}])
                r.insert_new(db, r.text, [{"text_hash": kept, "title": title, "text": text}])
        site = self.sites[f"{authority} main"]
        page = self.page_id(authority, path)
        ids = {"crawl_id": self.id, "page_id": page, "site_id": site, "url": self.home(authority) + path}
        self._insert(r.capture, state="done", fetched_at=NOON, **ids, **capture)
        if outcome == "ok" and relevance is not None:
            self.judged(kept, relevance, model_id=model_id, **judged)
        with self.record.begin() as db:
            for start, (what, which, counts, quote, *more) in enumerate(mentions):
                row = {"what": what, "which": which, "counts": counts, "quote": quote, "start": start, "end": start + 3}
                seen = {"about": [], "beside_keyword": False, "explained": False, "linked": False}
                same = {"text_hash": kept, "protocol_hash": self.protocol.hash}
                r.insert_new(db, r.mention, [{**same, **row, **seen, **(more[0] if more else {})}])
        return kept

    def judged(self, kept: str, relevance: str, *, model_id: str = MODEL, at: datetime = NOON, **judged: Any) -> None:
        row: dict[str, Any] = {
            "relation": "none",
            "approaches": [],
            "depth": "main",
            "evidence": [],
            "probability": 0.5,
        }
        row |= {"relevance": relevance, "topics": [], "flags": [], **judged}
        key = {"text_hash": kept, "protocol_hash": self.protocol.hash, "model_id": model_id}
        model = {"id": model_id, "protocol_hash": self.protocol.hash, "labels_hash": "l", "created_at": at, "file": "f"}
        with self.record.begin() as db:
            if model_id != "rules":
                r.insert_new(db, r.model, [{**model, "versions": {}, "metrics": {}}])
            r.insert_new(db, r.judgement, [{**key, **row}])

    def decided(self, kept: str, decision: str, annotator: str = "heron", role: str = "annotator", **said: Any) -> None:
        row: dict[str, Any] = {"relation": "none", "topics": [], "approaches": [], "depth": "main", "flags": []}
        with self.record.begin() as db:
            shown = db.execute(select(r.text.c.title, r.text.c.text).where(r.text.c.text_hash == kept)).one_or_none()
        title, text = shown or ("", "")
        about = {"text_hash": kept, "title": title, "text": text, "protocol": self.protocol.name, "codebook": "1"}
        who = {"annotator": annotator, "role": role, "source": "likely", "score_shown": False, "decided_at": NOON}
        self._insert(r.label, decision=decision, **{**about, **who, **row, **said})

    def _insert(self, table: Any, **values: Any) -> int:
        with self.record.begin() as db:
            key = db.execute(table.insert().values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])
