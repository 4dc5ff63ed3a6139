"""Where a site's search cannot be used: its pages read in its place, and what may be said then."""

import csv
import gzip
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import select

from crawler.matching import snippet, variant_pattern
from crawler.pagelinks import Traps
from study import record as r
from study.record import Record
from tests.running import ROOT, Answer, SmallSite, clean_environment, command, mentorwatch, searchable
from tests.test_kill import contents

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
PAGES = {f"/page/{n}": (f"Page {n}", f"Mentor support number {n} for teachers of Small Borough.") for n in range(1, 13)}
OTHERS = {f"/other/{n}": (f"Other {n}", f"Refuse collection in ward {n}, and a mentorship.") for n in range(1, 9)}
XML = {"Content-Type": "application/xml"}


def page(title, text, *links):
    anchors = "".join(f'<li><a href="{link}">{link.strip("/")}</a></li>' for link in links)
    return Answer(f"<html><head><title>{title}</title></head><body><p>{text}</p><ul>{anchors}</ul></body></html>")


def pages(those, *links):
    return {path: page(title, text, *links) for path, (title, text) in those.items()}


def home(*links):
    return page("Small Borough Council", "Refuse collection, allotments and libraries in Small Borough.", *links)


def urlset(base, paths, more=""):
    inside = "".join(f"<url><loc>{base}{path}</loc>{more}</url>" for path in paths)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{NAMESPACE}">{inside}</urlset>'


def index(base, *paths):
    inside = "".join(f"<sitemap><loc>{base}{path}</loc></sitemap>" for path in paths)
    return Answer(f'<sitemapindex xmlns="{NAMESPACE}">{inside}</sitemapindex>', headers=XML)


@pytest.fixture
def site():
    made = []

    def make(answers=None):
        small = SmallSite(answers or {})
        small.base = small.url.rstrip("/")
        made.append(small)
        return small

    yield make
    for each in made:
        each.close()


def arguments(small, tmp_path, *options):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    return [
        f"--record={url}",
        f"--site={small.url}",
        f"--allow={small.allow}",
        "--delay=0",
        "--via=auto",
        *options,
    ], url


def crawl(small, tmp_path, *options):
    given, url = arguments(small, tmp_path, *options)
    done = mentorwatch("crawl", *given)
    assert done.returncode == 0, done.stderr
    return url


def bounded_crawl(small, tmp_path, **settings):
    """The same through Scrapy, where every setting can be given."""
    url = f"sqlite:///{tmp_path / 'record.db'}"
    given = {"MENTORWATCH_ALLOW": small.allow, "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 8, **settings}
    named = [f"sites={small.url}", f"record={url}", "via=auto"]
    options = [part for value in named for part in ("-a", value)]
    options += [part for name, value in given.items() for part in ("-s", f"{name}={value}")]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "sitesearch", *options],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return url


def rows(url, query):
    with Record.open(url) as record, record.begin() as db:
        return db.execute(query).all()


def searches(url, via):
    return {row.query: row for row in rows(url, select(r.search).where(r.search.c.via == via))}


def hits(url, query):
    found = (
        select(r.hit.c.url, r.hit.c.rank, r.hit.c.snippet)
        .join(r.search, r.search.c.id == r.hit.c.search_id)
        .where(r.search.c.query == query, r.search.c.via != "search")
        .order_by(r.hit.c.rank)
    )
    return rows(url, found)


def paths_of(found):
    return ["/" + row.url.split("/", 3)[3] for row in found]


def with_sitemap(small, **more):
    """A site without a search: index, one part gzipped by hand, one by the server too, one plain."""
    parts = list(PAGES) + list(OTHERS)
    lastmod = "<lastmod>2008-07-29</lastmod>"
    small.answers = {
        "/": home("/page/1"),
        "/sitemap.xml": index(small.base, "/one.xml.gz", "/two.xml.gz", "/three.txt"),
        "/one.xml.gz": Answer(
            gzip.compress(urlset(small.base, parts[:8], lastmod).encode()),
            headers={"Content-Type": "application/x-gzip"},
        ),
        "/two.xml.gz": Answer(
            gzip.compress(gzip.compress(urlset(small.base, parts[8:14]).encode())), headers={"Content-Encoding": "gzip"}
        ),
        "/three.txt": Answer(
            "\n".join(small.base + path for path in parts[14:]), headers={"Content-Type": "text/plain"}
        ),
        **pages(PAGES),
        **pages(OTHERS),
        **more,
    }
    return small


