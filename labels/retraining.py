"""Retraining while people label: a process of its own, so that nobody waits, then the queue's order is made anew."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from study import record as r
from study.protocol import Protocol
from study.record import Record

log = logging.getLogger(__name__)
_LOOK = 20.0  # seconds between two looks at whether another process judged or crawled


@dataclass(frozen=True)
class Command:
    """What retrains: a command line, what its environment holds besides, and after how many decisions (0: never)."""

    line: Sequence[str]
    environment: Mapping[str, str]
    every: int


class Retrainer:
    """Watches the decisions and runs the command after every so many; ``refresh`` is called when it is done, or others judged.

    ``said`` is one plain sentence about the last run, for the page.
    """

    def __init__(
        self,
        record: Record,
        protocol: Protocol,
        command: Command,
        refresh: Callable[[], None],
        outdated: Callable[[], bool],
    ) -> None:
        self._record, self._protocol, self._command = record, protocol, command
        self._refresh, self._outdated = refresh, outdated
        self.said = ""
        self._learnt = self._decisions(since_model=True)
        self._process: subprocess.Popen[str] | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="retraining", daemon=True)

    def start(self) -> None:
        """Begin to watch, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and end the command if it runs; what it did not finish, the next one does."""
        self._stopping.set()
        self._wake.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def decided(self) -> None:
        """Say that a decision was saved; returns at once."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_LOOK)
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                self._look()
            except Exception:  # the thread must go on watching; what was wrong is in the log
                log.exception("retraining: looking at the record failed")

    def _look(self) -> None:
        if self._command.every and self._decisions() - self._learnt >= self._command.every:
            self._learnt = self._decisions()
            self._train()
        if self._outdated():
            self._refresh()

    def _train(self) -> None:
        self.said = "The model is learning from your decisions; go on, nobody waits."
        polite = ["nice", "-n", "10"] if shutil.which("nice") else []
        self._process = subprocess.Popen(
            [*polite, *self._command.line],
            env=dict(self._command.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        _, errors = self._process.communicate()
        if self._stopping.is_set():
            return
        if self._process.returncode == 0:
            self._refresh()
            self.said = f"The model has learnt from {self._learnt} decisions."
        else:
            last = (errors.strip().splitlines() or ["it said nothing"])[-1]
            log.warning("retraining ended with exit code %d:\n%s", self._process.returncode, errors.strip())
            self.said = f"The model could not learn: {last.removeprefix('mentorwatch: ')[:300]}"

    def _decisions(self, *, since_model: bool = False) -> int:
        """Return how many decisions there are; with ``since_model`` those older than the newest model."""
        query = (
            select(func.count())
            .select_from(r.label)
            .where(
                r.label.c.protocol == self._protocol.name,
                r.label.c.follows.is_(None),
                r.label.c.decision != "skip",
            )
        )
        newest = select(func.max(r.model.c.created_at)).where(r.model.c.protocol_hash == self._protocol.hash)
        with self._record.begin() as db:
            if since_model:
                trained = db.execute(newest).scalar()
                if trained is None:
                    return 0
                query = query.where(r.label.c.decided_at <= trained)
            return int(db.execute(query).scalar() or 0)
