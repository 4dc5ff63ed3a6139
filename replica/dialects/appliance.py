"""Google's search appliance: its own HTML with an estimated total, and the XML behind it."""

from html import escape

from replica.dialects.base import Dialect, Window, number, pager, url
from replica.exchange import Request, Response


class Appliance(Dialect):
    """HTML results: 'of about N', an estimate until the last page, where it is exact.

    The appliance needs to be told its collection: without the form's hidden fields it has nothing to say.
    """

    entry = "/search"

    @property
    def _hidden(self) -> dict[str, str]:
        name = self.host.plan.name.split()[0].lower()
        return {
            "site": f"{name}_collection",
            "client": f"{name}_frontend",
            "output": "xml_no_dtd",
            "proxystylesheet": f"{name}_frontend",
            "num": str(self.size),
        }

    def box(self, query: str = "") -> str:
        return self.form(query, hidden=self._hidden, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        if any(fields.get(name) != self._hidden[name] for name in ("site", "client", "proxystylesheet")):
            return Response(b'<?xml version="1.0"?><GSP VER="3.2"><TM>0.00</TM></GSP>', type="text/xml")
        window = self.window(query, number(fields.get("start"), 0))
        if not window.hits:
            return self.host.results("Search results", self._nothing(query), query)
        shown = escape(query)
        links = "".join(
            f'<td><a href="{self._link(query, (page - 1) * self.size)}">{page}</a></td>'
            if page != window.page
            else f"<td>{page}</td>"
            for page, _ in pager(window, "")
        )
        if window.first:
            links = f'<td><a href="{self._link(query, window.first - self.size)}">Previous</a></td>{links}'
        if window.more:
            links += f'<td class="b"><a href="{self._link(query, window.last)}">Next</a></td>'
        rows = "".join(
            f'<p class="g"><a href="{self.host.home}{hit.path[1:]}"><span class="l">{hit.title}</span></a>'
            f"<br><font size=-1>{hit.snippet}<br><font color=#008000>{escape(self.host.home[7:] + hit.path[1:])} - "
            f"{hit.size // 1024}k</font></font></p>"
            for hit in window.hits
        )
        main = (
            f'<table width="100%"><tr><td>Results <b>{window.first + 1}</b> - <b>{window.last}</b> of about '
            f"<b>{_estimate(window):,}</b> for <b>{shown}</b>. &nbsp; Search took <b>0.05</b> seconds.</td></tr></table>"
            f"{self._meant(query)}{self._promoted(query)}{rows}<table><tr>{links}</tr></table>"
        )
        return self.host.results(f"Google Search: {query}", main, query)

    def _link(self, query: str, start: int) -> str:
        return url(self.entry, q=query, **self._hidden, start=start)

    def _nothing(self, query: str) -> str:
        return (
            f"{self._meant(query)}<p>Your search - <b>{escape(query)}</b> - did not match any documents.<br>No pages were found "
            "containing <b>your words</b>.</p><ul><li>Try different keywords.</li></ul>"
        )

    def _meant(self, query: str) -> str:
        """The appliance takes 'mentoring' for a slip, whether it found any or not."""
        if query.lower() != "mentoring":
            return ""
        return f'<p>Did you mean: <a href="{self._link("monitoring", 0)}"><b><i>monitoring</i></b></a></p>'

    def _promoted(self, query: str) -> str:
        if "coach" not in query.lower():
            return ""
        return '<table bgcolor="#eeeeff"><tr><td>KeyMatch: <a href="/">Leisure and travel pages</a></td></tr></table>'


def _estimate(window: Window) -> int:
    """A rounded guess within a tenth of the truth, never below what has been shown; the truth on the last page."""
    if not window.more:
        return window.total
    drift = sum(map(ord, window.query)) % 17 - 8
    guess = round(window.total * (1 + drift / 100), -1 if window.total > 200 else 0)
    return max(int(guess), window.last + 1)


class ApplianceXml(Dialect):
    """The appliance without a stylesheet: the form of the site leads straight to XML."""

    entry = "/search"

    def box(self, query: str = "") -> str:
        hidden = {"site": "default_collection", "client": "surrey", "output": "xml_no_dtd", "num": str(self.size)}
        return self.form(query, hidden=hidden, button="Search")

    def respond(self, request: Request) -> Response | None:
        if request.path != self.entry:
            return None
        fields = request.fields()
        query = fields.get("q", "")
        window = self.window(query, number(fields.get("start"), 0))
        kept = {"q": query, "site": "default_collection", "client": "surrey", "output": "xml_no_dtd", "num": self.size}
        params = "".join(
            f'<PARAM name="{k}" value="{escape(str(v))}" original_value="{escape(str(v))}"/>' for k, v in kept.items()
        )
        found = ""
        if window.hits:
            before = f"<PU>{url(self.entry, **kept, start=window.first - self.size)}</PU>" if window.first else ""
            after = f"<NU>{url(self.entry, **kept, start=window.last)}</NU>" if window.more else ""
            rows = "".join(
                f'<R N="{hit.rank}"><U>{self.host.home}{escape(hit.path[1:])}</U><T>{escape(hit.title)}</T><RK>5</RK>'
                f'<FS NAME="date" VALUE="{hit.updated}"/><S>{escape(hit.snippet)}</S><LANG>en</LANG>'
                f'<HAS><L/><C SZ="{hit.size // 1024}k" CID="x{hit.rank}"/></HAS></R>'
                for hit in window.hits
            )
            found = f'<RES SN="{window.first + 1}" EN="{window.last}"><M>{window.total}</M><NB>{before}{after}</NB>{rows}</RES>'
        body = (
            f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><GSP VER="3.2"><TM>0.0312</TM><Q>{escape(query)}</Q>'
            f"{params}{found}</GSP>"
        )
        return Response(body.encode(), type="text/xml; charset=UTF-8")
