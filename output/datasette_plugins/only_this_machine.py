"""A plugin of Datasette's: answers only who asks for this machine by name.

Whoever lures a browser to a site whose name then points to 127.0.0.1 (DNS rebinding) would else read the record. Datasette
loads this file by its folder; it belongs to no package of ours.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from datasette import hookimpl

_OURS = {"127.0.0.1", "localhost", "[::1]"}
_Message = MutableMapping[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper() -> Callable[[_App], _App]:
    """Wrap Datasette's application."""

    def wrap(app: _App) -> _App:
        async def checked(
            scope: _Message,
            receive: Callable[[], Awaitable[_Message]],
            send: Callable[[_Message], Awaitable[None]],
        ) -> None:
            if scope["type"] == "http":
                hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
                names = {
                    host.rsplit(":", 1)[0] if host.count(":") == 1 or host.startswith("[") else host for host in hosts
                }
                if len(hosts) != 1 or not names <= _OURS:
                    await send(
                        {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
                    )
                    await send({"type": "http.response.body", "body": b"This page answers to its own machine only.\n"})
                    return
            await app(scope, receive, send)

        return checked

    return wrap
