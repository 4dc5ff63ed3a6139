"""A report: one crawl counted, its tables written to a folder under stable names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from output.csvfiles import ReportError, write_csv
from output.tables import tables
from output.tallies import Tally, take
from study.protocol import Protocol
from study.record import Record

REPORTS = Path("output/reports")  # where reports land unless told otherwise; ignored by git
_CREDITS = Path(__file__).with_name("credits.txt")


@dataclass(frozen=True)
class Report:
    """What was counted, and the files it was written to."""

    tally: Tally
    directory: Path
    files: tuple[Path, ...]


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
    """Count a crawl (default: the protocol's newest) and write its tables to ``directory`` (default: REPORTS/protocol).

    The record is only read. ``model_only`` ignores what people decided, ``without_brief`` leaves out texts that only
    touch on their subject, ``excel`` writes each table a second time for Excel. Raises RecordError where there is no such
    crawl, and :class:`output.csvfiles.ReportError` where a file cannot be written.
    """
    tally = take(record, protocol, crawl_id, model_only=model_only, without_brief=without_brief)
    folder = directory or REPORTS / protocol.name
    files = [
        path
        for name, table in tables(record, tally).by_name.items()
        for path in write_csv(folder / f"{name}.csv", table, excel=excel)
    ]
    return Report(tally, folder, (*files, _write_credits(folder, protocol)))


def _write_credits(folder: Path, protocol: Protocol) -> Path:
    path = folder / "credits.txt"
    source = protocol.published.source if protocol.published else "(this study has no published round)"
    try:
        path.write_text(f"{_CREDITS.read_text(encoding='utf-8')}{source}\n", encoding="utf-8", newline="\n")
    except OSError as problem:
        raise ReportError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
    return path
