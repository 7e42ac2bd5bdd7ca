"""`doctor`: what is wrong, in plain Chinese, and what to do about it."""

import asyncio
from collections.abc import Mapping
from functools import partial

from handlers.incoming import App
from server.config import ConfigError, load_config
from server.doctor.finding import Finding, Weight, bounded, trouble
from server.doctor.platform import NAMES, look_at_platform
from server.doctor.settings import look_at_settings
from server.doctor.stores import look_at_database, look_at_redis

__all__ = ["Finding", "Weight", "diagnose"]


async def diagnose(environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything; never raises, never shows a secret, and waits seconds at most."""
    try:
        config = load_config(environ)
    except ConfigError as error:
        return [trouble("配置", str(error))]
    return [
        *look_at_settings(config),
        *(
            finding
            for group in await asyncio.gather(
                look_at_database(config),
                bounded("Redis", partial(look_at_redis, config)),
                *(bounded(NAMES[app], partial(look_at_platform, config, app)) for app in App),
            )
            for finding in group
        ),
    ]
