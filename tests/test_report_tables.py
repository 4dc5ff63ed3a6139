"""What the tables of a report say beyond the five golden ones, and that every column is described and valid."""

import csv
import json
from pathlib import Path

import frictionless
import pytest

from output import dictionary
from output.columns import declared, describe
from output.groups import interval
from output.report import make_report
from study import protocol
from study.authorities import register
from study.record import Record
from tests.small_record import DEFINITION_AND_PLANS, SmallCrawl, small_protocol

ROOT = Path(__file__).parent.parent
KENT, DEVON, LEEDS, LIVERPOOL = "E10000016", "E10000008", "E08000035", "E08000012"
MORE = r"""
[[topics]]
code = "bus"
name = "Buses"

[[framework]]
dimension = "spectrum"
code = "peers"
name = "Peers"
cues = ['\bpeers?\b', '\bas equals\b']
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small_protocol(tmp_path_factory.mktemp("protocol"), DEFINITION_AND_PLANS + MORE)


@pytest.fixture
def crawl(tmp_path, study):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        yield SmallCrawl(record, study, [KENT, DEVON, LEEDS, LIVERPOOL])


@pytest.fixture
def table(crawl, tmp_path):
    def of(name, **options):
        make_report(crawl.record, crawl.protocol, tmp_path / "out", **options)
        with (tmp_path / "out" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return of


# -- Names ---------------------------------------------------------------------------------------------------------------


def test_a_name_is_told_once_a_page_by_the_mention_that_says_most(crawl, table):
    plain = ("tda", None, True, "The TDA paid.", {"about": ["funding"]})
    telling = (
        "tda",
        None,
        True,
        "The TDA says what mentors do.",
        {"about": ["cpd"], "explained": True, "linked": True},
    )
    crawl.fetched(KENT, "a", "Both.", mentions=[plain, telling])
    (row,) = table("mentions")
    assert (row["authority"], row["what"], row["which"], row["about"]) == (KENT, "tda", "", "cpd; funding")
    assert (row["explained"], row["linked"], row["beside_keyword"]) == ("yes", "yes", "no")
    assert row["quote"] == "The TDA says what mentors do."
    assert (row["url"], row["fetched"], row["document_date"]) == (crawl.home(KENT) + "a", "2008-07-29", "x")


def test_a_page_tells_all_that_its_mentions_tell_and_quotes_the_one_that_tells_most(crawl, table):
    plain = ("tda", None, True, "The TDA recruits teachers.", {})
    beside = ("tda", None, True, "The TDA pays for mentoring.", {"beside_keyword": True})
    telling = ("tda", None, True, "The TDA (www.tda.gov.uk) is an agency.", {"explained": True, "linked": True})
    crawl.fetched(KENT, "a", "Twice.", mentions=[plain, beside])
    crawl.fetched(DEVON, "b", "Three times.", mentions=[plain, beside, telling])
    rows = {row["authority"]: row for row in table("mentions")}
    tells = {key: (row["beside_keyword"], row["explained"], row["linked"]) for key, row in rows.items()}
    assert tells == {KENT: ("yes", "no", "no"), DEVON: ("yes", "yes", "yes")}
    assert rows[KENT]["quote"] == "The TDA pays for mentoring."
    assert rows[DEVON]["quote"] == "The TDA (www.tda.gov.uk) is an agency."


def test_namesakes_and_names_that_could_not_be_told_stand_in_the_table_as_such(crawl, table):
    crawl.fetched(KENT, "a", "Two.", mentions=[("tda", "Torbay Development Agency", False, "Torbay's TDA")])
    crawl.fetched(KENT, "b", "One.", mentions=[("tda", "unclear", False, "the TDA")])
    assert [row["which"] for row in table("mentions")] == ["Torbay Development Agency", "unclear"]
    cells = {row["new_la_code"]: row["mention_tda"] for row in table("authorities")}
    assert (cells[KENT], cells[DEVON]) == ("ambiguous", "no")


def test_definitions_are_a_table_of_their_own_relevant_ones_first(crawl, table):
    for path, relevance in (("a", "off-topic"), ("b", "relevant")):
        said = [("definition", None, True, f"Mentoring is {relevance}.")]
        crawl.fetched(KENT, path, path, relevance, relation="mentoring", mentions=said)
    assert [(row["relevance"], row["quote"]) for row in table("definitions")] == [
        ("relevant", "Mentoring is relevant."),
        ("off-topic", "Mentoring is off-topic."),
    ]
    assert table("mentions") == []


# -- What the hits were --------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(crawl):
    """Kent: five hits for mentor, one a dead link, one blocked, two about buses, one relevant. Devon could not be asked."""
    crawl.asked(KENT, "mentor", ["a", "b", "c", "d", "e"])
    crawl.fetched(KENT, "a", "a", topics=["bus"])
    crawl.fetched(KENT, "b", "b", topics=["bus", "other"])
    crawl.fetched(KENT, "c", "c", "relevant", relation="mentoring")
    crawl.fetched(KENT, "d", outcome="gone", status=404)
    crawl.fetched(KENT, "e", outcome="blocked", status=403)
    crawl.asked(DEVON, "mentor", status="blocked")
    return crawl


def test_off_topic_hits_are_counted_by_topic_and_not_knowing_is_no_nought(busy, table):
    hits = {(row["authority"], row["topic"]): row["hits"] for row in table("topics") if row["keyword"] == "mentor"}
    assert [hits[KENT, topic] for topic in ("bus", "other", "not-said", "total")] == ["2", "1", "x", "2"]
    assert hits[DEVON, "total"] == "x"
    assert hits[LEEDS, "total"] == "0"


def test_the_funnel_adds_up(busy, table):
    steps = {row["step"]: int(row["hits"]) for row in table("funnel") if row["keyword"] == "mentor"}
    assert steps == {
        "found": 5, "gone": 1, "unread": 1, "read": 3,
        "off_topic": 2, "other_relation": 0, "ambiguous": 0, "yes_model": 1, "yes_confirmed": 0,
    }  # fmt: skip


# -- Groups --------------------------------------------------------------------------------------------------------------


def test_regions_and_types_say_how_many_of_those_that_are_known(busy, table):
    busy.asked(LIVERPOOL, "mentor", ["a"])
    kept = busy.fetched(LIVERPOOL, "a", "Liverpool", "relevant", relation="mentoring")
    busy.decided(kept, "relevant", relation="mentoring")
    rows = [row for row in table("groups") if (row["what"], row["code"]) == ("keyword", "mentor")]
    figures = (
        "authorities", "authorities_yes", "authorities_yes_confirmed", "authorities_no", "authorities_not_known", "share_yes",
    )  # fmt: skip
    found = {
        (row["region_name"], row["la_type"]): [row[name] for name in figures]
        for row in rows
        if row["la_size"] == "Total"
    }
    assert found["", "Total"] == ["4", "2", "1", "1", "1", "66.7"]
    assert found["North West", "Total"] == ["1", "1", "1", "0", "0", "100.0"]
    assert found["South West", "Total"] == ["1", "0", "0", "0", "1", "x"]
    assert found["", "county"] == ["2", "1", "0", "0", "1", "100.0"]


def test_the_interval_is_the_exact_one():
    low, high = interval(0, 30)
    assert (low, high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 30)))
    assert interval(30, 30) == (pytest.approx(0.025 ** (1 / 30)), 1.0)
    assert interval(0, 0) == (None, None)


def test_all_of_england_leaves_nothing_to_chance(tmp_path, study):
    with Record.open(f"sqlite:///{tmp_path / 'england.db'}") as record:
        SmallCrawl(record, study, [KENT], sample="england")
        make_report(record, study, tmp_path / "out")
    with (tmp_path / "out" / "groups.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["share_yes_lower_ci"] for row in rows} == {"z"}
    assert rows[0]["authorities"] == "150"


# -- Quotes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("further", "shown"),
    [
        ("Our strategy is on paper.\nThe strategy is a mentor for all.", "The strategy is a mentor for all."),
        ("Ask for a mentor. Our strategy says how.", "Our strategy says how."),
        ("Read the waste strategy.", "A mentor for each head."),  # not of mentoring: what was judged stands
    ],
)
def test_the_quote_for_an_approach_shows_it_where_the_text_does(crawl, table, further, shown):
    said = {"relation": "mentoring", "approaches": ["strategy"], "evidence": ["A mentor for each head."]}
    crawl.fetched(KENT, "a", f"A mentor for each head.\n{further}", "relevant", **said)
    (row,) = (row for row in table("approaches") if row["authority"] == KENT and row["approach"] == "strategy")
    assert row["quote"] == shown
    assert {row["quote"] for row in table("evidence") if row["what"] == "approach"} == {shown}


# -- The framework -------------------------------------------------------------------------------------------------------


def test_an_offer_is_told_by_the_ruling_or_by_words_near_the_subject(crawl, table):
    kept = crawl.fetched(KENT, "a", "A mentor for each head. They meet as equals.", "relevant", relation="mentoring")
    crawl.decided(kept, "relevant", relation="mentoring", approaches=["strategy"])
    crawl.fetched(LIVERPOOL, "a", "A mentor." + " Other matters." * 40 + " Peers of the realm.", "relevant")
    crawl.fetched(DEVON, "a", "Mentors meet their peers.", "ambiguous")
    crawl.asked(LEEDS, "coach", status="blocked")
    rows = {(row["authority"], row["code"]): row for row in table("framework")}
    assert {key: row["cell"] for key, row in rows.items()} == {
        (KENT, "plans"): "yes_confirmed",
        (KENT, "peers"): "yes_model",
        (LIVERPOOL, "plans"): "not_said",
        (LIVERPOOL, "peers"): "not_said",
        (DEVON, "plans"): "no",
        (DEVON, "peers"): "ambiguous",
        (LEEDS, "plans"): "x",
        (LEEDS, "peers"): "x",
    }
    kent = rows[KENT, "peers"]
    assert (kent["quote"], kent["relevant_texts"], kent["date"]) == ("They meet as equals.", "1", "2008-07-29")
    assert rows[DEVON, "peers"]["relevant_texts"] == "0"


def test_a_study_without_a_framework_has_no_such_table_and_an_old_one_is_removed(crawl, table, tmp_path):
    assert table("framework")
    plain = crawl.protocol.model_copy(update={"framework": []})
    made = make_report(crawl.record, plain, tmp_path / "out")
    assert not (tmp_path / "out" / "framework.csv").exists()
    assert "framework.csv" not in {path.name for path in made.files}


# -- Descriptions --------------------------------------------------------------------------------------------------------


def test_a_report_is_a_valid_data_package(busy, table, tmp_path):
    table("keywords", excel=True)
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert {resource["path"] for resource in package["resources"]} == {
        path.name
        for path in (tmp_path / "out").glob("*.csv")
        if not path.name.endswith(("_excel.csv", ".meta.csv")) and path.name != "data-dictionary.csv"
    }
    report = frictionless.validate(str(tmp_path / "out" / "datapackage.json"))
    assert report.flatten(["fieldName", "type", "note"]) == []
    assert report.valid


def test_a_table_that_was_changed_by_hand_is_no_longer_valid(busy, table, tmp_path):
    table("authorities")
    path = tmp_path / "out" / "authorities.csv"
    path.write_bytes(path.read_bytes().replace(b"yes_model", b"certainly"))
    report = frictionless.validate(str(tmp_path / "out" / "datapackage.json"))
    assert {"hash-count", "byte-count", "constraint-error"} & set(report.flatten(["type"])[0])


def test_the_dictionary_names_every_column_of_every_table(busy, table, tmp_path):
    described = {(row["file"], row["column"]) for row in table("data-dictionary")}
    for path in (tmp_path / "out").glob("*.csv"):
        if path.name != "data-dictionary.csv" and ".meta" not in path.name:
            header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
            assert {(path.name, column) for column in header} <= described


def test_a_column_that_nobody_described_is_named():
    with pytest.raises(KeyError, match=r"tables\.keywords does not describe the column invented"):
        describe("keywords", ["keyword", "invented"])


def test_the_meta_file_tells_filters_from_indicators(busy, table):
    rows = {
        row["col_name"]: (row["col_type"], row["indicator_unit"], row["indicator_dp"]) for row in table("groups.meta")
    }
    assert rows["la_type"] == ("Filter", "", "")
    assert rows["authorities_yes"] == ("Indicator", "", "0")
    assert rows["share_yes_upper_ci"] == ("Indicator", "%", "1")
    assert "region_name" not in rows


def test_names_are_as_the_standards_want_them(busy, table, tmp_path):
    table("keywords")
    for path in (tmp_path / "out").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        assert all(name.isidentifier() and name == name.lower() and len(name) <= 35 for name in header), path.name


def test_the_types_that_are_described_are_those_of_the_register():
    (column,) = (one for one in declared("groups") if one.name == "la_type")
    listed = column.about.partition("(")[2].partition(")")[0].split(", ")
    assert set(listed) == {authority.type for authority in register().values()}


def test_the_page_of_the_docs_is_the_one_that_is_made():
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == dictionary.as_markdown(), "run: python -m output.dictionary > docs/data-dictionary.md"


def test_the_study_of_2008_maps_to_five_types_and_three_spectra():
    dimensions = [offered.dimension for offered in protocol.load("nfer-2008").framework]
    assert {name: dimensions.count(name) for name in dimensions} == {
        "type": 5,
        "one-to-one-or-group": 2,
        "peer-or-expert-novice": 2,
        "same-or-cross-sector": 2,
    }
