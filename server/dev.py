"""`python -m server dev`: the whole product on one machine with no credentials.

One process holds HTTP, worker and the WeChat simulator, so that one clock can be moved for all.
"""

import json
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from handlers import accounts
from handlers.conversation import MENU_WORDS
from handlers.knowledge import import_corpus
from handlers.platform import load_platform
from models import database
from models.accounts import StaffRole
from models.clock import Clock, clock
from nlp import load_packaged
from server.config import AppCredentials, Config, ConfigError, load_config
from server.wechat.menu import load_menu
from server.wechat.simulator import Person, Simulator, Template
from server.wechat.templates import load_templates

STATE = Path("var/dev.json")
LETTERS = string.ascii_letters + string.digits

CAST = (
    Person("oDemoXiaolin", "mDemoXiaolin", "uDemoXiaolin", "小林", "饮料厂质检员"),
    Person("oDemoAmei", "mDemoAmei", "uDemoAmei", "阿梅", "水厂化验员"),
    Person("oDemoWang", "mDemoWang", "uDemoWang", "王工", "检测专员"),
    Person("oDemoLi", "mDemoLi", "uDemoLi", "李工", "计量专员"),
    Person("oDemoZhou", "mDemoZhou", "uDemoZhou", "周工", "标准专员"),
    Person("oDemoWu", "mDemoWu", "uDemoWu", "吴敏", "质量服务专员"),
    Person("oDemoChen", "mDemoChen", "uDemoChen", "陈主任", "负责人"),
)
STAFF: tuple[tuple[str, str, StaffRole, list[str]], ...] = (
    (
        "oDemoWang",
        "王工",
        StaffRole.SPECIALIST,
        ["testing", "green_channel", "equipment_sharing", "quality_management", "supply_chain"],
    ),
    ("oDemoLi", "李工", StaffRole.SPECIALIST, ["metrology", "certification", "training"]),
    (
        "oDemoZhou",
        "周工",
        StaffRole.SPECIALIST,
        ["standards", "label_additive", "licensing", "brand"],
    ),
    ("oDemoWu", "吴敏", StaffRole.SERVICE_OFFICER, ["progress_query", "other/out_of_scope"]),
    ("oDemoChen", "陈主任", StaffRole.MANAGER, ["complaint"]),
)


def dev_config(environ: Mapping[str, str]) -> Config:
    """The configuration, with made-up credentials wherever none were given.

    An AES key that is given and empty means plaintext mode.
    """
    config = load_config(environ)
    if config.env == "production":
        raise ConfigError(
            "dev 只用于演示：NQI_ENV=production 时请用 serve"
            " / dev is for demonstration, use `serve` where NQI_ENV is production"
        )
    made = _made_up()
    return replace(
        config,
        secret_key=config.secret_key or made["secret_key"],
        official=_credentials(environ, "WECHAT", config.official, made["official"]),
        miniapp=_credentials(environ, "MINIAPP", config.miniapp, made["miniapp"]),
    )


def build_simulator(
    config: Config, *, cast: Sequence[Person] = CAST, clock: Clock = clock
) -> Simulator:
    """The platform's fake, knowing our templates, menu and sites' codes, and these people."""
    templates = {
        t.id: Template(t.id, t.title, {name: label for name, (label, _) in t.fields.items()})
        for t in load_templates(config.templates_file).all()
    }
    menu = load_menu(config.menu_file, keys=MENU_WORDS)
    sites = load_platform(config.platform_file).sites
    return Simulator(
        config.official,
        config.miniapp,
        clock,
        f"http://127.0.0.1:{config.port}",
        templates,
        cast=cast,
        menu=menu.body(miniapp_appid=config.miniapp.appid, public_url=config.public_url),
        scenes={site.code: site.name for site in sites if site.code},
    )


async def prepare(config: Config) -> None:
    """Bring the database up to date and fill it with knowledge and demo people."""
    await database.migrate(config.database_url)
    await database.connect(config.database_url)
    try:
        now = clock.now()
        await import_corpus(load_packaged(), now=now)
        for openid, name, role, topics in STAFF:
            await accounts.register_staff(name, openid=openid, role=role, topics=topics, now=now)
    finally:
        await database.disconnect()


def greeting(config: Config) -> str:
    """What `dev` prints: the addresses and what to try."""
    base = config.public_url
    return f"""
质量一站通（演示环境，数据均为演示）
  手机页面   {base}/dev/phone
  健康检查   {base}/healthz
可以试的事：
  1. 打开手机页面，以小林（饮料厂质检员）写：桶装水铜绿超标咋办 —— 当场答复标准、状态和限值
  2. 写：重金属四项打包多少钱 —— 转专员；
     切到王工（检测专员），点开通知卡片，接单、答复，再切回小林看答复
  3. 写：想租一台原子荧光 下周三 两天 —— 边聊边填表，中途可以问别的、改、取消、转人工
  4. 在手机页面把时间拨过 48 小时，或打开一个平台故障，再走一遍第 2 步
按 Ctrl+C 结束。
"""


def _made_up() -> dict[str, Any]:
    """Credentials of this working copy: made once, so that links and sessions survive a restart."""
    if STATE.is_file():
        kept: dict[str, Any] = json.loads(STATE.read_text("utf-8"))
        return kept
    made = {
        "secret_key": secrets.token_hex(32),
        "official": _random_credentials("wxdemoofficial"),
        "miniapp": _random_credentials("wxdemominiapp"),
    }
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.touch(mode=0o600)
    STATE.write_text(json.dumps(made), "utf-8")
    return made


def _random_credentials(appid: str) -> dict[str, str]:
    return {
        "appid": appid,
        "secret": secrets.token_hex(16),
        "token": secrets.token_hex(16),
        "aes_key": "".join(secrets.choice(LETTERS) for _ in range(43)),
    }


def _credentials(
    environ: Mapping[str, str], prefix: str, given: AppCredentials, made: Mapping[str, str]
) -> AppCredentials:
    plaintext = f"NQI_{prefix}_AES_KEY" in environ and not given.aes_key
    return AppCredentials(
        appid=given.appid or made["appid"],
        secret=given.secret or made["secret"],
        token=given.token or made["token"],
        aes_key="" if plaintext else given.aes_key or made["aes_key"],
    )
