"""One pretend site: its pages, its home page with the usual distractions, and its search."""

import random
from collections.abc import Sequence
from html import escape
from urllib.parse import unquote

from replica.chrome import Chrome, content, updated
from replica.corpus import Document, documents, indexed
from replica.dialects import DIALECTS
from replica.dialects.base import Hit, snippet
from replica.documents import MEDIA_TYPES, render
from replica.exchange import Request, Response, redirect
from replica.index import Index
from replica.plan import plans

_HOMES = {"plain": "/", "redirect": "/Pages/default.aspx", "frames": "/main.htm", "refresh": "/home.htm"}
_DECOYS = {
    "newsletter": '<form action="/newsletter" method="post"><label>Get our e-mail newsletter '
    '<input type="text" name="email" /></label><input type="submit" value="Subscribe" /></form>',
    "postcode": '<form action="/findmynearest" method="get"><label>Find my nearest: postcode '
    '<input type="text" name="postcode" size="8" /></label><input type="submit" value="Find" /></form>',
    "login": '<form action="/myaccount/login" method="post">User name <input type="text" name="username" /> '
    'Password <input type="password" name="pass" /><input type="submit" value="Log in" /></form>',
    "jobs": '<form action="/jobs/search" method="get"><label>Search job vacancies '
    '<input type="text" name="keywords" /></label><input type="submit" value="Search" /></form>',
    "atoz": '<form action="/atoz" method="get"><label>A-Z directory: search by service '
    '<input type="text" name="service" /></label><input type="submit" value="Go" /></form>',
    "directory": '<form action="/directory" method="get"><label>Search the community directory '
    '<input type="text" name="organisation" /></label><input type="submit" value="Search" /></form>',
}
_DECOY_PATHS = {
    "/newsletter": "Thank you. Please check your e-mail.",
    "/findmynearest": "Enter a full postcode to see your nearest services.",
    "/myaccount/login": "Your user name or password was not recognised.",
    "/jobs/search": "3 vacancies: Cleaner, Day centre cook, Highways technician.",
    "/atoz": "A B C D E F G H I J K L M N O P Q R S T U V W Y",
    "/directory": "Sorry, the community directory is being updated.",
}


