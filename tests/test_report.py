"""The files of a report and what the terminal shows, on SQLite and PostgreSQL."""

import csv
import hashlib
import re

import pytest
import typer
from sqlalchemy import update
from typer.testing import CliRunner

from mentorwatch.verbs.report import report
from output.csvfiles import ReportError, formula_safe
from output.masking import MAX_QUOTE, masked, quote
from output.page.summary import figures
from output.report import make_report
from output.tallies import take
from output.terminal import headline
from study import record as r
from study.record import RecordError
from tests.small_record import SmallCrawl, emptied, small_protocol

KENT, DEVON, ELSEWHERE = "E10000016", "E10000008", "www.school.example"


@pytest.fixture
def crawl(record, study):
    """Kent mentors staff, Devon may, a site elsewhere could not be asked for coach; the TDA is named once."""
    crawl = SmallCrawl(record, study, [KENT, DEVON, ELSEWHERE])
    crawl.asked(KENT, "mentor", ["a", "b"], reported_total=2, total_is="exact")
    crawl.asked(KENT, "mentoring", ["a"], reported_total=1, total_is="exact")
    crawl.asked(DEVON, "mentor", ["a"], status="capped", reported_total=40, total_is="capped", reason="no page 2")
    crawl.asked(ELSEWHERE, "coach", status="blocked", reason="Cloudflare:\nHTTP 403")
    kept = crawl.fetched(
        KENT,
        "a",
        "Our strategy: a mentor for each headteacher, ring Jo on 01622 696969.",
        "relevant",
        title='=HYPERLINK("http://bad.example","Mentors")',
        relation="mentoring",
        approaches=["strategy"],
        evidence=["Jo Bloggs.", "Our strategy:\n a mentor for each headteacher, jo.bloggs@kent.example, 01622 696969."],
    )
    crawl.decided(kept, "relevant", relation="mentoring", approaches=["strategy"])
    crawl.fetched(KENT, "b", "Funded by the TDA.", mentions=[("tda", None, True, "-funded by the TDA")])
    crawl.fetched(
        DEVON, "a", "Mentors at colleges.", "ambiguous", relation="mentoring", evidence=["Mentors at colleges."]
    )
    return crawl


