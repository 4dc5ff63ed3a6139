"""One results page: totals in all wordings, lists in all markups, the way on, and pages that mean harm."""
# ruff: noqa: E501 (markup reads better unbroken)

from __future__ import annotations

import json
import time
from functools import partial

import pytest

from crawler import feeds
from crawler.anatomy import QUOTED_ADDRESS, take_apart, unwrapped
from crawler.choosing import Reader
from crawler.hits import MOST_HITS
from crawler.layout import Layout
from crawler.paging import COUNTED, GAP
from crawler.platforms import named
from crawler.pressing import CALL
from crawler.results import ResultsPage, learn, read
from crawler.scoring import ASIDE, URLISH
from crawler.searchspec import Paging, SearchSpec
from crawler.totals import ran_instead, read_total, says_capped, says_no_query, says_none
from crawler.turning import NUMBER, header_next
from crawler.web import Ask, Page
from crawler.wording import words

URL = "http://www.council.example/search"
SPEC = SearchSpec("form", URL, "q", fields=(("q", ""),), found_on="http://www.council.example/")

# Section 6 of the fact sheet, and relatives: wording, total, kind, range.
TOTALS = [
    ("Showing items 1 to 10 of 45 results", 45, "exact", (1, 10)),
    ("Displaying 1 - 10 of 45", 45, "exact", (1, 10)),
    ("Showing 1-10 of 45 results", 45, "exact", (1, 10)),
    ('45 results for "coaching"', 45, "exact", None),
    ("45 jobs found for ‘coaching’", 45, "exact", None),
    ("45 total results for coaching.", 45, "exact", None),
    ('Your search for "coaching" matched 45 page(s).', 45, "exact", None),
    ("Showing results 1 to 10.", None, "absent", (1, 10)),
    ("1 - 10 of 45 search results for coaching", 45, "exact", (1, 10)),
    ("0 search results for coaching", 0, "exact", None),
    (
        "1 - 10 of 45 search results for coaching where 20 match all words and 25 match some words.",
        45,
        "exact",
        (1, 10),
    ),
    ("Results 1 – 10 of about 45. Search took 0.1 seconds.", 45, "estimate", (1, 10)),
    ("There were 45 results found in 3 areas for coaching", 45, "exact", None),
    ("There was one result found for coaching", 1, "exact", None),
    ("1–20 of 194 results", 194, "exact", (1, 20)),
    ("Result 1 of 1", 1, "exact", (1, 1)),
    ("Result 21 of 21 results", 21, "exact", None),
    ("Documents 1 - 10 of 45 matches. More *'s indicate a better match.", 45, "exact", (1, 10)),
    ('Documents 1 to 10 of 45 matching the query "coaching".', 45, "exact", (1, 10)),
    ('Documents 1 to 10 of the first 300 matching the query "coaching".', 300, "capped", (1, 10)),
    ("45 items matching your search terms.", 45, "exact", None),
    ("We found 45 results for your search.", 45, "exact", None),
    ("Showing 20 of 45 results", 45, "exact", None),
    ("Results 1 to 10 for your search", None, "absent", (1, 10)),
    ("About 45 results (0.21 seconds)", 45, "estimate", None),
    ("Your search for coaching returned 45 results", 45, "exact", None),
    ("Found 45 results for coaching", 45, "exact", None),
    ("1-10 of about 45 results", 45, "estimate", (1, 10)),
    ("45 canlyniad", 45, "exact", None),
    ("Dangos 1 i 10 o 45", 45, "exact", (1, 10)),
    ("Canlyniadau 1 i 10 o tua 45", 45, "estimate", (1, 10)),
    ("Dim canlyniadau", 0, "exact", None),
    ("Twenty-seven pages mention coaching.", 27, "exact", None),
    ("One hundred and five documents match", 105, "exact", None),
    ("Hits: 1'051", 1051, "exact", None),
    ("Pages (33)", 33, "exact", None),
    ("20+ results", 20, "estimate", None),
    ("Results for coaching near CF10 3AT within 25 miles: 33", 33, "exact", None),
    ("143 pages searched. After removing expired content: 34 results.", 34, "exact", None),
    ("Results (page 1 of 4; 31 total)", 31, "exact", None),
    ("Hits 1-6 (6 in all)", 6, "exact", (1, 6)),
    ("45 things match 'coaching'", 45, "exact", None),
    ("One leaflet mentions coaching", 1, "exact", None),
    ("Searched 12,404 pages in 0.31 seconds and found 45 that mention coaching", 45, "exact", None),
    ("No results found", 0, "exact", None),
    ("1,234 results", 1234, "exact", None),
    ("Results 1 - 10 of 2\u00a0490", 2490, "exact", (1, 10)),
    ("Search results (45)", 45, "exact", None),
    ("Number of results: 45", 45, "exact", None),
    ("We have found 1 match", 1, "exact", None),
    ("45 found", 45, "exact", None),
    ("Hits 1-10/45", 45, "exact", (1, 10)),
]
NOT_TOTALS = [
    "10 results per page", "Show 10 20 50 results", "Posted 12 November 2008", "Telephone 01234 567890", "Search took 3 seconds",
    "Page 1 of 249", "Next page (2 of 12)", "Tudalen 1 o 5", "Popular page 3",
]  # fmt: skip
NONE = [
    "No results", "No results found.", "No results were found.", "No matching results", "Your search yielded no results",
    "Your search returned no results.", "Your search for coaching did not return any results.",
    "There were no results for your query - coaching. Please adjust your query and try again.", "Sorry, no results were found",
    "Sorry, there are no pages on this site that match your search.", "Sorry, but nothing matched your search terms.", "Nothing Found",
    "Nothing was found.", 'No documents matched the query "coaching".', "No matches were found for 'coaching'",
    "No results found for your query", "Your search produced no results", 'We’re sorry, we couldn’t find any results for "coaching"',
    "Your search - coaching - did not match any documents.", "0 results", "We couldn't find anything",
    "Nothing here matches your search", "Dim canlyniadau", "We did not find any results for coaching",
]  # fmt: skip


