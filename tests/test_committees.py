"""Committee systems: found from the home page, asked by themselves, kept apart, and added so that a kill loses nothing."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import signal
import subprocess
import time

import pytest
from sqlalchemy import select

from crawler.committees import Overhearing, Staying, committee_homes
from crawler.planning import plan
from crawler.platforms import platforms, recognised
from crawler.web import Ask, FetchProblem, Page
from output import tallies
from study import authorities, protocol
from study import record as r
from study.record import Record
from tests.committee_sites import Cmis, ModernGov
from tests.running import HOME, ROOT, Answer, SmallSite, clean_environment, command, mentorwatch, searchable
from tests.small_record import SmallCrawl
from tests.test_kill import check_warcs, contents, is_finished, killed_run

PAGES = {
    f"/page/{number}": (f"Mentoring page {number}", f"Mentor support number {number} for teachers in Small Borough.")
    for number in range(1, 24)
}
QUERIES = [v for k in protocol.load("nfer-2008").keywords for v in k.variants]


@pytest.fixture
def council():
    """A main site that links to a ModernGov and a CMIS on ports of their own."""
    main = SmallSite(searchable(PAGES))
    systems = [ModernGov(main.url), Cmis(main.url)]
    main.answers["/"] = linking(*(system.home for system in systems))
    yield main, *systems
    for each in (main, *systems):
        each.close()


def linking(*urls: str) -> Answer:
    links = "".join(f'<p><a href="{url}">Council meetings</a></p>' for url in urls)
    return Answer(HOME.replace("</body>", f"{links}</body>"))


def arguments(url, main, *systems):
    allowed = [f"--allow={system.allow}" for system in (main, *systems)]
    return [f"--record={url}", f"--site={main.url}", *allowed, "--delay=0", "--as-of=2026-11-22"]


def rows(url, query):
    with Record.open(url) as record, record.begin() as db:
        return db.execute(query).all()


def sites(url):
    return {row.home_url: row for row in rows(url, select(r.site))}


def searches(url, home):
    query = select(r.search).join(r.site, r.site.c.id == r.search.c.site_id).where(r.site.c.home_url == home)
    return {row.query: row for row in rows(url, query)}


def hits(url, home, asked):
    query = (
        select(r.hit.c.url)
        .join(r.search, r.search.c.id == r.hit.c.search_id)
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.site.c.home_url == home, r.search.c.query == asked)
        .order_by(r.hit.c.rank)
    )
    return [row.url for row in rows(url, query)]


def test_a_crawl_ends_with_the_searches_of_all_hosts_complete_and_their_kinds_apart(council, tmp_path):
    main, moderngov, cmis = council
    url = f"sqlite:///{tmp_path / 'record.db'}"
    done = mentorwatch("crawl", *arguments(url, *council))
    assert done.returncode == 0, done.stderr
    found = sites(url)
    assert {home: (row.host_kind, row.platform, row.status) for home, row in found.items()} == {
        main.url: ("main", None, None),
        moderngov.home: ("committee", "ModernGov", None),
        cmis.home: ("committee", "CMIS", None),
    }
    assert done.stderr.count("(committee): search found") == 2
    assert done.stderr.count("one site more") == 2
    for home in found:
        assert {query: row.status for query, row in searches(url, home).items()} == dict.fromkeys(QUERIES, "complete")
    for system in (moderngov, cmis):
        for query in QUERIES:
            assert hits(url, system.home, query) == system.hits(query), query
        assert len(system.hits("mentoring")) > 35
        assert searches(url, system.home)["mentoring"].reported_total is None
    assert len(hits(url, main.url, "mentoring")) == len(PAGES)

    status = mentorwatch("status", f"--record={url}", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["sites"] == 3

    mentorwatch("classify", f"--record={url}")
    report = mentorwatch("report", f"--record={url}", f"--output={tmp_path / 'report'}")
    assert report.returncode == 0, report.stderr
    with (tmp_path / "report" / "coverage.csv").open(encoding="utf-8-sig") as file:
        covered = list(csv.DictReader(file))
    assert {(row["host_kind"], row["site"], row["status"]) for row in covered} == {
        (row.host_kind, home, "complete") for home, row in found.items()
    }
    with Record.open(url) as record:
        tally = tallies.take(record, protocol.load("nfer-2008"))
    assert tally.total(main.allow, "mentor").hits == len(PAGES), "papers of committees are not hits of the main site"


def test_meetings_head_their_papers_and_are_hits_only_by_themselves(council, tmp_path):
    _, moderngov, _ = council
    found = probe(moderngov, "mentoring", "--to-end")
    urls = [hit["url"].removeprefix(moderngov.root) for hit in found["hits"]]
    assert [moderngov.root + url for url in urls] == moderngov.hits("mentoring")
    assert found["status"] == "complete"
    assert (found["platform"], found["how"], found["collected"]) == ("ModernGov", "platform", len(urls))
    kinds = {kind: sum(kind in url for url in urls) for kind in ("#AI", "documents/s", "mgConvert2PDF", "mgIssue")}
    assert min(kinds.values()) > 0
    snippets = {hit["url"]: hit["snippet"] for hit in found["hits"]}
    heads = [block.title for block in moderngov.blocks if block.papers]
    assert not any(head in snippet for snippet in snippets.values() for head in heads), "a heading of the next block"
    pages = -(-len(moderngov.matching("mentoring")) // 10)
    asked = [sent for sent in moderngov.asked if sent.path == "/ieSearchResults2.aspx"]
    # Its last page is full and has no link onward: the page after it is asked for, and says that there is nothing.
    assert len(moderngov.matching("mentoring")) % 10 == 0
    assert [sent.fields["PG"] for sent in asked[2:]] == [str(n + 1) for n in range(pages + 1)]
    assert not any(sent.path in ("/search", "/mgSearch.aspx") for sent in moderngov.asked)


def test_a_phrase_is_asked_in_quotes(council):
    _, moderngov, _ = council
    phrase = "National Framework for Mentoring and Coaching"
    found = probe(moderngov, phrase, "--to-end")
    assert [hit["url"] for hit in found["hits"]] == moderngov.hits(phrase) != []
    assert len(moderngov.matching(phrase)) > 40, "without quotes any of its words would do"
    last = moderngov.asked[-1].fields
    assert (last["SS"], last["ADV"]) == (f'"{phrase}"', "1")


def test_a_grid_is_paged_by_postbacks_with_the_view_state_of_the_page_before(council):
    _, _, cmis = council
    found = probe(cmis, "mentoring", "--to-end")
    assert [hit["url"] for hit in found["hits"]] == cmis.hits("mentoring")
    assert (found["status"], found["platform"], found["method"]) == ("complete", "CMIS", "POST")
    assert (found["collected"], found["pages"]) == (123, 13)


def probe(system, query, *options, home=""):
    done = mentorwatch(
        "probe", home or system.home, f"--query={query}", f"--allow={system.allow}", "--delay=0", "--json", *options
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_without_platform_files_agenda_items_are_found_among_their_headings_and_what_cannot_be_asked_is_said(
    council, tmp_path
):
    """The generic reader's limits (docs/platforms.md): headings are hits, documents are not, CMIS cannot be asked."""
    main, moderngov, cmis = council
    url = f"sqlite:///{tmp_path / 'record.db'}"
    done = mentorwatch("crawl", *arguments(url, *council), "--no-platforms")
    assert done.returncode == 0, done.stderr
    found = sites(url)
    assert {home: (row.host_kind, row.platform, row.status) for home, row in found.items()} == {
        main.url: ("main", None, None),
        moderngov.home: ("committee", None, None),
        cmis.home: ("committee", None, "suspect"),
    }
    assert {row.status for row in searches(url, main.url).values()} == {"complete"}
    assert {row.status for row in searches(url, cmis.home).values()} == {"suspect"}
    for query in ("mentoring", "coaching", "extranet"):
        read = hits(url, moderngov.home, query)
        items = [hit for hit in moderngov.hits(query) if "#AI" in hit or "mgIssue" in hit]
        heads = [moderngov.root + block.head for block in moderngov.matching(query)]
        assert set(read) <= {*moderngov.hits(query), *heads}
        assert len(set(items) & set(read)) >= 0.9 * len(items)
        assert len(read) == len(set(read))


