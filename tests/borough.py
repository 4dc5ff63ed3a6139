"""A small council site that is crawled month after month into one record, and may change in between."""

import hashlib
from datetime import date, timedelta

from sqlalchemy import func, select
from warcio.archiveiterator import ArchiveIterator

from study import record as r
from study.record import Record
from tests.running import SmallSite, mentorwatch, searchable

FIRST = date(2026, 1, 15)
PAGES = {
    f"/page/{number}": (
        f"Mentoring page {number}",
        f"Mentor support number {number} for newly qualified teachers in the schools of Small Borough.",
    )
    for number in range(1, 8)
}


class Borough:
    """A small site with one record; each crawl is a month after the one before."""

    def __init__(self, directory, pages=PAGES, url=""):
        self.directory, self.crawls = directory, 0
        self.url = url or f"sqlite:///{directory / 'record.db'}"
        self.pages = dict(pages)
        self.site = SmallSite({})
        self.serve()

    def serve(self, **headers):
        """Serve the pages as they stand; ``headers`` go on each of them."""
        self.site.answers = searchable(self.pages)
        for path in self.pages:
            self.site.answers[path].headers.update({name.replace("_", "-"): v for name, v in headers.items()})

    def crawl(self, *options, day=None):
        """Crawl once more; return its captures by path."""
        self.crawls += 1
        self.site.asked.clear()
        as_of = day or FIRST + timedelta(days=30 * (self.crawls - 1))
        arguments = [f"--record={self.url}", f"--site={self.site.url}", f"--allow={self.site.allow}", "--delay=0"]
        done = mentorwatch("crawl", *arguments, f"--as-of={as_of}", *options, MENTORWATCH_DIRECTORY=str(self.directory))
        assert done.returncode == 0, done.stderr
        return self.captures()

    def captures(self):
        """The newest crawl's captures, by path."""
        query = (
            select(r.page.c.url.label("page"), r.capture)
            .join(r.page, r.page.c.id == r.capture.c.page_id)
            .where(r.capture.c.crawl_id == select(func.max(r.crawl.c.id)).scalar_subquery())
        )
        return {row.page.replace(self.site.url, "/"): row for row in self.rows(query)}

    def rows(self, query):
        with Record.open(self.url) as record, record.begin() as db:
            return db.execute(query).all()

    def asked(self, path):
        """The requests for a page in the last crawl."""
        return [asked for asked in self.site.asked if asked.path == path]

    def warc(self, capture):
        """The WARC record of a capture."""
        with (self.directory / "warc" / capture.warc_file).open("rb") as stream:
            stream.seek(capture.warc_offset)
            record = next(iter(ArchiveIterator(stream)))
            return record, record.content_stream().read()

    def is_finding(self, path, relevance="relevant"):
        """Let the newest crawl's page be judged so."""
        capture = self.captures()[path]
        text_hash = hashlib.sha256(path.encode()).hexdigest()
        with Record.open(self.url) as record, record.begin() as db:
            protocol_hash = db.execute(select(r.crawl.c.protocol_hash).where(r.crawl.c.id == capture.crawl_id)).scalar()
            db.execute(r.capture.update().where(r.capture.c.id == capture.id).values(text_hash=text_hash))
            row = {"text_hash": text_hash, "protocol_hash": protocol_hash, "model_id": "rules", "relevance": relevance}
            lists = {key: [] for key in ("topics", "approaches", "flags", "evidence")}
            db.execute(r.judgement.insert().values(**row, relation="mentoring", depth="main", **lists))

    def close(self):
        """Stop serving."""
        self.site.close()
