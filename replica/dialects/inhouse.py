"""Searches that a council's own web team wrote, no two alike."""

import json
from html import escape, unescape

from replica.dialects.base import Dialect, Hit, Window, number, pager, raw_url, url
from replica.exchange import Request, Response


class Loose(Dialect):
    """No lists, no classes: links, text and line breaks."""

    entry = "/search.aspx"
    field = "terms"
    mark = ""

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("terms", "")
        page = max(1, number(fields.get("pg"), 1))
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            main = f"<B>Search</B><BR>Your search for {escape(query)} returned 0 results.<BR>Please try using different keywords."
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<A HREF="{hit.path}">{hit.title}</A><BR>{hit.snippet}<BR><FONT SIZE="-2">{hit.updated}</FONT><BR><BR>\n'
            for hit in window.hits
        )
        turn = " | ".join(
            f"<B>{shown}</B>" if shown == page else f'<A HREF="{link}">{shown}</A>'
            for shown, link in pager(window, url(self.entry, terms=query) + "&amp;pg={page}")
        )
        if window.more:
            turn += f' | <A HREF="{url(self.entry, terms=query, pg=page + 1)}">Next</A>'
        main = f"<B>Search</B><BR>Your search for {escape(query)} returned {window.total} results<BR><BR>{rows}{turn}"
        return self.host.results("Search", main, query)


class DefinitionList(Dialect):
    """Titles and summaries as a definition list; the count stands in the pager."""

    entry = "/search/results.cfm"
    field = "q"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Find")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        page = max(1, number(fields.get("page"), 1))
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            main = "<h1>Search</h1><p>Sorry, there are no pages on this site that match your search.</p>"
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<dt><a class="{hit.form}" href="{escape(hit.path)}">{hit.title}</a></dt><dd><p class="url">'
            f"{escape(self.host.home + hit.path[1:])}</p><p>{hit.snippet}</p></dd>"
            for hit in window.hits
        )
        count = (
            f"Result {window.total} of 1"
            if window.total == 1
            else f"{window.first + 1}–{window.last} of {window.total} results"
        )
        before = f'<a href="{url(self.entry, q=query, page=page - 1)}">&lt; Previous</a>' if page > 1 else ""
        after = f'<a href="{url(self.entry, q=query, page=page + 1)}">Next &gt;</a>' if window.more else ""
        turn = f'<div class="paging"><p class="pagingResultsInContext">{count}</p><p>{before} {after}</p></div>'
        return self.host.results(f"Search for {query}", f"<h1>Search</h1>{turn}<dl>{rows}</dl>{turn}", query)


class Buttons(Dialect):
    """Paging by submit buttons inside the search form."""

    entry = "/SearchResults"
    field = "searchtext"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("searchtext", "")
        first = number(fields.get("from"), 0)
        if "move" in fields:
            first += -self.size if fields["move"].startswith("Previous") else self.size
        window = self.window(query, first)
        if not window.hits:
            return self.host.results("Search", f"<h2>Search</h2><p>0 matches for '{escape(query)}'.</p>", query)
        note = self.host.classes["note"]
        rows = "".join(
            f'<tr><td>{hit.rank}</td><td><a href="{escape(hit.path)}">{hit.title}</a><div class="{note}">{hit.snippet}</div></td>'
            f"<td>{hit.updated}</td></tr>"
            for hit in window.hits
        )
        buttons = ""
        if window.first:
            buttons += f'<input type="submit" name="move" value="Previous {self.size}" />'
        if window.more:
            buttons += f'<input type="submit" name="move" value="Next {self.size}" />'
        main = (
            f"<h2>Search</h2><p>{window.total} matches for '{escape(query)}', showing {window.first + 1} to {window.last}</p>"
            f'<table class="{self.host.classes["list"]}">{rows}</table>'
            f'<form action="{self.entry}" method="get"><input type="hidden" name="searchtext" value="{escape(query)}" />'
            f'<input type="hidden" name="from" value="{window.first}" />{buttons}</form>'
        )
        return self.host.results("Search", main, query)


class Cards(Dialect):
    """Boxes with a heading; numbered pages and no 'next'."""

    entry = "/search.asp"
    field = "search"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("search", "")
        page = max(1, number(fields.get("p"), 1))
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            return self.host.results(
                "Search", f"<h1>Search</h1><p>We found nothing. No results for “{escape(query)}”.</p>", query
            )
        names = self.host.classes
        rows = "".join(
            f'<div class="{names["item"]}"><a href="{hit.path}"><h3>{hit.title}</h3></a><p>{hit.snippet}</p>'
            f'<span class="{names["note"]}">{hit.updated}</span></div>'
            for hit in window.hits
        )
        turn = " ".join(
            f"<b>{shown}</b>" if shown == page else f'<a href="{link}">{shown}</a>'
            for shown, link in pager(window, url(self.entry, search=query) + "&amp;p={page}", 7)
        )
        main = (
            f"<h1>Search</h1><p>Showing {window.first + 1}-{window.last} of {window.total} results</p>"
            f'<div class="{names["list"]}">{rows}</div><p>Pages: {turn}</p>'
        )
        return self.host.results("Search", main, query)


