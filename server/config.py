"""Configuration: read once from NQI_* variables, validated, frozen.

Every secret `NQI_X` may come from the file named by `NQI_X_FILE` instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

PLATFORM_API = "https://api.weixin.qq.com"
SIMULATOR_PATH = "/dev/wechat"
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
MIN_SECRET_KEY = 32
MOST_DIGITS = 9
# Values that stand in examples; nobody may go live with them.
SAMPLES = re.compile(
    r"change[-_ ]?me|(my[-_])?(test|sample|example|demo|secret|your)[-_ ]?"
    r"(token|secret|key|password)|(test|sample|example|demo|secret|token|password|xxx+)$",
    re.IGNORECASE,
)
# The alphabet in order, from the platform's own documents.
SAMPLE_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
DATA = Path(__file__).parent / "data"


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
    rate_limit_factor: int
    secret_key: str = field(repr=False)
    files_dir: Path
    platform_file: Path
    templates_file: Path
    menu_file: Path
    official: AppCredentials
    miniapp: AppCredentials
    wechat_api_base: str
    sends_a_minute: int
    context_minutes: int
    takeover_minutes: int
    metrics_token: str = field(repr=False)

    @property
    def api_base(self) -> str:
        """Where WeChat's API is. An explicit address always wins; without one, only production
        talks to real people and everything else to the simulator."""
        if self.wechat_api_base:
            return self.wechat_api_base
        if self.env == "production":
            return PLATFORM_API
        return f"http://127.0.0.1:{self.port}{SIMULATOR_PATH}"


def load_config(environ: Mapping[str, str]) -> Config:
    """Read NQI_* variables. Raises ConfigError on a value that can't be meant."""
    read = _Reader(environ)
    env = read("ENV", "dev")
    if env not in ("dev", "production"):
        raise _wrong("ENV", "应为 dev 或 production", "must be dev or production")
    port = read.number("PORT", 8000, 1, 65535)
    config = Config(
        env=cast(Literal["dev", "production"], env),
        database_url=_database_url(read("DATABASE_URL", "sqlite://var/nqi.sqlite3")),
        redis_url=_redis_url(read("REDIS_URL")),
        public_url=_address("PUBLIC_URL", read("PUBLIC_URL", f"http://127.0.0.1:{port}")),
        host=read("HOST", "127.0.0.1"),
        port=port,
        workers=read.number("WORKERS", 1, 1, 64),
        trusted_proxies=_networks(read("TRUSTED_PROXIES")),
        rate_limit_factor=read.number("RATE_LIMIT_FACTOR", 1, 1, 1000),
        secret_key=read("SECRET_KEY"),
        files_dir=Path(read("FILES_DIR", "var/files")),
        platform_file=_file("PLATFORM_FILE", read("PLATFORM_FILE"), DATA / "platform.demo.toml"),
        templates_file=_file(
            "TEMPLATES_FILE", read("TEMPLATES_FILE"), DATA / "templates.demo.toml"
        ),
        menu_file=_file("MENU_FILE", read("MENU_FILE"), DATA / "menu.demo.toml"),
        official=read.credentials("WECHAT"),
        miniapp=read.credentials("MINIAPP"),
        wechat_api_base=_address("WECHAT_API_BASE", read("WECHAT_API_BASE")),
        sends_a_minute=read.number("SENDS_A_MINUTE", 600, 1, 100_000),
        context_minutes=read.number("CONTEXT_MINUTES", 120, 1, 10_000),
        takeover_minutes=read.number("TAKEOVER_MINUTES", 30, 1, 10_000),
        metrics_token=read("METRICS_TOKEN"),
    )
    shared = not config.redis_url or config.database_url.startswith("sqlite:")
    if config.workers > 1 and shared:
        raise _wrong(
            "WORKERS",
            "大于 1 时需要 PostgreSQL 和 Redis（NQI_DATABASE_URL、NQI_REDIS_URL）",
            "more than one worker needs PostgreSQL and Redis",
        )
    return config


