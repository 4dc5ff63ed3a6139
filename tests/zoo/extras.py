# ruff: noqa: E501 (markup is easier to read unbroken)
"""What stands around the hits and is not one: facets, promoted links, did-you-mean, related searches, widgets."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from tests.zoo.corpus import Doc


@dataclass(frozen=True)
class Around:
    """What an extra needs to know of the results page it decorates."""

    query: str
    path: str
    field: str
    hits: list[Doc]
    others: list[Doc]  # pages that do not match
    hrefs: Callable[[Doc], str]
    variant: int
    page: int

    def ask(self, query: str, more: str = "") -> str:
        return escape(f"{self.path}?{self.field}={quote(query)}{more}", quote=True)

    def link(self, doc: Doc) -> str:
        return f'<a href="{escape(self.hrefs(doc), quote=True)}">{escape(doc.title)}</a>'


Part = tuple[str, str, str]  # above the list, below it, beside it


def _facets(a: Around) -> Part:
    counts: dict[str, int] = {}
    for doc in a.hits:
        counts[doc.section] = counts.get(doc.section, 0) + 1
    rows = "".join(
        f'<li class="facet-item"><a href="{a.ask(a.query, f"&section={quote(s)}")}" rel="nofollow"><span class="facet-item__value">{s}</span> '
        f'<span class="facet-item__count">({n})</span></a></li>'
        for s, n in counts.items()
    )
    return (
        "",
        "",
        f'<div class="facets"><h2>Narrow your results</h2><ul class="facet-list">{rows}</ul></div>' if rows else "",
    )


def _facet_form(a: Around) -> Part:
    boxes = "".join(
        f'<label><input type="checkbox" name="section" value="{s}"> {s}</label>' for s in ("News", "Housing", "Leisure")
    )
    return (
        "",
        "",
        (
            f'<form action="{a.path}" method="get"><h3>Filter results</h3><input type="hidden" name="{a.field}" value="{escape(a.query, quote=True)}">'
            f'{boxes}<input type="submit" value="Apply filters"></form>'
        ),
    )


def _promoted(a: Around) -> Part:
    """Editors' picks for a word: other pages for each query, none where nothing was found."""
    if not a.hits:
        return "", "", ""
    first = zlib.crc32(a.query.encode()) % max(len(a.others) - 2, 1)
    picks = a.others[first : first + 2]
    if a.variant % 2:
        items = "".join(
            f'<div class="featured-result"><span>Recommended</span> {a.link(d)}<p>Our most used page.</p></div>'
            for d in picks
        )
        return f'<div class="best-bets"><h2>Recommended pages</h2>{items}</div>', "", ""
    items = "".join(f"<li>{a.link(d)} (promoted)</li>" for d in picks)
    return f'<div class="key-match"><p>Key matches</p><ul>{items}</ul></div>', "", ""


def _did_you_mean(a: Around) -> Part:
    near = a.query[:-1] + "s" if not a.query.endswith("s") else a.query[:-1]
    return f'<p class="spelling">Did you mean: <a href="{a.ask(near)}"><i>{escape(near)}</i></a>?</p>', "", ""


def _related(a: Around) -> Part:
    terms = [f"{a.query} courses", f"{a.query} near me", f"free {a.query}", f"{a.query} jobs"]
    rows = "".join(f'<li><a href="{a.ask(t)}">{escape(t)}</a></li>' for t in terms)
    return "", f'<div class="related"><h3>Related searches</h3><ul>{rows}</ul></div>', ""


def _sidebar(a: Around) -> Part:
    rows = "".join(f"<li>{a.link(d)}</li>" for d in a.hits[:3])
    return "", "", f'<div class="box"><h3>Top matches</h3><ul>{rows}</ul></div>' if rows else ""


def _sort(a: Around) -> Part:
    return (
        (
            f'<p class="sort">Sort by: <strong>relevance</strong> | <a href="{a.ask(a.query, "&sort=date")}">date</a> | '
            f'<a href="{a.ask(a.query, "&sort=title")}">title</a></p>'
        ),
        "",
        "",
    )


def _per_page(a: Around) -> Part:
    links = " ".join(f'<a href="{a.ask(a.query, f"&perpage={n}")}">{n}</a>' for n in (20, 50, 100))
    return f'<p class="perpage">Results per page: <b>10</b> {links}</p>', "", ""


def _popular(a: Around) -> Part:
    rows = "".join(f"<li>{a.link(d)}</li>" for d in a.others[-5:])
    return "", "", f'<div class="popular"><h3>Popular pages</h3><ol>{rows}</ol></div>'


