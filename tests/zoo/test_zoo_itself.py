"""The zoo's own sanity: its pages are served, and a walk by hand through each working search ends at the expected hits."""

import http.client
import re
import socket
from collections.abc import Iterator
from html import escape, unescape
from urllib.parse import urlencode, urljoin, urlsplit

import lxml.html
import pytest

from tests.zoo import Animal, Zoo, animals, home_words, serve
from tests.zoo.animal import STATUSES
from tests.zoo.engine import PLAIN, WORDING
from tests.zoo.holdings import BLOCKS, ONCE, TRANSPORT_FAULTS
from tests.zoo.listing import KINDS
from tests.zoo.pages import chrome_links
from tests.zoo.paging import FORM_FAMILIES, LINK_FAMILIES
from tests.zoo.search import Question

ALL = animals()
WORKING = [a for a in ALL if a.expect.status in ("complete", "capped") and a.expect.found]
HTML = [a for a in WORKING if a.ask.answer == "html"]
FEEDS = [a for a in WORKING if a.ask.answer != "html"]
BREAKING = [a for a in ALL if any(f.at.startswith("page") and f.kind not in ONCE for f in a.faults)]


def each(chosen: list[Animal]) -> pytest.MarkDecorator:
    """Run a test once for each of these animals."""
    return pytest.mark.parametrize("animal", chosen, ids=[a.id for a in chosen])


class Visitor:
    """A bare HTTP client: cookies kept, redirects followed."""

    def __init__(self, timeout: float = 10) -> None:
        self.cookies: dict[str, str] = {}
        self.timeout = timeout
        self.url = ""
        self.status = 0

    def get(self, url: str, form: dict[str, str] | None = None, charset: str = "utf-8") -> bytes:
        for _ in range(10):
            parts = urlsplit(url)
            link = http.client.HTTPConnection(parts.netloc, timeout=self.timeout)
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            body = None
            if form is not None:
                body = urlencode(form, encoding=charset).encode("ascii")
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            link.request("POST" if form is not None else "GET", target, body, headers)
            answer = link.getresponse()
            content, self.status, self.url = answer.read(), answer.status, url
            link.close()
            for header in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = header.partition(";")[0].partition("=")
                self.cookies[name] = value
            if answer.status not in (301, 302, 303):
                if answer.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    content = gzip.decompress(content)
                return content
            url, form = urljoin(url, answer.headers["Location"]), None
        raise AssertionError(f"too many redirects at {url}")


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    with serve() as running:
        yield running


def enter(zoo: Zoo, animal: Animal, visitor: Visitor) -> str:
    """Walk from the home page to the page that holds the form (or names the search); its HTML."""
    home = zoo.home(animal)
    html = visitor.get(home).decode(animal.ask.charset)
    if animal.home == "consent-form":
        html = visitor.get(urljoin(home, "/consent"), {"choice": "accept", "back": "/"}).decode()
    further = {
        "consent-link": "/consent?accept=1", "frameset": "/frames/top.htm", "iframe": "/searchbox", "refresh": "/home", "splash": "/home",
        "language": "/home", "js-redirect": "/home", "opensearch": "/opensearch.xml", "opensearch-rss": "/opensearch.xml",
    }.get(animal.home)  # fmt: skip
    if animal.home.startswith("linked"):
        further = "/search-our-site"
    if further:
        assert f"{further.partition('?')[0]}" in html, f"the home page does not lead to {further}"
        html = visitor.get(urljoin(home, further)).decode(animal.ask.charset)
    return html


def ask(zoo: Zoo, animal: Animal, visitor: Visitor, html: str, query: str) -> bytes:
    """Send the search as a browser would from the page that holds the form."""
    ask, site = animal.ask, zoo.site(animal)
    fields = {ask.field: query}
    for name, value in ask.hidden.items():
        token = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', html)
        fields[name] = token[1] if token else value
    if ask.button:
        fields |= dict([ask.button.split("=")])
    if ask.form in ("radio-scope", "select-scope"):
        fields["scope"] = "site"
    if animal.look == "aspnet2008":
        fields |= {"__VIEWSTATE": viewstate(html), "__EVENTTARGET": ""}
        return visitor.get(site.bases["main"] + "/", fields)
    base = site.bases[ask.role] + ask.path
    if ask.method == "post":
        return visitor.get(base, fields, ask.charset)
    return visitor.get(f"{base}?{urlencode(fields, encoding=ask.charset)}")


def viewstate(html: str) -> str:
    found = re.search(r'name="__VIEWSTATE"[^>]* value="([^"]*)"', html)
    assert found, "no view state on the page"
    return found[1]


