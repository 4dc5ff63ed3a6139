"""A careful visitor: goes from the home page to the form, asks, and turns the pages in the way that each page itself offers."""

import gzip
import http.client
import re
import string
from html import escape, unescape
from urllib.parse import quote, urlencode, urljoin, urlsplit

import lxml.html

from tests.zoo import Animal, Zoo, entrances, turning
from tests.zoo.engine import PLAIN
from tests.zoo.forms import CHOICES
from tests.zoo.paging import LINK_FAMILIES
from tests.zoo.search import Question


class Visitor:
    """A bare HTTP client: cookies kept, redirects followed."""

    def __init__(self, timeout: float = 10) -> None:
        self.cookies: dict[str, str] = {}
        self.timeout = timeout
        self.url = ""
        self.status = 0
        self._last: tuple[str, dict[str, str] | None, str] = ("", None, "utf-8")
        self.link = ""  # the last answer's Link header

    def again(self) -> bytes:
        """Send the last request once more."""
        return self.get(*self._last)

    def get(self, url: str, form: dict[str, str] | None = None, charset: str = "utf-8") -> bytes:
        self._last = (url, form, charset)
        for _ in range(10):
            parts = urlsplit(url)
            link = http.client.HTTPConnection(parts.netloc, timeout=self.timeout)
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            body = None
            if form is not None:
                body = urlencode(form, encoding=charset).encode("ascii")
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            link.request("POST" if form is not None else "GET", target, body, headers)
            answer = link.getresponse()
            content, self.status, self.url = answer.read(), answer.status, url
            link.close()
            for header in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = header.partition(";")[0].partition("=")
                self.cookies[name] = value
            if answer.status not in (301, 302, 303):
                self.link = answer.headers.get("Link", "")
                if answer.headers.get("Content-Encoding") == "gzip":
                    content = gzip.decompress(content)
                return content
            url, form = urljoin(url, answer.headers["Location"]), None
        raise AssertionError(f"too many redirects at {url}")


def enter(zoo: Zoo, animal: Animal, visitor: Visitor) -> str:
    """Walk from the home page to the page that holds the form (or names the search); its HTML."""
    home = zoo.home(animal)
    html = visitor.get(home).decode(animal.ask.charset)
    if animal.home in WALKS:
        return walk_in(home, animal, visitor, html)
    if animal.home == "consent-form":
        html = visitor.get(urljoin(home, "/consent"), {"choice": "accept", "back": "/"}).decode()
    further = {
        "consent-link": "/consent?accept=1", "frameset": "/frames/top.htm", "iframe": "/searchbox", "refresh": "/home", "splash": "/home",
        "language": "/home", "js-redirect": "/home", "opensearch": "/opensearch.xml", "opensearch-rss": "/opensearch.xml",
    }.get(animal.home)  # fmt: skip
    if animal.home.startswith("linked"):
        further = entrances.link_target(zoo.site(animal))
    if further:
        assert f"{further.partition('?')[0]}" in html, f"the home page does not lead to {further}"
        html = visitor.get(urljoin(home, further)).decode(animal.ask.charset)
    return html


# Steps through the entrances of the second set; each must be named on the page before. POST fields follow a blank.
WALKS = {
    "meta-chain": ("/start.htm", "/home"),
    "frames-deep": ("/frames/inner.htm", "/frames/banner.htm"),
    "redirect-chain": (),
    "cookie-test": (),
    "language-form": ("/set-language lang=en",),
    "notice": ("/home",),
    "object": ("/searchbox",),
    "linked-twice": ("/finding-things", "/search-our-site"),
}


def walk_in(home: str, animal: Animal, visitor: Visitor, html: str) -> str:
    """Follow an entrance step by step; the HTML of the page with the form."""
    for step in WALKS[animal.home]:
        path, _, posted = step.partition(" ")
        assert path in html, f"the page before does not lead to {path}"
        form = dict([posted.split("=")]) if posted else None
        html = visitor.get(urljoin(home, path), form).decode(animal.ask.charset)
    return html


def ask(zoo: Zoo, animal: Animal, visitor: Visitor, html: str, query: str) -> bytes:
    """Send the search as a browser would from the page that holds the form."""
    ask, site = animal.ask, zoo.site(animal)
    fields = {ask.field: query}
    for name, value in ask.hidden.items():
        token = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', html)
        fields[name] = token[1] if token else value
    if ask.button:
        fields |= dict([ask.button.split("=")])
    fields |= CHOICES.get(ask.form, {})
    if ask.form == "image-only":
        fields = {k: w for k, w in fields.items() if k != "srch"} | {"srch.x": "3", "srch.y": "4"}
    for name in fields if animal.home != "probe" else ():
        assert name.removesuffix(".x").removesuffix(".y") in html, f"the page does not ask for {name}"
    if animal.look == "aspnet2008":
        fields |= {"__VIEWSTATE": viewstate(html), "__EVENTTARGET": ""}
        return visitor.get(site.bases["main"] + "/", fields)
    base = site.bases[ask.role] + ask.path
    nowhere = ask.form in ("empty-action", "query-action", "hash-action", "no-action")
    if not nowhere and "base" not in animal.quirks and animal.home != "probe":
        assert ask.path in unescape(html), "the form does not name the search"
    if nowhere:
        assert urlsplit(visitor.url).path == ask.path, "the form's page is not the search itself"
    if ask.method == "post":
        return visitor.get(base, fields, ask.charset)
    return visitor.get(f"{base}?{urlencode(fields, encoding=ask.charset)}")


