"""What use-cases notice in passing and nobody but an operator's counters wants to know."""

from collections.abc import Callable

from models.accounts import App

_listeners: list[Callable[[App], None]] = []


def on_duplicate(listener: Callable[[App], None]) -> None:
    """Call `listener` whenever a message comes again."""
    _listeners.append(listener)


def duplicate(app: App) -> None:
    """A message came that had come before."""
    for listener in _listeners:
        listener(app)
