"""The crawl as a whole, on small sites that behave and misbehave: what ends up in the record."""

import gzip
import json
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import select

from study import record as r
from study.record import Record
from tests.running import ROOT, Answer, SmallSite, clean_environment, command, mentorwatch, searchable

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
        "/page/12": Answer("<p>mentor</p>", headers={f"X-Many-{number}": "m" * 1_000 for number in range(100)}),
        "/page/13": Answer("<p>mentor</p>", headers={f"X-More-{number}": "m" * 1_000 for number in range(600)}),
    }
    done, url = crawl(site(answers), tmp_path)
    assert done.returncode == 0, done.stderr
    found = captures(url)
    outcomes = {number: found[str(number)].outcome for number in range(1, 14)}
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
        12: "ok",
        13: "failed",
    }
    assert "headers of more than 256 KiB" in found["13"].reason
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


def test_robots_without_end_are_read_as_far_as_a_crawler_need(site, tmp_path):
    rules = "User-agent: *\nDisallow: /page/7$\n" + "# as long as it pleases\n" * 30_000 + "Disallow: /search\n"
    done, url = crawl(site(searchable(PAGES) | {"/robots.txt": Answer(rules)}), tmp_path)
    assert done.returncode == 0, done.stderr
    assert searches(url)["mentor"].status == "complete"
    assert captures(url)["7"].outcome == "robots"


@pytest.mark.parametrize(("robots", "status"), [(Answer("broken", 500), "robots"), (CHALLENGE, "blocked")])
def test_robots_that_cannot_be_read_are_not_taken_for_leave(site, tmp_path, robots, status):
    small = site(searchable(PAGES) | {"/robots.txt": robots})
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row.status for row in searches(url).values()} == {status}
    assert set(small.paths()) == {"/robots.txt"}


def test_robots_that_redirect_to_a_host_that_asks_for_a_long_wait_are_not_taken_for_leave(site, tmp_path):
    busy = site({"/robots.txt": Answer("busy", 503, {"Retry-After": "3600"})})
    moved = Answer("", 302, {"Location": f"{busy.url}robots.txt"})
    small = site(searchable(PAGES) | {"/robots.txt": moved})
    done, url = crawl(small, tmp_path, f"--allow={busy.allow}")
    assert done.returncode == 0, done.stderr
    assert {row.status for row in searches(url).values()} == {"failed"}
    assert "3600 seconds" in searches(url)["mentor"].reason
    assert set(small.paths()) == {"/robots.txt"}


@pytest.mark.parametrize("name", ["MentorWatch/0.1.0", "mentorwatch/*", "mentorwatch (research crawler)"])
def test_a_group_for_us_holds_with_or_without_a_version(site, tmp_path, name):
    rules = f"\ufeffUser-agent: {name}\r\nDisallow: /search\r\n\r\nUser-agent:\r\nUser-agent: *\r\nDisallow:\r\n"
    small = site(searchable(PAGES) | {"/robots.txt": Answer(rules)})
    _, url = crawl(small, tmp_path)
    assert {row.status for row in searches(url).values()} == {"robots"}
    assert "/search" not in small.paths()


@pytest.mark.parametrize(
    "rules", ["User-agent: mentorwatch2/1.0\nDisallow: /search\n", "User-agent:\nDisallow: /search\n"]
)
def test_a_group_for_others_does_not_hold(site, tmp_path, rules):
    small = site(searchable(PAGES) | {"/robots.txt": Answer(rules)})
    _, url = crawl(small, tmp_path)
    assert searches(url)["mentor"].status == "complete"


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


def started(site, tmp_path, **options):
    """A crawl in a process of its own, once it fetches pages."""
    arguments = [
        f"--record=sqlite:///{tmp_path / 'record.db'}",
        f"--site={site.url}",
        f"--allow={site.allow}",
        "--delay=0",
    ]
    process = subprocess.Popen(
        command("crawl", *arguments), stderr=subprocess.PIPE, text=True, env=clean_environment(), cwd=ROOT, **options
    )
    while process.poll() is None and not any(path.startswith("/page/") for path in site.paths()):
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_to_stop_ends_a_crawl_that_is_fetching_pages_and_it_goes_on_later(site, tmp_path, name):
    texts = dict(PAGES)
    answers = searchable(texts)
    for path in texts:
        answers[path] = replace(answers[path], wait=0.5)
    small = site(answers)
    process = started(small, tmp_path)
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=60)
    assert process.returncode
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row.outcome for row in captures(url).values()} == {"ok"}


def test_a_disk_that_is_full_ends_the_crawl_in_words_and_not_in_pages(site, tmp_path):
    answers = searchable(PAGES)
    for number, path in enumerate(PAGES):
        noise = random.Random(number).randbytes(60_000).hex()
        answers[path] = Answer(f"<title>Page</title><p>mentor</p><!-- Jane Smithson {noise} -->")
    small = site(answers)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (800_000, 800_000))
    process = started(small, tmp_path, preexec_fn=limit)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the crawl has stopped" in said
    assert "Smithson" not in said
    done, url = crawl(small, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row.outcome for row in captures(url).values()} == {"ok"}


BREAKS = """
import sys
from crawler.spiders import sitesearch
bad, sys.argv = sys.argv[1], ["mentorwatch", *sys.argv[2:]]
find = sitesearch.SiteSearch._find
async def breaking(self, site, others):
    if bad in site.home_url:
        raise KeyError("a rule of ours that does not hold")
    return await find(self, site, others)
sitesearch.SiteSearch._find = breaking
from mentorwatch.cli import main
main()
"""


def test_a_site_that_our_reader_breaks_on_ends_failed_and_the_others_are_read(site, tmp_path):
    bad, good = site(searchable(PAGES)), site(searchable(PAGES))
    url = f"sqlite:///{tmp_path / 'record.db'}"
    sites = [f"--site={each.url}" for each in (bad, good)] + [f"--allow={each.allow}" for each in (bad, good)]
    arguments = [sys.executable, "-c", BREAKS, bad.allow, "crawl", f"--record={url}", "--delay=0", *sites]
    done = subprocess.run(arguments, capture_output=True, text=True, env=clean_environment(), cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    by_site = rows(url, select(r.site.c.home_url, r.search.c.status, r.search.c.reason).join(r.search))
    assert {row.status for row in by_site if good.allow in row.home_url} == {"complete"}
    assert {row.status for row in by_site if bad.allow in row.home_url} == {"failed"}
    assert all("KeyError" in row.reason for row in by_site if bad.allow in row.home_url)
    assert len(captures(url)) == 23