def files(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def rows(path, encoding="utf-8"):
    with path.open(newline="", encoding=encoding) as file:
        return list(csv.DictReader(file))


def made(crawl, directory, **options):
    return make_report(crawl.record, crawl.protocol, directory, **options)


# -- Golden files --------------------------------------------------------------------------------------------------------

GOLDEN = {
    "keywords.csv": """\
keyword,keyword_name,total_hits,total_is,min_hits,max_hits,relevant_hits,relevant_hits_other_hosts,hits_with_mention,\
hits_by_sitemap,ambiguous_hits,authorities,authorities_ambiguous,authorities_not_known,authorities_counted,authorities_asked,searches,\
searches_complete,searches_capped,searches_not_usable,reported_by_variant,published_total_hits,published_min_hits,\
published_max_hits,published_relevant_hits,published_authorities
mentor,mentor (mentoring),42,capped,0,40,1,0,z,0,1,1,1,0,3,3,6,5,1,0,mentor: 42; mentoring: 1,3,1,2,1,1
coach,coach,0,exact,0,0,0,0,z,0,0,0,0,1,2,3,3,2,0,1,coach: x,x,x,x,9,x
tda,TDA,0,exact,0,0,z,z,0,0,0,1,0,0,3,3,3,3,0,0,TDA: x,x,x,x,z,1
""",
    "authorities.csv": """\
time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,new_la_code,\
la_name,la_type,la_size,keyword_mentor,keyword_coach,keyword_tda,mention_tda,approach_strategy,approach_early_years,\
hits_mentor,hits_mentor_is,hits_coach,hits_coach_is,hits_tda,hits_tda_is
2008,Reporting year,Local authority,E92000001,England,E12000009,South West,878,E10000008,Devon County Council,county,x,\
ambiguous,no,no,x,x,x,40,capped,0,exact,0,exact
2008,Reporting year,Local authority,E92000001,England,E12000008,South East,886,E10000016,Kent County Council,county,x,\
yes_confirmed,no,yes_model,yes_model,yes_confirmed,no,2,exact,0,exact,0,exact
2008,Reporting year,Local authority,x,Not available,x,Not available,x,x,www.school.example,x,x,\
no,x,no,x,x,x,0,exact,x,x,0,exact
""",
    "approaches.csv": """\
authority,authority_name,region_name,approach,approach_name,cell,relevant_texts,quote,url,published
E10000008,Devon County Council,South West,strategy,Own strategy,x,x,,,not_named
E10000008,Devon County Council,South West,early-years,Early years,x,x,,,x
E10000016,Kent County Council,South East,strategy,Own strategy,yes_confirmed,1,"Our strategy: a mentor for each headteacher, [e-mail], \
[phone].",http://e10000016.main.example/a,yes
E10000016,Kent County Council,South East,early-years,Early years,no,0,,,x
www.school.example,www.school.example,Not available,strategy,Own strategy,x,x,,,x
www.school.example,www.school.example,Not available,early-years,Early years,x,x,,,x
""",
    "evidence.csv": """\
authority,authority_name,what,code,cell,quote,url,title,fetched,warc_record
E10000008,Devon County Council,keyword,mentor,ambiguous,Mentors at colleges.,http://e10000008.main.example/a,A page,\
2008-07-29T12:00:00Z,crawl-1.warc.gz:101
E10000016,Kent County Council,keyword,mentor,yes_confirmed,"Our strategy: a mentor for each headteacher, [e-mail], \
[phone].",http://e10000016.main.example/a,"'=HYPERLINK(""http://bad.example"",""Mentors"")",2008-07-29T12:00:00Z,\
crawl-1.warc.gz:101
E10000016,Kent County Council,keyword,tda,yes_model,'-funded by the TDA,http://e10000016.main.example/b,A page,\
2008-07-29T12:00:00Z,crawl-1.warc.gz:101
E10000016,Kent County Council,mention,tda,yes_model,'-funded by the TDA,http://e10000016.main.example/b,A page,\
2008-07-29T12:00:00Z,crawl-1.warc.gz:101
E10000016,Kent County Council,approach,strategy,yes_confirmed,"Our strategy: a mentor for each headteacher, [e-mail], \
[phone].",http://e10000016.main.example/a,"'=HYPERLINK(""http://bad.example"",""Mentors"")",2008-07-29T12:00:00Z,\
crawl-1.warc.gz:101
""",
    "coverage.csv": """\
authority,authority_name,host_kind,site,keyword,query,via,status,reported,total_is,collected,distinct,pages_read,\
hits_unread,why,changed_from
E10000008,Devon County Council,main,http://e10000008.main.example/,mentor,mentor,search,capped,40,capped,1,1,1,0,no page 2,
E10000008,Devon County Council,main,http://e10000008.main.example/,mentor,mentoring,search,complete,x,absent,0,0,0,0,,
E10000008,Devon County Council,main,http://e10000008.main.example/,coach,coach,search,complete,x,absent,0,0,0,0,,
E10000008,Devon County Council,main,http://e10000008.main.example/,tda,TDA,search,complete,x,absent,0,0,0,0,,
E10000016,Kent County Council,main,http://e10000016.main.example/,mentor,mentor,search,complete,2,exact,2,2,1,0,,
E10000016,Kent County Council,main,http://e10000016.main.example/,mentor,mentoring,search,complete,1,exact,1,1,1,0,,
E10000016,Kent County Council,main,http://e10000016.main.example/,coach,coach,search,complete,x,absent,0,0,0,0,,
E10000016,Kent County Council,main,http://e10000016.main.example/,tda,TDA,search,complete,x,absent,0,0,0,0,,
www.school.example,www.school.example,main,http://www.school.example.main.example/,mentor,mentor,search,complete,x,absent,\
0,0,0,0,,
www.school.example,www.school.example,main,http://www.school.example.main.example/,mentor,mentoring,search,complete,x,\
absent,0,0,0,0,,
www.school.example,www.school.example,main,http://www.school.example.main.example/,coach,coach,search,blocked,x,absent,\
0,0,1,0,Cloudflare: HTTP 403,
www.school.example,www.school.example,main,http://www.school.example.main.example/,tda,TDA,search,complete,x,absent,\
0,0,0,0,,
""",
}


OTHERS = {  # tests/test_report_tables.py tells of these
    "mentions.csv", "definitions.csv", "funnel.csv", "topics.csv", "groups.csv", "groups.meta.csv", "changes.csv", "trend.csv",
    "data-dictionary.csv", "datapackage.json", "report.html", "report.xlsx", "credits.txt",
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_each_file_is_as_agreed_to_the_byte(crawl, tmp_path, name):
    made(crawl, tmp_path)
    assert (tmp_path / name).read_bytes().decode("utf-8") == GOLDEN[name].replace("\n", "\r\n")


def test_two_reports_of_one_crawl_are_equal_to_the_byte(crawl, tmp_path):
    made(crawl, tmp_path / "one", excel=True)
    made(crawl, tmp_path / "two", excel=True)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_order_rows_came_in_does_not_show(record, study, tmp_path):
    digests = set()
    for order in (["a", "b", "c"], ["c", "a", "b"]):
        crawl = SmallCrawl(emptied(record), study, [KENT])
        for path in order:
            crawl.fetched(KENT, path, path, "relevant", relation="mentoring", approaches=["strategy"])
        crawl.asked(KENT, "mentor", order)
        made(crawl, tmp_path / order[0])
        tables = [content for name, content in files(tmp_path / order[0]).items() if name.endswith(".csv")]
        digests.add(hashlib.sha256(b"".join(tables)).hexdigest())
    assert len(digests) == 1


def test_the_likeliest_text_gives_an_approach_its_quote(crawl, tmp_path):
    for path, probability in (("c", 0.6), ("d", 0.9)):
        said = {"relation": "mentoring", "approaches": ["early-years"], "evidence": [f"Quote {path}."]}
        crawl.fetched(KENT, path, path, "relevant", probability=probability, **said)
    made(crawl, tmp_path)
    row = next(
        row for row in rows(tmp_path / "approaches.csv") if (row["authority"], row["approach"]) == (KENT, "early-years")
    )
    assert (row["cell"], row["relevant_texts"], row["quote"]) == ("yes_model", "2", "Quote d.")


def test_hits_that_could_not_be_read_are_counted_where_they_were_found(crawl, tmp_path):
    crawl.asked(KENT, "coach", ["c", "d", "e"])
    crawl.fetched(KENT, "c", outcome="blocked", status=403)
    crawl.fetched(KENT, "d", outcome="gone", status=404)
    made(crawl, tmp_path)
    row = next(row for row in rows(tmp_path / "coverage.csv") if (row["authority"], row["query"]) == (KENT, "coach"))
    assert row["hits_unread"] == "2"


def test_a_site_that_is_asked_otherwise_than_before_says_how_it_was(crawl, tmp_path):
    was = {"crawl": 1, "how": "form", "url": "http://kent.example/find", "param": "terms", "method": "GET"}
    with crawl.record.begin() as db:
        db.execute(update(r.site).where(r.site.c.authority == KENT).values(changed_from=was))
    made(crawl, tmp_path)
    said = {row["authority"]: row["changed_from"] for row in rows(tmp_path / "coverage.csv")}
    assert said == {KENT: "form GET http://kent.example/find, terms", DEVON: "", ELSEWHERE: ""}


def test_a_text_whose_judgement_kept_no_quote_is_quoted_from_its_beginning(crawl, tmp_path):
    crawl.asked(KENT, "coach", ["c"])
    crawl.fetched(KENT, "c", "Coaching of leaders. " * 100, "relevant", relation="coaching")
    made(crawl, tmp_path)
    row = next(row for row in rows(tmp_path / "evidence.csv") if row["code"] == "coach")
    assert row["quote"].startswith("Coaching of leaders. Coaching")
    assert len(row["quote"]) <= 300


def test_the_sample_gives_the_sizes(record, study, tmp_path):
    made(SmallCrawl(record, study, [KENT], sample="nfer-2008"), tmp_path)
    sizes = {row["new_la_code"]: row["la_size"] for row in rows(tmp_path / "authorities.csv")}
    assert sizes[KENT] == "large"
    assert len(sizes) == 30


def test_only_web_addresses_become_links(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr(SmallCrawl, "home", lambda *_: "javascript:alert")
    crawl.asked(KENT, "coach", ["c"])
    crawl.fetched(KENT, "c", "Coaching.", "relevant", relation="coaching")
    made(crawl, tmp_path)
    assert next(row for row in rows(tmp_path / "evidence.csv") if row["code"] == "coach")["url"] == ""


# -- Dialect -------------------------------------------------------------------------------------------------------------


def test_for_excel_each_table_is_written_again_with_a_mark_and_removed_when_not_wanted(crawl, tmp_path):
    made(crawl, tmp_path, excel=True)
    plain, marked = tmp_path / "evidence.csv", tmp_path / "evidence_excel.csv"
    assert marked.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    assert not plain.read_bytes().startswith(b"\xef\xbb\xbf")
    made(crawl, tmp_path)
    assert not marked.exists()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_begins_like_a_formula_is_defused(start):
    assert formula_safe(f"{start}cmd") == f"'{start}cmd"
    assert formula_safe(f"a{start}cmd") == f"a{start}cmd"


def test_numbers_are_left_alone():
    assert formula_safe(-5) == -5


def test_every_line_of_every_file_has_as_many_fields_as_its_header(crawl, tmp_path):
    crawl.asked(KENT, "coach", ["c"])
    crawl.fetched(
        KENT, "c", 'Coaching, "so called";\r\n\tof staff', "relevant", relation="coaching", title='a\r\nb,"c"'
    )
    made(crawl, tmp_path)
    for path in tmp_path.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            assert len({len(row) for row in csv.reader(file, strict=True)}) == 1
        assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


def test_a_folder_that_cannot_be_written_is_named(crawl, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReportError, match="taken"):
        made(crawl, tmp_path / "taken")


# -- Quotes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to Jo.Bloggs@kent.gov.uk.", "write to [e-mail]."),
        ("jo (at) kent (dot) gov (dot) uk", "[e-mail]"),
        ("jo at kent dot gov dot uk", "[e-mail]"),
        ("mentors at Kent", "mentors at Kent"),
        ("01622 696969 or (020) 7525 5000", "[phone] or [phone]"),
        ("+44 (0)1622 696969, 0044 1622 696969", "[phone], [phone]"),
        ("07700-900-123 and 0800 40 40 40", "[phone] and [phone]"),
        ("Tel: 524 312, ext. 4456", "Tel: [phone], ext. [phone]"),
        ("on 29/07/2008, 01-09-2008 10.30", "on 29/07/2008, 01-09-2008 10.30"),
        ("2,490 hits for £012345678 in 2007-2008", "2,490 hits for £012345678 in 2007-2008"),
        ("call 10 mentors", "call 10 mentors"),
    ],
)
def test_addresses_and_numbers_are_masked_and_nothing_else(text, expected):
    assert masked(text) == expected


def test_a_long_quote_is_cut_between_words_around_what_it_shows():
    cut = quote("word " * 200 + "the mentor of staff " + "more " * 200, re.compile("mentor"))
    assert len(cut) <= MAX_QUOTE
    assert "the mentor of staff" in cut
    assert cut.startswith("…word ")
    assert cut.endswith(" more…")


def test_an_address_cut_in_two_would_still_be_masked():
    said = quote("x" * (MAX_QUOTE - 10) + " jo.bloggs@kent.example and more")
    assert "jo" not in said


# -- The command ---------------------------------------------------------------------------------------------------------


def run(*arguments):
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "100", "MENTORWATCH_RECORD": ""})


