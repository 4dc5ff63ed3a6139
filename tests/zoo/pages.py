# ruff: noqa: E501, UP031 (markup is easier to read unbroken, and JSON is full of braces)
"""Whole pages in an animal's own look: its template, search form, home pages and results pages."""

import functools
import re
from html import escape, unescape
from urllib.parse import quote

from tests.zoo.animal import HERE, Animal
from tests.zoo.corpus import Doc, words_of
from tests.zoo.forms import DECOYS, FORMS

SLOT = re.compile(
    r"\{\{(title|head|council|main|aside|action|method|field|value|hidden|button|charset|self|viewstate)\}\}"
)
FORM_BLOCK = re.compile(r"\{\{form\}\}(.*?)\{\{/form\}\}", re.S)
LINK = re.compile(r"""<a\b[^>]*?\bhref=(?:"([^"]*)"|'([^']*)'|([^\s>]+))[^>]*>([^<]*)""", re.I)
TAG = re.compile(r"<script\b.*?</script>|<style\b.*?</style>|<!--.*?-->|<[^>]+>", re.S | re.I)


@functools.cache
def look(name: str) -> str:
    """The HTML of a look, slots open."""
    return (HERE / "looks" / f"{name}.html").read_text("utf-8")


@functools.cache
def chrome_links(name: str) -> dict[str, str]:
    """Addresses in a look's menus, boxes and footers, with their words; the home page and fragments left out."""
    found: dict[str, str] = {}
    for match in LINK.finditer(look(name)):
        href = unescape(next(g for g in match.groups()[:3] if g is not None))
        if href.startswith("/") and href != "/":
            found[href] = visible(match.group(4)).strip() or "Page"
    return found


def visible(html: str) -> str:
    """Text of a page, roughly: tags, scripts and comments dropped."""
    return " ".join(unescape(TAG.sub(" ", html)).split())


def form_html(animal: Animal, action: str, value: str = "", token: str = "") -> str:
    """The site's own search form, in the look's make or a named one."""
    ask = animal.ask
    template = FORMS[ask.form] if ask.form != "look" else (FORM_BLOCK.search(look(animal.look)) or [""])[1]
    hidden = "".join(
        f'<input type="hidden" name="{escape(k, quote=True)}" value="{escape(token if v == "@token" else v, quote=True)}">'
        for k, v in ask.hidden.items()
    )
    name, _, label = ask.button.partition("=")
    button = f' name="{escape(name)}" value="{escape(label or "Search")}"' if name else ' value="Search"'
    slots = {
        "action": escape(action),
        "method": ask.method,
        "field": ask.field,
        "value": escape(value, quote=True),
    }
    return SLOT.sub(lambda m: (slots | {"hidden": hidden, "button": button}).get(m[1], m[0]), template)


def page(
    animal: Animal,
    title: str,
    main: str,
    *,
    form: str = "",
    aside: str = "",
    head: str = "",
    self_path: str = "/",
    viewstate: str = "dDw",
) -> str:
    """A whole page in the animal's look."""
    html = FORM_BLOCK.sub(lambda _: form, look(animal.look))
    slots = {
        "title": escape(title), "main": main, "aside": aside, "head": head, "charset": animal.ask.charset, "self": escape(self_path),
        "viewstate": viewstate, "council": "Council",
    }  # fmt: skip
    return SLOT.sub(lambda m: slots.get(m[1], m[0]), html)


def article(doc: Doc) -> str:
    """The body of an ordinary page."""
    return "".join(f"<p>{escape(s)}</p>" for s in doc.sentences)


def decoy_forms(animal: Animal) -> str:
    """The HTML of the animal's decoys."""
    return "".join(DECOYS[d] for d in animal.decoys + animal.decoys_after)


def home_main(animal: Animal, news: list[Doc], form: str = "") -> str:
    """The body of a home page: welcome, decoy forms, the way to the search and some news."""
    before = "".join(DECOYS[d] for d in animal.decoys)
    after = "".join(DECOYS[d] for d in animal.decoys_after)
    headlines = "".join(f'<li><a href="{escape(d.path)}">{escape(d.title)}</a></li>' for d in news)
    return (
        f"<p>Welcome to the website of your council. Residents can pay, apply and report online at any hour.</p>{before}{form}"
        f"<h2>Latest headlines</h2><ul>{headlines}</ul>{after}"
    )


SEARCH_LINKS: dict[str, str] = {
    "linked": '<p><a href="{0}">Search</a></p>',
    "linked-site": '<ul class="tools"><li><a href="/a-to-z-list">A to Z</a></li><li><a href="{0}">Search our website</a></li></ul>',
    "linked-image": '<a href="{0}"><img src="/images/search.gif" alt="Search" border="0"></a>',
    "linked-welsh": '<a href="{0}">Chwilio</a>',
    "linked-icon": '<a class="icon" href="{0}" aria-label="Search"><svg viewBox="0 0 9 9"><circle r="3"/></svg></a>',
    "linked-find": '<p><a href="{0}">Find information on this site</a></p>',
}

FRAMESET = """<html><head><title>{title}</title></head><frameset rows="80,*" border="0"><frame name="top" src="/frames/top.htm" noresize>
<frameset cols="160,*"><frame name="menu" src="/frames/menu.htm"><frame name="main" src="/frames/main.htm"></frameset>
<noframes><body><p>This site needs frames.</p></body></noframes></frameset></html>"""

