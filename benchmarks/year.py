"""A year of all of England in one record: how long reports and trends take, in how much memory, and what a capture costs.

    python -m benchmarks.year [--record FILE] [--pages 545] [--months 12]

Twelve crawls of the 153 authorities are written row by row as the crawler and the classifier write them: a month in which
each site had its pages, a few changed, new, gone, unreadable; some sites blocked. Only the bytes of the pages are missing.
Then every report of the newest crawl is made, and one trend is asked for, each in a process of its own that is timed (CPU
time too: the machine may be busy) and whose peak memory is taken. The bounds (issue 5): reports under 60 s and 1 GiB, a trend under 1 s.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, insert, select

from study import authorities, protocol
from study import record as r
from study.record import Record, text_hash
from study.text import EXTRACTOR

_SAID = (
    "the of and to in for a school council service children young people support training information contact county staff "
    "programme learning development business community education local authority leisure centre bus coach travel sport "
    "mentor mentoring coaching volunteers project course courses group year pupils parents teachers work meeting report"
)
_WORDS = _SAID.split()
_LENGTH = 420  # words of a page, about 2,700 characters
_CHANGED, _NEW, _GONE, _UNREADABLE, _FAILED, _BLOCKED = (
    0.03,
    0.01,
    0.01,
    0.03,
    0.01,
    0.03,
)  # a month; the last: of sites
_RELEVANT, _AMBIGUOUS, _NAMED = 0.0015, 0.01, 0.02  # of texts
_MODEL = "b" * 64


class Year:
    """Writes the year; the same rows for the same numbers."""

    def __init__(self, record: Record, pages: int, months: int) -> None:
        self.record, self.months = record, months
        self.study = protocol.load("nfer-2008")
        self.dice = random.Random(5)
        self.days = [date(2025 + (8 + month) // 12, (8 + month) % 12 + 1, 1) for month in range(months)]
        self.places = [s.authority for s in authorities.sample("england", self.days[-1])]
        self.sizes = [max(20, round(self.dice.lognormvariate(0, 0.7) * pages * 0.8)) for _ in self.places]
        self.next_page = 0
        self.alive: list[dict[int, tuple[str, str]]] = []  # by authority: page -> raw hash, text hash
        self.found_by: dict[int, list[tuple[str, str]]] = {}

    def write(self) -> int:
        """Write all crawls; return the number of captures."""
        when = datetime(2025, 9, 1, tzinfo=UTC)
        model = {"id": _MODEL, "protocol_hash": self.study.hash, "labels_hash": "l", "versions": {}, "metrics": {}}
        with self.record.begin() as db:
            db.execute(insert(r.model), [{**model, "file": "none", "created_at": when}])
        for number, size in enumerate(self.sizes):
            self.alive.append({})
            self._add(number, size, self.days[0])
        for month, day in enumerate(self.days):
            if month:
                self._live(day)
            self._crawl(month + 1, day)
            print(f"  {day}: written", file=sys.stderr)
        with self.record.begin() as db:
            return int(db.execute(select(func.count()).select_from(r.capture)).scalar_one())

    def _live(self, day: date) -> None:
        for number, alive in enumerate(self.alive):
            for page in list(alive):
                chance = self.dice.random()
                if chance < _GONE:
                    alive[page] = ("gone", "")
                elif chance < _GONE + _CHANGED and alive[page][0] != "gone":
                    alive[page] = self.texts.send(page)
            self._add(number, round(len(alive) * _NEW), day)
        self._flush()

    def _add(self, number: int, count: int, day: date) -> None:
        variants = [(k.code, v) for k in self.study.keywords for v in k.variants]
        rows = []
        for _ in range(count):
            self.next_page += 1
            page = self.next_page
            url = f"http://www.{self.places[number].slug}.example/section-{page % 40}/page-{page}.htm"
            rows.append(
                {"id": page, "authority": self.places[number].code, "url": url, "first_seen": day, "last_seen": day}
            )
            self.alive[number][page] = self.texts.send(page)
            self.found_by[page] = self.dice.sample(variants[:4], k=self.dice.choice([1, 1, 2]))
        with self.record.begin() as db:
            if rows:
                db.execute(insert(r.page), rows)
        self._flush()

    @property
    def texts(self) -> _Texts:
        if not hasattr(self, "_texts"):
            self._texts = _Texts(self.dice, self.study)
        return self._texts

    def _flush(self) -> None:
        with self.record.begin() as db:
            for table, rows in self.texts.take():
                db.execute(insert(table), rows)

    def _crawl(self, crawl: int, day: date) -> None:
        now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
        targets = [{"authority": p.code, "home_url": p.website, "host_kind": "main"} for p in self.places]
        head = {"protocol": self.study.name, "protocol_hash": self.study.hash, "sample": "england", "targets": targets}
        with self.record.begin() as db:
            db.execute(
                insert(r.crawl),
                [{"id": crawl, **head, "as_of": day, "version": "0", "started_at": now, "finished_at": now}],
            )
            for number, place in enumerate(self.places):
                self._site(db, crawl, number, place, now)

    def _site(self, db: object, crawl: int, number: int, place: authorities.Authority, now: datetime) -> None:
        site = (crawl - 1) * len(self.places) + number + 1
        blocked = self.dice.random() < _BLOCKED
        home = {
            "crawl_id": crawl,
            "authority": place.code,
            "host_kind": "main",
            "home_url": place.website,
            "state": "done",
        }
        db.execute(insert(r.site), [{"id": site, **home, "how": "form", "function": {"spec": {"url": place.website}}}])
        searches, hits = [], []
        ids = {}
        for keyword in self.study.keywords:
            for variant in keyword.variants:
                ids[keyword.code, variant] = search = site * 100 + len(ids)
                searches.append(
                    {
                        "id": search,
                        "crawl_id": crawl,
                        "site_id": site,
                        "keyword": keyword.code,
                        "query": variant,
                        "via": "search",
                        "state": "done",
                        "status": "blocked" if blocked else "complete",
                        "reason": "HTTP 403" if blocked else "an empty page",
                        "total_is": "absent",
                        "collected": 0,
                        "distinct_urls": 0,
                        "pages_read": 1,
                    }
                )
        captures = []
        ranks = dict.fromkeys(ids.values(), 0)
        for page, (raw, text) in self.alive[number].items():
            capture = {
                "crawl_id": crawl,
                "page_id": page,
                "site_id": site,
                "url": f"http://www.{place.slug}.example/section-{page % 40}/page-{page}.htm",
                "state": "done",
                "outcome": "ok",
                "status": 200,
                "reason": None,
                "raw_hash": raw,
                "text_hash": text or None,
                "warc_file": f"mentorwatch-{crawl:05d}.warc.gz",
                "warc_offset": page * 9000,
                "warc_length": 9000,
                "fetched_at": now,
                "final_url": f"http://www.{place.slug}.example/section-{page % 40}/page-{page}.htm",
                "last_modified": "Mon, 01 Sep 2025 09:00:00 GMT",
            }
            nothing = {"raw_hash": None, "text_hash": None, "warc_file": None, "warc_offset": None, "warc_length": None}
            if raw == "gone":
                capture |= {**nothing, "outcome": "gone", "status": 404}
            elif blocked or self.dice.random() < _FAILED:
                capture |= {
                    **nothing,
                    "outcome": "blocked" if blocked else "failed",
                    "status": 403,
                    "reason": "HTTP 403",
                }
            captures.append(capture)
            if not blocked and raw != "gone":
                for key in self.found_by[page]:
                    search = ids[key]
                    ranks[search] += 1
                    title = f"Page {page} of the council"
                    snippet = "mentoring and coaching for schools and services in the county and " * 2
                    hits.append(
                        {
                            "search_id": search,
                            "page_id": page,
                            "rank": ranks[search],
                            "url": capture["url"],
                            "title": title,
                            "snippet": snippet,
                        }
                    )
        for search in searches:
            search |= {"collected": ranks[search["id"]], "distinct_urls": ranks[search["id"]]}
        db.execute(insert(r.search), searches)
        db.execute(insert(r.capture), captures)
        if hits:
            db.execute(insert(r.hit), hits)


class _Texts:
    """Makes a page's text and all that is known of it, row by row."""

    def __init__(self, dice: random.Random, study: protocol.Protocol) -> None:
        self.dice, self.study = dice, study
        self.rows: dict[object, list[dict[str, object]]] = {}

    def take(self) -> Iterator[tuple[object, list[dict[str, object]]]]:
        """Yield the rows made so far, table by table, and forget them."""
        rows, self.rows = self.rows, {}
        yield from rows.items()

    def send(self, page: int) -> tuple[str, str]:
        """Make a new text for a page; return its raw and its text hash ('' where it gave no text)."""
        words = self.dice.choices(_WORDS, k=_LENGTH)
        title, said = f"Page {page} of the council", " ".join(words)
        raw = text_hash(str(page), said)
        kept = text_hash(title, said)
        unreadable = self.dice.random() < _UNREADABLE
        self._add(r.body, raw_hash=raw, media_type="text/html; charset=utf-8", size=24_000)
        read = {"title": title, "text": "" if unreadable else said, "error": "a scan: no text" if unreadable else None}
        self._add(r.extraction, raw_hash=raw, extractor=EXTRACTOR, document_date=None, **read)
        if unreadable:
            return raw, ""
        self._add(r.text, text_hash=kept, title=title, text=said)
        chance = self.dice.random()
        standing = "relevant" if chance < _RELEVANT else "ambiguous" if chance < _RELEVANT + _AMBIGUOUS else "off-topic"
        codes = [approach.code for approach in self.study.approaches]
        self._add(
            r.judgement,
            text_hash=kept,
            protocol_hash=self.study.hash,
            model_id=_MODEL,
            relevance=standing,
            probability=0.5,
            relation=self.dice.choice(["mentoring", "coaching", "both"]),
            topics=[] if standing == "relevant" else ["other"],
            approaches=[] if standing == "off-topic" else self.dice.sample(codes, k=2),
            depth="main",
            flags=[],
            evidence=[said[:280], said[300:560]],
        )
        if self.dice.random() < _NAMED:
            self._add(
                r.mention,
                text_hash=kept,
                protocol_hash=self.study.hash,
                what=self.dice.choice([mention.code for mention in self.study.mentions]),
                which=None,
                counts=True,
                quote=said[100:300],
                start=100,
                end=110,
                about=[],
                beside_keyword=False,
                explained=False,
                linked=False,
            )
        return raw, kept

    def _add(self, table: object, **values: object) -> None:
        self.rows.setdefault(table, []).append(values)