@pytest.fixture
def protocol_file(tmp_path):
    small_protocol(tmp_path)
    return tmp_path / "small.toml"


def test_the_command_writes_the_files_and_prints_both_tables(crawl, tmp_path, protocol_file):
    url = crawl.record.engine.url.render_as_string(hide_password=False)
    shown = run("-o", str(tmp_path / "out"), "--record", url, "--protocol", str(protocol_file))
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith(
        "Of 3 authorities asked, 1 has a relevant hit for mentor (mentoring); 0 have a relevant hit for coach; 1 has a "
        "mention of Training and Development Agency for Schools. All could be searched, 1 only in part.\n"
    )
    table = [line.replace("│", " ").split() for line in shown.output.splitlines() if "│" in line]
    assert ["mentor", "(mentoring)", "42*", "0-40", "1", "1"] in table
    assert ["July", "2008", "(published)", "3", "1-2", "=", "1", "=", "1"] in table
    assert ["coach", "0", "0-0", "0", "0"] in table
    assert ["July", "2008", "(published)", "-", "-", "9", "-"] in table
    assert "coach: total and range are of the 2 of 3 authorities" in shown.output
    assert "mentor: the sites themselves reported mentor 42, mentoring 1." in shown.output
    assert set(files(tmp_path / "out")) == {*GOLDEN, *OTHERS}
    assert f"\n{tmp_path}/out/report.html  the page\n{tmp_path}/out/report.xlsx  the workbook\n" in shown.output
    assert f"\n{tmp_path}/out: keywords.csv, authorities.csv, " in shown.output


