"""Families of paging (how page n is asked for) and styles (what the way to it looks like on the page)."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

LINK_FAMILIES = [
    "page1",
    "page0",
    "offset0",
    "offset1",
    "range",
    "path",
    "path-number",
    "cursor",
    "session",
    "cumulative",
]
FORM_FAMILIES = ["post", "submit", "submit-number", "select", "postback", "postback-next"]


def cursor_token(offset: int) -> str:
    """An opaque-looking token for an offset."""
    return f"{(offset + 7) * 7919:x}eq"


def read_cursor(token: str) -> int:
    """The offset behind a token; 0 for nonsense."""
    try:
        return int(token.removesuffix("eq"), 16) // 7919 - 7
    except ValueError:
        return 0


def place(family: str, param: str, size: int, page: int) -> dict[str, str]:
    """The parameters that ask for `page` (1-based) in a family; none for the first."""
    if page == 1 or family in ("none", "path", "path-number"):
        return {}
    offset = (page - 1) * size
    if family == "range":
        return {"from": str(offset + 1), "to": str(offset + size)}
    value = {
        "page0": str(page - 1),
        "offset0": str(offset),
        "offset1": str(offset + 1),
        "cursor": cursor_token(offset),
        "cumulative": str(page * size),
    }.get(family, str(page))
    return {param: value}


def wanted(family: str, param: str, size: int, given: dict[str, str]) -> int:
    """Which page (1-based) a request's parameters ask for; 1 when they make no sense."""
    text = given.get("from" if family == "range" else param, "")
    if family == "cursor":
        return read_cursor(text) // size + 1 if text else 1
    if not text.strip().isdigit():
        return 1
    n = int(text)
    if family == "page0":
        return n + 1
    if family == "offset0":
        return n // size + 1
    if family in ("offset1", "range"):
        return max(n - 1, 0) // size + 1
    if family == "cumulative":
        return max(n // size, 1)
    return max(n, 1)


@dataclass(frozen=True)
class View:
    """What a pager needs to know to draw itself."""

    current: int
    last: int
    size: int
    total: int
    query: str
    following: int  # page the next link leads to; 0: no next link
    url: Callable[[int], str]
    path: str
    field: str
    param: str
    viewstate: str = ""
    own_form: bool = True  # False where the whole page is one ASP.NET form already

    def a(self, page: int, text: str, attributes: str = "") -> str:
        return f'<a href="{escape(self.url(page), quote=True)}"{" " + attributes if attributes else ""}>{text}</a>'

    @property
    def numbers(self) -> range:
        return range(1, self.last + 1)

    def link_or_span(self, page: int, text: str | None = None) -> str:
        text = text or str(page)
        return f"<strong>{text}</strong>" if page == self.current else self.a(page, text)


def _prev_next(v: View) -> str:
    previous = v.a(v.current - 1, "&lsaquo; Previous", 'class="pg-prev"') if v.current > 1 else ""
    following = v.a(v.following, "Next &rsaquo;", 'class="pg-next"') if v.following else ""
    return f'<div class="pg">{previous} {following}</div>'


def _numbers(v: View) -> str:
    return '<p class="pages">Result page: ' + " ".join(v.link_or_span(n) for n in v.numbers) + "</p>"


def _numbers_next(v: View) -> str:
    following = (
        f'<li class="pager__item pager__item--next">{v.a(v.following, "<span>Next page</span>")}</li>'
        if v.following
        else ""
    )
    items = "".join(f'<li class="pager__item">{v.link_or_span(n)}</li>' for n in v.numbers)
    return f'<nav class="pager" role="navigation" aria-label="Pagination"><ul class="pager__items">{items}{following}</ul></nav>'


def _window(v: View) -> str:
    """Only the neighbours of the current page and the ends are shown."""
    shown = [n for n in v.numbers if n in (1, v.last) or abs(n - v.current) < 2]
    cells = []
    for before, n in zip([0, *shown], shown, strict=False):
        cells.append(("&hellip; " if n - before > 1 else "") + v.link_or_span(n))
    return f'<div class="paginate">{" ".join(cells)}</div>'


def _ten_numbers(v: View) -> str:
    """Numbers in blocks of three; '...' leads on to the next block, as grid views do."""
    first = (v.current - 1) // 3 * 3 + 1
    block = [v.link_or_span(n) for n in range(first, min(first + 2, v.last) + 1)]
    if first > 1:
        block.insert(0, v.a(first - 1, "..."))
    if first + 3 <= v.last:
        block.append(v.a(first + 3, "..."))
    return "<table><tr>" + "".join(f"<td>{cell}</td>" for cell in block) + "</tr></table>"


def _arrows(v: View, alts: tuple[str, str, str, str]) -> str:
    def image(name: str, alt: str) -> str:
        return f'<img src="/images/{name}.gif" width="16" height="16" border="0" alt="{alt}">'

    cells = []
    if v.current > 1:
        cells += [v.a(1, image("arrow_first", alts[0])), v.a(v.current - 1, image("arrow_left", alts[1]))]
    if v.following:
        cells += [v.a(v.following, image("arrow_right", alts[2])), v.a(v.last, image("arrow_last", alts[3]))]
    return "&nbsp;".join(cells)


def _chevrons(v: View) -> str:
    back = v.a(v.current - 1, "&laquo;") if v.current > 1 else "<span>&laquo;</span>"
    on = v.a(v.following, "&raquo;") if v.following else "<span>&raquo;</span>"
    return f'<ul class="pagination"><li>{back}</li>{"".join(f"<li>{v.link_or_span(n)}</li>" for n in v.numbers)}<li>{on}</li></ul>'


def _disabled(v: View) -> str:
    on = (
        v.a(v.following, "Next", 'class="page-link" rel="next"')
        if v.following
        else '<a class="page-link disabled" aria-disabled="true" href="#">Next</a>'
    )
    back = (
        v.a(v.current - 1, "Previous", 'class="page-link"')
        if v.current > 1
        else '<a class="page-link disabled" href="#">Previous</a>'
    )
    return f'<nav><ul class="pagination"><li class="page-item">{back}</li><li class="page-item">{on}</li></ul></nav>'


def _icon(v: View) -> str:
    svg = '<svg viewBox="0 0 10 10"><path d="M1 1l4 4-4 4"/></svg>'
    back = v.a(v.current - 1, svg, 'aria-label="Previous page" class="icon"') if v.current > 1 else ""
    on = v.a(v.following, svg, 'aria-label="Next page" class="icon"') if v.following else ""
    return f'<div class="flex justify-between">{back}<span>{v.current} / {v.last}</span>{on}</div>'


def _titled(v: View) -> str:
    on = (
        v.a(v.following, '<img src="/mgimages/fwd.gif" alt="">', 'title="Next page of search results"')
        if v.following
        else ""
    )
    back = (
        v.a(v.current - 1, '<img src="/mgimages/back.gif" alt="">', 'title="Previous page of search results"')
        if v.current > 1
        else ""
    )
    return f'<p class="mgPaging">{back} {on}</p>'


def _ranges(v: View) -> str:
    """Links that name the ranks: 1-10 | 11-20 | 21-27."""
    cells = []
    for n in v.numbers:
        cells.append(v.link_or_span(n, f"{(n - 1) * v.size + 1}-{min(n * v.size, v.total)}"))
    return "<p>Jump to: " + " | ".join(cells) + "</p>"


def _visually(v: View) -> str:
    on = (
        f'<li class="next">{v.a(v.following, f"Next<span class=visually-hidden> page ({v.following} of {v.last})</span>")}</li>'
        if v.following
        else ""
    )
    return f'<ul class="pagination">{on}</ul>'


def _first_last(v: View) -> str:
    cells = []
    if v.current > 1:
        cells += [v.a(1, "First page"), v.a(v.current - 1, "Back a page")]
    if v.following:
        cells += [v.a(v.last, "Last page"), v.a(v.following, "Forward a page")]
    return f'<p class="steps">{" - ".join(cells)}</p>'


def _text(words: str, attributes: str = "") -> Callable[[View], str]:
    return lambda v: v.a(v.following, words.format(size=v.size, next=v.following), attributes) if v.following else ""


STYLES: dict[str, Callable[[View], str]] = {
    "prev-next": _prev_next,
    "numbers": _numbers,
    "numbers-next": _numbers_next,
    "window": _window,
    "blocks": _ten_numbers,
    "arrows": lambda v: _arrows(v, ("First page", "Previous page", "Next page", "Last page")),
    "arrows-noalt": lambda v: _arrows(v, ("", "", "", "")),
    "chevrons": _chevrons,
    "disabled": _disabled,
    "icon": _icon,
    "titled": _titled,
    "ranges": _ranges,
    "hidden-text": _visually,
    "first-last": _first_last,
    "next-text": _text("Next"),
    "more": _text("Load more results", 'class="load-more" data-behaviour="load-more"'),
    "show-more": _text("Show more", 'class="btn" role="button"'),
    "next-n": _text("Next {size} results &gt;&gt;"),
    "further": _text("Further results"),
    "gt": _text("&gt;"),
    "continue": _text("Continue to page {next}"),
    "welsh": lambda v: (
        (v.a(v.current - 1, "Blaenorol") if v.current > 1 else "")
        + " "
        + (v.a(v.following, "Nesaf") if v.following else "")
    ),
    "page-of": lambda v: f"Page {v.current} of {v.last} " + (v.a(v.following, "&gt;&gt;") if v.following else ""),
    "head-link": lambda v: f'<p class="pos">Page {v.current} of {v.last}</p>',
}


def draw(family: str, style: str, v: View) -> str:
    """The pager of a results page (HTML); empty where one page holds everything."""
    if family == "none" or (v.last <= 1 and not v.following):
        return ""
    if family in LINK_FAMILIES:
        return STYLES[style](v)
    return _form(family, v)


def _form(family: str, v: View) -> str:
    q = f'<input type="hidden" name="{escape(v.field)}" value="{escape(v.query, quote=True)}">'
    if family == "submit" and v.following:
        return (
            f'<form method="get" action="{v.path}">{q}<input type="hidden" name="{v.param}" value="{v.current}">'
            f'<input type="submit" name="move" value="Next {v.size}"></form>'
        )
    if family == "submit-number":
        buttons = "".join(
            f'<button type="submit" name="{v.param}" value="{n}"{" disabled" if n == v.current else ""}>{n}</button>'
            for n in v.numbers
        )
        return f'<form method="get" action="{v.path}" class="pager-form">{q}{buttons}</form>'
    if family == "select":
        options = "".join(
            f'<option value="{n}"{" selected" if n == v.current else ""}>Page {n} of {v.last}</option>'
            for n in v.numbers
        )
        return f'<form method="get" action="{v.path}">{q}<select name="{v.param}">{options}</select><input type="submit" value="Go"></form>'
    if family == "post" and v.following:
        return (
            f'<form method="post" action="{v.path}">{q}<input type="hidden" name="{v.param}" value="{v.following}">'
            f'<input type="submit" value="Next page"></form>'
        )
    if family.startswith("postback"):
        return _postback(family, v)
    return ""


def _postback(family: str, v: View) -> str:
    if family == "postback":
        cells = "".join(
            f"<td>{n}</td>"
            if n == v.current
            else f'<td><a href="javascript:__doPostBack(&#39;ctl00$cphMain$grdDocuments&#39;,&#39;Page${n}&#39;)">{n}</a></td>'
            for n in v.numbers
        )
        inner = f'<table class="CMIS_Grid_PagerStyle"><tr>{cells}</tr></table>'
    else:
        inner = (
            '<input type="submit" name="ctl00$cphMain$btnNext" value="Next &gt;" id="cphMain_btnNext">'
            if v.following
            else ""
        )
    if not v.own_form:
        return inner
    return (
        f'<form method="post" action="{v.path}" id="grid">'
        '<input type="hidden" name="__EVENTTARGET" value=""><input type="hidden" name="__EVENTARGUMENT" value="">'
        f'<input type="hidden" name="__VIEWSTATE" value="{quote(v.viewstate)}">'
        f'<input type="hidden" name="__EVENTVALIDATION" value="/wEWAgL{v.viewstate}">{inner}</form>'
    )
