"""The replica lives: what it does month by month is the same every time, is seen over HTTP, and is what its log says."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

import replica
from replica.answers import answers, at, expected, relevant_hits
from replica.evolution import evolution
from replica.exchange import Request
from replica.history import Event, events
from replica.lineage import holder
from replica.oldhost import OldHost
from replica.plan import GROUPS, plans
from replica.site import Site
from replica.texts import later
from replica.validators import Validated
from replica.year import Year
from tests.running import ROOT, free_ports, mentorwatch

SCALE = 0.04
CHESHIRE, EAST, WEST = "E10000004", "E06000049", "E06000050"
DURHAM, DURHAM_SINCE_2009 = "E10000010", "E06000047"
KENT, DEVON, SUFFOLK, NORFOLK, HARINGEY = "E10000016", "E10000008", "E10000029", "E10000020", "E09000014"
WEST_SUSSEX, SUNDERLAND, NORTH_YORKSHIRE, CALDERDALE, DUDLEY = (
    "E10000032",
    "E08000024",
    "E10000023",
    "E08000033",
    "E08000027",
)
MONTHS = evolution().months()


# --- The same every time -----------------------------------------------------------------------------------------


def test_july_2008_is_served_as_it_was_before_the_replica_lived() -> None:
    """The digest was taken of the replica of 27 November 2026, which knew July 2008 alone."""
    known = "0f9e56c672fa99dd3009c704924abfe91966ff47fd6beacb3b29d332c634a5ca"
    homes = replica.homes()
    assert _digest(Site(code, homes[code], 0.05) for code in plans()) == known
    year = Year(0.05)
    assert year.month == "2008-07"
    assert _digest(Site(code, homes[code], shape=shape) for code, shape in year.sites.items()) == known


def _digest(sites: Iterator[Site]) -> str:
    total = hashlib.sha256()
    for site in sites:
        entry = f"{site.dialect.entry}?{site.dialect.field}="
        targets = ["/", "/robots.txt", "/nowhere.htm", f"{entry}mentor", f"{entry}coaching"]
        targets += [path for page in site.documents if page.format == "html" for path in (page.path, page.target)]
        for target in targets:
            answer = site.respond(Request("GET", target))
            total.update(repr((answer.status, answer.type, answer.headers, answer.body)).encode())
    return total.hexdigest()


_LIFE = """
import hashlib, json
from replica.exchange import Request
from replica.site import Site
from replica.year import Year
total = hashlib.sha256()
year = Year(0.03)
while year.month != "2009-12":
    for event in year.advance():
        total.update(json.dumps(event.facts()).encode())
    for code in ("E10000032", "E08000012", "E10000024", "E06000049"):
        if code in year.sites:
            site = Site(code, "http://127.0.0.1:1/", shape=year.sites[code])
            for page in site.documents[:40]:
                total.update(site.respond(Request("GET", page.path)).body)
