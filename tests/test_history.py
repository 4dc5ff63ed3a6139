"""Findings over several crawls, and trends: what is told of them, and what never is."""

from datetime import date

import pytest
from sqlalchemy import func, select, update

from output.changes import changes_table
from output.history import history
from output.passages import word_diff
from output.report import make_report
from output.runs import read_runs
from output.tallies import take
from output.trend import Cells, all_things, owners_on, trend
from study import record as r
from tests.small_record import SmallCrawl, emptied

KENT, DEVON = "E10000016", "E10000008"
CHESHIRE, EAST, WEST = "E10000004", "E06000049", "E06000050"
SAID = "Each newly appointed headteacher is given a mentor, an experienced head of another school."
MORE = (
    "They meet twice a term for a year and agree what the head wants to learn. The county pays for both heads' time. "
)
TEXT = f"{SAID} {MORE}"
QUERIES = ("mentor", "mentoring", "coach", "TDA")


@pytest.fixture
def months(record, study):
    """Crawls of Kent (or others) month after month; each begins with all searches complete and nothing found."""

    def crawl(month, authorities=(KENT,), year=2026, day=1):
        return SmallCrawl(record, study, list(authorities), as_of=date(year, month, day))

    return crawl


def says(crawl, path, text=TEXT, authority=KENT, quote=SAID, listed=True, **more):
    """The page mentors staff."""
    if listed:
        crawl.asked(authority, "mentor", [path])
    return crawl.fetched(
        authority, path, text, "relevant", relation="mentoring", approaches=["strategy"], evidence=[quote], **more
    )


def silent(crawl, path, text="Nothing about it any more.", authority=KENT, **more):
    crawl.asked(authority, "mentor", [path])
    crawl.fetched(authority, path, text, **more)


def broken(crawl, authority=KENT, status="blocked"):
    for query in QUERIES:
        crawl.asked(authority, query, status=status, reason="Cloudflare: HTTP 403")


def events(record, study, what="keyword", code="mentor"):
    told = history(record, read_runs(record, study))
    return [event for event in told if (event.what, event.code) == (what, code)]


def told(record, study, **which):
    return [event.event for event in events(record, study, **which)]


# -- One page ------------------------------------------------------------------------------------------------------------


def test_what_was_looked_for_in_vain_before_has_appeared(record, study, months):
    months(1)
    says(months(2), "a")
    says(months(3), "a")
    first, second = events(record, study)
    assert (first.event, first.previous, first.evidence) == (
        "appeared",
        date(2026, 1, 1),
        "2026-01-01: not listed by searches read to their end",
    )
    assert (first.quote, first.status) == (SAID, "yes_model")
    assert (second.event, second.previous) == ("still_there", date(2026, 2, 1))


def test_what_no_crawl_could_have_seen_before_is_not_news(record, study, months):
    broken(months(1))
    says(months(2), "a")
    assert told(record, study) == ["first_seen"]


def test_a_page_that_the_search_has_dropped_and_that_still_says_it_is_still_there(record, study, months):
    says(months(1), "a")
    says(months(2), "a", listed=False)
    assert told(record, study) == ["first_seen", "still_there"]
    assert told(record, study, what="approach", code="strategy") == ["first_seen", "still_there"]


def test_gone_takes_two_good_runs(record, study, months):
    says(months(1), "a")
    silent(months(2), "a")
    assert told(record, study) == ["first_seen", "missing"]
    months(3)
    last = events(record, study)[-1]
    assert (last.event, last.status, last.quote, last.quote_before) == ("gone", "yes_model", "", SAID)
    assert last.evidence == (
        "2026-02-01: read, and does not say it; 2026-03-01: not listed by searches read to their end"
    )
    assert last.previous == date(2026, 1, 1)


def test_two_runs_within_a_fortnight_are_not_enough(record, study, months):
    says(months(1), "a")
    silent(months(2), "a")
    months(2, day=10)
    assert told(record, study) == ["first_seen", "missing", "missing"]


