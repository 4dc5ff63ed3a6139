"""Search boxes that only a browser can use: typed into and sent, pages turned by pressing; said as an Ask.

An Ask with the method `TYPE` is an address and the steps taken on its page, in order: ``("type CSS", query)`` and
``("click CSS", what the control says)``. It is kept, repeated and gone on from like any other request. Where typing leads
to an address that holds the query (also in its fragment, as Cludo's and Google's do), that address is asked instead.
"""

from __future__ import annotations

from dataclasses import replace

from lxml.html import HtmlElement

from crawler import forms
from crawler.searchform import public_engine
from crawler.searchspec import SLOT, SearchSpec
from crawler.web import Ask, Page, params
from crawler.wording import finder, words

METHOD = "TYPE"
TYPE, CLICK = "type", "click"
MARK = "data-mentorwatch-path"
MOST_BOXES = 2
MOST_CLICKS = 100


def steps_of(ask: Ask) -> list[tuple[str, str, str]]:
    """The steps of an Ask: (verb, CSS path, value)."""
    if ask.method != METHOD:
        return []
    split = [(*name.partition(" "), value) for name, value in ask.fields]
    return [(verb, where, value) for verb, _, where, value in split]


def boxes(page: Page) -> list[SearchSpec]:
    """The ways to type a query on a rendered page, likeliest first."""
    found = []
    for box in page.tree.iter("input"):
        where = box.get(MARK)
        if where and forms.kind(box) in forms.TEXT_TYPES and (score := _score(box)) > 0:
            name = f"{TYPE} {where}"
            spec = SearchSpec(
                "typed", page.url, name, method=METHOD, fields=((name, ""),), found_on=page.url, rendered=True
            )
            found.append((score, spec))
    found.sort(key=lambda pair: -pair[0])
    return [spec for _, spec in found[:MOST_BOXES]]


def addressed(spec: SearchSpec, page: Page, nonsense: str) -> SearchSpec:
    """The spec by the address that typing led to, where that holds the query; else the spec as it is."""
    if spec.method != METHOD or nonsense not in page.url or public_engine(page.url):
        return spec
    param = next((name for name, value in params(page.url) if value == nonsense), "")
    return replace(spec, method="GET", url=page.url.replace(nonsense, SLOT), query_param=param, fields=())


def way_to(element: HtmlElement) -> str:
    """The CSS path of what can be pressed on a rendered page; '' for other elements and other pages."""
    return element.get(MARK) or ""


def pressed(page: Page, where: str, said: str) -> Ask | None:
    """The Ask for this page with one control more pressed; None where enough have been."""
    if page.ask.method not in {"GET", METHOD} or len(page.ask.fields) > MOST_CLICKS:
        return None
    step = (f"{CLICK} {where}", " ".join(said.split())[:60])
    return Ask(page.ask.url, METHOD, (*page.ask.fields, step), page.ask.encoding)


def adds_up(ask: Ask | None) -> bool:
    """Whether the page for an Ask may list what was listed before it too ('show more')."""
    return ask is not None and any(verb == CLICK for verb, _, _ in steps_of(ask))


def _score(box: HtmlElement) -> float:
    """How much a box looks like the site's search: its own words and those of its form."""
    own = " ".join(box.get(a) or "" for a in ("id", "class", "name", "title")) + f" {forms.label_of(box)}"
    around = [e for e in box.iterancestors() if e.tag in {"form", "search"} or e.get("role") == "search"][:1]
    marks = " ".join(e.get(a) or "" for e in around for a in ("id", "class", "role", "aria-label", "action"))
    said = own.replace("-", " ").replace("_", " ")
    if finder("forms", "decoys").search(said) and not finder("forms", "site_words").search(said):
        return 0.0
    score = 2.0 * (forms.kind(box) == "search") + 2.0 * ("search" in own.lower() or "chwil" in own.lower())
    score += 1.0 * ("search" in marks.lower()) + 1.0 * (
        (box.get("name") or "").lower() in words("forms", "field_names")
    )
    return score + 0.5 * bool(finder("forms", "site_words").search(said))