def require_credentials(config: Config) -> None:
    """What `serve` and `worker` need of WeChat. Raises ConfigError."""
    for prefix, credentials in (("WECHAT", config.official), ("MINIAPP", config.miniapp)):
        if not credentials.appid:
            raise _wrong(f"{prefix}_APPID", "不能为空", "must not be empty")
        if not credentials.secret:
            raise _wrong(f"{prefix}_SECRET", "不能为空", "must not be empty")
        if not credentials.token:
            raise _wrong(
                f"{prefix}_TOKEN",
                "不能为空，否则任何人都能伪造签名",
                "must not be empty, or anybody could forge signatures",
            )
        if not AES_KEY.fullmatch(credentials.aes_key):
            raise _wrong(
                f"{prefix}_AES_KEY",
                "应为 43 位字母和数字",
                "must be 43 characters of [A-Za-z0-9]",
            )
    if len(config.secret_key) < MIN_SECRET_KEY:
        raise _wrong(
            "SECRET_KEY",
            f"至少 {MIN_SECRET_KEY} 个字符",
            f"must have at least {MIN_SECRET_KEY} characters",
        )
    if config.env == "production":
        _refuse_samples(config)
        _refuse_demo(config)


def _refuse_samples(config: Config) -> None:
    secrets = {
        "SECRET_KEY": config.secret_key,
        "WECHAT_SECRET": config.official.secret,
        "WECHAT_TOKEN": config.official.token,
        "WECHAT_AES_KEY": config.official.aes_key,
        "MINIAPP_SECRET": config.miniapp.secret,
        "MINIAPP_TOKEN": config.miniapp.token,
        "MINIAPP_AES_KEY": config.miniapp.aes_key,
    }
    if config.metrics_token:
        secrets["METRICS_TOKEN"] = config.metrics_token
    for name, value in secrets.items():
        if SAMPLES.match(value) or value == SAMPLE_KEY or len(set(value)) < 3:
            raise _wrong(name, "是示例值，请换成自己的", "is a sample value, use your own")


def _refuse_demo(config: Config) -> None:
    """What would run, but tell people wrong addresses and demo names."""
    if not config.public_url.startswith("https://"):
        raise _wrong("PUBLIC_URL", "生产环境应为 https 地址", "must be https in production")
    if config.wechat_api_base.startswith("http://"):
        raise _wrong("WECHAT_API_BASE", "生产环境应为 https 地址", "must be https in production")
    for name, path in (
        ("PLATFORM_FILE", config.platform_file),
        ("TEMPLATES_FILE", config.templates_file),
    ):
        if path.parent == DATA:
            raise _wrong(name, "生产环境不能用演示文件", "must not be the demo file in production")


def _wrong(name: str, chinese: str, english: str) -> ConfigError:
    return ConfigError(f"配置 NQI_{name} {chinese} / NQI_{name} {english}")


class _Reader:
    """Reads NQI_X, or the file that NQI_X_FILE names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, default: str = "") -> str:
        path = self._environ.get(f"NQI_{name}_FILE")
        if path:
            try:
                return Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise _wrong(f"{name}_FILE", "指向的文件读不了", "can't be read") from error
        return self._environ.get(f"NQI_{name}", "").strip() or default

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self(name, str(default))
        digits = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
        if not digits or not least <= int(text) <= most:
            raise _wrong(
                name, f"应为 {least} 到 {most} 的整数", f"must be a whole number, {least} to {most}"
            )
        return int(text)

    def credentials(self, prefix: str) -> AppCredentials:
        return AppCredentials(
            appid=self(f"{prefix}_APPID"),
            secret=self(f"{prefix}_SECRET"),
            token=self(f"{prefix}_TOKEN"),
            aes_key=self(f"{prefix}_AES_KEY"),
        )


def _database_url(url: str) -> str:
    if not url.startswith(("sqlite://", "postgres://", "postgresql://")):
        raise _wrong(
            "DATABASE_URL",
            "应以 sqlite:// 或 postgres:// 开头",
            "must begin with sqlite:// or postgres://",
        )
    return url.replace("postgresql://", "postgres://", 1)


def _redis_url(url: str) -> str:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise _wrong(
            "REDIS_URL", "应以 redis:// 开头或留空", "must begin with redis:// or be empty"
        )
    return url


def _address(name: str, url: str) -> str:
    try:
        usable = not url or (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname)
    except ValueError:
        usable = False
    if not usable:
        raise _wrong(name, "应为 http(s) 地址", "must be an http(s) address")
    return url.rstrip("/")


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise _wrong(
            "TRUSTED_PROXIES", "应为逗号分隔的地址或网段", "must be addresses or networks"
        ) from error


def _file(name: str, text: str, default: Path) -> Path:
    path = Path(text) if text else default
    if not path.is_file():
        raise _wrong(name, "指向的文件不存在", "names no file")
    return path
