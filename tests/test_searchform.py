"""Which form is the site's own search, and where else a page points to it."""
# ruff: noqa: E501 (markup reads better unbroken)

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.candidates import candidates, common_paths
from crawler.forms import forms, submission
from crawler.knownwords import known_words, nonsense_word
from crawler.searchform import form_candidates
from crawler.searchlinks import frames, help_pages, opensearch_specs, refreshed, search_actions, search_pages, ways_in
from crawler.searchspec import SearchSpec
from crawler.web import Ask, Page

HOME = "http://www.council.example/"


def page(body: str, url: str = HOME, kind: str = "text/html; charset=utf-8", encoding: str = "utf-8") -> Page:
    return Page(Ask(url), url, 200, kind, body.encode(encoding), {})


def best(body: str, **options) -> SearchSpec | None:
    found = form_candidates(page(body, **options))
    return found[0].spec if found else None


SEARCHES = {
    "plain": ("<form action=/search><input name=q><input type=submit value=Search></form>", "q", "/search?q=x"),
    "no words at all but the field's name": ("<form action=/><input name=s></form>", "s", "/?s=x"),
    "only Go": ("<form action=/x.asp><input name=abc><input type=submit value=Go></form>", "abc", "/x.asp?abc=x"),
    "role": ("<form role=search action=/r><input type=search name=z></form>", "z", "/r?z=x"),
    "image button": ("<form action=/find><input name=terms><input type=image src=go.gif alt=Go name=b></form>", "terms", "/find?terms=x&b.x=1&b.y=1"),
    "hidden fields and defaults": (
        ("<form action=/s><input type=hidden name=c value=1><input name=q value='Search...'><select name=scope><option value=a>A<option value=b selected>B</select>"
        "<input type=radio name=m value=and checked><input type=radio name=m value=or><input type=checkbox name=n value=1></form>"),
        "q",
        "/s?c=1&q=x&scope=b&m=and",
    ),
    "a table breaks the form": ("<table><tr><form action=/cgi/s><td><input name=words></td><td><input type=submit></td></form></tr></table>", "words", "/cgi/s?words=x"),
    "fields outside by attribute": ("<form id=f action=/search></form><input form=f name=query><button form=f>Search</button>", "query", "/search?query=x"),
    "action's own query is dropped": ("<form action='/search?old=1'><input name=q></form>", "q", "/search?q=x"),
    "no action": ("<form><input type=search name=q></form>", "q", "/?q=x"),
    "welsh": ("<form action=/chwilio><label for=c>Chwilio'r safle</label><input id=c name=c></form>", "c", "/chwilio?c=x"),
    "button with formaction": ("<form action=/nothing><input name=q placeholder=Search><button formaction=/really>Search</button></form>", "q", "/really?q=x"),
}  # fmt: skip


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_form_is_found_and_sent_as_a_browser_would(name):
    body, param, sent = SEARCHES[name]
    spec = best(body)
    assert spec is not None
    assert spec.query_param == param
    assert spec.ask("x").url == f"http://www.council.example{sent}"


DECOYS = {
    "newsletter": "<form action=/news method=post><label>E-mail</label><input name=email><button>Sign up</button></form>",
    "login": "<form action=/login method=post><input name=username><input type=password name=p><button>Log in</button></form>",
    "postcode": "<form action=/find><label>Enter your postcode</label><input name=q><button>Search</button></form>",
    "planning": "<form action=/planning/search><input name=q><button>Search</button></form>",
    "library": "<form action=/lib/search><input name=query title='Search the library catalogue'><button>Go</button></form>",
    "jobs": "<form action=/search><input name=keywords placeholder='Search jobs'><button>Search</button></form>",
    "directory": "<form action=/directory/search><input name=keywords><button>Search</button></form>",
    "news": "<form action=/search><label for=n>Search news</label><input id=n name=search><button>Search</button></form>",
    "public engine": "<form action=http://www.google.com/search><input name=q><input type=hidden name=sitesearch value=council.example></form>",
    "no field": "<form action=/search><input type=hidden name=q value=x><button>Search</button></form>",
}


