"""Sites whose search draws its results in the visitor's browser: they need the render extra, and are said to."""

from __future__ import annotations

import re

from crawler import forms
from crawler.anatomy import take_apart
from crawler.web import Page
from crawler.wording import finder

BARE_TEXT = 400


def script_search(page: Page) -> str:
    """What draws this page's search results in the visitor's browser; '' where nothing points to that."""
    source = page.text[:400_000].lower()
    engine = finder("scripts", "hosts").search(source)
    if engine:
        return engine[0]
    if "<script" not in source:
        return ""
    for field in page.tree.iter("input"):
        about = " ".join(field.get(a) or "" for a in ("type", "id", "class", "name", "placeholder", "aria-label"))
        homeless = next(field.iterancestors("form"), None) is None and not field.get("form")
        typed = (field.get("type") or "text").lower() in {"text", "search"}
        if typed and re.search(r"search|chwilio", about, re.IGNORECASE) and (homeless or not field.get("name")):
            return "a search box without a form"
    root = page.tree.xpath("//div[@id='root' or @id='app' or @id='__next' or @ng-app or @data-reactroot]")
    if root and sum(len(line.text) for line in take_apart(page).lines) < BARE_TEXT:
        return "a page that is drawn by its scripts"
    return ""


def drawn_later(page: Page) -> str:
    """For a results page that is the same whatever is asked: whether it says that scripts draw what it lacks."""
    for note in page.tree.iter("noscript"):
        if re.search(r"javascript|sgript", note.text_content() or "", re.IGNORECASE):
            return "a results page that needs JavaScript"
    return ""


def never_sent(nothing: Page, some: Page, field: str) -> str:
    """Whether the search form is one that only scripts answer: it names no address, and the site's answer to any query is
    the same to the byte."""
    if nothing.body != some.body or "<script" not in some.text.lower():
        return ""
    for box in some.tree.iter("input"):
        form = next(box.iterancestors("form"), None) if box.get("name") == field else None
        if form is not None and form.get("action") is None and (form.get("method") or "get").lower() == "get":
            return "a search form that no server answers"
    return ""


def sent_by_script(page: Page, field: str) -> str:
    """Whether nothing but a script sends what is typed into the box: its form has no button, and a link beside it runs one."""
    for form in forms.forms(page):
        owned = forms.controls(form)
        if not any(control.get("name") == field for control in owned) or any(map(forms.is_submit, owned)):
            continue
        for link in form.iter("a"):
            script = (link.get("href") or "").lower()
            if script.startswith("javascript:") and not forms.POSTBACK.search(script):
                return "a search box that only a script sends"
    return ""