def test_a_site_without_a_search_is_read_by_its_sitemap(site, tmp_path):
    small = with_sitemap(site())
    url = crawl(small, tmp_path)
    own, local = searches(url, "search"), searches(url, "sitemap")
    assert {row.status for row in own.values()} == {"none"}
    assert all(row.collected == 0 for row in own.values())
    assert local.keys() == own.keys()
    assert {(row.status, row.reason) for row in local.values()} == {
        ("sitemap", "21 of 21 pages read and matched locally")
    }
    assert (local["mentor"].collected, local["mentor"].pages_read, local["mentor"].reported_total) == (12, 21, None)
    assert local["coach"].collected == 0
    found = hits(url, "mentor")
    assert paths_of(found) == list(PAGES), "in the order of the sitemap"
    assert [row.rank for row in found] == list(range(1, 13))
    assert found[2].snippet == "Mentor support number 3 for teachers of Small Borough."
    dated = Counter(row.lastmod for row in rows(url, select(r.listed_page)))
    assert dated == {"2008-07-29": 8, "": 13}
    fetched = Counter(path for path in small.paths() if path.startswith(("/page/", "/other/")))
    assert fetched.pop("/page/1") == 2, "once as a possible search page, once as a page"
    assert set(fetched.values()) == {1}


@pytest.mark.slow
def test_the_report_says_no_by_sitemap(site, tmp_path):
    small = with_sitemap(site())
    given, _ = arguments(small, tmp_path, f"--output={tmp_path / 'report'}")
    done = mentorwatch("run", *given)
    assert done.returncode == 0, done.stderr + done.stdout

    def table(name):
        return list(csv.DictReader(io.StringIO((tmp_path / "report" / name).read_text(encoding="utf-8"))))

    (authority,) = table("authorities.csv")
    assert authority["keyword_coach"] == "no_by_sitemap"
    assert authority["mention_tda"] == "no_by_sitemap"
    assert authority["hits_mentor"] == "x", "what was read is no search total"
    mentor = next(row for row in table("keywords.csv") if row["keyword"] == "mentor")
    assert (mentor["total_hits"], mentor["relevant_hits"], mentor["searches"]) == ("x", "0", "2")
    ways = Counter((row["via"], row["status"]) for row in table("coverage.csv"))
    assert ways == {("search", "none"): 7, ("sitemap", "sitemap"): 7}


def test_without_being_asked_nothing_but_the_search_is_used(site, tmp_path):
    small = with_sitemap(site())
    url = crawl(small, tmp_path, "--via=search")
    assert not searches(url, "sitemap")
    assert "/sitemap.xml" not in small.paths()


def test_a_search_that_robots_bar_is_gone_round_only_by_what_robots_allow(site, tmp_path):
    small = site()
    robots = f"User-agent: *\nDisallow: /search\nDisallow: /page/2\n\nSitemap: {small.base}/maps/all.xml\n"
    listed = [*(f"/page/{n}" for n in range(1, 13)), *OTHERS]
    small.answers = searchable(PAGES | OTHERS) | {
        "/robots.txt": Answer(robots, headers={"Content-Type": "text/plain"}),
        "/maps/all.xml": Answer(urlset(small.base, listed), headers=XML),
    }
    url = crawl(small, tmp_path)
    assert {row.status for row in searches(url, "search").values()} == {"robots"}
    mentor = searches(url, "sitemap")["mentor"]
    assert (mentor.status, mentor.reason) == ("sitemap", "20 of 21 pages read and matched locally; not read: 1 robots")
    assert not {"/search", "/page/2", "/sitemap.xml"} & set(small.paths())


