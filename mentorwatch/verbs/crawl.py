"""`mentorwatch crawl`: ask the sites' own searches and fetch what they find."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o

_ELSEWHERE = "Crawls made elsewhere"


def crawl(
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Further WARC files, after --from-warc.")
    ] = None,
    authority: o.Authority = None,
    site: o.Site = None,
    sample: o.Sample = "",
    protocol: o.ProtocolName = "nfer-2008",
    record: o.RecordUrl = "",
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
    from_warc: Annotated[
        list[Path] | None,
        typer.Option(
            "--from-warc",
            metavar="FILE",
            help="Take in pages of a crawl made elsewhere, from WARC files; nothing is fetched.",
            rich_help_panel=_ELSEWHERE,
        ),
    ] = None,
    from_csv: Annotated[
        Path | None,
        typer.Option(
            "--from-csv",
            metavar="CSV",
            help="Take in pages listed in a CSV: url, date; and where wanted file (a saved page), media_type.",
            rich_help_panel=_ELSEWHERE,
        ),
    ] = None,
) -> None:
    """Ask each site's own search function every keyword, to the last page, and fetch each hit once.

    Interrupted? The same command goes on where it stopped, for 14 days; with the same --as-of at any time. Without --authority,
    --site or --sample the protocol's own sample is crawled. Exit code 0: finished; 1: there is work left; 2: it could not
    start, or its record could not be written; 3: another run is on the record.

    --from-warc and --from-csv take in pages of another day, made elsewhere; what cannot be read is named. Such a copy can make a
    cell say yes, never no.

    Examples:

        mentorwatch crawl --authority kent --contact you@example.org

        mentorwatch crawl --sample england --contact https://example.org/mentorwatch

        mentorwatch crawl --sample england --via auto --contact you@example.org

        mentorwatch crawl --authority kent --no-committees --contact you@example.org

        mentorwatch crawl --site http://127.0.0.1:8080/ --allow 127.0.0.1:8080 --delay 0

        mentorwatch crawl --from-warc kent-1.warc.gz kent-2.warc.gz --as-of 2009-06-30

        mentorwatch crawl --from-csv pages.csv --authority kent
    """
    if more and not from_warc:
        raise typer.BadParameter(f"{more[0]}: files go after --from-warc; authorities after --authority")
    if from_warc or from_csv:
        _take_in([*(from_warc or ()), *(more or ())], from_csv, authority or [], protocol, record, as_of)
        return
    from crawler.planning import going_on, plan
    from crawler.run import Manners
    from crawler.run import crawl as run_crawl

    day = as_of.date() if as_of else None
    planned = plan(
        protocol_name=protocol,
        record_url=o.record_url(record),
        codes=authority or (),
        sample=sample,
        sites=site or (),
        homes=homes,
        as_of=day,
        fresh=fresh,
        allow=allow or (),
        contact=contact,
        via=via,
        committees=committees,
    )
    planned, left = going_on(planned, day)
    if left:
        typer.echo(left, err=True)
    manners = Manners(
        tuple(allow or ()),
        contact,
        delay,
        platforms,
        site_budget,
        log,
        verbose,
        render=render,
        committees=committees,
    )
    crawled = run_crawl(planned, manners)
    if not crawled.finished:
        typer.echo("There is work left; the same command goes on with it.", err=True)
        raise typer.Exit(1)


def _take_in(
    warcs: list[Path], listed: Path | None, authority: list[str], protocol: str, record: str, as_of: datetime | None
) -> None:
    from crawler.archives import ArchiveError, bounded_memory, index_csv, index_warcs
    from crawler.frontier import warc_ends
    from crawler.takingin import take_in
    from crawler.warcfile import begin
    from study import authorities
    from study import protocol as protocols
    from study.record import Record
    from study.runlock import run_lock
    from study.version import VERSION

    if (listed is None) == (not warcs) or (listed is not None and as_of is not None) or len(authority) > 1:
        raise ArchiveError(
            "give WARC files (--from-warc, with --as-of where wanted) or --from-csv, whose dates stand in it, and at most one "
            "--authority"
        )
    study = protocols.load(protocol)
    owner = authorities.find(authority[0]).code if authority else ""
    with (
        bounded_memory(),
        Record.open(o.record_url(record)) as opened,
        run_lock(opened, "run"),
        run_lock(opened, "crawl"),
    ):
        index = index_csv(listed) if listed else index_warcs(warcs, as_of.date() if as_of else None)
        with begin(opened, f"mentorwatch/{VERSION}", warc_ends(opened)) as warc:
            for taken in take_in(opened, study, index, warc, owner):
                typer.echo(
                    f"crawl {taken.crawl_id}, as of {taken.as_of}: {taken.pages} pages of {taken.authorities} authorities, "
                    f"{taken.hits} hits. Judge it: mentorwatch classify --crawl {taken.crawl_id}"
                )
        for problem in index.problems:
            typer.echo(f"not read: {problem}", err=True)