def test_the_command_can_leave_people_aside_and_name_its_crawl(crawl, tmp_path, protocol_file):
    url = crawl.record.engine.url.render_as_string(hide_password=False)
    common = ("--record", url, "--protocol", str(protocol_file), "--crawl", str(crawl.id))
    SmallCrawl(crawl.record, crawl.protocol, [KENT])  # a newer one, not asked for
    assert run(*common, "-o", str(tmp_path / "alone"), "--model-only").exit_code == 0
    cells = {row["new_la_code"]: row["keyword_mentor"] for row in rows(tmp_path / "alone" / "authorities.csv")}
    assert cells[KENT] == "yes_model"


def test_a_crawl_that_is_not_there_or_of_another_study_is_named(crawl):
    with pytest.raises(RecordError, match="no crawl 999999"):
        take(crawl.record, crawl.protocol, 999999)
    other = crawl.protocol.model_copy(update={"name": "other"})
    with pytest.raises(RecordError, match="--protocol small"):
        take(crawl.record, other, crawl.id)
    with pytest.raises(RecordError, match="no crawl of other, only of small; run `mentorwatch crawl --protocol other`"):
        take(crawl.record, other)


def test_pages_that_are_not_judged_yet_are_announced(record, study, tmp_path, protocol_file):
    crawl = SmallCrawl(record, study, [KENT])
    crawl.asked(KENT, "mentor", ["a"])
    crawl.fetched(KENT, "a", relevance=None)
    url = record.engine.url.render_as_string(hide_password=False)
    shown = run("-o", str(tmp_path / "out"), "--record", url, "--protocol", str(protocol_file))
    assert "1 fetched page is not judged yet: run `mentorwatch classify`" in shown.output


