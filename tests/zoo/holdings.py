"""What an animal's hosts hold: the indexed pages, their addresses, and the pieces that every page is made of."""

import base64
import functools
import itertools
import re
import string
import threading
import tomllib
from collections import Counter
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from tests.zoo import answers, engine, entrances, pages
from tests.zoo.animal import HERE, Animal
from tests.zoo.corpus import Doc, Words, choose_words, make_docs, set_path
from tests.zoo.transport import Request, Response

BLOCKS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "blocks.toml").read_text("utf-8"))
TRANSPORT_FAULTS = ("stall", "drip", "endless", "reset", "short", "bomb")
ONCE = {"429-once": 429, "503-once": 503, "500-once": 500}


class Holdings:
    """The pages of one animal; `bases` must be set (role to 'http://host:port') before the first request."""

    def __init__(self, animal: Animal) -> None:
        self.animal = animal
        self.bases: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.lost = False  # the index has been lost: every search finds nothing
        self._lock = threading.Lock()
        self._tokens: set[str] = set()
        self._serial = itertools.count(1)
        self._seen: Counter[tuple[str, ...]] = Counter()

    @functools.cached_property
    def words(self) -> Words:
        return Words(*self.animal.words) if self.animal.words else choose_words(self.animal.rng("words"))

    @functools.cached_property
    def docs(self) -> list[Doc]:
        a, rng = self.animal, self.animal.rng("docs")
        many = a.many or rng.randint(int(a.pager.size * 2.2), int(a.pager.size * 3.7))
        plant = {self.words.one: 1, self.words.few: rng.randint(3, 7), self.words.many: many}
        count = max(a.pages, many + 12)
        docs = make_docs(rng, count, plant, welsh=a.look == "valley" or "welsh" in a.quirks)
        for doc in docs:
            if a.documents and rng.random() < 0.4:
                doc.kind = rng.choice(("pdf", "pdf", "doc"))
            elif doc.section == "News":
                doc.kind = "news"
            if a.sister and rng.random() < 0.4:
                doc.role = "sister"
            set_path(doc, a.urls, rng)
        if a.menu_hits:
            menu = list(pages.chrome_links(a.look))
            for doc, path in zip(
                rng.sample([d for d in docs if d.counts[self.words.many]], min(4, len(menu))),
                menu,
                strict=False,
            ):
                doc.path, doc.role, doc.kind = path, "main", "page"
        home = Doc(
            count,
            "Welcome to your council",
            [pages.visible(self._home_html(docs) + pages.entry_text(a.home) + entrances.WORDS.get(a.home, ""))],
            "Home",
            path="/",
        )
        if "home-hit" in a.quirks:
            home.sentences.append(f"All about {self.words.many}.")
        home.index()
        return [*docs, home]

    @functools.cached_property
    def by_path(self) -> dict[tuple[str, str], Doc]:
        return {(d.role, unquote(d.path)): d for d in self.docs if d.path != "/"}

    def url(self, doc: Doc) -> str:
        return self.bases[doc.role] + doc.path

    def plan(self, query: str, options: engine.Options = engine.PLAIN) -> engine.Plan:
        docs = [] if self.lost else self.docs
        return engine.make_plan(self.animal, docs, query, options)

    def href(self, doc: Doc, rank: int = 0) -> str:
        """A hit's address as the results page writes it."""
        url, wrap = self.url(doc), self.animal.wrap
        query = quote(url, safe="")
        if wrap in ("", "relative") and doc.role == self.animal.ask.role:
            if wrap == "relative":
                return doc.path.lstrip("/")
            if "raw-hrefs" in self.animal.quirks:
                return unquote(doc.path.replace("%2C", "%252C"))  # a browser would leave the comma as it is
            return ".." + doc.path if "base" in self.animal.quirks else doc.path
        return {
            "protocol-relative": url.partition(":")[2],
            "google": f"/url?q={query}&sa=U&ved=0ahUKE{rank}&usg=AOv{doc.number}",
            "funnelback": f"/s/redirect?collection=council&url={query}&auth=x{doc.number}&rank={rank}",
            "track": f"/track.asp?pos={rank}&target={query}",
            "relative-track": f"/track.asp?pos={rank}&page={quote(doc.path, safe='')}",
            "path": f"/out/{query}",
            "b64": f"/ck/a?!&p={doc.number}&u=a1{base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')}&ntb=1",
            "go-to": f"/go?to={query}&n={rank}",
            "link-asp": f"/link.asp?id={doc.number}&u={quote(base64.b64encode(url.encode()).decode(), safe='')}",
            "hex": f"/rd/{url.encode().hex()}",
            "double": f"/out.php?src=search&url={quote(query, safe='')}",
            "bare-query": f"/jump.cfm?{url}",
            "two-addresses": f"/track/result?from={quote(self.bases['main'] + self.animal.ask.path, safe='')}&doc={query}",
            "short": f"/r/{doc.number + 4096:x}",
            "opaque": f"/click?id={doc.number}",
            "tracking": f"{doc.path}{'&' if '?' in doc.path else '?'}utm_source=sitesearch&utm_medium=result&utm_term={rank}",
            "fragment": f"{doc.path}#hl={rank}",
        }.get(wrap, url)

    def _unwrapped(self, request: Request) -> str | None:
        """Where a redirecting link leads; None for any other request."""
        given, path = request.fields("utf-8", "get"), request.path
        if path in ("/url", "/s/redirect", "/track.asp", "/go", "/track/result"):
            names = ("q", "url", "target", "page", "to", "doc")
            return next((given[name] for name in names if given.get(name)), None)
        if path == "/out.php" and given.get("url"):
            return unquote(given["url"])
        if path == "/jump.cfm" and "?" in request.target:
            return request.target.partition("?")[2]
        if path == "/link.asp" and re.fullmatch(r"[\w+/]+=*", code := given.get("u", "")):
            return base64.b64decode(code + "=" * (-len(code) % 4)).decode("utf-8", "replace")
        if re.fullmatch(r"/rd/([0-9a-f]{2})+", path):
            return bytes.fromhex(path[4:]).decode("utf-8", "replace")
        if re.fullmatch(r"/r/[0-9a-f]+", path):
            number = int(path[3:], 16) - 4096
            return self.url(self.docs[number]) if 0 <= number < len(self.docs) else None
        if path.startswith("/out/"):
            return unquote(path[5:])
        if path == "/ck/a" and (code := given.get("u", "")[2:]):
            return base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode("utf-8", "replace")
        if path == "/click" and given.get("id", "").isdigit() and int(given["id"]) < len(self.docs):
            return self.url(self.docs[int(given["id"])])
        if "utm_source" in given:
            return request.target.partition("utm_source")[0].rstrip("?&")
        return None

    def canonical(self, url: str) -> str:
        """The address a hit's link stands for: redirects read, tracking and fragments dropped."""
        url = urljoin(self.bases["main"] + "/", url).partition("#")[0]
        url = quote(url, safe=string.printable.replace(" ", ""))  # raw accents and blanks, as browsers send them
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        inner = self._unwrapped(Request("main", "GET", target, {}))
        return urljoin(url, inner) if inner else url

    # ---- pieces of pages

    def _home_html(self, docs: list[Doc], token: str = "") -> str:
        a = self.animal
        planted = set(self.words.all())
        news = [d for d in docs if not planted & set(d.counts) and d.role == "main"][:4]
        head = main = form = ""
        base = self.bases.get("main", "")
        own = pages.form_html(a, self._action(), token=token)
        if a.home.startswith("linked"):
            main = (pages.SEARCH_LINKS | entrances.LINKS)[a.home].format(entrances.link_target(self))
        elif a.home == "object":
            main = '<object data="/searchbox" type="text/html" width="300" height="60">Search</object>'
        elif a.home == "iframe":
            main = '<iframe src="/searchbox" width="300" height="60" title="Search"></iframe>'
        elif a.home == "form-in-main":
            main = own
        elif a.home.startswith("opensearch"):
            head = '<link rel="search" type="application/opensearchdescription+xml" title="Council" href="/opensearch.xml" />'
        elif a.home.startswith("action"):
            markup = pages.search_action(a, base, a.home)
            head, main = ("", markup) if a.home == "action-microdata" else (markup, "")
            form = own if a.home == "action-stale" else ""
        elif a.home == "script":
            main = answers.SCRIPT_HOMES[a.ask.answer].format(path=a.ask.path)
        elif a.home not in ("none", "probe", "frameset", "frames-deep"):
            form = own
        return pages.page(a, "Home", pages.home_main(a, news, main), form=form, head=head + self._base_tag())

    def _base_tag(self) -> str:
        return f'<base href="{self.bases.get("main", "")}/cms/">' if "base" in self.animal.quirks else ""

    def _action(self) -> str:
        ask = self.animal.ask
        if ask.role == "sister":
            return self.bases.get("sister", "") + ask.path
        return ask.path.removeprefix("/cms/") if "base" in self.animal.quirks else ask.path

    def _token(self) -> str:
        token = f"tk{self.animal.seed % 9973}-{next(self._serial)}"
        self._tokens.add(token)
        return token

    def _media(self) -> str:
        if "declared-latin-1" in self.animal.quirks:
            return "text/html; charset=ISO-8859-1"
        if "no-charset-header" in self.animal.quirks:
            return "text/html"
        return f"text/html; charset={self.animal.ask.charset}"

    def _page(self, title: str, main: str) -> bytes:
        form = pages.form_html(self.animal, self._action(), token=self._token()) if self.animal.home == "form" else ""
        html = pages.page(self.animal, title, main, form=form, head=self._base_tag())
        return html.encode(self.animal.ask.charset, "xmlcharrefreplace")

    def _html(self, html: str) -> Response:
        return Response(200, html.encode(self.animal.ask.charset, "xmlcharrefreplace"), self._media())

    # ---- faults

    def _fault(self, at: str) -> Response | None:
        for fault in self.animal.faults:
            if fault.at == at:
                return self._broken(fault.kind)
        return None

    def _broken(self, kind: str) -> Response | None:
        if kind in ONCE:
            self._seen[kind,] += 1
            if self._seen[kind,] > 1:
                return None
            return Response(ONCE[kind], b"<h1>Try again in a moment</h1>", headers={"Retry-After": "1"})
        if kind in TRANSPORT_FAULTS:
            return Response(200, self._page("Search", "<p>One moment please.</p>" * 50), manner=kind)
        if kind == "loop":
            step = next(self._serial)
            return Response(302, b"", headers={"Location": f"/round?again={step}"})
        block = BLOCKS[kind]
        body = str(block["body"])
        encoded = self._page("Search", body) if block.get("chrome") else body.encode()
        return Response(int(block["status"]), encoded, headers=dict(block["headers"]))
