"""The one thing all our errors share: a person can act on their text."""


class UserError(Exception):
    """Base of errors whose text says what was wrong with what, and what to do; the command line shows it and no traceback."""

    exit_code = 2
