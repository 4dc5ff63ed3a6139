"""A scaffold for a search platform: its TOML, two of its pages as a fixture, and a test that waits for figures.

What can be told from the pages is filled in; what a person must look up (how many hits the page shows, what gives the
platform away) is left open, and the test fails until it is there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from crawler.anatomy import take_apart
from crawler.choosing import Reader, choose
from crawler.exceptions import as_toml, toml_value
from crawler.lists import Group
from crawler.platforms import Fingerprint, PagingRules, Platform, Query, Results, css, read_file
from crawler.results import ResultsPage, learn
from crawler.searchform import form_candidates
from crawler.searchspec import SearchSpec
from crawler.totals import Total
from crawler.web import Ask, Page, host_of
from study.errors import UserError

_AT = rb"(?:@|%40|&#0*64;|&#x0*40;|&commat;|\[at\])"
_ADDRESS = re.compile(
    rb"[\w.+'-]+" + _AT + rb"(?![\w.-]*\.(?:png|jpe?g|gif|svg|webp|avif|js|css|map)\b)(?:[\w-]+\.)+[a-z]{2,}",
    re.IGNORECASE,
)
_HIDDEN_ADDRESS = re.compile(rb"(data-cfemail=[\"']?|/cdn-cgi/l/email-protection#)[0-9a-f]+", re.IGNORECASE)
_NOBODY = b"someone@council.example"
_TELLING_HEADERS = ("x-generator", "x-powered-by")


class ScaffoldError(UserError):
    """A scaffold cannot be made from what was given; the text says what to change."""


@dataclass(frozen=True)
class Gathered:
    """Two results pages of one search: of a word nobody has, and of a word that brings hits; and how they were asked for."""

    nonsense: Page
    nonsense_query: str
    results: Page
    query: str
    spec: SearchSpec


def without_addresses(body: bytes) -> bytes:
    """The bytes of a page with every e-mail address replaced, hidden ones too; charset and markup stay as they were."""
    return _HIDDEN_ADDRESS.sub(rb"\g<1>00", _ADDRESS.sub(_NOBODY, body))


def slug_of(name: str) -> str:
    """The name as part of a file name: 'Example CMS' -> 'example-cms'."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise ScaffoldError(f"{name!r}: a platform's name needs letters or digits")
    return slug


# -- From files ------------------------------------------------------------------------------------------------------------


def from_files(nonsense: Path, results: Path, url: str = "", query: str = "") -> Gathered:
    """Two saved pages, the nonsense word's first. Words and address are read from the pages where they are not given."""
    pages = [_saved(path, url) for path in (nonsense, results)]
    forms = [form_candidates(page) for page in pages]
    if not forms[1]:
        raise ScaffoldError(f"{results}: there is no search form on this page; save a results page with its form")
    spec = forms[1][0].spec
    asked = [_in_the_box(page, spec.query_param) for page in pages]
    if not (query or asked[1]):
        raise ScaffoldError(f"{results}: the search box is empty; say what was asked for with --query")
    page = replace(pages[1], url=pages[1].url)
    return Gathered(pages[0], asked[0] or "zorvaquil", page, query or asked[1], spec)


def _saved(path: Path, url: str) -> Page:
    try:
        body = path.read_bytes()
    except OSError as problem:
        raise ScaffoldError(f"{path}: cannot be read: {problem}") from problem
    where = url or "http://www.council.example/search"
    return Page(Ask(where), where, 200, "text/html", body, {})


def _in_the_box(page: Page, param: str) -> str:
    boxes = (box for box in page.tree.iter("input") if box.get("name") == param)
    return next((value for box in boxes if (value := (box.get("value") or "").strip())), "")


# -- Writing ---------------------------------------------------------------------------------------------------------------


