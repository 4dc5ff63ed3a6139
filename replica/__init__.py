"""Thirty pretend council sites of July 2008 on loopback ports: test bed and default of the crawl.

One process serves them all; everything is seeded, so every run serves the same pages.
What the sites say is in texts/, what they are in plan.toml, what a researcher should find in `answers`.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from replica.plan import plans, port_of

__all__ = ["homes", "serve"]


def homes(base_port: int = 8700, only: Sequence[str] | None = None, host: str = "127.0.0.1") -> dict[str, str]:
    """Code -> address of the home page. Raises KeyError for a code that is not in the sample."""
    codes = list(plans()) if only is None else list(only)
    return {plans()[code].code: f"http://{host}:{port_of(code, base_port)}/" for code in codes}


def serve(
    base_port: int = 8700, scale: float = 1.0, only: Sequence[str] | None = None, host: str = "127.0.0.1"
) -> None:
    """Serves the sites until interrupted or terminated.

    Parameters
    ----------
    base_port : the first authority's port; each keeps its own whichever are served.
    scale : share of the filler pages; the study's own texts are always there.
    only : authority codes; all when None.

    Prints one JSON line ``{"ready": true, "homes": {code: url}}`` when every port listens.
    Raises OSError when a port is in use.
    """
    asyncio.run(_serve(base_port, scale, only, host))


async def _serve(base_port: int, scale: float, only: Sequence[str] | None, host: str) -> None:
    from replica.server import listen
    from replica.site import Site

    addresses = homes(base_port, only, host)
    ports = {}
    for code, home in addresses.items():
        site = Site(code, home, scale)
        ports[port_of(code, base_port)] = (site.respond, site.plan.server)
    servers = await listen(ports, host)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, done.set)
    sys.stdout.write(json.dumps({"ready": True, "homes": addresses}) + "\n")
    sys.stdout.flush()
    await done.wait()
    for server in servers:
        server.close()