def test_two_404s_are_enough(record, study, months):
    says(months(1), "a")
    for day in (1, 2):
        silent(months(2, day=day), "a", outcome="gone", status=404)
    assert told(record, study) == ["first_seen", "missing", "gone"]


@pytest.mark.parametrize("status", ["blocked", "failed", "suspect", "none", "robots", "capped", "sitemap"])
def test_a_search_that_was_not_read_to_its_end_removes_nothing(record, study, months, status):
    says(months(1), "a")
    for month in (2, 3, 4):
        broken(months(month), status=status)
    assert told(record, study) == ["first_seen", "not_known", "not_known", "not_known"]


@pytest.mark.parametrize("query", QUERIES)
def test_an_approach_is_gone_only_if_all_groups_were_searched(record, study, months, query):
    says(months(1), "a")
    for month in (2, 3):
        months(month).asked(KENT, query, status="failed", reason="timeout")
    assert told(record, study, what="approach", code="strategy") == ["first_seen", "not_known", "not_known"]
    alone = ["missing", "gone"] if query not in ("mentor", "mentoring") else ["not_known", "not_known"]
    assert told(record, study) == ["first_seen", *alone]


@pytest.mark.parametrize(
    "failure",
    [
        {"outcome": "blocked", "status": 403},
        {"outcome": "failed", "status": 500},
        {"outcome": "robots", "status": None},
        {"outcome": "too-large", "status": 200},
        {"relevance": None},
    ],
)
def test_a_page_that_was_not_read_is_not_known(record, study, months, failure):
    says(months(1), "a")
    for month in (2, 3, 4):
        silent(months(month), "a", **failure)
    says(months(5), "a")
    assert told(record, study) == ["first_seen", "not_known", "not_known", "not_known", "still_there"]


def test_a_host_that_was_not_asked_removes_nothing(record, study, months):
    crawl = months(1)
    crawl.site(KENT, "committee")
    crawl.asked(KENT, "mentor", ["a"], site="committee")
    says(crawl, "a", listed=False)
    for month in (2, 3):
        months(month)
    assert told(record, study) == ["first_seen", "not_known", "not_known"]


def test_an_authority_that_a_crawl_did_not_visit_has_no_history_there(record, study, months):
    says(months(1), "a")
    months(2, [DEVON])
    months(3, [DEVON])
    assert told(record, study) == ["first_seen"]


def test_what_was_gone_can_be_back(record, study, months):
    says(months(1), "a")
    for month in (2, 3):
        months(month)
    says(months(4), "a")
    back = events(record, study)[-1]
    assert (back.event, back.previous) == ("back", date(2026, 1, 1))


def test_a_changed_passage_is_shown_word_by_word(record, study, months):
    says(months(1), "a")
    now = SAID.replace("another school", "a school nearby")
    says(months(2), "a", text=f"{now} {MORE}", quote=now)
    change = events(record, study)[-1]
    assert (change.event, change.quote_before, change.quote) == ("changed", SAID, now)
    assert change.diff.endswith("an experienced head of [-another school.-] {+a school nearby.+}")


def test_a_page_that_changed_elsewhere_is_still_there_as_it_was(record, study, months):
    says(months(1), "a")
    says(months(2), "a", text="Updated in May. " + TEXT, quote="They meet twice a term with their mentor.")
    assert told(record, study) == ["first_seen", "still_there"]


def test_a_name_has_a_history_of_its_own(record, study, months):
    months(1)
    for month, words in ((2, "Funded by the TDA."), (3, "Funded by the TDA until March.")):
        crawl = months(month)
        crawl.fetched(KENT, "a", words, mentions=[("tda", None, True, words)])
        crawl.asked(KENT, "TDA", ["a"])
    assert told(record, study, what="mention", code="tda") == ["appeared", "changed"]
    assert told(record, study, code="tda") == ["appeared", "changed"]
    assert told(record, study) == []


# -- What we do is not what they do ---------------------------------------------------------------------------------------


