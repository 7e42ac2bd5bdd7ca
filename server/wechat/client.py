"""The platform's HTTP API, as far as the product uses it.

Own and thin because wechatpy's client blocks the event loop, knows no timeout and shows the
secret in its errors (WECHAT.md, "wechatpy, as run here").
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx

from handlers.incoming import App
from models.clock import Clock
from server.config import AppCredentials, Config
from server.metrics import count_token_fetch
from server.wechat.errors import TokenDead, Unavailable
from server.wechat.replies import clean_text
from server.wechat.tokens import StillDead, StoreDown, TokenKeeper, TokenStore
from server.wechat.transport import (
    TIMEOUT,
    TOTAL_SECONDS,
    Media,
    Transport,
    api_name,
    parse,
    text_field,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SendResult:
    """A message that the platform took. message_id: "" where the API names none."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """Who logged in to the mini-program. unionid: "" if no Open Platform account joins the apps.

    session_key never leaves the server.
    """

    openid: str = field(repr=False)
    unionid: str = field(repr=False)
    session_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the platform thinks of a text. label: its number of the trouble, 100 for none."""

    passes: bool
    label: int


class WeChatClient:
    """Calls for both applications. Every method raises PlatformError and nothing else."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base: str,
        official: AppCredentials,
        miniapp: AppCredentials,
        tokens: TokenStore,
        clock: Clock,
        timeout: httpx.Timeout = TIMEOUT,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._transport = Transport(http, base=base, timeout=timeout, total_seconds=total_seconds)
        self._apps = {App.OFFICIAL: official, App.MINIAPP: miniapp}
        self._keeper = TokenKeeper(tokens, clock, self._fetch_token)

    @classmethod
    def of(
        cls,
        config: Config,
        http: httpx.AsyncClient,
        *,
        tokens: TokenStore,
        clock: Clock,
        total_seconds: float = TOTAL_SECONDS,
    ) -> Self:
        """A client for the platform and the two applications that the configuration names."""
        return cls(
            http,
            base=config.api_base,
            official=config.official,
            miniapp=config.miniapp,
            tokens=tokens,
            clock=clock,
            total_seconds=total_seconds,
        )

    async def send_custom_text(self, app: App, *, openid: str, text: str) -> SendResult:
        """Customer-service message. text: at most 2048 bytes of UTF-8, see `split_text`."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": clean_text(text)}}
        return await self._send(app, "/cgi-bin/message/custom/send", body)

    async def send_template(
        self,
        openid: str,
        *,
        template_id: str,
        data: Mapping[str, str],
        url: str = "",
        miniprogram: Mapping[str, str] | None = None,
    ) -> SendResult:
        """Template message of the official account; its outcome arrives as a SEND_REPORT.

        miniprogram: `appid` and `pagepath`; where given, it is opened instead of `url`.
        """
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": _values(data),
        }
        if url:
            body["url"] = url
        if miniprogram:
            body["miniprogram"] = dict(miniprogram)
        return await self._send(App.OFFICIAL, "/cgi-bin/message/template/send", body)

    async def send_subscribe(
        self, openid: str, *, template_id: str, data: Mapping[str, str], page: str = ""
    ) -> SendResult:
        """Subscription message of the mini-program; uses up one consent of the person."""
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": _values(data),
        }
        if page:
            body["page"] = page
        return await self._send(App.MINIAPP, "/cgi-bin/message/subscribe/send", body)

    async def create_menu(self, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the official account's menu. buttons: see `server.wechat.menu.Menu.body`."""
        await self._send(App.OFFICIAL, "/cgi-bin/menu/create", {"button": list(buttons)})

    async def fetch_token(self, app: App) -> None:
        """Fetch an access token in normal mode, which disturbs nobody, if none is at hand."""
        await self._token(self._keeper.current(app))

    async def code_to_session(self, code: str) -> Session:
        """Exchange the mini-program's login code. Raises CodeRejected for a bad or used one."""
        reply = await self._exchange(App.MINIAPP, "/sns/jscode2session", "js_code", code)
        return Session(
            openid=text_field(reply, "openid", "jscode2session"),
            unionid=str(reply.get("unionid") or ""),
            session_key=text_field(reply, "session_key", "jscode2session"),
        )

    async def oauth_openid(self, code: str) -> str:
        """Exchange an OAuth code (snsapi_base) of WeChat's browser for the openid."""
        reply = await self._exchange(App.OFFICIAL, "/sns/oauth2/access_token", "code", code)
        return text_field(reply, "openid", "oauth2/access_token")

    async def unionid_of(self, openid: str) -> str:
        """A follower's unionid; "" for who does not follow or where no Open Platform account is."""
        path = "/cgi-bin/user/info"

        async def attempt(token: str) -> str:
            query = {"access_token": token, "openid": openid}
            reply = await self._transport.call("GET", path, query, with_token=True)
            return str(reply.get("unionid") or "")

        return await self._authorised(App.OFFICIAL, api_name(path), attempt)

    async def msg_sec_check(self, openid: str, text: str) -> Verdict:
        """The platform's opinion on a text, at most 2,500 characters, of somebody who used the
        mini-program within two hours; of others it has none (61010)."""
        path = "/wxa/msg_sec_check"
        # Scene 2: a comment, the nearest to a message.
        body = {"openid": openid, "version": 2, "scene": 2, "content": clean_text(text)}

        async def attempt(token: str) -> Verdict:
            query = {"access_token": token}
            reply = await self._transport.call("POST", path, query, body, with_token=True)
            match reply.get("result"):
                case {"suggest": "pass" | "review" | "risky" as suggest, "label": int(label)}:
                    return Verdict(passes=suggest == "pass", label=label)
            raise Unavailable(0, api_name(path), maybe_sent=False, detail="answer without verdict")

        return await self._authorised(App.MINIAPP, api_name(path), attempt)

    async def download_media(self, app: App, *, media_id: str, max_bytes: int) -> Media:
        """A file that a person sent, kept by the platform for 3 days. Raises TooLarge."""
        path = "/cgi-bin/media/get"
        api = api_name(path)

        async def attempt(token: str) -> Media:
            query = {"access_token": token, "media_id": media_id}
            media = await self._transport.request("GET", path, query, limit=max_bytes)
            if not media.may_be_json:
                return media
            # A fault comes with status 200 as JSON; so does a video, as an address.
            address = parse(media.content, api, with_token=True).get("video_url")
            # An answer must not steer this server to an address of its choice.
            if not isinstance(address, str) or not self._transport.trusts(address):
                raise Unavailable(0, api, maybe_sent=False, detail="answer is no file")
            return await self._transport.request("GET", address, {}, limit=max_bytes, api=api)

        media = await self._authorised(app, api, attempt)
        if not media.content or media.may_be_json:
            raise Unavailable(0, api, maybe_sent=False, detail="answer is no file")
        return media

    async def _send(self, app: App, path: str, body: Mapping[str, Any]) -> SendResult:
        api = api_name(path)

        async def attempt(token: str) -> SendResult:
            reply = await self._transport.call(
                "POST", path, {"access_token": token}, body, with_token=True
            )
            # Only the platform's explicit 0 says that it took the message.
            if "errcode" not in reply:
                raise Unavailable(0, api, maybe_sent=True, detail="answer without errcode")
            return SendResult(str(reply.get("msgid") or ""))

        return await self._authorised(app, api, attempt)

    async def _authorised(self, app: App, api: str, attempt: Callable[[str], Awaitable[T]]) -> T:
        """One attempt, and after a refused token one refresh and one more; then TokenDead."""
        token = await self._token(self._keeper.current(app))
        try:
            return await attempt(token)
        except TokenDead as error:
            code = error.code
        try:
            token = await self._token(self._keeper.replace(app, token))
        except StillDead:
            raise TokenDead(code, api) from None
        return await attempt(token)

    async def _token(self, obtaining: Awaitable[str]) -> str:
        try:
            return await obtaining
        except StoreDown:
            raise Unavailable(0, "token store", maybe_sent=False, detail="unreachable") from None
        except Unavailable as error:
            # The fetch may have had its effect; the call that wants the token has not.
            error.maybe_sent = False
            raise

    async def _fetch_token(self, app: App, force: bool) -> tuple[str, int]:
        count_token_fetch(app, forced=force)
        path = "/cgi-bin/stable_token"
        body = {
            "grant_type": "client_credential",
            "appid": self._apps[app].appid,
            "secret": self._apps[app].secret,
            "force_refresh": force,
        }
        reply = await self._transport.call("POST", path, {}, body, with_token=False)
        token = text_field(reply, "access_token", api_name(path))
        seconds = reply.get("expires_in")
        if not isinstance(seconds, int) or seconds <= 0:
            raise Unavailable(0, api_name(path), maybe_sent=True, detail="no expires_in")
        return token, seconds

    async def _exchange(self, app: App, path: str, name: str, code: str) -> dict[str, Any]:
        query = {
            "appid": self._apps[app].appid,
            "secret": self._apps[app].secret,
            name: code,
            "grant_type": "authorization_code",
        }
        return await self._transport.call("GET", path, query, with_token=False)


def _values(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"value": clean_text(value)} for name, value in data.items()}