class Site:
    """A site in memory: `respond` is all that a server needs."""

    def __init__(self, code: str, home: str, scale: float = 1.0) -> None:
        self.plan = plans()[code]
        self.home = home
        self.documents: list[Document] = documents(code, scale)
        self.index: Index = indexed(self.plan, self.documents)
        self._pages = {_one_spelling(page.path): page for page in self.documents}
        self._moved = {_one_spelling(page.target): page for page in self.documents if page.state == "redirect"}
        self._plain = [page for page in self.documents if page.source == "filler:plain" and page.format == "html"]
        self.dialect = DIALECTS[self.plan.dialect](self)
        links = [(page.title, page.path) for page in self._plain]
        self._chrome = Chrome(self.plan, home, links, self._head())
        self._heading = {"fonts": "h3", "tables": "h2"}.get(self.plan.layout, "h1")
        charset = "" if self.plan.declared == "meta" else f"; charset={self.plan.charset}"
        self._type = f"text/html{charset}"

    @property
    def classes(self) -> dict[str, str]:
        return self._chrome.classes

    # What dialects ask of their site.

    def find(self, query: str) -> Sequence[int]:
        return self.index.find(query)

    def hit(self, position: int, rank: int, query: str, mark: str) -> Hit:
        page = self.documents[position]
        shown = snippet(page.text, query, mark)
        return Hit(
            rank, page.path, escape(page.title), shown, page.format, 2048 + 3 * len(page.text), updated(page.number)
        )

    def results(self, title: str, main: str, query: str) -> Response:
        return self._html(self._chrome.page(title, main, self.dialect.box(query)))

    def error(self) -> Response:
        main = "<h1>Page not found</h1><p>Sorry, the page you asked for could not be found. It may have moved.</p>"
        return self._html(self._chrome.page("Page not found", main, self._box()), 200 if self.plan.soft_errors else 404)

    # Requests.

    def respond(self, request: Request) -> Response:
        """Answers any request; never raises for what a client sends."""
        answer = self.dialect.respond(request)
        if answer is not None:
            return answer
        spelling = _one_spelling(request.target)
        page = self._pages.get(spelling)
        if page is not None:
            return self._listed(page)
        moved = self._moved.get(spelling)
        if moved is not None:
            return self._content(moved)
        return self._furniture(request)

    def _listed(self, page: Document) -> Response:
        match page.state:
            case "ok":
                return self._content(page)
            case "redirect":
                return redirect(page.target, 301)
            case "dead":
                return Response(b"<html><head><title>404</title></head><body>Not Found</body></html>", 404)
            case "soft":
                main = "<h1>Page not found</h1><p>This page is no longer available.</p>"
                return self._html(self._chrome.page("Page not found", main, self._box()))

    def _content(self, page: Document) -> Response:
        if page.format != "html":
            return Response(render(page.format, page.title, page.text), type=MEDIA_TYPES[page.format])
        main = content(page.title, page.text, page.number, self._heading, self.classes["note"])
        return self._html(self._chrome.page(page.title, main, self._box()))

    def _furniture(self, request: Request) -> Response:
        path = request.path
        if path == "/":
            return self._front_door()
        if path == _HOMES[self.plan.home]:
            return self._home()
        if path == "/top.htm" and self.plan.home == "frames":
            return self._html(f"<html><body><b>{escape(self.plan.name)}</b>{self.dialect.box()}</body></html>")
        if path == "/robots.txt":
            return Response(self._robots().encode(), type="text/plain")
        if path == "/opensearch.xml" and "opensearch" in self.plan.extras:
            return Response(self._opensearch().encode(), type="application/opensearchdescription+xml")
        if path == "/search-this-site.htm" and self.plan.search_on == "page":
            main = f"<h1>Search this site</h1>{self.dialect.box()}<p>Type one or more words.</p>"
            return self._html(self._chrome.page("Search", main))
        if path in _DECOY_PATHS:
            return self._html(self._chrome.page("Online services", f"<p>{_DECOY_PATHS[path]}</p>", self._box()))
        return self.error()

    def _front_door(self) -> Response:
        inner = _HOMES[self.plan.home]
        match self.plan.home:
            case "redirect":
                return redirect(inner)
            case "refresh":
                return self._html(
                    f'<html><head><meta http-equiv="refresh" content="0; url={inner}"><title>{self.plan.name}</title>'
                    f'</head><body><a href="{inner}">Enter site</a></body></html>'
                )
            case "frames":
                return self._html(
                    f'<html><head><title>{self.plan.name}</title></head><frameset rows="20,*"><frame src="/top.htm" '
                    f'name="top"><frame src="{inner}" name="main"><noframes>Your browser has no frames.</noframes>'
                    "</frameset></html>"
                )
            case _:
                return self._home()

    def _home(self) -> Response:
        rng = random.Random(f"{self.plan.code}/home")
        news = rng.sample(self._plain, min(4, len(self._plain)))
        items = "".join(f'<p><a href="{escape(page.path)}">{escape(page.title)}</a></p>' for page in news)
        lead = news[0].text.split("\n\n")[0].removeprefix("- ").replace("\n- ", " ")
        decoys = [_DECOYS[name] for name in self.plan.decoys]
        search = '<p><a href="/search-this-site.htm">Search</a></p>' if self.plan.search_on == "page" else ""
        main = f"<h1>Welcome to {escape(self.plan.name)}</h1>{search}<p>{escape(lead)}</p>{items}{''.join(decoys[:1])}"
        # On half of the sites another form stands before the site's own search.
        box = "".join(decoys[1:]) + self._box() if rng.random() < 0.5 else self._box() + "".join(decoys[1:])
        return self._html(self._chrome.page("Home", main, box))

    def _box(self) -> str:
        return "" if self.plan.search_on == "page" or self.plan.home == "frames" else self.dialect.box()

    def _head(self) -> str:
        extra = []
        if "opensearch" in self.plan.extras:
            extra.append(
                '<link rel="search" type="application/opensearchdescription+xml" href="/opensearch.xml" '
                f'title="{escape(self.plan.name)}" />\n'
            )
        if "searchaction" in self.plan.extras:
            extra.append(
                '<script type="application/ld+json">{"@context":"http://schema.org","@type":"WebSite",'
                f'"url":"{self.home}","potentialAction":{{"@type":"SearchAction",'
                f'"target":"{self.home}?s={{search_term_string}}",'
                '"query-input":"required name=search_term_string"}}</script>\n'
            )
        return "".join(extra)

    def _opensearch(self) -> str:
        template = f"{self.home}{self.dialect.entry.lstrip('/')}?{self.dialect.field}={{searchTerms}}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?><OpenSearchDescription '
            'xmlns="http://a9.com/-/spec/opensearch/1.1/">'
            f"<ShortName>{escape(self.plan.name)}</ShortName><Description>Site search</Description>"
            f'<Url type="text/html" template="{escape(template)}&amp;page={{startPage?}}"/>'
            '<Query role="example" searchTerms="council tax"/></OpenSearchDescription>'
        )

    def _robots(self) -> str:
        barred = random.Random(f"{self.plan.code}/robots").choice(("/admin/", "/private/", "/stats/", "/webmail/"))
        return f"User-agent: *\nDisallow: {barred}\nDisallow: /cgi-bin/counter\n"

    def _html(self, page: str, status: int = 200) -> Response:
        return Response(page.encode(self.plan.codec, "xmlcharrefreplace"), status, self._type)


def _one_spelling(target: str) -> str:
    """Path and query as a server understands them: escapes undone, fields in any order, `?open` and `?open=` alike."""
    path, mark, query = unquote(target).partition("?")
    if not mark:
        return path
    return f"{path}?{'&'.join(sorted(field.removesuffix('=') for field in query.split('&')))}"
