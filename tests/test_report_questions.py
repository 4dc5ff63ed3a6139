"""The five questions of README, each answered in the one step that README names."""

import re
import sqlite3
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup

from output.explore import prepare, queries
from output.report import make, make_report
from study import protocol
from study.record import Record
from tests.small_record import SmallCrawl

ROOT = Path(__file__).parent.parent
LIVERPOOL, LANCASHIRE, WEST_SUSSEX = "E08000012", "E10000017", "E10000032"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Two crawls of the study of 2008: Liverpool names the Framework; a mentor scheme for headteachers is new in Lancashire."""
    directory = tmp_path_factory.mktemp("questions")
    study = protocol.load("nfer-2008")
    with Record.open(f"sqlite:///{directory / 'record.db'}") as record:
        for month in (6, 7):
            crawl = SmallCrawl(record, study, [LIVERPOOL, LANCASHIRE, WEST_SUSSEX], as_of=date(2008, month, 29))
            named = [("framework", None, True, "See the National Framework for Mentoring and Coaching.")]
            crawl.asked(LIVERPOOL, "National Framework for Mentoring and Coaching", ["a"])
            crawl.fetched(LIVERPOOL, "a", "Lead teachers.", mentions=named)
            for authority in (WEST_SUSSEX, LANCASHIRE)[: month - 5]:
                crawl.asked(authority, "mentor", ["a"])
                said = {
                    "relation": "mentoring",
                    "approaches": ["headteacher"],
                    "evidence": [f"New heads: {authority}."],
                }
                told = [("definition", None, True, "Mentoring is a gift.")]
                kept = crawl.fetched(authority, "a", f"Heads {authority}.", "relevant", mentions=told, **said)
                crawl.decided(kept, "relevant", relation="mentoring", approaches=["headteacher"])
        make_report(record, study, directory / "out")
        prepare(record, make(record, study), directory)
    return directory


@pytest.fixture(scope="module")
def page(directory):
    return BeautifulSoup((directory / "out" / "report.html").read_text(encoding="utf-8"), "lxml")


def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def step(question):
    """The part of the page to which README sends whoever asks."""
    (anchor,) = re.findall(rf"^\| {re.escape(question)} \| \[?`report\.html#([\w-]+)`", readme(), re.MULTILINE)
    return anchor


def answer(page, question):
    return " ".join(page.find(id=step(question)).get_text(" ").split())


def test_which_authorities_mention_the_framework(page):
    said = answer(page, "Which authorities mention the Framework?")
    assert "On 1 page of 1 authority" in said
    assert "Liverpool City Council" in said
    assert "See the National Framework for Mentoring and Coaching." in said


def test_which_promote_headteacher_mentoring_in_the_north_west(page):
    said = answer(page, "Which promote headteacher mentoring in the North West?")
    assert "North West Lancashire County Council (confirmed)" in said
    assert "South East West Sussex County Council (confirmed)" in said


def test_what_is_new_since_last_month(page):
    said = answer(page, "What is new since last month?")
    assert "29 June 2008" in said
    assert re.search(r"New \d Lancashire County Council : .*Headteachers and leaders.* New heads: E10000017\.", said)
    assert "West Sussex" not in said


def test_how_sure(page):
    section = page.find(id=step("How sure is it?"))
    rows = {row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in section.select("tbody tr")}
    assert rows["mentor (mentoring)"][:6] == ["2", "0", "0", "1", "0", "0"]
    assert rows["National Framework for Mentoring and Coaching"][:6] == ["0", "1", "0", "2", "0", "0"]


def test_where_does_it_say_so(page, directory):
    said = answer(page, "Where does it say so?")
    assert "New heads: E10000017." in said
    assert "29 July 2008" in said
    assert "`evidence.csv`" in readme()
    assert b"New heads: E10000017." in (directory / "out" / "evidence.csv").read_bytes()


def test_the_free_question_of_readme_and_those_of_the_docs_run(directory):
    asked = re.findall(r"`(?:http://127\.0\.0\.1:8001/report/)?([a-z-]+\?[a-z]+=[^`]+)`", readme())
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    asked += re.findall(
        r"^\| `([a-z-]+(?:\?[^`]*)?)` \| ", page.split("## Asked freely")[1].split("\n## ")[0], re.MULTILINE
    )
    assert {urlsplit(one).path for one in asked} == set(queries())
    with sqlite3.connect(directory / "report.db") as db:
        found = {
            one: db.execute(queries()[urlsplit(one).path]["sql"], dict(parse_qsl(urlsplit(one).query))).fetchall()
            for one in asked
        }
    (heads,) = found["who-does-what?approach=headteacher&region=North+West"]
    assert heads[0] == "Lancashire County Council"
    assert [row[0] for row in found["who-mentions?name=framework"]] == ["Liverpool City Council"]
    assert {row[0] for row in found["what-is-new"]} == {"Lancashire County Council"}


def test_every_anchor_the_docs_name_is_on_the_page(page):
    named = re.findall(r"`#([\w-]+)`", (ROOT / "docs" / "reports.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [anchor for anchor in named if page.find(id=anchor) is None] == []