_REPORTS = """
import json, resource, sys, time
from pathlib import Path
from output.report import make_report
from study import protocol
from study.record import Record
start = time.perf_counter()
with Record.open(sys.argv[1], create=False) as record:
    made = make_report(record, protocol.load("nfer-2008"), Path(sys.argv[2]))
spent = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": spent, "cpu": time.process_time(), "mib": peak, "events": len(made.events), "files": len(made.files)}))
"""

_TREND = """
import json, resource, sys, time
from output.runs import read_runs
from output.trend import trend
from study import authorities, protocol
from study.record import Record
study = protocol.load("nfer-2008")
with Record.open(sys.argv[1], create=False) as record:
    start, begun = time.perf_counter(), time.process_time()
    thing = (sys.argv[2], sys.argv[3])
    runs = read_runs(record, study, things=[thing])
    points = trend(runs, [s.authority.code for s in authorities.sample("england", runs.runs[-1].as_of)], [thing])
    spent = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": spent, "cpu": time.process_time() - begun, "mib": peak, "points": len(points)}))
"""


def _apart(code: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Write the year and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", metavar="FILE", help="an SQLite file to write to, or one written before")
    parser.add_argument("--pages", type=int, default=545, help="pages a crawl of one authority, on average")
    parser.add_argument("--months", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.record) if options.record else Path(folder) / "year.db"
        fresh = not path.exists()
        with Record.open(f"sqlite:///{path}") as record:
            if fresh:
                start = time.perf_counter()
                Year(record, options.pages, options.months).write()
                print(f"written in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            with record.begin() as db:
                captures = int(db.execute(select(func.count()).select_from(r.capture)).scalar_one())
        print(
            f"captures: {captures:,}; record {path.stat().st_size / 2**20:,.0f} MiB, {path.stat().st_size / captures:,.0f} bytes a capture"
        )
        made = _apart(_REPORTS, f"sqlite:///{path}", str(Path(folder) / "report"))
        print(
            f"all reports: {made['seconds']:.1f} s ({made['cpu']:.1f} s of CPU), {made['mib']:.0f} MiB at peak, "
            f"{made['events']:,} events in the history"
        )
        for thing in (("keyword", "mentor"), ("mention", "framework"), ("approach", "headteacher")):
            asked = _apart(_TREND, f"sqlite:///{path}", *thing)
            print(
                f"trend of {' '.join(thing)}: {asked['seconds']:.2f} s ({asked['cpu']:.2f} s of CPU), {asked['points']} points"
            )


if __name__ == "__main__":
    main()
