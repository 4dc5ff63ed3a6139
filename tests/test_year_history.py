"""Twelve unattended runs against the replica's own log: what is told to have changed is what the rule of two good looks makes of it.

What each month's pages are is the replica's key; when its sites fail, its log. The rule is written here a second time, in the
words of docs/history.md, so that the two can differ.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from output.changes import changes_table
from output.findings import standing_for
from output.history import history
from output.reading import Verdict
from output.runs import read_runs
from replica.answers import answers
from study import protocol
from study import record as r
from study.record import Record
from tests.year import SCALE

pytestmark = pytest.mark.slow
DEAD = ("blocked", "maintenance", "refused")  # nothing of the site answers; in other outages its pages do
TOLD = ("first_seen", "appeared", "moved", "missing", "gone", "back", "ended")
GROUPS = ("mentor", "coach")


def plain(url):
    """Path and parameters in one order: the record spells addresses in its own way."""
    parts = urlsplit(url)
    return parts.path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))


@cache
def key(month):
    """authority -> page -> (address, groups whose search lists it) of the pages that answer in a month."""
    pages = defaultdict(dict)
    for authority, site in answers(SCALE, month).items():
        for address, answer in site.items():
            if answer.state == "ok" and (answer.listed or answer.page not in pages[authority]):
                pages[authority][answer.page] = (plain(address), answer.groups if answer.listed else ())
    return pages


@cache
def identities(months):
    """(authority, address) -> the page that ever stood there."""
    return {
        (authority, plain(address)): answer.page
        for month in months
        for authority, site in answers(SCALE, month).items()
        for address, answer in site.items()
    }


@pytest.fixture(scope="module")
def changes(year):
    with (year.runs[-1].report / "changes.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Life:
    """One page of one line of authorities, as the rule has it."""

    status: str = "unseen"
    last: object = None  # when it was last carried
    missing: object = None
    twice: int = 0
    looked: bool = False
    address: object = None
    told: list = field(default_factory=list)


def expected(year, group, page, line):
    """What the rule makes of a page that a group finds, month by month; ``line`` are those who held the site in turn."""
    life = Life()
    outage = {(e.month, e.authority): e.how for e in year.events if e.kind == "outage"}
    gone = {(e.authority, e.page): e.how for e in year.events if e.kind == "goes"}
    moved = {(e.month, e.page): e.how for e in year.events if e.kind == "moves"}
    holder = None
    for run in year.runs:
        present = [authority for authority in line if authority in run.authorities]
        having = [authority for authority in present if page in key(run.month)[authority]] or present[:1]
        if not having:
            continue
        (authority,) = having
        how = outage.get((run.month, authority))
        here = key(run.month)[authority].get(page)
        if holder is not None and authority != holder and life.status in ("present", "missing"):
            life.told.append((holder, run.month, "ended"))
            was_there, life = True, Life(told=life.told)
        else:
            was_there = False
        holder = authority
        listed = here is not None and group in here[1] and how is None
        if how in DEAD:
            look = "not known"
        elif life.status == "unseen":
            look = "carries" if listed else "not known" if how else "without"
        elif here is None:
            look = "without"
        elif here[0] == life.address or moved.get((run.month, page)) == "redirect":
            look = "carries"
        else:
            look = "carries" if listed else "without"
        event = take(life, look, run, here, gone.get((authority, page)))
        if event == "first_seen" and was_there:
            event = "moved"
        if event:
            life.told.append((authority, run.month, event))
    return life.told


def take(life, look, run, here, how):
    if look == "not known":
        return ""
    if look == "carries":
        before, life.status = life.status, "present"
        elsewhere, life.address = life.address is not None and life.address != here[0], here[0]
        life.missing, life.twice = None, 0
        if before == "unseen":
            return "appeared" if life.looked else "first_seen"
        return "back" if before == "gone" else "moved" if elsewhere else ""
    if life.status == "unseen":
        life.looked = True
        return ""
    if life.status == "gone":
        return ""
    life.twice += how in ("404", "410")
    if life.missing is None:
        life.missing, life.status = run.as_of, "missing"
        return "missing"
    if run.as_of - life.missing >= timedelta(days=14) or life.twice >= 2:
        life.status = "gone"
        return "gone"
    return "missing"


def lines(year):
    """Authority -> those who hold its site in turn."""
    heirs = {e.authority: [e.authority, *e.to.split(";")] for e in year.events if e.kind == "splits"}
    return {a: line for line in heirs.values() for a in line}


def told(year, changes, group):
    """page -> what changes.csv tells of it, for a keyword group: [(authority, month, event)]."""
    known = identities(tuple(run.month for run in year.runs))
    line = lines(year)
    found = defaultdict(list)
    for row in changes:
        if (row["what"], row["code"]) == ("keyword", group) and row["event"] in TOLD:
            page = known[row["authority"], plain(row["url"])]
            line_of = tuple(line.get(row["authority"], [row["authority"]]))
            found[page, line_of].append((row["authority"], row["as_of"][:7], row["event"]))
    return found


def reworded(year):
    """(month, page) in which a page says something else: what a reader makes of it is not the log's to say."""
    return {(e.month, e.page) for e in year.events if e.kind == "changes" and e.what in ("passage", "other")}


