"""The crawl as a whole, on small sites that behave and misbehave: what ends up in the record."""

import gzip
import json
from itertools import pairwise

import pytest
from sqlalchemy import select

from study import record as r
from study.record import Record
from tests.running import Answer, SmallSite, mentorwatch, searchable

PAGES = {
    f"/page/{number}": (
        f"Mentoring page {number}",
        f"Mentor support number {number} for newly qualified teachers in the schools of Small Borough.",
    )
    for number in range(1, 24)
}


@pytest.fixture
def site():
    made = []

    def make(answers):
        made.append(SmallSite(answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def crawl(site, tmp_path, *options):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    arguments = [f"--record={url}", f"--site={site.url}", f"--allow={site.allow}", "--delay=0", *options]
    done = mentorwatch("crawl", *arguments)
    return done, url


def rows(url, query):
    with Record.open(url) as record, record.begin() as db:
        return db.execute(query).all()


def searches(url):
    return {row.query: row for row in rows(url, select(r.search))}


def captures(url):
    query = select(r.page.c.url, r.capture).join(r.capture, r.capture.c.page_id == r.page.c.id)
    return {row.url.partition("/page/")[2]: row for row in rows(url, query)}


def test_every_hit_is_collected_and_fetched_once(site, tmp_path):
    small = site(searchable(PAGES))
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    found = searches(url)
    assert (found["mentor"].status, found["mentor"].reported_total, found["mentor"].collected) == ("complete", 23, 23)
    assert (found["mentoring"].status, found["mentoring"].distinct_urls) == ("complete", 23)
    assert (found["coach"].status, found["coach"].collected) == ("complete", 0)
    assert {row.outcome for row in captures(url).values()} == {"ok"}
    fetched = [path for path in small.paths() if path.startswith("/page/")]
    assert len(fetched) == len(set(fetched)) == 23


def test_a_finished_crawl_leaves_nothing_to_do_and_status_says_so(site, tmp_path):
    small = site(searchable(PAGES))
    _, url = crawl(small, tmp_path)
    status = mentorwatch("status", f"--record={url}", "--json")
    assert status.returncode == 0
    seen = json.loads(status.stdout)
    assert seen["finished"]
    assert seen["searches"] == {"complete": 7}
    assert seen["pages"] == {"ok": 23}


def test_one_bad_page_stops_nothing(site, tmp_path):
    bomb = gzip.compress(b"<p>mentor</p>" * 4_000_000)
    answers = searchable(PAGES) | {
        "/page/1": Answer("gone", 410),
        "/page/2": Answer("<title>Page not found</title><p>Sorry</p>"),
        "/page/3": Answer("", 302, {"Location": "file:///etc/passwd"}),
        "/page/4": Answer("", 302, {"Location": "http://169.254.169.254/latest/meta-data/"}),
        "/page/5": Answer(bomb, headers={"Content-Encoding": "gzip"}),
        "/page/6": Answer("", 302, {"Location": "/page/6"}),
        "/page/7": Answer(b"%PDF-1.4 torn", headers={"Content-Type": "application/pdf"}),
        "/page/8": Answer(b"<p>caf\xe9 mentor &pound;5 \x00 \xff", headers={"Content-Type": "text/html"}),
        "/page/9": Answer("<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"}),
        "/page/10": Answer("", 302, {"Location": "/page/11"}),
    }
    done, url = crawl(site(answers), tmp_path)
    assert done.returncode == 0, done.stderr
    found = captures(url)
    outcomes = {number: found[str(number)].outcome for number in range(1, 12)}
    assert outcomes == {
        1: "gone",
        2: "soft-404",
        3: "failed",
        4: "refused",
        5: "too-large",
        6: "failed",
        7: "ok",
        8: "ok",
        9: "blocked",
        10: "ok",
        11: "ok",
    }
    assert "169.254.169.254" in found["4"].reason
    assert "Cloudflare" in found["9"].reason
    assert found["9"].raw_hash is None, "nothing of a block page is kept as content"
    assert found["10"].final_url.endswith("/page/11")
    texts = {row.raw_hash: row for row in rows(url, select(r.extraction))}
    assert "café" in texts[found["8"].raw_hash].text
    assert texts[found["7"].raw_hash].error


def test_robots_that_bar_the_search_are_obeyed_and_said(site, tmp_path):
    answers = searchable(PAGES) | {"/robots.txt": Answer("User-agent: *\nDisallow: /search\n")}
    small = site(answers)
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row.status for row in searches(url).values()} == {"robots"}
    assert "/search" not in small.paths()


CHALLENGE = Answer("<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"})


@pytest.mark.parametrize(("robots", "status"), [(Answer("broken", 500), "robots"), (CHALLENGE, "blocked")])
def test_robots_that_cannot_be_read_are_not_taken_for_leave(site, tmp_path, robots, status):
    small = site(searchable(PAGES) | {"/robots.txt": robots})
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row.status for row in searches(url).values()} == {status}
    assert set(small.paths()) == {"/robots.txt"}


@pytest.mark.parametrize("code", [404, 403, 401])
def test_no_robots_file_means_leave(site, tmp_path, code):
    small = site(searchable(PAGES) | {"/robots.txt": Answer("none", code)})
    _, url = crawl(small, tmp_path)
    assert searches(url)["mentor"].status == "complete"


