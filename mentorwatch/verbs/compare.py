"""`mentorwatch compare`: what changed between two crawls, or two reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A crawl's id or as-of date, or a report's folder.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, of the later one.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write the differences as CSV.")
    ] = None,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Say in plain words what changed between two crawls, or two reports that were written.

    Of two crawls: the cells that differ, then what happened after A up to B: appeared, changed (word by word), moved,
    missing, gone, back, not known. Gone takes two good looks: docs/history.md. Of two report folders, which need no record:
    cells and evidence that differ, whatever the reason.

    Columns of the CSV: authority, authority_name, what, code, name, change, as_of, cell_before, cell_after, url, url_before,
    quote, quote_before, diff, evidence.

    Examples:

        mentorwatch compare 2026-10-01 2026-11-01

        mentorwatch compare 3 4 -o changes.csv

        mentorwatch compare output/reports/october output/reports/november
    """
    from output import compare as comparing
    from output.csvfiles import ReportError, write_csv
    from study import protocol as protocols
    from study.record import Record

    study = protocols.load(protocol)
    absent = [name for name in (before, after) if not Path(name).is_dir()]
    if absent and any(map(_means_a_folder, (before, after))):
        raise ReportError(f"{absent[0]}: there is no such folder; to compare two reports, name the folders of both")
    if not absent:
        found = comparing.compare_reports(Path(before), Path(after), study)
    else:
        with Record.open(o.record_url(record), create=False) as opened:
            found = comparing.compare_crawls(opened, study, before, after)
    for line in comparing.in_words(found):
        typer.echo(line)
    if output is not None:
        write_csv(output, comparing.table(found))
        typer.echo(f"Written to {output}.", err=True)


def _means_a_folder(name: str) -> bool:
    # A folder may be called as a crawl is, by a number or a day; then it takes two of them to mean folders.
    return len(Path(name).parts) > 1 or (Path(name).is_dir() and not name.replace("-", "").isdigit())
