"""Options that several commands share, said once so that they read the same everywhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

_FETCHING = "How it fetches"

RecordUrl = Annotated[
    str,
    typer.Option(
        "--record",
        envvar="MENTORWATCH_RECORD",
        metavar="URL",
        help="The record: sqlite:///file.db or postgresql://user@host/name.",
        show_default="sqlite:///data/mentorwatch.db",
    ),
]
ProtocolName = Annotated[
    str, typer.Option("--protocol", metavar="NAME|FILE", help="The study: a protocol's name, or a .toml file.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="HOST:PORT",
        help="Let requests through to this private address (repeatable); needs no contact.",
        rich_help_panel=_FETCHING,
    ),
]
Contact = Annotated[
    str,
    typer.Option(
        "--contact",
        envvar="MENTORWATCH_CONTACT",
        metavar="E-MAIL|URL",
        help="Who is asking; goes into the User-Agent. A live crawl refuses to start without.",
        rich_help_panel=_FETCHING,
    ),
]
Delay = Annotated[
    float | None,
    typer.Option(
        "--delay",
        min=0,
        metavar="SECONDS",
        help="Between two requests to one host; robots.txt may ask for more.",
        show_default="1.0",
        rich_help_panel=_FETCHING,
    ),
]
Via = Annotated[
    str,
    typer.Option(
        "--via",
        metavar="search|auto",
        help="auto: where a site's search cannot be used, read the pages of its sitemap, else those it links to, and look "
        "for the keywords there; counted apart.",
        rich_help_panel=_FETCHING,
    ),
]
Platforms = Annotated[
    bool,
    typer.Option(
        "--platforms/--no-platforms",
        help="Use what is known of search platforms, or only the generic reader.",
        rich_help_panel=_FETCHING,
    ),
]
Render = Annotated[
    bool,
    typer.Option(
        "--render/--no-render",
        help="Read searches whose results are drawn by scripts, in Chromium (extra: mentorwatch\\[render]).",
        rich_help_panel=_FETCHING,
    ),
]
Committees = Annotated[
    bool,
    typer.Option(
        "--committees/--no-committees",
        help="Ask the authorities' committee systems too (ModernGov, CMIS), as hosts of their own, or only main sites.",
        rich_help_panel=_FETCHING,
    ),
]
SiteBudget = Annotated[
    float | None,
    typer.Option(
        "--site-budget",
        min=1,
        metavar="SECONDS",
        help="The longest one site may take; what is left is marked failed.",
        show_default="43200",
        rich_help_panel=_FETCHING,
    ),
]


def _in_a_folder(path: Path | None) -> Path | None:
    """Refuse a log that nothing could be written to, before a crawl begins that would end without one."""
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"{path}: there is no folder {path.parent}; make it first")
    return path


LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        callback=_in_a_folder,
        help="Write the log here, not to the terminal.",
        rich_help_panel=_FETCHING,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every request.", rich_help_panel=_FETCHING)]
Authority = Annotated[
    list[str] | None,
    typer.Option("--authority", "-a", metavar="CODE|SLUG", help="An authority of the register (repeatable)."),
]
Site = Annotated[
    list[str] | None,
    typer.Option("--site", metavar="URL", help="A home page outside the register (repeatable)."),
]
Sample = Annotated[
    str, typer.Option("--sample", metavar="NAME", help="A sample: nfer-2008, or england for all in force.")
]
Homes = Annotated[
    Path | None,
    typer.Option("--homes", metavar="CSV", help="Home pages to use in place of the register's: columns code, website."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day the crawl speaks for; default today."),
]
Everything = Annotated[
    bool,
    typer.Option(
        "--all", help="After the texts the model asks about, go on with those it would drop, likeliest first."
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Begin a new crawl even if one like it was interrupted and could go on.")
]


def record_url(given: str) -> str:
    """Return the record's URL: as given (option or environment), else the default."""
    from study.record import DEFAULT_URL

    return given or DEFAULT_URL
