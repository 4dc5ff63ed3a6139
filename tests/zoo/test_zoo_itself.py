"""The zoo's own sanity: its pages are served, and a walk by hand through each working search ends at the expected hits."""

import http.client
import re
import socket
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest

from tests.zoo import Animal, Zoo, animals, home_words, serve, turning
from tests.zoo.animal import STATUSES
from tests.zoo.catalogue import KINDS
from tests.zoo.engine import PLAIN, WORDING, in_words
from tests.zoo.holdings import BLOCKS, ONCE, TRANSPORT_FAULTS
from tests.zoo.pages import chrome_links
from tests.zoo.paging import FORM_FAMILIES, LINK_FAMILIES
from tests.zoo.search import Question
from tests.zoo.visitor import Visitor, ask, contains_in_order, doc_links, enter, turn, written_links

ALL = animals()
WORKING = [a for a in ALL if a.expect.status in ("complete", "capped") and a.expect.found]
HTML = [a for a in WORKING if a.ask.answer == "html"]
FEEDS = [a for a in WORKING if a.ask.answer != "html"]
BREAKING = [a for a in ALL if any(f.at.startswith("page") and f.kind not in ONCE for f in a.faults)]


def each(chosen: list[Animal]) -> pytest.MarkDecorator:
    """Run a test once for each of these animals."""
    return pytest.mark.parametrize("animal", chosen, ids=[a.id for a in chosen])


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    with serve() as running:
        yield running


@each(HTML)
def test_a_walk_by_hand_reaches_exactly_the_expected_hits(zoo: Zoo, animal: Animal) -> None:
    site = zoo.site(animal)
    crowded = animal.extras or animal.menu_hits or {"home-hit", "best-bets"} & set(animal.quirks)
    for query in animal.queries:
        expected, plan = zoo.expected(animal, query), site.plan(query)
        visitor, before = Visitor(), zoo.requests(animal)
        html = enter(zoo, animal, visitor)
        met: list[str] = []
        content = ask(zoo, animal, visitor, html, query)
        for number, page in enumerate(plan.pages, 1):
            if number > 1:
                content = turn(zoo, animal, visitor, content.decode(animal.ask.charset), query, number)
                if visitor.status in ONCE.values():
                    content = visitor.again()
            links = doc_links(zoo, animal, content, visitor.url)
            shown = [site.url(d) for _, d in page]
            if animal.pager.family in turning.GROWING:
                shown = [site.url(d) for part in plan.pages[:number] for _, d in part]
            assert contains_in_order(links, shown), f"{query!r}, page {number}"
            if not crowded and not plan.filler:
                assert {u for u in links if not u.endswith(f"{urlsplit(u).netloc}/")} <= set(shown), (
                    f"strays on page {number}"
                )
            met += shown
        assert tuple(dict.fromkeys(met)) == expected.urls
        if not any(f.kind in ONCE for f in animal.faults):
            hops = 2 if animal.ask.redirect and animal.ask.redirect != animal.ask.path else 1
            extra = 1 if animal.quirks and "zero-redirect" in animal.quirks and not plan.hits else 0
            assert zoo.requests(animal) - before + 2 * hops - extra == zoo.minimum_requests(animal, query)


@each(HTML)
def test_an_unknown_word_finds_nothing_and_words_of_the_home_page_find_something(zoo: Zoo, animal: Animal) -> None:
    site = zoo.site(animal)
    assert not site.plan("qxvzjkwy").hits
    words = home_words(site)
    assert words
    assert all(site.plan(w).hits for w in words)


@each(WORKING)
def test_queries_have_no_hit_one_a_handful_and_several_pages(zoo: Zoo, animal: Animal) -> None:
    sizes = [len(zoo.site(animal).plan(q).hits) for q in animal.queries]
    assert sizes[0] == 0
    assert sizes[1] == 1
    assert 3 <= sizes[2] <= 8
    assert sizes[3] >= 20 or sizes[3] > 2 * animal.pager.size


