# ruff: noqa: E501 (markup is easier to read unbroken)
"""Answers that are not an HTML list: feeds and JSON, script-only shells, documents, a login page."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as xml

from tests.zoo import formats
from tests.zoo.corpus import Doc
from tests.zoo.engine import estimate
from tests.zoo.pages import visible

if TYPE_CHECKING:
    from tests.zoo.engine import Plan
    from tests.zoo.listing import Item
    from tests.zoo.search import Question
    from tests.zoo.search import Search as Site

LOGIN = (
    '<form action="/login" method="post"><h2>Please sign in to search</h2><p>You need an account to use this service.</p><label>User name '
    '<input name="user"></label><label>Password <input type="password" name="password"></label><button>Sign in</button></form>'
)

# What a browser would fill by script, and a reader without one cannot see.
SCRIPTED: dict[str, str] = {
    "cludo": '<div id="cludo-search-results"><div class="cludo-r"><div class="cludo-search-results-number"></div><ul class="cludo-search-results">'
    '</ul></div></div><script src="https://customer.cludo.com/scripts/bundles/search-script.min.js"></script><script>var CludoSearch;'
    "(function(){var cludo_engineId=12345;CludoSearch=new Cludo({customerId:678,engineId:cludo_engineId});CludoSearch.init();})();</script>",
    "cse": '<div id="google-cse-results"><div class="gcse-searchresults-only" data-queryParameterName="q">Loading...</div></div>'
    '<script async src="https://cse.google.com/cse.js?cx=0123456789:abcdefg"></script>',
    "react": '<div id="search-app" data-api="/api/search/v2"></div><noscript>You need to enable JavaScript to run this app.</noscript>'
    '<script src="/static/js/2.3a8f.chunk.js"></script><script src="/static/js/main.77aa.chunk.js"></script>',
    "swiftype": '<div class="st-search-container"></div><script>(function(w,d,t,u,n,s,e){w["SwiftypeObject"]=n;})(window,document,"script",'
    '"//s.swiftypecdn.com/install/v2/st.js","_st");</script><script src="https://swiftype.com/embed.js"></script>',
    "algolia": '<div id="hits"></div><div id="stats"></div><div id="pagination"></div><script src="https://cdn.jsdelivr.net/npm/algoliasearch@4">'
    "</script><script>const search = instantsearch({indexName:'council',searchClient:algoliasearch('APPID','key')});search.start();</script>",
    "sharepoint": '<div id="ctl00_PlaceHolderMain_Results" class="ms-srch-result"><noscript>It looks like your browser does not have JavaScript '
    'enabled.</noscript></div><script src="/_layouts/15/search.clientcontrols.js"></script>',
    "searchstax": '<div id="searchstax-input-container"></div><div id="searchstax-results-container"></div>'
    '<script src="https://static.searchstax.com/studio-js/v4/js/search-widget.min.js"></script>',
}

SCRIPT_HOMES: dict[str, str] = dict.fromkeys(
    SCRIPTED,
    '<form class="cludo-input-form" id="site-search" action="{path}" role="search"><input type="search" id="search-box" name="q" class="st-search-input" aria-label="Search"><button>Search</button></form>',
) | {
    # the box itself is drawn by script: there is no form at all
    "react": '<div id="header-search" data-component="SiteSearch" data-results="{path}"></div><script src="/static/js/header-search.js"></script>',
    "cse": '<div class="gcse-searchbox-only" data-resultsUrl="{path}"></div><script async src="https://cse.google.com/cse.js?cx=01:ab"></script>',
}


def feed(kind: str, site: "Site", question: "Question", plan: "Plan") -> tuple[bytes, str]:
    """One page of results as a feed or JSON: bytes and media type."""
    items = site.items(plan, question.page)
    following = (
        site.bases[site.animal.ask.role] + site.place_url(question, question.page + 1)
        if question.page < len(plan.pages)
        else ""
    )
    first = items[0].rank if items else 1
    if kind in formats.FORMATS:
        return formats.write(kind, plan, items, following)
    if kind == "gsa":
        return _gsa(plan, items, following).encode(), "text/xml; charset=utf-8"
    if kind == "rss":
        return _rss(plan, items, following, first).encode(), "application/rss+xml; charset=utf-8"
    if kind == "atom":
        return _atom(plan, items, following, first).encode(), "application/atom+xml; charset=utf-8"
    if kind == "funnelback":
        return json.dumps(_funnelback(plan, items, first)).encode(), "application/json"
    rows = [{"title": visible(i.title), "url": i.href, "summary": visible(i.snippet), "modified": i.iso} for i in items]
    answer = {
        "query": plan.query,
        "total": plan.stated,
        "page": question.page,
        "results": rows,
        "next": following or None,
    }
    return json.dumps(answer).encode(), "application/json; charset=utf-8"


def _gsa(plan: "Plan", items: "list[Item]", following: str) -> str:
    head = f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><GSP VER="3.2"><TM>0.03</TM><Q>{xml(plan.query)}</Q>'
    if not items:
        return head + "</GSP>"
    rows = "".join(
        f'<R N="{i.rank}"><U>{xml(i.url)}</U><UE>{xml(i.url)}</UE><T>{xml(i.title)}</T><RK>5</RK><S>{xml(i.snippet)}</S><LANG>en</LANG></R>'
        for i in items
    )
    nb = f"<NB><NU>{xml(following)}</NU></NB>" if following else ""
    return f'{head}<RES SN="{items[0].rank}" EN="{items[-1].rank}"><M>{estimate(plan.stated)}</M>{nb}{rows}</RES></GSP>'


def _rss(plan: "Plan", items: "list[Item]", following: str, first: int) -> str:
    rows = "".join(
        f"<item><title>{xml(visible(i.title))}</title><link>{xml(i.url)}</link><description>{xml(i.snippet)}</description>"
        f"<pubDate>{format_datetime(datetime(*i.date, tzinfo=UTC))}</pubDate></item>"
        for i in items
    )
    nxt = f'<atom:link rel="next" href="{xml(following)}"/>' if following else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Search results</title><link>http://council.example/</link>'
        f"<opensearch:totalResults>{plan.stated}</opensearch:totalResults><opensearch:startIndex>{first}</opensearch:startIndex>"
        f'<opensearch:itemsPerPage>{plan.size}</opensearch:itemsPerPage><opensearch:Query role="request" searchTerms="{xml(plan.query)}"/>'
        f"{nxt}{rows}</channel></rss>"
    )


def _atom(plan: "Plan", items: "list[Item]", following: str, first: int) -> str:
    rows = "".join(
        f'<entry><title>{xml(visible(i.title))}</title><link href="{xml(i.url)}"/><id>urn:x:{i.rank}</id><updated>{i.iso}T00:00:00Z</updated>'
        f'<summary type="html">{xml(i.snippet)}</summary></entry>'
        for i in items
    )
    nxt = f'<link rel="next" type="application/atom+xml" href="{xml(following)}"/>' if following else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:os="http://a9.com/-/spec/opensearch/1.1/">'
        f"<title>Search: {xml(plan.query)}</title><os:totalResults>{plan.stated}</os:totalResults><os:startIndex>{first}</os:startIndex>"
        f"<os:itemsPerPage>{plan.size}</os:itemsPerPage>{nxt}{rows}</feed>"
    )


def _funnelback(plan: "Plan", items: "list[Item]", first: int) -> dict[str, object]:
    last = items[-1].rank if items else 0
    summary = {
        "totalMatching": plan.stated, "fullyMatching": plan.stated, "partiallyMatching": 0, "currStart": first, "currEnd": last,
        "numRanks": plan.size, "nextStart": last + 1 if last < plan.stated else None,
    }  # fmt: skip
    rows = [
        {"rank": i.rank, "title": visible(i.title), "liveUrl": i.url, "summary": visible(i.snippet), "fileType": i.kind, "clickTrackingUrl": f"/s/redirect?url={escape(i.url)}"}
        for i in items
    ]  # fmt: skip
    return {
        "question": {"query": plan.query},
        "response": {"resultPacket": {"resultsSummary": summary, "results": rows}},
    }


def document(doc: Doc) -> bytes:
    """A small file for a hit that is a document: a one-page PDF, or plain bytes for an old Word file."""
    if doc.kind != "pdf":
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + " ".join(doc.sentences).encode()
    text = " ".join(doc.sentences)[:200].replace("(", "").replace(")", "").encode("latin-1", "replace")
    stream = b"BT /F1 10 Tf 40 700 Td (" + text + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(
        f"{o:010d} 00000 n \n".encode() for o in offsets
    )
    return bytes(out) + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
