"""Which of a page's forms is the site's own search, judged by what the form says of itself.

The unit is the text field with its nearest button, not the <form>: on ASP.NET pages one form is wrapped around the
whole page, with search box, newsletter and login in it. Weights follow search-platforms.md, section 9; whether a
candidate really searches is decided by control queries (asking.py), so a doubtful one costs two requests at most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from crawler import forms
from crawler.searchspec import SearchSpec
from crawler.web import Page, host_of
from crawler.wording import finder, words

LEAST_SCORE = 2.0
STRONG_SCORE = 5.0
MOST_BESIDE = 120


@dataclass(frozen=True)
class Candidate:
    """One way that a page seems to offer, how sure that is, and why."""

    spec: SearchSpec
    score: float
    why: str


def form_candidates(page: Page) -> list[Candidate]:
    """The page's search forms, best first; decoys (postcode, newsletter, jobs ...) are left out."""
    found = [c for form in forms.forms(page)[:60] for c in _of_form(form, page)]
    return sorted(found, key=lambda candidate: -candidate.score)


def public_engine(url: str) -> str:
    """The public search engine that an address belongs to, or ''."""
    host = host_of(url)
    return next((name for name in words("forms", "engines") if host.startswith(name) or f".{name}" in host), "")


def spoken(text: str) -> str:
    """An identifier or path as words: 'txtSiteSearch_box' -> 'txt site search box'."""
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)).lower().strip()


def _of_form(form: HtmlElement, page: Page) -> list[Candidate]:
    owned = forms.controls(form)
    fields = [c for c in owned if forms.kind(c) in forms.TEXT_TYPES and c.get("name") and not _hidden(c)]
    found = []
    for control in fields[:12]:
        group, button = _surroundings(control, form, owned)
        url = forms.action(form, page, button)
        if not url or public_engine(url):
            continue
        score, why = _score(control, button, group, form, page, alone=len(fields) == 1)
        if score < LEAST_SCORE:
            continue
        name = control.get("name") or ""
        sent = [(n, "" if n == name else v) for n, v in forms.sent_fields(form, button)]
        if button is None and (posted := _posting_link(control, form)):
            sent = [pair for pair in sent if pair[0] not in dict(posted)] + posted
        spec = SearchSpec(
            how="form",
            url=url,
            query_param=name,
            method=forms.method(form, button),
            fields=_whole_site(sent, owned),
            encoding=forms.charset(form, page),
            found_on=page.url,
        )
        found.append(Candidate(spec, score, why))
    return found


def _posting_link(control: HtmlElement, form: HtmlElement) -> list[tuple[str, str]]:
    """The fields that a link beside the box sets when it sends the form in a button's stead (ASP.NET's LinkButton)."""
    for group in control.iterancestors():
        for link in group.iter("a"):
            script = f"{link.get('href') or ''} {link.get('onclick') or ''}"
            posted = forms.POSTBACK.search(script) or forms.POSTBACK_OPTIONS.search(script)
            said = f"{link.text_content()} {link.get('title') or ''} {' '.join(i.get('alt') or '' for i in link.iter('img'))}"
            if posted and (finder("forms", "search_words").search(said) or said.strip(" !»>").lower() == "go"):
                return [("__EVENTTARGET", posted[1]), ("__EVENTARGUMENT", posted[2])]
        if group is form:
            break
    return []


def _whole_site(sent: Sequence[tuple[str, str]], owned: Sequence[HtmlElement]) -> tuple[tuple[str, str], ...]:
    """What is sent, with the site chosen where the form leaves a choice of radio buttons open, or has the web ticked."""
    chosen = list(sent)
    for name in dict.fromkeys(c.get("name") or "" for c in owned if forms.kind(c) == "radio"):
        group = [c for c in owned if forms.kind(c) == "radio" and c.get("name") == name]
        site = next((c for c in group if _says(c, "site_words")), None)
        ticked = next((c for c in group if c.get("checked") is not None), None)
        if name and site is not None and (ticked is None or _says(ticked, "elsewhere")):
            chosen = [pair for pair in chosen if pair[0] != name] + [(name, site.get("value") or "on")]
    return tuple(chosen)


def _says(choice: HtmlElement, key: str) -> bool:
    """Whether a radio button's label (or the text that follows it) has one of a list of words."""
    said = forms.label_of(choice) or choice.tail or ""
    return finder("forms", key).search(f"{said} | {choice.get('value') or ''}") is not None


def _hidden(control: HtmlElement) -> bool:
    return control.get("disabled") is not None or "display:none" in (control.get("style") or "").replace(" ", "")


def _surroundings(
    control: HtmlElement, form: HtmlElement, owned: list[HtmlElement]
) -> tuple[HtmlElement, HtmlElement | None]:
    """The smallest part of the form that holds the field and a button, and the button that follows the field."""
    owned_set = set(owned)
    group = control
    for group in control.iterancestors():
        order = [c for c in group.iter(*forms.CONTROLS) if c in owned_set]
        buttons = [c for c in order if forms.is_submit(c)]
        if buttons:
            after = [b for b in buttons if order.index(b) > order.index(control)] if control in order else []
            return group, _button(after or buttons)
        if group is form:
            break
    return group, _button([c for c in owned if forms.is_submit(c)])


