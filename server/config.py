"""Configuration: read once from NQI_* variables, validated, frozen.

Every secret `NQI_X` may come from the file named by `NQI_X_FILE` instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

PLATFORM_API = "https://api.weixin.qq.com"
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
MIN_SECRET_KEY = 32


class ConfigError(Exception):
    """A setting is missing or wrong; str() is one sentence in Chinese and English."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Credentials of one WeChat application. An empty aes_key means plaintext mode."""

    appid: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `wechat_api_base` is "" when neither set nor implied (see `api_base`)."""

    env: Literal["dev", "production"]
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    host: str
    port: int
    workers: int
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    secret_key: str = field(repr=False)
    platform_file: Path
    templates_file: Path
    official: AppCredentials
    miniapp: AppCredentials
    wechat_api_base: str
