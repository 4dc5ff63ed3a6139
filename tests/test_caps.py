"""Round a cap in honest ways: only lists that the site's own page offers for the same query, and only their union."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.asking import Ask, FetchProblem, Page, State, conclude, find_search
from crawler.caps import read_whole
from tests.running import mentorwatch
from tests.zoo import animals, serve

HOST = "http://www.council.example"
SECTIONS = {"schools": 15, "housing": 18, "roads": 12}
PAGES = [(f"/{name}/{n}", f"Allotments and {name} {n}", name) for name, count in SECTIONS.items() for n in range(count)]
BOX = '<form action="/search" role="search"><input type="text" name="q"><input type="submit" value="Search"></form>'


class Capped:
    """A site of 45 hits that lists 20 of any list, ten a page."""

    def __init__(self, offers):
        self.offers, self.asked = offers, []

    async def fetch(self, ask: Ask) -> Page:
        self.asked.append(ask.url)
        parts, query = urlsplit(ask.url), {n: v[0] for n, v in parse_qs(urlsplit(ask.url).query).items()}
        body = self.results(query) if parts.path == "/search" else "<p>Everything about allotments.</p>"
        html = f"<html><head><title>Council</title></head><body><h1>Welcome</h1>{BOX}{body}</body></html>"
        return Page(ask, ask.url, 200, "text/html; charset=utf-8", html.encode(), {})

    def results(self, query: dict[str, str]) -> str:
        words, start = query.get("q", ""), int(query.get("start", 0))
        found = [p for p in PAGES if words.lower() in p[1].lower() and query.get("section", p[2]) == p[2]]
        if not words or not found:
            return f"<p>Sorry, no results were found for {words}.</p>"
        if query.get("sort") == "title":
            found = found[::-1]
        shown = found[start : min(start + 10, 20)]
        items = "".join(f'<li><a href="{path}">{title}</a><p>About {title}.</p></li>' for path, title, _ in shown)
        here = f"/search?q={words}" + "".join(f"&amp;{n}={query[n]}" for n in ("section", "sort") if n in query)
        last = start + len(shown)
        onward = f'<p><a href="{here}&amp;start={last}">Next</a></p>' if last < min(20, len(found)) else ""
        offers = "".join(
            f'<p>Or: <a href="{href.format(q=words)}">{text}</a></p>' for text, href in self.offers.items()
        )
        return f"<h2>Search results</h2><p>Results {start + 1} - {last} of {len(found)}</p><ol>{items}</ol>{onward}{offers}"


BY_SECTION = {name: "/search?q={q}&amp;section=" + name for name in SECTIONS}


def read(site, state=None, seen=frozenset(), only=None):
    async def go():
        function = await find_search(site.fetch, f"{HOST}/", use_platforms=False)
        assert function.found, function.reason
        readings = []
        async for reading in read_whole(site.fetch, function, "allotments", state=state, seen=seen):
            readings.append(reading)
            if len(readings) == only:
                break
        return readings

    return asyncio.run(go())


def hits(readings):
    return [hit for reading in readings for hit in reading.hits]


def test_narrower_lists_together_make_the_whole():
    readings = read(Capped(BY_SECTION))
    status, reason = conclude(readings[-1].state)
    assert (status, len(hits(readings))) == ("complete", len(PAGES))
    assert "45 items" in reason
    assert "other lists of its own read as well" in reason
    assert {hit.url for hit in hits(readings)} == {HOST + path for path, _, _ in PAGES}
    assert [hit.rank for hit in hits(readings)] == list(range(1, len(PAGES) + 1))


def test_another_order_brings_more_and_what_is_still_short_is_capped():
    readings = read(Capped({"by title": "/search?q={q}&amp;sort=title"}))
    status, reason = conclude(readings[-1].state)
    assert (status, len(hits(readings))) == ("capped", 40)
    assert "40 items" in reason
    assert "of 45 stated" in reason


@pytest.mark.parametrize(
    "offer",
    [
        "/search?q=council",
        "/search?q={q}&amp;section=roads&amp;sort=title",
        "/else?q={q}&amp;section=roads",
        "/roads/1",
    ],
)
def test_a_link_that_asks_something_else_is_not_followed(offer):
    site = Capped({"other": offer})
    readings = read(site)
    assert len(hits(readings)) == 20
    assert HOST + offer.format(q="allotments").replace("&amp;", "&") not in site.asked
    assert conclude(readings[-1].state)[0] != "complete"


def test_a_list_that_is_larger_than_the_query_s_own_is_not_added():
    site = Capped({"everything": "/search?q={q}&amp;scope=all"})
    narrow = site.results
    site.results = lambda query: (
        narrow({**query, "q": "and"}).replace("of 45", "of 450") if "scope" in query else narrow(query)
    )
    readings = read(site)
    assert f"{HOST}/search?q=allotments&scope=all" in site.asked
    assert len(hits(readings)) == 20


@pytest.mark.parametrize("after", range(1, 9))
def test_killed_on_the_way_round_it_ends_with_the_same_hits(after):
    whole = read(Capped(BY_SECTION))
    first = read(Capped(BY_SECTION), only=after)
    state = State.from_json(json.loads(json.dumps(first[-1].state.to_json())))
    rest = read(Capped(BY_SECTION), state, {hit.canonical for hit in hits(first)})
    assert {hit.url for hit in hits(first) + hits(rest)} == {hit.url for hit in hits(whole)}
    assert [hit.rank for hit in hits(first) + hits(rest)] == list(range(1, len(PAGES) + 1))
    final = (rest or first)[-1].state
    assert (conclude(final)[0], final.collected, final.distinct) == ("complete", 45, 45)


def test_a_site_that_cannot_be_asked_once_more_stays_as_it_was_read():
    site = Capped(BY_SECTION)
    real = site.fetch

    async def failing(ask):
        if sum("q=allotments" in url for url in site.asked) > 3:
            raise FetchProblem("timeout", "no answer", url=ask.url)
        return await real(ask)

    site.fetch = failing
    assert len(hits(read(site))) == 20


@pytest.mark.parametrize(
    ("name", "status"), [("elk-cap-facets", "complete"), ("aurochs-cap-sort", "capped"), ("wolf-cap-silent", "capped")]
)
def test_animals_of_the_zoo_with_a_cap(name, status):
    (animal,) = [a for a in animals() if a.id == name]
    query = animal.queries[-1]
    with serve(only=[animal]) as zoo:
        arguments = [
            "--to-end",
            "--json",
            "--delay=0",
            f"--query={query}",
            *(f"--allow={p}" for p in zoo.allow(animal)),
        ]
        seen = json.loads(mentorwatch("probe", zoo.home(animal), *arguments).stdout)
        assert seen["status"] == status, seen["reason"]
        assert zoo.expected(animal, query).accepts_status(status)
        compared = zoo.compare(animal, query, [hit["url"] for hit in seen["hits"]])
    assert (compared.missing, compared.false) == ((), ())
