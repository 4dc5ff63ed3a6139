"""WARC files (ISO 28500): one per process, appended to, fsynced before the record says what stands in them.

What a killed process wrote past its last commit is cut off at the next start, so every byte of a WARC file is accounted
for in the record. That is done to the record's own files only: a folder of WARC files says whose they are, and which were
begun; what somebody else put there is never touched.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from study.errors import UserError
from study.record import Record

_LONGEST_HEAD = 16 * 1024  # bytes of a record that its own headers are looked for in
_OWN_NAME = re.compile(r"mentorwatch-(\d+)\.warc\.gz")
# The body is stored as the crawler read it, decoded; these headers would no longer be true of it.
_TRANSFER_HEADERS = {"content-encoding", "transfer-encoding", "content-length", "connection"}


# In a folder of WARC files: the name of the record that they are of, and on a line each the files begun for it.
OWNER = "record"

logger = logging.getLogger(__name__)

# Why a revisit record has no body of its own (ISO 28500, 6.7).
NOT_MODIFIED = "http://netpreserve.org/warc/1.0/revisit/server-not-modified"
IDENTICAL = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"


class WarcFolderError(UserError):
    """The WARC files of a folder are another record's: to cut them back would destroy them."""


@dataclass(frozen=True)
class Original:
    """The record that a revisit refers to, as its own headers have it."""

    url: str
    date: str
    digest: str
    record_id: str


@dataclass(frozen=True)
class Place:
    """Where a record stands: file name, and offset and length in bytes (of the compressed record)."""

    file: str
    offset: int
    length: int


class WarcFile:
    """One WARC file open for appending, locked while it is. Its name is neither in ``directory`` nor among ``named``."""

    def __init__(self, directory: Path, software: str, named: Iterable[str] = ()) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # pages with names of staff
        self.path = _next_free(directory, named)
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

    def append_revisit(
        self, url: str, status: int, headers: Mapping[str, str], fetched_at: datetime, profile: str, of: Original
    ) -> Place:
        """Append a revisit record: this capture has the body of ``of``, an earlier record. ``profile``: see below."""
        offset = self._stream.tell()
        kept = [(name, value) for name, value in headers.items() if name.lower() not in _TRANSFER_HEADERS]
        record = self._writer.create_revisit_record(
            url,
            of.digest,
            of.url,
            of.date,
            http_headers=StatusAndHeaders(f"{status} Seen", kept, protocol="HTTP/1.1"),
            warc_headers_dict={
                "WARC-Date": fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                **({"WARC-Refers-To": of.record_id} if of.record_id else {}),
            },
        )
        record.rec_headers.replace_header("WARC-Profile", profile)
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
    """Return the body of the record that begins at ``offset`` of a WARC file; raise ValueError where it holds none."""
    with _record_at(path, offset) as record:
        return bytes(record.content_stream().read())


class Originals:
    """Reads what revisit records refer to. Files stay open from one page to the next: opening takes longer than reading."""

    _AT_ONCE = 8

    def __init__(self) -> None:
        self._open: dict[Path, BinaryIO] = {}

    def read(self, path: Path, offset: int) -> Original:
        """Return what a revisit record says of the record at ``offset``.

        Raises OSError without the file, ValueError where no response record begins there. Only the record's head is unpacked: this is
        done for every page of a recrawl.
        """
        if path not in self._open:
            if len(self._open) == self._AT_ONCE:
                self.close()
            self._open[path] = path.open("rb", buffering=0)
        packed = os.pread(self._open[path].fileno(), _LONGEST_HEAD, offset)
        try:
            head = zlib.decompressobj(wbits=31).decompress(packed, _LONGEST_HEAD)
        except zlib.error as problem:
            raise ValueError(f"{path.name}, at {offset}: no WARC record") from problem
        fields = dict(
            line.split(": ", 1) for line in head.decode("utf-8", "replace").split("\r\n\r\n")[0].split("\r\n")[1:]
        )
        if fields.get("WARC-Type") != "response" or not fields.get("WARC-Payload-Digest"):
            raise ValueError(f"{path.name}, at {offset}: no response record")
        names = ("WARC-Target-URI", "WARC-Date", "WARC-Payload-Digest", "WARC-Record-ID")
        return Original(*(fields.get(name, "") for name in names))

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.popitem()[1].close()


