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
    max_unusable: Annotated[
        float,
        typer.Option(
            "--max-unusable", min=0, max=100, metavar="PERCENT", help="Searches that may be unusable for exit code 0."
        ),
    ] = 50.0,
    heartbeat: Annotated[
        Path | None,
        typer.Option(
            "--heartbeat",
            metavar="FILE",
            help="Where to say how the run ended, as JSON.",
            show_default="heartbeat.json beside the record",
        ),
    ] = None,
) -> None:
    """Crawl, judge and report: everything, for one authority, a sample, or any site.

    Interrupted? The same command goes on where it stopped, in the crawl, the judging or the report, for 14 days; with the same
    --as-of at any time. Exit code 0: done; 1: there is work left, or more searches than --max-unusable could not be used; 2: it
    could not start; 3: another run is on the record. Where MENTORWATCH_RETENTION is set (3y), the run ends with `mentorwatch
    purge`. To have it done every month: `mentorwatch schedule`.

    Examples:

        mentorwatch run --authority kent --contact you@example.org

        mentorwatch run --sample england --contact https://example.org/mentorwatch -o reports/england

        mentorwatch run --site https://www.example.gov.uk/ --contact you@example.org
    """
    import os

    from crawler.planning import plan
    from mentorwatch import lastrun
    from mentorwatch.heartbeat import heartbeat_after
    from mentorwatch.stages import stage
    from mentorwatch.verbs.purge import kept_since
    from study.health import health
    from study.record import Record
    from study.runlock import run_lock, under_this_run

    url, kept = o.record_url(record), ["--protocol", protocol]
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
    day = as_of.date() if as_of else None
    with heartbeat_after(url, heartbeat), Record.open(url) as opened, run_lock(opened, "run"):
        # The record's URL may hold a password: it goes by the environment, where `ps` does not show it.
        ours = {**under_this_run(), "MENTORWATCH_RECORD": url}
        with lastrun.begun(opened, fresh=fresh) as this:
            retention = os.environ.get("MENTORWATCH_RETENTION", "")
            if retention:
                kept_since(retention)  # said now, not after days
            planned = plan(
                protocol_name=protocol,
                record_url=url,
                codes=authority or (),
                sample=sample,
                sites=site or (),
                homes=homes,
                as_of=day,
                allow=allow or (),
                contact=contact,
                via=via,
                committees=committees,
            )
            crawl = lastrun.owed(opened, this, planned, day)
            if crawl is None:
                stage("crawl", *kept, *asked, environment=ours)
                crawl = lastrun.crawled(opened, this, planned)
            else:
                typer.echo(f"Crawl {crawl} is finished; its judging and report go on. --fresh crawls anew.", err=True)
            stage("classify", *kept, environment=ours)
            told = [*([f"--crawl={crawl}"] if crawl else []), *(["--output", str(output)] if output else [])]
            stage("report", *kept, *told, environment=ours)
            if retention:
                stage("purge", "--yes", environment=ours)
        unusable = health(opened, crawl).vitals.unusable_percent if crawl else 0.0
        if unusable > max_unusable:
            typer.echo(
                f"{unusable:.0f} % of the searches could not be used, more than --max-unusable {max_unusable:g}; "
                "`mentorwatch status` names them.",
                err=True,
            )
            raise typer.Exit(1)
