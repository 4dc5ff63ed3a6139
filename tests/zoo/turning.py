# ruff: noqa: E501 (markup is easier to read unbroken)
"""More families of paging, second set: state in tokens, in the path, in letters, counted backwards, or behind buttons.

`LINKS` families say how page n is written into an address and read out of it; `BUTTONS` families draw a form.
"""

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from tests.zoo import paging
from tests.zoo.paging import View


@dataclass(frozen=True)
class Asked:
    """What an address is made of."""

    path: str
    fields: dict[str, str]  # the query and what travels with it
    query: str
    param: str
    size: int
    page: int
    last: int
    letters: str = ""  # first letters of the pages, where pages are letters

    def with_fields(self, path: str, fields: dict[str, str], charset: str) -> str:
        return f"{path}?{urlencode(fields, encoding=charset)}" if fields else path


def search_number(query: str) -> str:
    """The number under which an engine files a search."""
    return str(zlib.crc32(query.encode()) % 90000 + 10000)


def state_token(query: str, page: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"q": query, "p": page}).encode()).decode().rstrip("=")


def read_state(token: str) -> tuple[str, int]:
    """Query and page of a state token; ('', 1) for nonsense."""
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return str(state["q"]), int(state["p"])
    except (ValueError, KeyError, TypeError):
        return "", 1


def _first_apart(write: Callable[[Asked], tuple[str, dict[str, str]]]) -> Callable[[Asked], tuple[str, dict[str, str]]]:
    """The first page has the plain address; only later ones carry the family's mark."""
    return lambda a: write(a) if a.page > 1 else (a.path, a.fields)


def _suffixed(a: Asked) -> tuple[str, dict[str, str]]:
    stem, dot, ending = a.path.rpartition(".")
    return (f"{stem}_{a.page}{dot}{ending}" if dot else f"{a.path}_{a.page}"), a.fields


LINKS: dict[str, Callable[[Asked], tuple[str, dict[str, str]]]] = {
    # start and number travel together
    "start-num": _first_apart(
        lambda a: (a.path, a.fields | {a.param: str((a.page - 1) * a.size + 1), "num": str(a.size)})
    ),
    # a, b, c instead of 1, 2, 3
    "alpha": _first_apart(lambda a: (a.path, a.fields | {a.param: chr(96 + a.page)})),
    # where we are and which way to go
    "relative": _first_apart(lambda a: (a.path, a.fields | {a.param: str((a.page - 2) * a.size + 1), "go": "next"})),
    # pages are counted down: the first is the highest
    "reverse": _first_apart(lambda a: (a.path, a.fields | {a.param: str(a.last - a.page + 1)})),
    # everything in one opaque token, no query
    "state": _first_apart(lambda a: (a.path, {a.param: state_token(a.query, a.page)})),
    # the engine files the search under a number
    "search-number": _first_apart(lambda a: (a.path, {"searchid": search_number(a.query), a.param: str(a.page)})),
    # /search;page=2?q=
    "matrix": _first_apart(lambda a: (f"{a.path};{a.param}={a.page}", a.fields)),
    # /search_2.html?q=
    "path-suffix": _first_apart(_suffixed),
    # hits by the first letter of their titles
    "letters": _first_apart(lambda a: (a.path, a.fields | {a.param: a.letters[a.page - 1]})),
    # the best ten, then all of them at once
    "view-all": _first_apart(lambda a: (a.path, a.fields | {a.param: "all"})),
}

GROWING = ("cumulative", "view-all")  # later pages show the earlier hits again
BUTTONS = ("form-per-page", "jump-box", "goto-select", "image-submit", "post-buttons")


def read(family: str, param: str, size: int, target: str, given: dict[str, str], last: int, letters: str) -> int:
    """Which page (1-based) a request asks for in one of these families; 1 when it makes no sense."""
    text = given.get(param, "")
    path = target.partition("?")[0]
    if family in ("matrix", "path-suffix"):
        tail = path.rpartition(f";{param}=")[2] if family == "matrix" else path.rpartition("_")[2].partition(".")[0]
        return int(tail) if tail.isdigit() else 1
    if family == "alpha":
        return ord(text) - 96 if len(text) == 1 and text.isalpha() else 1
    if family == "letters":
        return letters.index(text) + 1 if len(text) == 1 and text in letters else 1
    if family == "view-all":
        return 2 if text == "all" else 1
    if family == "state":
        return read_state(text)[1] if text else 1
    if not text.isdigit():
        return 1
    n = int(text)
    if family == "start-num":
        return max(n - 1, 0) // size + 1
    if family == "relative":
        return n // size + 1 + (1 if given.get("go") == "next" else 0)
    if family == "reverse":
        return max(last - n + 1, 1)
    if family == "image-submit":
        return n + (1 if any(name.startswith("next") for name in given) else 0)
    if family == "post-buttons":
        return n // size + 1 + (1 if "next" in given else 0)
    return max(n, 1)