def _button(buttons: Sequence[HtmlElement]) -> HtmlElement | None:
    """Of several buttons the one that searches the site: by what it says, else the first."""

    def fit(button: HtmlElement) -> int:
        said = f"{forms.label_of(button)} | {button.get('value') or ''}"
        partly = finder("forms", "decoys").search(said) or finder("forms", "partial").search(said)
        named, searches = finder("forms", "site_words").search(said), finder("forms", "search_words").search(said)
        return 3 * (named is not None) + (searches is not None) - 2 * (partly is not None)

    return max(buttons, key=fit, default=None)  # the first of equals


def _score(
    control: HtmlElement,
    button: HtmlElement | None,
    group: HtmlElement,
    form: HtmlElement,
    page: Page,
    *,
    alone: bool,
) -> tuple[float, str]:
    name = control.get("name") or ""
    own = spoken(f"{name} {control.get('id') or ''} {control.get('class') or ''}")
    label = forms.label_of(control).lower()
    pressed = (forms.label_of(button) if button is not None else "").lower()
    if button is not None and not re.search(r"\w", pressed):
        pressed = (button.get("value") or "").lower()
    path = spoken(urlsplit(forms.action(form, page, button)).path)
    whole_page = len(forms.controls(form)) > 25 or form.get("id") in {"aspnetForm", "form1", "Form1"}
    frame = "" if whole_page else spoken(" ".join(form.get(a) or "" for a in ("id", "class", "name", "aria-label")))
    box = "" if group is form and whole_page else spoken(f"{group.get('id') or ''} {group.get('class') or ''}")
    heading = f"{_heading(group, form, whole_page=whole_page)} {_text_beside(group)}"
    said = " | ".join((own, label, pressed, frame, box, heading))
    search, site = finder("forms", "search_words"), finder("forms", "site_words")

    if _decoy(f"{said} | {'' if whole_page else path}", page) and not site.search(said):
        return 0.0, "decoy"
    reasons: list[tuple[float, str]] = []
    if any((e.get("role") or "") == "search" for e in (form, group, *list(group.iterancestors())[:3])):
        reasons.append((3, "role=search"))
    if forms.kind(control) == "search":
        reasons.append((2, "type=search"))
    short = re.split(r"[$:.\]\[]", name.strip("[]"))[-1].lower()
    if short in words("forms", "field_names") or re.search(r"search|quer|keyword", name, re.IGNORECASE):
        reasons.append((2, f"field '{name}'"))
    if any(
        part in path.split() or part in urlsplit(forms.action(form, page)).path
        for part in words("forms", "search_paths")
    ):
        reasons.append((2, f"sent to '{path}'"))
    if site.search(said):
        reasons.append((2, "names the site"))
    if search.search(label) or search.search(heading) or search.search(own) or search.search(f"{frame} {box}"):
        reasons.append((1.5, "says search"))
    if search.search(pressed) or pressed.strip(" !»>") in {"go", "ok", "mynd"}:
        reasons.append((1, "button"))
    if forms.method(form, button) == "GET":
        reasons.append((0.5, "GET"))
    if alone:
        reasons.append((0.5, "one field"))
        if not re.search(r"[^\W\d]{3}", f"{label} {pressed} {heading}") and not own.strip():
            reasons.append((1, "says nothing"))
    if finder("forms", "partial").search(f"{label} | {pressed} | {heading} | {'' if whole_page else path}"):
        reasons.append((-6, "searches a part of the site"))
    if not alone and not whole_page:
        reasons.append((-0.5, "several fields"))
    return sum(weight for weight, _ in reasons), ", ".join(why for _, why in reasons)


def _heading(group: HtmlElement, form: HtmlElement, *, whole_page: bool) -> str:
    """The legend or heading that the field stands under."""
    inside = group if whole_page else form
    titles = [e.text_content() for e in inside.iter("legend", "h1", "h2", "h3", "h4", "h5", "h6")]
    if not titles and not whole_page:
        before = inside.getprevious()
        if before is not None and before.tag in {"h1", "h2", "h3", "h4", "h5", "h6", "legend", "label"}:
            titles.append(before.text_content())
    return " ".join(" ".join(titles[:2]).split())[:200].lower()


def _text_beside(group: HtmlElement) -> str:
    """The few words that stand between a field and its button; links and long texts beside them say nothing of it."""
    texts: list[str] = []
    choices = {e for e in group.iter("input") if forms.kind(e) in {"checkbox", "radio"}}
    named = {e.get("id") for e in choices if e.get("id")}
    choices |= {e for e in group.iter("label") if e.get("for") in named or choices & set(e.iter("input"))}
    for element in group.iter():
        if element in choices:
            continue  # what may be ticked says what else can be searched
        if isinstance(element.tag, str) and element.tag not in {
            "a",
            "script",
            "style",
            "option",
            "select",
            "button",
            "textarea",
        }:
            texts.append(element.text or "")
        if element is not group:
            texts.append(element.tail or "")
    said = " ".join(" ".join(texts).split()).lower()
    return said if len(said) <= MOST_BESIDE else ""


def _decoy(said: str, page: Page) -> bool:
    """Whether the form is for something else. On jobs.example.org a search for jobs is the site's own search."""
    site = spoken(page.url)
    return any(hit[0].lower() not in site for hit in finder("forms", "decoys").finditer(said))
