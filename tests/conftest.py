"""What all tests share: nothing they log may tell a secret."""

from tests.log_guard import pytest_configure, pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_configure", "pytest_sessionfinish", "pytest_terminal_summary"]
