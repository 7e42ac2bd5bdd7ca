"""WeChat itself: whether it gives us an access token, which tells most of what can be wrong."""

import httpx

from handlers.incoming import App
from models.clock import clock
from server.config import Config
from server.doctor.finding import LOOK_WITHIN, Finding, fine, reminder, trouble
from server.wechat.advice import advise
from server.wechat.client import WeChatClient
from server.wechat.errors import PlatformError
from server.wechat.tokens import MemoryTokenStore

NAMES = {App.OFFICIAL: "公众号接口", App.MINIAPP: "小程序接口"}


async def look_at_platform(config: Config, app: App) -> list[Finding]:
    """A token in normal mode: it disturbs nobody who uses the same account.

    A store of its own makes sure that the platform is really asked.
    """
    name = NAMES[app]
    credentials = config.official if app == App.OFFICIAL else config.miniapp
    if not credentials.appid or not credentials.secret:
        return [reminder(name, "没有填写 AppID 和 AppSecret，没有检查（只用 dev 时不需要）")]
    async with httpx.AsyncClient() as http:
        client = WeChatClient.of(
            config, http, tokens=MemoryTokenStore(), clock=clock, total_seconds=LOOK_WITHIN - 1
        )
        try:
            await client.fetch_token(app)
        except PlatformError as error:
            return [trouble(name, advise(error.reason))]
    return [fine(name)]
