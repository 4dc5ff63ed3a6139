"""An ASP.NET WebForms search: everything is a post-back that must echo the page's own state."""

import base64
import hashlib
import hmac
import json
from html import escape

from replica.dialects.base import Dialect, Window
from replica.exchange import Request, Response

_SECRET = b"a pretend machine key"
_BOX = "ctl00$Search$txtFor"
_GO = "ctl00$Search$btnGo"
_GRID = "ctl00$Main$gvResults"
_SPAN = 10


class PostBack(Dialect):
    """A GridView of hits. `__VIEWSTATE` carries query and page, `__EVENTVALIDATION` what that page may ask next.

    A post without them, with tampered ones, or with an argument that the state's own page did not offer is
    answered with the error page that ASP.NET gives (status 500).
    """

    entry = "/search/default.aspx"
    field = _BOX

    def box(self, query: str = "") -> str:
        return self._open(query, 0) + self._input(query) + "</form>"

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        if request.method != "POST":
            return self.host.results("Search", f"<h1>Search</h1>{self.box()}", "")
        fields = request.fields(self.host.plan.codec)
        state = _opened(fields.get("__VIEWSTATE", ""))
        if state is None or not _same(fields.get("__EVENTVALIDATION", ""), _sealed(*state, "valid")):
            return self._refused("The state information is invalid for this page and might be corrupted.")
        query, page = state
        if _GO in fields or not fields.get("__EVENTTARGET"):
            query, page = fields.get(_BOX, ""), 1
        else:
            offered = {f"Page${number}" for number, _ in self._numbers(query, page)}
            if fields["__EVENTTARGET"] != _GRID or fields.get("__EVENTARGUMENT") not in offered:
                return self._refused("Invalid postback or callback argument.")
            page = int(fields["__EVENTARGUMENT"].removeprefix("Page$"))
        return self._found(query, page)

    def _found(self, query: str, page: int) -> Response:
        window = self.window(query, (page - 1) * self.size)
        if not window.hits:
            body = f"<span id=\"ctl00_Main_lblNone\">No documents match your query '{escape(query)}'.</span>"
        else:
            body = self._grid(window)
        main = f"<h1>Search results</h1>{self._open(query, page)}{self._input(query)}{body}</form>"
        return self.host.results("Search results", main, query)

    def _grid(self, window: Window) -> str:
        rows = "".join(
            f'<tr class="{"grdAlt" if hit.rank % 2 else "grdRow"}"><td>{hit.rank}</td><td><a href="{hit.path}">{hit.title}</a>'
            f"<br />{hit.snippet}</td><td>{hit.updated}</td></tr>"
            for hit in window.hits
        )
        cells = []
        for number, label in self._numbers(window.query, window.page):
            script = escape(f"javascript:__doPostBack('{_GRID}','Page${number}')", quote=False)
            cells.append(f'<td><a href="{script}">{label}</a></td>')
            if number == window.page - 1:
                cells.append(f"<td><span>{window.page}</span></td>")
        if window.page == 1:
            cells.insert(0, "<td><span>1</span></td>")
        turn = f'<tr class="grdPager"><td colspan="3"><table><tr>{"".join(cells)}</tr></table></td></tr>'
        return (
            f'<span id="ctl00_Main_lblCount">{window.total} records found, page {window.page} of {window.pages}</span>'
            f'<table cellspacing="0" rules="all" border="1" id="ctl00_Main_gvResults"><tr><th>No.</th><th>Document</th>'
            f"<th>Date</th></tr>{rows}{turn if window.pages > 1 else ''}</table>"
        )

    def _numbers(self, query: str, page: int) -> list[tuple[int, str]]:
        """Pages that the pager offers: ten at a time, '...' to the block before and after, not the current one."""
        pages = max(1, -(-len(self.host.find(query)) // self.size))
        start = (page - 1) // _SPAN * _SPAN + 1
        shown = [(number, str(number)) for number in range(start, min(start + _SPAN, pages + 1)) if number != page]
        if start > 1:
            shown.insert(0, (start - 1, "..."))
        if start + _SPAN <= pages:
            shown.append((start + _SPAN, "..."))
        return shown

    def _open(self, query: str, page: int) -> str:
        return (
            f'<form name="aspnetForm" method="post" action="{self.entry}" id="aspnetForm">'
            '<input type="hidden" name="__EVENTTARGET" id="__EVENTTARGET" value="" />'
            '<input type="hidden" name="__EVENTARGUMENT" id="__EVENTARGUMENT" value="" />'
            f'<input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="{_state(query, page)}" />'
            f'<input type="hidden" name="__EVENTVALIDATION" id="__EVENTVALIDATION" value="{_sealed(query, page, "valid")}" />'
            '<script type="text/javascript">function __doPostBack(t, a) { var f = document.forms["aspnetForm"];'
            " f.__EVENTTARGET.value = t; f.__EVENTARGUMENT.value = a; f.submit(); }</script>"
        )

    def _input(self, query: str) -> str:
        return (
            f'<input name="{_BOX}" type="text" id="ctl00_Search_txtFor" title="Search for" value="{escape(query)}" />'
            f'<input type="submit" name="{_GO}" value="Search" id="ctl00_Search_btnGo" />'
        )

    def _refused(self, why: str) -> Response:
        text = f"<html><head><title>{why}</title></head><body><h1>Server Error in '/' Application.</h1><h2>{why}</h2></body></html>"
        return Response(text.encode(), 500)


def _state(query: str, page: int) -> str:
    held = json.dumps([query, page, _sealed(query, page, "state")])
    return base64.b64encode(held.encode()).decode()


def _opened(state: str) -> tuple[str, int] | None:
    try:
        query, page, seal = json.loads(base64.b64decode(state, validate=True))
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(query, str) or not isinstance(page, int) or not isinstance(seal, str):
        return None
    return (query, page) if _same(seal, _sealed(query, page, "state")) else None


def _sealed(query: str, page: int, purpose: str) -> str:
    digest = hmac.new(_SECRET, f"{purpose}\0{page}\0{query}".encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _same(sent: str, right: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "replace"), right.encode())
