"""Real services for the tests: each module starts a private copy on loopback and stops it again.

`install.sh` installs their software; the fixtures stand in tests/conftest.py.
"""