@pytest.mark.parametrize("name", DECOYS)
def test_a_form_for_something_else_is_not_the_site_search(name):
    assert best(DECOYS[name]) is None


@pytest.mark.parametrize("name", DECOYS)
def test_the_site_search_wins_beside_a_decoy(name):
    site = "<form action=/find><label for=z>Search this site</label><input id=z name=zz><button>Go</button></form>"
    for body in (DECOYS[name] + site, site + DECOYS[name]):
        spec = best(body)
        assert spec is not None
        assert spec.query_param == "zz"


def test_on_a_jobs_site_the_jobs_search_is_the_site_search():
    assert best(DECOYS["jobs"], url="http://jobs.council.example/") is not None


def test_one_form_around_the_whole_page_sends_the_searchs_own_button():
    body = (
        "<form id=aspnetForm method=post action=default.aspx><input type=hidden name=__VIEWSTATE value=v>"
        "<div><input name='ctl00$mail' title='Your e-mail'><input type=submit name='ctl00$join' value='Subscribe'></div>"
        "<div class=search><input name='ctl00$txtSearch'><input type=submit name='ctl00$go' value=Search></div></form>"
    )
    spec = best(body)
    assert spec is not None
    assert spec.query_param == "ctl00$txtSearch"
    assert dict(spec.ask("x").fields) == {
        "__VIEWSTATE": "v",
        "ctl00$mail": "",
        "ctl00$txtSearch": "x",
        "ctl00$go": "Search",
    }


def test_a_query_is_written_in_the_forms_own_charset():
    form = "<form action=/s><input name=q></form>"
    old = page(f"<html><head><meta charset=iso-8859-1></head>{form}", kind="text/html", encoding="latin-1")
    assert form_candidates(old)[0].spec.ask("café").url.endswith("q=caf%E9")
    assert form_candidates(old)[0].spec.ask("café ☃").url.endswith("q=caf%E9+%26%239731%3B")
    accepts = page(
        "<html><head><meta charset=iso-8859-1></head><form accept-charset=utf-8 action=/s><input name=q></form>",
        encoding="latin-1",
    )
    assert form_candidates(accepts)[0].spec.ask("café").url.endswith("q=caf%C3%A9")


def test_pressing_a_named_button_sends_it_and_no_other():
    sent = page(
        "<form action=/s><input name=q value=x><input type=submit name=a value=1><input type=submit name=b value=2></form>"
    )
    form = forms(sent)[0]
    ask = submission(form, sent, form.xpath(".//input[@name='b']")[0])
    assert ask is not None
    assert ask.url == "http://www.council.example/s?q=x&b=2"


OPENSEARCH = """<?xml version="1.0"?><OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<Url type="application/x-suggestions+json" rel="suggestions" template="http://www.council.example/suggest?q={searchTerms}"/>
<Url type="application/rss+xml" template="http://www.council.example/rss?q={searchTerms}&amp;start={startIndex?}"/>
<Url type="text/html" pageOffset="0" template="http://www.council.example/find?q={searchTerms}&amp;lang={language?}&amp;p={startPage?}"/>
</OpenSearchDescription>"""


def test_an_opensearch_description_gives_pages_before_feeds_and_no_suggestions():
    html, feed = opensearch_specs(page(OPENSEARCH, url=f"{HOME}osd.xml", kind="application/opensearchdescription+xml"))
    assert html.ask("a b").url == "http://www.council.example/find?q=a+b&lang=&p=0"
    assert html.paging is not None
    assert (html.paging.param, html.paging.first, html.paging.step) == ("p", 0, 1)
    assert feed.ask("a").url == "http://www.council.example/rss?q=a&start=1"


def test_an_entity_bomb_in_a_description_is_harmless():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><d>&b;</d>'
    )
    assert opensearch_specs(page(bomb)) == []


