"""Documents read in child processes, with limits on time, memory, input and output.

    reader = DocumentReader()
    extraction = await reader.extract(body, "application/pdf")
    await reader.close()

A PDF or Office file from the web may hang its library, take all memory or crash it. Here that ends one child
process; the crawl goes on, and the extraction's `error` says what happened. The children (`python -m
study.documents`) live long, because starting one takes as long as reading ten files. They have no network
(where the kernel lets them give it up), none of the crawl's environment, and die with their parent.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from study.formats.kind import Kind, kind_of
from study.formats.libreoffice import ADDRESS_SPACE, TIME_LIMIT, die_with_parent
from study.text import Extraction, extract

# A 600-page PDF takes 5 s on a slow core; what takes longer than this does not end.
SECONDS = 30.0
# LibreOffice's own limit comes first, so that its reason is the one told.
SECONDS_OLD_OFFICE = TIME_LIMIT + 15.0
# The libraries take 150 MB of address space; 100 MB of spreadsheet 600 MB more. Two children and the crawl
# fit a machine of 1.5 GiB, as address space is not memory.
MEMORY = 1024**3
# The crawler's own limit on bodies is lower; this one keeps a caller without one within MEMORY.
MAX_BODY = 128 * 1024 * 1024
# A page of this size takes about 0.2 s in the caller's event loop. Larger ones are read in a child.
MAX_HTML_IN_PROCESS = 1024 * 1024
# An answer is the text as JSON, at most 12 bytes a character ('\\ud83d\\ude00').
MAX_ANSWER = 32 * 1024 * 1024
# Native libraries leak a little with every file.
DOCUMENTS_A_CHILD = 200

_OLD_OFFICE: frozenset[Kind] = frozenset(("doc", "ppt", "xls", "odt", "ods", "odp", "wpd"))
_LENGTH = struct.Struct(">I")


class DocumentReader:
    """A small pool of child processes that read documents; use from one asyncio event loop.

    `processes` is the number of children at most; `seconds` and `seconds_old_office` the time a document may
    take (old Office formats go through LibreOffice); `memory` the address space of a child in bytes.
    `command` replaces the child's program (tests).
    """

    def __init__(
        self,
        *,
        processes: int = 1,
        seconds: float = SECONDS,
        seconds_old_office: float = SECONDS_OLD_OFFICE,
        memory: int = MEMORY,
        command: tuple[str, ...] | None = None,
    ) -> None:
        self.seconds = seconds
        self.seconds_old_office = seconds_old_office
        self._command = command or (sys.executable, "-P", "-m", "study.documents", str(memory))
        self._free = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []

    async def extract(self, body: bytes, media_type: str) -> Extraction:
        """As `study.text.extract`, within the limits; never raises on a bad file.

        Pages of ordinary size and plain text are read here and now; everything else in a child.
        """
        kind = kind_of(body, media_type)
        if kind in ("html", "text", "picture", "empty", "encrypted") and len(body) <= MAX_HTML_IN_PROCESS:
            return extract(body, media_type)
        if len(body) > MAX_BODY:
            return Extraction(error=f"too large: {len(body):,} bytes, at most {MAX_BODY:,} are read")
        seconds = self.seconds_old_office if kind in _OLD_OFFICE else self.seconds
        async with self._free:
            child = self._idle.pop() if self._idle else await _Child.start(self._command)
            answered = False
            try:
                async with asyncio.timeout(seconds):
                    extraction = await child.ask(body, media_type)
                answered = True
                return extraction
            except TimeoutError:
                return Extraction(error=f"time: reading this {kind} file took longer than {seconds:g} seconds")
            except (asyncio.IncompleteReadError, ConnectionError):
                return Extraction(error=f"crashed: the reader of this {kind} file ended with {await child.ending()}")
            except ValueError as problem:  # an answer out of form: a child that lost its mind
                return Extraction(error=f"crashed: the reader of this {kind} file answered nonsense ({problem})")
            finally:
                if answered and child.served < DOCUMENTS_A_CHILD:
                    self._idle.append(child)
                else:
                    await child.kill()

    async def close(self) -> None:
        """End the children. The reader may be used again afterwards; it starts new ones."""
        while self._idle:
            await self._idle.pop().kill()

    async def __aenter__(self) -> "DocumentReader":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Child:
    """One reading process: a request is a media type and a body, an answer is JSON, each after its length."""

    def __init__(self, process: asyncio.subprocess.Process, room: Path) -> None:
        self._process = process
        self._room = room
        self.served = 0

    @classmethod
    async def start(cls, command: tuple[str, ...]) -> "_Child":
        room = Path(tempfile.mkdtemp(prefix="mentorwatch-documents-"))
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=room,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
                "TMPDIR": str(room),
                "LANG": "C.UTF-8",
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        return cls(process, room)

    async def ask(self, body: bytes, media_type: str) -> Extraction:
        """Raises IncompleteReadError or ConnectionError when the child ends, ValueError on a bad answer."""
        pipe, answers = self._process.stdin, self._process.stdout
        if pipe is None or answers is None:
            raise ConnectionError("the child has no pipes")
        self.served += 1
        for part in (media_type.encode("utf-8", "replace"), body):
            pipe.write(_LENGTH.pack(len(part)))
            pipe.write(part)
        await pipe.drain()
        (length,) = _LENGTH.unpack(await answers.readexactly(_LENGTH.size))
        if length > MAX_ANSWER:
            raise ValueError(f"{length:,} bytes")
        return _from_json(await answers.readexactly(length))

    async def ending(self) -> str:
        """How the process ended, in words; waits for it a moment."""
        try:
            async with asyncio.timeout(5):
                code = await self._process.wait()
        except TimeoutError:
            return "its pipe closed"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def kill(self) -> None:
        """End the process and remove what it left on the disk."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._room, ignore_errors=True)