@contextmanager
def _record_at(path: Path, offset: int) -> Iterator[ArcWarcRecord]:
    """The response record that begins at ``offset``. Raises ValueError for anything else, OSError without the file."""
    with path.open("rb") as stream:
        stream.seek(offset)
        try:
            record = next(iter(ArchiveIterator(stream)), None)
        except ArchiveLoadFailed as problem:
            raise ValueError(f"{path.name}, at {offset}: no WARC record") from problem
        if record is None or record.rec_type != "response":
            kind = record.rec_type if record else "end"
            raise ValueError(f"{path.name}, at {offset}: no response record ({kind}), so no body")
        yield record


def begin(record: Record, software: str, committed: Mapping[str, int]) -> WarcFile:
    """Return a new WARC file beside ``record``, after what was not committed was cut off the earlier ones.

    ``committed`` maps file name to the end of its last committed record. Raises :class:`WarcFolderError`, and touches nothing, where
    the files that stand there are another record's.
    """
    directory = claim(record, committed)
    begun = (directory / OWNER).read_text(encoding="utf-8").splitlines()[1:]
    for name in cut_back(directory, committed, begun):
        logger.warning("%s: cut back to its last committed record", name)
    warc = WarcFile(directory, software, committed)
    with (directory / OWNER).open("a", encoding="utf-8") as owner_file:
        owner_file.write(f"{warc.path.name}\n")
    return warc


def claim(record: Record, committed: Mapping[str, int]) -> Path:
    """Return the folder of ``record``'s WARC files, in which it stands from now on whose they are; errors as :func:`begin`."""
    directory, name = record.directory / "warc", record.name
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner_file = directory / OWNER
    owner = owner_file.read_text(encoding="utf-8").partition("\n")[0].strip() if owner_file.exists() else ""
    if not owner and not committed and (nobodys := sorted(directory.glob("mentorwatch-*.warc.gz"))):
        owner = f"another record ({nobodys[0].name} is none of this one's)"
    if owner not in ("", name):
        raise WarcFolderError(
            f"{directory} holds the WARC files of {owner}, not of {name}; give this record a folder of its own: "
            "--record sqlite:///FOLDER/mentorwatch.db, for PostgreSQL MENTORWATCH_DIRECTORY=FOLDER. "
            f"If the record was renamed, write its new name into the first line of {owner_file}"
        )
    if not owner:
        half = owner_file.with_suffix(".part")
        half.write_text(f"{name}\n", encoding="utf-8")
        half.replace(owner_file)
    return directory


def cut_back(directory: Path, committed: Mapping[str, int], begun: Iterable[str] = ()) -> list[str]:
    """Cut each WARC file of the record in ``directory`` to its last committed byte; remove those with none.

    ``committed`` maps file name to the end of its last committed record; ``begun`` are files that may have none. All others are
    somebody else's: an archive that was put there to be taken in, a copy from another folder. Files another process has open
    are left alone. Returns the names of the files that were changed.
    """
    changed = []
    for path in sorted(directory / name for name in {*committed, *begun} if _OWN_NAME.fullmatch(name)):
        if not path.exists():
            continue
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


def _next_free(directory: Path, named: Iterable[str]) -> Path:
    # A name that the record knows is not given again, though its file may have been taken away.
    names = [*(path.name for path in directory.iterdir()), *named]
    taken = [int(found[1]) for name in names if (found := _OWN_NAME.fullmatch(name))]
    return directory / f"mentorwatch-{max(taken, default=0) + 1:05d}.warc.gz"