def form(family: str, v: View) -> str:
    """The buttons that lead on (HTML)."""
    q = f'<input type="hidden" name="{escape(v.field)}" value="{escape(v.query, quote=True)}">'
    if family == "form-per-page":
        return "".join(
            f'<form method="get" action="{v.path}" style="display:inline">{q}<input type="hidden" name="{v.param}" value="{n}">'
            f'<input type="submit" value="{n}"{" disabled" if n == v.current else ""}></form>'
            for n in v.numbers
        )
    if family == "jump-box":
        return (
            f'<form method="get" action="{v.path}">{q}Page <input type="text" name="{v.param}" value="{v.current}" size="3"> of {v.last} '
            '<input type="submit" value="Go to page"></form>'
        )
    if family == "goto-select":
        options = "".join(
            f'<option value="{escape(v.url(n), quote=True)}"{" selected" if n == v.current else ""}>Page {n}</option>'
            for n in v.numbers
        )
        return f'<form action="/goto" method="get"><label>Page <select name="to">{options}</select></label><input type="submit" value="Go"></form>'
    if family == "image-submit" and v.following:
        back = '<input type="image" name="prev" src="/gifs/back.gif" alt="Previous page">' if v.current > 1 else ""
        return (
            f'<form method="get" action="{v.path}">{q}<input type="hidden" name="{v.param}" value="{v.current}">{back}'
            '<input type="image" name="next" src="/gifs/fwd.gif" alt="Next page"></form>'
        )
    if family == "post-buttons" and v.following:
        back = '<input type="submit" name="prev" value="&lt; Prev">' if v.current > 1 else ""
        return (
            f'<form method="post" action="{v.path}">{q}<input type="hidden" name="{v.param}" value="{(v.current - 1) * v.size}">{back}'
            '<input type="submit" name="next" value="Next &gt;"></form>'
        )
    return ""


# ---- styles of links


def _ellipsis(v: View) -> str:
    """Numbers about the current one, the ends, ellipses as items of their own, and words for next and previous."""
    shown = [n for n in v.numbers if n in (1, v.last) or abs(n - v.current) < 2]
    cells, before = [], 0
    for n in shown:
        if n - before > 1:
            cells.append('<li class="page-item disabled"><span class="page-link">&hellip;</span></li>')
        current = ' aria-current="page"' if n == v.current else ""
        cells.append(f'<li class="page-item{" active" if current else ""}"{current}>{v.link_or_span(n)}</li>')
        before = n
    if v.following:
        on = v.a(v.following, '<span aria-hidden="true">&raquo;</span>', 'class="page-link" aria-label="Next"')
        cells.append(f'<li class="page-item">{on}</li>')
    return f'<nav aria-label="Search results pages"><ul class="pagination justify-content-center">{"".join(cells)}</ul></nav>'


def _gap(v: View) -> str:
    """The next link is forgotten on page 2; the numbers stand on every page."""
    on = v.a(v.following, "Next") if v.following and v.current != 2 else ""
    return f'<p class="nums">{" ".join(v.link_or_span(n) for n in v.numbers)} {on}</p>'


def _dots(v: View) -> str:
    """Round dots that only a title tells apart."""
    dots = "".join(
        '<li class="on">&#9679;</li>'
        if n == v.current
        else "<li>" + v.a(n, "&#9675;", f'title="Results page {n}"') + "</li>"
        for n in v.numbers
    )
    return f'<ul class="dots">{dots}</ul>'


