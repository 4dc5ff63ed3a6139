"""A site's search over several crawls: known, used again, checked before and after, and said where it has changed."""

import asyncio
import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from crawler import earlier, frontier, opening
from crawler.asking import SearchFunction, State, find_search
from crawler.opening import Target
from crawler.verifying import controls_after, find_or_reuse
from study import protocol
from study import record as r
from study.record import Record
from tests.committee_sites import ModernGov
from tests.fixtures.search.dialects import SITES
from tests.fixtures.search.pretend import HOST
from tests.running import HOME, Answer, SmallSite, mentorwatch, searchable
from tests.zoo import animals, serve

PAGES = {
    f"/page/{number}": (f"Mentoring page {number}", f"Mentor support number {number} for schools and allotments.")
    for number in range(1, 13)
} | {
    f"/page/{number}": (f"Allotments page {number}", f"Number {number} of what Welcome to Small Borough tells of.")
    for number in range(13, 20)
}
ZOO = [
    "badger-viewstate-direct",
    "shrew-one-time-token",
    "lapwing-hidden",
    "stoat-viewstate",
    "shag-postback",
    "beaver-drift",
]
QUERIES = 7  # the protocol's variants: each asks for at least one results page


@pytest.fixture
def site():
    small = SmallSite(searchable(PAGES))
    yield small
    small.close()


def crawl(site, tmp_path, *options):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    asked = len(site.asked)
    arguments = [f"--record={url}", f"--site={site.url}", f"--allow={site.allow}", "--delay=0", *options]
    done = mentorwatch("crawl", *arguments)
    assert done.returncode == 0, done.stderr
    return url, [each for each in site.asked[asked:] if each.path != "/robots.txt"]


def rows(url, query):
    with Record.open(url) as record, record.begin() as db:
        return db.execute(query).all()


def newest(url):
    """The newest crawl's site, and its searches by query."""
    site = rows(url, select(r.site).order_by(r.site.c.id.desc()))[0]
    return site, {row.query: row for row in rows(url, select(r.search).where(r.search.c.site_id == site.id))}


def queries(asked):
    return [each.query["q"][0] for each in asked if "q" in each.query]


def moved(pages, path="/find"):
    """The site after a relaunch: its search is elsewhere, and asks otherwise."""
    answers = searchable(pages)
    old = answers.pop("/search")

    def relaunched(body):
        return Answer(body.replace("/search", path).replace('name="q"', 'name="terms"').replace("?q=", "?terms="))

    return answers | {
        "/": relaunched(HOME),
        path: lambda query: relaunched(old({**query, "q": query.get("terms", [""])}).body),
    }


def test_a_second_crawl_uses_the_search_that_the_first_one_found(site, tmp_path):
    url, first = crawl(site, tmp_path)
    assert "/" in [each.path for each in first]
    url, second = crawl(site, tmp_path)
    kept, searches = newest(url)
    assert [each.path for each in second].count("/") == 1, "no discovery: only for its links to committee systems"
    before, after = queries(second)[:2], queries(second)[-2:]
    assert before == after == [kept.controls["nonsense"], kept.controls["known_word"]]
    assert (kept.state, kept.status, kept.changed_from, kept.function["requests"]) == ("done", None, None, 2)
    assert kept.reason.startswith("as known from earlier")
    assert {row.status for row in searches.values()} == {"complete"}
    assert searches["mentor"].collected == 12


def test_a_search_that_moved_is_found_anew_and_the_change_is_said(site, tmp_path):
    url, _ = crawl(site, tmp_path)
    site.answers = moved(PAGES)
    crawl(site, tmp_path)
    kept, searches = newest(url)
    assert searches["mentor"].collected == 12
    assert kept.changed_from == {"crawl": 1, "how": "form", "url": f"{site.url}search", "param": "q", "method": "GET"}
    assert "looked for anew" in kept.reason
    said = mentorwatch("status", f"--record={url}", "--json")
    (change,) = json.loads(said.stdout)["changes"]
    assert change["was"] == f"form GET {site.url}search, q (crawl 1)"
    assert change["now"] == f"form GET {site.url}find, terms"
    assert "Search has changed" in mentorwatch("status", f"--record={url}").stdout
    crawl(site, tmp_path)
    again, _ = newest(url)
    assert again.changed_from is None, "the change is news once"


