"""report.xlsx: opened by openpyxl for its build, and by LibreOffice for what people see."""

import csv
import shutil
import subprocess
import zipfile
from datetime import date

import openpyxl
import pytest

from output import workbook
from output.report import make_report
from study.record import Record
from tests.small_record import SmallCrawl, small_protocol

KENT, DEVON, ELSEWHERE = "E10000016", "E10000008", "www.school.example"
FIRST = ["cover", "contents", "notes"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A report with an attack, a capped search, a site outside the register and two findings."""
    directory = tmp_path_factory.mktemp("workbook")
    study = small_protocol(directory)
    with Record.open(f"sqlite:///{directory / 'record.db'}") as record:
        crawl = SmallCrawl(record, study, [KENT, DEVON, ELSEWHERE])
        crawl.asked(
            KENT, "mentor", ["a", "b"], reported_total=40, total_is="capped", status="capped", reason="no page 2"
        )
        said = {"relation": "mentoring", "approaches": ["strategy"]}
        title, quote = '=HYPERLINK("http://bad.example")', "+441622 and a mentor\x07 for each"
        crawl.fetched(KENT, "a", "A mentor.", "relevant", title=title, evidence=[quote], **said)
        crawl.fetched(KENT, "b", "Mentors.", "ambiguous", evidence=["-1 mentor"], **said)
        crawl.asked(ELSEWHERE, "coach", status="blocked", reason="Cloudflare:\x07 HTTP 403")
        make_report(record, study, directory / "out")
        make_report(record, study, directory / "again")
    return directory


@pytest.fixture(scope="module")
def book(directory):
    return openpyxl.load_workbook(directory / "out" / "report.xlsx")


def tables(directory):
    names = (path for path in sorted((directory / "out").glob("*.csv")) if ".meta" not in path.name)
    return {path.stem: list(csv.reader(path.open(newline="", encoding="utf-8"))) for path in names}


def test_one_table_a_sheet_beginning_in_its_first_cell_with_headings_in_sight(book, directory):
    named = tables(directory)
    named.pop("data-dictionary")
    assert book.sheetnames[:3] == FIRST
    assert set(book.sheetnames[3:]) == {*named, "columns"}
    for sheet in book:
        assert not sheet.merged_cells.ranges
        if sheet.title != "cover":
            assert sheet.freeze_panes == "B2"
            assert all(cell.value and cell.font.bold for cell in sheet[1])
            assert all(any(cell.value is not None for cell in row) for row in sheet.iter_rows())


def test_numbers_are_numbers_and_codes_are_texts(book):
    row = {head.value: cell for head, cell in zip(book["authorities"][1], book["authorities"][3], strict=True)}
    assert (row["hits_mentor"].value, row["hits_mentor"].data_type) == (40, "n")
    assert (row["old_la_code"].value, row["old_la_code"].data_type) == ("886", "s")
    row = {head.value: cell for head, cell in zip(book["authorities"][1], book["authorities"][4], strict=True)}
    assert row["hits_coach"].value == "x"


def test_nothing_scraped_runs(book):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not isinstance(cell.value, str) or not cell.value.startswith(("=", "+", "-", "@"))


def test_a_cell_that_says_yes_leads_to_its_evidence(book):
    sheet = book["authorities"]
    heads = [cell.value for cell in sheet[1]]
    cell = sheet.cell(row=3, column=heads.index("keyword_mentor") + 1)
    assert cell.value == "yes_model"
    name, _, place = cell.hyperlink.location.partition("!")
    target = book[name.strip("'")][place]
    found = dict(
        zip([c.value for c in book["evidence"][1]], [c.value for c in book["evidence"][target.row]], strict=True)
    )
    assert (found["authority"], found["what"], found["code"]) == (KENT, "keyword", "mentor")
    evidence = [c.value for c in book["evidence"][1]]
    address = book["evidence"].cell(row=target.row, column=evidence.index("url") + 1)
    assert address.hyperlink.target == address.value == "http://e10000016.main.example/a"


def test_contents_lead_to_the_sheets_and_say_how_many_rows(book):
    for row in book["contents"].iter_rows(min_row=2):
        sheet = row[0].hyperlink.location.split("!")[0].strip("'")
        assert sheet == row[0].value
        if row[3].value is not None:
            assert book[sheet].max_row == row[3].value + 1


def test_two_workbooks_of_one_report_are_equal_to_the_byte(directory, book):
    one, two = ((directory / name / "report.xlsx").read_bytes() for name in ("out", "again"))
    assert one == two
    assert book.properties.modified.date() == date(2008, 7, 29)
    with zipfile.ZipFile(directory / "out" / "report.xlsx") as file:
        assert {member.date_time[0] for member in file.infolist()} == {1980}


def test_a_long_table_is_cut_and_says_where_the_rest_is(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "ROWS", 5)
    study = small_protocol(tmp_path)
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        SmallCrawl(record, study, [KENT, DEVON])
        make_report(record, study, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "report.xlsx")
    assert book["coverage"].max_row == 6
    notes = {row[0].value: row[1].value for row in book["notes"].iter_rows(min_row=2)}
    assert notes["coverage"] == "The sheet holds the first 5 of 8 rows; all of them are in coverage.csv."


@pytest.mark.services
def test_libreoffice_opens_it_and_shows_what_the_tables_say(directory, tmp_path):
    soffice = shutil.which("soffice")
    assert soffice, "LibreOffice is not installed: make services"
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    done = subprocess.run(
        [
            soffice,
            profile,
            "--headless",
            "--convert-to",
            every_sheet,
            "--outdir",
            tmp_path,
            directory / "out" / "report.xlsx",
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    for name, rows in tables(directory).items():
        if name == "data-dictionary":
            continue
        with (tmp_path / f"report-{name}.csv").open(newline="", encoding="utf-8") as file:
            shown = list(csv.reader(file))
        assert [[plain(cell) for cell in row] for row in shown] == [[plain(c) for c in row] for row in rows], (
            name,
            done.stderr,
        )


def plain(cell):
    """A number as a number, since programs write 66.7 and 0 in their own ways."""
    try:
        return float(cell)
    except ValueError:
        return cell
