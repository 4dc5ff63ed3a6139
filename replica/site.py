"""One pretend site: its pages, its home page with the usual distractions, its search, and what ails it this month."""

import random
from collections.abc import Sequence
from html import escape

from replica.chrome import Chrome, content, updated
from replica.corpus import Document, documents, indexed
from replica.dialects import DIALECTS
from replica.dialects.base import Hit, snippet
from replica.documents import MEDIA_TYPES, render
from replica.exchange import Request, Response, redirect
from replica.index import Index
from replica.plan import plans
from replica.shape import Shape, one_spelling

HOMES = {"plain": "/", "redirect": "/Pages/default.aspx", "frames": "/main.htm", "refresh": "/home.htm"}
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


_FIREWALL = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your "
    "administrator.<br><br>Your support ID is: 4711{number}<br><br><a href='javascript:history.back();'>[Go Back]</a></body></html>"
)
_UPKEEP = (
    "<html><head><title>Essential maintenance</title></head><body><h1>Sorry</h1><p>Our web site is closed for essential "
    "maintenance. Please call the contact centre.</p></body></html>"
)


class Site:
    """A site in memory: `respond` is all that a server needs. Without a `shape` it is the site of July 2008."""

    def __init__(self, code: str, home: str, scale: float = 1.0, shape: Shape | None = None) -> None:
        shape = shape or Shape(plans()[code], documents(code, scale))
        self.plan = shape.plan
        self.home = home
        self.shape = shape
        self.documents: list[Document] = shape.pages
        self._listing = _listing(shape)
        self.index: Index = indexed(self.plan, self._listing)
        self._pages = {one_spelling(page.path): page for page in self.documents}
        self._old = {one_spelling(path): page for page in self.documents for path in page.old}
        self._moved = {one_spelling(page.target): page for page in self.documents if page.state == "redirect"}
        self._plain = [page for page in self.documents if page.source == "filler:plain" and page.format == "html"]
        self.dialect = DIALECTS[self.plan.dialect](self)
        links = [(page.title, page.path) for page in self._plain]
        self._chrome = Chrome(self.plan, home, links, self._head(), shape.look)
        self._page_query = self.plan.pages.partition("{")[0]
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
        page = self._listing[position]
        shown = snippet(page.body, query, mark)
        date = page.dated or updated(page.number)
        return Hit(rank, page.path, escape(page.title), shown, page.format, 2048 + 3 * len(page.body), date)

    def results(self, title: str, main: str, query: str) -> Response:
        return self._html(self._chrome.page(title, main, self.dialect.box(query)))

    def error(self) -> Response:
        main = "<h1>Page not found</h1><p>Sorry, the page you asked for could not be found. It may have moved.</p>"
        return self._html(self._chrome.page("Page not found", main, self._box()), 200 if self.plan.soft_errors else 404)

    # Requests.

    def respond(self, request: Request) -> Response:
        """Answers any request; never raises for what a client sends."""
        if self.shape.outage == "blocked":
            return Response(_FIREWALL.format(number=len(request.target)).encode(), 403)
        if self.shape.outage == "maintenance":
            return Response(_UPKEEP.encode(), 503, headers=(("Retry-After", "86400"),))
        answer = self.dialect.respond(request)
        if answer is not None:
            if self.shape.outage == "search-error":
                return Response(
                    b"<html><head><title>Error</title></head><body>Internal Server Error</body></html>", 500
                )
            return answer
        spelling = one_spelling(request.target)
        page = self._pages.get(spelling)
        if page is not None:
            return self._listed(page)
        moved = self._moved.get(spelling)
        if moved is not None:
            return self._content(moved)
        old = self._old.get(spelling)
        if old is not None:
            return redirect(old.path, 301) if old.state == "ok" else self._listed(old)
        return self._furniture(request)

    def changed(self, request: Request) -> str | None:
        """The last month in which what `request` names changed (empty: not since July 2008); None for all but pages and files."""
        spelling = one_spelling(request.target)
        page = self._pages.get(spelling) or self._moved.get(spelling)
        if page is None or page.state not in {"ok", "redirect"}:
            return None
        return page.changed if page.format != "html" else max(page.changed, self.shape.framed)

    def is_file(self, request: Request) -> bool:
        """True where `request` names a PDF, Word or PowerPoint file."""
        page = self._pages.get(one_spelling(request.target))
        return page is not None and page.format != "html"

    def _listed(self, page: Document) -> Response:
        match page.state:
            case "ok":
                return self._content(page)
            case "redirect":
                return redirect(page.target, 301)
            case "dead":
                return Response(b"<html><head><title>404</title></head><body>Not Found</body></html>", 404)
            case "gone":
                return Response(b"<html><head><title>410 Gone</title></head><body>Gone</body></html>", 410)
            case "error":
                return Response(b"<html><head><title>500</title></head><body>Internal Server Error</body></html>", 500)
            case "soft":
                main = "<h1>Page not found</h1><p>This page is no longer available.</p>"
                return self._html(self._chrome.page("Page not found", main, self._box()))

    def _content(self, page: Document) -> Response:
        if page.format != "html":
            return Response(render(page.format, page.title, page.body), type=MEDIA_TYPES[page.format])
        date = page.dated or updated(page.number)
        main = content(page.title, page.body, date, self._heading, self.classes["note"])
        return self._html(self._chrome.page(page.title, main, self._box()))

    def _furniture(self, request: Request) -> Response:
        path = request.path
        if self.shape.month and self.plan.pages.startswith("/?") and request.target.startswith(self._page_query):
            return self.error()  # WordPress knows /?p= addresses from its home page; those of July 2008 all exist
        if path == "/":
            return self._front_door()
        if path == HOMES[self.plan.home]:
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
        inner = HOMES[self.plan.home]
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
        if self.shape.month:
            news = random.Random(f"{self.plan.code}/news/{self.shape.month}").sample(self._plain, len(news))
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
        search = f"Disallow: {self.dialect.entry}\n" if self.shape.outage == "robots" else ""
        return f"User-agent: *\nDisallow: {barred}\nDisallow: /cgi-bin/counter\n{search}"

    def _html(self, page: str, status: int = 200) -> Response:
        return Response(page.encode(self.plan.codec, "xmlcharrefreplace"), status, self._type)


def _listing(shape: Shape) -> list[Document]:
    """The pages that the site's search knows this month."""
    if shape.outage == "search-silent":
        return []
    if shape.outage == "index-lost":
        return [page for page in shape.pages if page.source == "filler:plain" and page.listed]
    return [page for page in shape.pages if page.listed]