def _gds(v: View) -> str:
    cells = []
    if v.current > 1:
        cells.append(
            f'<li class="gem-c-pagination__item gem-c-pagination__item--previous">'
            f"{v.a(v.current - 1, f'<span>Previous page</span><span>{v.current - 1} of {v.last}</span>', 'class=prev rel=prev')}</li>"
        )
    if v.following:
        cells.append(
            f'<li class="gem-c-pagination__item gem-c-pagination__item--next">'
            f"{v.a(v.following, f'<span>Next page</span><span>{v.following} of {v.last}</span>', 'class=on rel=next')}</li>"
        )
    return f'<nav class="gem-c-pagination"><ul>{"".join(cells)}</ul></nav>'


def _reversed(v: View) -> str:
    """Next before previous, and the numbers from last to first."""
    on = v.a(v.following, "Next page") if v.following else ""
    back = v.a(v.current - 1, "Previous page") if v.current > 1 else ""
    return f'<div class="p">{on} {" ".join(v.link_or_span(n) for n in reversed(v.numbers))} {back}</div>'


def _noscript(v: View) -> str:
    """Endless scrolling, with a link for those without scripts."""
    on = v.a(v.following, "Next page of results") if v.following else ""
    data = f' data-next="{escape(v.url(v.following), quote=True)}"' if v.following else ""
    return f'<div class="infinite-scroll"{data}><span class="spinner" hidden></span></div><noscript>{on}</noscript>'


def _sharepoint(v: View) -> str:
    cells = [
        f"<strong>{n}</strong>" if n == v.current else v.a(n, str(n), f'id="SRP_P{n}" title="Move to page {n}"')
        for n in v.numbers
    ]
    if v.following:
        cells.append(
            v.a(
                v.following,
                '<img src="/_layouts/images/nextpage.gif" border="0" alt="Next" id="SRP_NextImg">',
                'title="Move to next page"',
            )
        )
    return f'<div class="srch-Page">{" ".join(cells)}</div>'


def _accessible(v: View) -> str:
    cells = [
        f"<b>[{n}]</b>" if n == v.current else v.a(n, f'<span class="structural">Page </span>{n}') for n in v.numbers
    ]
    return f'<div class="pageNav"><h3 class="structural">More pages</h3>{" | ".join(cells)}</div>'


def draw_letters(v: View, letters: str) -> str:
    cells = []
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        page = letters.find(letter) + 1
        cells.append(f"<span>{letter}</span>" if not page else v.link_or_span(page, letter))
    return f'<div class="letters">Results beginning with: {" ".join(cells)}</div>'


def _only(words: str, attributes: str = "") -> Callable[[View], str]:
    def link(v: View) -> str:
        rest = max(min(v.size, v.total - v.current * v.size), 0)
        return (
            v.a(v.following, words.format(rest=rest, total=v.total, next=v.following, last=v.last), attributes)
            if v.following
            else ""
        )

    return link


STYLES: dict[str, Callable[[View], str]] = {
    "ellipsis": _ellipsis,
    "gap": _gap,
    "dots": _dots,
    "gds": _gds,
    "reversed": _reversed,
    "noscript": _noscript,
    "sharepoint": _sharepoint,
    "accessible": _accessible,
    "view-all": _only("View all {total} results", 'class="view-all"'),
    "see-more-n": _only("See {rest} more", 'class="btn btn-more"'),
    "older": _only("&larr; Older results", 'class="nav-previous"'),
    "set": _only("Go on to the next set of results (page {next} of {last})"),
    "turn-over": _only("Turn over &#9758;"),
    "header-link": lambda v: f'<p class="where">{v.current}/{v.last}</p>',
}


def goto(given: dict[str, str]) -> str:
    """Where the 'go to page' redirect leads; empty for anywhere but this site."""
    target = given.get("to", "")
    return (
        quote(target, safe="/?&=;%+.,:_-~$()[]!*'@#") if target.startswith("/") and not target.startswith("//") else ""
    )


def draw(family: str, style: str, v: View, letters: str = "") -> str:
    """The pager of a results page (HTML), of either set; empty where one page holds everything."""
    if v.last <= 1 and not v.following:
        return ""
    if family == "letters":
        return draw_letters(v, letters)
    if family in BUTTONS:
        return form(family, v)
    if style in STYLES and (family in LINKS or family in paging.LINK_FAMILIES):
        return STYLES[style](v)
    return paging.STYLES[style](v) if family in LINKS else paging.draw(family, style, v)