print(total.hexdigest())
"""


def test_two_processes_live_the_same_life() -> None:
    command = [sys.executable, "-c", _LIFE]
    digests = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_site_lives_the_same_life_whichever_others_are_served() -> None:
    alone = list(events(SCALE, "2009-06", only=[NORFOLK]))
    assert alone == [event for event in _log() if event.authority == NORFOLK and event.month <= "2009-06"]
    assert len(alone) > 20


# --- The log is what is served -----------------------------------------------------------------------------------


@cache
def _log() -> tuple[Event, ...]:
    return tuple(events(SCALE))


def test_every_kind_of_event_happens() -> None:
    kinds = Counter(event.kind for event in _log())
    assert set(kinds) == {
        *("appears", "changes", "moves", "goes", "returns", "unlisted", "listed", "fails", "works"),
        *("outage", "redesign", "splits", "closes"),
    }
    assert {e.how for e in _log() if e.kind == "moves"} == {"redirect", "404", "soft-404"}
    assert {e.how for e in _log() if e.kind == "goes"} == {"404", "410", "soft-404"}
    assert {e.what for e in _log() if e.kind == "changes"} == {"passage", "other", "line", "date", "menu", "footer"}
    assert {e.how for e in _log() if e.kind == "outage"} == {
        *("blocked", "maintenance", "search-error", "search-silent", "index-lost", "robots", "refused")
    }


def test_relevant_pages_appear_change_move_go_and_return() -> None:
    relevant = Counter(event.kind for event in _log() if event.relevance == "relevant" and event.month <= "2009-07")
    for kind in ("appears", "changes", "moves", "goes", "returns", "unlisted", "listed"):
        assert relevant[kind] > 0, kind
    assert {(e.was, e.relevance) for e in _log() if e.was} == {("off-topic", "relevant"), ("relevant", "off-topic")}


_HOW = {"404": (404,), "410": (410,), "soft-404": (200,), "redirect": (301,), "500": (500,)}


def test_each_event_is_seen_where_and_when_the_log_says() -> None:
    before = _Seen(Year(SCALE))
    checked: Counter[str] = Counter()
    year = Year(SCALE)
    while year.month != "2009-12":
        happened = year.advance()
        now = _Seen(year)
        for event in happened:
            if event.address:
                _hold(event, before, now, happened)
                checked[event.kind] += 1
        before = now
    assert sum(checked.values()) > 1_500
    assert len(checked) >= 9


def _hold(event: Event, before: "_Seen", now: "_Seen", happened: list[Event]) -> None:
    code, there = event.authority, event.to_authority or event.authority
    match event.kind:
        case "appears":
            assert before.status(code, event.address) in (0, 404) or before.says_not_found(code, event.address), event
            assert now.status(code, event.address) == 200, event
            if not event.page.startswith("plain"):  # those are no hits of any keyword
                assert now.lists(code, event.address), event
        case "changes":
            if not any(other.kind == "redesign" and other.authority == code for other in happened):
                assert before.main(code, event.address) != now.main(code, event.address), event
        case "moves":
            assert now.status(code, event.address) in _HOW[event.how], event
            assert now.main(there, event.to), event
            if event.how == "redirect":
                assert now.leads(code, event.address).endswith(event.to), event
            elif event.how == "soft-404":
                assert now.says_not_found(code, event.address), event
            assert now.title(there, event.to), event
        case "goes":
            assert before.status(code, event.address) == 200, event
            assert now.status(code, event.address) in _HOW[event.how], event
            if event.how == "soft-404":
                assert now.says_not_found(code, event.address), event
        case "returns":
            assert before.status(code, event.address) != 200 or before.says_not_found(code, event.address), event
            assert now.status(code, event.to or event.address) == 200, event
            assert now.lists(code, event.to or event.address), event
        case "unlisted" | "listed":
            assert before.lists(code, event.address) != now.lists(code, event.address), event
            assert now.lists(code, event.address) == (event.kind == "listed"), event
        case "fails" | "works":
            assert (now.status(code, event.address) == 500) == (event.kind == "fails"), event


def test_nothing_changes_that_the_log_does_not_say() -> None:
    year = Year(SCALE)
    before = _states(year)
    while year.month != "2009-12":
        named = {(event.authority, event.page) for event in year.advance()}
        named |= {(event[0], event[1]) for event in named}
        now = _states(year)
        for place in before.keys() | now.keys():
            code, page = place
            gone_already = place in before and before[place][1] not in {"ok", "redirect"} and not before[place][2]
            if before.get(place) != now.get(place) and not (gone_already and place not in now):
                parent = CHESHIRE if code in (EAST, WEST) else code
                names = {(holder(code, year.month), page), (parent, page)}
                assert names & named, (year.month, place, before.get(place), now.get(place))
        before = now


def _states(year: Year) -> dict[tuple[str, str], tuple[object, ...]]:
    return {
        (code, page.id): (page.path, page.state, page.listed, page.title, page.body, page.dated)
        for code, shape in year.sites.items()
        for page in shape.pages
    }


class _Seen:
    """The sites of a month as a visitor sees them, outages apart; authorities by the code of the month."""

    def __init__(self, year: Year) -> None:
        self.homes = {code: f"http://{code}.test/" for code in year.sites}
        self.sites: dict[str, Site | OldHost] = {}
        for code, shape in year.sites.items():
            well = replace(shape, outage="")
            site = OldHost(well, self.homes) if shape.holding else Site(code, self.homes[code], shape=well)
            self.sites[holder(code, year.month)] = site
        self.answers = {
            (code, target): site.respond(Request("GET", target))
            for code, site in self.sites.items()
            for target in self._targets(code)
        }
        self.listed = {
            (code, site.hit(position, 1, query, "b").path)
            for code, site in self.sites.items()
            if isinstance(site, Site)
            for queries in GROUPS.values()
            for query in queries
            for position in site.find(query)
        }

    def _targets(self, code: str) -> set[str]:
        """Every address that was ever anybody's here: those of the log."""
        names = {code, DURHAM} if code == DURHAM_SINCE_2009 else {code}
        return {
            address
            for event in _log()
            for owner, address in ((event.authority, event.address), (event.to_authority or event.authority, event.to))
            if owner in names and address.startswith("/")
        }

    def _answer(self, code: str, target: str):  # type: ignore[no-untyped-def]
        code = DURHAM if code == DURHAM_SINCE_2009 and code not in self.sites else code
        if code not in self.sites:
            return None
        found = self.answers.get((code, target))
        return found or self.sites[code].respond(Request("GET", target))

    def status(self, code: str, target: str) -> int:
        answer = self._answer(code, target)
        return answer.status if answer else 0

    def says_not_found(self, code: str, target: str) -> bool:
        answer = self._answer(code, target)
        return answer is not None and b"Page not found" in answer.body

    def leads(self, code: str, target: str) -> str:
        return dict(self._answer(code, target).headers)["Location"]

    def main(self, code: str, target: str) -> bytes:
        return self._answer(code, target).body if self.status(code, target) == 200 else b""

    def title(self, code: str, target: str) -> bool:
        return self.status(code, target) == 200 and not self.says_not_found(code, target)

    def lists(self, code: str, target: str) -> bool:
        code = DURHAM if code == DURHAM_SINCE_2009 and code not in self.sites else code
        return (code, target) in self.listed