ACTIONS = {
    "string": '{"@type":"WebSite","potentialAction":{"@type":"SearchAction","target":"http://www.council.example/?s={search_term_string}","query-input":"required name=search_term_string"}}',
    "entry point in a graph": '{"@graph":[{"@type":"WebSite","potentialAction":[{"@type":"SearchAction","target":{"@type":"EntryPoint","urlTemplate":"http://www.council.example/?s={q}"},"query-input":{"@type":"PropertyValueSpecification","valueRequired":true,"valueName":"q"}}]}]}',
    "malformed": '{"@type":"WebSite","potentialAction":{"@type":"SearchAction","target":"http://www.council.example/?s={anything}","query":"required"}}',
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_search_action_is_read(name):
    (spec,) = search_actions(page(f"<script type='application/ld+json'>{ACTIONS[name]}</script>"))
    assert spec.ask("a b").url == "http://www.council.example/?s=a+b"


def test_broken_json_ld_is_no_search_action():
    assert search_actions(page("<script type='application/ld+json'>{'@type':</script>")) == []
    assert search_actions(page(f"<script type='application/ld+json'>{'[' * 100_000}</script>")) == []


def test_a_visible_form_comes_before_the_search_action_of_a_plug_in():
    body = f"<form action=/find role=search><input name=q></form><script type='application/ld+json'>{ACTIONS['string']}</script>"
    assert [spec.how for spec in candidates(page(body), ())] == ["form", "searchaction"]


def test_links_lead_to_the_search_page_and_not_to_other_searches():
    body = (
        "<a href=/planning/search>Search planning applications</a><a href=/jobs/search>Job search</a><a href=/help/s.html><img alt=Search src=s.gif></a>"
        "<a href=/search/advanced>Advanced search</a><a href=/search?sort=date>By date</a><a href=/about>About</a>"
    )
    found = search_pages(page(body))
    assert found[0] in {"http://www.council.example/help/s.html", "http://www.council.example/search/advanced"}
    assert not any("planning" in url or "jobs" in url or "about" in url for url in found)


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/x1" aria-label="Search this site">\u2315</a>',
        '<a href="/x1" title="Search this site">\U0001f50d</a>',
        '<a href="/x1">\u2630 <img src="s.gif" alt="Search this site"></a>',
        '<a href="/x1">\u203a <svg><title>Search this site</title></svg></a>',
        '<a href="/x1" aria-label="Menu">Search this site</a>',
    ],
)
def test_a_link_of_symbols_alone_says_what_is_written_for_those_who_do_not_see_it(link):
    assert search_pages(page(f"{link}<a href=/x2 aria-label=Contact>\u2709</a>")) == [f"{HOME}x1"]


def test_frames_refreshes_and_splash_pages_lead_on():
    assert frames(page("<frameset><frame src=/main.html><frame src=/top.html name=top></frameset>"))[0].endswith(
        "/top.html"
    )
    assert refreshed(page("<meta http-equiv=Refresh content='0;URL=home.aspx'>")) == f"{HOME}home.aspx"
    assert refreshed(page("<script>window.location='/en/'</script>")) == f"{HOME}en/"
    assert refreshed(page("<meta http-equiv=refresh content='600'>")) == ""
    assert ways_in(page("<a href=/cy/>Cymraeg</a><a href=/en/>English</a>"))[0] == f"{HOME}en/"
    assert ways_in(page("".join(f"<a href=/{n}>x</a>" for n in range(60)))) == []


def test_common_paths_stand_under_the_sites_own_folder():
    assert (
        common_paths(page("", url="http://host.example/council"))[0].ask("x").url
        == "http://host.example/council/search?q=x"
    )
    assert (
        common_paths(page("", url="http://host.example/index.html"))[0].ask("x").url == "http://host.example/search?q=x"
    )


@pytest.mark.parametrize(
    ("link", "folders"), [("/council/news", ["council/"]), ("/council/index/news", ["council/index/", "council/"])]
)
def test_common_paths_stand_beside_the_page_that_the_given_address_leads_to(link, folders):
    home = page(f"<a href={link}>News</a>", url=f"{HOME}council/index")
    urls = [spec.ask("x").url for spec in common_paths(replace(home, ask=Ask(f"{HOME}council/")))]
    assert [url for url in urls if url.endswith("/search?q=x")] == [f"{HOME}{folder}search?q=x" for folder in folders]


