"""The replica as a process of its own that a test or a benchmark takes from month to month."""

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from replica.plan import HERE


class Running:
    """See `replica.running`. `homes` and `month` are those of the month the sites stand in."""

    def __init__(
        self, month: str | None, scale: float, base_port: int, only: Sequence[str] | None, validators: str | None
    ) -> None:
        self.homes: dict[str, str] = {}
        self.month = month
        self._command = [sys.executable, "-m", "replica", "--base-port", str(base_port), "--scale", str(scale)]
        self._command += ["--control"]
        self._command += ["--month", month] if month else []
        self._command += ["--validators", validators] if validators else []
        self._command += ["--only", *only] if only else []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Running":
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
        try:
            self._hear()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def advance(self, month: str = "") -> dict[str, str]:
        """Takes the sites to the next month, or to `month`; returns the homes then. Raises ValueError where that cannot be."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{month}\n")
        self._process.stdin.flush()
        self._hear()
        return self.homes

    def _hear(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the replica ended with {self._process.wait()}; what it said is on standard error")
        said: dict[str, Any] = json.loads(line)
        if not said["ready"]:
            raise ValueError(said["error"])
        self.homes, self.month = said["homes"], said.get("month")

    def _stop(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
