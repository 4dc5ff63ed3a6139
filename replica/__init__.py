"""Thirty pretend council sites on loopback ports: test bed and default of the crawl.

One process serves them all; everything is seeded, so every run serves the same pages. Without a month they are the sites of July
2008; with one (2008-07 to 2010-07) they are what evolution.toml has made of them by then.
What the sites say is in texts/, what they are in plan.toml, what a researcher should find in `answers`, what happened in `history`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from replica.plan import plans, port_of

if TYPE_CHECKING:
    from replica.process import Running

__all__ = ["homes", "running", "serve"]


def homes(
    base_port: int = 8700, only: Sequence[str] | None = None, host: str = "127.0.0.1", month: str | None = None
) -> dict[str, str]:
    """Code -> address of the home page.

    With a `month`, codes are those of the authorities that exist in it: an heir stands in its predecessor's place, on a port of
    its own (Cheshire's two) or on the same one (Durham's). Raises KeyError for a code that is not in the sample, ValueError for a
    month outside the replica's life.
    """
    if month is None:
        codes = list(plans()) if only is None else list(only)
        return {plans()[code].code: f"http://{host}:{port_of(code, base_port)}/" for code in codes}
    from replica.lineage import in_force, port_in_time

    return {code: f"http://{host}:{port_in_time(site, base_port)}/" for code, site in in_force(month, only).items()}


def serve(
    base_port: int = 8700,
    scale: float = 1.0,
    only: Sequence[str] | None = None,
    host: str = "127.0.0.1",
    month: str | None = None,
    validators: Literal["all", "as-is", "none"] | None = None,
    control: bool = False,
) -> None:
    """Serves the sites until interrupted or terminated.

    Parameters
    ----------
    base_port : the first authority's port; each keeps its own whichever are served, in every month.
    scale : share of the filler pages; the study's own texts are always there.
    only : authority codes; all when None.
    month : as in 2008-08; None is July 2008 as it always was.
    validators : who honours conditional requests (see `replica.validators`); None is none without a month, as-is with one.
    control : a line on standard input takes the sites to the month it names, an empty one to the next; ends with its end.

    Prints one JSON line ``{"ready": true, "homes": {code: url}}`` when every port listens, and again after each change of month,
    then with the month. What cannot be done is answered by ``{"ready": false, "error": ...}`` and changes nothing.
    Raises OSError when a port is in use, ValueError for a month outside the replica's life.
    """
    import asyncio

    from replica.serving import Street

    asyncio.run(Street(base_port, scale, only, host, month, validators).stand(control))


def running(
    month: str | None = None,
    scale: float = 1.0,
    base_port: int = 8700,
    only: Sequence[str] | None = None,
    validators: Literal["all", "as-is", "none"] | None = None,
) -> "Running":
    """The sites in a process of their own, as a context manager; `advance` takes them on, on the same ports.

    >>> with replica.running("2008-07", scale=0.05) as sites:
    ...     crawl(sites.homes)
    ...     sites.advance()          # 2008-08
    ...     sites.advance("2008-12")
    """
    from replica.process import Running

    return Running(month, scale, base_port, only, validators)
