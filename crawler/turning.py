"""Ways to the next page that are no link or button of a pager: a drop-down, a box to type into, a header, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler import forms
from crawler.lists import Group
from crawler.pressing import Control
from crawler.totals import Total
from crawler.web import Ask, Page, joined
from crawler.wording import table

NUMBER = re.compile(
    r"^\W*(?:(?:[a-z]+ ){0,3}(?:page|tudalen|seite)(?: number| no)?\W*)?(\d{1,6})\W*(?:of \d+)?$", re.IGNORECASE
)


def from_select(page: Page, query: str, number: int) -> Ask | None:
    """A drop-down of page numbers inside the search's own form."""
    for select in page.tree.iter("select"):
        options = [((o.text_content() or "").strip(), o.get("value")) for o in select.iter("option")]
        numbers = [NUMBER.match(text) for text, _ in options]
        if (
            len(options) < 2
            or not all(numbers)
            or [int(m[1]) for m in numbers if m] != list(range(1, len(options) + 1))
        ):
            continue
        form = next(select.iterancestors("form"), None)
        if number > len(options) or form is None or not select.get("name"):
            continue
        text, value = options[number - 1]
        if value and ("/" in value or "?" in value):
            url = joined(page.base_url, value)
            return Ask(url) if url else None
        if query.casefold() in {v.casefold() for _, v in forms.sent_fields(form)}:
            return forms.submission(form, page, None, {select.get("name") or "": value if value is not None else text})
    return None


def from_box(page: Page, query: str, number: int, total: Total) -> Ask | None:
    """A box that the page number is typed into, in a form that keeps the query: 'Page [1] of 4'."""
    if total.pages is None or number > total.pages:
        return None
    for box in page.tree.iter("input"):
        if forms.kind(box) not in {"text", "number"} or (box.get("value") or "").strip() != str(number - 1):
            continue
        form = next(box.iterancestors("form"), None)
        if form is None or not box.get("name"):
            continue
        if query.casefold() in {value.casefold() for _, value in forms.sent_fields(form)}:
            button = next((c for c in forms.controls(form) if forms.is_submit(c)), None)
            return forms.submission(form, page, button, {box.get("name") or "": str(number)})
    return None


def header_next(page: Page) -> str:
    """The next page that an HTTP header names (RFC 8288)."""
    link = re.search(r"<([^<>]+)>\s*;[^,<]*\brel=\"?next\"?", page.headers.get("link", ""))
    url = joined(page.url, link[1]) if link else ""
    return url if url != page.url else ""


def every(controls: Iterable[Control], page: Page, group: Group | None, total: Total) -> Ask | None:
    """A link to all results at once, where the page says that it lists a part of them."""
    if group is None or total.number is None or len(group.links) >= total.number:
        return None
    said = re.compile(str(table()["paging"]["every"]), re.IGNORECASE)
    for control in controls:
        if control.url and said.match(control.said.strip()) and control.url.split("#")[0] != page.url:
            return Ask(control.url)
    return None


def with_param(url: str, name: str, value: str) -> str:
    """The address with one parameter set."""
    parts = urlsplit(url)
    pairs = [(n, v) for n, v in parse_qsl(parts.query, keep_blank_values=True) if n != name]
    query = urlencode([*pairs, (name, value)])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
