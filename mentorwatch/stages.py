"""Run one of our own commands as a process of its own, on the same terminal, and stop where it fails."""

from __future__ import annotations

import subprocess
import sys

import typer


def stage(*arguments: str) -> None:
    """Run `mentorwatch ARGUMENTS`; leave with its exit code if it is not 0 (it has said why)."""
    done = subprocess.run([sys.executable, "-m", "mentorwatch", *arguments], check=False)
    if done.returncode != 0:
        raise typer.Exit(done.returncode if done.returncode > 0 else 130)
