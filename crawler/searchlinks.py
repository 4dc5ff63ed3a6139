"""Where a page points to its search function without showing a form: descriptions, links, frames, refreshes.

OpenSearch descriptions (OpenSearch 1.1 draft 6), schema.org SearchAction (JSON-LD and microdata), links to a search
page, frames, meta refresh and splash pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from crawler import forms
from crawler.searchform import public_engine, spoken
from crawler.searchspec import SLOT, Paging, SearchSpec
from crawler.web import Ask, Page, host_of, joined, number, params
from crawler.wording import finder, words

MOST_SCRIPT = 200_000
REFRESH = re.compile(r"^\s*(\d{1,9})[\d.]*\s*[;,]\s*(?:url\s*=\s*)?['\"]?([^'\"]+)", re.IGNORECASE)
LETTER = re.compile(r"[^\W_]")
OFFSETS = {"startIndex": 0, "startPage": 1}


def opensearch_links(page: Page) -> list[str]:
    """Addresses of the OpenSearch descriptions that the page names."""
    found = []
    for link in page.tree.iter("link"):
        if "search" in (link.get("rel") or "").lower().split() and "opensearch" in (link.get("type") or "").lower():
            found.append(joined(page.base_url, link.get("href") or ""))
    return [url for url in dict.fromkeys(found) if url]


def opensearch_specs(page: Page) -> list[SearchSpec]:
    """What an OpenSearch description offers, HTML results before RSS and Atom; suggestions are not results."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(page.text.encode("utf-8")[:MOST_SCRIPT], parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return []
    if root is None:
        return []
    offers: list[tuple[int, SearchSpec]] = []
    for url in root.iter("{*}Url"):
        media = (url.get("type") or "").lower()
        rel = (url.get("rel") or "results").lower()
        if "suggest" in media or "results" not in rel.split() or "json" in media:
            continue
        spec = _template_spec(url, page)
        if spec:
            offers.append((0 if "html" in media else 1, spec))
    return [spec for _, spec in sorted(offers, key=lambda offer: offer[0])]


def _template_spec(url: etree._Element, page: Page) -> SearchSpec | None:
    template = url.get("template") or ""
    pairs = [(p.get("name") or "", p.get("value") or "") for p in url.iter("{*}Param", "{*}Parameter")]
    method = "POST" if (url.get("method") or "").lower() == "post" else "GET"
    paging = None
    everything = [*params(template), *pairs]
    for name, value in everything:
        for variable in OFFSETS:
            if value.strip("{}?") == variable:
                stated = url.get("indexOffset" if variable == "startIndex" else "pageOffset") or "1"
                first = number(stated)
                paging = Paging(name, 1 if first is None else first, OFFSETS[variable])
    param = next((name for name, value in everything if value.strip("{}?") == "searchTerms"), "")
    template = _filled(template, paging.first if paging else 1)
    address = joined(page.url, template.replace(SLOT, "SEARCHTERMS")).replace("SEARCHTERMS", SLOT)
    if not address or public_engine(address) or (SLOT not in address and not param):
        return None
    fields = tuple((name, "" if name == param else _filled(value, 1)) for name, value in pairs)
    return SearchSpec("opensearch", address, param, method=method, fields=fields, found_on=page.url, paging=paging)


def _filled(template: str, first: int) -> str:
    """An OpenSearch template with everything but {searchTerms} filled in."""
    template = re.sub(r"\{(?:startPage|startIndex)\??\}", str(first), template)
    template = re.sub(r"\{(?:input|output)Encoding\??\}", "utf-8", template, flags=re.IGNORECASE)
    template = template.replace("{searchTerms?}", SLOT).replace("{language?}", "").replace("{count?}", "")
    return re.sub(r"\{(?!searchTerms\})[^{}]*\}", "", template)


def search_actions(page: Page) -> list[SearchSpec]:
    """The page's schema.org SearchActions."""
    targets = [*_json_targets(page), *_microdata_targets(page)]
    found = []
    for template, name in targets:
        slot = "{" + (name or "search_term_string") + "}"
        if slot not in template:
            any_slot = re.search(r"\{[^{}]+\}", template)
            slot = any_slot[0] if any_slot else ""
        if not slot:
            continue
        url = joined(page.base_url, template.replace(slot, "SEARCHTERMS", 1)).replace("SEARCHTERMS", SLOT)
        if url and not public_engine(url):
            param = next((n for n, v in parse_qsl(urlsplit(url).query) if v == SLOT), "")
            found.append(SearchSpec("searchaction", url, param, found_on=page.url))
    return list(dict.fromkeys(found))