def test_a_search_that_is_gone_says_what_it_was(site, tmp_path):
    url, _ = crawl(site, tmp_path)
    site.answers = {"/": Answer("<title>Small</title><p>Our new website has no search.</p>")}
    crawl(site, tmp_path)
    kept, _ = newest(url)
    assert kept.status == "none"
    assert kept.changed_from["param"] == "q"


def test_without_platform_files_a_search_found_by_one_is_not_taken_over():
    site = SITES["plone"]()
    known = asyncio.run(find_search(site.fetch, f"{HOST}/"))
    assert known.platform
    again = asyncio.run(find_or_reuse(site.fetch, f"{HOST}/", known))
    assert (again.requests, again.platform) == (2, known.platform)
    assert replace(again, reason="", requests=0) == replace(known, reason="", requests=0)
    without = asyncio.run(find_or_reuse(site.fetch, f"{HOST}/", known, use_platforms=False))
    assert (without.requests, without.platform) == (3, "")


@pytest.mark.parametrize("name", SITES)
def test_a_search_of_any_dialect_is_known_again_and_holds_to_the_end(name):
    site = SITES[name]()
    known = asyncio.run(find_search(site.fetch, f"{HOST}/", use_platforms=False))
    site.asked.clear()
    again = asyncio.run(
        find_or_reuse(site.fetch, f"{HOST}/", SearchFunction.from_json(known.to_json()), use_platforms=False)
    )
    assert again.reason.startswith("as known from earlier"), again.reason
    assert len(site.asked) == 2
    assert again.layout == known.layout
    closing = asyncio.run(controls_after(site.fetch, again))
    assert closing.fault == ""
    assert closing.known_word_hits == known.controls.known_word_hits
    assert len(site.asked) == 4


def test_the_controls_are_asked_again_after_the_searches_and_kept(site, tmp_path):
    url, asked = crawl(site, tmp_path)
    kept, _ = newest(url)
    assert kept.controls["after"] == {
        "nonsense_hits": 0,
        "known_word_hits": kept.controls["known_word_hits"],
        "fault": "",
    }
    assert queries(asked).count(kept.controls["nonsense"]) == 2


def breaking(site, after, then):
    """The site's search, answering as ``then`` does once ``after`` queries were asked."""
    whole, count = site.answers["/search"], []

    def search(query):
        count.append(query)
        return whole(query) if len(count) <= after else then(query)

    site.answers |= {"/search": search}


