# ruff: noqa: E501 (markup is easier to read unbroken)
"""More of what stands around the hits and is not one; the second set. `EXTRAS` holds both sets."""

from collections.abc import Callable
from html import escape

from tests.zoo import extras
from tests.zoo.extras import Around, Part


def _people_also(a: Around) -> Part:
    rows = "".join(
        f'<li class="search-result"><h3><a href="{a.ask(t)}">{escape(t)}</a></h3><p>People who searched for {escape(a.query)} also searched for this.</p></li>'
        for t in (f"{a.query} grants", f"{a.query} contact", f"what is {a.query}")
    )
    return "", f'<section class="also"><h2>People also searched for</h2><ul>{rows}</ul></section>', ""


def _facet_cards(a: Around) -> Part:
    """Facets written as a list of headings, links and sentences, above the hits."""
    counts: dict[str, int] = {}
    for doc in a.hits:
        counts[doc.section] = counts.get(doc.section, 0) + 1
    rows = "".join(
        f'<li class="result"><h3><a href="{a.ask(a.query, f"&area={n}")}">{section} ({count})</a></h3><p>Only results from {section}.</p></li>'
        for n, (section, count) in enumerate(counts.items())
    )
    return (f'<ul class="refine">{rows}</ul>' if rows else ""), "", ""


def _az_table(a: Around) -> Part:
    rows = "".join(
        "<tr>"
        + "".join(f'<td><a href="/a-z/{c}" title="Services: {c.upper()}">{c.upper()}</a></td>' for c in row)
        + "</tr>"
        for row in ("abcdefgh", "ijklmnop", "qrstuvwy")
    )
    return f'<table class="azsvc" summary="Services A to Z"><caption>A-Z of services</caption>{rows}</table>', "", ""


