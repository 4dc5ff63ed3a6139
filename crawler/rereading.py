"""Reading a results page that was read before, to the byte, without taking it apart again.

:func:`crawler.results.read` is a function of the page, the query, what was learned of the search, and the code. Where the hash of
all of these equals that of the reading kept from the last crawl, the kept one is the reading. One is kept a request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import lxml.etree
from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from crawler.choosing import Reader
from crawler.hits import Item
from crawler.results import ResultsPage, read
from crawler.totals import Total
from crawler.web import Ask, Page
from study import record as r


@cache
def code_version() -> str:
    """Return a hash of the code and data files that reading hangs on, and of the HTML parser's versions."""
    seen = hashlib.sha256(repr((lxml.etree.LXML_VERSION, lxml.etree.LIBXML_COMPILED_VERSION)).encode())
    for path in sorted(_code(Path(__file__).parent)):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()


def _code(folder: Path) -> Iterator[Path]:
    for suffix in (".py", ".toml"):
        yield from folder.rglob(f"*{suffix}")


@dataclass(frozen=True)
class Kept:
    """A kept reading: ``key`` is the hash of all that it is a function of."""

    key: str
    result: dict[str, Any]


class Rereader:
    """Reads the pages of one search; :attr:`read` takes the place of :func:`crawler.results.read`."""

    def __init__(self, owner: str, kept: dict[str, Kept]) -> None:
        self.owner, self._kept = owner, kept
        self._new: dict[str, Kept] = {}
        self._asked: set[str] = set()
        self._readers: dict[int, tuple[Reader, str]] = {}

    def read(self, page: Page, query: str, reader: Reader, turned: int = 0, collected: int = 0) -> ResultsPage:
        """Return what :func:`crawler.results.read` returns."""
        request = _hash(json.dumps(page.ask.to_json()))
        key = _hash(
            code_version(),
            self._of_reader(reader),
            json.dumps([page.url, page.status, page.content_type, query, turned, collected, request]),
            page.body,
        )
        self._asked.add(request)
        known = self._new.get(request) or self._kept.get(request)
        if known is not None and known.key == key:
            return from_json(known.result)
        result = read(page, query, reader, turned, collected)
        self._new[request] = Kept(key, to_json(result))
        return result

    def keep(self, db: Connection) -> None:
        """Write what was read anew since the last time; run by the writer."""
        new, self._new = self._new, {}
        if not new:
            return
        self._kept |= new
        db.execute(delete(r.reading).where(r.reading.c.owner == self.owner, r.reading.c.request.in_(list(new))))
        rows = [{"owner": self.owner, "request": q, "key": k.key, "result": k.result} for q, k in new.items()]
        r.insert_new(db, r.reading, rows)

    def forget(self, db: Connection) -> None:
        """Drop what the search, now read to its end, did not ask for; run by the writer."""
        old = list(set(self._kept) - self._asked)
        for some in (old[at : at + 400] for at in range(0, len(old), 400)):
            db.execute(delete(r.reading).where(r.reading.c.owner == self.owner, r.reading.c.request.in_(some)))

    def _of_reader(self, reader: Reader) -> str:
        known = self._readers.get(id(reader))
        if known is None or known[0] is not reader:
            platform = reader.platform.model_dump_json() if reader.platform else ""
            said = json.dumps([reader.spec.to_json(), reader.layout.to_json(), platform], sort_keys=True)
            known = self._readers[id(reader)] = (reader, _hash(said))
        return known[1]


def rereader(db: Connection, authority: str, host_kind: str, home_url: str, query: str) -> Rereader:
    """Return the rereader of one search of a site, with what the last crawl kept."""
    owner = _hash(json.dumps([authority, host_kind, home_url, query]))
    rows = db.execute(select(r.reading).where(r.reading.c.owner == owner))
    return Rereader(owner, {row.request: Kept(row.key, row.result) for row in rows})


def to_json(page: ResultsPage) -> dict[str, Any]:
    """Return a reading as a plain dict, less what is as by default."""
    kept = {name: value for name, value in vars(page).items() if value != getattr(_NOTHING, name)}
    kept |= {"url": page.url, "items": [[item.url, item.title, item.snippet] for item in page.items]}
    if "total" in kept:
        kept["total"] = asdict(page.total)
    if page.next is not None:
        kept["next"] = page.next.to_json()
    if "notes" in kept:
        kept["notes"] = list(page.notes)
    return kept


def from_json(kept: dict[str, Any]) -> ResultsPage:
    """Return the reading that :func:`to_json` kept."""
    values = {**kept, "items": tuple(Item(*item) for item in kept["items"])}
    if "total" in kept:
        values["total"] = Total(**kept["total"])
    if "next" in kept:
        values["next"] = Ask.from_json(kept["next"])
    if "notes" in kept:
        values["notes"] = tuple(kept["notes"])
    return ResultsPage(**values)


_NOTHING = ResultsPage("")


def _hash(*parts: str | bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()
