"""Searches that come with a content management system: Plone, SharePoint, Drupal, WordPress, Umbraco, Wagtail."""

from html import escape

from replica.dialects.base import Dialect, number, pager, url
from replica.exchange import Request, Response


class Plone(Dialect):
    """Plone: an offset called `b_start:int`."""

    entry = "/search"
    field = "SearchableText"

    def box(self, query: str = "") -> str:
        return (
            f'<form name="searchform" action="{self.entry}" id="searchGadget_form"><label class="hiddenStructure" '
            f'for="searchGadget">Search Site</label><input name="SearchableText" type="text" size="20" id="searchGadget" '
            f'class="visibility:visible inputLabel" title="Search Site" value="{escape(query)}" />'
            '<input class="searchButton" type="submit" value="Search" /></form>'
        )

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("SearchableText", "")
        window = self.window(query, number(fields.get("b_start:int"), 0))
        top = f'<h1 class="documentFirstHeading">Search results for <span>{escape(query)}</span></h1>'
        if not window.hits:
            return self.host.results("Search results", f"{top}<p><strong>No results were found.</strong></p>", query)
        rows = "".join(
            f'<dt class="contenttype-document"><a class="state-published" href="{self.host.home}{escape(hit.path[1:])}">{hit.title}'
            f'</a></dt><dd><span>{hit.snippet}</span><br /><cite class="documentByLine">last modified {hit.updated}</cite></dd>'
            for hit in window.hits
        )
        bar = []
        if window.first:
            link = self._link(query, window.first - self.size)
            bar.append(f'<span class="previous"><a href="{link}">&laquo; Previous {self.size} items</a></span>')
        if window.more:
            rest = min(self.size, window.total - window.last)
            bar.append(
                f'<span class="next"><a href="{self._link(query, window.last)}">Next {rest} items &raquo;</a></span>'
            )
        bar += [
            f'<a href="{self._link(query, (page - 1) * self.size)}">{page}</a>' if page != window.page else f"[{page}]"
            for page, _ in pager(window, "")
        ]
        main = (
            f'{top}<p><strong id="search-results-number">{window.total}</strong> items matching your search terms.</p>'
            f'<div id="search-results"><dl class="searchResults">{rows}</dl><div class="listingBar">{" ".join(bar)}</div></div>'
        )
        return self.host.results("Search results", main, query)

    def _link(self, query: str, start: int) -> str:
        return f"{self.entry}?b_start:int={start}&amp;{url('', SearchableText=query)[1:]}"