def scaffold(name: str, gathered: Gathered, root: Path) -> list[Path]:
    """Write platform file, fixture and test under ``root``; return the paths. Raises ScaffoldError, leaves files alone."""
    slug = slug_of(name)
    rules = root / "crawler" / "platforms" / f"{slug}.toml"
    fixture = root / "tests" / "fixtures" / "platforms" / slug
    test = root / "tests" / f"test_platform_{slug.replace('-', '_')}.py"
    there = next((path for path in (rules, fixture, test) if path.exists()), None)
    if there:
        raise ScaffoldError(f"{there} is there already; choose another name, or remove it")
    platform, remarks = _platform(name, gathered)
    source = host_of(gathered.results.url)
    texts: dict[Path, bytes] = {
        rules: as_toml(platform, remarks).encode(),
        fixture / "nonsense.html": without_addresses(gathered.nonsense.body),
        fixture / "results.html": without_addresses(gathered.results.body),
        fixture / "pages.toml": _about(gathered).encode(),
        test: _TEST.format(
            name=name, slug=slug, source=source, day=datetime.now(UTC).date(), query=gathered.query
        ).encode(),
    }
    for path, body in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return list(texts)


def _platform(name: str, gathered: Gathered) -> tuple[Platform, dict[str, str]]:
    spec = gathered.spec
    mark = _fingerprint(gathered.results)
    paging = PagingRules(**spec.paging.to_json()) if spec.paging else PagingRules()
    path = urlsplit(spec.url).path or "/"
    platform = Platform(
        name=name,
        fingerprint=mark,
        query=Query(url=(path,), param=(spec.query_param,) if spec.query_param else (), encoding=spec.encoding),
        results=_selectors(gathered),
        paging=paging,
    )
    remarks = {"results": "checked on the fixture only; drop a selector that other sites of the platform do not keep"}
    if not platform.results.item:
        remarks["results"] = 'item = "...": no selector finds just the items; without one they are read by comparison'
    if mark == Fingerprint():
        remarks["fingerprint"] = "say what gives the platform away: generator, headers, url, html or selector"
    return platform, remarks


def _fingerprint(page: Page) -> Fingerprint:
    said = [m.get("content") or "" for m in page.tree.iter("meta") if (m.get("name") or "").lower() == "generator"]
    headers = {n.lower(): v for n, v in page.headers.items() if n.lower() in _TELLING_HEADERS}
    generator = tuple(f"^{re.escape(text.split()[0])}" for text in said if text.split())
    return Fingerprint(generator=generator, headers={n: f"^{re.escape(v.split()[0])}" for n, v in headers.items() if v})


def _selectors(gathered: Gathered) -> Results:
    """Selectors that find just the items that the comparison finds; '' where none does."""
    reader = Reader(gathered.spec)
    layout, _, some = learn(gathered.nonsense, gathered.nonsense_query, gathered.results, gathered.query, reader)
    if not some.items:
        raise ScaffoldError(
            f"{gathered.results.url}: no list of hits can be told from the nonsense page; is it the other way round?"
        )
    anatomy = take_apart(gathered.results, gathered.query)
    group, _ = choose(anatomy, Reader(gathered.spec, layout), some.total if some.total.number is not None else Total())
    if group is None or group.blocks[0] is group.links[0].element:
        return Results()
    there, nowhere = gathered.results.tree, gathered.nonsense.tree
    item = next((s for s in _of_items(group) if css(s)(there) == group.blocks and not css(s)(nowhere)), "")
    return Results(item=item, title=_of_titles(group) if item else "")


def _of_items(group: Group) -> Iterable[str]:
    tag = group.blocks[0].tag
    shared = set.intersection(*(set((b.get("class") or "").split()) for b in group.blocks))
    own = [f"{tag}.{name}" for name in sorted(shared, key=len) if _is_name(name)]
    above = [step for element in [group.container, *group.container.iterancestors()][:4] for step in _steps(element)]
    nearest = list(_steps(group.container))
    yield from (f"{step} > {block}" for step in nearest for block in (*own, tag))
    yield from own
    yield from (f"{step} {block}" for step in above for block in (*own, tag))
    yield f"{group.container.tag} > {tag}"


def _steps(element: HtmlElement) -> Iterable[str]:
    if _is_name(element.get("id") or ""):
        yield f"#{element.get('id')}"
    yield from (f"{element.tag}.{name}" for name in (element.get("class") or "").split() if _is_name(name))


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][\w-]*", text) is not None and not re.search(r"\d{3}", text)


def _of_titles(group: Group) -> str:
    """'' where each item's first link is its title."""
    pairs = list(zip(group.blocks, (link.element for link in group.links), strict=True))
    if all(next(block.iter("a"), None) is link for block, link in pairs):
        return ""
    first = group.links[0].element
    above = [e.tag for e in first.iterancestors() if e in set(group.blocks[0].iter())]
    tries = [f"a.{name}" for name in (first.get("class") or "").split() if _is_name(name)] + [
        f"{tag} a" for tag in above
    ]
    return next((s for s in tries if all((css(s)(block) or [None])[0] is link for block, link in pairs)), "")


