"""A process that sends through a shared token: `python -m tests.faults.token_user`.

Each line of standard input is one order, each answered by one line: "send" by "sent" or the error's
name and code, "travel SECONDS" by "ok". Addresses come from the product's own variables.
"""

import asyncio
import os
import sys
from datetime import datetime, timedelta

import httpx
from redis.asyncio import Redis

from handlers.incoming import App
from models.clock import Clock
from server.config import load_config
from server.say import say
from server.wechat.client import WeChatClient
from server.wechat.errors import PlatformError
from server.wechat.tokens import RedisTokenStore


async def main(openid: str, moment: str) -> None:
    config = load_config(os.environ)
    clock = Clock()
    clock.freeze(datetime.fromisoformat(moment))
    redis = Redis.from_url(config.redis_url)
    async with httpx.AsyncClient() as http:
        client = WeChatClient.of(config, http, tokens=RedisTokenStore(redis), clock=clock)
        say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            say(await obey(line.split(), client, openid, clock))
    await redis.aclose()


async def obey(order: list[str], client: WeChatClient, openid: str, clock: Clock) -> str:
    if order[0] == "travel":
        clock.travel(timedelta(seconds=int(order[1])))
        return "ok"
    try:
        await client.send_custom_text(App.OFFICIAL, openid=openid, text="x")
    except PlatformError as error:
        return f"{type(error).__name__} {error.code}"
    return "sent"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