def test_without_committees_only_the_main_site_is_asked(council, tmp_path):
    main, moderngov, cmis = council
    url = f"sqlite:///{tmp_path / 'record.db'}"
    done = mentorwatch("crawl", *arguments(url, *council), "--no-committees")
    assert done.returncode == 0, done.stderr
    assert set(sites(url)) == {main.url}
    assert moderngov.asked == cmis.asked == []


def test_a_committee_system_that_refuses_is_blocked_and_the_main_site_is_not(tmp_path):
    main, system = SmallSite(searchable(PAGES)), ModernGov(forbid_search=True)
    main.answers["/"] = linking(system.home)
    url = f"sqlite:///{tmp_path / 'record.db'}"
    try:
        done = mentorwatch("crawl", *arguments(url, main, system))
        assert done.returncode == 0, done.stderr
        assert {row.status for row in searches(url, system.home).values()} == {"blocked"}
        assert "HTTP 403" in sites(url)[system.home].reason
        assert {row.status for row in searches(url, main.url).values()} == {"complete"}
    finally:
        main.close()
        system.close()


def test_an_error_page_that_says_200_is_no_content(council, tmp_path):
    _, moderngov, _ = council
    url = f"sqlite:///{tmp_path / 'record.db'}"
    mentorwatch("crawl", *arguments(url, *council))
    query = select(r.capture).where(r.capture.c.url.contains("mgConvert2PDF"))
    (capture,) = rows(url, query)
    assert (capture.outcome, capture.raw_hash) == ("soft-404", None)
    assert "mgError.aspx" in capture.reason
    done = [row.outcome for row in rows(url, select(r.capture)) if row.id != capture.id]
    assert set(done) == {"ok"}
    assert moderngov.asked