def page(body: str, url: str = f"{URL}?q=coaching", head: str = "", status: int = 200) -> Page:
    text = f"<html><head>{head}</head><body><ul id=menu><li><a href=/schools>Schools</a><li><a href=/coaching>Coaching</a></ul>{body}</body></html>"
    return Page(Ask(url), url, status, "text/html; charset=utf-8", text.encode(), {})


def answer(items: str, on: str = "", query: str = "coaching", **options) -> ResultsPage:
    """A results page read with what its comparison with a page of no hits teaches."""
    nothing = page("<div id=main><p>No results found</p></div>", f"{URL}?q=zorvaquil")
    full = page(f"<div id=main>{items}{on}</div>", f"{URL}?q={query}", **options)
    return learn(nothing, "zorvaquil", full, query, Reader(SPEC))[2]


@pytest.mark.parametrize(("line", "number", "kind", "span"), TOTALS, ids=[line for line, *_ in TOTALS])
def test_a_total_is_read_in_every_wording(line, number, kind, span):
    total = read_total(["Search", line, "Home"], "coaching")
    assert (total.number, total.kind) == (number, kind)
    assert (total.first, total.last) == (span or (None, None))


@pytest.mark.parametrize("line", NOT_TOTALS)
def test_a_number_that_counts_something_else_is_no_total(line):
    assert read_total([line], "coaching").number is None


def test_pages_are_kept_apart_from_hits():
    total = read_total(["Page 1 of 3 (25 results)"])
    assert (total.number, total.pages) == (25, 3)


def test_a_number_and_its_noun_in_two_blocks_are_one_total():
    assert read_total(["Results", "45", "for coaching"], "coaching").number == 45


def test_a_total_below_what_is_listed_is_not_believed():
    items = "".join(f"<li><a href=/d{n}>Coaching document {n}</a> some text about it</li>" for n in range(12))
    result = answer(f"<p>3 results</p><ul>{items}</ul>")
    assert len(result.items) == 12
    assert result.total.number is None


@pytest.mark.parametrize("line", NONE)
def test_every_wording_for_no_hits_is_understood(line):
    assert says_none([line], "coaching")
    assert not page("").tree.xpath("//li[text()='x']")


@pytest.mark.parametrize(
    "line",
    [
        "10 results",
        "100 results found",
        "1 - 10 of 20 results",
        "Results for coaching",
        "No more than 10 results are shown",
    ],
)
def test_hits_are_not_taken_for_none(line):
    assert not says_none([line], "coaching")


def test_caps_missing_queries_and_corrections_are_told_apart():
    assert says_capped(["Sorry, only the first 200 results are available to view."])
    assert says_no_query(["Please enter a search query in the search box"])
    assert ran_instead(["Showing results for coaching instead of coachng"], "coachng") == "coaching"
    assert ran_instead(["Showing results for coaching"], "coaching") == ""
    assert ran_instead(["Did you mean coach?"], "coaching") == ""


