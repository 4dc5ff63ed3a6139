"""A form as a browser sees it: which fields it owns, what it sends when one of its buttons is pressed.

The rules are HTML's form submission algorithm, plus what browsers do for old pages whose tables break a form in two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

from lxml.html import HtmlElement

from crawler.web import Ask, Page, form_encoded, joined

CONTROLS = ("input", "select", "textarea", "button")
TEXT_TYPES = {"text", "search", ""}
KNOWN_TYPES = {
    "text", "search", "hidden", "password", "email", "tel", "url", "number", "date", "month", "week", "time", "range", "color",
    "datetime-local", "checkbox", "radio", "file", "submit", "image", "reset", "button",
}  # fmt: skip
MOST_CONTROLS = 2000
# ASP.NET: what a link or button sets when it sends the form by script.
POSTBACK = re.compile(r"__doPostBack\(\s*['\"]([^'\"]*)['\"]\s*,\s*['\"]([^'\"]*)['\"]", re.IGNORECASE)
POSTBACK_OPTIONS = re.compile(
    r"WebForm_PostBackOptions\(\s*['\"]([^'\"]*)['\"]\s*,\s*['\"]([^'\"]*)['\"]", re.IGNORECASE
)


def kind(control: HtmlElement) -> str:
    """A control's type in lower case; what HTML does not know is text, as in browsers."""
    if control.tag == "button":
        return (control.get("type") or "submit").strip().lower()
    if control.tag != "input":
        return str(control.tag)
    stated = (control.get("type") or "").strip().lower()
    return stated if stated in KNOWN_TYPES else "text"


def is_submit(control: HtmlElement) -> bool:
    """Whether pressing the control sends its form."""
    return kind(control) in {"submit", "image"}


def forms(page: Page) -> list[HtmlElement]:
    """The page's forms in document order."""
    return list(page.tree.iter("form"))


def controls(form: HtmlElement) -> list[HtmlElement]:
    """The fields and buttons that belong to a form.

    Beside the form's own descendants: those that name it in their `form` attribute, and, where a table has closed an
    empty form too early, the orphans that follow it up to the next form.
    """
    root = form.getroottree().getroot()
    own = [c for c in form.iter(*CONTROLS) if not c.get("form") or c.get("form") == form.get("id")]
    if form.get("id"):
        own += [c for c in root.iter(*CONTROLS) if c.get("form") == form.get("id") and c not in set(own)]
    return (own or list(_orphans_after(form, root)))[:MOST_CONTROLS]


def _orphans_after(form: HtmlElement, root: HtmlElement) -> Iterator[HtmlElement]:
    passed = False
    for element in root.iter("form", *CONTROLS):
        if element is form:
            passed = True
        elif passed and element.tag == "form":
            return
        elif passed and not element.get("form"):
            yield element


def action(form: HtmlElement, page: Page, button: HtmlElement | None = None) -> str:
    """The absolute address that the form is sent to; '' where it is none (javascript:, mailto:)."""
    stated = (button.get("formaction") if button is not None else None) or form.get("action") or ""
    return joined(page.base_url, stated.strip()) if stated.strip() else page.url


def method(form: HtmlElement, button: HtmlElement | None = None) -> str:
    """GET or POST."""
    stated = (button.get("formmethod") if button is not None else None) or form.get("method") or "get"
    return "POST" if stated.strip().lower() == "post" else "GET"


def charset(form: HtmlElement, page: Page) -> str:
    """The charset of what the form sends: its accept-charset, else the page's."""
    for stated in (form.get("accept-charset") or "").replace(",", " ").split():
        try:
            "".encode(stated)
        except LookupError:
            continue
        return stated.lower()
    return "utf-8" if page.encoding.startswith("utf") else page.encoding


def sent_fields(form: HtmlElement, button: HtmlElement | None = None) -> tuple[tuple[str, str], ...]:
    """The name-value pairs that the form sends as it stands, with `button` pressed."""
    pairs: list[tuple[str, str]] = []
    for control in controls(form):
        name = control.get("name") or ""
        if control.get("disabled") is not None:
            continue
        which = kind(control)
        if which == "image":
            if button is not None and control is button:
                dot = f"{name}." if name else ""
                pairs += [(f"{dot}x", "1"), (f"{dot}y", "1")]
        elif not name:
            continue
        elif which == "submit":
            if button is not None and control is button:
                pairs.append((name, control.get("value") or ""))
        elif which in {"checkbox", "radio"}:
            if control.get("checked") is not None:
                pairs.append((name, control.get("value") or "on"))
        elif which == "select":
            pairs += [(name, value) for value in _selected(control)]
        elif which == "textarea":
            pairs.append((name, control.text or ""))
        elif which not in {"button", "reset", "file"}:
            pairs.append((name, control.get("value") or ""))
    return tuple(pairs)


def _selected(select: HtmlElement) -> list[str]:
    options = [o for o in select.iter("option") if o.get("disabled") is None]
    chosen = [o for o in options if o.get("selected") is not None]
    if select.get("multiple") is None:
        chosen = chosen[-1:] or options[:1]
    return [o.get("value") if o.get("value") is not None else (o.text_content() or "").strip() for o in chosen]


def submission(
    form: HtmlElement, page: Page, button: HtmlElement | None = None, changed: Mapping[str, str] | None = None
) -> Ask | None:
    """The request that pressing `button` makes, with the values in `changed` put in; None where it goes nowhere."""
    url = action(form, page, button)
    if not url:
        return None
    changed = dict(changed or {})
    pairs = tuple((name, changed.get(name, value)) for name, value in sent_fields(form, button))
    pairs += tuple((n, v) for n, v in changed.items() if n not in {name for name, _ in pairs})
    encoding = charset(form, page)
    if method(form, button) == "POST":
        return Ask(url, "POST", pairs, encoding)
    parts = urlsplit(url)
    query = form_encoded(pairs, encoding)
    return Ask(urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")), "GET", (), encoding)


def label_of(control: HtmlElement) -> str:
    """What names a field or button to a person: its label, aria-label, placeholder, title, value, alt or text."""
    texts = [control.get(a) or "" for a in ("aria-label", "placeholder", "title", "alt")]
    if control.tag == "input" and kind(control) in {"submit", "text", "search"}:
        texts.append(control.get("value") or "")
    if control.tag == "button":
        texts.append(control.text_content())
        texts += [img.get("alt") or "" for img in control.iter("img")]
    wanted = control.get("id")
    root = control.getroottree().getroot()
    if wanted:
        texts += [label.text_content() for label in root.iter("label") if label.get("for") == wanted]
    texts += [a.text_content()[:200] for a in control.iterancestors("label")]
    return " ".join(" ".join(texts).split())[:400]