def _json_targets(page: Page) -> Iterator[tuple[str, str]]:
    for script in page.tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        try:
            stack: list[Any] = [json.loads((script.text or "")[:MOST_SCRIPT], strict=False)]
        except (ValueError, RecursionError):
            continue
        for _ in range(20_000):
            if not stack:
                break
            node = stack.pop()
            if isinstance(node, list):
                stack += node
            elif isinstance(node, dict):
                if "SearchAction" in str(node.get("@type", "")):
                    yield from _target(node)
                stack += [value for value in node.values() if isinstance(value, dict | list)]


def _target(action: dict[str, Any]) -> Iterator[tuple[str, str]]:
    wanted = action.get("query-input") or action.get("query") or ""
    stated = wanted.get("valueName", "") if isinstance(wanted, dict) else str(wanted)
    name = re.search(r"name\s*=\s*([\w-]+)", stated)
    targets = action.get("target")
    for target in targets if isinstance(targets, list) else [targets]:
        template = target.get("urlTemplate") if isinstance(target, dict) else target
        if isinstance(template, str):
            yield template, name[1] if name else stated if re.fullmatch(r"[\w-]+", stated) else ""


def _microdata_targets(page: Page) -> Iterator[tuple[str, str]]:
    for element in page.tree.iter("meta", "link"):
        if element.get("itemprop") == "target":
            yield element.get("content") or element.get("href") or "", ""


def search_pages(page: Page) -> list[str]:
    """Links that lead to the site's search page, best first."""
    found: dict[str, int] = {}
    for link in page.tree.iter("a", "area"):
        url = joined(page.base_url, link.get("href") or "")
        if not url or url.split("#")[0] == page.url.split("#")[0] or public_engine(url):
            continue
        said, path = spoken_link(link), spoken(urlsplit(url).path)
        other = f"{said} | {path}"
        if finder("forms", "decoys").search(other) or finder("forms", "partial").search(other):
            continue
        score = 0
        if said in {"search", "site search", "chwilio"} or finder("forms", "site_words").search(said):
            score += 4
        elif finder("forms", "search_words").search(said) and len(said.split()) <= 4:
            score += 2
        if any(word in path.split() for word in words("forms", "search_paths")):
            score += 3
        if host_of(url) != host_of(page.url):
            score -= 1
        if score >= 3:
            found[url] = max(score, found.get(url, 0))
    for url in _buttons_that_lead(page):
        found.setdefault(url, 3)
    best = sorted(found, key=lambda url: -found[url])
    # '/search?sort=date' and '/search?sort=title' are one page with one form.
    return list({url.split("?")[0]: url for url in reversed(best)}.values())[::-1][:4]


def _buttons_that_lead(page: Page) -> list[str]:
    """Where a form without a field leads whose button says 'Search': a link that looks like a button."""
    found = []
    for form in forms.forms(page)[:60]:
        owned = forms.controls(form)
        buttons = [c for c in owned if forms.is_submit(c)]
        typed = any(forms.kind(c) in forms.TEXT_TYPES | {"textarea", "password", "email"} for c in owned)
        if typed or len(buttons) != 1 or forms.method(form, buttons[0]) != "GET":
            continue
        said = forms.label_of(buttons[0]).lower()
        if finder("forms", "search_words").search(said) and not finder("forms", "decoys").search(said):
            ask = forms.submission(form, page, buttons[0])
            if ask and not public_engine(ask.url) and ask.url.split("#")[0] != page.url:
                found.append(ask.url.rstrip("?"))
    return found


def help_pages(page: Page) -> list[str]:
    """Links to where a site explains itself (help, site map): its search may be a link further on."""
    found = []
    for link in page.tree.iter("a", "area"):
        url, said = joined(page.base_url, link.get("href") or ""), spoken_link(link)
        near = host_of(url) == host_of(page.url) and url.split("#")[0] != page.url.split("#")[0]
        if url and near and len(said.split()) <= 6 and finder("forms", "help").search(said):
            found.append((finder("forms", "search_words").search(said) is None, url))
    return list(dict.fromkeys(url for _, url in sorted(found, key=lambda pair: pair[0])))[:2]


