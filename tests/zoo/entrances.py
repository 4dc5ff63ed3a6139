# ruff: noqa: E501 (markup is easier to read unbroken)
"""More ways from the address on record to the search form; the second set. Each is a name for an animal's `home`."""

from typing import TYPE_CHECKING

from tests.zoo import pages
from tests.zoo.transport import Request, Response

if TYPE_CHECKING:
    from tests.zoo.holdings import Holdings
    from tests.zoo.site import Site

# What the home page shows instead of the form, where a link (or a bare button) leads on to it.
LINKS: dict[str, str] = {
    "linked-map": '<img src="/images/buttons.gif" usemap="#buttons" alt="" border="0"><map name="buttons"><area shape="rect" coords="0,0,80,20" href="/contents.htm" '
    'alt="Contents"><area shape="rect" coords="80,0,160,20" href="{0}" alt="Search"></map>',
    "linked-popup": '<a href="{0}" target="searchwin" onclick="window.open(this.href,this.target,\'width=400,height=300\');return false">Search this site</a>',
    "linked-button": '<form action="{0}" method="get"><button type="submit" class="search-toggle">Search</button></form>',
    "linked-self": '<a class="nav-search" href="{0}" title="Search"><span class="glyphicon glyphicon-search" aria-hidden="true"></span></a>',
    "linked-twice": '<ul class="help-links"><li><a href="/contact-help">Contact</a></li><li><a href="{0}">Help with finding things</a></li></ul>',
    "linked-sister": '<p class="util"><a href="{0}">Search</a></p>',
}

START = '<html><head><title>Council</title><meta http-equiv="refresh" content="3;url=/start.htm"></head><body bgcolor=white><p>One moment.</p></body></html>'
ONWARD = "<HTML><HEAD><META CONTENT=\"0; url='/home'\" HTTP-EQUIV=REFRESH></HEAD><BODY></BODY></HTML>"
OUTER = '<html><head><title>Council</title></head><frameset cols="*,760,*"><frame src="/frames/blank.htm"><frame src="/frames/inner.htm" name="site"><frame src="/frames/blank.htm"></frameset></html>'
INNER = '<html><head><title>Council</title></head><frameset rows="110,*"><frame src="/frames/banner.htm" name="banner" scrolling="no"><frame src="/frames/main.htm" name="main"></frameset></html>'
NEED_COOKIES = "<html><head><title>Cookies</title></head><body><h1>Cookies are switched off</h1><p>Please allow cookies and come back.</p></body></html>"
LANGUAGE = (
    '<!DOCTYPE html><html><head><title>Dewiswch iaith / Choose language</title></head><body><form action="/set-language" method="post"><input type="hidden" name="return" '
    'value="/"><button type="submit" name="lang" value="cy">Cymraeg</button> <button type="submit" name="lang" value="en">English</button></form></body></html>'
)
NOTICE = (
    '<!DOCTYPE html><html><head><title>Important notice</title></head><body class="notice"><h1>Town hall closed on Monday</h1><p>The building is closed for a public '
    'holiday. Emergency numbers are answered as usual.</p><p><a href="/holiday-hours">Holiday opening hours</a></p><p><a class="cta" href="/home">Continue to our website</a></p></body></html>'
)

# Requests from the address on record to the page with the form, that page included.
STEPS = {
    "meta-chain": 3, "frames-deep": 3, "redirect-chain": 3, "cookie-test": 2, "language-form": 3, "notice": 2, "object": 2, "linked-twice": 3,
}  # fmt: skip

# What stands before the home page; engines index it too.
WORDS = {"meta-chain": START, "frames-deep": OUTER + INNER, "language-form": LANGUAGE, "notice": NOTICE}


def link_target(site: "Holdings") -> str:
    """Where the home page's link to the search leads."""
    home = site.animal.home
    if home == "linked-self":
        return site.animal.ask.path
    if home == "linked-sister":
        return site.bases.get("sister", "") + "/search-form"
    return "/finding-things" if home == "linked-twice" else "/search-our-site"


def gate(site: "Site", request: Request) -> Response | None:
    """What stands between a request and the home page; None where nothing does."""
    home, path = site.animal.home, request.path
    if request.role == "sister":
        return _search_page(site) if home == "linked-sister" and path == "/search-form" else None
    if home == "linked-twice" and path == "/finding-things":
        return site.shown(
            "Help with finding things",
            '<ul><li><a href="/a-z/a">A to Z of services</a></li><li><a href="/search-our-site">Search the website</a></li></ul>',
        )
    fixed = {
        ("meta-chain", "/"): START, ("meta-chain", "/start.htm"): ONWARD, ("frames-deep", "/"): OUTER, ("frames-deep", "/frames/inner.htm"): INNER,
        ("frames-deep", "/frames/blank.htm"): "<html><body></body></html>", ("notice", "/"): NOTICE,
    }.get((home, path))  # fmt: skip
    if fixed is not None:
        return site.raw(fixed)
    if home == "frames-deep" and path == "/frames/banner.htm":
        form = pages.form_html(site.animal, site.action()).replace("<form ", '<form target="main" ')
        return site.raw(f"<html><body>{form}</body></html>")
    if home == "redirect-chain" and path in ("/", "/en"):
        onward = "/en" if path == "/" else "/en/(S(k3rq2m45))/home.aspx"
        return Response(301 if path == "/" else 302, b"", headers={"Location": onward})
    if home == "redirect-chain" and path == "/en/(S(k3rq2m45))/home.aspx":
        return site.home_page()
    if home == "cookie-test" and path == "/" and request.cookies.get("ok") != "1":
        if "test=1" in request.target:
            return site.raw(NEED_COOKIES)
        return Response(302, b"", headers={"Location": "/?test=1", "Set-Cookie": "ok=1; Path=/"})
    return _language(site, request) if home == "language-form" else None


def _language(site: "Site", request: Request) -> Response | None:
    """Nothing but the choice of language until a cookie remembers one."""
    if request.path == "/set-language" and (chosen := request.fields("utf-8").get("lang")):
        return Response(303, b"", headers={"Location": "/", "Set-Cookie": f"lang={chosen}; Path=/"})
    return None if request.cookies.get("lang") else site.raw(LANGUAGE)


def _search_page(site: "Site") -> Response:
    return site.shown("Search", f"<p>Search all our websites.</p>{pages.form_html(site.animal, site.action())}")
