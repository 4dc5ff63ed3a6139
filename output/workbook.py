"""report.xlsx: the tables for people who open a spreadsheet. Cover, contents, notes, then one table a sheet.

After the Analysis Function's guidance on spreadsheets: a table begins in A1 and is alone on its sheet, no merged cells, no blank
rows, numbers as numbers, headings that stay in sight. Cells that say yes lead to the row of the evidence. Two workbooks of one report
are equal to the byte: nothing in them is of the hour they were made.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from output.columns import Described, cells, symbols
from output.csvfiles import ReportError, formula_safe
from output.datapackage import dictionary
from output.headline import headline
from output.page.summary import judged_by
from output.places import CREDIT
from output.tallies import Tally
from study.version import VERSION

ROWS = 6_000  # of one table; the rest is in its CSV. Excel has 1,048,576 rows and 65,530 links a sheet
_CI = (
    "In groups: the exact 95 % interval of Clopper and Pearson, were the authorities drawn by lot. In trend: the least and the "
    "most there can have been, since what is ambiguous or not known may be either."
)
_FOUND = ("yes_confirmed", "yes_model", "ambiguous")
_FONT = "Calibri"
_BOLD, _TITLE = Font(name=_FONT, size=11, bold=True), Font(name=_FONT, size=18, bold=True)
_LINK = Font(name=_FONT, size=11, color="0B5563", underline="single")
_LINE = 15.0  # height of a line in points
_HEAD = Alignment(wrap_text=True, vertical="bottom")
_WRAP, _PLAIN = Alignment(wrap_text=True, vertical="top"), Alignment(vertical="top")
_UNDER = Border(bottom=Side(style="thin"))
_WIDTHS = {
    "string": 28,
    "uri": 48,
    "code": 18,
    "cell": 16,
    "integer": 12,
    "number": 12,
    "date": 12,
    "datetime": 21,
    "year": 9,
}
_WIDE = {"quote": 70, "quote_before": 70, "diff": 70, "about": 34, "why": 50, "evidence": 44, "title": 44}
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class _Link:
    """A cell that leads somewhere: to a web address, or (``inside``) to a cell of this workbook."""

    text: object
    to: str
    inside: bool = False


def write_workbook(
    path: Path,
    tally: Tally,
    tables: Mapping[str, pd.DataFrame],
    described: Mapping[str, Described],
    remarks: Sequence[str] = (),
) -> Path:
    """Write the workbook of a report; raises :class:`ReportError` naming the file if it cannot be written."""
    book = Workbook(write_only=True)
    _sheet(book, "cover", [[line] for line in _cover(tally, remarks)], widths=[92], title=True)
    listed = [
        [_Link(name, f"'{name}'!A1", inside=True), table.title, table.about, len(tables[name])]
        for name, table in described.items()
    ]
    listed.append(
        [_Link("columns", "'columns'!A1", inside=True), "Columns", "What each column of each sheet holds.", None]
    )
    _sheet(book, "contents", [["sheet", "title", "what it holds", "rows"], *listed], widths=[18, 32, 90, 10])
    _sheet(book, "notes", [["code", "what it means"], *_notes(tables)], widths=[22, 110])
    rows = _evidence_rows(tables.get("evidence"))
    for name, table in described.items():
        widths = [_WIDE.get(column.name, _WIDTHS[column.type]) for column in table.columns]
        head = [column.name for column in table.columns]
        _sheet(book, name, [head, *_rows(tables[name].head(ROWS), table, rows)], widths=widths)
    told = dictionary(described)
    _sheet(book, "columns", [list(told.columns), *told.itertuples(index=False)], widths=[22, 30, 12, 90, 60])
    return _save(book, path, tally.rows.as_of)


def _cover(tally: Tally, remarks: Sequence[str]) -> list[str]:
    published = tally.protocol.published
    return [
        tally.protocol.title,
        headline(tally),
        *remarks,
        f"Crawl {tally.rows.crawl_id} of the protocol {tally.protocol.name}, as of {tally.rows.as_of}. {judged_by(tally)}",
        "Sheets: contents lists them, notes says what codes and symbols mean, columns what each column holds.",
        "Every cell that says yes or ambiguous leads to the row of the sheet evidence with its quote, address and day.",
        f"Made by mentorwatch {VERSION}. The same tables stand beside this workbook as CSV, and as a page in report.html.",
        *([f"Published figures: {published.source}."] if published else []),
        f"{CREDIT} All sources: credits.txt.",
    ]


def _notes(tables: Mapping[str, pd.DataFrame]) -> Iterable[Sequence[object]]:
    yield from cells().items()
    yield from symbols().items()
    yield "hits", "Distinct pages that the authorities' own searches gave, over the variants of a keyword group."
    yield (
        "relevant",
        "About mentoring or coaching of the kind the study means; a person's decision stands over the model's.",
    )
    yield "_lower_ci, _upper_ci", _CI
    yield "'", "A text that begins like a formula has an apostrophe before it, so that no spreadsheet runs it."
    for name, table in tables.items():
        if len(table) > ROWS:
            yield name, f"The sheet holds the first {ROWS:,} of {len(table):,} rows; all of them are in {name}.csv."


def _evidence_rows(evidence: pd.DataFrame | None) -> dict[tuple[str, str, str], int]:
    """The first row of the evidence sheet that speaks for a cell."""
    if evidence is None:
        return {}
    first = evidence.head(ROWS).reset_index(drop=True).drop_duplicates(["authority", "what", "code"])
    keys = zip(first["authority"], first["what"], first["code"], strict=True)
    return {(str(a), str(w), str(c)): int(number) + 2 for (a, w, c), number in zip(keys, first.index, strict=True)}


def _rows(
    table: pd.DataFrame, described: Described, evidence: dict[tuple[str, str, str], int]
) -> Iterable[list[object]]:
    kinds = [column.type for column in described.columns]
    names = [column.name for column in described.columns]
    for values in table.itertuples(index=False):
        row = dict(zip(names, values, strict=True))
        made: list[object] = []
        for name, kind, value in zip(names, kinds, values, strict=True):
            if kind == "uri" and isinstance(value, str) and value.startswith(("http://", "https://")):
                made.append(_Link(value, value))
            elif kind == "cell" and value in _FOUND and (to := evidence.get(_key(described.name, row, name))):
                made.append(_Link(value, f"'evidence'!A{to}", inside=True))
            else:
                made.append(value)
        yield made


def _key(table: str, row: Mapping[str, Any], column: str) -> tuple[str, str, str]:
    """Which evidence a cell of a table rests on."""
    if table == "authorities":
        what, _, code = column.partition("_")
        authority = row["new_la_code"] if row["new_la_code"] != "x" else row["la_name"]
        return authority, what, code.replace("_", "-")
    if table == "approaches":
        return row["authority"], "approach", row["approach"]
    return "", "", ""


def _sheet(
    book: Workbook, name: str, rows: Iterable[Sequence[object]], *, widths: Sequence[int], title: bool = False
) -> None:
    sheet = book.create_sheet(name)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if not title:
        sheet.freeze_panes, sheet.print_title_rows = "B2", "1:1"
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    styles, count = _styles(sheet), 0
    for count, row in enumerate(rows, start=1):
        lines = _lines(row, widths, head=count == 1)
        if lines > 1 or title:  # said outright: not every program works out how high a wrapped row is
            sheet.row_dimensions[count].height = _LINE * lines * (2 if title and count == 1 else 1)
        wrap = [width > 30 for width in widths]
        sheet.append([_cell(sheet, styles, *one, head=count == 1, title=title) for one in zip(row, wrap, strict=True)])
    if not title and count > 1:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(widths))}{count}"


def _lines(row: Sequence[object], widths: Sequence[int], *, head: bool) -> int:
    """How many lines a row needs: a column's width counts characters of the usual size."""
    texts = [value.text if isinstance(value, _Link) else value for value in row]
    wrapped = [(t, w) for t, w in zip(texts, widths, strict=True) if isinstance(t, str) and (w > 30 or head)]
    return max((1 + int(len(text) * 1.05) // width for text, width in wrapped), default=1)


def _cell(sheet: Any, styles: dict[str, Any], value: Any, wide: bool, *, head: bool, title: bool) -> Any:
    link = value if isinstance(value, _Link) else None
    value = link.text if link else value
    if isinstance(value, str):
        value = formula_safe(ILLEGAL_CHARACTERS_RE.sub("", value)) or None
    elif hasattr(value, "item"):  # numpy's numbers
        value = value.item()
    if value is None and not head:
        return None
    cell: Any = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    kind = ("title" if title else "head") if head else "link" if link else "wrapped" if wide else "plain"
    cell._style = styles[kind]
    if link is not None:
        cell.hyperlink = link.to
        if link.inside and cell.hyperlink is not None:
            cell.hyperlink.target, cell.hyperlink.location = None, link.to
    return cell


def _styles(sheet: Any) -> dict[str, Any]:
    """How cells look, worked out once a sheet: openpyxl looks each font and alignment up again for every cell it is given to."""
    looks: dict[str, dict[str, Any]] = {
        "title": {"font": _TITLE, "alignment": _WRAP},
        "head": {"font": _BOLD, "alignment": _HEAD, "border": _UNDER},
        "link": {"font": _LINK, "alignment": _WRAP},
        "wrapped": {"alignment": _WRAP},
        "plain": {"alignment": _PLAIN},
    }
    made = {}
    for kind, look in looks.items():
        cell: Any = WriteOnlyCell(sheet)
        for name, value in look.items():
            setattr(cell, name, value)
        made[kind] = cell._style
    return made


def _save(book: Workbook, path: Path, as_of: date) -> Path:
    """Save without the hour: the properties say the crawl's day, the archive's members the first day zip knows."""
    kept = io.BytesIO()
    book.save(kept)
    day = datetime(as_of.year, as_of.month, as_of.day).isoformat() + "Z"
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(kept) as made, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
            for name in made.namelist():
                content = made.read(name)
                if name == "docProps/core.xml":
                    content = _MODIFIED.sub(rb"\g<1>" + day.encode(), content)
                member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                member.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(member, content)
        os.replace(unfinished, path)
    except OSError as problem:
        raise ReportError(
            f"{path}: cannot be written: {problem.strerror or problem}; is it open elsewhere?"
        ) from problem
    return path