def test_what_the_search_lists_is_what_the_key_says_is_listed() -> None:
    """Read off the results pages themselves, for sites whose hits stand on one page."""
    for month in ("2008-12", "2009-10"):
        key, figures = answers(SCALE, month), expected(SCALE, month)
        year = at(SCALE, month)
        for code in ("E09000029",):  # all hits on one page
            site = Site(code, "http://127.0.0.1:1/", shape=year.sites[code])
            body = site.respond(Request("GET", "/site/scripts/search_results.aspx?searchQuery=mentor")).body.decode()
            shown = re.findall(r'<div class="search_result"><h3><a href="([^"]+)"', body)
            assert len(shown) == figures[code]["mentor"] > 0
            assert all(key[code][path.replace("&amp;", "&")].listed for path in shown)


def test_every_relevant_text_that_appears_is_found_by_its_sites_search() -> None:
    wanted = {"mentor": {"mentoring", "both"}, "coach": {"coaching", "both"}}
    appeared = [event for event in _log() if event.kind == "appears" and event.page in later()]
    assert {event.page for event in appeared} == set(later())
    for event in appeared:
        answer = answers(SCALE, event.month)[event.authority][event.address]
        if event.relevance == "relevant":
            groups = {group for group, relations in wanted.items() if event.relation in relations}
            assert groups <= set(answer.groups), event.page
        assert answer.groups


