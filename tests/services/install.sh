#!/bin/sh
# Install what the tests marked `services` need. Debian packages: six real search engines with a site around them (WordPress,
# ht://Dig, Xapian Omega, DokuWiki, Namazu, Swish-e), PostgreSQL, LibreOffice for old Office files, Chromium, systemd for
# what checks its units. From PyPI, each in a virtual environment of its own under .services/: three more real engines
# (Plone, Wagtail, Trac), ASReview to be compared with, and Label Studio to exchange labels with.
#
#   tests/services/install.sh          install what is missing (root and apt-get needed only for Debian packages)
#   tests/services/install.sh --check  only say what is missing
#
# No daemon is started or enabled by this script: the fixtures in tests/conftest.py run private copies on
# free loopback ports and stop them. Exit codes: 0 all there; 1 pip or apt-get failed; 3 something is missing and
# this script cannot (or, with --check, should not) install it. PYTHON says which Python (3.11 or newer) to use.
set -eu

# php-cgi and webfs stand for Apache in WordPress's dependencies: no test needs a web server package.
PACKAGES="wordpress wordpress-theme-twentytwentythree php php-cgi php-cli php-mysql webfs
mariadb-server htdig xapian-omega dokuwiki php-xml poppler-utils postgresql
namazu2 namazu2-index-tools swish-e libcgi-pm-perl
libreoffice-writer-nogui libreoffice-impress-nogui libreoffice-calc-nogui
chromium fonts-liberation systemd"

say() { echo "tests/services/install.sh: $*" >&2; }

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
environments=$(dirname "$(dirname "$here")")/.services

# An environment is complete when it was made from the constraints as they are now: `complete` is their copy.
has_environment() { cmp -s "$here/$1-constraints.txt" "$environments/$1/complete"; }

# make_environment NAME REQUIREMENT...
make_environment() {
    name=$1
    shift
    if has_environment "$name"; then return; fi
    if [ "$check" = yes ]; then
        say "missing: the virtual environment .services/$name"
        unfinished=yes
        return
    fi
    say "making the virtual environment .services/$name"
    if ! "${PYTHON:-python3}" -m venv --clear "$environments/$name" ||
        ! "$environments/$name/bin/pip" install --quiet --disable-pip-version-check \
            --constraint "$here/$name-constraints.txt" "$@"; then
        say "could not install $name; the messages stand above. Run it again, or run: make check"
        exit 1
    fi
    cp "$here/$name-constraints.txt" "$environments/$name/complete"
}

missing_packages() {
    for package in $PACKAGES; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || printf '%s ' "$package"
    done
}

check=no
[ "${1:-}" != --check ] || check=yes
unfinished=no
make_environment plone Plone
make_environment wagtail wagtail waitress
make_environment trac Trac setuptools
make_environment asreview asreview
make_environment labelstudio label-studio

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "this is not a Debian-like system (no apt-get). Install by hand the counterparts of:"
    say $PACKAGES
    say "or run the tests that need none of them: make check"
    exit 3
fi

missing=$(missing_packages)
if [ -z "$missing" ] && [ "$unfinished" = no ]; then
    say "all services are installed"
    exit 0
fi
if [ -z "$missing" ]; then
    say "install them:  make services   (or: make check, which needs none)"
    exit 3
fi
if [ "$check" = yes ] || [ "$(id -u)" -ne 0 ]; then
    say "missing: $missing"
    say "install them as root:  sudo tests/services/install.sh   (or: make check, which needs none)"
    exit 3
fi

# Debian's own switch against starting daemons on install; one that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt_options="-q -o Dpkg::Use-Pty=0 -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300"
say "installing: $missing"
# shellcheck disable=SC2086  # both are lists of words
if ! apt-get $apt_options update || ! apt-get $apt_options install -y --no-install-recommends $missing; then
    say "apt-get failed; its messages stand above. Run it again, or run: make check"
    exit 1
fi

still=$(missing_packages)
if [ -n "$still" ]; then
    say "still missing after apt-get: $still"
    exit 1
fi
say "done"