def _scope_tabs(a: Around) -> Part:
    n = len(a.hits)
    names = (("All", n), ("News", n // 4), ("Documents", n // 5), ("Events", 0), ("Councillors", 3))
    tabs = "".join(
        f'<li role="presentation" class="nav-item"><a class="nav-link{" active" if not i else ""}" role="tab" href="{a.ask(a.query, f"&type={i}")}">{name} '
        f'<span class="badge">{count}</span></a></li>'
        for i, (name, count) in enumerate(names)
    )
    return f'<ul class="nav nav-tabs" role="tablist">{tabs}</ul>', "", ""


def _council_papers(a: Around) -> Part:
    """A second engine's answer beside the first, with a total of its own: papers on a committee system."""
    if not a.hits:
        return "", "", '<div class="federated"><h3>Council papers</h3><p>No papers found</p></div>'
    rows = "".join(
        f'<li><a href="/papers/{a.variant % 900 + n}">Agenda item {n}: {escape(a.query)}, officer report</a></li>'
        for n in (4, 7, 9)
    )
    return (
        "",
        "",
        f'<div class="federated"><h3>Council papers</h3><p>112 results for {escape(a.query)}</p><ul>{rows}</ul><a href="/papers/all">Next 3 papers</a></div>',
    )


def _suggest_when_empty(a: Around) -> Part:
    if a.hits:
        return "", "", ""
    rows = "".join(
        f'<li class="result"><a href="{a.ask(t)}">{t}</a><p>Try this search</p></li>'
        for t in ("council tax", "parking", "schools")
    )
    return "", f"<h3>Suggestions</h3><ul>{rows}</ul>", ""


def _popular_when_empty(a: Around) -> Part:
    if a.hits:
        return "", "", ""
    rows = "".join(f"<li><h3>{a.link(d)}</h3><p>{escape(d.sentences[0])}</p></li>" for d in a.others[4:9])
    return "", f"<p>Here is what other people read this week.</p><ol>{rows}</ol>", ""


def _az_when_empty(a: Around) -> Part:
    return ("", "", "") if a.hits else _az_table(a)


def _save_search(a: Around) -> Part:
    """A form with the query in it that saves a search; its box is named like the site search's."""
    return (
        "",
        (
            f'<form action="/alerts/new" method="post" class="alert-form"><h3>E-mail me new results</h3><input type="hidden" name="{a.field}" value="{escape(a.query, quote=True)}">'
            '<input type="email" name="mail" placeholder="Your e-mail"><input type="submit" value="Next"></form>'
        ),
        "",
    )


def _helpful(a: Around) -> Part:
    yes, no = a.ask(a.query, "&helpful=yes"), a.ask(a.query, "&helpful=no")
    return "", f'<p class="helpful">Were these results helpful? <a href="{yes}">Yes</a> <a href="{no}">No</a></p>', ""


def _noise(a: Around) -> Part:
    return (
        "",
        "<p class='stats'>Searched 4,213 documents in 0.03 seconds. 1 index, 26 shards. Last full index 12/03/2024 at 02:15. &copy; 2009-2024.</p>",
        "",
    )


def _sponsored(a: Around) -> Part:
    """Paid links in the hits' own kind of words, on another site."""
    if not a.hits:
        return "", "", ""
    rows = "".join(
        f'<div class="hit ad"><h3><a href="http://adverts.example/c?k={escape(a.query)}&amp;slot={n}" rel="sponsored">{escape(a.query.capitalize())} offers near you</a></h3><p>Advertisement</p></div>'
        for n in (1, 2)
    )
    return f'<div class="sponsored"><span>Sponsored</span>{rows}</div>', "", ""


def _answer_box(a: Around) -> Part:
    """A featured answer with a link of its own to a page that does not match."""
    if not a.hits or not a.others:
        return "", "", ""
    doc = a.others[a.variant % len(a.others)]
    return f'<div class="answer"><p>{escape(doc.sentences[0])}</p><cite>From: {a.link(doc)}</cite></div>', "", ""


def _step_list(a: Around) -> Part:
    """A pager-like thing that is none: steps of the page's own tour."""
    return (
        "",
        (
            '<div class="carousel" aria-label="Campaigns"><a href="/campaigns/1">1</a> <a href="/campaigns/2">2</a> <a href="/campaigns/3">3</a> '
            '<a class="carousel-control-next" role="button" href="#campaigns" data-slide="next">Next</a></div>'
        ),
        "",
    )


def _select_sort(a: Around) -> Part:
    return (
        (
            f'<form action="{a.path}" method="get" class="sorter"><input type="hidden" name="{a.field}" value="{escape(a.query, quote=True)}"><label>Sort by '
            '<select name="order"><option value="rel" selected>Relevance</option><option value="new">Newest</option></select></label><input type="submit" value="Go"></form>'
        ),
        "",
        "",
    )


def _history(a: Around) -> Part:
    """A list of news by month with Older and Newer links: a pager of something else."""
    return "", "", (
        '<div class="archive"><h3>News archive</h3><ul><li><a href="/section/news/2024-05">May 2024 (14)</a></li><li><a href="/section/news/2024-04">April 2024 (9)</a>'
        '</li></ul><a href="/section/news?page=2" class="next page-numbers">Older posts</a></div>'
    )  # fmt: skip


BOXES: dict[str, Callable[[Around], Part]] = {
    "people-also": _people_also,
    "facet-cards": _facet_cards,
    "az-table": _az_table,
    "scope-tabs": _scope_tabs,
    "council-papers": _council_papers,
    "suggest-when-empty": _suggest_when_empty,
    "popular-when-empty": _popular_when_empty,
    "az-when-empty": _az_when_empty,
    "save-search": _save_search,
    "helpful": _helpful,
    "noise": _noise,
    "sponsored": _sponsored,
    "answer-box": _answer_box,
    "step-list": _step_list,
    "select-sort": _select_sort,
    "history": _history,
}

EXTRAS = extras.EXTRAS | BOXES
