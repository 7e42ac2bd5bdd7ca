"""The packaged data files that people edit: one entry a line."""

from importlib.resources import files


def read_lines(name: str) -> list[str]:
    """Lines of a packaged data file without comments and empty ones."""
    lines = (files("nlp") / "data" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]
