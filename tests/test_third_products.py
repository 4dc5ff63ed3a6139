"""A third set of products by their published templates, written blind: found, read to the end, and no end called one that is not."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from crawler.asking import Hit, SearchFunction, State, conclude, find_search
from crawler.caps import read_whole
from study.addresses import canonical_url
from tests.fixtures.search.third import HOST, QUERIES, Council
from tests.fixtures.search.third_sites import LESS, NO_WAY_ON, SCRIPTED, SITES

# What a site adds to a hit's address: where it was found from, or what to mark.
ADDED = {"p_l_back_url", "q", "Highlight"}
# Only the first page can be had without scripts: anything but complete is right where there are more.
FIRST_PAGE = {"contensis_react", "wordpress_facetwp"}
# The first page's box is sent by a script; what can be said without a browser is that.
BOX_BY_SCRIPT = {"sharepoint2010"}


def visit(site: Council, *, use_platforms: bool) -> tuple[SearchFunction, dict[str, tuple[list[Hit], State]]]:
    """The site's search as found, and every query as read."""

    async def ask() -> tuple[SearchFunction, dict[str, tuple[list[Hit], State]]]:
        function = await find_search(site.fetch, f"{HOST}/", use_platforms=use_platforms)
        read: dict[str, tuple[list[Hit], State]] = {}
        for query in QUERIES if function.found else ():
            hits: list[Hit] = []
            async for reading in read_whole(site.fetch, function, query):
                hits += reading.hits
                read[query] = hits, reading.state
        return function, read

    site.asked.clear()
    return asyncio.run(ask())


def bare(url: str) -> str:
    """A hit's address without what the site adds to it."""
    parts = urlsplit(canonical_url(url))
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in ADDED]
    if parts.path == "/s/redirect":
        return canonical_url(dict(pairs)["url"])
    return canonical_url(parts._replace(query=urlencode(pairs)).geturl())


def sends_other_forms(site: Council) -> list[str]:
    """Forms that are no search and were sent all the same."""
    return [
        ask.url
        for ask in site.asked
        if urlsplit(ask.url).path in {"/cookies", "/newsletter", "/login.asp", "/ebulletin.asp"}
    ]


def listed(hits: list[Hit]) -> dict[str, str]:
    """Address and title of what was read; a promoted hit stands in the list once more."""
    return {bare(hit.url): hit.title for hit in reversed(hits)}


@pytest.mark.parametrize("use_platforms", [True, False], ids=["as-it-comes", "without-platforms"])
@pytest.mark.parametrize("name", [name for name in SITES if name not in SCRIPTED])
def test_a_product_is_read_to_the_end(name: str, use_platforms: bool) -> None:
    site = SITES[name]
    function, read = visit(site, use_platforms=use_platforms)
    if name in BOX_BY_SCRIPT and not function.found:
        assert function.status == "script-only", function.reason
        return
    assert function.found, f"{function.status}: {function.reason}"
    assert not sends_other_forms(site)
    for query, (hits, state) in read.items():
        docs = site.find(query)
        status, reason = conclude(state)
        if name in FIRST_PAGE and len(docs) > len(listed(hits)):
            assert status != "complete", reason
            continue
        assert status == "complete", f"{query}: {reason}"
        assert listed(hits) == {canonical_url(doc.url): doc.title for doc in docs}
        assert state.total_is == "absent" or state.reported_total == len(docs)


@pytest.mark.parametrize("name", sorted(SCRIPTED))
def test_a_search_that_scripts_draw_is_said_to_be_one(name: str) -> None:
    assert visit(SITES[name], use_platforms=True)[0].status == "script-only"


@pytest.mark.parametrize("name", LESS)
def test_what_was_not_read_to_the_end_is_not_called_complete(name: str) -> None:
    site = LESS[name]
    function, read = visit(site, use_platforms=False)
    assert function.found, f"{function.status}: {function.reason}"
    assert not sends_other_forms(site)
    for query, (hits, state) in read.items():
        docs = site.find(query)
        status, reason = conclude(state)
        if name in NO_WAY_ON and len(docs) > site.size:
            assert status != "complete", f"{query}: {reason}"
        else:
            assert status == "complete", f"{query}: {reason}"
            assert listed(hits).keys() == {canonical_url(doc.url) for doc in docs}
