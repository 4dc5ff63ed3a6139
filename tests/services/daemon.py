"""Private daemons: find the program, start it, wait until it answers, stop it."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from study.formats.libreoffice import die_with_parent

START_SECONDS = 60.0
REPOSITORY = Path(__file__).parents[2]


def find_program(name: str, *places: str) -> str:
    """The path of a program, on PATH or matching a glob of `places`; the test fails when there is none."""
    found = [str(path) for place in places for path in sorted(Path("/").glob(place.lstrip("/")))]
    program = shutil.which(name) or next(reversed(found), None)
    if program is None:
        pytest.fail(f"{name} is not installed, and this test needs it: run make services (as root)", pytrace=False)
    return program


def need_file(path: str) -> Path:
    """A file that a package brings; the test fails when it is not there."""
    if not Path(path).exists():
        pytest.fail(f"{path} is not there, and this test needs it: run make services (as root)", pytrace=False)
    return Path(path)


def environment_of(name: str) -> Path:
    """The `bin` folder of a virtual environment that install.sh makes for a service; the test fails without it."""
    return need_file(str(REPOSITORY / ".services" / name / "complete")).parent / "bin"


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def account(*names: str) -> str | None:
    """The account that a daemon runs under when the tests run as root (databases refuse root); else None."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in known)


@contextlib.contextmanager
def room(owner: str | None) -> Iterator[Path]:
    """A folder for one service, owned by its account, gone afterwards. Its path is short: it holds sockets."""
    folder = Path(tempfile.mkdtemp(prefix="mentorwatch-"))
    folder.chmod(0o755)
    if owner is not None:
        shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(
    command: Sequence[str],
    ready: Callable[[], bool],
    *,
    log: Path,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
    environment: dict[str, str] | None = None,
    patience: float = START_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon in its own process group from when `ready` is true; end the whole group afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            user=user,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        _wait(process, ready, command[0], log, patience)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_once(command: Sequence[str], *, user: str | None = None, **options: object) -> str:
    """Run a command to its end and return what it printed; the test fails with its messages otherwise."""
    done = subprocess.run(command, user=user, capture_output=True, text=True, timeout=300, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return str(done.stdout)


def listens(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], name: str, log: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text(errors="replace")[-3000:]
            pytest.fail(f"{name} did not start (exit code {process.returncode}). Its log ends:\n{said}")
        time.sleep(0.05)
