"""A report: one crawl counted, its tables written to a folder under stable names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from output.columns import Described, describe, names
from output.csvfiles import remove_csv, write_csv
from output.datapackage import as_json, data_package, dfe_meta, dictionary, write_text
from output.evidence import evidence
from output.history import Event, history
from output.page import page
from output.runs import read_runs
from output.tables import tables
from output.tallies import Tally, take
from output.trend import Point, trend
from output.workbook import write_workbook
from study.protocol import Protocol
from study.record import Record

REPORTS = Path("output/reports")  # where reports land unless told otherwise; ignored by git
_MODEL_ONLY = "Made with --model-only: what people decided is left aside."
_WITHOUT_BRIEF = "Made with --without-brief: texts that only touch on their subject are left out."
_CREDITS = Path(__file__).with_name("credits.txt")


@dataclass(frozen=True)
class Made:
    """A report before it is written: what was counted, and its tables with their descriptions."""

    tally: Tally
    events: tuple[Event, ...]  # the history of all findings up to the crawl
    points: tuple[Point, ...]  # the trend up to it
    tables: Mapping[str, pd.DataFrame]
    described: Mapping[str, Described]
    remarks: tuple[str, ...] = ()  # what was asked to be left out of it


@dataclass(frozen=True)
class Report:
    """What was counted, and the files it was written to."""

    tally: Tally
    events: tuple[Event, ...]
    points: tuple[Point, ...]
    directory: Path
    files: tuple[Path, ...]


def make(
    record: Record,
    protocol: Protocol,
    *,
    crawl_id: int | None = None,
    model_only: bool = False,
    without_brief: bool = False,
) -> Made:
    """Count a crawl (default: the protocol's newest) and make its tables; nothing is written. See :func:`make_report`."""
    tally = take(record, protocol, crawl_id, model_only=model_only, without_brief=without_brief)
    runs = read_runs(record, protocol, until=tally.rows.as_of, model_only=model_only, without_brief=without_brief)
    events = tuple(history(record, runs))
    points = tuple(trend(runs, [place.key for place in tally.places]))
    made = tables(record, tally, evidence(record, tally), events, points)
    described = {name: describe(name, table.columns) for name, table in made.items()}
    asked = {_MODEL_ONLY: model_only, _WITHOUT_BRIEF: without_brief}
    return Made(tally, events, points, made, described, tuple(said for said, wanted in asked.items() if wanted))


def make_report(
    record: Record,
    protocol: Protocol,
    directory: Path | None = None,
    *,
    crawl_id: int | None = None,
    model_only: bool = False,
    without_brief: bool = False,
    excel: bool = False,
) -> Report:
    """Count a crawl (default: the protocol's newest) and write its report to ``directory`` (default: REPORTS/protocol).

    The record is only read. ``model_only`` ignores what people decided, ``without_brief`` leaves out texts that only
    touch on their subject, ``excel`` writes each table a second time for Excel. Raises RecordError where there is no such
    crawl, and :class:`output.csvfiles.ReportError` where a file cannot be written.
    """
    made = make(record, protocol, crawl_id=crawl_id, model_only=model_only, without_brief=without_brief)
    folder = directory or REPORTS / protocol.name
    for name in names():
        if name not in made.tables:
            remove_csv(folder / f"{name}.csv")
    files = [
        path for name, table in made.tables.items() for path in write_csv(folder / f"{name}.csv", table, excel=excel)
    ]
    files += _beside(folder, made)
    files.append(write_workbook(folder / "report.xlsx", made.tally, made.tables, made.described, made.remarks))
    files.append(write_text(folder / "report.html", page(made.tally, made.tables, made.remarks)))
    return Report(made.tally, made.events, made.points, folder, (*files, _write_credits(folder, protocol)))


def _beside(folder: Path, made: Made) -> Iterator[Path]:
    """What says what the tables are."""
    yield from write_csv(folder / "data-dictionary.csv", dictionary(made.described))
    for name, table in made.described.items():
        if table.dfe:
            yield from write_csv(folder / f"{name}.meta.csv", dfe_meta(table))
    package = data_package(made.tally, made.described, folder, made.remarks)
    yield write_text(folder / "datapackage.json", as_json(package))


def _write_credits(folder: Path, protocol: Protocol) -> Path:
    source = protocol.published.source if protocol.published else "(this study has no published round)"
    return write_text(folder / "credits.txt", f"{_CREDITS.read_text(encoding='utf-8')}{source}\n")