class SharePoint(Dialect):
    """SharePoint 2007: best bets, a refinement panel, `start1`."""

    entry = "/SearchCenter/Pages/results.aspx"
    field = "k"

    def box(self, query: str = "") -> str:
        return self.form(query, hidden={"s": "All Sites"}, button="Go Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("k", "")
        window = self.window(query, number(fields.get("start1"), 1) - 1)
        if not window.hits:
            main = (
                f'<div class="srch-results">We did not find any results for <b>{escape(query)}</b>.<br />Suggestions: check '
                "your spelling.</div>"
            )
            return self.host.results("Search Results", main, query)
        rows = "".join(
            f'<span class="srch-Icon"><img src="/_layouts/images/html16.gif" alt="" /></span><div class="srch-Title">'
            f'<a id="CSR_{hit.rank}" href="{self.host.home}{escape(hit.path[1:])}">{hit.title}</a></div>'
            f'<div class="srch-Description">{hit.snippet}</div><p class="srch-Metadata"><span class="srch-URL">'
            f'<a href="{self.host.home}{escape(hit.path[1:])}">{escape(self.host.home + hit.path[1:])}</a></span> - '
            f"{hit.size // 1024}KB - {hit.updated}</p>"
            for hit in window.hits
        )
        pages = "".join(
            f' <a href="{self._link(query, (page - 1) * self.size + 1)}">{page}</a>'
            if page != window.page
            else f" <strong>{page}</strong>"
            for page, _ in pager(window, "", 5)
        )
        after = ""
        if window.more:
            link = self._link(query, window.last + 1)
            picture = '<img src="/_layouts/images/next.gif" alt="Next" />'
            after = f' <a id="SRP_NextImg" title="Move to next page" href="{link}">{picture}</a>'
        best = ""
        if "coach" in query.lower():
            best = '<div class="srch-BestBets"><h3>Best Bets</h3><a href="/">Leisure services home</a></div>'
        main = (
            f'<div class="srch-stats"><b>{window.first + 1}-{window.last}</b> of <b>{window.total}</b> results. Your search '
            f'took 0.11 seconds.</div>{best}<div class="srch-results">{rows}</div><div class="srch-Page">{pages}{after}</div>'
        )
        return self.host.results("Search Results", main, query)

    def _link(self, query: str, start: int) -> str:
        return url(self.entry, k=query, s="All Sites", start1=start)


class Drupal(Dialect):
    """Drupal core: no total, pages counted from nought."""

    entry = "/search/node"
    field = "keys"
    mark = "strong"

    def box(self, query: str = "") -> str:
        return (
            f'<form action="{self.entry}" method="get" id="search-block-form"><div class="form-item" id="edit-keys-wrapper">'
            f'<label for="edit-keys">Search this site: </label><input type="text" maxlength="128" name="keys" id="edit-keys" '
            f'size="15" value="{escape(query)}" class="form-text" /></div><input type="submit" value="Search" '
            'class="form-submit" /></form>'
        )

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("keys", "")
        page = max(0, number(fields.get("page"), 0))
        window = self.window(query, page * self.size)
        if not window.hits:
            main = (
                '<h2 class="title">Your search yielded no results</h2><ul><li>Check if your spelling is correct.</li>'
                "<li>Remove quotes around phrases to match each word individually.</li></ul>"
            )
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<dt class="title"><a href="{hit.path}">{hit.title}</a></dt><dd><p class="search-snippet">{hit.snippet}</p>'
            f'<p class="search-info">Page - web editor - {hit.updated} - 0 attachments</p></dd>'
            for hit in window.hits
        )
        turn = []
        if page:
            turn.append(f'<li class="pager-previous"><a href="{self._link(query, page - 1)}">‹ previous</a></li>')
        turn += [
            f'<li class="pager-item"><a href="{self._link(query, shown - 1)}" title="Go to page {shown}">{shown}</a></li>'
            if shown != window.page
            else f'<li class="pager-current">{shown}</li>'
            for shown, _ in pager(window, "")
        ]
        if window.more:
            turn.append(
                f'<li class="pager-next"><a href="{self._link(query, page + 1)}" class="active">next ›</a></li>'
            )
            turn.append(f'<li class="pager-last last"><a href="{self._link(query, window.pages - 1)}">last »</a></li>')
        main = (
            f'<h2 class="title">Search results</h2><dl class="search-results node-results">{rows}</dl>'
            f'<div class="item-list"><ul class="pager">{"".join(turn)}</ul></div>'
        )
        return self.host.results("Search", main, query)

    def _link(self, query: str, page: int) -> str:
        return url(self.entry, page=page, keys=query) if page else url(self.entry, keys=query)


