"""`mentorwatch scaffold`: a new search platform's file, fixture and test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o

_ROOT = Path(__file__).parent.parent.parent


def scaffold(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The platform's name, as it shall stand in reports.")],
    url: Annotated[str, typer.Option("--from", metavar="URL", help="The home page of a site that runs it.")] = "",
    html: Annotated[
        list[Path] | None,
        typer.Option("--html", metavar="FILE", help="A saved page; twice: a word without hits, a word with hits."),
    ] = None,
    query: Annotated[
        str, typer.Option("--query", "-q", metavar="WORD", help="What the results page is asked for, or was.")
    ] = "",
    page_url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where the saved pages came from (with --html).")
    ] = "",
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="The checkout to write into.", show_default="this one")
    ] = _ROOT,
    contact: o.Contact = "",
    allow: o.Allow = None,
    delay: o.Delay = None,
    log: o.LogFile = None,
    verbose: o.Verbose = False,
) -> None:
    """Begin the file of a search platform: TOML, fixture (pages as fetched, less e-mail addresses) and a failing test.

    The test fails until you have counted on the page and filled in what it should read. No code is needed.

    Examples:

        mentorwatch scaffold "Example CMS" --from https://www.council.example/ --contact you@example.org

        mentorwatch scaffold "Example CMS" --html nothing.html --html hits.html --url https://www.council.example/search
    """
    from crawler.planning import may_start, site_target
    from crawler.run import Manners, gather
    from crawler.scaffolding import ScaffoldError, from_files, slug_of
    from crawler.scaffolding import scaffold as write

    files = html or []
    slug = slug_of(name)
    if bool(url) == bool(files) or len(files) not in (0, 2):
        raise ScaffoldError("give either --from URL, or --html twice: a page without hits, then one with hits")
    if files:
        gathered = from_files(files[0], files[1], page_url, query)
    else:
        target = site_target(url)
        may_start([target], allow or (), contact)
        manners = Manners(tuple(allow or ()), contact, delay, log_file=log, verbose=verbose, show_progress=False)
        fetched = gather(target.home_url, query, manners)
        if isinstance(fetched, str):
            raise ScaffoldError(f"{target.home_url}: {fetched}")
        gathered = fetched
    written = write(name, gathered, into)
    for path in written:
        typer.echo(path)
    typer.echo(
        f"Next: look at tests/fixtures/platforms/{slug}/results.html in a browser, fill in the figures in {written[-1].name}, "
        f"run it with pytest, and add {name} to the table in docs/platforms.md.",
        err=True,
    )
