"""Run one of our own commands as a process of its own, on the same terminal, and stop where it fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import typer


def stage(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run `mentorwatch ARGUMENTS`; leave with its exit code if it is not 0 (it has said why)."""
    done = subprocess.run([sys.executable, "-m", "mentorwatch", *arguments], check=False, env=environment)
    if done.returncode != 0:
        raise typer.Exit(done.returncode if done.returncode > 0 else 130)