MARKUPS = {
    "list": "<ol>{}</ol>|<li><h3><a href={u}>{t}</a></h3><p>{s}</p></li>",
    "title in spans": "<ol>{}</ol>|<li><h3><span><a href={u}><span class=x><b>{t}</b></span></a></span></h3><p>{s}</p></li>",
    "definition list": "<dl>{}</dl>|<dt><a href={u}>{t}</a></dt><dd>{s}</dd><dd><a href={u}>www.council.example{u}</a></dd>",
    "table": "<table>{}</table>|<tr><td>1</td><td><a href={u}>{t}</a><br>{s}</td><td><a href=/cat>Staff</a></td></tr>",
    "divs": "<div>{}</div>|<div class='row {n}'><div><a href={u}>{t}</a></div><div>{s}</div></div>",
    "loose": "<div>{}</div>|<a href={u}>{t}</a><br>{s}<br><br>",
    "paragraphs": "{}|<p><a href={u}><b>{t}</b></a><br>{s}<br><a href=/similar>Similar pages</a></p>",
    "whole block is the link": "<div>{}</div>|<a href={u}><h3>{t}</h3><p>{s}</p></a>",
    "read more": "<div>{}</div>|<div class=i><h3>{t}</h3><p>{s}</p><a href={u}>Read more</a></div>",
    "classes by type": "<ul>{}</ul>|<li class='kind{n}'><a class='k{n}' href={u}>{t}</a> {s}</li>",
    "image beside the title": "<ul>{}</ul>|<li><a href={u}><img src=pdf.gif></a> <a href={u}>{t}</a> {s}</li>",
    "onclick": "<ul>{}</ul>|<li><a href='#' onclick=\"location.href='{u}'\">{t}</a> {s}</li>",
}


@pytest.mark.parametrize("count", [1, 2, 10])
@pytest.mark.parametrize("total", [True, False], ids=["with a total", "without"])
@pytest.mark.parametrize("name", MARKUPS)
def test_a_list_is_found_in_any_markup(name, total, count):
    frame, item = MARKUPS[name].split("|")
    wanted = [
        (f"/doc-{n}.pdf", f"A coaching scheme, part {n}", f"How coaching works for staff {n}") for n in range(count)
    ]
    body = frame.format("".join(item.format(u=u, t=t, s=s, n=n % 3) for n, (u, t, s) in enumerate(wanted)))
    many = "".join(
        item.format(u=f"/s{n}", t=f"School number {n}", s=f"About schools and their terms {n}", n=n % 3)
        for n in range(8)
    )
    nothing = page("<div id=main><p>No results found</p></div>", f"{URL}?q=zorvaquil")
    some = page(f"<div id=main>{'<p>8 results</p>' if total else ''}{frame.format(many)}</div>", f"{URL}?q=schools")
    layout, empty, eight = learn(nothing, "zorvaquil", some, "schools", Reader(SPEC))
    assert (empty.says_none, len(eight.items)) == (True, 8)
    stated = f"<p>{count} results</p>" if total else ""
    result = read(
        page(f"<div id=main>{stated}{body}</div>"), "coaching", Reader(SPEC, Layout.from_json(layout.to_json()))
    )
    assert [i.url for i in result.items] == [f"http://www.council.example{u}" for u, _, _ in wanted]
    assert [i.title for i in result.items] == [t for _, t, _ in wanted]
    assert all(s in i.snippet for i, (_, _, s) in zip(result.items, wanted, strict=True))
    assert result.total.number == (count if total else None)


ITEMS = "".join(f"<li><a href=/d{n}>Coaching document {n}</a> text about it</li>" for n in range(1, 11))
LIST = f"<p>45 results</p><ul>{ITEMS}</ul>"
NEXT = {
    "rel": "<a rel=next href=?q=coaching&page=2>→</a>",
    "text": "<a href=?q=coaching&page=2>Next page</a>",
    "text with count": "<a href=?q=coaching&page=2>Next 10 results &raquo;</a>",
    "welsh": "<a href=?q=coaching&page=2>Nesaf</a>",
    "arrow": "<a href=?q=coaching&page=2>&rsaquo;</a> <a href=?q=coaching&page=5>&raquo;</a>",
    "image": "<a href=?q=coaching&page=2><img src=x.gif alt='Next'></a>",
    "image file": "<a href=?q=coaching&page=2><img src=/i/btn-next.gif></a>",
    "title": "<a href=?q=coaching&page=2 title='Next page of search results'></a>",
    "aria": "<a href=?q=coaching&page=2 aria-label='Next page'><svg></svg></a>",
    "class": "<ul class=pager><li class=pager-next><a href=?q=coaching&page=2>»»»»</a></li></ul>",
    "numbers": "<b>1</b> <a href=?q=coaching&page=2>2</a> <a href=?q=coaching&page=3>3</a>",
    "ranges": "<p>1 - 10</p> <a href=?q=coaching&page=2>11-20</a> <a href=?q=coaching&page=3>21-30</a>",
    "path": "<a href=/search/page/2/?q=coaching>Older posts</a>",
    "button": "<form action=/search><input type=hidden name=q value=coaching><input type=hidden name=page value=2><input type=submit value='Next &gt;'></form>",
    "named button": "<form action=/search><input type=hidden name=q value=coaching><button name=page value=2>Next</button></form>",
    "select": "<form action=/search><input type=hidden name=q value=coaching><select name=page onchange='submit()'><option>1<option>2<option>3</select></form>",
    "script": "<script>function go(n){document.f.page.value=n;document.f.submit()}</script><form name=f action=/search><input type=hidden name=q value=coaching><input type=hidden name=page></form><a href='javascript:go(2)'>Next</a>",
    "forward": "<a href=?q=coaching&page=9>Last page</a> <a href=?q=coaching&page=2>Forward a page</a>",
    "unlabelled": "<a href=?q=coaching&page=5>Furthest</a> <a href=?q=coaching&page=2>Yonder</a>",
    "unlabelled path": "<a href=/search/2?q=coaching>Keep reading</a>",
    "onclick": "<span onclick=\"window.location.href='/search?q=coaching&amp;page=2'\">Next</span>",
}


