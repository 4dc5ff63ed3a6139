"""What pressing a link or a button of a page asks for: an address, a form sent, a postback, a small script's work."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml.html import HtmlElement

from crawler import forms
from crawler.searchbox import pressed
from crawler.web import Ask, Page, joined

CALL = re.compile(r"(?<![\w$.])([A-Za-z_$][\w$.]*)\s*\(([^()]*)\)")


@dataclass(frozen=True)
class Control:
    """Something that may be pressed: a link or a button."""

    element: HtmlElement
    said: str
    url: str
    script: str
    rel: str = ""
    way: str = ""  # on a rendered page: the way to it, where only pressing it does anything


def press(control: Control, page: Page) -> Ask | None:
    """The request that pressing a link or button makes."""
    if control.url:
        return Ask(control.url)
    if control.way:
        return pressed(page, control.way, " ".join((control.element.text_content() or "").split()))
    element = control.element
    form = _form_of(element, page)
    if control.script:
        form = form if form is not None else _some_form(page)
        posted = forms.POSTBACK.search(control.script) or forms.POSTBACK_OPTIONS.search(control.script)
        if posted and form is not None:
            return forms.submission(form, page, None, {"__EVENTTARGET": posted[1], "__EVENTARGUMENT": posted[2]})
        return _called(control.script, page, form)
    if form is not None and element.tag in {"input", "button"}:
        return forms.submission(form, page, element)
    return None


def _form_of(element: HtmlElement, page: Page) -> HtmlElement | None:
    """The form that an element stands in, names, or is owned by."""
    for ancestor in element.iterancestors("form"):
        return ancestor
    every = forms.forms(page)
    named = element.get("form")
    if named:
        return next((form for form in every if form.get("id") == named), None)
    return next((form for form in every if element in set(forms.controls(form))), None)


def _some_form(page: Page) -> HtmlElement | None:
    """The form that a script outside of all forms fills in: ASP.NET's one of the whole page, else the first."""
    every = forms.forms(page)
    return next((form for form in every if form.get("id") in {"aspnetForm", "form1", "Form1"}), next(iter(every), None))


def _called(script: str, page: Page, form: HtmlElement | None) -> Ask | None:
    """What a small script does: go to an address, or put values into a form's fields and send it."""
    address = re.search(
        r"(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\(|window\.open\()\s*['\"]([^'\"]+)['\"]", script
    )
    if address:
        url = joined(page.base_url, address[1])
        return Ask(url) if url else None
    body = script
    call = CALL.search(script)
    values: dict[str, str] = {}
    if call and not re.search(r"\.(submit|value)\b", script):
        defined = re.search(
            rf"function\s+{re.escape(call[1])}\s*\(([^)]{{0,500}})\)\s*\{{([^}}]{{0,2000}})\}}", page.text
        )
        if not defined:
            return None
        names = [name.strip() for name in defined[1].split(",")]
        given = [value.strip().strip("'\"") for value in call[2].split(",")]
        values = dict(zip(names, given, strict=False))
        body = defined[2]
    changed: dict[str, str] = {}
    for field, value in re.findall(
        r"(?:\.|getElementById\(\s*['\"]|\[\s*['\"])([\w:$.-]{1,200}?)(?:['\"]\s*[\])])?\.value\s*=\s*([^;\n]+)", body
    ):
        literal = value.strip().strip("'\"")
        changed[field] = values.get(literal, literal)
    if not changed or "submit" not in body:
        return None
    for candidate in forms.forms(page):
        owned = forms.controls(candidate)
        wanted = {_field_of(name, candidate): name for name in changed}
        names_by = {c.get("id") or c.get("name") or "": c.get("name") or "" for c in owned}
        names_by |= {c.get("name") or "": c.get("name") or "" for c in owned}
        if wanted.keys() <= set(names_by):
            values = {names_by[field]: changed[name] for field, name in wanted.items()}
            return forms.submission(candidate, page, None, values)
    return forms.submission(form, page, None, changed) if form is not None else None


def _field_of(spelled: str, form: HtmlElement) -> str:
    """The field that a script spells 'formName.field', where that is the form's name; else as it is spelled."""
    holder, _, field = spelled.rpartition(".")
    named = holder and holder.rpartition(".")[2] in {form.get("name"), form.get("id")}
    return field if named else spelled