def test_the_study_can_be_counted_in_every_month() -> None:
    counts = [len(relevant_hits(SCALE, month)["mentor"]) for month in MONTHS[:18:4]]
    assert counts[0] == 22
    assert len(set(counts)) > 2
    assert min(counts) > 10


# --- Over real HTTP, on the same ports the whole year ------------------------------------------------------------

ONLY = [
    *(CHESHIRE, DURHAM, KENT, DEVON, SUFFOLK, NORFOLK, HARINGEY, WEST_SUSSEX),
    *(SUNDERLAND, NORTH_YORKSHIRE, CALDERDALE, DUDLEY),
]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_PLAIN = urllib.request.build_opener(_NoRedirect)


def _get(address: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(address, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with _PLAIN.open(request, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def test_a_year_on_the_same_ports() -> None:
    base = free_ports(32)
    july = replica.homes(base, ONLY)
    with replica.running("2008-07", SCALE, base, ONLY) as sites:
        assert sites.homes == july
        assert _get(july[KENT])[0] == 200
        search = {
            DEVON: f"{july[DEVON]}cgi-bin/htsearch?words=coaching",
            SUFFOLK: f"{july[SUFFOLK]}web/search.nsf/SiteSearch?Query=mentor",
            NORFOLK: f"{july[NORFOLK]}SearchCenter/Pages/results.aspx?k=mentor",
            CALDERDALE: f"{july[CALDERDALE]}search/?query=coaching",
        }
        found = {code: _get(address) for code, address in search.items()}
        assert all(status == 200 for status, _, _ in found.values())
        assert b"No documents match" not in found[SUFFOLK][1]
        assert b"did not find any results" not in found[NORFOLK][1]
        with pytest.raises(urllib.error.URLError, match="refused"):
            _get(f"http://127.0.0.1:{base + 30}/")

        sites.advance()
        assert sites.month == "2008-08"
        assert sites.homes == july

        sites.advance("2008-11")
        assert _get(search[DEVON])[0] == 500
        assert _get(july[DEVON])[0] == 200
        assert _get(search[CALDERDALE])[0] == 404  # another search at another address
        assert b"search-results" in _get(f"{july[CALDERDALE]}search/node?keys=coaching")[1]

        sites.advance()
        assert _get(july[WEST_SUSSEX])[0] == 403
        assert b"Your support ID is" in _get(july[WEST_SUSSEX])[1]
        assert _get(search[DEVON])[0] == 200
        sites.advance()
        assert sites.month == "2009-01"
        assert _get(july[WEST_SUSSEX])[0] == 403
        sites.advance()
        assert _get(july[WEST_SUSSEX])[0] == 200
        with pytest.raises(urllib.error.URLError, match="refused"):
            _get(july[HARINGEY])
        assert b"queries_site_query" in _get(july[DUDLEY])[1]  # Dudley's new search

        sites.advance()
        assert _get(july[HARINGEY])[0] == 200
        assert b"/Public/Search" not in _get(f"{july[SUNDERLAND]}robots.txt")[1]
        assert b"Disallow: /SearchCenter/Pages/results.aspx" in _get(f"{july[SUNDERLAND]}robots.txt")[1]

        april = sites.advance()
        assert set(april) == set(july) - {CHESHIRE, DURHAM} | {EAST, WEST, DURHAM_SINCE_2009}
        assert april[DURHAM_SINCE_2009] == july[DURHAM]
        assert {april[code] for code in set(april) & set(july)} == {july[code] for code in set(april) & set(july)}
        assert b"Cheshire East" in _get(april[EAST])[1]
        assert b"has been replaced" in _get(july[CHESHIRE])[1]
        assert b"Disallow: /SearchCenter/Pages/results.aspx" not in _get(f"{july[SUNDERLAND]}robots.txt")[1]

        sites.advance()
        status, body, _ = _get(search[SUFFOLK])
        assert (status, b"No documents match" in body) == (200, True)
        sites.advance()
        status, body, _ = _get(search[NORFOLK])
        assert (status, b"did not find any results" in body) == (200, True)
        assert b"did not find" not in _get(search[NORFOLK].replace("mentor", "council"))[1]
        assert b"No documents match" not in _get(search[SUFFOLK])[1]

        sites.advance()
        with pytest.raises(urllib.error.URLError, match="refused"):
            _get(july[CHESHIRE])
        sites.advance("2009-09")
        assert _get(july[NORTH_YORKSHIRE])[0] == 503
        assert b"did not find" not in _get(search[NORFOLK])[1]
        with pytest.raises(ValueError, match="is past"):
            sites.advance("2009-01")
        with pytest.raises(ValueError, match="lives from 2008-07 to 2010-07"):
            sites.advance("2011-01")
        assert _get(july[KENT])[0] == 200  # a wrong word changes nothing


def test_cheshires_pages_go_to_its_heirs_some_with_redirects() -> None:
    base = free_ports(32)
    moved = [e for e in _log() if e.kind == "moves" and e.to_authority in (EAST, WEST) and e.relevance == "relevant"]
    assert {event.to_authority for event in moved} == {EAST, WEST}
    with replica.running("2009-04", SCALE, base, [CHESHIRE]) as sites:
        old = f"http://127.0.0.1:{base + list(plans()).index(CHESHIRE)}"
        for event in moved:
            status, _, headers = _get(old + event.address)
            new = sites.homes[event.to_authority] + event.to[1:]
            assert status == (301 if event.how == "redirect" else 404)
            assert headers.get("Location") == (new if event.how == "redirect" else None)
            assert _get(new)[0] == 200


def test_a_month_is_ready_within_ten_seconds() -> None:
    start = time.monotonic()
    with replica.running("2010-07", 0.05, free_ports(32)) as sites:
        assert len(sites.homes) == 31
        assert time.monotonic() - start < 10


# --- Conditional requests ----------------------------------------------------------------------------------------


def _page(site: Site, form: str = "html") -> str:
    return next(page.path for page in site.documents if page.state == "ok" and page.format == form)


def _asked(validated: Validated, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    answer = validated.respond(Request("GET", target, sent))
    return answer.status, dict(answer.headers), answer.body


def test_an_honest_site_answers_304_until_the_page_changes() -> None:
    year = Year(SCALE)
    while year.month != "2008-10":
        year.advance()
    target, tags, dates = "", set(), set()
    while year.month != "2008-12":
        site = Site(KENT, "http://127.0.0.1:1/", shape=year.sites[KENT])
        validated = Validated(site, "as-is")
        target = next(page.path for page in site.documents if page.id == "t0001")  # reworded in November 2008
        _, headers, body = _asked(validated, target)
        assert _asked(validated, target, If_None_Match=headers["ETag"]) == (304, headers, b"")
        assert _asked(validated, target, If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert _asked(validated, target, If_None_Match='"other"')[0] == 200
        assert _asked(validated, target, If_Modified_Since="Mon, 01 Jan 2007 00:00:00 GMT")[0] == 200
        assert _asked(validated, target, If_Modified_Since="yesterday")[0] == 200
        assert body
        tags.add(headers["ETag"])
        dates.add(headers["Last-Modified"])
        year.advance()
    assert len(tags) == 2
    assert "Sat, 01 Nov 2008 09:00:00 GMT" in dates


def test_no_page_changes_behind_an_unchanged_date() -> None:
    """Last-Modified of an honest site never stands still while the bytes change."""
    year = Year(SCALE, evolution().validators.honest)
    seen: dict[tuple[str, str], tuple[str, bytes]] = {}
    while year.month != "2009-12":
        for code, shape in year.sites.items():
            site = Site(code, f"http://{code}.test/", shape=shape)
            if shape.outage in {"blocked", "maintenance", "refused"}:
                continue
            for page in site.documents:
                if page.state != "ok" or page.format == "pptx":
                    continue
                request = Request("GET", page.path)
                now = (site.changed(request) or "", site.respond(request).body)
                before = seen.get((code, page.path))
                if before and before[1] != now[1]:
                    assert now[0] == year.month, (code, page.id, year.month)
                seen[code, page.path] = now
        year.advance()
    assert len(seen) > 200


def test_a_cms_that_stamps_every_answer_never_says_304() -> None:
    validated = Validated(Site("E08000004", "http://127.0.0.1:1/", SCALE), "as-is")
    target = _page(validated._site)  # type: ignore[arg-type]
    _, first, body = _asked(validated, target)
    status, second, again = _asked(
        validated, target, If_None_Match=first["ETag"], If_Modified_Since=first["Last-Modified"]
    )
    assert (status, again) == (200, body)
    assert first["ETag"] != second["ETag"]
    assert first["Last-Modified"] != second["Last-Modified"]


def test_two_servers_behind_one_address_have_tags_of_their_own() -> None:
    site = Site(NORFOLK, "http://127.0.0.1:1/", 0.1)
    validated = Validated(site, "as-is")
    target = _page(site, "pdf")
    tags = {_asked(validated, target)[1]["ETag"] for _ in range(4)}
    assert len(tags) == 2
    assert "ETag" not in _asked(validated, _page(site))[1]


@pytest.mark.parametrize("code", ["E10000016", "E08000004", "E10000006", "E10000017"])
def test_the_switch_makes_all_sites_honest_or_none(code: str) -> None:
    site = Site(code, "http://127.0.0.1:1/", SCALE)
    for target in (_page(site), "/", "/robots.txt"):
        answering = Validated(site, "all")
        status, headers, _ = _asked(answering, target)
        if status == 200:
            assert _asked(answering, target, If_None_Match=headers["ETag"])[0] == 304
        assert "ETag" not in _asked(Validated(site, "none"), target)[1]
    search = f"{site.dialect.entry}?{site.dialect.field}=council"
    assert "ETag" not in _asked(Validated(site, "all"), search)[1]


def test_a_304_over_http_has_no_body_and_keeps_the_connection() -> None:
    import http.client

    base = free_ports(32)
    with replica.running("2008-08", SCALE, base, [DEVON]) as sites:
        path = next(
            path for path, a in answers(SCALE, "2008-08")[DEVON].items() if (a.state, a.format) == ("ok", "html")
        )
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(sites.homes[DEVON]).netloc, timeout=10)
        connection.request("GET", path)
        first = connection.getresponse()
        first.read()
        connection.request("GET", path, headers={"If-None-Match": first.headers["ETag"]})
        second = connection.getresponse()
        assert (second.status, second.read(), second.headers["ETag"]) == (304, b"", first.headers["ETag"])
        connection.request("GET", "/robots.txt")
        assert connection.getresponse().status == 200
        connection.close()


# --- The door ----------------------------------------------------------------------------------------------------


def test_the_command_prints_its_log() -> None:
    done = mentorwatch("replica", "--log", "--month=2008-09", f"--scale={SCALE}")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == [event.facts() for event in _log() if event.month <= "2008-09"]
    assert {row["month"] for row in rows} == {"2008-08", "2008-09"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--month=2008-06",), "lives from 2008-07 to 2010-07"),
        (("--month=August",), "'August'"),
        (("--month=2008-08", "--only=E99999999"), "E99999999"),
    ],
)
def test_a_month_or_site_that_is_not_there_is_answered_in_words(arguments: tuple[str, ...], says: str) -> None:
    done = mentorwatch("replica", *arguments)
    assert done.returncode != 0
    assert says in re.sub(r"\s+", " ", done.stderr)
    assert "Traceback" not in done.stderr
