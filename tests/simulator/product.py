"""A tiny product for trying the simulator: verifies with wechatpy, echoes, and calls back."""

import json
from typing import Any
from xml.sax.saxutils import escape

from sanic import HTTPResponse, Request, Sanic
from sanic.response import text
from wechatpy import parse_message
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from server.config import AppCredentials


class EchoProduct:
    """Answers `你说：…`; `answers` overrides the raw body, `received` keeps what came."""

    def __init__(self, official: AppCredentials, miniapp: AppCredentials) -> None:
        self.official = official
        self.miniapp = miniapp
        self.received: list[Any] = []
        self.raw: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[HTTPResponse] = []
        self.plain_reply = False

    def mount(self, app: Sanic[Any, Any]) -> None:
        """Add the two callback routes."""
        app.add_route(self.on_official, "/wechat/callback", methods=["GET", "POST"])
        app.add_route(self.on_miniapp, "/wechat/miniapp/callback", methods=["GET", "POST"])

    async def on_official(self, request: Request) -> HTTPResponse:
        """XML in, echo out, in the mode of the message."""
        query = {name: str(request.args.get(name)) for name in request.args}
        credentials = self.official
        check_signature(credentials.token, query["signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            return text(query["echostr"])
        self.raw.append((query, request.body))
        if self.answers:
            return self.answers.pop(0)
        body: Any = request.body
        crypto = None
        if "msg_signature" in query:
            crypto = WeChatCrypto(credentials.token, credentials.aes_key, credentials.appid)
            body = crypto.decrypt_message(
                body, query["msg_signature"], query["timestamp"], query["nonce"]
            )
        message = parse_message(body)
        self.received.append(message)
        if message.type != "text":
            return text("success")
        reply = create_reply(f"你说：{message.content}", message).render()
        if crypto is not None and not self.plain_reply:
            reply = crypto.encrypt_message(reply, query["nonce"], query["timestamp"])
        return text(reply, content_type="text/xml")

    async def on_miniapp(self, request: Request) -> HTTPResponse:
        """JSON in, success out."""
        query = {name: str(request.args.get(name)) for name in request.args}
        check_signature(self.miniapp.token, query["signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            return text(query["echostr"])
        body = json.loads(request.body)
        if "Encrypt" in body and "MsgType" not in body:
            crypto = WeChatCrypto(self.miniapp.token, self.miniapp.aes_key, self.miniapp.appid)
            body = json.loads(PrpCrypto(crypto.key).decrypt(body["Encrypt"], self.miniapp.appid))
        self.received.append(body)
        if self.answers:
            return self.answers.pop(0)
        return text("success")


def passive_text(message: Any, content: str) -> str:
    """A plaintext passive reply, escaped instead of CDATA."""
    return (
        f"<xml><ToUserName>{message.source}</ToUserName><FromUserName>{message.target}"
        f"</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>"
        f"<Content>{escape(content)}</Content></xml>"
    )
