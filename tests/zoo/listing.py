# ruff: noqa: E501 (markup is easier to read unbroken)
"""The markup of a list of hits, in many hands: each kind turns items into the HTML of the list."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Item:
    """One hit as a results page shows it."""

    rank: int
    href: str  # as written in the page: relative, absolute or wrapped
    url: str  # where it leads in the end
    title: str  # HTML
    snippet: str  # HTML, may be empty
    date: tuple[int, int, int]
    kind: str
    section: str
    size: int = 0

    @property
    def h(self) -> str:
        return escape(self.href, quote=True)

    @property
    def iso(self) -> str:
        return "{:04d}-{:02d}-{:02d}".format(*self.date)

    @property
    def british(self) -> str:
        y, m, d = self.date
        return f"{d:02d}/{m:02d}/{y}"


def _each(
    template: Callable[[Item], str], before: str = "", after: str = "", join: str = "\n"
) -> Callable[[list[Item]], str]:
    def render(items: list[Item]) -> str:
        return before + join.join(template(i) for i in items) + after

    return render


def _p(text: str, tag: str = "p", cls: str = "") -> str:
    attribute = f' class="{cls}"' if cls else ""
    return f"<{tag}{attribute}>{text}</{tag}>" if text else ""


def _grouped(items: list[Item]) -> str:
    """By area, as Jadu's own search does, in the engine's order of areas."""
    areas: dict[str, list[Item]] = {}
    for item in items:
        areas.setdefault(item.section, []).append(item)
    return "".join(
        f"<h2>Results found in {area}</h2>"
        + "".join(
            f'<div class="search_result"><h3><a href="{i.h}">{i.title}</a></h3>{_p(i.snippet)}'
            f'<p class="url">Relevance: {99 - i.rank % 60}%</p></div>'
            for i in found
        )
        for area, found in areas.items()
    )


def _moderngov(i: Item) -> str:
    return (
        f'<p class="mgAiTitleTxt"><a href="{i.h}" title="Link to issue details">{i.title} {i.british}</a></p>'
        f'<div class="mgWordPara">{i.snippet}</div><p><img src="/mgimages/star{i.rank % 3}.gif" alt="Excellent match" /></p><hr />'
    )


def _cmis(items: list[Item]) -> str:
    rows = "".join(
        f'<tr class="CMIS_Grid_{"" if n % 2 else "Alternating"}RowStyle"><td><img src="/i/{i.kind}.png" alt=""></td><td>{i.rank % 7 + 1}</td>'
        f'<td><a href="{i.h}" target="_blank">{i.title}</a></td><td>{i.kind}</td><td>{i.size} KB</td>'
        f"<td>Meeting: {i.section} - {i.british}</td></tr>"
        for n, i in enumerate(items)
    )
    head = '<tr class="CMIS_Grid_HeaderStyle"><th></th><th>Hits</th><th>Document</th><th>Type</th><th>Size</th><th>Meeting/Folder</th></tr>'
    return f'<table class="CMIS_Grid" cellspacing="0" rules="all" border="1">{head}{rows}</table>'


def _two_rows(items: list[Item]) -> str:
    rows = "".join(
        f'<tr><td width="20" valign="top">{i.rank}.</td><td><a href="{i.h}"><b>{i.title}</b></a></td></tr>'
        f'<tr><td>&nbsp;</td><td><font size="2">{i.snippet}</font></td></tr>'
        for i in items
    )
    return f'<table border="0" cellpadding="2">{rows}</table>'


def _nested_tables(items: list[Item]) -> str:
    return "".join(
        '<table width="100%" border="0"><tr><td bgcolor="#EEEEEE"><font face="Arial" size="2">'
        f'<a href="{i.h}">{i.title}</a></font></td></tr><tr><td><font size="1">{i.snippet}<br>'
        f'<font color="green">{escape(i.url)} - {i.size}k - {i.british}</font></font></td></tr></table><br>'
        for i in items
    )


def _numbered_table(items: list[Item]) -> str:
    rows = "".join(
        f'<tr class="{"odd" if n % 2 else "even"}"><td>{i.british}</td><td><a href="{i.h}">{i.title}</a></td><td>{i.section}</td></tr>'
        for n, i in enumerate(items)
    )
    return f"<table class='results sortable'><thead><tr><th>Date</th><th>Title</th><th>Section</th></tr></thead><tbody>{rows}</tbody></table>"


def _start_ol(items: list[Item]) -> str:
    first = items[0].rank if items else 1
    return (
        f'<ol start="{first}">'
        + "".join(f'<li><p><a href="{i.h}">{i.title}</a></p><p>{i.snippet}</p></li>' for i in items)
        + "</ol>"
    )


KINDS: dict[str, Callable[[list[Item]], str]] = {
    "ol-h3": _each(
        lambda i: (
            f'<li><article class="search-result"><h3 class="search-result__title"><a href="{i.h}" rel="bookmark">{i.title}</a></h3>'
            f'<div class="search-result__content">{i.snippet}</div></article></li>'
        ),
        '<ol class="search-results">',
        "</ol>",
    ),
    "ul-plain": _each(lambda i: f'<li><h4><a href="{i.h}">{i.title}</a></h4>{i.snippet}</li>', "<ul>", "</ul>"),
    "dl": _each(
        lambda i: (
            f'<dt><a href="{i.h}" class="{i.kind}">{i.title}</a></dt><dd><p class="url">{escape(i.url)}</p>{_p(i.snippet)}</dd>'
        ),
        "<dl>",
        "</dl>",
    ),
    "dl-htdig": _each(
        lambda i: (
            f'<dl><dt><strong><a href="{i.h}">{i.title}</a></strong> <img src="/htdig/star.gif" alt="*"></dt><dd>{i.snippet}<br>'
            f'<em><a href="{i.h}">{escape(i.url)}</a></em> <font size="-1">{i.british}, {i.size * 1024} bytes</font></dd></dl>'
        ),
    ),
    "rows": _numbered_table,
    "two-rows": _two_rows,
    "nested-tables": _nested_tables,
    "cmis": _cmis,
    "moderngov": _each(_moderngov, '<div class="mgContent"><hr />', "</div>"),
    "divs": _each(
        lambda i: (
            f'<div class="search-result search-result--{i.kind}"><p class="search-result__type">{i.kind}</p>'
            f'<a class="search-result__link" href="{i.h}">{i.title}</a>{_p(i.snippet, cls="search-result__description")}</div>'
        ),
        '<div class="search-results">',
        "</div>",
    ),
    "card-links": _each(
        lambda i: (
            f'<a class="css-c4l" href="{i.h}"><div class="css-c4d"><div class="css-c4t">{i.title}</div>'
            f'<div class="css-c4s">{i.snippet}</div><span class="css-d8">{i.iso}</span></div></a>'
        ),
        '<div class="css-grid">',
        "</div>",
    ),
    "loose-br": _each(
        lambda i: (
            f'<B>{i.rank}.</B> <A HREF="{i.h}"><FONT COLOR="#003366"><B>{i.title}</B></FONT></A><BR>{i.snippet}<BR>'
            f"<I>{escape(i.url)}</I><BR><BR>"
        ),
    ),
    "loose-p": _each(lambda i: f'<p><a href="{i.h}">{i.title}</a> - {i.snippet or i.british}'),
    "flat-headings": _each(lambda i: f'<h3><a href="{i.h}">{i.title}</a></h3>\n{_p(i.snippet or i.british)}'),
    "slots": _each(
        lambda i: (
            f'<tt-result><a slot="link" href="{i.h}">{i.title}</a><p slot="text">{i.snippet}</p><time slot="date">{i.iso}</time></tt-result>'
        ),
        '<tt-results label="Results">',
        "</tt-results>",
    ),
    "cards": _each(
        lambda i: (
            f'<div class="card mb-3"><div class="row no-gutters"><div class="col-md-3"><a href="{i.h}"><img src="/thumbs/{i.rank}.jpg" class="card-img" '
            f'alt=""></a></div><div class="col-md-9"><div class="card-body"><h5 class="card-title"><a href="{i.h}">{i.title}</a></h5>'
            f'<p class="card-text">{i.snippet}</p><a href="{i.h}" class="btn btn-link">Read more</a></div></div></div></div>'
        ),
    ),
    "sectioned": _each(
        lambda i: (
            f'<li class="result"><a class="result__title" href="{i.h}">{i.title}</a><p>{i.snippet}</p><p class="result__in">In: '
            f'<a href="/section/{i.section.lower().replace(" ", "-")}">{i.section}</a></p></li>'
        ),
        '<ul class="results">',
        "</ul>",
    ),
    "view-link": _each(
        lambda i: (
            f'<div class="row"><span class="t">{i.title}</span><br>{i.snippet} <a href="{i.h}" title="{escape(_bare(i.title))}">View page</a></div>'
        ),
        '<div id="rs">',
        "</div>",
    ),
    "grouped": _grouped,
    "wordpress": _each(
        lambda i: (
            f'<article id="post-{i.rank + 300}" class="post-{i.rank + 300} {i.kind} type-{i.kind} hentry"><header class="entry-header">'
            f'<h2 class="entry-title"><a href="{i.h}" rel="bookmark">{i.title}</a></h2><div class="entry-meta">Posted on '
            f'<a href="{i.h}" rel="bookmark"><time class="entry-date" datetime="{i.iso}">{i.british}</time></a></div></header>'
            f'<div class="entry-summary">{_p(i.snippet)}</div></article>'
        ),
    ),
    "govuk": _each(
        lambda i: (
            f'<li class="gem-c-document-list__item"><div class="gem-c-document-list__item-title"><a class="govuk-link" href="{i.h}">{i.title}</a></div>'
            f'{_p(i.snippet, cls="govuk-body-s")}<ul class="gem-c-document-list__item-metadata"><li>Updated: <time datetime="{i.iso}">'
            f"{i.british}</time></li><li>Part of: {i.section}</li></ul></li>"
        ),
        '<ul class="gem-c-document-list">',
        "</ul>",
    ),
    "details": _each(
        lambda i: (
            f'<details><summary>{i.title}</summary>{_p(i.snippet)}<p><a href="{i.h}">Open {i.title}</a></p></details>'
        ),
    ),
    "start-ol": _start_ol,
    "utility": _each(
        lambda i: (
            f'<div class="py-4 border-b"><a class="block text-lg text-blue-700 underline" href="{i.h}">{i.title}</a>'
            f'<div class="text-sm text-gray-600">{i.snippet}</div><div class="text-xs">{i.section} &middot; {i.british}</div></div>'
        ),
        '<div class="divide-y">',
        "</div>",
    ),
    "asp-repeater": _each(
        lambda i: (
            f'<span id="ctl00_cphMain_rptResults_ctl{i.rank:02d}_lblNumber">{i.rank}</span>: <a id="ctl00_cphMain_rptResults_ctl{i.rank:02d}_hypTitle" '
            f'href="{i.h}">{i.title}</a><br /><span id="ctl00_cphMain_rptResults_ctl{i.rank:02d}_lblSummary">{i.snippet}</span><br /><br />'
        ),
        '<div id="ctl00_cphMain_pnlResults">',
        "</div>",
    ),
    "titles-only": _each(lambda i: f'<li><a href="{i.h}">{i.title}</a></li>', "<ul>", "</ul>"),
    "onclick-row": _each(
        lambda i: (
            f'<div class="hit" onclick="location.href=\'{i.h}\'"><div class="hit-head"><a href="{i.h}">{i.title}</a> <small>({i.kind}, {i.size} KB)</small>'
            f'</div><div class="hit-body">{i.snippet}</div><div class="hit-tools"><a href="/email-page?u={i.rank}">E-mail this page</a> '
            f'<a href="/print-page?u={i.rank}">Print</a></div></div>'
        ),
    ),
    "unclosed": _each(lambda i: f"<li><a href='{i.h}'>{i.title}</a><br>{i.snippet}", "<ul>", "</ul>"),
    "description-table": _each(
        lambda i: (
            f'<tr><th align="left">Title:</th><td><a href="{i.h}">{i.title}</a></td></tr><tr><th align="left">Summary:</th><td>{i.snippet}</td></tr>'
            f'<tr><th align="left">Date:</th><td>{i.british}</td></tr><tr><td colspan="2"><hr></td></tr>'
        ),
        "<table>",
        "</table>",
    ),
}


def _bare(markup: str) -> str:
    return re.sub(r"<[^>]+>", "", markup)