def test_a_crawl_killed_while_it_finds_its_hosts_ends_as_if_undisturbed(council, tmp_path):
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    print(f"seed {seed}: repeat with KILL_SEED={seed}")
    chance = random.Random(seed)
    (tmp_path / "undisturbed").mkdir()
    (tmp_path / "killed").mkdir()
    url = f"sqlite:///{tmp_path / 'undisturbed' / 'record.db'}"
    began = time.monotonic()
    done = mentorwatch("crawl", *arguments(url, *council))
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    expected = contents(url)
    url = f"sqlite:///{tmp_path / 'killed' / 'record.db'}"
    kills = 0
    latest = took / 3  # of the first kill, which must come before the end on a machine that is less busy by now, too
    while not killed_run(
        arguments(url, *council), tmp_path / "killed", chance.uniform(0.5, latest) if kills < 6 else 300
    ):
        kills, latest = kills + 1, took
        if is_finished(url):  # the kill came between the last commit and the end of the process
            break
    found = contents(url)
    for name, wanted in expected.items():
        assert found[name] == wanted, f"{name} differ after {kills} kills (seed {seed})"
    assert kills > 0
    check_warcs(url, tmp_path / "killed")


def test_hosts_are_committed_with_the_discovery_that_found_them(council, tmp_path):
    main, moderngov, cmis = council
    url = f"sqlite:///{tmp_path / 'record.db'}"
    process = subprocess.Popen(
        command("crawl", *arguments(url, *council)),
        cwd=ROOT,
        env=clean_environment(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not moderngov.asked and not cmis.asked:
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    found = sites(url)
    assert found[main.url].state != "pending"
    assert {moderngov.home, cmis.home} < set(found), "whoever goes on finds them, though nobody looks for them again"
    assert {row.state for row in searches(url, cmis.home).values()} == {"pending"}
    asked = main.paths().count("/")
    done = mentorwatch("crawl", *arguments(url, *council))
    assert done.returncode == 0, done.stderr
    assert main.paths().count("/") == asked
    for home in found:
        assert {row.status for row in searches(url, home).values()} == {"complete"}


# -- Which links are followed ------------------------------------------------------------------------------------------------


def page(body: str, url: str = "https://www.kent.gov.uk/") -> Page:
    return Page(Ask(url), url, 200, "text/html", f"<html><body>{body}</body></html>".encode(), {})


@pytest.mark.parametrize(
    ("links", "homes"),
    [
        (
            ["https://democracy.kent.gov.uk/mgMemberIndex.aspx?bcr=1", "https://democracy.kent.gov.uk/mgWhatsNew.aspx"],
            1,
        ),
        (["https://democracy.kent.gov.uk"], ["https://democracy.kent.gov.uk/"]),
        (["https://democracy.kent.gov.uk/some/deep/page"], ["https://democracy.kent.gov.uk/"]),
        (["https://democracy.kent.gov.uk/mgConvert2PDF.aspx?ID=4"], ["https://democracy.kent.gov.uk/"]),
        (["https://kentcc.moderngov.co.uk/ieDocHome.aspx"], ["https://kentcc.moderngov.co.uk/ieDocHome.aspx"]),
        (["https://kent.cmis.uk.com/kent/Home.aspx"], ["https://kent.cmis.uk.com/"]),
        (["https://www.kent.gov.uk/cmis5/Meetings.aspx"], ["https://www.kent.gov.uk/cmis5/Meetings.aspx"]),
        (
            ["https://meetings.kent.gov.uk/ieListMeetings.aspx?CId=3"],
            ["https://meetings.kent.gov.uk/ieListMeetings.aspx?CId=3"],
        ),
        (["https://democracy.surrey.gov.uk/", "https://democracy.kent.gov.uk/"], ["https://democracy.kent.gov.uk/"]),
        (["https://democracy.surrey.gov.uk/"], ["https://democracy.surrey.gov.uk/"]),
        (["https://www.kent.gov.uk/schools", "https://democracyclub.org.uk/", "mailto:x@kent.gov.uk"], []),
        (["https://planning.kent.gov.uk/images/image.aspx"], []),
    ],
)
def test_a_committee_system_is_known_by_its_links(links, homes):
    found = committee_homes([page("".join(f'<a href="{link}">x</a>' for link in links))], "https://www.kent.gov.uk/")
    assert found == ([links[1]] if homes == 1 else homes)


def test_what_is_no_home_page_is_not_looked_at():
    async def fetch(ask: Ask) -> Page:
        return page("", ask.url)

    async def listen():
        overhearing = Overhearing(fetch)
        for url in ("https://x.example/", "https://x.example/s?q=zorvaquil", "https://x.example/s?q=schools"):
            await overhearing(Ask(url))
        return [heard.url for heard in overhearing.pages]

    assert asyncio.run(listen()) == ["https://x.example/"]


def test_a_committee_systems_search_stays_on_its_host_but_its_front_page_may_lead_to_the_vendors():
    leads = {
        "https://democracy.kent.gov.uk/": "https://kent.moderngov.co.uk/mgWhatsNew.aspx",
        "https://democracy.surrey.gov.uk/": "https://www.surrey.gov.uk/",
    }

    async def fetch(ask: Ask) -> Page:
        return page("", leads.get(ask.url, ask.url))

    async def ask(home, *urls):
        staying = Staying(fetch, home)
        return [(await staying(Ask(url))).url for url in urls]

    home = "https://democracy.kent.gov.uk/"
    onward = "https://kent.moderngov.co.uk/ieSearchResults2.aspx?SS=x"
    assert asyncio.run(ask(home, home, onward)) == [leads[home], onward]
    with pytest.raises(FetchProblem, match="is not of the committee system"):
        asyncio.run(ask(home, home, "https://www.kent.gov.uk/search?q=x"))
    home = "https://democracy.surrey.gov.uk/"
    with pytest.raises(FetchProblem, match="leads away"):
        asyncio.run(ask(home, home))


def test_a_home_page_that_links_to_its_committee_system_is_not_taken_for_one():
    links = "".join(
        f'<a href="https://democracy.kent.gov.uk/{p}">x</a>'
        for p in ("mgWhatsNew.aspx", "ieListMeetings.aspx", "mgMemberIndex.aspx")
    )
    assert recognised(page(links), platforms()) == []


# -- The register --------------------------------------------------------------------------------------------------------


def test_the_register_ships_without_hosts_that_nobody_has_tested():
    assert authorities.hosts() == {}


def with_hosts(monkeypatch, tmp_path, *lines):
    path = tmp_path / "hosts.csv"
    path.write_text("\n".join(["code,host_kind,home_url", *lines]) + "\n")
    known = authorities.hosts.__wrapped__
    monkeypatch.setattr(authorities, "hosts", lambda: known(path))


def test_hosts_of_the_register_are_targets_of_their_own(monkeypatch, tmp_path):
    with_hosts(
        monkeypatch,
        tmp_path,
        "E10000016,committee,https://democracy.kent.gov.uk/",
        "E10000016,portal,https://www.kelsi.org.uk/",
        "E10000032,committee,https://westsussex.moderngov.co.uk/",
    )

    def targets(**more):
        made = plan(protocol_name="nfer-2008", codes=["kent"], contact="x@example.org", **more).targets
        return [(t.host_kind, t.home_url) for t in made][1:]

    assert targets() == [("committee", "https://democracy.kent.gov.uk/"), ("portal", "https://www.kelsi.org.uk/")]
    assert targets(committees=False) == [("portal", "https://www.kelsi.org.uk/")]
    homes = tmp_path / "homes.csv"
    homes.write_text("code,website\nE10000016,https://kent.example/\n")
    assert targets(homes=homes) == [], "home pages given in place of the register's are all there is"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("E99,committee,https://x.example/", "line 2: code 'E99' is no GSS code"),
        ("E10000016,main,https://x.example/", "line 2: host_kind 'main'; expected committee or portal"),
        ("E10000016,committee,x.example", "line 2: home_url 'x.example' is no web address"),
    ],
)
def test_a_wrong_line_of_the_hosts_is_named(monkeypatch, tmp_path, line, said):
    with_hosts(monkeypatch, tmp_path, line)
    with pytest.raises(authorities.HostError, match=said):
        plan(protocol_name="nfer-2008", codes=["kent"], contact="x@example.org")


# -- Counting --------------------------------------------------------------------------------------------------------------


def test_papers_of_committees_are_in_no_total_of_the_main_site(tmp_path):
    study = protocol.load("nfer-2008")
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, ["E10000016"])
        crawl.site("E10000016", "committee")
        crawl.asked("E10000016", "mentor", ["a", "b"], reported_total=2, total_is="exact")
        crawl.asked("E10000016", "mentor", [f"s{n}" for n in range(40)], site="committee")
        crawl.asked("E10000016", "coach", status="capped", site="committee", reported_total=900, total_is="capped")
        tally = tallies.take(record, study)
        assert (tally.total("E10000016", "mentor").hits, tally.total("E10000016", "mentor").total_is) == (2, "exact")
        assert (tally.total("E10000016", "coach").hits, tally.total("E10000016", "coach").total_is) == (0, "exact")
        row = next(row for row in tally.study_table() if row.keyword == "mentor")
        assert (row.ours.total_hits, row.ours.maximum) == (2, 2)
        reported = tallies.reported_by_variant(tally, next(k for k in study.keywords if k.code == "mentor"))
        assert reported["mentor"] == 2
