"""Run one of our own commands as a process of its own, on the same terminal, and stop where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import typer

ENDED = 1  # exit code where the command was ended by the system: there is work left
# What stops us, and what is passed on: a crawl leaves in good order on these two only.
_PASSED_ON = {signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM, signal.SIGINT: signal.SIGINT}


class _Stopped:
    """Which signal has stopped us, and the process that is to be told."""

    signal: signal.Signals | None = None
    process: subprocess.Popen[bytes] | None = None

    def __call__(self, number: int, _: object) -> None:
        self.signal = signal.Signals(number)
        if self.process is not None:
            self.tell(self.process)

    def tell(self, process: subprocess.Popen[bytes]) -> None:
        # A terminal has told the process itself, and a second one would make it leave at once.
        if self.signal is not None and not (self.signal is signal.SIGINT and _on_a_terminal()):
            process.send_signal(_PASSED_ON[self.signal])


def stage(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run `mentorwatch ARGUMENTS`; leave with its exit code if it is not 0 (it has said why).

    SIGTERM, SIGHUP and SIGINT are passed on to it, its end is waited for, and we leave with 128 and the signal's number.
    """
    with _listening() as stopped:
        process = subprocess.Popen([sys.executable, "-m", "mentorwatch", *arguments], env=environment)
        stopped.process = process
        stopped.tell(process)  # of a signal that came before there was anybody to tell
        code = process.wait()
    if stopped.signal is not None:
        raise typer.Exit(128 + stopped.signal)
    if code < 0:
        name = signal.Signals(-code).name
        why = " (was there not enough memory?)" if -code == signal.SIGKILL else ""
        typer.echo(f"`mentorwatch {arguments[0]}` was ended by {name}{why}; the same command goes on.", err=True)
        raise typer.Exit(ENDED)
    if code > 0:
        raise typer.Exit(code)


@contextmanager
def _listening() -> Iterator[_Stopped]:
    """Note the signals that stop us, in place of stopping, while inside; those that are ignored (nohup) stay ignored."""
    stopped = _Stopped()
    before = {number: signal.getsignal(number) for number in _PASSED_ON}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stopped)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_a_terminal() -> bool:
    with suppress(OSError):
        return os.tcgetpgrp(0) == os.getpgrp()
    return False
