"""The command `menu`: look at the official account's menu file, or push it to the platform."""

import argparse
import asyncio
import os

import httpx

from handlers.conversation import MENU_WORDS
from models.clock import clock
from server.config import Config, ConfigError, load_config
from server.dev import dev_config
from server.say import say, say_error
from server.wechat.advice import advise
from server.wechat.client import WeChatClient
from server.wechat.errors import PlatformError
from server.wechat.menu import Menu, load_menu
from server.wechat.tokens import MemoryTokenStore


def menu(arguments: argparse.Namespace) -> int:
    """`menu check` and `menu push`; 1 when the platform does not take it."""
    config = load_config(os.environ)
    found = load_menu(config.menu_file, keys=MENU_WORDS)
    if arguments.act == "check":
        say("\n".join(found.lines()))
        say("菜单文件没有问题 / the menu file is in order")
        return 0
    # Without credentials of its own, `dev` and this command share made-up ones.
    return asyncio.run(_push(dev_config(os.environ) if config.env == "dev" else config, found))


async def _push(config: Config, found: Menu) -> int:
    if not config.official.appid or not config.official.secret:
        raise ConfigError(
            "请先填写 NQI_WECHAT_APPID 和 NQI_WECHAT_SECRET / the account's credentials are missing"
        )
    if found.wants_miniapp and not config.miniapp.appid:
        raise ConfigError(
            "菜单里有小程序入口，请填写 NQI_MINIAPP_APPID，或删掉这一项"
            " / the menu opens the mini-program, whose appid is missing"
        )
    body = found.body(miniapp_appid=config.miniapp.appid, public_url=config.public_url)
    async with httpx.AsyncClient() as http:
        client = WeChatClient.of(config, http, tokens=MemoryTokenStore(), clock=clock)
        try:
            await client.create_menu(body)
        except PlatformError as error:
            say_error(f"菜单没有发布。{advise(error.reason)}")
            return 1
    say("菜单已发布。手机上重新进入公众号，5 分钟内看到；取消关注再关注，马上看到。")
    return 0
