"""The version of mentorwatch, as pyproject.toml has it."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("mentorwatch")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+unknown"
