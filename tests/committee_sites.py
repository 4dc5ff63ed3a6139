"""Pretend committee systems on loopback ports, written from the fact sheet (search-platforms.md, S42 and S43) alone.

Not by the reader's author: what they list, and in which order, is worked out here from the meetings, never from markup.
`ModernGov` and `Cmis` know what each query has (`hits`), so a test compares addresses, not numbers.
"""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from tests.running import Answer

Fields = dict[str, str]
TOPICS = ("mentoring for new teachers", "coaching in schools", "highway repairs", "library opening hours")
FRAMEWORK = "the National Framework for Mentoring and Coaching"


@dataclass
class Sent:
    """One request that came in."""

    method: str
    path: str
    fields: Fields


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None: ...  # a killed crawl hangs up without a word


class CommitteeSite:
    """A local server; `answer` says what comes back."""

    def __init__(self, main_url: str = "http://127.0.0.1:9/") -> None:
        self.main_url, self.asked = main_url, []  # type: ignore[var-annotated]
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.reply(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self.reply(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())

            def reply(self, query: str) -> None:
                path = urlsplit(self.path).path
                fields = dict(parse_qsl(query, keep_blank_values=True))
                site.asked.append(Sent(self.command, path, fields))
                answer = site.answer(self.command, path, fields)
                body = answer.body.encode() if isinstance(answer.body, str) else answer.body
                self.send_response(answer.status)
                headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
                for name, value in (headers | answer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.allow = f"127.0.0.1:{self.server.server_port}"
        self.root = f"http://{self.allow}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, fields: Fields) -> Answer:
        """What one request gets."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()


# -- ModernGov ---------------------------------------------------------------------------------------------------------------


@dataclass
class Block:
    """What ModernGov lists as one result: a meeting or an issue, its matching agenda items and their documents."""

    head: str
    title: str
    papers: list[tuple[str, str, str]] = field(default_factory=list)  # kind (item | document), address, title
    snippet: str = ""

    @property
    def text(self) -> str:
        """All that it is found by."""
        return " ".join([self.title, self.snippet, *(title for _, _, title in self.papers)])

    @property
    def hits(self) -> list[str]:
        """The addresses that a reader is to bring: the papers, or the meeting or issue where it has none."""
        return [url for _, url, _ in self.papers] or [self.head]


def blocks() -> list[Block]:
    """160 results: meetings with one to three items, some with documents, some with nothing else, and issues."""
    found = []
    for n in range(160):
        topic = TOPICS[n % 4]
        title = f"Schools Forum - {1 + n % 28:02}/{1 + n % 12:02}/20{10 + n % 15}"
        block = Block(f"ieListDocuments.aspx?CId={100 + n % 3}&MId={4000 + n}&Ver=4", title)
        block.snippet = f"The Forum noted a report on {topic} ({n})."
        if n % 9 == 4:
            block.head, block.title = f"mgIssueHistoryHome.aspx?IId={7000 + n}", f"Plan {n} for {topic}"
            block.snippet = f"Issue: {topic}."
        elif n % 7 != 5:
            block.papers = [
                ("item", f"{block.head}#AI{9000 + 10 * n + i}", f"Report {i + 1}.{n} on {topic}")
                for i in range(1 + n % 3)
            ]
        if n % 9 != 4 and n % 3 == 1:
            block.papers.append(("document", f"documents/s{500 + n}/Report%20{n}.pdf", f"Paper {n}: {topic}"))
        if n == 44:
            block.papers.append(("document", "mgConvert2PDF.aspx?ID=4044", f"Printed minutes {n}"))
        if n in (8, 48):
            block.snippet = f"Minutes: {topic}, and {FRAMEWORK} of the county."
        if n == 52:
            block.snippet = f"Minutes: a national view of the framework of {topic}, for mentoring and coaching."
        found.append(block)
    return found


class ModernGov(CommitteeSite):
    """ModernGov: no total, ten blocks a page between <hr>, and three ways to get no answer."""

    per_page = 10

    def __init__(self, main_url: str = "http://127.0.0.1:9/", *, forbid_search: bool = False) -> None:
        self.blocks = blocks()
        self.forbid_search = forbid_search
        super().__init__(main_url)
        self.home = f"{self.root}mgWhatsNew.aspx?bcr=1"

    def matching(self, query: str, advanced: bool = False) -> list[Block]:
        """The blocks of a query: any of its words, or, asked as advanced, its quoted phrase."""
        phrase = re.fullmatch(r'"(.*)"', query.strip()) if advanced else None
        words = [phrase[1]] if phrase else query.replace('"', " ").split()
        return [b for b in self.blocks if any(w.casefold() in b.text.casefold() for w in words)]

    def hits(self, query: str) -> list[str]:
        """The addresses that a query has, in order: several words mean a phrase."""
        found = self.matching(f'"{query}"' if " " in query else query, " " in query)
        return [self.root + url for block in found for url in block.hits]

    def answer(self, method: str, path: str, fields: Fields) -> Answer:
        name = path.rpartition("/")[2]
        if name == "robots.txt":
            return Answer("none", 404)
        if name in ("mgSearchResults.aspx", "mgDocumentSearch.aspx", "mgSearch.aspx", "mgConvert2PDF.aspx"):
            return Answer("", 302, {"Location": "/mgError.aspx"})
        if name == "mgError.aspx":
            return self.page("<h1>Error</h1><p>The page that you asked for could not be shown.</p>")
        if name == "ieSearchResults.aspx":
            to = f"/ieSearchResults2.aspx?SS={quote_plus(fields.get('SS', ''))}&DT=3&ADV=0&CA=false&SB=true&PG=1"
            return Answer("", 302, {"Location": to})
        if name == "ieSearchResults2.aspx":
            return Answer("Forbidden", 403) if self.forbid_search else self.results(fields)
        if name == "ieDocSearch.aspx":
            return self.page(
                '<h1>Search documents</h1><form method="post" action="/ieSearchResults.aspx"><label for="ss">Search for</label>'
                '<input type="text" id="ss" name="SS"><select name="DT"><option value="3">All dates</option></select>'
                '<input type="submit" value="Search"></form>'
            )
        if name == "mgWhatsNew.aspx" or path == "/":
            new = "".join(f"<li><a href='{b.hits[0]}'>{b.title}</a> {b.snippet}</li>" for b in self.blocks[:6])
            return self.page(f"<h1>What's new</h1><p>Mentoring, highways and libraries.</p><ul>{new}</ul>")
        if name == "ieListDocuments.aspx":
            meeting = next((b for b in self.blocks if f"MId={fields.get('MId')}&" in b.head), None)
            if meeting is None:
                return Answer("", 302, {"Location": "/mgError.aspx"})
            items = "".join(f"<li>{escape(title)}</li>" for _, _, title in meeting.papers)
            return self.page(f"<h1>{meeting.title}</h1><p>{meeting.snippet}</p><ol>{items}</ol>")
        if path.startswith("/documents/") or name == "mgIssueHistoryHome.aspx":
            return self.page(f"<h1>Paper</h1><p>Mentor support, paper {escape(path)} {fields.get('IId', '')}.</p>")
        return Answer("no such page", 404)

    def results(self, fields: Fields) -> Answer:
        """One page of results: a page out of range shows none."""
        query, number = fields.get("SS", ""), int(fields.get("PG", "1"))
        found = self.matching(query, fields.get("ADV") == "1")
        start = (number - 1) * self.per_page
        shown = found[start : start + self.per_page]
        if not shown:
            return self.page("<h1>Search results</h1><p>No results found for your query</p>")
        inside = "<hr>".join(self.block(block) for block in shown)
        last = start + len(shown)
        if last < len(found):
            rest = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items() if name != "PG")
            inside += (
                f'<p><a href="ieSearchResults2.aspx?{escape(rest)}&amp;PG={number + 1}" title="Next page of search results">'
                '<img src="mgImages/next.gif" alt=""></a></p>'
            )
        return self.page(f"<h1>Search results</h1><p>Results {start + 1} to {last} for your search</p><hr>{inside}")

    def block(self, block: Block) -> str:
        """One result, as loose as the original: nothing but the rules between them holds it together."""
        said = f'<p class="mgAiTitleTxt"><a href="{escape(block.head)}">{block.title}</a></p>'
        said += '<p><img src="mgImages/5.gif" alt="Excellent match"></p>'
        for kind, url, title in block.papers:
            if kind == "item":
                said += f'<p class="mgAiTitleTxt"><a href="{escape(url)}">{title}</a></p>'
        papers = [
            f'<li><a href="{url}">{title}</a> PDF 80 KB</li>' for kind, url, title in block.papers if kind != "item"
        ]
        said += f'<ul class="mgBulletList">{"".join(papers)}</ul>' if papers else ""
        return said + f'<div class="mgWordPara">... {block.snippet} ...</div>'

    def page(self, inside: str) -> Answer:
        """A page with what every page has: the council's own site search, the quick search, the menu."""
        return Answer(
            f"""<html><head><title>Small Borough democracy</title></head><body>
<form action="{self.main_url}search" role="search"><input type="search" name="q" aria-label="Search this site">
<input type="submit" value="Search"></form><div id="mgLinks"><ul><li><a href="mgWhatsNew.aspx?bcr=1">What's new</a></li>
<li><a href="ieListMeetings.aspx?CommitteeId=0">Committees</a></li><li><a href="mgMemberIndex.aspx?bcr=1">Your
councillors</a></li><li><a href="ieDocSearch.aspx?bcr=1">Search documents</a></li></ul>
<form action="mgSearch.aspx"><input name="q"><input type="submit" value="Go"></form></div>
<div class="mgMainContent">{inside}</div></body></html>"""
        )


# -- CMIS --------------------------------------------------------------------------------------------------------------------


@dataclass
class Paper:
    """One row of CMIS's grid; without `url` it is a preview behind a login."""

    title: str
    url: str
    meeting: str


def papers() -> list[Paper]:
    """250 documents: 125 on mentoring (two of them without a link), 125 on highways, all in one committee."""
    found = []
    for n in range(250):
        topic = "mentoring in schools" if n % 2 else "highway repairs"
        key = sha256(str(n).encode()).hexdigest()[:12]
        url = "" if n in (31, 77) else f"Document.ashx?czJKcaeAi5tUFL1DTL2UE4zNRBcoShgo={key}%3d%3d&x={n}"
        found.append(Paper(f"Report {n} on {topic}", url, f"Meeting: Schools Forum - {1 + n % 28:02}/Sep/2026"))
    return found


class Cmis(CommitteeSite):
    """CMIS on DNN: one form around each page, a link that posts the search, a grid that posts its page numbers.

    A view state is good for what it stands for and nothing else: a page number posted with another search's, or with
    none, is an error 500.
    """

    per_page = 10
    names = "dnn$ctr473$ViewCMIS_Search$"

    def __init__(self, main_url: str = "http://127.0.0.1:9/") -> None:
        self.papers = papers()
        self.states: dict[str, tuple[str, int]] = {}
        super().__init__(main_url)
        self.home = f"{self.root}cmis5/"

    def matching(self, query: str) -> list[Paper]:
        """The documents whose title has the query."""
        return [p for p in self.papers if query and query.casefold() in p.title.casefold()]

    def hits(self, query: str) -> list[str]:
        """The addresses that a query has, in order."""
        return [f"{self.root}cmis5/{p.url}" for p in self.matching(query) if p.url]

    def answer(self, method: str, path: str, fields: Fields) -> Answer:
        name = path.rpartition("/")[2].lower()
        if not path.lower().startswith("/cmis5/"):
            return Answer("none", 404)
        if name == "document.ashx":
            return Answer(
                f"<html><body><h1>Report</h1><p>Mentor support, {escape(quote(str(fields)))}</p></body></html>"
            )
        if name == "search.aspx" and method == "POST":
            return self.searched(fields)
        if name == "search.aspx":
            return self.page("", 0, "<h1>Search</h1>")
        if name in ("", "home.aspx"):
            return self.page(
                "", 0, "<h1>Committees</h1><p>Highway repairs, mentoring and schools: papers of the council.</p>"
            )
        return Answer("no such page", 404)

    def searched(self, fields: Fields) -> Answer:
        """What a post gets: the first page of a search, or another page of the one whose view state it carries."""
        state = fields.get("__VIEWSTATE", "")
        target, argument = fields.get("__EVENTTARGET", ""), fields.get("__EVENTARGUMENT", "")
        if state not in self.states:
            return Answer("Invalid viewstate", 500)
        if target == f"{self.names}lnkSearch" and fields.get(f"{self.names}SimpleSearchSelector") == "documents":
            return self.grid(fields.get(f"{self.names}SimpleSearchFor", ""), 1)
        if target == f"{self.names}grdDocuments" and (match := re.fullmatch(r"Page\$(\d+)", argument)):
            query, shown = self.states[state]
            if not query or abs(int(match[1]) - shown) > self.per_page:
                return Answer("Invalid postback", 500)
            return self.grid(query, int(match[1]))
        return self.page("", 0, "<h1>Search</h1><p>Choose what to search for.</p>")

    def grid(self, query: str, number: int) -> Answer:
        """A page of the grid; a GridView's pager shows ten numbers, and '...' for what is before and after."""
        found = self.matching(query)
        if not found:
            return self.page(
                query,
                0,
                f'<h1>Search</h1><div id="dnn_ctr473_pnlNoResults">The search for {escape(query)} produced no results</div>',
            )
        shown = found[(number - 1) * self.per_page : number * self.per_page]
        rows = ""
        for n, paper in enumerate(shown):
            link = (
                f'<a href="{escape(paper.url)}">{paper.title}</a>' if paper.url else f"{paper.title} (log in to read)"
            )
            style = "CMIS_Grid_AlternatingRowStyle" if n % 2 else "CMIS_Grid_RowStyle"
            rows += (
                f'<tr class="{style}"><td><img src="doc.gif" alt=""></td><td>{1 + n % 4}</td><td>{link}</td><td>Report</td>'
                f"<td>{20 + n} KB</td><td>{paper.meeting}</td></tr>"
            )
        last = -(-len(found) // self.per_page)
        start = (number - 1) // 10 * 10 + 1
        numbers = [(n, str(n)) for n in range(start, min(start + 10, last + 1))]
        numbers = [(start - 1, "...")] * (start > 1) + numbers + [(start + 10, "...")] * (start + 10 <= last)
        cells = "".join(
            f"<td><span>{said}</span></td>"
            if n == number
            else f"<td><a href=\"javascript:__doPostBack('{self.names}grdDocuments','Page${n}')\">{said}</a></td>"
            for n, said in numbers
        )
        pager = (
            f'<tr class="CMIS_Grid_PagerStyle"><td colspan="6"><table><tr>{cells}</tr></table></td></tr>'
            if last > 1
            else ""
        )
        head = "<tr><th></th><th>Hits</th><th>Document</th><th>Type</th><th>Size</th><th>Meeting</th></tr>"
        return self.page(query, number, f"<h1>Search</h1><table>{head}{rows}{pager}</table>")

    def page(self, query: str, number: int, inside: str) -> Answer:
        """A DNN page: menu, the council's own site search, a log-in, and the search's own fields."""
        state = sha256(f"{query} {number}".encode()).hexdigest()
        self.states[state] = (query, number)
        chosen = "".join(
            f'<input type="radio" name="{self.names}SimpleSearchSelector" value="{value}"{" checked" * (value == "meetings")}>{value}'
            for value in ("meetings", "documents")
        )
        return Answer(
            f"""<html><head><title>Committees</title></head><body>
<form method="post" action="/cmis5/Search.aspx" id="Form"><input type="hidden" name="__VIEWSTATE" value="{state}">
<input type="hidden" name="__EVENTVALIDATION" value="v{state[:9]}"><input type="hidden" name="__EVENTTARGET" value="">
<input type="hidden" name="__EVENTARGUMENT" value="">
<div id="dnn_menu"><a href="/cmis5/Home.aspx">Committees</a> <a href="/cmis5/Search.aspx">Search</a>
<a href="javascript:__doPostBack('dnn$LOGIN$cmdLogin','')">Login</a> <a href="{self.main_url}">Council website</a></div>
<div id="ViewCMIS_Search"><input type="text" name="{self.names}SimpleSearchFor" value="{escape(query)}">{chosen}
<a href="javascript:__doPostBack('{self.names}lnkSearch','')">Search</a></div>{inside}</form></body></html>"""
        )