def spoken_link(link: HtmlElement) -> str:
    """What a link says: its text, else aria-label or title, else its images' alt texts. Lower case.

    Text of symbols alone ('☰', a magnifying glass) is a picture: what is written for those who do not see it comes first.
    """
    texts = [link.text_content()[:300], link.get("aria-label") or "", link.get("title") or ""]
    texts += [image.get("alt") or image.get("title") or "" for image in link.iter("img", "svg")]
    texts = [text for text in texts if LETTER.search(text)] + texts
    return next((" ".join(t.split()).lower() for t in texts if t.strip()), "").strip(" .:»>›")


def frames(page: Page) -> list[str]:
    """The documents in the page's frames, of the same site, those that speak of searching first."""
    found = []
    for frame in page.tree.iter("frame", "iframe", "object", "embed"):
        other = frame.tag in {"object", "embed"}
        if other and "html" not in (frame.get("type") or "").lower():
            continue
        url = joined(page.base_url, frame.get("data" if frame.tag == "object" else "src") or "")
        if url and (frame.tag == "frame" or host_of(url) == host_of(page.url)):
            about = spoken(f"{frame.get('name') or ''} {url}")
            weight = 0 if "search" in about else 1 if re.search(r"top|head|banner|nav|menu|left", about) else 2
            found.append((weight, url))
    return [url for _, url in sorted(found, key=lambda pair: pair[0])][:5]


def refreshed(page: Page) -> str:
    """Where a meta refresh, or a page that is nothing but a script redirect, sends the visitor; '' if it does not."""
    short = len(page.text) < 3000
    if "refresh" not in page.text.lower() and not (short and "location" in page.text):
        return ""  # nearly every page, and not one of them needs to be parsed for it
    for meta in page.tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() == "refresh":
            match = REFRESH.match(meta.get("content") or "")
            if match and int(match[1]) <= 20:
                url = joined(page.base_url, match[2].strip())
                if url and url != page.url:
                    return url
    if short and page.tree.find(".//a") is None:
        jump = re.search(r"location(?:\.href)?\s*(?:=|\.replace\()\s*['\"]([^'\"]+)['\"]", page.text)
        if jump and joined(page.base_url, jump[1]) != page.url:
            return joined(page.base_url, jump[1])
    return ""


def ways_in(page: Page) -> list[str]:
    """On a page with few links (splash, language choice, consent): the links that lead into the site."""
    links = [link for link in page.tree.iter("a", "area") if link.get("href")]
    if len(links) > 25:
        return []
    same = []
    for link in links:
        url = joined(page.base_url, link.get("href") or "")
        if url and host_of(url) == host_of(page.url) and url.split("#")[0] != page.url:
            said = spoken_link(link)
            entering = said in words("forms", "enter") or said.startswith(("enter ", "continue ", "welcome "))
            same.append((0 if entering else 1 if len(links) <= 4 else 2, url))
    return [url for weight, url in sorted(same, key=lambda pair: pair[0]) if weight < 2][:2]


def entry_forms(page: Page) -> list[Ask]:
    """On a page that stands before the site (consent, terms, language): what its buttons that lead on send."""
    if sum(1 for _ in page.tree.iter("a")) > 25:
        return []  # A cookie banner on a whole page; the page can be read as it is.
    found = []
    for form in forms.forms(page)[:5]:
        owned = [c for c in forms.controls(form) if forms.kind(c) != "hidden"]
        buttons = [c for c in owned if forms.is_submit(c)]
        typed = any(forms.kind(c) in forms.TEXT_TYPES or forms.kind(c) == "password" for c in owned)
        for button in buttons if not typed else []:
            said = forms.label_of(button).lower().strip(" .!»>")
            if said in words("forms", "enter") or said.startswith(
                ("enter ", "continue ", "accept ", "agree", "i accept", "i agree")
            ):
                found.append(forms.submission(form, page, button))
                break
    return [ask for ask in found if ask is not None][:1]
