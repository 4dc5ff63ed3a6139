"""`mentorwatch status`: how the last crawl went, beside the ones before it, on a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from mentorwatch import options as o

if TYPE_CHECKING:
    from rich.console import Console

    from study.health import Health
    from study.record import Record

TOO_OLD = 4  # exit code
_CLOCKS = 0.05  # days by which the clocks of two machines may differ


def status(
    record: o.RecordUrl = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    max_unusable: Annotated[
        float,
        typer.Option(
            "--max-unusable", min=0, max=100, metavar="PERCENT", help="Searches that may be unusable for exit code 0."
        ),
    ] = 0.0,
    max_age_days: Annotated[
        float, typer.Option("--max-age-days", min=0, metavar="DAYS", help="How long ago the last crawl may have ended.")
    ] = 40.0,
) -> None:
    """Show the newest crawl: what is left, which searches could not be used, broke, block or lost much of what they list.

    Exit code 0: finished, enough searches usable, not too old; 1: work is left, the last run failed or was killed, a WARC file is
    missing or cut short, the clock has gone back, or more searches than --max-unusable could not be used; 2: there is no record; 4:
    the last crawl ended more than --max-age-days ago. A capped search is usable.

    Examples:

        mentorwatch status

        mentorwatch status --max-unusable 10 --max-age-days 35 --json

        mentorwatch status --record postgresql://me@localhost/mentorwatch
    """
    import json

    from rich.console import Console

    from mentorwatch.lastrun import failure
    from study.health import health
    from study.record import Record

    with Record.open(o.record_url(record), create=False) as opened:
        seen = health(opened)
        wrong = [*_ahead(seen), *_short_warcs(opened), *filter(None, [failure(opened)])]
    if as_json:
        typer.echo(json.dumps(seen.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(seen, Console())
    for said in wrong:
        typer.echo(said, err=True)
    if wrong or not seen.finished or seen.vitals.unusable_percent > max_unusable:
        raise typer.Exit(1)
    if seen.vitals.age_days > max_age_days:
        typer.echo(
            f"The last crawl ended {seen.vitals.age_days:.0f} days ago, at most {max_age_days:g} are allowed.", err=True
        )
        raise typer.Exit(TOO_OLD)


def _ahead(seen: Health) -> Iterator[str]:
    """Say where a crawl ended later than it is now: its age, and so that of every other, cannot be told."""
    if seen.vitals.age_days < -_CLOCKS:
        yield f"The last crawl ended at {seen.vitals.ended_at}, which is still to come: this machine's clock has gone back; set it."


def _short_warcs(record: Record) -> Iterator[str]:
    """Say which WARC files do not hold what the record says they do, by their length: to read them all would take an hour."""
    from crawler.frontier import warc_ends

    for name, end in sorted(warc_ends(record).items()):
        path = record.directory / "warc" / name
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            yield f"{path}: is missing, and the record has pages in it; put it back from the backup."
        else:
            if size < end:
                yield f"{path}: has {size:,} bytes, and the record has pages up to {end:,}; put it back from the backup."


def _show(seen: Health, console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    v = seen.vitals
    left = "finished" if seen.finished else f"{seen.searches_left} searches and {seen.pages_left} pages left"
    console.print(
        f"Crawl {seen.crawl_id} of the protocol {seen.protocol}, sample {seen.sample}, as of {seen.as_of}: "
        f"{left}, {v.age_days:.1f} days ago"
    )
    console.print(f"  {seen.sites} sites; searches: {_counts(seen.searches)}; pages: {_counts(seen.pages)}")
    console.print(f"  unusable: {v.unusable} of {v.asked} searches ({v.unusable_percent:.0f} %)")
    if seen.traffic:
        console.print(f"  {seen.traffic['requests']:,} requests, {seen.traffic['received']:,} bytes received")

    def table(title: str, columns: list[str], rows: list[tuple[object, ...]]) -> None:
        if rows:
            shown = Table(*columns, title=title, title_justify="left")
            for row in rows:
                shown.add_row(*(escape(str(cell)) for cell in row))
            console.print(shown)

    table(
        "Broke since last time",
        ["authority", "site", "searches", "now", "why", "answered last"],
        [(b.authority, b.home_url, b.queries, b.status, b.reason, b.answered_last) for b in v.broken],
    )
    table(
        "Blocked",
        ["authority", "site", "searches", "pages", "since"],
        [(b.authority, b.home_url, b.searches, b.pages, b.since) for b in v.blocked],
    )
    table(
        "Lists less than half of what it did (pages still served: part of the search's index is lost; gone: taken off the site)",
        ["authority", "site", "hits", "median", "not listed, served", "not listed, gone"],
        [(x.authority, x.home_url, x.hits, f"{x.median:g}", x.served, x.gone) for x in v.shrunk],
    )
    table(
        "Far from usual",
        ["authority", "site", "query", "hits", "median", "crawls"],
        [(x.authority, x.home_url, x.query, x.hits, f"{x.median:g}", x.crawls) for x in v.outliers],
    )
    behind = [g for g in v.last_good if g.as_of != seen.as_of]
    table("Last good check", ["authority", "as of"], [(g.authority, g.as_of or "never") for g in behind])
    table(
        "Not complete",
        ["authority", "site", "keyword", "query", "status", "why"],
        [(t.authority, t.home_url, t.keyword, t.query, t.status, t.reason) for t in seen.troubles],
    )
    table(
        "Search has changed",
        ["authority", "site", "was asked", "now"],
        [(c.authority, c.home_url, c.was, c.now) for c in seen.changes],
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda c: -c[1])) or "none"
