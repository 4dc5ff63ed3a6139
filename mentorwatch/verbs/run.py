"""`mentorwatch run`: the whole job, crawl to report. Each stage is its own command, so each frees its memory when done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o


def run(
    authority: o.Authority = None,
    site: o.Site = None,
    sample: o.Sample = "",
    protocol: o.ProtocolName = "nfer-2008",
    record: o.RecordUrl = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Where the report goes.", show_default="output/reports/PROTOCOL"
        ),
    ] = None,
    homes: o.Homes = None,
    as_of: o.AsOf = None,
    fresh: o.Fresh = False,
    contact: o.Contact = "",
    allow: o.Allow = None,
    delay: o.Delay = None,
    site_budget: o.SiteBudget = None,
    platforms: o.Platforms = True,
    render: o.Render = False,
    via: o.Via = "search",
    committees: o.Committees = True,
    log: o.LogFile = None,
    verbose: o.Verbose = False,
) -> None:
    """Crawl, judge and report: everything, for one authority, a sample, or any site.

    Interrupted? The same command goes on where it stopped. Exit code 0: done; 1: there is work left; 2: it could not start.

    Examples:

        mentorwatch run --authority kent --contact you@example.org

        mentorwatch run --sample england --contact https://example.org/mentorwatch -o reports/england

        mentorwatch run --site https://www.example.gov.uk/ --contact you@example.org
    """
    from mentorwatch.stages import stage

    kept = ["--record", o.record_url(record), "--protocol", protocol]
    asked = [
        *(f"--authority={code}" for code in authority or ()),
        *(f"--site={url}" for url in site or ()),
        *(f"--allow={pair}" for pair in allow or ()),
        *([f"--sample={sample}"] if sample else []),
        *([f"--homes={homes}"] if homes else []),
        *([f"--as-of={as_of.date()}"] if as_of else []),
        *(["--fresh"] if fresh else []),
        *([f"--contact={contact}"] if contact else []),
        *([f"--delay={delay}"] if delay is not None else []),
        *([f"--site-budget={site_budget}"] if site_budget is not None else []),
        *([] if platforms else ["--no-platforms"]),
        *(["--render"] if render else []),
        f"--via={via}",
        *([] if committees else ["--no-committees"]),
        *([f"--log={log}"] if log else []),
        *(["--verbose"] if verbose else []),
    ]
    stage("crawl", *kept, *asked)
    stage("classify", *kept)
    stage("report", *kept, *(["--output", str(output)] if output else []))