def turn(zoo: Zoo, animal: Animal, visitor: Visitor, html: str, query: str, page: int) -> bytes:
    """Ask for the next page the way its own pager does; the way must be visible on the page before."""
    site, pager, ask = zoo.site(animal), animal.pager, animal.ask
    base = site.bases[ask.role]
    carry = {k: v for k, v in ask.hidden.items() if v != "@token"}
    if ask.form in ("radio-scope", "select-scope"):
        carry |= {"scope": "site"}
    if pager.family in LINK_FAMILIES:
        target = site.place_url(Question(query, page - 1, PLAIN, carry), page)
        seen = target.partition("?")[2] if "query-only-links" in animal.quirks else target
        assert escape(seen) in html or ("raw-ampersands" in animal.quirks and seen in html), f"no link to {target}"
        return visitor.get(base + target)
    path = base + (ask.redirect or ask.path)
    if pager.family == "postback":
        assert f"Page${page}&#39;" in html
        event = {
            "__EVENTTARGET": "ctl00$cphMain$grdDocuments",
            "__EVENTARGUMENT": f"Page${page}",
            "__VIEWSTATE": viewstate(html),
        }
        return visitor.get(path, event)
    if pager.family == "postback-next":
        return visitor.get(path, {"__VIEWSTATE": viewstate(html), "ctl00$cphMain$btnNext": "Next >"})
    assert f'name="{pager.param}"' in html
    fields = {ask.field: query, pager.param: str(page)}
    if pager.family == "post":
        return visitor.get(path, fields, ask.charset)
    if pager.family == "submit":
        fields |= {pager.param: str(page - 1), "move": "Next 10"}
    return visitor.get(f"{path}?{urlencode(fields, encoding=ask.charset)}")


def doc_links(zoo: Zoo, animal: Animal, content: bytes, url: str) -> list[str]:
    """Canonical addresses of indexed pages that a results page links to, in order."""
    site = zoo.site(animal)
    tree = lxml.html.fromstring(content, parser=lxml.html.HTMLParser(encoding=animal.ask.charset))
    base = next(iter(tree.xpath("//base/@href")), url)
    known = {site.url(d) for d in site.docs}
    found = [
        site.canonical(urljoin(base, href))
        for href in tree.xpath("//a/@href")
        if not href.startswith(("javascript:", "#", "mailto:"))
    ]
    return [u for u in found if u in known]


def contains_in_order(whole: list[str], part: list[str]) -> bool:
    rest = iter(whole)
    return all(p in rest for p in part)


@each(HTML)
def test_a_walk_by_hand_reaches_exactly_the_expected_hits(zoo: Zoo, animal: Animal) -> None:
    site = zoo.site(animal)
    crowded = animal.extras or animal.menu_hits or "home-hit" in animal.quirks
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
                    content = visitor.get(visitor.url)
            links = doc_links(zoo, animal, content, visitor.url)
            shown = [site.url(d) for _, d in page]
            if animal.pager.family == "cumulative":
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
        text = re.sub(r"(?<=\d)[,\xa0](?=\d{3}\b)", "", unescape(re.sub(r"<[^>]+>", " ", content)))
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
            links = re.findall(r'(?:<U>|<link>|<link href="|"url": "|"liveUrl": ")([^"<]+)', text)
            met += [u for u in map(site.canonical, links) if u in {site.url(d) for d in site.docs}]
        assert tuple(dict.fromkeys(met)) == zoo.expected(animal, query).urls


@each([a for a in HTML if a.urls == "slug" and not a.documents and not a.quirks][:12])
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
        assert str(block["body"])[:40] not in content
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
    assert len({a.name for a in ALL}) == len(ALL)
    for animal in ALL:
        assert animal.expect.status in STATUSES
        assert animal.list in KINDS
        assert animal.total in WORDING["total"]
        assert animal.zero in WORDING["zero"]
        assert animal.pager.family in [*LINK_FAMILIES, *FORM_FAMILIES, "none"]
        assert all(
            f.kind in BLOCKS or f.kind in ONCE or f.kind in TRANSPORT_FAULTS or f.kind == "loop" for f in animal.faults
        )


def test_a_lost_index_finds_nothing(zoo: Zoo) -> None:
    animal = next(a for a in HTML if a.id == "newt-among-newsletters")
    assert zoo.expected(animal, animal.queries[3]).urls
    zoo.lose_index(animal)
    assert not zoo.expected(animal, animal.queries[3]).urls
    zoo.lose_index(animal, False)


def test_ports_are_loopback_and_closed_afterwards() -> None:
    with serve(only=ALL[:2]) as few:
        host, port = few.allow(ALL[0])[0].split(":")
        assert host == "127.0.0.1"
        socket.create_connection((host, int(port)), 1).close()
    with pytest.raises(OSError):  # noqa: PT011 (refused)
        socket.create_connection((host, int(port)), 1)
