"""The browser's only way out: a SOCKS5 server on this machine that connects to checked addresses and to no others.

Chromium resolves names and connects by itself, so a check of what it is about to ask for says nothing of where it ends
up. With this as its proxy it sends names (RFC 1928, address type 3) and this process resolves them, checks every address
by the rule of guard.py, and connects to one of those checked: redirects, web sockets and rebinding meet it too.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections import Counter

from crawler.guard import is_public, refusal

_SHAKE_HANDS = 10.0  # seconds for the SOCKS greeting
_CONNECT = 20.0  # seconds for one connection
_PIECE = 65_536
_REFUSED, _NO_HOST, _NO_ANSWER, _NO_COMMAND = 2, 4, 5, 7  # RFC 1928, section 6


class GuardedTunnel:
    """A SOCKS5 server on loopback behind the address guard.

    `allowed` are the (host, port) pairs of ``--allow``; `most_bytes` is what one connection may bring. `opened` counts the
    connections by 'host:port', `refused` says of each refused 'host:port' why.
    """

    def __init__(self, allowed: frozenset[tuple[str, int]], most_bytes: int) -> None:
        self.allowed, self.most_bytes = allowed, most_bytes
        self.opened: Counter[str] = Counter()
        self.refused: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen; return the address to give to the browser."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"socks5://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def checked(self, host: str, port: int) -> list[str]:
        """The addresses of `host` that may be connected to; [] where it is refused, OSError where it has none."""
        where = f"{host}:{port}"
        literal = f"[{host}]" if ":" in host else host
        reason = refusal(f"{'https' if port == 443 else 'http'}://{literal}:{port}/", self.allowed)
        if reason is None:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            private = [address for address in addresses if not is_public(address)]
            if not private or (host.lower(), port) in self.allowed:
                return addresses
            reason = f"{host} resolves to {private[0]}, which is not a public address"
        self.refused[where] = reason
        return []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with asyncio.timeout(_SHAKE_HANDS):
                asked = await _greeting(reader, writer)
            if asked is not None:
                await self._connect(*asked, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # either side went away, which is its right
        finally:
            self._open.discard(task)
            writer.close()

    async def _connect(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            addresses = await self.checked(host, port)
        except OSError:
            _reply(writer, _NO_HOST)
            return
        if not addresses:
            _reply(writer, _REFUSED)
            return
        for address in addresses:
            try:
                async with asyncio.timeout(_CONNECT):
                    there_reader, there_writer = await asyncio.open_connection(address, port)
            except (OSError, TimeoutError):
                continue
            self.opened[f"{host}:{port}"] += 1
            _reply(writer, 0)
            try:
                await asyncio.gather(
                    _pass_on(reader, there_writer, self.most_bytes), _pass_on(there_reader, writer, self.most_bytes)
                )
            finally:
                there_writer.close()
            return
        _reply(writer, _NO_ANSWER)


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
    """Host and port that the client asks for; None where it asks for something else than a connection."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != 5:
        return None
    writer.write(b"\x05\x00")
    _, command, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii", "replace")
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
    port = int.from_bytes(await reader.readexactly(2), "big")
    if command != 1:
        _reply(writer, _NO_COMMAND)
        return None
    return host, port


def _reply(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int) -> None:
    """Pass bytes on until the end or the bound; then say that no more will come."""
    with contextlib.suppress(ConnectionError):
        while most > 0 and (piece := await reader.read(_PIECE)):
            most -= len(piece)
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()
    if most <= 0:
        writer.close()