def _about(gathered: Gathered) -> str:
    """pages.toml: how the two pages were asked for, which the pages themselves do not say."""
    lines = ["# As fetched; e-mail addresses are replaced. How they were asked for:"]
    for name, page, query in (
        ("nonsense", gathered.nonsense, gathered.nonsense_query),
        ("results", gathered.results, gathered.query),
    ):
        headers = {n.lower(): v for n, v in page.headers.items() if n.lower() in _TELLING_HEADERS}
        facts = {
            "query": query,
            "url": page.url,
            "status": page.status,
            "content_type": page.content_type,
            "headers": headers,
        }
        lines += ["", f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in facts.items())]
    spec = gathered.spec
    facts = {"url": spec.url, "param": spec.query_param, "method": spec.method, "encoding": spec.encoding}
    lines += ["", "[search]", *(f"{key} = {toml_value(value)}" for key, value in facts.items())]
    return "\n".join(lines) + "\n"


# -- Reading, for the test ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fixture:
    """A platform's file and its two pages, as a test reads them."""

    platform: Platform
    gathered: Gathered

    @classmethod
    def load(cls, folder: Path, rules: Path) -> Fixture:
        """The pages of tests/fixtures/platforms/NAME with crawler/platforms/NAME.toml."""
        about = tomllib.loads((folder / "pages.toml").read_text(encoding="utf-8"))
        asked = about["search"]
        spec = SearchSpec("form", asked["url"], asked["param"], method=asked["method"], encoding=asked["encoding"])
        nonsense, results = (_kept(about[name], folder / f"{name}.html") for name in ("nonsense", "results"))
        gathered = Gathered(nonsense, about["nonsense"]["query"], results, about["results"]["query"], spec)
        return cls(read_file(rules), gathered)

    @property
    def recognised(self) -> bool:
        """Whether the results page gives the platform away."""
        return self.platform.matches(self.gathered.results)

    def read(self, *, with_file: bool) -> tuple[ResultsPage, ResultsPage]:
        """(The nonsense page, the results page) as read with the platform's file, or by comparison alone."""
        seen = self.gathered
        spec = replace(seen.spec, paging=self.platform.counting if with_file else None)
        reader = Reader(spec, platform=self.platform if with_file else None)
        _, nothing, some = learn(seen.nonsense, seen.nonsense_query, seen.results, seen.query, reader)
        return nothing, some


def _kept(about: dict[str, Any], path: Path) -> Page:
    url = about["url"]
    return Page(Ask(url), url, about["status"], about["content_type"], path.read_bytes(), about["headers"])


_TEST = '''"""{name}: two pages of {source} as fetched on {day}, read with its platform file and without.

Written by `mentorwatch scaffold`. It fails until the figures are filled in: open the fixture's results.html (it was asked
for {query!r}) in a browser, and count there, not in what mentorwatch reads.
"""

from pathlib import Path

import pytest

from crawler.scaffolding import Fixture

HERE = Path(__file__).parent
FIXTURE = Fixture.load(HERE / "fixtures/platforms/{slug}", HERE.parent / "crawler/platforms/{slug}.toml")

HITS = ...  # how many hits the page lists
TOTAL = ...  # the total that it states; None where it states none
FIRST = ...  # the title of the first hit
LAST = ...  # the title of the last hit
MORE = ...  # True where there is a next page


def test_the_figures_are_filled_in():
    assert ... not in (HITS, TOTAL, FIRST, LAST, MORE), "look at results.html and fill in what is still ..."


def test_its_pages_give_it_away():
    assert FIXTURE.recognised, "fill in [fingerprint] of the platform file"


@pytest.mark.parametrize("with_file", [True, False], ids=["with its file", "by comparison"])
def test_a_results_page_is_read(with_file):
    nothing, page = FIXTURE.read(with_file=with_file)
    titles = [item.title for item in page.items]
    assert nothing.items == ()
    assert (len(titles), page.total.number) == (HITS, TOTAL)
    assert (titles[0], titles[-1]) == (FIRST, LAST)
    assert (page.next is not None) == MORE
'''
