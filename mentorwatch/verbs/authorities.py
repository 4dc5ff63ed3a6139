"""`mentorwatch authorities`: the register, to look at or as CSV."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer


def authorities(
    words: Annotated[
        list[str] | None, typer.Argument(help="Show only those whose name, code or region has these words.")
    ] = None,
    sample: Annotated[str, typer.Option("--sample", metavar="NAME", help="Only a sample's, in its order.")] = "",
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="Those in force on a day; default today."),
    ] = None,
    lineage: Annotated[bool, typer.Option("--lineage", help="Show what each became, or came from.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List the register of authorities: codes and slugs that --authority takes, regions, types, websites.

    Examples:

        mentorwatch authorities north west

        mentorwatch authorities --sample nfer-2008 --on 2008-07-29 --lineage

        mentorwatch authorities --on 2008-07-29 --csv > authorities-2008.csv
    """
    import csv
    import sys
    from datetime import UTC

    from rich.console import Console
    from rich.table import Table

    from study import authorities as register

    day = on.date() if on else datetime.now(UTC).date()
    if sample and sample != "england":
        chosen = [s.authority for s in register.sample(sample, day)]
    else:
        chosen = [a for a in register.register().values() if a.in_force(day)]
    wanted = [word.lower() for word in words or ()]
    chosen = [a for a in chosen if all(w in f"{a.code} {a.slug} {a.name} {a.region} {a.type}".lower() for w in wanted)]
    columns = ["code", "slug", "name", "region", "type", "website"] + (["lineage"] if lineage else [])
    rows = [[a.code, a.slug, a.name, a.region, a.type, a.website] for a in chosen]
    if lineage:
        for row, authority in zip(rows, chosen, strict=True):
            heirs = [h.slug for h in register.successors(authority.code, datetime.now(UTC).date())]
            before = [p.slug for p in register.predecessors(authority.code)]
            row.append(
                "; ".join(
                    (["became " + ", ".join(heirs)] if heirs != [authority.slug] else [])
                    + (["was " + ", ".join(before)] if before else [])
                )
            )
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows(rows)
        return
    if not chosen:
        typer.echo("No authority matches.", err=True)
        raise typer.Exit(1)
    table = Table(*columns, title=f"{len(chosen)} authorities on {day}", title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
