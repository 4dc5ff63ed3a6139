"""A small HTTP/1.1 server: many sites, one process, one thread.

Written by hand because the replica shares two cores with the crawler it feeds: here one core serves about 5,000
pages a second, so that the crawler and not the replica sets the pace (a test keeps the floor).
Only what crawlers send is understood: GET, HEAD and POST with Content-Length, keep-alive, pipelining.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from replica.exchange import Request, Response

Answer = Callable[[Request], Response]
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_MAX_HEAD = 32_768
_MAX_BODY = 1_048_576


class Connection(asyncio.Protocol):
    """One connection to one site; answers requests in the order they came. `open_ones` holds it while it is open."""

    def __init__(self, answer: Answer, server: str, open_ones: set["Connection"]) -> None:
        self._answer = answer
        self._server = server
        self._open_ones = open_ones
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_ones.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)

    def abort(self) -> None:
        """Ends it at once."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._transport and not self._transport.is_closing():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _MAX_HEAD:
                    self._refuse(431)
                return
            if not self._one(end):
                return

    def _one(self, end: int) -> bool:
        """Answers the request whose head ends at `end`; False while its body is still to come."""
        assert self._transport
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[1].startswith("/"):
            self._refuse(400)
            return False
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit() or int(length) > _MAX_BODY:
            self._refuse(411 if "transfer-encoding" in headers else 413)
            return False
        start = end + 4
        if len(self._buffer) < start + int(length):
            if headers.get("expect", "").lower() == "100-continue" and len(self._buffer) == start:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return False
        body = self._buffer[start : start + int(length)]
        self._buffer = self._buffer[start + int(length) :]
        method, target, version = parts
        if method not in {"GET", "HEAD", "POST"}:
            self._refuse(405)
            return False
        response = self._answer(Request(method, target.partition("#")[0], headers, body))
        wish = headers.get("connection", "").lower()
        keep = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
        self._send(response, keep, with_body=method != "HEAD")
        return True

    def _send(self, response: Response, keep: bool, with_body: bool = True) -> None:
        assert self._transport
        head = [
            f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
            f"Server: {self._server}",
            f"Content-Type: {response.type}",
            *([] if response.status == 304 else [f"Content-Length: {len(response.body)}"]),
            *(f"{name}: {value}" for name, value in response.headers),
            f"Connection: {'keep-alive' if keep else 'close'}",
            "\r\n",
        ]
        self._transport.write("\r\n".join(head).encode("latin-1") + (response.body if with_body else b""))
        if not keep:
            self._transport.close()

    def _refuse(self, status: int) -> None:
        self._send(Response(b"", status), keep=False)


class Listening:
    """The servers of several sites and the connections they hold."""

    def __init__(self) -> None:
        self.servers: list[asyncio.Server] = []
        self.connections: set[Connection] = set()

    def close(self) -> None:
        """Listens no more and ends every connection."""
        for server in self.servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()


async def listen(sites: Mapping[int, tuple[Answer, str]], host: str) -> Listening:
    """Starts listening: port -> (what answers, its Server header). Raises OSError for a port in use."""
    loop = asyncio.get_running_loop()
    found = Listening()
    try:
        for port, (answer, name) in sites.items():
            found.servers.append(
                await loop.create_server(lambda a=answer, n=name: Connection(a, n, found.connections), host, port)  # type: ignore[misc]
            )
    except OSError:
        found.close()
        raise
    return found
