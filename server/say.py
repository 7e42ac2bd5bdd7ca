"""What the commands print."""

import sys


def say(line: str) -> None:
    """One line of a command's result."""
    print(line, flush=True)  # noqa: T201 -- a command's result


def say_error(line: str) -> None:
    """One line about what went wrong."""
    print(line, file=sys.stderr)  # noqa: T201 -- and its failure
