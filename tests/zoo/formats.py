# ruff: noqa: E501 (markup is easier to read unbroken)
"""Answers in XML and JSON, second set: as search servers and content APIs give them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape as xml

from tests.zoo.pages import visible

if TYPE_CHECKING:
    from tests.zoo.engine import Plan
    from tests.zoo.listing import Item

JSON = "application/json; charset=utf-8"


def _solr(plan: "Plan", items: "list[Item]", following: str) -> dict[str, Any]:
    docs = [
        {"id": f"node/{i.rank}", "url": i.url, "title": [visible(i.title)], "content": [visible(i.snippet)]}
        for i in items
    ]
    start = items[0].rank - 1 if items else 0
    header = {"status": 0, "QTime": 4, "params": {"q": plan.query, "rows": str(plan.size)}}
    return {"responseHeader": header, "response": {"numFound": plan.stated, "start": start, "docs": docs}}


def _elastic(plan: "Plan", items: "list[Item]", following: str) -> dict[str, Any]:
    hits = [
        {
            "_index": "web",
            "_id": str(i.rank),
            "_score": 9.5 - i.rank / 50,
            "_source": {"url": i.url, "title": visible(i.title), "body": visible(i.snippet)},
        }
        for i in items
    ]
    return {
        "took": 3,
        "timed_out": False,
        "hits": {"total": {"value": plan.stated, "relation": "eq"}, "max_score": 9.4, "hits": hits},
        "next": following or None,
    }


def _json_api(plan: "Plan", items: "list[Item]", following: str) -> dict[str, Any]:
    data = [
        {
            "type": "node--page",
            "id": str(i.rank),
            "attributes": {"title": visible(i.title), "summary": visible(i.snippet), "changed": i.iso},
            "links": {"self": {"href": i.url}},
        }
        for i in items
    ]
    links = {"next": {"href": following}} if following else {}
    return {"jsonapi": {"version": "1.0"}, "data": data, "meta": {"count": plan.stated}, "links": links}


def _fragment(plan: "Plan", items: "list[Item]", following: str) -> dict[str, Any]:
    """JSON that carries the list as a piece of HTML."""
    rows = "".join(f'<li class="hit"><a href="{i.h}">{i.title}</a><p>{i.snippet}</p></li>' for i in items)
    return {"success": True, "count": plan.stated, "html": f"<ul>{rows}</ul>", "next": following or None}


def _results_xml(plan: "Plan", items: "list[Item]", following: str) -> str:
    rows = "".join(
        f'<result rank="{i.rank}"><name>{xml(visible(i.title))}</name><link>{xml(i.url)}</link><abstract>{xml(visible(i.snippet))}</abstract></result>'
        for i in items
    )
    on = f'<nextpage href="{xml(following)}"/>' if following else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><searchresults total="{plan.stated}" query="{xml(plan.query)}">{rows}{on}</searchresults>'


def _bare_rss(plan: "Plan", items: "list[Item]", following: str) -> str:
    """RSS without any count, everything in one file."""
    rows = "".join(
        f'<item><title>{xml(visible(i.title))}</title><link>{xml(i.url)}</link><guid isPermaLink="true">{xml(i.url)}</guid></item>'
        for i in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Results for {xml(plan.query)}</title><link>http://council.example/</link>{rows}</channel></rss>'


def _wordpress(plan: "Plan", items: "list[Item]", following: str) -> list[dict[str, Any]]:
    return [
        {"id": 300 + i.rank, "title": visible(i.title), "url": i.url, "type": "post", "subtype": i.kind} for i in items
    ]


Shape = Callable[["Plan", "list[Item]", str], Any]
FORMATS: dict[str, tuple[Shape, str]] = {
    "solr": (_solr, JSON),
    "elastic": (_elastic, JSON),
    "json-api": (_json_api, "application/vnd.api+json"),
    "json-html": (_fragment, JSON),
    "results-xml": (_results_xml, "text/xml; charset=utf-8"),
    "bare-rss": (_bare_rss, "application/rss+xml; charset=utf-8"),
    "wp-json": (_wordpress, JSON),
}


def write(kind: str, plan: "Plan", items: "list[Item]", following: str) -> tuple[bytes, str]:
    """One page of results in one of these formats: bytes and media type."""
    shape, media = FORMATS[kind]
    made = shape(plan, items, following)
    return (made if isinstance(made, str) else json.dumps(made)).encode(), media


def headers(kind: str, plan: "Plan", following: str) -> dict[str, str]:
    """What a format says in the header alone: WordPress its totals and its next page."""
    if kind != "wp-json":
        return {}
    link = {"Link": f'<{following}>; rel="next"'} if following else {}
    return {"X-WP-Total": str(plan.stated), "X-WP-TotalPages": str(len(plan.pages)), **link}