ALL_THE_SAME = HOME.replace(
    "</form>",
    "</form><h2>Search results</h2><p>Results 1 - 9 of 9</p><ol>"
    + "".join(f'<li><a href="/page/{n}">Mentoring page {n}</a><p>Mentor {n}</p></li>' for n in range(1, 10))
    + "</ol>",
)
BREAKS = {
    "loses its index": (
        lambda _: Answer(HOME.replace("</form>", "</form><p>Sorry, no results were found.</p>")),
        "and none after",
    ),
    "answers anything": (lambda _: Answer(ALL_THE_SAME), "which nobody has"),
    "shows an error": (lambda _: Answer("<h1>Server Error in '/' Application.</h1>", 500), "HTTP 500"),
    "is refused": (
        lambda _: Answer("<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"}),
        "Cloudflare",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_search_that_breaks_after_the_last_query_was_read_is_suspect(site, tmp_path, name):
    then, said = BREAKS[name]
    url, asked = crawl(site, tmp_path)
    whole = queries(asked)
    breaking(site, len(whole) - 4, then)  # two controls less at the start of the second crawl's count, two at its end
    (tmp_path / "second").mkdir()
    url, _ = crawl(site, tmp_path / "second")
    kept, searches = newest(url)
    read = [row for row in searches.values() if "broke while it was read" in row.reason]
    assert {row.status for row in searches.values()} & {"complete", "capped"} == set()
    assert len(read) >= QUERIES - 2
    assert said in kept.controls["after"]["fault"]
    assert all(said in row.reason for row in read)
    assert "before that complete: 12 items read" in searches["mentor"].reason


def test_a_query_whose_hits_are_all_gone_is_suspect_and_stays_so(site, tmp_path):
    url, _ = crawl(site, tmp_path)
    site.answers = searchable({path: page for path, page in PAGES.items() if "Mentor" not in page[0]})
    for _ in range(2):
        crawl(site, tmp_path)
        _, searches = newest(url)
        assert searches["mentor"].status == "suspect"
        assert "0 hits now, 12 in crawl 1" in searches["mentor"].reason
        assert searches["coach"].status == "complete", "nothing then, nothing now"
    site.answers = searchable(PAGES)
    crawl(site, tmp_path)
    assert newest(url)[1]["mentor"].status == "complete"


def test_a_few_hits_less_are_no_fall(site, tmp_path):
    few = {path: page for path, page in PAGES.items() if "Mentor" not in page[0] or path in ("/page/1", "/page/2")}
    site.answers = searchable(few)
    url, _ = crawl(site, tmp_path)
    site.answers = searchable({path: page for path, page in PAGES.items() if "Mentor" not in page[0]})
    crawl(site, tmp_path)
    assert newest(url)[1]["mentor"].status == "complete"


def test_where_one_query_lost_all_its_hits_a_few_that_another_lost_are_no_news_either(site, tmp_path):
    coaching = {"/coach": ("Coaching", "A coach for the schools of Small Borough.")}
    site.answers = searchable(PAGES | coaching)
    url, _ = crawl(site, tmp_path)
    site.answers = searchable({path: page for path, page in PAGES.items() if "Mentor" not in page[0]})
    crawl(site, tmp_path)
    searches = newest(url)[1]
    assert (searches["mentor"].status, searches["coach"].status) == ("suspect", "suspect")
    assert "0 hits now, 1 in crawl 1" in searches["coach"].reason


def test_killed_before_the_controls_after_it_asks_them_when_it_goes_on(site, tmp_path):
    url, _ = crawl(site, tmp_path)
    with Record.open(url) as record, record.begin() as db:  # what stands there after a kill in that instant
        db.execute(update(r.site).values(state="found"))
        db.execute(update(r.crawl).values(finished_at=None))
    _, asked = crawl(site, tmp_path)
    kept, _ = newest(url)
    assert [each.path for each in asked] == ["/search", "/search"]
    assert (kept.crawl_id, kept.state) == (1, "done")


def test_a_site_that_its_budget_ends_is_finished_and_not_proven(tmp_path):
    answers = searchable(PAGES)
    quick = answers["/search"]

    def slow(query):
        answer = quick(query)
        return Answer(answer.body, wait=0.0 if len(small.asked) < 9 else 5.0)

    small = SmallSite(answers | {"/search": slow})
    try:
        url, _ = crawl(small, tmp_path, "--site-budget=3")
    finally:
        small.close()
    kept, searches = newest(url)
    assert kept.state == "done"
    assert {row.status for row in searches.values()} == {"suspect", "failed"}
    assert "could not be asked again" in searches["mentor"].reason
    assert "budget" in searches["mentor"].reason


@pytest.mark.parametrize("host_kind", ["main", "portal"])
def test_only_the_same_host_kind_and_site_are_compared(tmp_path, host_kind):
    study = protocol.load("nfer-2008")
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:

        def crawled(targets, hits, day):
            crawl_id, _ = opening.open_crawl(record, study, "test", targets, day, fresh=True)
            for site in frontier.sites_to_visit(record, crawl_id):
                search = frontier.searches_to_do(record, site.id)[0]
                total = hits.get(site.home_url, 0)
                ended = State(
                    "mentor", None, ended="no way on" if total else "no hits", collected=total, distinct=total
                )
                with record.begin() as db:
                    earlier.keep_conclusion(db, search.id, ended, "")
            with record.begin() as db:
                query = select(r.site.c.home_url, r.search.c.status).join(r.site, r.site.c.id == r.search.c.site_id)
                return dict(db.execute(query.where(r.search.c.crawl_id == crawl_id, r.search.c.state == "done")).all())

        old = Target("E10000016", "http://kent.example/", host_kind)
        new = Target("E10000016", "http://new.example/", host_kind)
        other = Target("E10000016", "http://kent.example/", "committee")
        crawled([old], {old.home_url: 9}, date(2026, 1, 1))
        assert crawled([other], {}, date(2026, 2, 1)) == {other.home_url: "complete"}
        assert crawled([old, new], {old.home_url: 9}, date(2026, 3, 1))[new.home_url] == "complete"
        assert crawled([new], {}, date(2026, 4, 1))[new.home_url] == "complete", "it never had hits itself"
        assert crawled([old], {}, date(2026, 5, 1))[old.home_url] == "suspect"


def test_committee_systems_of_the_last_crawl_are_visited_again_though_nothing_links_to_them_now(tmp_path):
    main = SmallSite(searchable(PAGES))
    system = ModernGov(main.url)
    home = main.answers["/"]
    main.answers["/"] = Answer(HOME.replace("</body>", f'<a href="{system.home}">Council meetings</a></body>'))
    try:
        allowed = f"--allow={system.allow}"
        url, _ = crawl(main, tmp_path, allowed)
        main.answers["/"] = home
        crawl(main, tmp_path, allowed)
        found = rows(url, select(r.site).order_by(r.site.c.id))
    finally:
        main.close()
        system.close()
    kinds = [(row.crawl_id, row.host_kind, row.status, row.changed_from) for row in found]
    assert kinds == [(crawl_id, kind, None, None) for crawl_id in (1, 2) for kind in ("main", "committee")]
    assert found[3].function["requests"] == 2


def test_animals_of_the_zoo_that_lose_their_index_are_suspect_and_those_that_keep_it_are_not(tmp_path):
    chosen = [a for a in animals() if a.id in ZOO]
    assert len(chosen) == len(ZOO)
    with serve(only=chosen) as zoo:
        url = f"sqlite:///{tmp_path / 'record.db'}"
        arguments = [f"--record={url}", "--delay=0", *(f"--site={zoo.home(a)}" for a in chosen)]
        arguments += [f"--allow={pair}" for a in chosen for pair in zoo.allow(a)]

        def crawled(lost):
            for animal in chosen:
                zoo.lose_index(animal, animal.id in lost)
            done = mentorwatch("crawl", *arguments)
            assert done.returncode == 0, done.stderr
            newest_crawl = select(r.site).order_by(r.site.c.id.desc()).limit(len(chosen))
            sites = {row.home_url: row for row in rows(url, newest_crawl)}
            return {animal.id: sites[zoo.home(animal)] for animal in chosen}

        found = crawled(lost=())
        assert {name: site.status for name, site in found.items()} == dict.fromkeys(ZOO)
        assert {site.controls["after"]["fault"] for site in found.values()} == {""}
        lost = ZOO[: len(ZOO) // 2]
        second = crawled(lost)
        for name, site in second.items():
            assert site.status == ("suspect" if name in lost else None), (name, site.reason)
            assert site.function is None or site.function["requests"] == 2
            assert bool(site.changed_from) == (name in lost)
