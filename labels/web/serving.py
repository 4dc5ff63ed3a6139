"""Serve the labelling page: on loopback, to whoever holds a link."""

from __future__ import annotations

import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from waitress.server import create_server

from labels.adjudication import Adjudication
from labels.desk import Desk
from labels.retraining import Command, Retrainer
from labels.web.app import Site, create_app
from labels.web.guard import Links, key_in
from study.errors import UserError
from study.protocol import Protocol
from study.record import Record

THREADS = 8
_WAITING = 1024  # connections, as waitress has it


@dataclass(frozen=True)
class Place:
    """Where to serve; port 0 is any free one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def serve(
    record: Record,
    protocol: Protocol,
    crawl_id: int,
    work: Desk | Adjudication,
    place: Place,
    listener: socket.socket,
    names: Sequence[str],
    retraining: Command | None,
    ready: Callable[[dict[str, str | None]], None],
) -> None:
    """Serve at ``listener`` (:func:`listen`) until SIGINT or SIGTERM; ``ready`` is told the links (address -> pseudonym or None)
    once they work.
    """
    port = listener.getsockname()[1]
    shown = f"[{place.host}]" if ":" in place.host else place.host
    hosts = {f"{shown}:{port}"}
    if place.loopback:
        hosts |= {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    links = Links(list(names) or [None])
    retrainer = None
    if isinstance(work, Desk) and retraining is not None:
        retrainer = Retrainer(record, protocol, retraining, work.refresh, work.outdated)
    key, cookie = key_in(record.directory), f"mentorwatch-{port}"
    site = Site(record, protocol, crawl_id, work, links, key, frozenset(hosts), cookie, retrainer)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server: Any = create_server(
        create_app(site), sockets=[listener], threads=THREADS, ident=None, clear_untrusted_proxy_headers=True
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if retrainer is not None:
            retrainer.start()
        ready({f"http://{shown}:{port}/sign-in?token={token}": name for token, name in links.open.items()})
        server.run()
    finally:
        server.close()
        if retrainer is not None:
            retrainer.stop()


def listen(place: Place) -> socket.socket:
    """Return a socket that listens at a place, so that it is this server's before the queue is read, which takes a while.

    Raises UserError where the address is taken or cannot be served.
    """
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port))
        listener.listen(_WAITING)
    except OSError as problem:
        listener.close()
        raise UserError(
            f"{place.host}:{place.port}: cannot be served: {problem.strerror}; try another --port (0 takes any free one)"
        ) from problem
    return listener


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