@each(HTML)
def test_totals_are_on_the_page_as_stated(zoo: Zoo, animal: Animal) -> None:
    query = animal.queries[3]
    expected = zoo.expected(animal, query)
    visitor = Visitor()
    content = ask(zoo, animal, visitor, enter(zoo, animal, visitor), query).decode(animal.ask.charset)
    if expected.reported_total is not None:
        text = re.sub(r"(?<=\d)[,.'\xa0](?=\d{3}\b)", "", unescape(re.sub(r"<[^>]+>", " ", content)))
        if "data-results-total" in content:
            text = content
        if animal.total == "number-words":
            text = text.lower().replace(in_words(expected.reported_total), str(expected.reported_total))
        assert re.search(rf"\b{expected.reported_total}\b", text), expected
    assert query in unescape(content)


@each(FEEDS)
def test_feeds_list_the_expected_hits(zoo: Zoo, animal: Animal) -> None:
    site = zoo.site(animal)
    for query in animal.queries:
        visitor = Visitor()
        html = enter(zoo, animal, visitor)
        assert animal.ask.path in html
        content = ask(zoo, animal, visitor, html, query)
        met: list[str] = []
        for number in range(1, len(site.plan(query).pages) + 1):
            if number > 1:
                content = visitor.get(
                    site.bases["main"] + site.place_url(Question(query, 1, PLAIN, dict(animal.ask.hidden)), number)
                )
            text = unescape(content.decode()).replace("\\/", "/")
            links = re.findall(
                r'(?:<U>|<link>|<link href="|"url": "|"liveUrl": "|"self": {"href": "|<a href=\\?")([^"<\\]+)', text
            )
            met += [u for u in map(site.canonical, links) if u in {site.url(d) for d in site.docs}]
        assert tuple(dict.fromkeys(met)) == zoo.expected(animal, query).urls


@each([a for a in HTML if a.group.startswith("second") and not a.documents])
def test_a_hit_as_written_leads_to_its_page(zoo: Zoo, animal: Animal) -> None:
    site, visitor = zoo.site(animal), Visitor()
    content = ask(zoo, animal, visitor, enter(zoo, animal, visitor), animal.queries[1])
    plan = site.plan(animal.queries[1])
    [doc] = plan.hits
    tried = [u for u in written_links(animal, content, visitor.url) if site.canonical(u) == site.url(doc)]
    assert tried
    for url in dict.fromkeys(tried):
        page = visitor.get(url).decode(animal.ask.charset)
        assert visitor.status == 200
        assert doc.title in unescape(page), url


PLAIN_SITES = [a for a in HTML if a.urls == "slug" and not a.documents and not a.quirks]


@each(PLAIN_SITES[:12] + [a for a in PLAIN_SITES if a.group.startswith("second")][::6])
def test_expected_hits_are_the_pages_that_say_the_word(zoo: Zoo, animal: Animal) -> None:
    """An oracle that shares no code with the engine: every page is fetched and read."""
    site, visitor = zoo.site(animal), Visitor()
    texts = {site.url(d): visitor.get(site.url(d)).decode().lower() for d in site.docs if d.path != "/"}
    for query in animal.queries:
        if animal.pager.cap == 0:
            says = {u for u, text in texts.items() if re.search(rf"\b{query}\b", text)}
            assert set(zoo.expected(animal, query).urls) - {zoo.home(animal)} == says


@each(BREAKING)
def test_what_breaks_midway_keeps_the_hits_before(zoo: Zoo, animal: Animal) -> None:
    few, many = zoo.expected(animal, animal.queries[2]), zoo.expected(animal, animal.queries[3])
    page = int(animal.faults[0].at[4:])
    assert few.status == "complete"
    assert many.status == animal.expect.status
    assert len(many.urls) == (page - 1) * animal.pager.size
    assert many.reachable
    if animal.faults[0].kind != "stall":
        visitor = Visitor()
        html = ask(zoo, animal, visitor, enter(zoo, animal, visitor), animal.queries[3]).decode()
        for number in range(2, page + 1):
            html = turn(zoo, animal, visitor, html, animal.queries[3], number).decode()
        assert BLOCKS[animal.faults[0].kind]["body"].strip()[:60] in html