class PagesOnly(Dialect):
    """Tells how many pages of results there are, never how many results."""

    entry = "/search/index.aspx"
    field = "search_keywords"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("search_keywords", "")
        page = max(1, number(fields.get("PageNo"), 1))
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            return self.host.results(
                "Search", "<h1>Search</h1><p>No matching results. Please check your spelling.</p>", query
            )
        rows = "".join(
            f'<tr><td><a class="sys_16" href="{hit.path}">{hit.title}</a></td><td>{hit.snippet}</td></tr>'
            for hit in window.hits
        )
        link = url(self.entry, search_keywords=query)
        before = f'<a href="{link}&amp;PageNo={page - 1}">Back</a>' if page > 1 else ""
        after = f'<a href="{link}&amp;PageNo={page + 1}">Next page</a>' if window.more else ""
        main = (
            f"<h1>Search: {escape(query)}</h1><p>{before} Page {page} of {window.pages} {after}</p>"
            f'<table summary="Search results"><tr><th>Page</th><th>Summary</th></tr>{rows}</table>'
        )
        return self.host.results("Search", main, query)


class Counted(Dialect):
    """Thousands with a comma, arrows for paging (the double arrow leads to the last page)."""

    entry = "/corporate/web/search/results.asp"
    field = "searchterm"

    def box(self, query: str = "") -> str:
        return self.form(query, hidden={"siteid": "all"}, button="Go")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("searchterm", "")
        page = max(1, number(fields.get("pg"), 1))
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            main = f"<h2>Search results</h2><p>Sorry, no results were found for <b>{escape(query)}</b>.</p>"
            return self.host.results("Search results", main, query)
        rows = "".join(
            f'<li value="{hit.rank}"><a href="{escape(hit.path)}">{hit.title}</a><br>{hit.snippet}</li>'
            for hit in window.hits
        )
        link = url(self.entry, siteid="all", searchterm=query)
        turn = ""
        if page > 1:
            turn += f'<a href="{link}&amp;pg=1">&lt;&lt;</a> <a href="{link}&amp;pg={page - 1}">&lt;</a> '
        if window.more:
            turn += f'<a href="{link}&amp;pg={page + 1}">&gt;</a> <a href="{link}&amp;pg={window.pages}">&gt;&gt;</a>'
        main = (
            f"<h2>Search results</h2><p>Your search found <b>{window.total:,}</b> pages for <b>{escape(query)}</b>. Showing page "
            f"{page} of {window.pages}.</p><ol>{rows}</ol><p>{turn}</p>"
        )
        return self.host.results("Search results", main, query)


class ColdFusion(Dialect):
    """One script for the whole site: without the form's hidden field it shows something else."""

    entry = "/index.cfm"
    field = "criteria"

    def box(self, query: str = "") -> str:
        return self.form(query, hidden={"fuseaction": "search.results", "scope": "all"}, button="Search")

    def respond(self, request: Request) -> Response | None:
        fields = request.fields(self.host.plan.codec)
        if request.path != self.entry or fields.get("fuseaction") != "search.results":
            return None
        query = fields.get("criteria", "")
        window = self.window(query, number(fields.get("startrow"), 1) - 1)
        if not window.hits or fields.get("scope") != "all":
            main = f"<h3>Search</h3>Found no records for <i>{escape(query)}</i>. Nothing was found."
            return self.host.results("Search", main, query)
        return self.host.results("Search", self._table(window), query)

    def _table(self, window: Window) -> str:
        def row(hit: Hit) -> str:
            shade = "#EEEEEE" if hit.rank % 2 else "#FFFFFF"
            return (
                f'<TR BGCOLOR="{shade}"><TD>{hit.rank}.</TD><TD><A HREF="{escape(hit.path)}">{hit.title}</A></TD>'
                f"<TD>{hit.updated}</TD></TR><TR><TD></TD><TD COLSPAN=2>{hit.snippet}</TD></TR>"
            )

        query = window.query
        turn = []
        if window.first:
            turn.append(f'<A HREF="{self._link(query, window.first - self.size + 1)}">Previous records</A>')
        if window.more:
            turn.append(f'<A HREF="{self._link(query, window.last + 1)}">More records</A>')
        return (
            f"<h3>Search</h3>Found {window.total} records for <i>{escape(query)}</i>. Displaying records {window.first + 1} to "
            f'{window.last}.<TABLE CELLPADDING="3">{"".join(map(row, window.hits))}</TABLE>{" - ".join(turn)}'
        )

    def _link(self, query: str, start: int) -> str:
        return raw_url(self.entry, fuseaction="search.results", scope="all", criteria=query, startrow=start)


class Json(Dialect):
    """The form leads straight to JSON, written for a script that is not there."""

    entry = "/search/results.json"
    field = "q"

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        window = self.window(query, number(fields.get("offset"), 0))
        answer = {
            "query": query,
            "total": window.total,
            "offset": window.first,
            "limit": self.size,
            "results": [
                {
                    "title": unescape(hit.title),
                    "url": hit.path,
                    "summary": hit.snippet,
                    "type": hit.form,
                    "modified": hit.updated,
                }
                for hit in window.hits
            ],
            "next": raw_url(self.entry, q=query, offset=window.last) if window.more else None,
        }
        return Response(json.dumps(answer).encode(), type="application/json; charset=utf-8")
