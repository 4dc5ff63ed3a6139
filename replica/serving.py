"""All sites on their ports, in one month or in one after the other."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Sequence

from replica import homes
from replica.lineage import heirs, port_in_time, sites_of
from replica.oldhost import OldHost
from replica.plan import plans
from replica.server import Answer, Listening, listen
from replica.site import Site
from replica.validators import Policy, Validated
from replica.year import Year


class Street:
    """The sites and their ports; see `replica.serve` for what the arguments are."""

    def __init__(
        self,
        base_port: int,
        scale: float,
        only: Sequence[str] | None,
        host: str,
        month: str | None,
        validators: Policy | None,
    ) -> None:
        self._base_port, self._scale, self._only, self._host = base_port, scale, only, host
        self._month = month
        self._validators: Policy = validators or ("as-is" if month else "none")
        self._codes = (list(plans()) if only is None else list(only)) if month is None else sites_of(only)
        self._year = Year(scale, self._codes) if month else None
        self._listening: Listening | None = None
        self._reserved: list[socket.socket] = []

    async def stand(self, control: bool = False) -> None:
        """Serves until a signal; with `control`, also until standard input ends, and as it says meanwhile."""
        doors = self._at(self._month) if self._month else self._doors()
        await self._open(doors)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, done.set)
        self._say()
        if control:
            task = asyncio.create_task(self._follow(done))
        await done.wait()
        if control:
            task.cancel()
        self._close()

    async def _follow(self, done: asyncio.Event) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            try:
                doors = self._at(line.decode("ascii", "replace").strip())
            except ValueError as problem:
                _print({"ready": False, "error": str(problem)})
                continue
            self._close()
            try:
                await self._open(doors)
            except OSError as problem:
                _print({"ready": False, "error": str(problem)})
                break
            self._say()
        done.set()

    def _at(self, month: str) -> dict[int, tuple[Answer, str]]:
        """Takes the sites to `month` (empty: the next). Raises ValueError for one that is past or outside."""
        from replica.evolution import evolution, following

        if self._year is None:
            raise ValueError("started without a month: nothing to go on from")
        month = month or following(self._year.month)
        evolution().months(month)
        if month < self._year.month:
            raise ValueError(f"month {month!r} is past; the sites stand in {self._year.month}")
        while self._year.month != month:
            self._year.advance()
        self._month = month
        return self._doors()

    def _doors(self) -> dict[int, tuple[Answer, str]]:
        """Port -> what answers there this month, and its Server header."""
        found: dict[int, tuple[Answer, str]] = {}
        if self._year is None:
            for code, home in homes(self._base_port, self._codes, self._host).items():
                site = Site(code, home, self._scale)
                found[port_in_time(code, self._base_port)] = self._door(site)
            return found
        addresses = {code: f"http://{self._host}:{port_in_time(code, self._base_port)}/" for code in self._year.sites}
        for code, shape in self._year.sites.items():
            if not shape.open or shape.outage == "refused":
                continue
            resident = OldHost(shape, addresses) if shape.holding else Site(code, addresses[code], shape=shape)
            found[port_in_time(code, self._base_port)] = self._door(resident)
        return found

    def _door(self, site: Site | OldHost) -> tuple[Answer, str]:
        return Validated(site, self._validators).respond, site.plan.server

    async def _open(self, doors: dict[int, tuple[Answer, str]]) -> None:
        self._listening = await listen(doors, self._host)
        if self._year is None:
            return
        mine = {*self._codes, *(heir for code in self._codes for heir in heirs(code))}
        for port in sorted({port_in_time(code, self._base_port) for code in mine} - doors.keys()):
            # Bound but not listening: connections are refused, and nobody else takes the port meanwhile.
            reserved = socket.socket()
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind((self._host, port))
            self._reserved.append(reserved)

    def _close(self) -> None:
        if self._listening:
            self._listening.close()
        for reserved in self._reserved:
            reserved.close()
        self._reserved = []

    def _say(self) -> None:
        said: dict[str, object] = {"ready": True}
        if self._month:
            said["month"] = self._month
        only = self._codes if self._month is None else self._only
        _print({**said, "homes": homes(self._base_port, only, self._host, self._month)})


def _print(said: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
