"""`mentorwatch status`: how the last crawl went, site by site."""

from __future__ import annotations

from typing import Annotated

import typer

from mentorwatch import options as o


def status(
    record: o.RecordUrl = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the newest crawl: what is done, what is left, which searches could not be used and why, which have changed.

    Exit code 0: finished, every search complete; 1: something is left or was not complete; 2: there is no record.

    Examples:

        mentorwatch status

        mentorwatch status --record postgresql://me@localhost/mentorwatch --json
    """
    import json

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from study.health import health
    from study.record import Record

    with Record.open(o.record_url(record), create=False) as opened:
        seen = health(opened)
    if as_json:
        typer.echo(json.dumps(seen.to_json(), indent=2, ensure_ascii=False))
    else:
        console = Console()
        left = "finished" if seen.finished else f"{seen.searches_left} searches and {seen.pages_left} pages left"
        console.print(f"Crawl {seen.crawl_id} of {seen.protocol}, {seen.sample}, as of {seen.as_of}: {left}")
        console.print(f"  {seen.sites} sites; searches: {_counts(seen.searches)}; pages: {_counts(seen.pages)}")
        if seen.troubles:
            table = Table(
                "authority", "site", "keyword", "query", "status", "why", title="Not complete", title_justify="left"
            )
            for t in seen.troubles:
                table.add_row(t.authority, t.home_url, t.keyword, escape(t.query), t.status, escape(t.reason))
            console.print(table)
        if seen.changes:
            table = Table("authority", "site", "was asked", "now", title="Search has changed", title_justify="left")
            for c in seen.changes:
                table.add_row(c.authority, c.home_url, escape(c.was), escape(c.now))
            console.print(table)
    raise typer.Exit(0 if seen.finished and not seen.troubles else 1)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda c: -c[1])) or "none"