def viewstate(html: str) -> str:
    found = re.search(r'name="__VIEWSTATE"[^>]* value="([^"]*)"', html)
    assert found, "no view state on the page"
    return found[1]


def turn(zoo: Zoo, animal: Animal, visitor: Visitor, html: str, query: str, page: int) -> bytes:
    """Ask for the next page the way its own pager does; the way must be visible on the page before."""
    site, pager, ask = zoo.site(animal), animal.pager, animal.ask
    base = site.bases[ask.role]
    carry = {k: v for k, v in ask.hidden.items() if v != "@token"}
    carry |= CHOICES.get(ask.form, {})
    if pager.family in LINK_FAMILIES or pager.family in turning.LINKS:
        target = site.place_url(Question(query, page - 1, PLAIN, carry), page)
        seen = target.partition("?")[2] if "query-only-links" in animal.quirks else target
        shown = html + unescape(visitor.link) if pager.style == "header-link" else html
        assert escape(seen) in shown or seen in visitor.link or ("raw-ampersands" in animal.quirks and seen in html), (
            f"no link to {target}"
        )
        return visitor.get(base + target)
    path = base + (ask.redirect or ask.path)
    if pager.family in turning.BUTTONS:
        return press(zoo, animal, visitor, html, query, page)
    if pager.family == "postback":
        assert f"Page${page}&#39;" in html
        event = {
            "__EVENTTARGET": "ctl00$cphMain$grdDocuments",
            "__EVENTARGUMENT": f"Page${page}",
            "__VIEWSTATE": viewstate(html),
        }
        return visitor.get(path, event)
    if pager.family == "postback-next":
        return visitor.get(path, {"__VIEWSTATE": viewstate(html), "ctl00$cphMain$btnNext": "Next >"})
    assert f'name="{pager.param}"' in html
    fields = {ask.field: query, pager.param: str(page)}
    if pager.family == "post":
        return visitor.get(path, fields, ask.charset)
    if pager.family == "submit":
        fields |= {pager.param: str(page - 1), "move": "Next 10"}
    return visitor.get(f"{path}?{urlencode(fields, encoding=ask.charset)}")


def press(zoo: Zoo, animal: Animal, visitor: Visitor, html: str, query: str, page: int) -> bytes:
    """Press the button, fill the box or choose from the list that leads to `page`."""
    site, pager, ask = zoo.site(animal), animal.pager, animal.ask
    path = site.bases[ask.role] + (ask.redirect or ask.path)
    if pager.family == "goto-select":
        target = site.place_url(Question(query, page - 1, PLAIN, {}), page)
        assert f'value="{escape(target)}"' in html
        return visitor.get(f"{site.bases[ask.role]}/goto?{urlencode({'to': target})}")
    fields = {ask.field: query}
    if pager.family in ("form-per-page", "jump-box"):
        said = (
            f'name="{pager.param}" value="{page}"'
            if pager.family == "form-per-page"
            else f"of {len(site.plan(query).pages)}"
        )
        assert said in html
        fields[pager.param] = str(page)
    else:
        hidden = re.search(rf'name="{re.escape(pager.param)}" value="(\d+)"', html)
        assert hidden
        assert 'name="next"' in html
        pressed = {"next.x": "5", "next.y": "7"} if pager.family == "image-submit" else {"next": "Next >"}
        fields |= {pager.param: hidden[1]} | pressed
    if pager.family == "post-buttons":
        return visitor.get(path, fields, ask.charset)
    return visitor.get(f"{path}?{urlencode(fields, encoding=ask.charset)}")


def written_links(animal: Animal, content: bytes, url: str) -> list[str]:
    """Every address that a page links to, made absolute, blanks and accents encoded as browsers do, in order."""
    if "raw-hit-ampersands" in animal.quirks:  # browsers leave &sect= alone, this parser does not
        content = re.sub(rb"&(?=\w+=)", b"&amp;", content)
    tree = lxml.html.fromstring(content, parser=lxml.html.HTMLParser(encoding=animal.ask.charset))
    base = urljoin(url, next(iter(tree.xpath("//base/@href")), ""))
    hrefs = [h for h in tree.xpath("//a/@href") if not h.startswith(("javascript:", "#", "mailto:"))]
    return [quote(urljoin(base, h), safe=string.printable.replace(" ", "")) for h in hrefs]


def doc_links(zoo: Zoo, animal: Animal, content: bytes, url: str) -> list[str]:
    """Canonical addresses of indexed pages that a results page links to, in order."""
    site = zoo.site(animal)
    known = {site.url(d) for d in site.docs}
    return [u for u in map(site.canonical, written_links(animal, content, url)) if u in known]


def contains_in_order(whole: list[str], part: list[str]) -> bool:
    rest = iter(whole)
    return all(p in rest for p in part)
