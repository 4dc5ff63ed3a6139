"""WordPress as Debian packages it, with a private MariaDB, served by PHP's own web server."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.services.content import PUBLISHED, articles
from tests.services.daemon import account, find_program, free_port, listens, need_file, room, run_once, running
from tests.services.engine import Engine

HERE = Path(__file__).parent

_CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', '{url}');
define('WP_SITEURL', '{url}');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!isset($_SERVER['HTTP_HOST'])) {{ $_SERVER['HTTP_HOST'] = '{host}'; $_SERVER['REQUEST_URI'] = '/'; }}
if (!defined('ABSPATH')) {{ define('ABSPATH', __DIR__ . '/'); }}
require_once ABSPATH . 'wp-settings.php';
"""


@contextlib.contextmanager
def wordpress() -> Iterator[Engine]:
    """A site of `PUBLISHED` posts and pages in the default theme; `count` is WP_Query's found_posts."""
    package = need_file("/usr/share/wordpress/wp-settings.php").parent
    php = find_program("php")
    port = free_port()
    host = f"127.0.0.1:{port}"
    with room(account("mysql")) as folder, _mariadb(folder) as socket:
        site = folder / "site"
        shutil.copytree(package, site, symlinks=True, ignore=shutil.ignore_patterns("wp-config.php", ".htaccess"))
        config = _CONFIG.format(socket=socket, url=f"http://{host}", host=host)
        (site / "wp-config.php").write_text(config, encoding="utf-8")
        content = json.dumps([asdict(article) for article in articles()])
        filled = run_once([php, str(HERE / "fill.php"), str(site)], input=content)
        # WordPress brings a post and a page of its own.
        assert int(filled) >= PUBLISHED, filled

        def count(query: str) -> int:
            return int(run_once([php, str(HERE / "count.php"), str(site), query]))

        with running(
            [php, "-d", "opcache.enable_cli=1", "-S", host, "-t", str(site)],
            lambda: listens(port),
            log=folder / "php.log",
            environment={"PHP_CLI_SERVER_WORKERS": "2"},
        ):
            yield Engine(f"http://{host}/", host, count)


@contextlib.contextmanager
def _mariadb(folder: Path) -> Iterator[Path]:
    """A private server without network; yields its socket."""
    user = account("mysql")
    data, socket = folder / "data", folder / "mariadb.sock"
    install = find_program("mariadb-install-db")
    own = [f"--user={user}"] if user else []
    make = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
    make += ["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M", *own]
    run_once(make, cwd=folder)
    command = [
        find_program("mariadbd", "/usr/sbin/mariadbd"),
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={socket}",
    ]
    command += ["--skip-networking", f"--pid-file={folder / 'mariadb.pid'}", "--innodb-buffer-pool-size=32M"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M", "--skip-log-bin", *own]
    with running(command, lambda: _is_socket_ready(socket), log=folder / "mariadb.log"):
        client = find_program("mariadb")
        run_once([client, "--no-defaults", f"--socket={socket}", "-u", "root", "-e", "CREATE DATABASE wordpress"])
        yield socket


def _is_socket_ready(path: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as probe:
        return os.path.exists(path) and probe.connect_ex(str(path)) == 0
