"""Search forms whose names ASP.NET generated: known by the ends of their names, sent by the control beside the field.

WebForms prefixes a control's name with its place in the page (`dnn$ctr423$ViewCMIS_Search$SimpleSearchFor`), which
differs per install; what sends it is often a link that posts back, which is no button of the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml.html import HtmlElement

from crawler import forms
from crawler.platforms import Platform
from crawler.searchspec import SearchSpec
from crawler.web import Page, readable

_GENERATED = "*"
_POSTBACK = re.compile(r"(?:__doPostBack|WebForm_PostBackOptions)\(\s*['\"]([^'\"]+)['\"]", re.IGNORECASE)
_SENDS = re.compile(r"search|submit|find|(?:^|[a-z_])go$", re.IGNORECASE)


def generated_forms(page: Page, platform: Platform) -> list[SearchSpec]:
    """The requests of the page's forms that have a field ending as one of the platform's generated names."""
    ends = tuple(name[1:] for name in platform.query.param if name.startswith(_GENERATED))
    return [spec for form in forms.forms(page) for spec in _of_form(form, page, platform, ends)] if ends else []


def _of_form(form: HtmlElement, page: Page, platform: Platform, ends: tuple[str, ...]) -> Iterator[SearchSpec]:
    for field in forms.controls(form):
        name = field.get("name") or ""
        url = forms.action(form, page)
        if not url or forms.kind(field) not in forms.TEXT_TYPES or not name.endswith(ends):
            continue
        holder = name[: max(name.rfind("$"), name.rfind(":")) + 1]
        button, target = _sender(form, holder)
        sent = {n: v for n, v in forms.sent_fields(form, button) if n != name}
        sent |= _stated(form, holder, platform.query.fields)
        if target:
            sent |= {"__EVENTTARGET": target, "__EVENTARGUMENT": ""}
        yield SearchSpec(
            how="platform",
            url=url,
            query_param=name,
            platform=platform.name,
            method=forms.method(form, button),
            fields=(*sent.items(), (name, "")),
            encoding=forms.charset(form, page),
            found_on=page.url,
            paging=platform.counting,
        )


def _sender(form: HtmlElement, holder: str) -> tuple[HtmlElement | None, str]:
    """What sends the search: a button of the same naming container, else the postback of a link in it."""
    for control in forms.controls(form):
        if forms.is_submit(control) and holder and (control.get("name") or "").startswith(holder):
            return control, ""
    targets = []
    for element in form.iter("a", "input", "button"):
        script = readable(f"{element.get('href') or ''} {element.get('onclick') or ''}".replace("+", "%2B"))
        posted = _POSTBACK.search(script)
        if posted and posted[1].startswith(holder):
            targets.append(posted[1])
    speaking = [target for target in targets if _SENDS.search(target[len(holder) :])]
    return None, next(iter([*speaking, *targets]), "")


def _stated(form: HtmlElement, holder: str, fields: Mapping[str, str | tuple[str, ...]]) -> dict[str, str]:
    """The file's own values; a name that begins with * is written out as the form has it."""
    found = {}
    for name, given in fields.items():
        value = given if isinstance(given, str) else given[-1]  # a generated name stands for one control
        if not name.startswith(_GENERATED):
            found[name] = value
            continue
        owned = [control.get("name") or "" for control in forms.controls(form)]
        found[next((n for n in owned if n.endswith(name[1:])), holder + name[1:])] = value
    return found
