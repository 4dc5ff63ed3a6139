"""`mentorwatch purge`: take pages out of the record and the archive, for good; and what is older than it may be."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from mentorwatch import options as o

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def purge(
    context: typer.Context,
    url: Annotated[
        list[str] | None, typer.Option("--url", metavar="URL", help="A page by its address (repeatable).")
    ] = None,
    authority: o.Authority = None,
    text: Annotated[
        list[str] | None,
        typer.Option(
            "--text",
            metavar="WORDS",
            help="Every page and labelled text in which these words stand, e.g. a name (repeatable).",
        ),
    ] = None,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than",
            envvar="MENTORWATCH_RETENTION",
            metavar="3y|18m|90d",
            help="Bytes and texts of crawls whose as-of date is longer ago; findings and their quotes stay.",
        ),
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="For the log, e.g. a ticket's number; nothing personal.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    record: o.RecordUrl = "",
) -> None:
    """Remove pages from the record and from the WARC files, in every crawl; no crawl fetches their addresses again.

    A takedown (--url, --authority, --text) removes hits, captures, bytes, texts, judgements, mentions and the text of labels,
    and keeps a hash of the address. Retention (--older-than, or MENTORWATCH_RETENTION, which `mentorwatch run` heeds at its end)
    removes bytes and texts only; not both at once. What was
    done is logged in the table `purge`, without what it was. Reports that were written before must be made again. For the
    data-protection officer: docs/data-protection.md.

    Examples:

        mentorwatch purge --url https://www.example.gov.uk/staff/j-smith --dry-run

        mentorwatch purge --text "Jane Smith" --reason "request 17"

        mentorwatch purge --older-than 3y --yes
    """
    from crawler import purging
    from study import authorities
    from study.errors import UserError
    from study.record import Record
    from study.runlock import run_lock

    selects = bool(url or authority or text)
    if selects == bool(older_than) and not selects:
        raise UserError("say what to purge: --url, --authority, --text or --older-than; see mentorwatch purge --help")
    source = context.get_parameter_source("older_than")
    if selects and source is not None and source.name == "COMMANDLINE":  # in the environment it stands for every day
        raise UserError("--older-than does not go with --url, --authority or --text: purge twice")
    if any(not words.strip() for words in [*(url or []), *(text or [])]):
        raise UserError("--url and --text must not be empty: everything would be meant")
    since = None if selects else kept_since(older_than)
    with (
        Record.open(o.record_url(record), create=False) as opened,
        run_lock(opened, "run"),
        run_lock(opened, "crawl"),
        run_lock(opened, "classify"),  # who judges would write texts and quotes back that were read already
    ):
        codes = [authorities.find(each).code for each in authority or []]
        pages = purging.select_pages(opened, urls=url or [], authorities=codes, texts=text or []) if selects else []

        def run(dry: bool) -> purging.Purged:
            if since is not None:
                return purging.retain(opened, since, dry_run=dry)
            return purging.purge(opened, pages, urls=url or [], texts=text or [], reason=reason, dry_run=dry)

        typer.echo(_say(run(True), "would be removed" if dry_run else "to be removed", since))
        if dry_run:
            return
        if not yes:
            typer.confirm("Remove them for good?", abort=True)
        done = run(False)
    typer.echo(_say(done, "removed", since))
    for file in done.missing:
        typer.echo(f"warc/{file} is not there: remove its copy of the pages where it is kept.", err=True)
    typer.echo(
        "Reports made before hold quotes of them: run `mentorwatch report` again, and remove the old ones.", err=True
    )


def kept_since(older_than: str) -> date:
    """Return the day from which on everything is kept, for a retention like 3y; raise UserError for what is none."""
    from study.errors import UserError

    match = re.fullmatch(r"(\d+)([dwmy])", older_than.strip())
    try:
        if match:
            return datetime.now(UTC).date() - timedelta(days=int(match[1]) * _DAYS[match[2]])
    except OverflowError:  # before the first year there is
        pass
    raise UserError(f"--older-than (MENTORWATCH_RETENTION) is {older_than!r}; expected a number and d, w, m or y: 3y")


def _say(done: object, verb: str, since: date | None) -> str:
    counts = vars(done)
    before = f" (crawls before {since})" if since else ""
    return (
        f"{counts['pages']:,} pages, {counts['captures']:,} captures, {counts['warc_records']:,} WARC records, "
        f"{counts['texts']:,} texts, the text of {counts['labels']:,} labels {verb}{before}."
    )