class WordPress(Dialect):
    """WordPress: the home page searches, pages are paths, no total."""

    entry = "/"
    field = "s"
    mark = ""

    def box(self, query: str = "") -> str:
        return (
            f'<form method="get" id="searchform" action="{self.host.home}"><div><input type="text" value="{escape(query)}" '
            'name="s" id="s" /><input type="submit" id="searchsubmit" value="Search" /></div></form>'
        )

    def respond(self, request: Request) -> Response | None:
        steps = request.path.strip("/").split("/")
        fields = request.fields()
        if "s" not in fields or (request.path != "/" and (steps[0] != "page" or len(steps) != 2)):
            return None
        page = number(steps[1], 1) if len(steps) == 2 else number(fields.get("paged"), 1)
        query = fields["s"]
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            main = (
                '<h2 class="pagetitle">Nothing Found</h2><p>Sorry, but nothing matched your search terms. Please try again '
                "with some different keywords.</p>"
            )
            return self.host.results("Nothing Found", main, query)
        rows = "".join(
            f'<div class="post" id="post-{hit.path.rpartition("=")[2]}"><h3 class="entry-title"><a href="{self.host.home}'
            f'{hit.path[1:]}" rel="bookmark">{hit.title}</a></h3><small>{hit.updated}</small><div class="entry-summary"><p>'
            f'{hit.snippet}</p></div><p class="postmetadata">Posted in <a href="/">Council</a> | Comments off</p></div>'
            for hit in window.hits
        )
        words = url("", s=query)
        before = f'<a href="/page/{page - 1}/{words}">&laquo; Previous page</a>' if page > 1 else ""
        after = f'<a class="next" href="/page/{page + 1}/{words}">Next page &raquo;</a>' if window.more else ""
        main = (
            f'<h2 class="pagetitle">Search Results for: {escape(query)}</h2><div class="navigation">{before} {after}</div>'
            f'{rows}<div class="navigation">{before} {after}</div>'
        )
        return self.host.results(f"Search Results for {query}", main, query)


class EzSearch(Dialect):
    """Umbraco with ezSearch: a page beyond the end is the last page again."""

    entry = "/search.aspx"
    field = "q"
    mark = "strong"

    def box(self, query: str = "") -> str:
        return (
            f'<form action="{self.entry}" method="get" class="ezsearch-form"><input type="text" name="q" class="ezsearch-box" '
            f'value="{escape(query)}" placeholder="Search..." /><input type="submit" value="Search" /></form>'
        )

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        window = self.window(query, (max(1, number(fields.get("p"), 1)) - 1) * self.size, clamp=True)
        if not window.hits:
            main = (
                f"{self.box(query)}<p>No results found for search term <strong>{escape(query)}</strong>.</p>"
                if query
                else self.box()
            )
            return self.host.results("Search", main, query)
        rows = "".join(
            f'<div class="ezsearch-result"><h2><a href="{hit.path}">{hit.title}</a></h2><p>{hit.snippet}</p></div>'
            for hit in window.hits
        )
        turn = [
            f'<a href="{url("", q=query, p=window.page - 1)}" class="prev">Prev</a>'
            if window.page > 1
            else '<span class="prev">Prev</span>'
        ]
        turn += [
            f'<a href="{link}" class="page">{page}</a>' if page != window.page else f'<span class="page">{page}</span>'
            for page, link in pager(window, url("", q=query) + "&amp;p={page}")
        ]
        turn.append(
            f'<a href="{url("", q=query, p=window.page + 1)}" class="next">Next</a>'
            if window.more
            else '<span class="next">Next</span>'
        )
        main = (
            f'{self.box(query)}<p class="ezsearch-result-count">Your search for <strong>"{escape(query)}"</strong> matched '
            f"<strong>{window.total}</strong> page(s).</p><p>Showing results <strong>{window.first + 1}</strong> to "
            f'<strong>{window.last}</strong>.</p>{rows}<div class="ezsearch-pager">{" ".join(turn)}</div>'
        )
        return self.host.results("Search", main, query)


class Wagtail(Dialect):
    """A young framework's sample template: no total, and a 'Next' that leads to the last page for ever."""

    entry = "/search/"
    field = "query"
    mark = ""

    def box(self, query: str = "") -> str:
        return self.form(query, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("query", "")
        page = max(1, number(fields.get("page"), 1))
        window = self.window(query, (page - 1) * self.size, clamp=True)
        if not window.hits:
            main = "<h1>Search</h1>" + ("<p>No results found</p>" if query else "")
            return self.host.results("Search", main, query)
        rows = "".join(f'<li><h4><a href="{hit.path}">{hit.title}</a></h4>{hit.snippet}</li>' for hit in window.hits)
        before = f'<a href="{url(self.entry, query=query, page=page - 1)}">Previous</a> ' if page > 1 else ""
        main = f'<h1>Search</h1><ul>{rows}</ul>{before}<a href="{url(self.entry, query=query, page=page + 1)}">Next</a>'
        return self.host.results("Search", main, query)
