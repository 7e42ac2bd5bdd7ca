"""A disk small enough to fill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own in memory, mounted at `folder`; skips where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk small enough to fill")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