def test_of_the_same_bytes_the_newest_reading_stands_for_all(record, study, months):
    """A menu that was masked in a later crawl only is no finding that has gone."""
    says(months(1), "a")
    for month in (2, 3):
        silent(months(month), "a", "A line was masked.")
    assert told(record, study) == ["first_seen", "missing", "gone"]
    with record.begin() as db:
        db.execute(update(r.capture).values(raw_hash=db.execute(select(r.capture.c.raw_hash)).scalars().first()))
    assert told(record, study) == []


def test_another_model_removes_nothing_and_finds_nothing_new(record, study, months):
    says(months(1), "a", model_id="1" * 64)
    for month in (2, 3):
        silent(months(month), "a", f"Judged by another model {month}.", model_id="2" * 64)
    says(months(4), "b", text="Another text. " * 30, quote="Another text.", model_id="2" * 64)
    assert told(record, study) == ["first_seen", "not_known", "not_known", "missing", "appeared"]


def test_a_passage_that_stands_and_is_judged_otherwise_removes_nothing(record, study, months):
    says(months(1), "a")
    for month in (2, 3):
        silent(months(month), "a", f"Of {month} things. {TEXT}")
    assert told(record, study) == ["first_seen", "not_known", "not_known"]


def test_a_passage_that_stood_there_before_has_not_appeared(record, study, months):
    silent(months(1), "a", f"Of other things. {TEXT}")
    says(months(2), "a")
    assert told(record, study) == ["first_seen"]


# -- Moves ---------------------------------------------------------------------------------------------------------------


def test_the_same_text_elsewhere_has_moved_when_the_old_address_is_gone(record, study, months):
    says(months(1), "old")
    crawl = months(2)
    crawl.fetched(KENT, "old", outcome="gone", status=404)
    says(crawl, "new", text="Last updated in February. " + TEXT)
    for month in (3, 4):
        says(months(month), "new", text="Last updated in February. " + TEXT)
    moved = events(record, study)[1]
    assert told(record, study) == ["first_seen", "moved", "still_there", "still_there"]
    assert moved.url_before.endswith("/old")
    assert moved.url.endswith("/new")
    assert moved.quote == SAID


def test_a_move_that_is_noticed_late_is_a_move_all_the_same(record, study, months):
    says(months(1), "old")
    crawl = months(2)
    crawl.fetched(KENT, "old", outcome="failed", status=500)
    says(crawl, "new")
    crawl = months(3)
    crawl.fetched(KENT, "old", outcome="gone", status=404)
    says(crawl, "new")
    crawl = months(4)
    crawl.fetched(KENT, "old", outcome="gone", status=404)
    says(crawl, "new")
    assert told(record, study) == ["first_seen", "appeared", "not_known", "moved", "still_there", "still_there"]


def test_a_page_is_one_page_with_and_without_the_sign_of_an_empty_parameter(record, study, months):
    says(months(1), "old")
    crawl = months(2)
    crawl.asked(KENT, "mentor", ["old", "new?OpenDocument="])
    says(crawl, "old", listed=False, final_url=crawl.home(KENT) + "new?OpenDocument")
    says(crawl, "new?OpenDocument=", listed=False)
    assert told(record, study) == ["first_seen", "moved"]


def test_where_it_was_before_is_told_as_it_was_asked_for(record, study, months):
    old, new = months(1), months(2)
    says(old, "old?OpenDocument=")
    new.fetched(KENT, "old?OpenDocument=", outcome="gone", status=404)
    says(new, "new?OpenDocument=")
    asked = func.rtrim(r.capture.c.url, "=")
    with record.begin() as db:
        db.execute(update(r.capture).values(url=asked))
    moved = events(record, study)[1]
    assert moved.event == "moved"
    assert moved.url_before == old.home(KENT) + "old?OpenDocument"
    assert moved.url == new.home(KENT) + "new?OpenDocument"


