"""One animal alive: which request gets which page."""

import re
from html import escape
from urllib.parse import unquote, urlencode

from tests.zoo import answers, engine, entrances, pages, turning
from tests.zoo.boxes import EXTRAS
from tests.zoo.corpus import words_of
from tests.zoo.forms import WORKING_DECOYS
from tests.zoo.search import Search
from tests.zoo.transport import Request, Response


class Site(Search):
    """The behaviour of one animal."""

    def handle(self, request: Request) -> Response:
        """Answer one request; everything but robots.txt and icons is counted."""
        with self._lock:
            if request.path not in ("/robots.txt", "/favicon.ico"):
                self.requests["all"] += 1
            response = self._robots(request.role) if request.path == "/robots.txt" else self._route(request)
        if "gzip" in self.animal.quirks and response.manner == "plain":
            response.manner = "gzip"
        return response

    def _robots(self, role: str) -> Response:
        fault = self._fault("robots") or self._fault("everything")
        if fault:
            return fault
        if not self.animal.robots or role != ("sister" if "robots-sister" in self.animal.quirks else "main"):
            return Response(404, b"no robots.txt here", "text/plain")
        return Response(200, self.animal.robots.encode(), "text/plain")

    def _route(self, request: Request) -> Response:
        a, path = self.animal, request.path
        if fault := self._fault("everything"):
            return fault
        if path == "/round":
            return self._broken("loop") or self._missing(request)
        if a.home in ("consent-link", "consent-form") and (gate := self._consent(request)):
            return gate
        if (entrance := entrances.gate(self, request)) is not None:
            return entrance
        if request.role == "sister" and a.ask.role != "sister":
            return self._sister(request)
        if a.look == "aspnet2008" and request.method == "POST":
            return self._aspnet(request)
        if a.ask.role == request.role and self._is_search(request):
            return self._search(request)
        if path in self._entry_paths() and request.role == "main" and not self._is_doc(request):
            return (self._fault("home") if path == "/" else None) or self._entry(request)
        if request.role == "sister" and path == "/":
            return Response(302, b"", headers={"Location": self.bases["main"] + "/"})
        if path in WORKING_DECOYS and request.role == "main" and f'action="{path}"' in pages.decoy_forms(a):
            return self._decoy(request)
        return self._content(request)

    def _is_search(self, request: Request) -> bool:
        """Whether the search's own path is asked for, later pages by path included."""
        ask, path = self.animal.ask, request.path
        if self.animal.home == "none":
            return False
        for known in (ask.path, ask.redirect):
            if known == "/" and path == "/" and ask.field in request.fields(ask.charset):
                return True
            if known not in ("", "/") and path == known:
                return True
            tail = path.removeprefix(known.rstrip("/")) if known and path.startswith(known.rstrip("/")) else ""
            if self.animal.pager.family == "path" and re.fullmatch(r"/page/\d+/", tail):
                return True
            if self.animal.pager.family == "path-number" and re.fullmatch(r"/\d+", tail):
                return True
            if self.animal.pager.family == "matrix" and re.fullmatch(r";\w+=\d+", tail):
                return True
            stem, dot, ending = known.rpartition(".")
            if self.animal.pager.family == "path-suffix" and re.fullmatch(rf"{stem}_\d+{re.escape(dot)}{ending}", path):
                return True
            if "{q}" in known and path.startswith(known.partition("{q}")[0]):
                return True
        return False

    def _is_doc(self, request: Request) -> bool:
        return (request.role, unquote(request.target)) in self.by_path

    # ---- what the entrances are built of

    def shown(self, title: str, main: str) -> Response:
        """A page in the site's look."""
        return Response(200, self._page(title, main), self._media())

    def raw(self, html: str) -> Response:
        """A page of its own."""
        return self._html(html)

    def home_page(self) -> Response:
        return self._fault("home") or self._html(self._home_html(self.docs, self._token()))

    def action(self) -> str:
        return self._action()

    def _aspnet(self, request: Request) -> Response:
        """A WebForms page posts everything to itself; the button or event target tells what was meant."""
        ask = self.animal.ask
        given = request.fields(ask.charset)
        name = ask.button.partition("=")[0]
        if given.get("__EVENTTARGET") or "ctl00$cphMain$btnNext" in given:
            return self._search(request)
        if name in given or f"{name}.x" in given:
            if "__VIEWSTATE" not in given:
                return self._broken("500") or self._missing(request)
            if ask.redirect:
                target = f"{ask.redirect}?{urlencode({'terms': given.get(ask.field, '')})}"
                return Response(302, b"", headers={"Location": target})
            return self._search(request)
        return self._html(self._home_html(self.docs))

    # ---- home pages and the ways to them

    def _entry_paths(self) -> tuple[str, ...]:
        return (
            "/", "/home", "/search-our-site", "/opensearch.xml", "/frames/top.htm", "/frames/menu.htm", "/frames/main.htm", "/searchbox",
            "/cy/hafan",
        )  # fmt: skip

    def _entry(self, request: Request) -> Response:
        a, path = self.animal, request.path
        start = "/home"
        if path == "/" and a.home in pages.SIMPLE_ENTRIES:
            return self._html(pages.SIMPLE_ENTRIES[a.home].format(start))
        if path == "/" and a.home == "redirect":
            return Response(302, b"", headers={"Location": start})
        if path == "/" and a.home == "frameset":
            return self._html(pages.FRAMESET.format(title="Council"))
        if path == "/frames/top.htm":
            return self._html(f"<html><body><b>Council</b>{pages.form_html(a, self._action())}</body></html>")
        if path == "/frames/menu.htm":
            links = "".join(
                f'<a href="{escape(h)}" target="main">{escape(t)}</a><br>'
                for h, t in pages.chrome_links(a.look).items()
            )
            return self._html(f"<html><body>{links}</body></html>")
        if path == "/searchbox":
            return self._html(
                f"<html><body>{pages.form_html(a, self._action()).replace('<form ', '<form target=_top ')}</body></html>"
            )
        if path == "/opensearch.xml":
            return Response(
                200, pages.opensearch(a, self.bases["main"]).encode(), "application/opensearchdescription+xml"
            )
        if path == "/search-our-site":
            form = pages.form_html(a, self._action(), token=self._token())
            return Response(200, self._page("Search our site", f"<p>Type one or more words.</p>{form}"), self._media())
        return self._html(self._home_html(self.docs, self._token()))

    def _consent(self, request: Request) -> Response | None:
        accepted = request.fields("utf-8").get("accept") == "1" or request.fields("utf-8").get("choice") == "accept"
        if request.path == "/consent" and accepted:
            return Response(302, b"", headers={"Location": "/", "Set-Cookie": "consent=1; Path=/"})
        if request.cookies.get("consent") == "1":
            return None
        if self.animal.home == "consent-form":
            return self._html(pages.CONSENT_FORM)
        return self._html(pages.CONSENT_LINK) if request.path == "/" else None

    def _sister(self, request: Request) -> Response:
        if request.path == "/" and self.animal.home == "redirect-host":
            return Response(301, b"", headers={"Location": self.bases["main"] + "/"})
        return self._content(request)

    # ---- ordinary pages

    def _content(self, request: Request) -> Response:
        a = self.animal
        if doc := self.by_path.get((request.role, unquote(request.target))):
            if doc.kind in ("pdf", "doc"):
                return Response(
                    200,
                    answers.document(doc),
                    "application/pdf" if doc.kind == "pdf" else "application/msword",
                )
            return Response(200, self._page(doc.title, pages.article(doc)), self._media())
        if (target := self._unwrapped(request)) is not None:
            return Response(302, b"", headers={"Location": target})
        if words := pages.chrome_links(a.look).get(request.target):
            return Response(
                200,
                self._page(words, f"<p>All you need to know about {escape(words.lower())} is kept here.</p>"),
                self._media(),
            )
        if request.path == "/goto" and (onward := turning.goto(request.fields(a.ask.charset, "get"))):
            return Response(302, b"", headers={"Location": onward})
        if request.path == "/events/calendar":
            return Response(
                200,
                self._page("Events", EXTRAS["calendar"](self._around("", [], next(self._serial), 1))[2]),
                self._media(),
            )
        if request.path.startswith(
            (
                "/section/", "/a-z/", "/email-page", "/print", "/share", "/search-help", "/a-to-z", "/papers/", "/cache", "/similar",
                "/campaigns/",                "/holiday-hours", "/contents.htm", "/contact-help", "/contact-the-team",
            )
        ):  # fmt: skip
            return Response(200, self._page("Information", "<p>Nothing more to say.</p>"), self._media())
        if request.path == "/login":
            return Response(200, self._page("Sign in", answers.LOGIN), self._media())
        if request.path == "/no-results":
            return Response(200, self._page("Search", engine.zero_text(a, "")), self._media())
        return self._missing(request)

    def _missing(self, request: Request) -> Response:
        if "soft-404" in self.animal.quirks:
            asked = escape(unquote(request.target))
            return Response(
                200,
                self._page("Page not found", f"<p>Sorry, {asked} could not be found. It may have moved.</p>"),
                self._media(),
            )
        if "soft-404-home" in self.animal.quirks:
            return self._html(self._home_html(self.docs))
        return Response(404, self._page("Page not found", "<p>Sorry, the page could not be found.</p>"), self._media())

    def _decoy(self, request: Request) -> Response:
        field, section = WORKING_DECOYS[request.path]
        query = request.fields(self.animal.ask.charset).get(field, "")
        found = [d for d in engine.match(self.docs, query) if d.section == section]
        rows = "".join(f'<li><h3><a href="{escape(self.url(d))}">{escape(d.title)}</a></h3></li>' for d in found)
        main = (
            f"<p>{len(found)} results in {section} for {escape(query)}</p><ul>{rows}</ul>"
            if found
            else f"<p>No results in {section}</p>"
        )
        return Response(200, self._page(f"Search {section}", main), self._media())


def home_words(site: Site) -> list[str]:
    """Words a reader could take from the home page as a control: the engine knows them all."""
    return sorted({w for w in words_of(site.docs[-1].sentences[0]) if len(w) > 4})
