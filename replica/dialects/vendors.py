"""Council suppliers' searches: Jadu old and native, Squiz Matrix, Funnelback, Domino."""

from html import escape
from itertools import groupby
from urllib.parse import parse_qs, quote

from replica.dialects.base import Dialect, Hit, number, pager, url
from replica.exchange import Request, Response, redirect


class Jadu(Dialect):
    """Jadu in front of a Google appliance: `startNum`, an estimate, promoted links; two generations of template."""

    field = "q"

    @property
    def entry(self) -> str:  # type: ignore[override]
        return "/site/scripts/google_results.php" if self._newer else "/site/scripts/google_results.asp"

    @property
    def _newer(self) -> bool:
        return self.host.plan.layout == "lists"

    def box(self, query: str = "") -> str:
        return (
            f'<form action="{self.entry}" method="get"><label for="SearchSite">Search this site</label>'
            f'<input type="text" name="q" id="SearchSite" size="15" value="{escape(query)}" />'
            '<input type="submit" class="button" value="Search" /></form>'
        )

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        if not query:
            return redirect("/")
        window = self.window(query, number(fields.get("startNum"), 0))
        if not window.hits:
            main = '<h2 class="warning">Sorry, no results were found</h2><p>Please try again with fewer words.</p>'
            return self.host.results("Search results", main, query)
        rows = "".join(map(self._newer_row if self._newer else self._older_row, window.hits))
        rows = f'<ul class="{"list-results" if self._newer else "archive"}">{rows}</ul>'
        turn = " ".join(
            f'<a href="{url(self.entry, q=query, startNum=(page - 1) * self.size)}">{page}</a>'
            if page != window.page
            else f"<strong>{page}</strong>"
            for page, _ in pager(window, "")
        )
        if window.more:
            turn += f' <a class="button" href="{url(self.entry, q=query, startNum=window.last)}">Next</a>'
        dash = "–" if self._newer else "-"
        best = ""
        if "coach" in query.lower() and self._newer:
            best = '<div class="callout__feature"><h3><a href="/">Leisure centres: key match</a></h3></div>'
        main = (
            f"<h1>Search results for {escape(query)}</h1><p>Results <strong>{window.first + 1} {dash} {window.last}</strong> of "
            f"about <strong>{window.total}</strong>. Search took 0.1 seconds.</p>{best}{rows}<p>Result Page: {turn}</p>"
        )
        return self.host.results("Search results", main, query)

    def _newer_row(self, hit: Hit) -> str:
        icon = (
            "" if hit.form == "html" else f'<img src="/images/file_type_icons/{hit.form}.gif" alt="{hit.form} file" /> '
        )
        return (
            f'<li><h3>{icon}<a href="{hit.path}">{hit.title}</a></h3><p>{hit.snippet}</p>'
            f"<small>{self.host.home}{hit.path[1:]} - {hit.size // 1024}k - {hit.updated}</small></li>"
        )

    def _older_row(self, hit: Hit) -> str:
        return f'<li><h3><a href="{hit.path}">{hit.title}</a></h3><p>{hit.snippet}</p><p class="date">{hit.updated}</p></li>'


class JaduNative(Dialect):
    """Jadu's own search: every hit on one page, by area; none at all is a redirect."""

    entry = "/site/scripts/search_results.aspx"
    field = "searchQuery"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path == "/site/scripts/search_index.aspx":
            main = "<h1>Advanced search</h1>"
            if request.fields().get("noResults") == "true":
                main += "<p>Your search returned no results.</p>"
            return self.host.results("Advanced search", main, "")
        if request.path != self.entry:
            return None
        query = request.fields().get("searchQuery", "")
        window = self.window(query, 0)
        if not window.hits:
            return redirect("/site/scripts/search_index.aspx?noResults=true")
        areas = ("Council pages", "News", "Documents")
        by_area = sorted(window.hits, key=lambda hit: self._area(hit))
        groups = [(area, list(hits)) for area, hits in groupby(by_area, self._area)]
        parts = [
            f"<h2>Results found in {areas[area]}</h2>"
            + "".join(
                f'<div class="search_result"><h3><a href="{escape(hit.path)}">{hit.title}</a></h3><p>{hit.snippet}</p>'
                f'<p class="url">{99 - hit.rank % 60}% relevant</p></div>'
                for hit in hits
            )
            for area, hits in groups
        ]
        counted = f"were {window.total} results" if window.total > 1 else "was one result"
        main = (
            f"<p>There {counted} found in {len(groups)} areas for <strong>{escape(query)}</strong></p>{''.join(parts)}"
        )
        return self.host.results("Search results", main, query)

    @staticmethod
    def _area(hit: Hit) -> int:
        return 2 if hit.form != "html" else hit.size % 2