def test_a_study_nothing_was_published_of_is_reported_alone(record, study, tmp_path):
    unpublished = study.model_copy(update={"published": None})
    crawl = SmallCrawl(record, unpublished, [KENT])
    made(crawl, tmp_path)
    assert {row["published_authorities"] for row in rows(tmp_path / "keywords.csv")} == {"x"}
    assert {row["published"] for row in rows(tmp_path / "approaches.csv")} == {"x"}


def test_the_headline_says_who_could_not_be_searched(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    for query in ("mentor", "mentoring", "coach", "TDA"):
        crawl.asked(DEVON, query, status="blocked")
    assert headline(take(record, study)).startswith("Of 2 authorities asked, 0 have")
    assert headline(take(record, study)).endswith("1 could not be searched.")


def test_the_headline_counts_hits_and_authorities_in_one_population(record, study):
    crawl = SmallCrawl(record, study, [KENT, DEVON])
    crawl.asked(KENT, "mentor", ["a"])
    for query in ("mentor", "mentoring", "coach", "TDA"):
        crawl.asked(DEVON, query, ["a"], status="blocked", reason="HTTP 403 after the first page")
    for authority in (KENT, DEVON):
        crawl.fetched(authority, "a", f"Mentors {authority}.", "relevant", relation="mentoring")
    tally = take(record, study)
    assert headline(tally).startswith("Of 2 authorities asked, 2 have a relevant hit for mentor (mentoring);")
    assert headline(tally).endswith("1 could not be searched.")
    assert [(figure.number, figure.of) for figure in figures(tally)] == [(2, 2), (0, 2), (0, 2)]