def test_a_copy_is_not_a_move(record, study, months):
    for month in (1, 2):
        crawl = months(month)
        crawl.asked(KENT, "mentor", ["a", "b"])
        for path in ("a", "b"):
            says(crawl, path, listed=False)
    for month in (3, 4):
        says(months(month), "b")
    assert told(record, study) == [
        *["first_seen"] * 2,
        *["still_there"] * 2,
        "missing",
        "still_there",
        "gone",
        "still_there",
    ]


def test_another_text_elsewhere_is_no_move(record, study, months):
    says(months(1), "old")
    other = "Coaches for leaders: mentors from business help heads of department think about their work. " * 2
    for month in (2, 3):
        says(months(month), "new", text=other, quote=other)
    assert told(record, study) == ["first_seen", "appeared", "missing", "still_there", "gone"]


def test_a_redirect_is_a_move(record, study, months):
    says(months(1), "old")
    for month in (2, 3):
        crawl = months(month)
        says(crawl, "old", final_url=crawl.home(KENT) + "new")
    moved = events(record, study)[1]
    assert told(record, study) == ["first_seen", "moved", "still_there"]
    assert moved.url.endswith("/new")
    assert moved.evidence == "redirected"


def test_an_old_address_that_leads_to_the_new_one_is_one_finding(record, study, months):
    for month in (1, 2):
        crawl = months(month)
        crawl.asked(KENT, "mentor", ["old", "new"])
        says(crawl, "old", listed=False, final_url=crawl.home(KENT) + "new")
        says(crawl, "new", listed=False)
    assert told(record, study) == ["first_seen", "still_there"]


# -- Authorities that change -----------------------------------------------------------------------------------------------


def test_an_abolished_authority_ends_and_its_pages_are_followed(record, study, months):
    says(months(1, [CHESHIRE], year=2009), "a", authority=CHESHIRE)
    other = "Cheshire's coaches. " * 40
    crawl = months(5, [EAST, WEST], year=2009)
    says(crawl, "a", authority=EAST)
    says(crawl, "b", authority=WEST, text=other, quote="Cheshire's coaches.")
    found = {(event.authority, event.event) for event in events(record, study)}
    assert found == {(CHESHIRE, "first_seen"), (CHESHIRE, "ended"), (EAST, "moved"), (WEST, "first_seen")}
    ended = next(event for event in events(record, study) if event.event == "ended")
    assert ended.evidence.startswith("abolished on 2009-03-31; now Cheshire East")


def test_on_todays_map_a_successor_has_what_its_county_had(record, study, months):
    says(months(1, [CHESHIRE, KENT], year=2009), "a", authority=CHESHIRE)
    crawl = months(5, [EAST, WEST, KENT], year=2009)
    says(crawl, "a", authority=EAST)
    points = {
        (p.as_of.month, p.map): p for p in trend(read_runs(record, study), [EAST, WEST, KENT], [("keyword", "mentor")])
    }
    assert [(p.authorities, p.yes, p.no) for p in (points[1, "day"], points[1, "today"])] == [(2, 1, 1), (3, 2, 1)]
    assert [(p.authorities, p.yes, p.no) for p in (points[5, "day"], points[5, "today"])] == [(3, 1, 2), (3, 1, 2)]


@pytest.mark.parametrize(
    ("successor", "day", "owners"),
    [
        (EAST, date(2008, 7, 29), [CHESHIRE]),
        (EAST, date(2010, 1, 1), [EAST]),
        ("E06000063", date(2008, 7, 29), ["E10000006"]),
        ("E06000065", date(2022, 1, 1), ["E10000023"]),
        ("E06000058", date(2018, 1, 1), ["E06000028", "E06000029", "E10000009"]),
    ],
)
def test_lineage_is_followed_to_who_held_the_area(successor, day, owners):
    assert owners_on(successor, day, {*owners, KENT}) == owners


# -- Trends --------------------------------------------------------------------------------------------------------------


def test_what_is_not_known_widens_the_bounds_and_is_never_a_no(record, study, months):
    months(1, [KENT, DEVON])
    crawl = months(2, [KENT, DEVON])
    says(crawl, "a")
    broken(crawl, DEVON)
    points = [p for p in trend(read_runs(record, study), [KENT, DEVON], [("keyword", "mentor")]) if p.map == "today"]
    assert [(p.yes, p.no, p.not_known, p.lower, p.upper) for p in points] == [(0, 2, 0, 0, 0), (1, 0, 1, 1, 2)]