REFRESH = """<html><head><meta http-equiv="Refresh" content="0; URL={0}"><title>Redirecting</title></head><body></body></html>"""
SCRIPTED = (
    '<html><head><title>Please wait</title><script>window.location.replace("{0}");</script></head><body><noscript><p>Scripts are off: '
    '<a href="{0}">continue to the council website</a>.</p></noscript></body></html>'
)
SPLASH = (
    '<html><head><title>Welcome</title></head><body bgcolor="#000000"><center><object width="700" height="400" data="/intro.swf" '
    'type="application/x-shockwave-flash"></object><p><a href="{0}"><img src="/images/enter.jpg" alt="Enter site"></a></p>'
    '<p><a href="http://get.flash.example/">Get the player</a></p></center></body></html>'
)
LANGUAGES = (
    '<!DOCTYPE html><html><head><title>Croeso / Welcome</title></head><body><h1>Croeso / Welcome</h1><p><a href="/cy/hafan" hreflang="cy" '
    'lang="cy">Cymraeg</a></p><p><a href="{0}" hreflang="en">English</a></p></body></html>'
)
CONSENT_LINK = (
    "<!DOCTYPE html><html><head><title>Before you continue</title></head><body><h1>Before you continue</h1><p>We use cookies on this "
    'site. By continuing you agree to their use.</p><p><a href="/cookie-policy">Cookie policy</a> <a class="button" '
    'href="/consent?accept=1">Accept and continue to site</a></p></body></html>'
)
CONSENT_FORM = (
    '<!DOCTYPE html><html><head><title>Your privacy</title></head><body><h1>Your privacy</h1><form action="/consent" method="post">'
    '<p><label><input type="checkbox" name="stats" value="1"> Statistics</label></p><input type="hidden" name="back" value="/">'
    '<button type="submit" name="choice" value="accept">I agree</button></form></body></html>'
)
SIMPLE_ENTRIES: dict[str, str] = {
    "refresh": REFRESH,
    "js-redirect": SCRIPTED,
    "splash": SPLASH,
    "language": LANGUAGES,
}


def entry_text(home: str) -> str:
    """HTML of the page that stands before the home page; an engine knows its words too."""
    return SIMPLE_ENTRIES.get(home) or {
        "consent-link": CONSENT_LINK,
        "consent-form": CONSENT_FORM,
        "frameset": FRAMESET,
    }.get(home, "")


def opensearch(animal: Animal, base: str) -> str:
    """An OpenSearch description; suggestions come first, as a trap."""
    ask, pager = animal.ask, animal.pager
    extra = "".join(f"&amp;{k}={quote(v)}" for k, v in ask.hidden.items())
    html = f"{base}{ask.path}?{ask.field}={{searchTerms}}{extra}"
    media = {"rss": "application/rss+xml", "atom": "application/atom+xml"}.get(ask.answer, "text/html")
    paging = f"&amp;{pager.param}={{startPage?}}" if pager.family == "page1" else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/"><ShortName>Council</ShortName>'
        f'<Description>Search the council</Description><Url type="application/x-suggestions+json" template="{base}/suggest?term={{searchTerms}}"/>'
        f'<Url type="{media}" template="{html}{paging}"/><Query role="example" searchTerms="council"/></OpenSearchDescription>'
    )


def search_action(animal: Animal, base: str, kind: str) -> str:
    """A schema.org SearchAction for the head (or, as microdata, the body) of a home page."""
    ask = animal.ask
    target = f"{base}{ask.path}?{ask.field}={{search_term_string}}" + "".join(
        f"&{k}={quote(v)}" for k, v in ask.hidden.items()
    )
    if kind == "action-string":
        return (
            '<script type="application/ld+json">{"@context":"https://schema.org","@type":"WebSite","url":"%s/","potentialAction":'
            '{"@type":"SearchAction","target":"%s","query-input":"required name=search_term_string"}}</script>'
        ) % (base, target)
    if kind == "action-entry":
        return (
            '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"Organization","name":"Council"},'
            '{"@type":"WebSite","url":"%s/","potentialAction":[{"@type":"SearchAction","target":{"@type":"EntryPoint","urlTemplate":"%s"},'
            '"query-input":{"@type":"PropertyValueSpecification","valueRequired":true,"valueName":"term"}}]}]}</script>'
        ) % (base, target.replace("search_term_string", "term"))
    if kind == "action-stale":
        return (
            '<script type="application/ld+json">{"@context":"https://schema.org","@type":"WebSite","potentialAction":{"@type":"SearchAction",'
            '"target":"%s/?s={search_term_string}","query-input":"required name=search_term_string"}}</script>'
        ) % base
    return (
        f'<div itemscope itemtype="https://schema.org/WebSite"><meta itemprop="url" content="{base}/"><div itemprop="potentialAction" itemscope '
        f'itemtype="https://schema.org/SearchAction"><meta itemprop="target" content="{escape(target)}"><meta itemprop="query-input" '
        f'content="required name=search_term_string"></div></div>'
    )


def highlight(text: str, query: str, tag: str) -> str:
    """Escaped text with the query's words marked; tag '' marks nothing."""
    html = escape(text, quote=False)
    if not tag:
        return html
    for word in words_of(query):
        html = re.sub(rf"(?i)\b({re.escape(word)})\b", rf"<{tag}>\1</{tag}>", html)
    return html


def snippet(doc: Doc, query: str, kind: str, tag: str) -> str:
    """The extract below a title (HTML): kwic around a query word, or the page's own opening words."""
    if kind == "none":
        return ""
    words = set(words_of(query))
    chosen = doc.sentences[0]
    if kind == "kwic":
        chosen = next((s for s in doc.sentences if words & set(words_of(s))), chosen)
    return highlight(chosen, query, tag) + (" ..." if kind == "kwic" else "")
