"""`mentorwatch crawl`: ask the sites' own searches and fetch what they find."""

from __future__ import annotations

import typer

from mentorwatch import options as o


def crawl(
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
) -> None:
    """Ask each site's own search function every keyword, to the last page, and fetch each hit once.

    Interrupted? The same command goes on where it stopped. Without --authority, --site or --sample the protocol's own
    sample is crawled. Exit code 0: finished; 1: there is work left; 2: it could not start.

    Examples:

        mentorwatch crawl --authority kent --contact you@example.org

        mentorwatch crawl --sample england --contact https://example.org/mentorwatch

        mentorwatch crawl --sample england --via auto --contact you@example.org

        mentorwatch crawl --authority kent --no-committees --contact you@example.org

        mentorwatch crawl --site http://127.0.0.1:8080/ --allow 127.0.0.1:8080 --delay 0
    """
    from crawler.planning import plan
    from crawler.run import Manners
    from crawler.run import crawl as run_crawl

    planned = plan(
        protocol_name=protocol,
        record_url=o.record_url(record),
        codes=authority or (),
        sample=sample,
        sites=site or (),
        homes=homes,
        as_of=as_of.date() if as_of else None,
        fresh=fresh,
        allow=allow or (),
        contact=contact,
        via=via,
        committees=committees,
    )
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
