"""Who may use the labelling page and what it may do: link, cookie, host, forms and headers.

- A link with a token, good for one sign-in; then a signed cookie (HttpOnly, SameSite=Strict). The key that signs it is kept beside the
  record, so that a server that was restarted knows its annotators.
- The Host header must be the address that is served: other names that lead here (DNS rebinding) get nothing.
- Every form is sealed for the session that was shown it, so that no other site can send one (CSRF).
- No script, style, frame or form but our own (Content-Security-Policy); no framing; nothing cached; no referrer for others.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from study.errors import UserError

SESSION = timedelta(days=14)
LARGEST_FORM = 256 * 1024  # bytes
_OPEN = {"sign_in", "static"}  # what is answered without a session
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not no-referrer: then browsers send "Origin: null" with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-store",
}


class PseudonymError(UserError):
    """A name is no pseudonym that labels can carry; the text says what is expected."""


def pseudonym(given: str) -> str:
    """Return a pseudonym as labels carry it; raise :class:`PseudonymError` for anything else."""
    name = " ".join(given.split())
    if not re.fullmatch(r"\w[\w .-]{0,38}\w|\w", name):
        raise PseudonymError(
            f"{given[:60]!r} is no pseudonym; expected up to 40 letters, figures, spaces, dots or hyphens, such as heron"
        )
    return name


def key_in(directory: Path) -> bytes:
    """Return the key that signs cookies and forms, from a file that only its owner may read; made where there is none."""
    path = directory / "labelling.key"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) < 32:
            raise UserError(f"{path}: holds no key; remove it, and everybody signs in again") from None
        return key
    except OSError as problem:
        raise UserError(f"{path}: cannot be written: {problem.strerror}") from problem
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key


class Links:
    """The links handed out at the start: each is good for one sign-in, some only for one pseudonym."""

    def __init__(self, names: list[str | None]) -> None:
        self._lock = threading.Lock()
        self.open: dict[str, str | None] = {secrets.token_urlsafe(24): name for name in names}

    def known(self, token: str) -> bool:
        """Tell whether a link is good."""
        return any(secrets.compare_digest(token.encode(), known.encode()) for known in list(self.open))

    def use(self, token: str) -> bool:
        """Use a link up; False where it was used before."""
        with self._lock:
            return self.open.pop(token, self) is not self


class Forms:
    """Seals what a form must bring back unchanged, for the session it is shown to and for one purpose."""

    def __init__(self, key: bytes) -> None:
        self._seal = URLSafeSerializer(key, salt="form")

    def seal(self, purpose: str, **fields: Any) -> str:
        """Return a sealed form; its ``number`` is its own."""
        sealed = self._seal.dumps([purpose, session["id"], secrets.token_hex(16), fields])
        return sealed if isinstance(sealed, str) else sealed.decode()

    def open(self, purpose: str) -> tuple[str, dict[str, Any]]:
        """Return (number, fields) of the form that was sent; answer 400 if it is not one that this session was shown."""
        try:
            said, owner, number, fields = self._seal.loads(request.form.get("form", ""))
        except (BadSignature, ValueError):
            abort(400, "This form did not come from this page. Go back, load the page again and decide once more.")
        if said != purpose or owner != session.get("id"):
            abort(400, "This form belongs to another sign-in. Load the page again and decide once more.")
        return str(number), fields


def protect(app: Flask, key: bytes, hosts: frozenset[str], cookie: str) -> None:
    """Put the guard before every request and its headers on every answer."""
    app.config.update(
        SECRET_KEY=key,
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SESSION,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
    )

    @app.before_request
    def _check() -> None:
        if request.host.lower() not in hosts:
            session.clear()
            abort(400, "This page answers only to the address it was started on.")
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("Origin")
            if origin is not None and urlsplit(origin).netloc.lower() not in hosts:
                abort(400, "This form was sent by another site.")
            if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
                abort(400, "This form was sent by another site.")
        if request.endpoint not in _OPEN and "name" not in session:
            abort(
                403,
                "Open the link that the command printed. Each link works once; start the command again for new ones.",
            )

    @app.after_request
    def _harden(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer
