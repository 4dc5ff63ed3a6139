"""`mentorwatch probe`: how does this site's own search work?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mentorwatch import options as o


def probe(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's home page.")],
    query: Annotated[str, typer.Option("--query", "-q", help="What to ask it.")] = "mentoring",
    to_end: Annotated[bool, typer.Option("--to-end", help="Read all result pages, to the proven end.")] = False,
    save: Annotated[
        bool,
        typer.Option("--save", help="Write what was found to crawler/sites/HOST.toml, which goes first from then on."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    contact: o.Contact = "",
    allow: o.Allow = None,
    delay: o.Delay = None,
    site_budget: o.SiteBudget = None,
    platforms: o.Platforms = True,
    render: o.Render = False,
    log: o.LogFile = None,
    verbose: o.Verbose = False,
) -> None:
    """Show how a site's own search works: where it is, how it is asked, what it answers. Nothing is kept, unless with --save.

    Exit code 0: a working search was found (and saved, where asked to); 1: it was not; 2: it could not start.

    Examples:

        mentorwatch probe https://www.kent.gov.uk/ --contact you@example.org

        mentorwatch probe http://127.0.0.1:8700/ --allow 127.0.0.1:8700 --query coaching --to-end --json

        mentorwatch probe https://www.kent.gov.uk/ --contact you@example.org --save
    """
    import json

    from crawler.planning import PlanError, may_start, site_target
    from crawler.platforms import SITE_DIR, for_host, site_exceptions
    from crawler.run import Manners
    from crawler.run import probe as run_probe

    target = site_target(url)
    may_start([target], allow or (), contact)
    known = for_host(target.home_url, site_exceptions())
    if save and known is not None:
        raise PlanError(
            f"{SITE_DIR} has a file for this host already ({known.name}); edit it, or remove it to write it anew"
        )
    manners = Manners(
        tuple(allow or ()), contact, delay, platforms, site_budget, log, verbose, show_progress=False, render=render
    )
    seen = run_probe(target.home_url, query, manners, to_end=to_end, save=save)
    if seen is None:
        raise typer.Abort
    if as_json:
        typer.echo(json.dumps(seen, indent=2, ensure_ascii=False))
    else:
        _show(seen)
    raise typer.Exit(0 if seen["found"] and not seen.get("not_saved") else 1)


def _show(seen: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    if not seen["found"]:
        console.print(
            f"[bold]No working search[/] at {escape(seen['home_url'])}: {seen['status']}, {escape(seen['reason'])}"
        )
        return
    controls = seen["controls"]
    console.print(f"[bold]Search found[/] by {seen['how']}{' ' + seen['platform'] if seen['platform'] else ''}")
    console.print(f"  asked at   {escape(seen['search_url'])} ({seen['method']}, {escape(str(seen['query_param']))}=…)")
    console.print(
        f"  controls   nonsense word: {controls['nonsense_hits']} hits; known word: {controls['known_word_hits']} hits"
    )
    total = "not stated" if seen["reported_total"] is None else f"{seen['reported_total']:,} ({seen['total_is']})"
    console.print(f"  {escape(seen['query'])!r}: total {total}; {seen['status']}: {escape(seen['reason'])}")
    if "collected" in seen:
        console.print(
            f"  collected  {seen['collected']:,} items, {seen['distinct']:,} distinct, on {seen['pages']} pages"
        )
    if "saved" in seen:
        console.print(f"  saved      {escape(seen['saved'] or 'nothing: ' + seen['not_saved'])}", soft_wrap=True)
    for hit in seen["hits"][:10]:
        console.print(
            f"  {hit['rank']:>4}. {escape(hit['title'])}\n        [dim]{escape(hit['url'])}[/]", highlight=False
        )
    if len(seen["hits"]) > 10:
        console.print(f"        … and {len(seen['hits']) - 10} more (--json shows all)")