@pytest.fixture(scope="module")
def wavering(year):
    """(group, page, line) where our reader ruled otherwise on one text of a page than on another: no event of the site."""
    study = protocol.load("nfer-2008")
    known = identities(tuple(run.month for run in year.runs))
    query = (
        select(r.page.c.authority, r.page.c.url, r.judgement.c.relevance, r.judgement.c.relation)
        .join(r.capture, r.capture.c.page_id == r.page.c.id)
        .join(r.judgement, r.judgement.c.text_hash == r.capture.c.text_hash)
        .distinct()
    )
    line = lines(year)
    ruled = defaultdict(set)
    with Record.open(year.record_url, create=False) as record, record.begin() as db:
        for authority, url, relevance, relation in db.execute(query):
            identity = known.get((authority, plain(url)))
            relations = () if relation == "none" else (relation,)
            verdict = Verdict(relevance, relations, (), "main", 0.0, confirmed=False)
            for group in GROUPS:
                ruled[group, identity, tuple(line.get(authority, [authority]))].add(
                    standing_for(study.keyword(group), verdict) is not None
                )
    return {key for key, rulings in ruled.items() if len(rulings) > 1}


@pytest.mark.parametrize("group", GROUPS)
def test_what_changed_is_what_the_rule_makes_of_the_replicas_log(year, changes, wavering, group):
    found = told(year, changes, group)
    compared = {who: rows for who, rows in found.items() if (group, *who) not in wavering}
    assert len(compared) >= 0.8 * len(found)
    for (page, line), rows in compared.items():
        assert sorted(rows) == sorted(expected(year, group, page, line)), (page, line)


def test_the_year_has_every_kind_of_event_to_tell(year, changes):
    events = {row["event"] for row in changes if row["what"] == "keyword"}
    assert events >= {*TOLD, "changed", "not_known"}


def test_every_relevant_page_that_came_up_is_told_in_its_month(year, changes):
    """No appearance is missed: the log's new pages about staff, of months and sites without an outage."""
    failed = {(e.month, e.authority) for e in year.events if e.kind == "outage"}
    came = {
        (e.month, e.authority, plain(e.address))
        for e in year.events
        if e.kind == "appears" and e.relevance == "relevant" and (e.month, e.authority) not in failed
    }
    rows = {
        (row["as_of"][:7], row["authority"], plain(row["url"]))
        for row in changes
        if row["what"] == "keyword" and row["event"] == "appeared"
    }
    assert came
    assert came <= rows


def test_no_page_is_told_to_be_gone_that_still_answers(year, changes):
    """Unless it says something else: it was reworded, or its site has other menus (of which a reader may have thought something)."""
    known = identities(tuple(run.month for run in year.runs))
    of_pages = {(month, None, page) for month, page in reworded(year)}
    of_sites = {
        (e.month, e.authority, None)
        for e in year.events
        if e.kind == "redesign" or (e.kind == "changes" and not e.page)
    }
    removals = [row for row in changes if row["what"] != "search" and row["event"] in ("missing", "gone")]
    assert removals
    for row in removals:
        page = known[row["authority"], plain(row["url"])]
        answering = key(row["as_of"][:7])[row["authority"]].get(page)
        otherwise = any(
            row["previous_as_of"][:7] < month <= row["as_of"][:7]
            for month, authority, reworded_page in of_pages | of_sites
            if authority == row["authority"] or reworded_page == page
        )
        assert answering is None or answering[0] != plain(row["url"]) or otherwise, row


def test_every_outage_is_named_in_its_month_and_none_else(year, changes):
    failed = {(e.month, e.authority) for e in year.events if e.kind == "outage"}
    named = {
        (row["as_of"][:7], row["authority"])
        for row in changes
        if (row["what"], row["event"]) == ("search", "not_known")
    }
    assert named == failed


def test_what_reads_differently_was_reworded(year, changes):
    known = identities(tuple(run.month for run in year.runs))
    rows = [row for row in changes if row["event"] == "changed" and row["what"] != "search"]
    assert rows
    for row in rows:
        assert (row["as_of"][:7], known[row["authority"], plain(row["url"])]) in reworded(year), row
        assert row["quote_before"] != row["quote"]


def test_a_search_made_anew_is_told_once(year, changes):
    redesigns = {(e.month, e.authority) for e in year.events if e.kind == "redesign"}
    rows = {
        (row["as_of"][:7], row["authority"]) for row in changes if (row["what"], row["event"]) == ("search", "changed")
    }
    assert rows == redesigns


def test_an_outage_widens_the_bounds_of_the_trend_and_splits_show_on_both_maps(year):
    with (year.runs[-1].report / "trend.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["source"], row["code"]) == ("crawl", "mentor")]
    failed = {e.month for e in year.events if e.kind == "outage" and e.how in DEAD}
    (split,) = {e.month for e in year.events if e.kind == "splits"}
    for row in rows:
        month = row["as_of"][:7]
        assert (
            int(row["authorities_yes_lower_ci"]) <= int(row["authorities_yes"]) <= int(row["authorities_yes_upper_ci"])
        )
        if month in failed:
            assert int(row["not_known"]) >= 1
        difference = 1 if month < split and row["map"] == "today" else 0
        on_the_day = next(
            int(each["authorities"]) for each in rows if (each["as_of"], each["map"]) == (row["as_of"], "day")
        )
        assert int(row["authorities"]) == on_the_day + difference


def test_the_same_is_told_again(year, changes):
    """Histories are worked out anew each time, from the record alone."""
    study = protocol.load("nfer-2008")
    with Record.open(year.record_url, create=False) as record:
        table = changes_table(history(record, read_runs(record, study)), study)
    assert len(table) == len(changes)
    assert list(table["event"]) == [row["event"] for row in changes]