def test_a_crawl_of_a_few_authorities_is_no_point(record, study, months):
    everybody = [KENT, DEVON, EAST, WEST]
    months(1, everybody)
    says(months(2), "a")
    points = trend(read_runs(record, study), everybody, [("keyword", "mentor")])
    assert {p.as_of.month for p in points} == {1}


def test_the_published_round_is_the_first_point(record, study, months):
    dated = study.published.model_copy(update={"as_of": date(2008, 7, 29), "asked": 30})
    published = study.model_copy(update={"published": dated})
    months(1)
    first, *others = trend(read_runs(record, published), [KENT], [("keyword", "mentor"), ("approach", "strategy")])
    assert (first.source, first.as_of, first.yes, first.lower, first.upper, first.no) == (
        "published",
        date(2008, 7, 29),
        1,
        1,
        1,
        None,
    )
    assert (others[0].source, others[0].yes, others[0].upper) == ("published", 1, None)
    assert published.hash == study.hash


def test_a_trend_says_what_each_crawls_own_report_said(record, study, months):
    crawl = months(1, [KENT, DEVON])
    says(crawl, "a")
    crawl.asked(DEVON, "coach", ["b", "c"])
    crawl.fetched(DEVON, "b", "Coaching.", "ambiguous", relation="coaching", approaches=["early-years"])
    crawl.fetched(DEVON, "c", outcome="blocked", status=403)
    crawl = months(2, [KENT, DEVON])
    crawl.asked(KENT, "TDA", ["d"])
    crawl.fetched(KENT, "d", "TDA", mentions=[("tda", None, False, "TDA")])
    crawl.asked(DEVON, "mentor", status="capped")
    silent(crawl, "a", relevance=None)
    months(3, [KENT])
    runs = read_runs(record, study)
    cells = Cells(runs)
    for run in runs.runs:
        tally = take(record, study, run.crawl_id)
        for place in tally.places:
            for what, code in all_things(study):
                expected = tally.findings.cell(place.key, what, code)
                assert cells.cell(run.crawl_id, place.key, (what, code)) == expected, (run, place.key, what, code)


# -- All together --------------------------------------------------------------------------------------------------------


def test_a_late_import_is_as_good_as_a_crawl_made_in_its_turn(record, study, months):
    def make(order):
        emptied(record)
        for month in order:
            crawl = months(month)
            if month != 2:
                says(crawl, "a")
        return [(e.event, e.as_of, e.previous, e.quote, e.evidence) for e in events(record, study)]

    assert make([1, 2, 3]) == make([3, 1, 2])
    assert [event for event, *_ in make([2, 3])] == ["appeared"]


def test_every_outage_is_named_once_a_site_and_status(record, study, months):
    says(months(1), "a")
    broken(months(2))
    outages = events(record, study, what="search", code="blocked")
    assert [(e.event, e.as_of.month, e.url, e.evidence) for e in outages] == [
        ("not_known", 2, "http://e10000016.main.example/", "4 of 4 searches: Cloudflare: HTTP 403")
    ]


def test_a_search_that_is_asked_otherwise_is_told(record, study, months):
    was = {"crawl": 1, "how": "form", "url": "http://kent.example/find", "param": "terms", "method": "GET"}
    crawl = months(1)
    with record.begin() as db:
        db.execute(update(r.site).where(r.site.c.crawl_id == crawl.id).values(changed_from=was))
    (change,) = events(record, study, what="search", code="changed")
    assert change.evidence == "asked before by form GET http://kent.example/find, terms"


def test_decisions_count_and_can_be_left_aside(record, study, months):
    kept = says(months(1), "a")
    months(2).decided(kept, "off-topic")
    assert told(record, study) == []
    alone = history(record, read_runs(record, study, model_only=True))
    assert [e.event for e in alone if e.code == "mentor"] == ["first_seen", "missing"]


