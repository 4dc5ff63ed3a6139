"""Fixtures that more than one test module uses: real services, started once a session.

Missing software fails the test that needs it, with what to do; nothing is skipped. `make check` leaves such tests
out by their mark: -m 'not services'.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier.model import Model
from classifier.stage import ensure_model
from study.protocol import Protocol, load
from study.record import Record
from tests.services.dokuwiki import dokuwiki as run_dokuwiki
from tests.services.engine import Engine
from tests.services.htdig import htdig as run_htdig
from tests.services.namazu import namazu as run_namazu
from tests.services.omega import omega as run_omega
from tests.services.plone import plone as run_plone
from tests.services.postgres import postgres as run_postgres
from tests.services.swishe import swishe as run_swishe
from tests.services.trac import trac as run_trac
from tests.services.wagtail import wagtail as run_wagtail
from tests.services.wordpress import wordpress as run_wordpress
from tests.small_record import emptied, small_protocol
from tests.year import Year, live

SERVICE_FIXTURES = {
    "postgres_url",
    "wordpress",
    "htdig",
    "plone",
    "wagtail",
    "omega",
    "dokuwiki",
    "trac",
    "namazu",
    "swishe",
}


def pytest_configure() -> None:
    """Let what the tests start hear these signals also where they are ignored: in the background, under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses a service carries the mark `services`, whether its author thought of it or not."""
    for item in items:
        if SERVICE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.services)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a database in a private PostgreSQL cluster (one a session: clean up what a test must not leave)."""
    with run_postgres() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """A record on either database, one a module."""
    sqlite = request.param == "sqlite"
    path = tmp_path_factory.mktemp("record") / "record.db"
    with Record.open(f"sqlite:///{path}" if sqlite else request.getfixturevalue("postgres_url")) as record:
        yield record


@pytest.fixture
def record(opened: Record) -> Iterator[Record]:
    """An empty record on either database. A module that needs another kind has a fixture of its own by this name."""
    yield emptied(opened)
    emptied(opened)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    """The small study of tests/small_record.py. A module that needs another has a fixture of its own by this name."""
    return small_protocol(tmp_path_factory.mktemp("protocol"))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the model that the seeds of nfer-2008 train: once a session, for it takes most of a minute."""
    directory = tmp_path_factory.mktemp("models")
    assert ensure_model(None, load("nfer-2008"), directory) is not None
    return directory


@pytest.fixture(scope="session")
def model(models: Path) -> Model:
    """The model that the seeds of nfer-2008 train."""
    trained = ensure_model(None, load("nfer-2008"), models)
    assert trained is not None
    return trained


@pytest.fixture(scope="session")
def wordpress() -> Iterator[Engine]:
    """A WordPress site of more than 300 posts and pages."""
    with run_wordpress() as engine:
        yield engine


@pytest.fixture(scope="session")
def htdig() -> Iterator[Engine]:
    """A site of more than 300 pages and documents, searched by ht://Dig."""
    with run_htdig() as engine:
        yield engine


@pytest.fixture(scope="session")
def plone() -> Iterator[Engine]:
    """A Plone site of more than 300 pages, news items and files."""
    with run_plone() as engine:
        yield engine


@pytest.fixture(scope="session")
def wagtail() -> Iterator[Engine]:
    """A site of Wagtail's project template with more than 300 pages."""
    with run_wagtail() as engine:
        yield engine


@pytest.fixture(scope="session")
def omega() -> Iterator[Engine]:
    """A site of more than 300 pages and documents, searched by Xapian Omega."""
    with run_omega() as engine:
        yield engine


@pytest.fixture(scope="session")
def dokuwiki() -> Iterator[Engine]:
    """A DokuWiki of more than 300 pages."""
    with run_dokuwiki() as engine:
        yield engine


@pytest.fixture(scope="session")
def trac() -> Iterator[Engine]:
    """A Trac whose wiki has more than 300 pages."""
    with run_trac() as engine:
        yield engine


@pytest.fixture(scope="session")
def namazu() -> Iterator[Engine]:
    """A site of more than 300 pages and documents, searched by Namazu."""
    with run_namazu() as engine:
        yield engine


@pytest.fixture(scope="session")
def swishe() -> Iterator[Engine]:
    """A site of more than 300 pages and documents, searched by Swish-e."""
    with run_swishe() as engine:
        yield engine


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Twelve monthly runs over the living replica; read it, change nothing."""
    return live(tmp_path_factory.mktemp("year") / "year")
