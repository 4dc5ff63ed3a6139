"""Label Studio from PyPI, its own server and database: projects made, tasks imported and exported over its API."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.daemon import environment_of, free_port, room, running

_TOKEN = "0123456789abcdef0123456789abcdef01234567"
_OFF = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}


@dataclass(frozen=True)
class LabelStudio:
    """A running Label Studio."""

    url: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to its API; return the JSON it answers."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {_TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def project(self, config: str) -> int:
        """Make a project with a labelling interface; return its number."""
        return int(self.ask("POST", "/api/projects", {"title": "mentorwatch", "label_config": config})["id"])


@contextlib.contextmanager
def label_studio() -> Iterator[LabelStudio]:
    """A Label Studio with an empty database; its first start takes most of a minute."""
    program = environment_of("labelstudio") / "label-studio"
    with room(None) as folder:
        log: Path = folder / "label-studio.log"
        command = [str(program), "start", "--no-browser", "--port", str(free_port()), "--internal-host", "127.0.0.1"]
        command += ["--username", "owner@example.org", "--password", "not-a-secret-1", "--user-token", _TOKEN]
        environment = {
            **_OFF,
            "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        }
        with running(command, lambda: _serving(log) is not None, log=log, environment=environment, patience=240):
            studio = _serving(log)
            assert studio is not None
            yield studio


def _serving(log: Path) -> LabelStudio | None:
    """The server at the address that it says it serves, once it answers: where its port was taken meanwhile, it has moved on."""
    said = re.search(r"development server at (http://127\.0\.0\.1:\d+)/", log.read_text(errors="replace"))
    if said is None:
        return None
    studio = LabelStudio(said[1])
    with contextlib.suppress(OSError):
        studio.ask("GET", "/api/projects")
        return studio
    return None