def _popular_searches(a: Around) -> Part:
    rows = "".join(
        f'<a href="{a.ask(t)}">{t}</a> '
        for t in ("council tax", "jobs", "bins", "planning", "parking", "school holidays")
    )
    return "", f'<div class="cloud">Popular searches: {rows}</div>', ""


def _tabs(a: Around) -> Part:
    n = len(a.hits)
    names = (("All", n), ("Pages", n - n // 3), ("News", n // 3), ("Documents", 0))
    rows = "".join(
        f'<li><a href="{a.ask(a.query, f"&tab={i}")}">{name} ({count})</a></li>'
        for i, (name, count) in enumerate(names)
    )
    return f'<ul class="tabs">{rows}</ul>', "", ""


def _news_box(a: Around) -> Part:
    """A second list that changes with every page and has nothing to do with the query."""
    shown = a.others[a.page * 2 : a.page * 2 + 3]
    rows = "".join(f'<div class="views-row"><h3>{a.link(d)}</h3><p>{escape(d.sentences[0])}</p></div>' for d in shown)
    return "", "", f'<div class="view-news"><h2>In the news</h2>{rows}</div>'


def _calendar(a: Around) -> Part:
    month = 1 + a.variant % 12
    days = "".join(f'<td><a href="/events/calendar?day=2025-{month:02d}-{d:02d}">{d}</a></td>' for d in (3, 9, 14, 22))
    return (
        "",
        "",
        (
            f'<table class="calendar"><caption><a href="/events/calendar?month=2025-{month:02d}&amp;step=-1" rel="prev">&laquo;</a> Events '
            f'<a class="next" rel="next" href="/events/calendar?month=2025-{month:02d}&amp;step=1" title="Next month">Next</a></caption><tr>{days}</tr></table>'
        ),
    )


def _tips(a: Around) -> Part:
    return (
        "",
        (
            "<div class='tips'><h3>Search tips</h3><ul><li>If there are no results, check your spelling.</li><li>No results found? Try a more "
            "general word, or look at our <a href='/search-help'>search help page</a>.</li></ul></div>"
        ),
        "",
    )


def _template(a: Around) -> Part:
    return (
        (
            '<template id="hit"><li class="search-result"><h3><a href="/template-page">Template title</a></h3><p>No results found</p></li></template>'
            '<script type="text/x-handlebars"><li class="search-result"><a href="{{url}}">{{title}}</a> 99 results</li></script>'
            '<p style="display:none" class="empty">Sorry, no results were found.</p>'
        ),
        "",
        "",
    )


def _query_form(a: Around) -> Part:
    return (
        (
            f'<form action="{a.path}" method="get" class="again"><label>Search again <input type="text" name="{a.field}" '
            f'value="{escape(a.query, quote=True)}"></label><input type="submit" value="Search again"></form>'
        ),
        "",
        "",
    )


def _alphabet(a: Around) -> Part:
    rows = " ".join(f'<a href="/a-z/{c}">{c.upper()}</a>' for c in "abcdefgh")
    return "", f'<p class="alphabet">A to Z of services: {rows}</p>', ""


def _feeds(a: Around) -> Part:
    return (
        f'<p class="tools"><a href="{a.ask(a.query, "&feed=rss")}">RSS</a> <a href="/print">Print</a> <a href="/share">Share</a></p>',
        "",
        "",
    )


def _recent(a: Around) -> Part:
    return (
        "",
        "",
        f'<div class="recent"><h3>Your recent searches</h3><ul><li><a href="{a.ask(a.query)}">{escape(a.query)}</a></li></ul></div>',
    )


def _contact(a: Around) -> Part:
    return (
        (
            f"<p>Can't find {escape(a.query)}? Call 01632 960 {200 + a.variant % 700}, or come to 45 High Street. 1 of 3 people find it faster by phone."
            "</p>"
        ),
        "",
        "",
    )


EXTRAS: dict[str, Callable[[Around], Part]] = {
    "facets": _facets,
    "facet-form": _facet_form,
    "promoted": _promoted,
    "did-you-mean": _did_you_mean,
    "related": _related,
    "sidebar-results": _sidebar,
    "sort": _sort,
    "per-page": _per_page,
    "popular": _popular,
    "popular-searches": _popular_searches,
    "tabs": _tabs,
    "news-box": _news_box,
    "calendar": _calendar,
    "tips": _tips,
    "template": _template,
    "query-form": _query_form,
    "alphabet": _alphabet,
    "feeds": _feeds,
    "recent": _recent,
    "contact": _contact,
}