def test_known_words_are_the_sites_own_and_not_everybodys():
    home = page(
        "<h1>Welcome</h1><a href=/schools/>Schools and admissions</a><a href=/contact>Contact us</a><p>Housing, housing and planning.</p>"
    )
    words = known_words([home])[:-1]
    assert words[0] == "schools"
    assert {"welcome", "contact"}.isdisjoint(words)


def test_the_nonsense_word_is_stable_and_not_on_the_page():
    assert nonsense_word([page("nothing")]) == nonsense_word([page("other")])
    assert nonsense_word([page(f"a page about {nonsense_word([])}")]) != nonsense_word([])


def test_a_spec_survives_the_record():
    spec = best(SEARCHES["hidden fields and defaults"][0])
    assert spec is not None
    assert SearchSpec.from_json(spec.to_json()) == spec


def test_a_link_that_posts_back_sends_the_form_in_a_buttons_stead():
    found = best(
        '<form id="Form" method="post" action="default.aspx"><input type="hidden" name="__EVENTTARGET" value="">'
        '<input type="hidden" name="__EVENTARGUMENT" value=""><input type="hidden" name="__VIEWSTATE" value="dDw">'
        '<a href="javascript:__doPostBack(\'dnn$LOGIN$cmd\',\'\')">Login</a><span><input type="text" name="dnn$SEARCH$txtSearch">'
        "<a href=\"javascript:__doPostBack('dnn$SEARCH$cmdSearch','')\">Search</a></span></form>"
    )
    assert found is not None
    assert (found.method, found.query_param) == ("POST", "dnn$SEARCH$txtSearch")
    assert dict(found.fields)["__EVENTTARGET"] == "dnn$SEARCH$cmdSearch"
    assert dict(found.fields)["__VIEWSTATE"] == "dDw"


def test_of_several_buttons_the_one_that_searches_the_site_is_pressed():
    found = best(
        '<form action="/find"><input name="word"><input type="submit" name="op" value="A to Z">'
        '<input type="submit" name="op" value="Search jobs"><button name="op" value="site">Search website</button></form>'
    )
    assert found is not None
    assert dict(found.fields)["op"] == "site"


@pytest.mark.parametrize(
    "choice",
    [
        '<label><input type="radio" name="in" value="web" checked> The web</label> <label><input type="radio" name="in" value="us"> Council site</label>',
        '<input type="radio" name="in" value="news" id="n"><label for="n">News only</label><input type="radio" name="in" value="us" id="s"><label for="s">This site</label>',
    ],
    ids=["the-web-is-ticked", "nothing-is-ticked"],
)
def test_where_there_is_a_choice_the_site_is_searched(choice):
    found = best(f'<form action="/search"><input name="q">{choice}<input type="submit" value="Search"></form>')
    assert found is not None
    assert dict(found.fields)["in"] == "us"


def test_a_choice_that_somebody_made_is_kept():
    choice = '<input type="radio" name="in" value="county" checked> All of Kent <input type="radio" name="in" value="us"> This site'
    found = best(f'<form action="/search"><input name="q">{choice}<input type="submit" value="Search"></form>')
    assert found is not None
    assert dict(found.fields)["in"] == "county"


def test_a_button_that_only_leads_somewhere_is_a_link():
    button = '<form action="/search-us"><button class="icon">Search</button></form>'
    assert search_pages(page(button)) == [f"{HOME}search-us"]


def test_pages_that_explain_the_site_are_looked_at_last():
    links = '<a href="/contact">Contact</a><a href="/az">Site map</a><a href="/how">Help with finding things</a>'
    assert help_pages(page(links)) == [f"{HOME}how", f"{HOME}az"]


@pytest.mark.parametrize("harm", ['indexOffset="\u00b2"', 'indexOffset="' + "9" * 5000 + '"'])
@pytest.mark.parametrize("host", ["www.council.example", "["])
def test_an_opensearch_description_that_means_harm_breaks_nothing(harm, host):
    xml = f"""<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/"><Url type="text/html" {harm}
      template="http://{host}/search?q={{searchTerms}}&amp;start={{startIndex}}"/></OpenSearchDescription>"""
    assert all(spec.paging.first == 1 for spec in opensearch_specs(page(xml)) if spec.paging)
