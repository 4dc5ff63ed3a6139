"""WARC files (ISO 28500): one per process, appended to, fsynced before the record says what stands in them.

What a killed process wrote past its last commit is cut off at the next start, so every byte of a WARC file is accounted
for in the record.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

# The body is stored as the crawler read it, decoded; these headers would no longer be true of it.
_TRANSFER_HEADERS = {"content-encoding", "transfer-encoding", "content-length", "connection"}


@dataclass(frozen=True)
class Place:
    """Where a record stands: file name, and offset and length in bytes (of the compressed record)."""

    file: str
    offset: int
    length: int


class WarcFile:
    """One WARC file open for appending, locked while it is."""

    def __init__(self, directory: Path, software: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = _next_free(directory)
        self._stream = self.path.open("xb")
        fcntl.flock(self._stream, fcntl.LOCK_EX)
        self._writer = WARCWriter(self._stream, gzip=True)
        self._software = software

    def __enter__(self) -> WarcFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, url: str, status: int, headers: Mapping[str, str], body: bytes, fetched_at: datetime) -> Place:
        """Append a response record; not yet on disk until :meth:`sync`."""
        offset = self._stream.tell()
        kept = [(name, value) for name, value in headers.items() if name.lower() not in _TRANSFER_HEADERS]
        kept.append(("content-length", str(len(body))))
        record = self._writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=StatusAndHeaders(f"{status} Seen", kept, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )
        self._writer.write_record(record)
        return Place(self.path.name, offset, self._stream.tell() - offset)

    def sync(self) -> None:
        """Bring everything appended to the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file; one that holds nothing is removed."""
        if self._stream.closed:
            return
        empty = self._stream.tell() == 0
        self._stream.close()
        if empty:
            self.path.unlink(missing_ok=True)


def read_body(path: Path, offset: int) -> bytes:
    """Return the body of the record that begins at ``offset`` of a WARC file."""
    with path.open("rb") as stream:
        stream.seek(offset)
        return bytes(next(iter(ArchiveIterator(stream))).content_stream().read())


def cut_back(directory: Path, committed: Mapping[str, int]) -> list[str]:
    """Cut each WARC file in ``directory`` to its last committed byte; remove those with none.

    ``committed`` maps file name to the end of its last committed record. Files another process has open are left alone.
    Returns the names of the files that were changed.
    """
    changed = []
    for path in sorted(directory.glob("*.warc.gz")):
        with path.open("r+b") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            end = committed.get(path.name, 0)
            if os.fstat(stream.fileno()).st_size > end:
                stream.truncate(end)
                os.fsync(stream.fileno())
                changed.append(path.name)
        if end == 0:
            path.unlink()
    return changed


def _next_free(directory: Path) -> Path:
    taken = [int(path.name.split(".")[0].rpartition("-")[2]) for path in directory.glob("mentorwatch-*.warc.gz")]
    return directory / f"mentorwatch-{max(taken, default=0) + 1:05d}.warc.gz"