def test_only_the_searches_that_failed_are_answered_otherwise(site, tmp_path):
    small = site()
    answers = searchable(PAGES)
    honest = answers["/search"]

    def search(query):
        return Answer("broken", 500) if query.get("q") == ["extranet"] else honest(query)

    small.answers = answers | {"/search": search, "/sitemap.xml": Answer(urlset(small.base, PAGES), headers=XML)}
    url = crawl(small, tmp_path)
    assert searches(url, "search")["mentor"].status == "complete"
    assert searches(url, "search")["extranet"].status == "failed"
    assert {query: row.status for query, row in searches(url, "sitemap").items()} == {"extranet": "sitemap"}
    fetched = Counter(path for path in small.paths() if path.startswith("/page/"))
    assert set(fetched.values()) == {1}, "hits are not fetched twice"


def test_addresses_of_others_are_not_asked_for(site, tmp_path):
    other, small = site(pages(PAGES)), site()
    entries = urlset(
        "", [f"{other.base}/page/1", f"{small.base}/page/1", "http://169.254.169.254/x", "file:///etc/passwd"]
    )
    small.answers = {
        "/": home(),
        "/robots.txt": Answer(f"Sitemap: {other.base}/sitemap.xml\nSitemap: {small.base}/own.xml\n"),
        "/own.xml": Answer(entries, headers=XML),
        **pages(PAGES, f"{other.base}/page/2"),
    }
    given, url = arguments(small, tmp_path, f"--allow={other.allow}")
    assert mentorwatch("crawl", *given).returncode == 0
    assert other.paths() == []
    assert searches(url, "sitemap")["mentor"].reason == "2 of 2 pages read and matched locally"
    own = next(row for row in rows(url, select(r.sitemap_file)) if row.url.endswith("/own.xml"))
    assert (own.listed, own.elsewhere) == (1, 2)


def test_indexes_that_name_each_other_end(site, tmp_path):
    small = site()
    small.answers = {
        "/": home(),
        "/sitemap.xml": index(small.base, "/a.xml", "/sitemap.xml"),
        "/a.xml": index(small.base, "/sitemap.xml", "/a.xml", "/b.xml"),
        "/b.xml": Answer(urlset(small.base, PAGES), headers=XML),
        **pages(PAGES),
    }
    url = crawl(small, tmp_path)
    assert searches(url, "sitemap")["mentor"].status == "sitemap"
    assert Counter(small.paths())["/a.xml"] == Counter(small.paths())["/b.xml"] == 1


def test_indexes_without_end_are_left_and_not_taken_for_everything(site, tmp_path):
    small = site()
    nested = {f"/{n}.xml": index(small.base, f"/{n + 1}.xml") for n in range(1, 30)}
    both = f"{urlset(small.base, PAGES)}"
    small.answers = {
        "/": home(),
        "/sitemap.xml": index(small.base, "/1.xml", "/pages.xml"),
        "/pages.xml": Answer(both, headers=XML),
        **nested,
        **pages(PAGES),
    }
    url = crawl(small, tmp_path)
    assert "/6.xml" not in small.paths()
    mentor = searches(url, "sitemap")["mentor"]
    assert (mentor.status, mentor.collected) == ("capped", 12)
    assert "1 of its sitemap files could not be read whole" in mentor.reason


def test_an_entity_bomb_is_no_sitemap(site, tmp_path):
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    bomb = f"<!DOCTYPE urlset [<!ENTITY e0 'x'>{entities}]><urlset><url><loc>&e11;</loc></url></urlset>"
    small = site({"/": home(*PAGES), "/sitemap.xml": Answer(bomb, headers=XML), **pages(PAGES)})
    url = crawl(small, tmp_path)
    assert not searches(url, "sitemap")
    assert searches(url, "crawl")["mentor"].collected == 12


