"""Requests and responses of the zoo, and the asyncio server that carries them: one loopback port per host of an animal."""

import asyncio
import gzip
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

LIMIT = 1 << 20
STALL_SECONDS = 600.0


@dataclass(frozen=True)
class Request:
    """One request as an animal sees it."""

    role: str  # which of the animal's hosts was asked: main | sister
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path or "/"

    def fields(self, charset: str, source: str = "") -> dict[str, str]:
        """Form fields decoded strictly in `charset` (undecodable bytes become U+FFFD); the first of a name wins."""
        raw = {"get": urlsplit(self.target).query, "post": self.body.decode("latin-1")}
        text = raw[source or ("post" if self.method == "POST" else "get")]
        found: dict[str, str] = {}
        for name, value in parse_qsl(text, keep_blank_values=True, encoding=charset, errors="replace"):
            found.setdefault(name, value)
        return found

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    def same_target(self, path: str) -> bool:
        """Whether this request asks for `path`, in any percent-spelling."""
        return unquote_to_bytes(self.target) == unquote_to_bytes(path)


@dataclass
class Response:
    """What goes back; `manner` other than plain breaks the transport."""

    status: int = 200
    body: bytes = b""
    media: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "plain"  # plain | stall | drip | endless | reset | short | bomb | gzip


Handler = Callable[[Request], Response]


async def _read(reader: asyncio.StreamReader, role: str) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
    length = int(headers.get("content-length", "0"))
    if length > LIMIT:
        return None
    body = await reader.readexactly(length) if length else b""
    return Request(role, method, target, headers, body)


def _head(response: Response, length: int | None) -> bytes:
    headers = {"Content-Type": response.media, **response.headers}
    if length is None:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Content-Length"] = str(length)
    lines = [f"HTTP/1.1 {response.status} Zoo", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _bomb() -> bytes:
    """128 MiB of blanks, gzipped to about 130 kB."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(128)) + packer.flush()


async def _send(writer: asyncio.StreamWriter, request: Request, response: Response) -> bool:
    """Write one response; True if the connection may carry another."""
    body = response.body
    if response.manner == "stall":
        await asyncio.sleep(STALL_SECONDS)
        return False
    if response.manner == "reset":
        writer.transport.abort()
        return False
    if response.manner == "drip":
        writer.write(_head(response, 100_000))
        for _ in range(int(STALL_SECONDS)):
            writer.write(b"<")
            await writer.drain()
            await asyncio.sleep(1)
        return False
    if response.manner == "endless":
        writer.write(_head(response, None))
        chunk = b"<p>And another thing about the town hall.</p>\n" * 1400
        for _ in range(1600):  # about 100 MB
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.005)
        return False
    if response.manner == "short":
        writer.write(_head(response, len(body) + 5000) + body[: len(body) // 2])
        await writer.drain()
        return False
    if response.manner in ("gzip", "bomb"):
        body = gzip.compress(body) if response.manner == "gzip" else await asyncio.to_thread(_bomb)
        response.headers["Content-Encoding"] = "gzip"
    writer.write(_head(response, len(body)) + (b"" if request.method == "HEAD" else body))
    await writer.drain()
    return True


class Server:
    """All ports of a zoo on one event loop in one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="zoo", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._thread.start()

    def listen(self, handler: Handler, role: str, port: int = 0) -> int:
        """Open one loopback port for one host of an animal and return its number."""
        return asyncio.run_coroutine_threadsafe(self._listen(handler, role, port), self._loop).result(10)

    async def _listen(self, handler: Handler, role: str, port: int) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                while (request := await _read(reader, role)) and await _send(writer, request, handler(request)):
                    pass
            except (
                asyncio.IncompleteReadError,
                asyncio.LimitOverrunError,
                ConnectionError,
                ValueError,
                asyncio.CancelledError,
            ):
                pass  # the client went away, or speaks no HTTP
            finally:
                self._tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Close every port and connection."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
