"""The one writer: a thread that owns the database connection and the WARC file of a crawling process.

The reactor hands it pieces of work and goes on; what has queued up meanwhile is written together: WARC records first and
fsynced, then one transaction, then whoever waits is told. So one disk sync serves many pages, and nothing is called done
before it is on the disk.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from sqlalchemy.engine import Connection

from crawler.warcfile import WarcFile
from study.record import Record

T = TypeVar("T")
Item = TypeVar("Item")
_AT_ONCE = 200  # pieces of work in one transaction
_GATHER = 0.02  # seconds that the first of them waits for others; no site is asked faster


Together = Callable[[Connection, WarcFile, list[Item]], None]


@dataclass
class _Piece(Generic[T]):
    work: Callable[[Connection, WarcFile], T] | Together[Any]
    item: Any  # of work on many; else None
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[T]

    @property
    def kind(self) -> object:
        """What pieces that are done in one call have in common; of any other, itself."""
        return self if self.item is None else self.work


class WriterFailed(Exception):
    """The record could not be written; the crawl must stop. What was committed before is safe."""


class Writer:
    """Runs pieces of work one after the other, in the order given, in grouped transactions."""

    def __init__(self, record: Record, warc: WarcFile) -> None:
        self._record, self._warc = record, warc
        self._queue: queue.SimpleQueue[_Piece[object] | None] = queue.SimpleQueue()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="record-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Connection, WarcFile], T]) -> T:
        """Run ``work(connection, warc)`` on the writer's thread; return its result once it is committed.

        Raises :class:`WriterFailed` if the transaction could not be committed, now or earlier.
        """
        result: T = await self._do(work, None)
        return result

    async def do_with_others(self, work: Together[Item], item: Item) -> None:
        """Run ``work(connection, warc, items)`` likewise, once for ``item`` and those that have queued up beside it."""
        await self._do(work, item)

    async def _do(self, work: Any, item: Any) -> Any:
        if self._failed is not None:
            raise WriterFailed(str(self._failed)) from self._failed
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        self._queue.put(_Piece(work, item, loop, done))
        return await done

    def close(self) -> None:
        """Finish what is queued and stop the thread."""
        self._queue.put(None)
        self._thread.join()
        self._warc.close()

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            # A sync and a commit cost more than what they keep, so that more of it is worth a short wait.
            time.sleep(_GATHER)
            pieces, last = [first], False
            while len(pieces) < _AT_ONCE and not self._queue.empty():
                piece = self._queue.get()
                if piece is None:
                    last = True
                    break
                pieces.append(piece)
            self._write(pieces)
            if last:
                return

    def _write(self, pieces: list[_Piece[object]]) -> None:
        if self._failed is not None:
            self._tell(pieces, None)
            return
        try:
            with self._record.begin_crawling() as db:
                results = [
                    result
                    for _, some in groupby(pieces, key=lambda piece: piece.kind)
                    for result in self._run_some(db, list(some))
                ]
                self._warc.sync()
        except Exception as problem:
            # Whatever it is, the crawl cannot go on without its record; whoever waits hears of it and stops.
            self._failed = problem
            self._tell(pieces, None)
        else:
            self._tell(pieces, results)

    def _run_some(self, db: Connection, pieces: list[_Piece[object]]) -> list[object]:
        work: Any = pieces[0].work
        if pieces[0].item is None:
            return [work(db, self._warc)]
        work(db, self._warc, [piece.item for piece in pieces])
        return [None] * len(pieces)

    def _tell(self, pieces: list[_Piece[object]], results: list[object] | None) -> None:
        # All at once: to wake the reactor takes longer than what it then does for one piece.
        for loop in {piece.loop for piece in pieces}:
            told = [(piece, results and results[n]) for n, piece in enumerate(pieces) if piece.loop is loop]
            loop.call_soon_threadsafe(self._settle_all, told, results is not None)

    def _settle_all(self, told: list[tuple[_Piece[object], object]], good: bool) -> None:
        for piece, outcome in told:
            self._settle(piece, outcome, good)

    def _settle(self, piece: _Piece[object], outcome: object, good: bool) -> None:
        if piece.done.done():  # whoever waited was cancelled
            return
        if good:
            piece.done.set_result(outcome)
        else:
            failure = WriterFailed(f"the record could not be written: {self._failed}")
            failure.__cause__ = self._failed
            piece.done.set_exception(failure)
