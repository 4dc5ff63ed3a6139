# ruff: noqa: E501 (markup is easier to read unbroken)
"""Markup of lists of hits, second set: as search pages of many more products write it. `KINDS` holds both sets."""

from collections.abc import Callable
from html import escape

from tests.zoo import listing
from tests.zoo.listing import Item


def _every(template: Callable[[Item], str], before: str = "", after: str = "") -> Callable[[list[Item]], str]:
    return lambda items: before + "\n".join(template(i) for i in items) + after


def _place(section: str) -> str:
    return "/section/" + section.lower().replace(" ", "-")


def _score(i: Item) -> int:
    return max(99 - 3 * i.rank, 4)


def _crumbs(i: Item) -> str:
    return (
        f'<ul class="crumb"><li><a href="/section/">All sections</a></li><li><a href="{_place(i.section)}">{i.section}</a></li>'
        f"<li>{i.title}</li></ul>"
    )


def _alternating(items: list[Item]) -> str:
    return "".join(
        f'<div style="background-color:{"#f4f4f4" if n % 2 else "#ffffff"};padding:6px"><strong>{i.rank}. <a href="{i.h}">{i.title}</a></strong>'
        f'<div style="font-size:90%">{i.snippet}</div><div style="color:#666">{i.section}, {i.size}kb</div></div>'
        for n, i in enumerate(items)
    )


def _by_section(items: list[Item]) -> str:
    """Headings with their own counts between the hits of one list; a heading links to its section."""
    areas: dict[str, list[Item]] = {}
    for item in items:
        areas.setdefault(item.section, []).append(item)
    return "".join(
        f'<h3 class="cat"><a href="{_place(area)}">{area}</a> ({len(found)})</h3><ul class="cat-list">'
        + "".join(f'<li><a href="{i.h}">{i.title}</a> {i.snippet}</li>' for i in found)
        + "</ul>"
        for area, found in areas.items()
    )


def _two_columns(items: list[Item]) -> str:
    """Two hits to a row of a layout table, read across."""
    cells = [
        f'<td width="50%" valign="top"><p><a href="{i.h}">{i.title}</a></p><p class="small">{i.snippet}</p></td>'
        for i in items
    ]
    rows = "".join("<tr>" + "".join(cells[n : n + 2]) + "</tr>" for n in range(0, len(cells), 2))
    return f'<table class="two-up" width="100%">{rows}</table>'


def _typo3(items: list[Item]) -> str:
    return (
        '<div class="tx-indexedsearch-res">'
        + "".join(
            f'<table class="tx-indexedsearch-res result"><tr><td class="tx-indexedsearch-icon"><img src="/ext/is/pages.gif" alt=""></td>'
            f'<td class="tx-indexedsearch-title-number">{i.rank}.&nbsp;</td><td class="tx-indexedsearch-title"><a href="{i.h}">{i.title}</a></td>'
            f'<td class="tx-indexedsearch-percent">{_score(i)}%</td></tr><tr><td></td><td colspan="3" class="tx-indexedsearch-descr">{i.snippet}</td></tr>'
            f'<tr><td></td><td colspan="3" class="tx-indexedsearch-info">Size: {i.size} K - Created: {i.british} - Path: <a href="{i.h}">/{i.section}/</a></td></tr></table>'
            for i in items
        )
        + "</div>"
    )