def test_a_sitemap_larger_than_the_bound_says_no_more_than_was_read(site, tmp_path):
    small = with_sitemap(site())
    url = bounded_crawl(small, tmp_path, MENTORWATCH_SITEMAP_PAGES=10)
    mentor = searches(url, "sitemap")["mentor"]
    assert (mentor.status, mentor.pages_read) == ("capped", 10)
    assert mentor.reason == "10 of 21 pages read and matched locally; the bound is 10 pages"


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap_index.xml"])
def test_a_torn_sitemap_says_no_more_than_was_read_wherever_it_was_found(site, tmp_path, path):
    small = site()
    if path == "/sitemap.xml":
        files = {path: urlset(small.base, PAGES)[: -len("</urlset>")]}
    else:
        index = f"<sitemapindex><sitemap><loc>{small.base}/part.xml</loc></sitemap><sitemap><loc>{small.base}/pa"
        files = {path: index, "/part.xml": urlset(small.base, PAGES)}
    answers = {file: Answer(body, headers=XML) for file, body in files.items()}
    small.answers = {"/": home(*PAGES), **answers, **pages(PAGES)}
    mentor = searches(crawl(small, tmp_path), "sitemap")["mentor"]
    assert mentor.status == "capped"
    assert mentor.reason.endswith("; 1 of its sitemap files could not be read whole")


def test_a_sitemap_that_lists_less_than_the_home_page_is_not_taken_for_the_site(site, tmp_path):
    small = site()
    sitemap = Answer(urlset(small.base, ["/page/1"]), headers=XML)
    small.answers = {"/": home(*PAGES), "/sitemap.xml": sitemap, **pages(PAGES)}
    url = crawl(small, tmp_path)
    assert not searches(url, "sitemap")
    assert searches(url, "crawl")["mentor"].collected == 12


def test_without_a_sitemap_the_sites_links_are_followed(site, tmp_path):
    text = Answer("A coach and a mentor: handbook.", headers={"Content-Type": "text/plain"})
    handbook = (ROOT / "tests/documents/mentor-handbook.rtf").read_bytes()
    small = site(
        {
            "/": home("/page/1", "/a/", "http://elsewhere.example/x", "mailto:x@example.org", "/photo.jpg"),
            "/a/": page("A", "Nothing.", "b.html", "../page/2", "/handbook.txt", "/handbook.rtf", "/private/x"),
            "/a/b.html": page("B", "Mentoring, deep down.", "/", "/a/"),
            "/handbook.txt": text,
            "/handbook.rtf": Answer(handbook, headers={"Content-Type": "application/rtf"}),
            "/robots.txt": Answer("User-agent: *\nDisallow: /private\n"),
            **pages(dict(list(PAGES.items())[:2])),
        }
    )
    url = crawl(small, tmp_path)
    local = searches(url, "crawl")
    assert (local["mentor"].status, local["mentor"].reason) == (
        "robots",
        "7 of 8 pages read and matched locally; not read: 1 robots",
    ), "an eighth of the site unread is not the site"
    assert paths_of(hits(url, "mentor")) == ["/page/1", "/page/2", "/handbook.txt", "/handbook.rtf"], (
        "nearest first, documents too"
    )
    assert paths_of(hits(url, "mentoring")) == ["/a/b.html"]
    assert paths_of(hits(url, "coach")) == ["/handbook.txt"]
    assert not {"/photo.jpg", "/private/x"} & set(small.paths())


def test_a_calendar_without_end_is_followed_a_while_and_no_further(site, tmp_path):
    def calendar(query):
        month = int(query.get("month", ["1"])[0])
        links = [f"/calendar?month={month + step}&year=2008" for step in range(1, 30)]
        return page(f"Month {month}", "Bin day.", *links)

    def loop(_):
        return page("Loop", "Round and round.", "deeper/loop/")

    small = site({"/": home("/calendar?month=1&year=2008", "/loop/", *PAGES), "/calendar": calendar, **pages(PAGES)})
    small.answers |= {"/loop/" + "deeper/loop/" * n: loop for n in range(20)}
    url = crawl(small, tmp_path)
    mentor = searches(url, "crawl")["mentor"]
    assert (mentor.status, mentor.collected) == ("sitemap", 12)
    asked = Counter(small.paths())
    assert 30 < asked["/calendar"] <= 42
    assert sum("deeper" in path for path in asked) <= 3
    assert sum(row.trapped for row in rows(url, select(r.listed_page))) > 0