def test_a_crawl_delay_is_kept(site, tmp_path):
    pages = dict(list(PAGES.items())[:2])
    small = site(searchable(pages) | {"/robots.txt": Answer("User-agent: mentorwatch\nCrawl-delay: 0.4\n")})
    done, _ = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    times = [asked.at for asked in small.asked if asked.path != "/robots.txt"]
    gaps = [later - earlier for earlier, later in pairwise(times[1:])]
    assert len(gaps) > 5
    assert min(gaps) > 0.35


def test_retry_after_is_waited_for(site, tmp_path):
    pages = dict(list(PAGES.items())[:3])
    answers = searchable(pages)
    busy = []

    def once_busy(_):
        busy.append(1)
        if len(busy) == 1:
            return Answer("busy", 503, {"Retry-After": "2"})
        return Answer("<title>Mentoring</title><p>Mentor support</p>")

    small = site(answers | {"/page/1": once_busy})
    _, url = crawl(small, tmp_path)
    assert captures(url)["1"].outcome == "ok"
    first, second = [asked.at for asked in small.asked if asked.path == "/page/1"]
    assert second - first > 1.9


def test_a_site_that_is_not_there_fails_and_the_others_are_crawled(site, tmp_path):
    small = site(searchable(PAGES))
    gone = SmallSite({})
    gone.close()
    url = f"sqlite:///{tmp_path / 'record.db'}"
    done = mentorwatch(
        "crawl",
        f"--record={url}",
        f"--site={gone.url}",
        f"--site={small.url}",
        f"--allow={gone.allow}",
        f"--allow={small.allow}",
        "--delay=0",
    )
    assert done.returncode == 0, done.stderr
    sites = {row.home_url: row for row in rows(url, select(r.site))}
    assert sites[gone.url].status == "failed"
    assert sites[gone.url].reason
    assert sites[small.url].status is None


def test_a_site_may_not_take_longer_than_its_budget(site, tmp_path):
    slow = {path: Answer(text, wait=0.5) for path, (_, text) in PAGES.items()}
    _, url = crawl(site(searchable(PAGES) | slow), tmp_path, "--site-budget=3", "--delay=0.4")
    late = [row for row in captures(url).values() if row.outcome == "failed"]
    assert late
    assert all("budget" in row.reason for row in late)


def test_a_live_site_is_not_crawled_without_a_contact(tmp_path):
    done = mentorwatch("crawl", "--authority=kent", f"--record=sqlite:///{tmp_path / 'x.db'}")
    assert done.returncode == 2
    assert "--contact" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_user_agent_says_who_is_asking(site, tmp_path):
    small = site(searchable(dict(list(PAGES.items())[:1])))
    crawl(small, tmp_path, "--contact=https://example.org/mentorwatch")
    agents = {asked.agent for asked in small.asked}
    assert len(agents) == 1
    agent = agents.pop()
    assert agent.startswith("mentorwatch/")
    assert "https://example.org/mentorwatch" in agent


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["crawl", "--authority=nowhere-on-sea", "--contact=x"], "no GSS code or slug"),
        (["crawl", "--authority=cumbria-pre-2023", "--contact=x"], "abolished"),
        (["crawl", "--sample=wales", "--contact=x"], "there is no sample"),
        (["crawl", "--protocol=none-such", "--contact=x"], "there is no such protocol"),
        (["crawl", "--site=ftp://example.org/", "--contact=x"], "no web address"),
        (["crawl", "--site=http://127.0.0.1:9/", "--contact=x"], "--allow 127.0.0.1:9"),
        (["crawl", "--allow=here", "--site=http://127.0.0.1:9/"], "expected HOST:PORT"),
        (["crawl", "--record=nonsense", "--authority=kent", "--contact=x"], "not a database URL"),
        (["crawl", "--homes=/none/such.csv", "--contact=x"], "cannot be read"),
        (["status", "--record=sqlite:////none/such.db"], "there is no record here"),
        (["report", "--record=sqlite:////none/such.db"], "there is no record here"),
        (["classify", "--record=sqlite:////none/such.db"], "there is no record here"),
        (["probe", "not a url", "--contact=x"], "not a url"),
    ],
)
def test_a_wrong_request_is_answered_with_what_is_wrong(arguments, said, tmp_path):
    done = mentorwatch(*arguments, MENTORWATCH_RECORD=f"sqlite:///{tmp_path / 'x.db'}")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_two_crawls_do_not_run_on_one_record(site, tmp_path):
    import subprocess

    from tests.running import ROOT, clean_environment, command

    slow = {path: Answer(text, wait=6) for path, (_, text) in PAGES.items()}
    small = site(searchable(PAGES) | slow)
    url = f"sqlite:///{tmp_path / 'record.db'}"
    arguments = ["crawl", f"--record={url}", f"--site={small.url}", f"--allow={small.allow}", "--delay=0"]
    first = subprocess.Popen(command(*arguments), cwd=ROOT, env=clean_environment(), stderr=subprocess.DEVNULL)
    try:
        while "/page/1" not in small.paths():
            assert first.poll() is None
        second = mentorwatch(*arguments)
        assert second.returncode == 3
        assert f"another run is on this record, {url}: process {first.pid}" in second.stderr
    finally:
        first.kill()
        first.wait()
