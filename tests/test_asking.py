"""Asking whole sites: the search is found, proven and read to its end on pretend sites of every kind."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

import tests.fixtures.search.ways_in  # noqa: F401 (registers its sites in ODD)
from crawler.asking import (
    Ask,
    FetchProblem,
    Hit,
    Page,
    Reading,
    SearchFunction,
    State,
    conclude,
    find_search,
    read_search,
)
from crawler.hits import MOST_HITS
from crawler.searchspec import Paging
from study.addresses import canonical_url
from tests.fixtures.search.dialects import SITES, umbraco
from tests.fixtures.search.odd import ODD
from tests.fixtures.search.pretend import HOST, Doc, Pretend, corpus, shell, simple_form

UNREADABLE = {"robots_barred", "decoys_only", "cludo"}
PATHS = {"as it comes": True, "without platform files": False}


def find(site: Pretend, platforms: bool = False) -> SearchFunction:
    return asyncio.run(find_search(site.fetch, f"{HOST}/", use_platforms=platforms))


def read(site: Pretend, function: SearchFunction, query: str, **options) -> list[Reading]:
    async def collect() -> list[Reading]:
        return [reading async for reading in read_search(site.fetch, function, query, **options)]

    return asyncio.run(collect())


def hits(readings: list[Reading]) -> list[Hit]:
    return [hit for reading in readings for hit in reading.hits]


def without_session(url: str) -> str:
    return url.split("?sid=")[0]


@pytest.mark.parametrize("platforms", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("name", SITES)
def test_a_site_of_a_known_dialect_is_read_to_the_end_in_three_requests_and_its_pages(name, platforms):
    site = SITES[name]()
    function = find(site, platforms)
    assert function.found, function.reason
    assert function.requests == len(site.asked) == 3
    for query in ("coaching", "mentoring", "extranet"):
        wanted = site.find(query)
        site.asked.clear()
        readings = read(site, function, query)
        assert len(hits(readings)) == len(wanted)
        assert len({hit.canonical for hit in hits(readings)}) == len(wanted)
        assert sorted(hit.title for hit in hits(readings)) == sorted(doc.title for doc in wanted)
        assert [hit.rank for hit in hits(readings)] == list(range(1, len(wanted) + 1))
        assert conclude(readings[-1].state)[0] == "complete"
        assert len(site.asked) == max(1, -(-len(wanted) // site.size))


@pytest.mark.parametrize("name", sorted(set(ODD) - UNREADABLE - {"widening", "capped"}))
@pytest.mark.parametrize("query", ["coaching", "mentoring", "extranet"])
def test_an_odd_site_is_read_to_the_end(name, query):
    site = ODD[name]()
    function = find(site)
    assert function.found, function.reason
    assert function.controls.passed
    readings = read(site, function, query)
    wanted = site.find(query)
    assert [without_session(hit.url) for hit in hits(readings)] == [doc.url for doc in wanted] or (
        # two lists of one answer come list by list
        sorted(hit.url for hit in hits(readings)) == sorted(doc.url for doc in wanted)
    )
    assert conclude(readings[-1].state)[0] == "complete", conclude(readings[-1].state)


def test_an_engine_that_widens_a_word_nobody_has_is_not_believed_for_a_real_one():
    site = ODD["widening"]()
    function = find(site)
    assert function.found
    assert function.controls.nonsense_hits == 7
    assert len(hits(read(site, function, "coaching"))) == 23
    readings = read(site, function, "extranet")
    assert hits(readings) == []
    assert conclude(readings[-1].state)[0] == "complete"


def test_a_capped_site_says_both_numbers():
    site = ODD["capped"]()
    readings = read(site, find(site), "coaching")
    status, reason = conclude(readings[-1].state)
    assert status == "capped"
    assert "60 items" in reason
    assert "194" in reason


@pytest.mark.parametrize(
    ("name", "status"), [("robots_barred", "robots"), ("decoys_only", "none"), ("cludo", "script-only")]
)
def test_a_site_that_cannot_be_asked_says_why(name, status):
    function = find(ODD[name](), platforms=True)
    assert (function.status, function.found) == (status, False)
    assert function.reason


def test_a_home_page_behind_a_firewall_is_blocked_and_nothing_else_is_asked():
    async def fetch(ask: Ask) -> Page:
        body = b"<html><title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p></html>"
        return Page(ask, ask.url, 403, "text/html", body, {"server": "cloudflare"})

    function = asyncio.run(find_search(fetch, HOST))
    assert function.status == "blocked"
    assert function.requests == 1


def test_a_search_that_the_firewall_blocks_is_blocked_not_missing():
    site = SITES["umbraco"]()
    allowed = site.fetch

    async def fetch(ask: Ask) -> Page:
        if "/search" in ask.url:
            raise FetchProblem("blocked", "blocked by Imperva", 403, ask.url)
        return await allowed(ask)

    function = asyncio.run(find_search(fetch, f"{HOST}/"))
    assert (function.status, "Imperva" in function.reason) == ("blocked", True)


@pytest.mark.parametrize("kind", ["timeout", "network", "http", "too-large", "refused"])
def test_a_home_page_that_cannot_be_had_is_failed(kind):
    async def fetch(ask: Ask) -> Page:
        raise FetchProblem(kind, "no answer", url=ask.url)

    assert asyncio.run(find_search(fetch, HOST)).status == "failed"


def test_an_engine_that_answers_the_same_to_every_word_is_suspect():
    site = SITES["umbraco"]()
    site.find = lambda query: corpus()[:30]
    function = find(site)
    assert function.status == "suspect"
    assert "for any query" in function.reason


@pytest.mark.parametrize(
    "hits", ['<div><a href="/a">{q}</a></div>', "<p>About {q}</p><p>More of {q}</p>"], ids=["as-a-link", "as-text"]
)
def test_hits_that_are_not_recognised_are_not_none_though_the_page_says_none_of_something(hits):
    def strange(asked):
        found = hits.format(q=asked.q) if asked.hits else ""
        return shell(
            f"<p>No promoted results for {asked.q}</p>{found}<p>Took {len(asked.q)} ms</p>", form=simple_form()
        )

    function = find(site := Pretend(strange, simple_form()))
    assert (function.status, "not understood" in function.reason) == ("suspect", True), function.reason
    assert sum(ask.url.startswith(f"{HOST}/search?q=") for ask in site.asked) == 3


def test_what_the_home_page_says_too_is_no_word_of_none():
    basket = "<p>Your basket: 0 items</p>"

    def shop(asked):
        return shell(f"<b>{asked.q} is known</b><p>Took {len(asked.q)} ms</p>{basket}", form=simple_form())

    site = Pretend(shop, simple_form(), home=f"<h1>Schools, housing and planning</h1>{basket}")
    assert "not understood" in find(site).reason
    assert sum(ask.url.startswith(f"{HOST}/search?q=") for ask in site.asked) == 3


def test_what_was_found_survives_the_record():
    for name in ("local drupal", "web forms", "plone"):
        function = find(SITES[name](), platforms=True)
        assert SearchFunction.from_json(json.loads(json.dumps(function.to_json()))) == function


@pytest.mark.parametrize("name", ["local drupal", "web forms", "loose", "jadu native"])
@pytest.mark.parametrize("after", [1, 2])
def test_reading_goes_on_after_a_kill_where_it_stopped(name, after):
    site = SITES[name]()
    function = find(site)
    whole = hits(read(site, function, "coaching"))
    first = read(site, function, "coaching")[:after]
    state = State.from_json(json.loads(json.dumps(first[-1].state.to_json())))
    seen = {hit.canonical for hit in hits(first)}
    rest = read(site, function, "coaching", state=state, seen=seen)
    assert [hit.url for hit in hits(first) + hits(rest)] == [hit.url for hit in whole]
    assert all(hit.new for hit in hits(rest))
    final = rest[-1].state if rest else state
    assert conclude(final)[0] == "complete"
    assert final.collected == final.distinct == len(whole)


def test_a_page_that_fails_is_tried_again_when_reading_goes_on():
    site = SITES["umbraco"]()
    function = find(site)
    real = site.fetch

    async def failing(ask: Ask) -> Page:
        if "page=2" in ask.url:
            raise FetchProblem("timeout", "no answer within 30 seconds", url=ask.url)
        return await real(ask)

    site.fetch = failing
    broken = read(site, function, "coaching")
    assert conclude(broken[-1].state)[0] == "failed"
    site.fetch = real
    rest = read(site, function, "coaching", state=broken[-1].state, seen={hit.canonical for hit in hits(broken)})
    assert len(hits(broken)) + len(hits(rest)) == 23
    assert conclude(rest[-1].state)[0] == "complete"


def test_a_last_page_that_repeats_is_counted_once():
    def endless(asked):
        # The pager never ends: the engine clamps the number and still offers a next page.
        return umbraco(replace(asked, total=10**6, page=asked.page)).replace(
            "1000000 total results", f"{asked.total} total results"
        )

    site = Pretend(endless, simple_form("/search", "query"), "/search", "query", clamp=True)
    readings = read(site, find(site), "coaching")
    assert len(hits(readings)) == 23
    assert conclude(readings[-1].state)[0] == "complete"
    assert readings[-1].state.ended == "page repeated"


def unpaged(onward):
    """A dialect without totals or page numbers; its pages lead on where there is more, or to themselves, or not at all."""

    def written(asked):
        shown = umbraco(replace(asked, total=10**6) if onward else asked)
        shown = shown if onward else re.sub(r'<li class="next">.*?</li>', "", shown)
        return re.sub(r"\d+ total results for|<span>\(\d+ of \d+\)</span>", "", shown)

    return written


@pytest.mark.parametrize(("size", "status"), [(10, "suspect"), (23, "complete"), (40, "complete")])
def test_a_full_page_whose_next_page_is_the_same_is_no_end_without_a_total(size, status):
    form = simple_form("/search", "query")
    site = Pretend(unpaged(True), form, "/search", "query", size=size, paging=lambda fields, size: 1)
    assert conclude(read(site, find(site), "coaching")[-1].state)[0] == status


@pytest.mark.parametrize(("size", "status"), [(20, "suspect"), (40, "complete")])
def test_a_round_number_on_one_page_is_no_end_where_no_query_listed_more(size, status):
    """The known word brings seven hits: nothing says where the site stops by itself."""
    docs = [doc for doc in corpus() if not re.search(r"page-([89]|1\d)\.", doc.path)]
    form = simple_form("/search", "query")
    site = Pretend(unpaged(False), form, "/search", "query", size=size, docs=docs, paging=lambda fields, size: 1)
    state = read(site, find(site), "coaching")[-1].state
    assert state.collected == min(size, 23)
    assert conclude(state)[0] == status


class WithoutTotal(Pretend):
    """A site that states no total, and whose Next stands below every full page, the last one too; `third` replaces page 3."""

    third: Callable[[Page], Page] | None = None

    def __init__(self, coaching: int) -> None:
        def dialect(asked):
            listed = "".join(f"<li><h3><a href='{d.path}'>{d.title}</a></h3><p>{d.text}</p></li>" for d in asked.hits)
            way = (
                f"<p><a href='/search?q={asked.q}&amp;page={asked.page + 1}'>Next</a></p>"
                if len(asked.hits) > 9
                else ""
            )
            heading = f"<h2>Search for {asked.query}, page {asked.page}</h2>"
            return shell(f"{heading}<ol>{listed}</ol>{way}<p>Search tips</p>", form=self.form)

        super().__init__(dialect, simple_form("/search", "q"), docs=corpus(coaching))

    async def fetch(self, ask: Ask) -> Page:
        page = await super().fetch(ask)
        return self.third(page) if self.third and "page=3" in ask.url else page


def test_an_empty_page_that_the_sites_own_next_leads_to_is_the_end_where_it_is_made_like_the_others():
    site = WithoutTotal(20)
    readings = read(site, find(site), "coaching")
    assert (len(hits(readings)), readings[-1].state.ended) == (20, "empty page")
    assert conclude(readings[-1].state)[0] == "complete"


NOT_FOUND = b"<html><body><h1>404 Not Found</h1></body></html>"
THIRD = {
    "not found": lambda page: replace(page, status=404, body=NOT_FOUND),
    "not found, in the site's own dress": lambda page: replace(page, status=404),
    "blank": lambda page: replace(page, body=b""),
    "broken off in the menu": lambda page: replace(page, body=page.body[:600]),
    "broken off before the list": lambda page: replace(page, body=page.body.partition(b"<ol>")[0]),
}


@pytest.mark.parametrize("third", THIRD.values(), ids=THIRD)
@pytest.mark.parametrize("coaching", [20, 43])
def test_another_page_that_the_sites_own_next_leads_to_proves_no_end(third, coaching):
    site = WithoutTotal(coaching)
    function = find(site)
    site.third = third
    readings = read(site, function, "coaching")
    assert len(hits(readings)) == 20, "what was read is kept"
    assert conclude(readings[-1].state)[0] == "suspect"


def test_a_page_not_found_at_an_address_that_we_built_is_the_end():
    site = WithoutTotal(20)
    function = find(site)
    site.third = THIRD["not found"]
    assert function.spec is not None
    built = replace(function, spec=replace(function.spec, paging=Paging("page", 1, 1, 10)))
    linked = site.dialect
    site.dialect = lambda asked: re.sub("<a [^>]*>Next</a>", "", linked(asked))
    readings = read(site, built, "coaching")
    assert (len(hits(readings)), conclude(readings[-1].state)[0]) == (20, "complete")


def test_a_404_that_is_the_nonsense_words_page_again_found_nothing():
    """In words that no list of ours has: that it is that page is all there is to go by."""

    def terse(asked):
        return (
            umbraco(asked)
            if asked.hits
            else shell(f"<p>Zilch: {asked.query}</p>", form=simple_form("/search", "query"))
        )

    class Missing(Pretend):
        async def fetch(self, ask: Ask) -> Page:
            page = await super().fetch(ask)
            return replace(page, status=404) if "Zilch" in page.text else page

    site = Missing(terse, simple_form("/search", "query"), "/search", "query")
    function = find(site)
    assert conclude(read(site, function, "zeppelins")[-1].state) == ("complete", "the site says there are none")
    site.dialect = lambda asked: shell(f"<p>Zilch: {asked.query}</p><p>The page has moved.</p>", form=site.form)
    assert conclude(read(site, function, "zeppelins")[-1].state)[0] == "failed"


def test_a_feed_that_broke_off_keeps_its_hits_and_is_not_complete():
    site = ODD["opensearch_rss"]()
    function = find(site)
    whole = site.dialect
    site.dialect = lambda asked: re.sub(r"<opensearch:totalResults>.*?>", "", whole(asked)).partition("</channel>")[0]
    readings = read(site, function, "coaching")
    assert len(hits(readings)) == 10
    assert conclude(readings[-1].state) == ("suspect", "the answer broke off")


def test_a_total_that_moved_while_reading_is_asked_once_more():
    site = ODD["drifting"]()
    function = find(site)
    site.asked.clear()
    readings = read(site, function, "coaching")
    assert conclude(readings[-1].state)[0] == "complete"
    assert len(hits(readings)) == 23
    assert len(site.asked) <= 7


def test_a_total_that_stays_wrong_is_suspect_and_both_numbers_are_said():
    def boasting(asked):
        return umbraco(asked).replace(
            f"{asked.total} total results", f"{asked.total + 5 if asked.total else 0} total results"
        )

    site = Pretend(boasting, simple_form("/search", "query"), "/search", "query")
    readings = read(site, find(site), "coaching")
    status, reason = conclude(readings[-1].state)
    assert status == "suspect"
    assert "23 items" in reason
    assert "28 stated" in reason


class Shuffling(Pretend):
    """A site without a fixed order of equal hits: each request cuts its page from another one."""

    def find(self, query: str) -> list[Doc]:
        found = super().find(query)
        turn = len(self.asked) % len(found) if found else 0
        return found[turn:] + found[:turn]


def test_hits_that_fell_between_the_pages_of_a_list_without_fixed_order_are_read_at_a_second_reading():
    site = Shuffling(umbraco, simple_form("/search", "query"), "/search", "query")
    readings = read(site, find(site), "coaching")
    assert {hit.url for hit in hits(readings)} == {doc.url for doc in site.find("coaching")}
    assert conclude(readings[-1].state)[0] == "complete"


def test_as_many_items_as_stated_with_a_hit_missing_are_not_complete_where_the_order_changes():
    class Forgetful(Shuffling):
        def find(self, query: str) -> list[Doc]:
            found = super().find(query)
            return [doc if doc.title != "Staff programme 7" else found[0] for doc in found]

    site = Forgetful(umbraco, simple_form("/search", "query"), "/search", "query")
    readings = read(site, find(site), "coaching")
    assert len({hit.url for hit in hits(readings)}) == 22
    status, reason = conclude(readings[-1].state)
    assert status == "suspect"
    assert "another order" in reason


def test_a_hit_that_the_site_always_lists_twice_costs_one_request_and_is_complete():
    site = Pretend(umbraco, simple_form("/search", "query"), "/search", "query")
    site.docs = [*corpus(), next(doc for doc in corpus() if "coaching" in doc.text)]
    function = find(site)
    site.asked.clear()
    readings = read(site, function, "coaching")
    assert conclude(readings[-1].state)[0] == "complete"
    assert (len(hits(readings)), len(site.asked)) == (24, 4)


def test_hits_at_the_address_of_the_search_that_carry_the_query_to_have_it_marked_are_hits():
    form = simple_form(
        "/go", extra='<input type="hidden" name="do" value="search"><input type="hidden" name="id" value="home">'
    )
    tools = '<form action="/go"><select name="do"><option value="">Tools</option></select><button>&gt;</button></form>'
    order = tools + '<a href="/go?do=search&amp;id=home&amp;q={q}&amp;sort=date">Sort by date</a>'

    def controller(asked):
        rows = "".join(
            f'<dt><a href="/go?id={doc.path.strip("/")}&amp;mark={asked.q}">{doc.title}</a></dt><dd>{doc.text}</dd>'
            for doc in asked.hits
        )
        return shell(f"{order.format(q=asked.q)}<dl>{rows}</dl>" if rows else "<p>Nothing was found.</p>", form=form)

    site = Pretend(controller, form, "/go", size=100)
    function = find(site)
    assert function.found, function.reason
    site.asked.clear()
    readings = read(site, function, "coaching")
    assert len(site.asked) == 1
    assert [hit.title for hit in hits(readings)] == [doc.title for doc in site.find("coaching")]
    assert conclude(readings[-1].state)[0] == "complete"


def test_a_form_without_an_address_on_pages_that_never_change_is_one_for_scripts():
    box = '<form name="search"><input type="text" name="query" aria-label="Search"></form><script src="/bundle.js"></script>'

    async def static(ask: Ask) -> Page:
        return site.page(ask, shell("<h1>Welcome to the schools and libraries of the district</h1>", form=box))

    site = Pretend(umbraco, box)
    site.fetch = static
    assert find(site).status == "script-only"


def test_a_page_limit_is_a_cap():
    site = SITES["umbraco"]()
    readings = read(site, find(site), "coaching", max_pages=1)
    assert conclude(readings[-1].state)[0] == "capped"


def test_a_page_that_lists_more_hits_than_are_read_is_a_cap():
    site = SITES["umbraco"]()
    rows = [{"url": f"/{number}", "title": "Coaching"} for number in range(MOST_HITS + 1)]
    function = find(site)

    async def fetch(ask: Ask) -> Page:
        return Page(ask, ask.url, 200, "application/json", json.dumps({"results": rows}).encode())

    site.fetch = fetch
    readings = read(site, function, "coaching")
    status, reason = conclude(readings[-1].state)
    assert (len(hits(readings)), status) == (MOST_HITS, "capped")
    assert f"more than {MOST_HITS} hits" in reason


def test_a_search_that_breaks_after_it_was_found_is_suspect_not_silent():
    site = SITES["umbraco"]()
    function = find(site)
    site.dialect = lambda asked: (
        "<html><body><h1>We are improving our website</h1><p>Please come back soon.</p></body></html>"
    )
    readings = read(site, function, "coaching")
    assert conclude(readings[-1].state)[0] == "suspect"


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6])
def test_a_page_that_is_blank_or_broke_off_is_suspect_not_silent(kept):
    site = SITES["umbraco"]()
    function = find(site)

    async def broken(ask: Ask) -> Page:
        page = await allowed(ask)
        return replace(page, body=page.body[: int(len(page.body) * kept)])

    allowed, site.fetch = site.fetch, broken
    assert conclude(read(site, function, "extranet")[-1].state)[0] == "suspect"


def test_a_server_error_is_failed_not_silent():
    site = SITES["umbraco"]()
    function = find(site)

    async def broken(ask: Ask) -> Page:
        return Page(ask, ask.url, 500, "text/html", b"<h1>Server Error in '/' Application.</h1>", {})

    site.fetch = broken
    assert conclude(read(site, function, "coaching")[-1].state)[0] == "failed"


def test_a_search_that_sends_the_visitor_to_a_login_is_blocked():
    async def fetch(ask: Ask) -> Page:
        if ask.url == f"{HOST}/":
            return Page(ask, ask.url, 200, "text/html", f"<p>Schools and parks</p>{simple_form()}".encode(), {})
        login = b"<h1>Sign in</h1><form method=post><input name=u><input type=password name=p></form>"
        return Page(ask, f"{HOST}/login?return=search", 200, "text/html", login, {})

    function = asyncio.run(find_search(fetch, f"{HOST}/"))
    assert (function.status, "login" in function.reason) == ("blocked", True)


def test_a_consent_form_before_the_site_is_answered_and_the_search_behind_it_found():
    site = SITES["umbraco"]()
    agreed: list[Ask] = []

    async def fetch(ask: Ask) -> Page:
        if ask.method == "POST":
            agreed.append(ask)
            return replace(await site.fetch(Ask(f"{HOST}/")), ask=ask)
        if agreed:
            return await site.fetch(ask)
        wall = b"<form method=post action=/consent><input type=hidden name=ok value=1><button>I agree</button></form>"
        return Page(ask, ask.url, 200, "text/html", wall, {})

    function = asyncio.run(find_search(fetch, f"{HOST}/", use_platforms=False))
    assert function.found, function.reason
    assert [ask.fields for ask in agreed] == [(("ok", "1"),)]


def test_a_guessed_address_that_answers_like_a_search_but_finds_nothing_is_suspect_not_none():
    async def fetch(ask: Ask) -> Page:
        if not ask.url.startswith(f"{HOST}/search/?query="):
            return Page(
                ask, ask.url, 200 if ask.url == f"{HOST}/" else 404, "text/html", b"<p>Parks and schools</p>", {}
            )
        said = b"<form action=/search/><input name=query type=search><input type=submit></form><p>No results found</p>"
        return Page(ask, ask.url, 200, "text/html", said, {})

    function = asyncio.run(find_search(fetch, f"{HOST}/", use_platforms=False))
    assert (function.status, "no hits" in function.reason) == ("suspect", True)


def test_an_address_that_is_not_there_and_echoes_itself_is_asked_two_words_and_no_more():
    site = Pretend(umbraco, "", "/nowhere")

    async def echoing(ask: Ask) -> Page:
        site.asked.append(ask)
        gone = f"<p>No page found for your address {ask.url}</p>"
        return site.page(
            ask, shell(site.home if ask.url == f"{HOST}/" else gone), 200 if ask.url == f"{HOST}/" else 404
        )

    site.fetch = echoing
    assert find(site).status == "none"
    assert max(Counter(ask.url.split("=")[0] for ask in site.asked).values()) == 2


def test_a_guessed_search_that_answers_404_to_words_without_hits_is_found_by_the_next_word():
    class Strict(Pretend):
        async def fetch(self, ask: Ask) -> Page:
            page = await super().fetch(ask)
            return replace(page, status=404) if "no-results" in page.text else page

    def d(asked):
        return umbraco(asked).replace('name="query"', 'name="q"').replace("?query=", "?q=")

    site = Strict(d, "", home="<h1>Welcome</h1>" + "<a href='/timeline'>timeline</a> " * 3)
    function = find(site)
    assert function.found, function.reason
    assert [ask.url.partition("=")[2] for ask in site.asked] == ["", "zorvaquil", "timeline", "coaching"]
    assert len(hits(read(site, function, "coaching"))) == 23


def test_a_function_that_was_not_found_cannot_be_read():
    function = find(ODD["decoys_only"]())
    with pytest.raises(ValueError, match="no search function"):
        read(ODD["decoys_only"](), function, "coaching")


def test_one_canonical_spelling_for_session_ids_campaigns_and_order():
    one = canonical_url("http://WWW.Council.example:80/a;jsessionid=1A?b=2&a=1&utm_source=x#top")
    assert one == canonical_url("http://www.council.example/a?a=1&b=2&PHPSESSID=77")
    assert canonical_url("http://www.council.example/a?id=1") != canonical_url("http://www.council.example/a?id=2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/course/book?sessionid=101", "/course/book?sessionid=102"),
        ("/doc.asp?name=gw%EAn", "/doc.asp?name=gw%E2n"),
        ("/get?f=coach%92s", "/get?f=coach%96s"),
        ("/get?f%EA=1", "/get?f%EB=1"),
    ],
)
def test_different_pages_have_different_spellings(one, other):
    assert canonical_url(f"http://x.example{one}") == f"http://x.example{one}"
    assert canonical_url(f"http://x.example{other}") == f"http://x.example{other}"


def test_a_session_that_is_a_token_is_no_part_of_the_page_and_other_escapes_stay():
    assert canonical_url("http://x.example/a?b=1&sessionid=0f3a9C-2b7d_41e8aa") == "http://x.example/a?b=1"
    assert canonical_url("http://x.example/a?n=gw%c3%aan+x&m=%20") == "http://x.example/a?m=+&n=gw%C3%AAn+x"


class _Served(BaseHTTPRequestHandler):
    """Serves a Pretend site over real sockets, redirects and form posts included."""

    site: Pretend

    def do_GET(self) -> None:
        self._answer(Ask(HOST + self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        pairs = [tuple(part.split("=", 1)) for part in body.split("&")]
        words = dict(pairs)["searchQuery"]
        self.send_response(302)
        self.send_header("Location", f"{self.site.path}?searchQuery={words}")
        self.end_headers()

    def _answer(self, ask: Ask) -> None:
        page = asyncio.run(self.site.fetch(ask))
        body = page.body.replace(HOST.encode(), b"")
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def served() -> Iterator[str]:
    handler = type("Served", (_Served,), {"site": SITES["jadu native"]()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


async def over_http(ask: Ask) -> Page:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if ask.method == "POST" else {}
    request = Request(ask.url, data=ask.body() if ask.method == "POST" else None, headers=headers)
    try:
        with urlopen(request, timeout=10) as response:
            return Page(ask, response.url, response.status, response.headers["Content-Type"], response.read(), {})
    except HTTPError as error:
        return Page(ask, error.url, error.code, error.headers["Content-Type"] or "", error.read(), {})


def test_over_a_real_server_a_form_that_posts_and_redirects_is_asked_where_it_leads(served):
    function = asyncio.run(find_search(over_http, served, use_platforms=False))
    assert function.found, function.reason
    assert function.spec is not None
    assert (function.spec.method, urlsplit(function.spec.url).path) == ("GET", "/site/scripts/search_results.php")

    async def collect() -> list[Reading]:
        return [reading async for reading in read_search(over_http, function, "coaching")]

    readings = asyncio.run(collect())
    assert len(hits(readings)) == 23
    assert conclude(readings[-1].state)[0] == "complete"


@pytest.mark.parametrize(("distinct", "status"), [(36, "complete"), (41, "suspect")])
def test_a_list_that_shows_others_each_time_proves_nothing(distinct: int, status: str) -> None:
    read = State("mentor", None, ended="no way on", pages=9, turned=4, pass_=3, collected=35, distinct=distinct)
    assert conclude(replace(read, reported_total=35, total_is="exact"))[0] == status