@pytest.mark.parametrize("name", NEXT)
def test_the_way_on_is_found(name):
    stated = LIST.replace("45 results", "1 - 10 of 45") if name == "ranges" else LIST
    result = answer(stated, NEXT[name])
    assert len(result.items) == 10
    assert result.next is not None
    assert result.next.url.replace("/page/2/", "?page=2&").endswith(("page=2", "q=coaching"))
    assert "2" in result.next.url


@pytest.mark.parametrize(
    "other",
    [
        "<a href=/news?month=6>Next</a>", "<a href=?q=coaching&page=1>Previous</a>", "<a href=#top>Next</a>", "<a href=/d99>Next steps for coaches</a>",
        "<a href='javascript:slide(1)'>Next</a>", "<a href=?q=coaching>1</a>", "<a href=http://other.example/2>2</a>",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_way_on_is_not_taken(other):
    assert answer(LIST, other).next is None


@pytest.mark.parametrize(
    ("turned", "row", "onward"),
    [
        (2, "<a href=?q=coaching&p=1>1</a> <a href=?q=coaching&p=2>2</a> <b>3</b> <a href=?q=coaching&p=next>...</a>", "p=next"),
        (5, "<a href=?q=coaching&p=prev>...</a> <a href=?q=coaching&p=4>4</a> <a href=?q=coaching&p=5>5</a> <b>6</b> <a href=?q=coaching&p=next>[…]</a>", "p=next"),
        (3, "<a href=?q=coaching&p=prev>...</a> <b>4</b> <a href=?q=coaching&p=5>5</a> <a href=?q=coaching&p=next>...</a>", "p=5"),
        (5, "<a href=?q=coaching&p=prev>...</a> <a href=?q=coaching&p=4>4</a> <a href=?q=coaching&p=5>5</a> <b>6</b>", ""),
        (10, "<a href=?q=coaching&p=prev>...</a> <b>11</b>", ""),
    ],
)  # fmt: skip
def test_three_dots_lead_on_from_a_window_of_page_numbers_but_not_back(turned, row, onward):
    result = read(page(LIST + row), "coaching", Reader(SPEC), turned)
    assert (result.next.url if result.next else "").endswith(onward)
    assert (result.next is None) == (not onward)


def test_a_postback_carries_the_view_state_of_the_page_it_stands_on():
    form = (
        "<form id=aspnetForm method=post action=results.aspx><input type=hidden name=__VIEWSTATE value=fresh><input type=hidden name=__EVENTTARGET>"
        f"<input name=q value=coaching>{LIST}<a href=\"javascript:__doPostBack('grid','Page$2')\">2</a></form>"
    )
    result = answer(form)
    assert result.next is not None
    assert result.next.method == "POST"
    fields = dict(result.next.fields)
    assert (fields["__VIEWSTATE"], fields["__EVENTTARGET"], fields["__EVENTARGUMENT"]) == ("fresh", "grid", "Page$2")


def test_a_next_link_is_relative_to_the_base_of_the_page():
    result = answer(LIST, "<a href=find?q=coaching&page=2>Next</a>", head="<base href=http://www.council.example/cms/>")
    assert result.next is not None
    assert result.next.url == "http://www.council.example/cms/find?q=coaching&page=2"


def test_a_known_parameter_is_counted_up_where_the_page_shows_no_way_on():
    reader = Reader(SearchSpec("platform", URL, "q", paging=Paging("start", 0, 0, 10)), Layout(per_page=10))
    result = read(page(LIST), "coaching", reader, 1)
    assert result.next is not None
    assert result.next.url.endswith("start=20")


def test_facets_related_searches_and_categories_are_no_hits():
    facets = "".join(f"<li><a href=?q=coaching&type={n}>Type {n} ({n})</a></li>" for n in range(12))
    related = "".join(f"<li><a href=?q=coaching+{w}>coaching {w}</a></li>" for w in "abcdefghijkl")
    items = "".join(
        f"<div class=hit><h3><a href=/d{n}>Coaching document {n}</a></h3>text <a href=/c/{n % 2}>Category</a></div>"
        for n in range(5)
    )
    result = answer(f"<ul>{facets}</ul><p>5 results</p>{items}<ul>{related}</ul>")
    assert [i.url[-3:] for i in result.items] == [f"/d{n}" for n in range(5)]


def test_counts_in_facets_are_no_total_but_a_total_in_a_tab_is_one():
    tab = "<a href='#'><span><b>10</b> items matching your search terms.</span></a>"
    facets = "<ul><li><a href=/type/news>News items (2)</a><li><a href=/type/pages>Pages (8)</a></ul>"
    assert answer(f"{facets}<ul>{ITEMS}</ul>").total.number is None
    assert answer(f"{tab}{facets}<ul>{ITEMS}</ul>").total.number == 10


def test_a_menu_that_says_the_query_is_no_hit():
    result = answer(
        "<p>1 result for coaching</p><ul><li><a href=/staff>A guide for staff</a> coaching and more</li></ul>"
    )
    assert [i.title for i in result.items] == ["A guide for staff"]


def test_a_hit_that_the_menu_has_too_is_a_hit():
    result = answer(
        "<p>2 results</p><ol><li><h3><a href=/coaching>Coaching</a></h3>all of it<li><h3><a href=/x>Coaching x</a></h3>more</ol>"
    )
    assert [i.url for i in result.items] == ["http://www.council.example/coaching", "http://www.council.example/x"]


def test_redirects_that_count_clicks_are_undone():
    assert (
        unwrapped("http://c.example/s/redirect?collection=x&url=http%3A%2F%2Fc.example%2Fa.pdf")
        == "http://c.example/a.pdf"
    )
    assert (
        unwrapped("http://c.example/page?ref=http://other.example/")
        == "http://c.example/page?ref=http://other.example/"
    )


def test_an_error_page_with_200_is_no_empty_last_page():
    result = answer("<h1>Sorry</h1><p>Something went wrong. Please try again later.</p>")
    assert (result.items, result.says_none, result.says_error) == ((), False, True)


def test_a_hit_listed_twice_in_a_row_is_two_items_but_a_picture_and_its_title_are_one():
    twice = LIST.replace("<li><a href=/d2>Coaching document 2</a>", "<li><a href=/d1>Coaching document 1</a>")
    assert [item.url[-3:] for item in answer(twice).items[:3]] == ["/d1", "/d1", "/d3"]
    pictured = LIST.replace("<li><a href=/d2>", "<li><a href=/d2><img src=p.gif></a> <a href=/d2>")
    assert len(answer(pictured).items) == 10


def test_a_lone_hit_that_the_nonsense_page_has_no_links_beside_is_learned():
    nothing = page("<h1>Search</h1><p>No results found</p>", f"{URL}?q=zorvaquil")
    one = page("<h1>Search</h1><ul><li><h4><a href=/services/>Services</a></h4></li></ul>", f"{URL}?q=services")
    _, empty, some = learn(nothing, "zorvaquil", one, "services", Reader(SPEC))
    assert (empty.says_none, [item.title for item in some.items]) == (True, ["Services"])


def test_an_error_page_has_no_hits_but_may_say_none():
    reader = Reader(SPEC)
    assert read(page(LIST, status=404), "coaching", reader).items == ()
    assert read(page("<p>No results found</p>", status=404), "coaching", reader).says_none


def test_a_selector_that_does_not_hold_is_said_and_the_comparison_is_used():
    reader = Reader(SPEC, platform=named("Funnelback"))
    nothing = page("<div id=main><p>No results found</p></div>", f"{URL}?q=zorvaquil")
    result = learn(nothing, "zorvaquil", page(f"<div id=main>{LIST}</div>"), "coaching", reader)[2]
    assert len(result.items) == 10
    assert "its item selector finds nothing here" in result.notes[0]


HOSTILE = {
    "deep": "<div>" * 30_000 + LIST,
    "unclosed": "<ul><li><a href=/d1>Coaching one<li><a href=/d2>Coaching two<p><b><table><tr>" * 200,
    "many links": "".join(f"<a href=/{n}>{n}</a>" for n in range(30_000)),
    "long line": "<p>" + "1 of " * 50_000 + "</p>",
    "digits": "<p>" + "9" * 100_000 + " results</p>",
    "nuls": LIST.replace("Coaching", "Coach\x00ing"),
    "bad addresses": "<a href='http://[::1'>a</a><a href='http://x:99999999/'>b</a><a href='//'>c</a>" + LIST,
    "cells": LIST + "<table><tr>" + "<td>x" * 40_000,
    "long script": LIST + "<a href=\"javascript:f('" + ".aaa" * 30_000 + '">x</a>',
    "long title": LIST + f"<a href=?q=coaching&page=2 title='{'-' * 60_000}'>-</a>",
    "empty": "",
    "entities": "<p>&lt;script&gt; &#0; &#xFFFFFF; &bogus;</p>" + LIST,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_read_in_bounded_time(name):
    began = time.perf_counter()
    read(page(HOSTILE[name]), "coaching", Reader(SPEC))
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ASIDE.match, "." * 40_000 + "x"),
        (ASIDE.match, ">" * 40_000 + "x"),
        (URLISH.match, "./" * 40_000),
        (GAP.match, "…" * 40_000 + "x"),
        (NUMBER.match, "-" * 40_000),
        (CALL.search, "$" * 40_000),
        (QUOTED_ADDRESS.search, "'" + ".aaa" * 20_000),
        (partial(COUNTED.sub, ""), "/" * 40_000 + "x"),
        (lambda text: header_next(Page(Ask(URL), URL, 200, "", b"", {"link": text})), "<" * 80_000),
    ],
    ids=["dots", "arrows", "address", "gap", "number", "call", "quoted", "path", "header"],
)
def test_a_rule_goes_through_a_text_once(rule, text):
    began = time.process_time()
    rule(text)
    assert time.process_time() - began < 1


