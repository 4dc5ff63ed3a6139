"""Lines of a page as they are compared: those that repeat over a site are kept in this form (`site_block`)."""


def normalised(line: str) -> str:
    """Return a line as it is compared: white space folded, case ignored."""
    return " ".join(line.split()).casefold()