def test_nothing_published_names_how_to_reach_people(record, study, months):
    quote = "Ask Jo, your mentor, on 01622 696969 or at jo.bloggs@kent.example."
    says(months(1), "a", text=quote, quote=quote)
    now = quote.replace("Ask", "Call")
    says(months(2), "a", text=now, quote=now)
    table = changes_table(history(record, read_runs(record, study)), study)
    assert "[e-mail]" in table.to_csv()
    assert not any(private in table.to_csv() for private in ("696969", "bloggs"))


def test_a_diff_reads_as_wdiff_writes_it():
    assert (
        word_diff("a mentor for each head", "a coach for each new head")
        == "a [-mentor-] {+coach+} for each {+new+} head"
    )


# -- The files -----------------------------------------------------------------------------------------------------------

CHANGES = """\
time_period,time_identifier,as_of,previous_as_of,geographic_level,country_code,country_name,region_code,region_name,\
old_la_code,new_la_code,la_name,authority,what,code,name,event,status,url,url_before,quote,quote_before,diff,evidence
2026,February,2026-02-01,x,Local authority,E92000001,England,E12000008,South East,886,E10000016,Kent County Council,E10000016,\
search,blocked,site search,not_known,,http://e10000016.main.example/,,,,,4 of 4 searches: Cloudflare: HTTP 403
2026,March,2026-03-01,2026-01-01,Local authority,E92000001,England,E12000008,South East,886,E10000016,Kent County Council,\
E10000016,mention,tda,Training and Development Agency for Schools,appeared,yes_model,http://e10000016.main.example/a,,\
'=TDA pays.,,,2026-01-01: not listed by searches read to their end
2026,April,2026-04-01,2026-03-01,Local authority,E92000001,England,E12000008,South East,886,E10000016,Kent County Council,\
E10000016,mention,tda,Training and Development Agency for Schools,moved,yes_model,http://e10000016.main.example/b,\
http://e10000016.main.example/a,'=TDA pays all.,'=TDA pays.,'=TDA [-pays.-] {+pays all.+},redirected
"""

TREND = """\
time_period,time_identifier,as_of,geographic_level,country_code,country_name,source,map,what,code,name,authorities,\
authorities_yes,authorities_yes_lower_ci,authorities_yes_upper_ci,yes_confirmed,yes_model,ambiguous,no,no_by_sitemap,not_known
2026,January,2026-01-01,National,E92000001,England,crawl,day,mention,tda,Training and Development Agency for Schools,1,0,0,0,0,0,\
0,1,0,0
2026,February,2026-02-01,National,E92000001,England,crawl,day,mention,tda,Training and Development Agency for Schools,1,0,0,1,0,0,\
0,0,0,1
2026,March,2026-03-01,National,E92000001,England,crawl,day,mention,tda,Training and Development Agency for Schools,1,1,1,1,0,1,0,0,\
0,0
2026,April,2026-04-01,National,E92000001,England,crawl,day,mention,tda,Training and Development Agency for Schools,1,1,1,1,0,1,0,0,\
0,0
"""


def test_the_files_are_as_agreed_to_the_byte(record, study, months, tmp_path):
    months(1)
    broken(months(2))
    for month, words, leads in ((3, "=TDA pays.", "a"), (4, "=TDA pays all.", "b")):
        crawl = months(month)
        crawl.asked(KENT, "TDA", ["a"])
        crawl.fetched(KENT, "a", words, final_url=crawl.home(KENT) + leads, mentions=[("tda", None, True, words)])
    make_report(record, study, tmp_path)
    changes = [
        line
        for line in (tmp_path / "changes.csv").read_bytes().decode().replace("\r\n", "\n").splitlines(keepends=True)
        if ",keyword,tda," not in line  # a group that counts the name says the same
    ]
    assert "".join(changes) == CHANGES
    trends = (tmp_path / "trend.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    assert "".join(line for line in trends if ",map," in line or ",day,mention," in line) == TREND