CATALOGUE: dict[str, Callable[[list[Item]], str]] = {
    "dl-score": _every(
        lambda i: (
            f'<dt><a href="{i.h}">{i.title}</a></dt><dd class="score"><span class="bar"><img src="/images/bar.gif" width="{_score(i)}" height="8" '
            f'alt="{_score(i)}%"></span> {_score(i)}% relevant</dd><dd class="text">{i.snippet}</dd>'
        ),
        '<dl class="scored">',
        "</dl>",
    ),
    "rank-table": _every(
        lambda i: (
            f'<tr><td align="right">{i.rank}</td><td>{_score(i)}%</td><td><a href="{i.h}">{i.title}</a><br>{i.snippet}</td>'
            f"<td nowrap>{i.british}</td><td nowrap>{i.size} KB</td></tr>"
        ),
        '<table border="1" cellpadding="3"><tr><th>No.</th><th>Score</th><th>Document</th><th>Date</th><th>Size</th></tr>',
        "</table>",
    ),
    "crumbs": _every(
        lambda i: f'<li class="res"><a class="res-t" href="{i.h}">{i.title}</a>{_crumbs(i)}<p>{i.snippet}</p></li>',
        '<ul class="res-list">',
        "</ul>",
    ),
    "thumbs": _every(
        lambda i: (
            f'<article class="teaser teaser--{i.kind}"><figure class="teaser__media"><a href="{i.h}" tabindex="-1" aria-hidden="true"><img loading="lazy" '
            f'src="/imager/{i.rank}.webp" alt=""></a></figure><div class="teaser__body"><time datetime="{i.iso}">{i.british}</time><h2 class="teaser__title">'
            f'{i.title}</h2><p>{i.snippet}</p><p><a class="teaser__more" href="{i.h}">Read more<span class="sr-only"> about {i.title}</span></a></p></div></article>'
        ),
    ),
    "alternating": _alternating,
    "big-links": _every(
        lambda i: (
            f'<li class="tile"><a href="{i.h}" class="tile__link"><h3>{i.title}</h3><p>{i.snippet}</p><small>{i.section}</small></a></li>'
        ),
        '<ul class="tiles" role="list">',
        "</ul>",
    ),
    "section-first": _every(
        lambda i: (
            f'<div class="entry"><a class="entry-section" href="{_place(i.section)}">{i.section}</a> <span class="sep">&raquo;</span> '
            f'<a class="entry-link" href="{i.h}">{i.title}</a><blockquote>{i.snippet}</blockquote></div>'
        ),
        '<div class="entries">',
        "</div>",
    ),
    "three-links": _every(
        lambda i: (
            f'<p class="g"><span class="l"><a href="{i.h}">{i.title}</a></span><br><span class="s">{i.snippet}</span><br>'
            f'<a class="u" href="{i.h}">{escape(i.url)}</a> - {i.size}k - <a class="c" href="/cache?doc={i.rank * 31}">Cached</a> - '
            f'<a class="c" href="/similar?doc={i.rank * 31}">More like this</a></p>'
        ),
    ),
    "linked-snippets": _every(
        lambda i: (
            f'<div class="r"><h4><a href="{i.h}">{i.title}</a></h4><p>{i.snippet} See also <a href="{_place(i.section)}">the pages on {i.section.lower()}</a> '
            f'or write to <a href="mailto:web@council.example">the web team</a>.</p></div>'
        ),
        '<div class="rs">',
        "</div>",
    ),
    "srch-title3": _every(
        lambda i: (
            f'<div class="srch-Icon"><img src="/_layouts/images/html16.gif" alt="" border="0"></div><div class="srch-Title3"><a id="CSR_{i.rank}" href="{i.h}" '
            f'title="{escape(i.url)}">{i.title}</a></div><div class="srch-Description2">{i.snippet}</div><div class="srch-Metadata2"><span class="srch-URL2">'
            f'<a href="{i.h}" id="CSR_U_{i.rank}" title="{escape(i.url)}" dir="ltr">{escape(i.url)}</a></span> - {i.british}</div>'
        ),
        '<div class="srch-results"><span id="SRP"></span>',
        "</div>",
    ),
    "ms-srch-item": _every(
        lambda i: (
            f'<div name="Item" class="ms-srch-item" id="ctl00_{i.rank}"><div class="ms-srch-item-body"><div class="ms-srch-item-title"><h3 class="ms-srch-ellipsis">'
            f'<a class="ms-srch-item-link" title="{escape(i.section)}" href="{i.h}">{i.title}</a></h3></div><div class="ms-srch-item-summary">{i.snippet}</div>'
            f'</div><div class="ms-srch-item-path ms-srch-ellipsis">{escape(i.url)}</div></div>'
        ),
        '<div class="ms-srch-result" id="Result"><div id="Groups" class="ms-srch-result-groups"><div class="ms-srch-group-content">',
        "</div></div></div>",
    ),
    "goss-grid": _every(
        lambda i: (
            f'<div class="grid__cell grid__cell--cols1 grid__cell--listitem"><div class="item item--article"><a class="item__link" href="{i.h}"><h2 class="item__title">'
            f'{i.title}</h2></a><p class="item__summary">{i.snippet}</p><p class="item__info">Last modified on {i.british}</p></div></div>'
        ),
        '<div class="grid grid--list grid--searchgrid">',
        "</div>",
    ),
    "joomla": _every(
        lambda i: (
            f'<dt class="result-title">{i.rank}. <a href="{i.h}">{i.title}</a></dt><dd class="result-category"><span class="small">({i.section})</span></dd>'
            f'<dd class="result-text">{i.snippet}</dd><dd class="result-created">Created on {i.british}</dd>'
        ),
        '<dl class="search-results">',
        "</dl>",
    ),
    "typo3": _typo3,
    "jadu-listing": _every(
        lambda i: (
            f'<li class="list__item"><article class="listing"><a class="listing__link" href="{i.h}"><h2 class="listing__heading">{i.title}</h2></a>'
            f'<p class="listing__summary">{i.snippet}</p><ul class="list list--inline"><li class="listing__meta">{i.section}</li><li class="listing__meta">'
            f"{i.british}</li></ul></article></li>"
        ),
        '<ul class="list list--listing">',
        "</ul>",
    ),
    "summary-list": _every(
        lambda i: (
            f'<div class="summary-card"><div class="summary-card__title-wrapper"><h2 class="summary-card__title">{i.title}</h2><ul class="summary-card__actions"><li>'
            f'<a class="govuk-link" href="{i.h}">View<span class="govuk-visually-hidden"> {i.title}</span></a></li></ul></div><dl class="govuk-summary-list">'
            f'<div class="govuk-summary-list__row"><dt>Summary</dt><dd>{i.snippet}</dd></div><div class="govuk-summary-list__row"><dt>Updated</dt><dd>{i.british}'
            "</dd></div></dl></div>"
        ),
    ),
    "by-section": _by_section,
    "two-columns": _two_columns,
    "inline-run": _every(
        lambda i: f'<b>{i.rank}</b> <a href="{i.h}">{i.title}</a>;', '<p class="run">Pages that match: ', "</p>"
    ),
    "pre": _every(lambda i: f'{i.rank:>4}  <A HREF="{i.h}">{i.title}</A>\n      {i.british}', "<PRE>\n", "\n</PRE>"),
    "kentico": _every(
        lambda i: (
            f'<div class="search-result-item" style="margin-bottom: 30px;"><div style="float: left; border: solid 1px #eeeeee; width: 90px; height:90px;"><img alt="" '
            f'src="/App_Themes/Default/Images/noimage.png"></div><div style="margin-left: 95px"><div><a style="font-weight: bold" href="{i.h}">{i.title}</a></div>'
            f'<div style="margin-top: 5px; min-height: 50px">{i.snippet}</div><div style="margin-top: 5px"><div title="Relevance: {_score(i)}%" '
            f'class="result-relevance"><div style="width: {_score(i) // 2}px;">&nbsp;</div></div> <span style="color: #008000">{escape(i.url)}</span> '
            f"{i.british}</div></div></div>"
        ),
    ),
    "ss-results": _every(
        lambda i: (
            f'<li><h4><a href="{i.h}">{i.title}</a></h4><p>{i.snippet}</p><a class="readMoreLink" href="{i.h}" title="Read more about this page">'
            "Read more about this page...</a></li>"
        ),
        '<ul id="SearchResults">',
        "</ul>",
    ),
    "date-first": _every(
        lambda i: (
            f'<li><span class="when">{i.british}</span> <a class="area" href="{_place(i.section)}">{i.section}</a><h5><a href="{i.h}">{i.title}</a></h5>'
            f"<span>{i.snippet}</span></li>"
        ),
        '<ul class="stream">',
        "</ul>",
    ),
}

KINDS = listing.KINDS | CATALOGUE