def main(arguments: list[str]) -> None:
    """The child: answer requests on standard input until it ends; `arguments`: the memory limit in bytes."""
    requests = sys.stdin.buffer
    # Libraries print; only answers may reach the pipe.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    die_with_parent()
    # An interrupt is meant for the crawl, which ends its children itself; a file cut short by one is not damaged.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _leave_network()
    _limit_memory(int(arguments[0]) if arguments else MEMORY)
    while (media_type := _frame(requests)) is not None:
        body = _frame(requests)
        if body is None:
            return
        extraction = extract(body, media_type.decode("utf-8", "replace"))
        del body
        answer = _to_json(extraction)
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()
        if extraction.error and extraction.error.startswith("memory:"):
            return  # what is left of the memory is in pieces; the parent starts a new child


def _frame(stream: BinaryIO) -> bytes | None:
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(length)
    frame = stream.read(size)
    return frame if len(frame) == size else None


def _leave_network() -> None:
    """A network name space of one's own has no network (Linux: CLONE_NEWNET, with CLONE_NEWUSER unless root).

    Where the kernel forbids it the child goes on: no reader opens a connection by itself.
    """
    new_user, new_network = 0x10000000, 0x40000000
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(new_network) != 0:
            libc.unshare(new_user | new_network)
    except (OSError, AttributeError):
        return


def _limit_memory(memory: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = max(memory, ADDRESS_SPACE)
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(resource.RLIMIT_AS, (min(memory, most), most))


def _to_json(extraction: Extraction) -> bytes:
    return json.dumps(asdict(extraction), default=date.isoformat).encode("ascii")


def _from_json(answer: bytes) -> Extraction:
    fields = json.loads(answer)
    stated = fields["document_date"]
    fields["document_date"] = date.fromisoformat(stated) if stated else None
    return Extraction(**fields)


if __name__ == "__main__":
    main(sys.argv[1:])
