"""Structured logs on standard error; standard output belongs to the commands' results."""

import logging
import sys
import traceback
from types import TracebackType
from typing import TextIO

import structlog


class _NamedLogger(structlog.PrintLogger):
    """A PrintLogger that knows which module speaks, for `add_logger_name`."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__(stream)
        self.name = name


def setup_logs(*, production: bool, stream: TextIO | None = None) -> None:
    """JSON lines in production, readable lines elsewhere; libraries' lines too, from WARNING on.

    httpx logs whole URLs, with tokens, at INFO: it may only speak up at WARNING.
    """
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_told),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if production
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda name: _NamedLogger(stream, name),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _first_line],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _told(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None],
) -> str:
    """The traceback of an error and of what caused it; of each error's text the first line only.

    In the lines after it PostgreSQL quotes values and whole rows: openids, telephones, questions.
    """
    parts = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        text = str(error).partition("\n")[0]
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{type(error).__qualname__}: {text}")
        hidden = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or hidden
    return "\nbecause of\n".join(parts)


def _first_line(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """asyncio shows a lost task's error with all its text after the first line."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event
