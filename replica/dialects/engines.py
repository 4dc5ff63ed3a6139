"""Stand-alone engines of the late 1990s: Index Server, ht://Dig, Ultraseek, Verity."""

from html import escape

from replica.dialects.base import Dialect, Hit, Window, number, pager, raw_url, url
from replica.exchange import Request, Response


class IndexServer(Dialect):
    """Microsoft Index Server: the next page is a form of hidden fields."""

    entry = "/scripts/query.idq"
    field = "CiRestriction"
    mark = ""

    def box(self, query: str = "") -> str:
        return self.form(query, hidden=self._hidden, button="Execute Query")

    @property
    def _hidden(self) -> dict[str, str]:
        return {
            "CiScope": "/",
            "CiMaxRecordsPerPage": str(self.size),
            "TemplateName": "query",
            "CiSort": "rank[d]",
            "HTMLQueryForm": "/search.htm",
        }

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("CiRestriction", "")
        first = number(fields.get("CiBookmark", "0"), 0) + number(fields.get("CiBookmarkSkipCount", "0"), 0)
        window = self.window(query, first)
        shown = escape(query)
        if not window.hits:
            main = f'<h2>Search results</h2><p>No documents matched the query "{shown}".</p>'
        else:
            main = (
                f'<h2>Documents {window.first + 1} to {window.last} of {window.total} matching the query "{shown}".</h2>'
                f"<dl>{''.join(map(self._row, window.hits))}</dl><hr>{self._turn(window)}"
            )
        return self.host.results("Search results", main, query)

    def _row(self, hit: Hit) -> str:
        link = escape(hit.path)
        return (
            f'<dt>{hit.rank}. <b><a href="{link}">{hit.title}</a></b></dt><dd><b><i>Abstract: </i></b>{hit.snippet}<br>'
            f'<cite><a href="{link}">{escape(self.host.home + hit.path[1:])}</a></cite> '
            f"<font size=-1>size {hit.size:,} bytes - {hit.updated} GMT</font></dd>"
        )

    def _turn(self, window: Window) -> str:
        buttons = []
        if window.first:
            buttons.append((-self.size, f"Previous {self.size} documents"))
        if window.more:
            buttons.append((self.size, f"Next {min(self.size, window.total - window.last)} documents"))
        return "".join(
            f'<form action="{self.entry}" method="get"><input type="hidden" name="CiBookmark" value="{window.first}">'
            f'<input type="hidden" name="CiBookmarkSkipCount" value="{skip}">'
            f'<input type="hidden" name="CiRestriction" value="{escape(window.query)}">'
            + "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in self._hidden.items())
            + f'<input type="submit" value="{label}"></form>'
            for skip, label in buttons
        )


class HtDig(Dialect):
    """ht://Dig: the form posts, the paging links get, semicolons between the fields."""

    entry = "/cgi-bin/htsearch"
    field = "words"
    mark = "strong"
    method = "post"

    def box(self, query: str = "") -> str:
        return self.form(query, self.method, {"config": "htdig", "restrict": "", "exclude": "", "method": "and"})

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        request = Request(request.method, request.target.replace(";", "&"), request.headers, request.body)
        fields = request.fields()
        query = fields.get("words", "")
        window = self.window(query, (max(1, number(fields.get("page"), 1)) - 1) * self.size)
        if not window.hits:
            main = f"<h2>No matches were found for '{escape(query)}'</h2><p>Check the spelling of the search word(s) you used.</p>"
            return self.host.results("No match", main, query)
        return self.host.results(f"Search results for '{query}'", self._found(window), query)

    def _found(self, window: Window) -> str:
        rows = "".join(
            f'<dl><dt><strong><a href="{escape(hit.path)}">{hit.title}</a></strong> {"*" * (1 + hit.rank % 4)}</dt>'
            f'<dd>{hit.snippet}<br><em><a href="{escape(hit.path)}">{escape(self.host.home + hit.path[1:])}</a></em> '
            f'<font size="-1">{hit.updated}, {hit.size} bytes</font></dd></dl>'
            for hit in window.hits
        )
        pages = " ".join(
            f"<strong>{page}</strong>" if page == window.page else f'<a href="{link}">{page}</a>'
            for page, link in pager(window, self._link(window.query, "{page}"), 10)
        )
        before = f'<a href="{self._link(window.query, window.page - 1)}">[previous]</a>' if window.page > 1 else ""
        after = f'<a href="{self._link(window.query, window.page + 1)}">[next]</a>' if window.more else ""
        return (
            f"<h2>Search results for '{escape(window.query)}'</h2><hr noshade size=1><b>Documents {window.first + 1} - "
            f"{window.last} of {window.total} matches. More <b>*</b>'s indicate a better match.</b><hr noshade size=1>"
            f'{rows}<hr noshade size=1>Pages:<br>{before} {pages} {after}<hr><a href="http://www.htdig.org/">ht://Dig 3.1.6</a>'
        )

    def _link(self, query: str, page: int | str) -> str:
        words = escape(query.replace(" ", "+"))
        return f"{self.entry}?config=htdig;method=and;format=builtin-long;sort=score;words={words};page={page}"