@each(
    [a for a in ALL if a.faults and a.faults[0].kind in BLOCKS and a.faults[0].at in ("search", "home", "everything")]
)
def test_refusals_stand_where_they_should(zoo: Zoo, animal: Animal) -> None:
    visitor, fault = Visitor(), animal.faults[0]
    block = BLOCKS[fault.kind]
    content = visitor.get(zoo.home(animal)).decode(animal.ask.charset)
    if fault.at == "search":
        assert not block["body"] or str(block["body"])[:40] not in content
        content = ask(zoo, animal, visitor, content, animal.queries[3]).decode(animal.ask.charset)
    assert visitor.status == block["status"]
    assert str(block["body"])[:40] in content


@pytest.mark.parametrize("kind", ["stall", "drip", "reset", "short"])
def test_silence_and_resets_are_silent(zoo: Zoo, kind: str) -> None:
    animal = next(
        a for a in ALL if a.faults and a.faults[0].kind == kind and a.faults[0].at in ("search", "everything")
    )
    visitor = Visitor(timeout=0.4)
    with pytest.raises((TimeoutError, ConnectionError, http.client.HTTPException)):
        ask(zoo, animal, visitor, visitor.get(zoo.home(animal)).decode(), "mentoring")


@pytest.mark.parametrize("name", sorted({a.look for a in ALL}))
def test_the_chrome_leads_to_pages(zoo: Zoo, name: str) -> None:
    animal = next(a for a in HTML if a.look == name)
    visitor = Visitor()
    links = chrome_links(name)
    assert len(links) >= 5
    for path in links:
        visitor.get(urljoin(zoo.home(animal), path.replace(" ", "%20")))
        assert visitor.status == 200, path
    visitor.get(urljoin(zoo.home(animal), "/no/such/page"))
    assert visitor.status == (200 if "soft-404" in str(animal.quirks) else 404)


def test_there_are_many_animals_and_their_data_make_sense() -> None:
    assert len(ALL) >= 80
    assert len({a.look for a in ALL}) >= 14
    second = [a for a in ALL if a.group.startswith("second")]
    assert len(second) >= 90
    assert len({a.look for a in second} - {a.look for a in ALL if a not in second}) >= 12
    assert len({a.name for a in ALL}) == len(ALL)
    for animal in ALL:
        assert animal.expect.status in STATUSES
        assert animal.list in KINDS
        assert animal.total in WORDING["total"]
        assert animal.zero in WORDING["zero"]
        assert animal.pager.family in [*LINK_FAMILIES, *FORM_FAMILIES, *turning.LINKS, *turning.BUTTONS, "none"]
        assert all(
            f.kind in BLOCKS or f.kind in ONCE or f.kind in TRANSPORT_FAULTS or f.kind == "loop" for f in animal.faults
        )


def test_a_lost_index_finds_nothing(zoo: Zoo) -> None:
    animal = next(a for a in HTML if a.id == "newt-among-newsletters")
    assert zoo.expected(animal, animal.queries[3]).urls
    zoo.lose_index(animal)
    assert not zoo.expected(animal, animal.queries[3]).urls
    zoo.lose_index(animal, False)


def test_every_animal_bears_the_loss_of_its_index(zoo: Zoo) -> None:
    for animal in ALL:
        zoo.lose_index(animal)
        assert not [u for q in animal.queries for u in zoo.expected(animal, q).urls], animal.id
        assert not zoo.site(animal).plan(animal.queries[3]).filler, animal.id
        zoo.lose_index(animal, False)


def test_pages_that_sort_anew_hide_some_hits_and_left_out_pages_stay_true_hits(zoo: Zoo) -> None:
    by_id = {a.id: a for a in ALL}
    for name in ("chevrotain-shuffled", "duiker-omitted"):
        expected = zoo.expected(by_id[name], by_id[name].queries[3])
        assert expected.reachable
        assert not set(expected.reachable) & set(expected.urls)
        assert expected.reported_total is not None
        assert len(expected.urls) < expected.reported_total
    sticky = by_id["antpitta-loop-sticky"]
    expected = zoo.expected(sticky, sticky.queries[3])
    assert expected.items > len(expected.urls) == expected.reported_total


def test_ports_are_loopback_and_closed_afterwards() -> None:
    with serve(only=ALL[:2]) as few:
        host, port = few.allow(ALL[0])[0].split(":")
        assert host == "127.0.0.1"
        socket.create_connection((host, int(port)), 1).close()
    with pytest.raises(OSError):  # noqa: PT011 (refused)
        socket.create_connection((host, int(port)), 1)