class Squiz(Dialect):
    """Squiz Matrix: field names made by the installation."""

    entry = "/site/search"
    field = "queries_site_query"
    mark = "strong"

    def box(self, query: str = "") -> str:
        return (
            f'<form id="search_page_4711" method="get" action="{self.entry}"><input type="hidden" name="mode" value="results" />'
            f'<input type="hidden" name="results_per_page" value="{self.size}" /><label for="queries_site_query">Find</label>'
            f'<input type="text" name="{self.field}" id="queries_site_query" value="{escape(query)}" />'
            '<input type="submit" name="search_page_4711_submit_button" value="Search" /></form>'
        )

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get(self.field, "")
        page = max(1, number(fields.get("current_result_page"), 1))
        if fields.get("mode") != "results":
            return self.host.results("Search", self.box(), query)
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            main = f"{self.box(query)}<p>Your search for {escape(query)} did not return any results.</p>"
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<div class="sq-result"><span>{hit.rank}.</span> <a href="{self.host.home}{hit.path[1:]}">{hit.title}</a>'
            f"<div>{hit.snippet}</div><em>{hit.updated}</em></div>"
            for hit in window.hits
        )
        before = f'<a href="{self._link(query, page - 1)}">&lt; Previous page</a>' if page > 1 else ""
        after = f'<a href="{self._link(query, page + 1)}">Next page &gt;</a>' if window.more else ""
        main = (
            f"{self.box(query)}<p>Results {window.first + 1} to {window.last} of {window.total}</p>{rows}"
            f"<p>{before} Page {page} of {window.pages} {after}</p>"
        )
        return self.host.results("Search", main, query)

    def _link(self, query: str, page: int) -> str:
        fields = {
            "mode": "results",
            "results_per_page": self.size,
            self.field: query,
            "search_page_4711_submit_button": "Search",
            "current_result_page": page,
        }
        return url(self.entry, **fields)


class Funnelback(Dialect):
    """Funnelback: facets with numbers of their own, links that count clicks on the way to the page."""

    entry = "/s/search.html"
    field = "query"
    mark = "strong"

    def box(self, query: str = "") -> str:
        return self.form(query, hidden={"collection": "council-web"}, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path == "/s/redirect":
            leads = parse_qs(request.target.partition("?")[2]).get("url", [""])[0]
            plain = leads.isascii() and leads.isprintable()
            return redirect(leads) if plain and leads.startswith(self.host.home) else self.host.error()
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("query", "")
        window = self.window(query, number(fields.get("start_rank"), 1) - 1)
        if not window.hits:
            main = (
                f'<p class="counts">0 search results for <strong>{escape(query)}</strong></p><h2>No matching results</h2>'
                f"<p>Your search for <em>{escape(query)}</em> did not return any results.</p>"
            )
            return self.host.results("Search", main, query)
        rows = "".join(map(self._row, window.hits))
        before = (
            f'<li><a rel="prev nofollow" href="{self._link(query, window.first - self.size + 1)}">Prev</a></li>'
            if window.first
            else ""
        )
        after = (
            f'<li class="pagination__item--next"><a rel="next nofollow" href="{self._link(query, window.last + 1)}">Next</a></li>'
            if window.more
            else ""
        )
        files = max(1, window.total // 11)
        main = (
            f'<p><span class="counts__page-start">{window.first + 1}</span> - <span class="counts__page-end">{window.last}</span> '
            f'of <span class="counts__total-matching">{window.total}</span> search results for <strong>{escape(query)}</strong></p>'
            f'<div class="facets"><h4>Refine by type</h4><ul><li><a href="{self._link(query, 1)}&amp;f.Type|html=html">Web page</a> '
            f'({window.total - files})</li><li><a href="{self._link(query, 1)}&amp;f.Type|pdf=pdf">PDF</a> ({files})</li></ul></div>'
            f'<div class="results">{rows}</div><ul class="pagination">{before}{after}</ul>'
        )
        return self.host.results("Search", main, query)

    def _row(self, hit: Hit) -> str:
        page = f"{self.host.home}{hit.path[1:]}"
        counted = f"/s/redirect?collection=council-web&amp;url={quote(page, safe='')}&amp;rank={hit.rank}"
        return (
            f'<article class="listing-item" data-fb-result="{escape(page)}"><h3><a class="listing-item__title-link" '
            f'href="{counted}" data-live-url="{escape(page)}">{hit.title}</a></h3><cite>{escape(page)}</cite>'
            f'<p class="listing-item__summary">{hit.updated} - {hit.snippet}</p></article>'
        )

    def _link(self, query: str, start: int) -> str:
        return url(self.entry, collection="council-web", query=query, num_ranks=self.size, start_rank=start)


class Domino(Dialect):
    """Lotus Domino: a search view with `Start` and `Count`."""

    entry = "/web/search.nsf/SiteSearch"
    field = "Query"
    mark = ""

    def box(self, query: str = "") -> str:
        hidden = {"SearchView": "", "SearchMax": "0", "SearchWV": "TRUE", "Start": "1", "Count": str(self.size)}
        return self.form(query, hidden=hidden, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("Query", "")
        window = self.window(query, number(fields.get("Start"), 1) - 1)
        if not window.hits:
            main = f"<B>No documents match your query</B><BR>You asked for: {escape(query)}"
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<TR><TD><IMG SRC="/icons/vwicn205.gif" ALT="{99 - hit.rank % 50}%"></TD><TD>{hit.updated}</TD><TD>'
            f'<A HREF="{escape(hit.path)}">{hit.title}</A></TD></TR>'
            for hit in window.hits
        )
        turn = []
        if window.first:
            turn.append(f'<A HREF="{self._link(query, window.first - self.size + 1)}">Previous</A>')
        if window.more:
            turn.append(f'<A HREF="{self._link(query, window.last + 1)}">Next</A>')
        main = (
            f'<B>{window.total} documents found</B> for "{escape(query)}" (showing {window.first + 1} to {window.last})'
            f'<TABLE BORDER="0">{rows}</TABLE>{" | ".join(turn)}'
        )
        return self.host.results("Search", main, query)

    def _link(self, query: str, start: int) -> str:
        return f"{self.entry}?SearchView&amp;{url('', Query=query, SearchMax=0, SearchWV='TRUE', Start=start, Count=self.size)[1:]}"