def test_a_crawl_that_met_its_bounds_does_not_say_no(site, tmp_path):
    chain = {f"/step/{n}/": page(f"Step {n}", "On.", f"/step/{n + 1}/") for n in range(1, 12)}
    small = site({"/": home("/step/1/"), **chain})
    url = bounded_crawl(small, tmp_path, MENTORWATCH_CRAWL_DEPTH=3)
    mentor = searches(url, "crawl")["mentor"]
    assert mentor.status == "capped"
    assert mentor.reason.startswith("4 of 4 pages read and matched locally; more are linked beyond the bounds")
    assert "/step/4/" not in small.paths()


def test_a_site_that_is_blocked_altogether_is_left_alone(site, tmp_path):
    block = Answer("<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"})
    small = with_sitemap(site())
    small.answers |= {"/": block}
    url = crawl(small, tmp_path)
    assert {row.status for row in searches(url, "search").values()} == {"blocked"}
    assert {row.status for row in searches(url, "sitemap").values()} == {"blocked"}
    assert set(small.paths()) == {"/robots.txt", "/"}


def test_a_site_that_blocks_us_midway_is_left_alone(site, tmp_path):
    small = site()
    block = Answer("<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"})
    many = {f"/many/{n}": block for n in range(300)}
    small.answers = {
        "/": home(),
        "/sitemap.xml": Answer(urlset(small.base, [*PAGES, *many]), headers=XML),
        **pages(PAGES),
        **many,
    }
    url = crawl(small, tmp_path)
    mentor = searches(url, "sitemap")["mentor"]
    assert (mentor.status, mentor.collected) == ("blocked", 12), "what was seen was seen"
    assert mentor.reason.startswith("13 of 313 pages read")
    assert sum(path.startswith("/many") for path in small.paths()) < 60


def test_pages_that_fail_are_not_taken_for_silence(site, tmp_path):
    small = with_sitemap(site(), **{f"/other/{n}": Answer("broken", 500) for n in range(1, 6)})
    url = crawl(small, tmp_path)
    coach = searches(url, "sitemap")["coach"]
    assert coach.status == "failed"
    assert coach.reason == "16 of 21 pages read and matched locally; not read: 5 failed"


def test_pages_that_are_gone_are_settled(site, tmp_path):
    small = with_sitemap(site(), **{f"/other/{n}": Answer("gone", 410) for n in range(1, 6)})
    url = crawl(small, tmp_path)
    coach = searches(url, "sitemap")["coach"]
    assert coach.status == "sitemap"
    assert coach.reason == "16 of 21 pages read and matched locally; 5 lead nowhere or elsewhere"


@pytest.mark.slow
def test_the_budget_of_a_site_holds_for_its_pages_too(site, tmp_path):
    slow = {path: Answer(page(*those).body, wait=0.4) for path, those in PAGES.items()}
    small = with_sitemap(site(), **slow)
    url = crawl(small, tmp_path, "--site-budget=7", "--delay=0.35")
    local = searches(url, "sitemap")["mentor"]
    assert local.status == "failed"
    assert "longer than its budget" in local.reason
    assert 0 < local.pages_read < 21
    status = mentorwatch("status", f"--record={url}", "--json")
    assert '"finished": true' in status.stdout


def test_an_unknown_way_is_refused_by_name(tmp_path):
    done = mentorwatch(
        "crawl", "--site=http://a.example/", "--via=guess", "--contact=x", f"--record=sqlite:///{tmp_path}/x"
    )
    assert done.returncode == 2
    assert "'guess'" in done.stderr
    assert "search, auto" in done.stderr


# -- Killed and started again --------------------------------------------------------------------------------------------


