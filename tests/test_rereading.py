"""A results page that is what it was is not taken apart again, and what is kept of it is what would be read."""

import asyncio
import json
from dataclasses import replace

import pytest

from crawler import rereading
from crawler.asking import find_search, read_search
from crawler.choosing import Reader
from crawler.rereading import Kept, Rereader, from_json, to_json
from crawler.results import read
from tests.fixtures.search.dialects import SITES
from tests.fixtures.search.pretend import HOST


def ask_all(site, function, pages):
    async def collect():
        return [
            reading
            for query in ("coaching", "mentoring", "extranet", "nobody-has-this")
            async for reading in read_search(site.fetch, function, query, read_page=pages)
        ]

    return asyncio.run(collect())


class Counting:
    """What :func:`crawler.results.read` was asked for, and kept readings as the record would have them."""

    def __init__(self, monkeypatch):
        self.calls, self.kept = 0, {}

        def counted(*arguments):
            self.calls += 1
            return read(*arguments)

        monkeypatch.setattr(rereading, "read", counted)

    def rereader(self):
        return Rereader("a site and a query", self.kept)

    def keep(self, pages):
        new = pages._new
        self.kept = {**self.kept, **{q: Kept(k.key, json.loads(json.dumps(k.result))) for q, k in new.items()}}


@pytest.mark.parametrize("name", SITES)
def test_a_site_of_any_dialect_is_read_alike_and_only_once(name, monkeypatch):
    site, counting = SITES[name](), Counting(monkeypatch)
    function = asyncio.run(find_search(site.fetch, f"{HOST}/"))
    plainly = ask_all(site, function, read)
    first, again = counting.rereader(), None
    assert ask_all(site, function, first.read) == plainly
    counting.keep(first)
    taken_apart = counting.calls
    again = counting.rereader()
    assert ask_all(site, function, again.read) == plainly
    assert counting.calls == taken_apart > 0


def test_whatever_a_reading_hangs_on_makes_it_be_read_anew(monkeypatch):
    site, counting = next(iter(SITES.values()))(), Counting(monkeypatch)
    function = asyncio.run(find_search(site.fetch, f"{HOST}/"))
    page = asyncio.run(site.fetch(function.spec.ask("coaching")))
    reader = Reader(function.spec, function.layout)
    pages = counting.rereader()
    whole = pages.read(page, "coaching", reader)
    assert from_json(json.loads(json.dumps(to_json(whole)))) == whole
    counting.keep(pages)

    def anew(page=page, query="coaching", reader=reader, turned=0, collected=0):
        before = counting.calls
        counting.rereader().read(page, query, reader, turned, collected)
        return counting.calls > before

    assert not anew()
    assert anew(page=replace(page, body=page.body + b" "))
    assert anew(page=replace(page, status=404))
    assert anew(page=replace(page, url=f"{page.url}&x"))
    assert anew(page=replace(page, content_type="text/plain"))
    assert anew(query="mentoring")
    assert anew(reader=replace(reader, layout=replace(function.layout, per_page=99)))
    assert anew(turned=1)
    assert anew(collected=10)
    monkeypatch.setattr(rereading, "code_version", lambda: "another version of our code")
    assert anew()