class HtDigShort(HtDig):
    """ht://Dig in its short format: bare links, arrows that are pictures, and a form that gets."""

    method = "get"

    def _found(self, window: Window) -> str:
        rows = "".join(
            f'<img src="/htdig/star.gif" alt="*"> <strong><a href="{escape(hit.path)}">{hit.title}</a></strong><br>'
            for hit in window.hits
        )
        after = before = ""
        if window.page > 1:
            link = self._link(window.query, window.page - 1)
            before = f'<a href="{link}"><img src="/htdig/buttonl.gif" border="0" alt="prev"></a>'
        if window.more:
            link = self._link(window.query, window.page + 1)
            after = f'<a href="{link}"><img src="/htdig/buttonr.gif" border="0" alt="next"></a>'
        return (
            f"<h3>{window.total} matches</h3><p>Documents {window.first + 1} - {window.last} of {window.total} matches.</p>"
            f"{rows}<p>{before} {after}</p>"
        )


class Ultraseek(Dialect):
    """Infoseek Ultraseek: `st` is the first result, `nh` how many."""

    entry = "/query.html"
    field = "qt"

    def box(self, query: str = "") -> str:
        return self.form(query, hidden={"col": "website", "charset": "utf-8", "nh": str(self.size)}, button="Seek")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("qt", "")
        window = self.window(query, number(fields.get("st"), 1) - 1)
        if not window.hits:
            main = (
                f"<p>Results for: <b>{escape(query)}</b></p><p><b>No results were found.</b> Check your spelling.</p>"
            )
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<tr><td valign="top">{hit.rank}.</td><td><a href="{escape(hit.path)}"><b>{hit.title}</b></a><br>'
            f"<small>{hit.snippet}</small><br><small><i>{escape(self.host.home + hit.path[1:])}</i> - {hit.updated}</small>"
            "</td></tr>"
            for hit in window.hits
        )
        turn = []
        if window.first:
            turn.append(f'<a href="{self._link(query, window.first - self.size + 1)}">&lt;&lt; Prev {self.size}</a>')
        turn.append(f"{window.first + 1}-{window.last}")
        if window.more:
            turn.append(f'<a href="{self._link(query, window.last + 1)}">Next {self.size} &gt;&gt;</a>')
        main = (
            f"<p>Results for: <b>{escape(query)}</b></p><p><b>{window.total}</b> results found, sorted by relevance</p>"
            f'<p align="right">{" | ".join(turn)}</p><table>{rows}</table><p align="right">{" | ".join(turn)}</p>'
        )
        return self.host.results(f"Search: {query}", main, query)

    def _link(self, query: str, start: int) -> str:
        return url(self.entry, col="website", charset="utf-8", qt=query, st=start, nh=self.size)


class Verity(Dialect):
    """Verity Search'97: templates by name, results under a base address."""

    entry = "/cgi-bin/s97_cgi.exe"
    field = "queryText"
    mark = "strong"

    def box(self, query: str = "") -> str:
        hidden = {
            "Action": "Search",
            "Collection": "webcol",
            "ResultTemplate": "default.hts",
            "ResultCount": str(self.size),
        }
        return self.form(query, hidden=hidden, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("queryText", "")
        window = self.window(query, number(fields.get("ResultStart"), 1) - 1)
        if fields.get("Action") != "Search" or not window.hits:
            return self.host.results(
                "Search results", "<h3>Nothing was found.</h3><p>Please broaden your search.</p>", query
            )
        base = f"/{self.host.plan.pages.split('/')[1]}/" if "base" in self.host.plan.extras else ""
        rows = "".join(
            f"<tr><td>{95 - hit.rank % 40}%</td><td>"
            f'<a href="{escape(hit.path.removeprefix(base))}">{hit.title}</a></td><td>{hit.updated}</td></tr>'
            f'<tr><td></td><td colspan="2">{hit.snippet}</td></tr>'
            for hit in window.hits
        )
        after = ""
        if window.more:
            link = raw_url(
                self.entry,
                Action="Search",
                Collection="webcol",
                ResultTemplate="default.hts",
                queryText=query,
                ResultStart=window.last + 1,
                ResultCount=self.size,
            )
            after = f'<p><a href="{link}">Next page &gt;</a></p>'
        main = (
            f"<h3>{window.total} documents found</h3><p>Showing {window.first + 1} to {window.last} for <em>{escape(query)}</em>"
            f'</p><table border="1"><tr><th>Score</th><th>Title</th><th>Date</th></tr>{rows}</table>{after}'
        )
        return self.host.results("Search results", main, query)
