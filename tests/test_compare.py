"""Two crawls, or two reports, held against each other."""

from datetime import date

import pytest
from typer.testing import CliRunner

from mentorwatch.cli import app
from output.compare import Difference, in_words
from output.csvfiles import ReportError
from output.report import make_report
from study.record import Record, RecordError
from tests.small_record import SmallCrawl, small_protocol

KENT, DEVON = "E10000016", "E10000008"
SAID = "Each newly appointed headteacher is given a mentor."
NOW = "Each newly appointed headteacher is given a mentor for a year."


@pytest.fixture
def study(tmp_path):
    return small_protocol(tmp_path)


@pytest.fixture
def record(tmp_path):
    with Record.open(f"sqlite:///{tmp_path}/record.db") as record:
        yield record


@pytest.fixture
def crawls(record, study):
    """January: Kent mentors. February: in other words, and Devon mentors too. March: Devon could not be asked."""

    def crawl(month, said):
        made = SmallCrawl(record, study, [KENT, DEVON], as_of=date(2026, month, 1))
        for authority, words in said.items():
            made.asked(authority, "mentor", ["a"])
            made.fetched(authority, "a", words, "relevant", relation="mentoring", evidence=[words])
        return made

    made = [crawl(1, {KENT: SAID}), crawl(2, {KENT: NOW, DEVON: SAID}), crawl(3, {KENT: NOW})]
    for query in ("mentor", "mentoring", "coach", "TDA"):
        made[2].asked(DEVON, query, status="blocked", reason="HTTP 403")
    return made


def run(record, tmp_path, *arguments):
    url = record.engine.url.render_as_string(hide_password=False)
    options = ["--record", url, "--protocol", str(tmp_path / "small.toml")]
    return CliRunner().invoke(app, ["compare", *map(str, arguments), *options], env={"COLUMNS": "120"})


def test_the_later_crawl_first_is_refused_and_not_answered_without_its_events(record, crawls, tmp_path):
    refused = run(record, tmp_path, "2026-02-01", "2026-01-01").exception
    assert isinstance(refused, RecordError)
    assert "name the earlier one first" in str(refused)


def test_two_crawls_by_day_in_plain_words(record, crawls, tmp_path):
    shown = run(record, tmp_path, "2026-01-01", "2026-02-01")
    assert shown.exit_code == 0, shown.output
    assert shown.output == (
        "1 cell differs: 1 now yes, 0 no longer, 0 not known now.\n"
        "  Devon County Council, mentor (mentoring): no -> yes_model\n"
        "1 appeared:\n"
        "  2026-02-01 Devon County Council, mentor (mentoring): http://e10000008.main.example/a\n"
        "    Each newly appointed headteacher is given a mentor.\n"
        "1 changed:\n"
        "  2026-02-01 Kent County Council, mentor (mentoring): http://e10000016.main.example/a\n"
        "    Each newly appointed headteacher is given a [-mentor.-] {+mentor for a year.+}\n"
    )


def test_what_could_not_be_asked_is_told_and_nothing_is_gone(record, crawls, tmp_path):
    shown = run(record, tmp_path, crawls[1].id, crawls[2].id, "-o", tmp_path / "changes.csv").output
    assert "Devon County Council, mentor (mentoring): yes_model -> x" in shown
    assert "(4 of 4 searches: HTTP 403)" in shown
    assert "gone" not in shown
    written = (tmp_path / "changes.csv").read_bytes().decode()
    assert written.startswith("authority,authority_name,what,code,name,change,as_of,cell_before,cell_after,url,")
    assert "\r\nE10000008,Devon County Council,keyword,mentor,mentor (mentoring),cell,,yes_model,x," in written


def test_a_crawl_and_itself(record, crawls, tmp_path):
    assert run(record, tmp_path, crawls[0].id, "2026-01-01").output == "Nothing changed.\n"


def test_a_crawl_that_is_not_there_is_named_with_those_that_are(record, crawls, tmp_path):
    refused = run(record, tmp_path, "2026-01-01", "2026-12-01").exception
    assert isinstance(refused, RecordError)
    assert "'2026-12-01' is no crawl of small, nor the day of one; there are" in str(refused)
    assert "(2026-03-01)" in str(refused)


def test_two_written_reports_need_no_record(record, study, crawls, tmp_path):
    for crawl, name in zip(crawls, ("jan", "feb", "mar"), strict=True):
        make_report(record, study, tmp_path / name, crawl_id=crawl.id)
    nothing = ["--record", "sqlite:////nowhere/at/all.db", "--protocol", str(tmp_path / "small.toml")]
    shown = CliRunner().invoke(app, ["compare", str(tmp_path / "jan"), str(tmp_path / "feb"), *nothing]).output
    assert "Devon County Council, mentor (mentoring): no -> yes_model" in shown
    assert "1 in the second report only:\n  Devon County Council" in shown
    assert "given a [-mentor.-] {+mentor for a year.+}" in shown


def test_one_and_several_are_each_said_in_good_english():
    def gone(change, place):
        return Difference(place, place, "keyword", "mentor", "mentor", change, cell_before="no", cell_after="x")

    assert "1 is gone (two good looks without it):" in in_words([gone("gone", "Kent"), gone("back", "Devon")])
    lines = list(in_words([gone(change, place) for change in ("cell", "gone", "back") for place in ("Kent", "Devon")]))
    assert [line for line in lines if not line.startswith(" ")] == [
        "2 cells differ: 0 now yes, 0 no longer, 2 not known now.",
        "2 are back:",
        "2 are gone (two good looks without them):",
    ]


@pytest.mark.parametrize(
    ("now", "counted"),
    [
        ("no", "0 now yes, 1 no longer, 0 not known now."),
        ("no_by_sitemap", "0 now yes, 1 no longer, 0 not known now."),
        ("x", "0 now yes, 0 no longer, 1 not known now."),
        ("ambiguous", "0 now yes, 0 no longer, 0 not known now."),
    ],
)
def test_a_yes_is_no_longer_one_only_where_it_is_known_to_be_none(now, counted):
    cell = Difference(KENT, "Kent", "keyword", "mentor", "mentor", "cell", cell_before="yes_model", cell_after=now)
    assert next(in_words([cell])) == f"1 cell differs: {counted}"


@pytest.mark.parametrize("absent", ["none", "none/at/all"])
def test_a_folder_that_is_not_there_is_named(tmp_path, study, record, crawls, absent):
    (tmp_path / "one").mkdir()
    for pair in ((tmp_path / "one", tmp_path / absent), (tmp_path / absent, tmp_path / "one")):
        refused = run(record, tmp_path, *pair).exception
        assert isinstance(refused, ReportError)
        assert str(refused).startswith(f"{tmp_path / absent}: there is no such folder")


def test_a_folder_without_a_report_is_named(tmp_path, study, record, crawls):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    refused = run(record, tmp_path, tmp_path / "one", tmp_path / "two").exception
    assert isinstance(refused, ReportError)
    assert "a report's folder?" in str(refused)
