"""`mentorwatch report`: the tables of a crawl, and the study's table beside the published one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Where the files go.", show_default="output/reports/PROTOCOL"
        ),
    ] = None,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
    crawl: Annotated[
        int | None,
        typer.Option("--crawl", metavar="ID", min=1, help="The crawl to report.", show_default="the newest"),
    ] = None,
    without_brief: Annotated[
        bool, typer.Option("--without-brief", help="Leave out texts that only touch on mentoring or coaching.")
    ] = False,
    model_only: Annotated[
        bool, typer.Option("--model-only", help="Ignore what people decided: what the model alone would say.")
    ] = False,
    excel: Annotated[
        bool, typer.Option("--excel", help="Also write NAME_excel.csv files, which Excel opens by a double click.")
    ] = False,
) -> None:
    """Write the report of a crawl and print the study's table beside the published one. Reads the record only.

    report.html: the page for people who read. report.xlsx: the workbook. Tables as CSV, described in datapackage.json:
    keywords, authorities (yes_confirmed, yes_model, ambiguous, no, no_by_sitemap, x = not known), approaches, framework (offers
    mapped to the National Framework), mentions, definitions, funnel, topics, groups (by region, type, size), evidence (quote,
    URL, day, WARC record), coverage, changes, trend. All of it: docs/reports.md.

    Examples:

        mentorwatch report

        mentorwatch report -o reports/today --excel

        mentorwatch report --crawl 3 --model-only -o reports/model-alone
    """
    from rich.console import Console

    from output.report import make_report
    from output.terminal import show
    from study import protocol as protocols
    from study.record import Record

    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        made = make_report(
            opened,
            study,
            output,
            crawl_id=crawl,
            model_only=model_only,
            without_brief=without_brief,
            excel=excel,
        )
    show(made, Console())