def test_links_nested_deeper_than_browsers_nest_are_left_out():
    nested = page("<div onclick=\"location='/x'\">" * 2000)
    assert max(len(link.path) for link in take_apart(nested).links) == 512


def test_a_long_address_is_none_and_what_a_form_sends_is_whole():
    body = f"<a href='/{'x' * 5000}'>far</a><a href=/near>near</a><form><input name=s value={'y' * 5000}></form>"
    assert [link.text for link in take_apart(page(body)).links if link.text in {"far", "near"}] == ["near"]
    assert len(page(body).tree.find(".//input").get("value")) == 5000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "word", [word.removesuffix("*") for key in ("nouns", "verbs") for word in words("totals", key)]
)
def test_a_line_that_repeats_a_word_of_the_rules_is_read_in_bounded_time(word):
    line = f"{word} " * (390 // (len(word) + 1))
    began = time.perf_counter()
    for end in ("1 x", "12 x 1", ""):
        read_total([line + end], "coaching")
        assert not says_none([line + end], "coaching")
    assert time.perf_counter() - began < 5


@pytest.mark.timeout(20)
@pytest.mark.parametrize("rest", ["1" * 50, "page " * 10, "()" * 25, "results of " * 5])
def test_a_label_that_goes_on_and_on_is_read_in_bounded_time(rest):
    began = time.perf_counter()
    assert answer(LIST, f"<a href=?q=coaching&by=name>next {rest}x</a>").next is None
    assert time.perf_counter() - began < 5


def test_scripts_templates_and_hidden_parts_are_not_read():
    hidden = "<script>var m='No results found';</script><template><p>No results found</p></template><p hidden>No results</p><div style='display: none'>0 results</div>"
    anatomy = take_apart(page(hidden + "<p>Seen</p>"))
    assert "Seen" in [line.text for line in anatomy.lines]
    assert not says_none([line.text for line in anatomy.lines])


def test_a_number_that_was_nought_for_the_nonsense_word_is_the_total_whatever_stands_beside_it():
    badge = '<h3>On our pages <span class="badge">{}</span></h3>'
    rows = "".join(
        f'<li><h4><a href="/p/{n}">Page {n} on coaching</a></h4><p>Coaching for all, {n}.</p></li>' for n in range(10)
    )
    nothing = page(f"{badge.format(0)}<p>Try other words</p>")
    some = page(f"{badge.format(33)}<ol>{rows}</ol>")
    layout, empty, full = learn(nothing, "zorvaquil", some, "coaching", Reader(SPEC))
    assert (full.total.number, empty.says_none, len(full.items)) == (33, True, 10)
    assert read(page(f"{badge.format(0)}<p>Try other words</p>"), "extranet", Reader(SPEC, layout)).says_none


def test_headings_with_counts_are_no_hits():
    lists = "".join(
        f'<h3><a href="/section/{s}">Section {s}</a> (3)</h3><ul>'
        + "".join(f'<li><a href="/{s}/{n}">Leaflet {s}{n}</a> All about coaching in part {n}.</li>' for n in range(3))
        + "</ul>"
        for s in "abcd"
    )
    result = learn(page("<p>No results</p>"), "zorvaquil", page(f"<p>12 results</p>{lists}"), "coaching", Reader(SPEC))[
        2
    ]
    assert [item.title for item in result.items] == [f"Leaflet {s}{n}" for s in "abcd" for n in range(3)]


@pytest.mark.parametrize(
    "label",
    [
        "(Next 10 results)",
        "See 23 more",
        "&larr; Older results",
        "Turn over &#9758;",
        "Go on to the next set (page 2 of 4)",
        "Tudalen nesaf &raquo;",
    ],
)
def test_a_link_that_leads_on_is_understood(label):
    rows = "".join(
        f'<li><h4><a href="/p/{n}">Page {n} on coaching</a></h4><p>Coaching, {n}.</p></li>' for n in range(10)
    )
    body = f'<ol>{rows}</ol><p><a href="/search?q=coaching&amp;n=2">{label}</a></p>'
    result = learn(page("<p>No results</p>"), "zorvaquil", page(body), "coaching", Reader(SPEC))[2]
    assert result.next is not None, label
    assert result.next.url.endswith("n=2")


def test_a_list_in_json_is_read_by_what_its_keys_are_called():
    body = '{"data": [{"attributes": {"title": "Coaching"}, "links": {"self": {"href": "/coaching"}}}], "meta": {"count": 12}, "links": {"next": {"href": "/search?q=coaching&o=1"}}}'
    result = read(Page(Ask(URL), URL, 200, "application/vnd.api+json", body.encode()), "coaching", Reader(SPEC))
    assert [(i.url, i.title) for i in result.items] == [("http://www.council.example/coaching", "Coaching")]
    assert (result.total.number, result.next and result.next.url) == (
        12,
        "http://www.council.example/search?q=coaching&o=1",
    )


@pytest.mark.parametrize("media", ["application/json", "application/rss+xml"])
def test_of_a_page_of_data_without_end_a_bounded_number_of_hits_is_read_and_that_is_said(media):
    many = range(MOST_HITS + 5)
    if "json" in media:
        body = json.dumps({"total": len(many), "results": [{"url": f"/{n}", "title": "m"} for n in many], "next": "/s"})
    else:
        entries = "".join(f"<item><title>m</title><link>/{n}</link></item>" for n in many)
        body = f'<rss><channel><link rel="next" href="/s"/>{entries}</channel></rss>'
    result = read(Page(Ask(URL), URL, 200, media, body.encode()), "mentoring", Reader(SPEC))
    assert (len(result.items), result.too_many, result.next) == (MOST_HITS, True, None)


def test_xml_of_no_standard_is_read_likewise():
    body = '<?xml version="1.0"?><found total="2"><doc><name>Coaching</name><link>/a</link></doc><doc><name>More coaching</name><link>/b</link></doc></found>'
    result = read(Page(Ask(URL), URL, 200, "text/xml", body.encode()), "coaching", Reader(SPEC))
    assert ([i.title for i in result.items], result.total.number) == (["Coaching", "More coaching"], 2)


def test_a_notice_where_results_should_be_is_not_an_empty_page():
    foot = "".join(f"<p>{line}</p>" for line in ("Contact us", "Privacy", "Cookies", "Accessibility", "Copyright"))
    rows = "".join(f"<li><h4><a href=/p/{n}>Page {n}</a></h4><p>coaching</p></li>" for n in range(3))
    some = page(f"<p>3 results</p><ol>{rows}</ol>{foot}")
    layout, _, full = learn(page(f"<p>No results</p>{foot}"), "zorvaquil", some, "coaching", Reader(SPEC))
    assert len(full.items) == 3
    notice = Page(Ask(URL), URL, 200, "text/html", b"<html><body><h1>Back soon</h1></body></html>")
    assert read(notice, "coaching", Reader(SPEC, layout), 1).alien
    assert not read(page(f"<p>Nothing more here</p>{foot}"), "coaching", Reader(SPEC, layout), 1).alien


FURNITURE = "".join(f"<p>{line}</p>" for line in ("The Council", "Contact us", "Privacy", "Accessibility"))
ROWS = "".join(f"<li><h4><a href=/p/{n}>Page {n}</a></h4><p>coaching</p></li>" for n in range(3))


@pytest.mark.parametrize("said", ["<p>Perhaps {} is spelt otherwise</p><p>12:01 hours</p>", ""])
def test_the_nonsense_words_page_again_is_none_but_a_part_of_it_is_not(said):
    def results(query, middle):
        return page(f"{FURNITURE}<h2>Search for {query}</h2>{middle}<p>Copyright</p>")

    nothing = results("zorvaquil", said.format("zorvaquil"))
    some = results("coaching", f"<p>3 results</p><ol>{ROWS}</ol>")
    layout, _, full = learn(nothing, "zorvaquil", some, "coaching", Reader(SPEC))
    assert len(full.items) == 3

    def is_none(answer):
        result = read(answer, "mentoring", Reader(SPEC, layout))
        assert not result.says_none, "nothing that it says is known to mean none"
        return result.same_as_nonsense

    assert is_none(results("mentoring", said.format("mentoring").partition("<p>12:01")[0]))
    assert not is_none(results("mentoring", "<p>7 results, but not here</p>"))
    assert not is_none(page(""))
    assert not is_none(page(FURNITURE)), "it broke off after its head"
    assert not is_none(page(f"{FURNITURE}<h2>Search for mentoring</h2>")), "it broke off before its foot"
    assert not said or not is_none(results("mentoring", "")), "the notice is missing"


RSS_HEAD = "<?xml version='1.0'?><rss version='2.0'><channel><title>{}</title><link>/search</link>"
ATOM_HEAD = "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Search</title><id>urn:a</id>"


@pytest.mark.parametrize(
    ("media", "body", "none"),
    [
        ("text/xml", f"{RSS_HEAD.format('Search')}</channel></rss><!-- from the cache -->", True),
        ("text/xml", RSS_HEAD.format("Search"), False),
        ("text/xml", f"{RSS_HEAD.format('Error: index offline')}</channel></rss>", False),
        ("text/xml", "<rss><channel><title>Index offline</title></channel></rss>", False),
        ("text/xml", f"{RSS_HEAD.format('Search')}<totalResults>0</totalResults></channel></rss>", True),
        ("text/xml", f"{RSS_HEAD.format('Search')}<totalResults>5</totalResults></channel></rss>", False),
        ("text/xml", f"{ATOM_HEAD}</feed>", True),
        ("text/xml", ATOM_HEAD, False),
        ("text/xml", "<GSP VER='3.2'><TM>0.01</TM><Q>mentoring</Q></GSP>", True),
        ("text/xml", "<GSP VER='3.2'><TM>0.01</TM><Q>mentoring</Q>", False),
        ("text/xml", "<GSP VER='3.2'><TM>0.01</TM></GSP>", False),
        ("application/json", "[]", True),
        ("application/json", '{"query": "mentoring", "searchResults": [], "errors": []}', True),
        ("application/json", '{"response": {"numFound": 0, "docs": []}, "error": null}', True),
        ("application/json", '{"total": 45, "results": []}', False),
        ("application/json", '{"data": [], "error": {"code": 504}}', False),
        ("application/json", '{"total": 0, "results": [], "timed_out": true}', False),
        ("application/json", '{"status": "error", "results": []}', False),
        ("application/json", '{"success": false, "results": []}', False),
        ("application/json", '{"results": [], "message": "The service is currently unavailable"}', False),
        ("application/json", '{"facets": [], "suggestions": []}', False),
        ("application/json", '{"facets": [{"name": "type", "values": [], "items": []}]}', False),
        ("application/json", '{"results": [', False),
    ],
)  # fmt: skip
def test_data_without_hits_are_none_only_where_they_are_whole_and_tell_of_no_fault(media, body, none):
    result = read(Page(Ask(URL), URL, 200, media, body.encode()), "mentoring", Reader(SPEC))
    assert (result.items, result.says_none) == ((), none)


@pytest.mark.parametrize(
    ("control", "stuck"),
    [
        ('<button type="button" class="js-more">Load more</button>', "Load more"),
        ('<a href="#" role="button">Show more results</a>', "Show more results"),
        ('<button type="button" disabled>Load more</button>', ""),
        ('<button type="button">More about cookies</button>', ""),
        ('<a href="/search?q=coaching&amp;page=2">More results</a>', ""),
    ],
)
def test_a_control_that_only_a_script_can_press_proves_no_end(control, stuck):
    rows = "".join(
        f'<li><h4><a href="/p/{n}">Page {n} on coaching</a></h4><p>Coaching, {n}.</p></li>' for n in range(10)
    )
    result = learn(page("<p>No results</p>"), "zorvaquil", page(f"<ol>{rows}</ol>{control}"), "coaching", Reader(SPEC))[
        2
    ]
    assert len(result.items) == 10
    assert result.stuck == stuck


GSA = '<GSP><RES SN="{0}" EN="{0}"><M>{0}</M><R><U>http://www.council.example/a</U><T>A</T></R><NB><NU>/search?start=10</NU></NB></RES></GSP>'
RSS = "<rss><channel><totalResults>{0}</totalResults><startIndex>{0}</startIndex><item><title>A</title><link>/a</link></item></channel></rss>"
NO_NUMBERS = ["\u00b2", "one", "9" * 20, "9" * 5000, "-1", "1e9"]


@pytest.mark.parametrize("said", NO_NUMBERS)
@pytest.mark.parametrize(
    ("media", "form"),
    [
        ("text/xml", GSA),
        ("text/xml", RSS),
        ("application/json", '{{"total": "{0}", "results": [{{"url": "/a", "title": "A"}}]}}'),
        ("application/json", '{{"total": {0}, "results": [{{"url": "/a", "title": "A"}}]}}'),
        ("text/xml", "<rss><channel><a:b:c>{0}</a:b:c><item><title>A</title><link>/a</link></item></channel></rss>"),
    ],
)
def test_what_is_no_count_is_no_total(media: str, form: str, said: str) -> None:
    ask = Ask(f"{URL}?q=mentor&start={said}")
    page = Page(ask, ask.url, 200, media, form.format(said).encode(), {"x-wp-total": said})
    result = read(page, "mentor", Reader(SPEC), 0)
    assert result.total.number is None
    assert result.total.first is None


@pytest.mark.parametrize("start", ["<!-- -->", "<!--", "<?x ", "<!DOCTYPE x "])
@pytest.mark.timeout(20)
def test_what_stands_before_the_root_of_a_feed_is_gone_through_once(start):
    page = Page(
        Ask("http://www.council.example/search"),
        "http://www.council.example/search",
        200,
        "text/xml",
        (start * 20_000).encode(),
    )
    began = time.perf_counter()
    assert not feeds.is_feed(page)
    assert time.perf_counter() - began < 5