def tree(small):
    """Pages of three levels, without a sitemap."""
    levels = {"/": home(*(f"/a/{n}" for n in range(9)))}
    levels |= {f"/a/{n}": page(f"A{n}", "A mentor.", f"/b/{n}", f"/b/{n + 1}", "/") for n in range(9)}
    levels |= {f"/b/{n}": page(f"B{n}", "A coach.", f"/c/{n}", "/a/1") for n in range(10)}
    levels |= {f"/c/{n}": page(f"C{n}", "Mentoring.") for n in range(10)}
    small.answers = levels
    return small


def listed(url):
    query = select(r.page.c.url, r.listed_page.c.depth, r.listed_page.c.lastmod, r.listed_page.c.state)
    found = rows(url, query.join(r.page, r.page.c.id == r.listed_page.c.page_id).order_by(r.listed_page.c.id))
    return [tuple(row) for row in found]


def killed_after(small, given, requests):
    """Start the crawl, kill its process group once the site was asked so often; tell whether it had ended before."""
    until = len(small.asked) + requests
    process = subprocess.Popen(
        command("crawl", *given),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=clean_environment(),
    )
    while len(small.asked) < until and process.poll() is None:
        time.sleep(0.002)
    ended = process.poll() is not None
    if not ended:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return ended


@pytest.mark.slow
@pytest.mark.parametrize("make", [with_sitemap, tree])
def test_killed_midway_and_resumed_it_ends_as_if_undisturbed(site, tmp_path, make):
    small = make(site())
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = crawl(small, tmp_path / "whole")
    undisturbed = len(small.asked)
    given, url = arguments(small, tmp_path / "killed")
    kills, chance = 0, random.Random(3)
    # The first when the search was looked for in vain; later ones in the sitemaps, the pages, and between them.
    while not killed_after(small, given, 15 if kills == 0 else chance.randint(5, 16)):
        kills += 1
        assert kills < 40
    assert kills > 2
    assert contents(url) == contents(whole)
    assert listed(url) == listed(whole)
    fetched = len(small.asked) - undisturbed
    # robots.txt, and what was in flight, once more after each kill
    assert fetched <= undisturbed + kills * 10


# -- Small parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "text", "stands"),
    [
        ("mentor", "Each Mentor's role", True),
        ("mentor", "e-mentor, co-mentor", True),
        ("mentor", "mentoring and mentors", False),
        ("mentor", "commentor", False),
        ("TDA", "the tda.", True),
        ("National Framework for Mentoring and Coaching", "national framework\n for mentoring  and coaching!", True),
        ("C.P.D", "CxPxD", False),
        ("head's view", "the head’s view", True),
        ("mentor", "_mentor_", False),
    ],
)
def test_variants_are_whole_words(variant, text, stands):
    pattern = variant_pattern(variant)
    assert (snippet(pattern, "", text) is not None) is stands
    assert (snippet(pattern, text, "Else.") == "Else.") is stands


def test_a_snippet_is_what_stands_around_the_words():
    words = snippet(variant_pattern("mentor"), "", "x " * 5000 + "our\nmentor scheme" + " y" * 5000)
    assert "our mentor scheme" in words
    assert len(words) < 300


@pytest.mark.parametrize(
    ("url", "caught"),
    [
        ("http://a.example/news/2008/7/mentors-wanted", False),
        ("http://a.example/x?a=1&b=2&c=3&d=4&e=5", True),
        ("http://a.example/list?page=2", False),
        ("http://a.example/list?sort=title", True),
        ("http://a.example/" + "x" * 2000, True),
        ("http://a.example/" + "x/" * 3, True),
    ],
)
def test_addresses_a_machine_makes_are_known(url, caught):
    assert Traps().caught(url) is caught


def test_calendars_are_told_apart_and_bounded():
    months = [f"http://a.example/events/{year}/{month}" for year in range(1990, 2010) for month in range(1, 13)]
    traps = Traps(months[:39])
    assert not traps.caught(months[39])
    traps.follow(months[39])
    assert traps.caught(months[40])
    assert not traps.caught("http://a.example/meetings/2008/7")
