"""A private PostgreSQL cluster."""

import contextlib
import signal
from collections.abc import Iterator

from tests.services.daemon import account, find_program, free_port, listens, room, run_once, running

PLACES = "/usr/lib/postgresql/*/bin/"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database in a cluster of its own, which ends with the context."""
    user = account("postgres")
    initdb, server = (find_program(name, PLACES + name) for name in ("initdb", "postgres"))
    port = free_port()
    with room(user) as folder:
        data = str(folder / "data")
        run_once(
            [initdb, "-D", data, "-U", "mentorwatch", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            user=user,
            cwd=folder,
        )
        # Durability is not under test here, only its SQL and its locking.
        settings = {
            "listen_addresses": "127.0.0.1",
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [server, "-D", data, "-p", str(port), "-k", str(folder), *options]
        with running(
            command, lambda: _answers(port), log=folder / "postgres.log", user=user, stop=signal.SIGINT
        ):  # SIGINT: fast shutdown
            yield f"postgresql+psycopg://mentorwatch@127.0.0.1:{port}/postgres"


def _answers(port: int) -> bool:
    import psycopg

    if not listens(port):
        return False
    try:
        psycopg.connect(f"postgresql://mentorwatch@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False  # 'the database system is starting up'
    return True
