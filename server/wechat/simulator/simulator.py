"""The Simulator: everything a person can do with a phone, on top of the platform's state."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from server.wechat.simulator.consent import Act
from server.wechat.simulator.errors import UsageError
from server.wechat.simulator.fields import Template
from server.wechat.simulator.journal import Delivery
from server.wechat.simulator.state import PlatformState

OtherKind = Literal["link", "file", "video", "miniprogrampage"]
# What they carry beside a title; nobody fetches any of it.
OTHERS: Mapping[OtherKind, Mapping[str, str]] = {
    "link": {"Description": "", "Url": "https://example.org/a"},
    "file": {"FileKey": "k1", "FileMd5": "d41d8cd98f00b204e9800998ecf8427e", "FileTotalLen": "9"},
    "video": {"MediaId": "video-1", "ThumbMediaId": "thumb-1"},
    "miniprogrampage": {"AppId": "wx1", "PagePath": "pages/index", "ThumbMediaId": "thumb-1"},
}


class Simulator(PlatformState):
    """WeChat in one object: the platform's servers and the people with their phones.

    An act takes the openid of the app it happens in, delivers the callback and returns its
    record. Each raises UsageError for an unknown openid.
    """

    async def say(self, openid: str, text: str) -> Delivery:
        """Write a text to the account (or to the mini-program's customer service)."""
        return await self.post(openid, "text", {"Content": text}, {"text": text})

    async def send_image(self, openid: str, body: bytes) -> Delivery:
        """Send a picture; raises PlatformError when it is none or too large."""
        media = self.media.put(body, self.clock.now())
        url = f"{self.media_base}/dev/wechat/media/{media.media_id}"
        fields = {"PicUrl": url, "MediaId": media.media_id}
        return await self.post(openid, "image", fields, {"media_id": media.media_id})

    async def send_voice(self, openid: str, body: bytes, recognised: str = "") -> Delivery:
        """Send a voice message; raises PlatformError when it is none or too large.

        recognised: what the platform made of it, where recognition is switched on.
        """
        media = self.media.put(body, self.clock.now(), "voice")
        form = media.content_type.partition("/")[2]
        fields = {"MediaId": media.media_id, "Format": form, "Recognition": recognised}
        text = f"[语音] {recognised}".strip()
        return await self.post(openid, "voice", fields, {"text": text})

    async def send_location(
        self, openid: str, latitude: float, longitude: float, label: str = ""
    ) -> Delivery:
        """Send a place, in GCJ-02 degrees."""
        fields = {
            "Location_X": f"{latitude:.6f}",
            "Location_Y": f"{longitude:.6f}",
            "Scale": "15",
            "Label": label,
        }
        return await self.post(openid, "location", fields, {"text": f"[位置] {label}".strip()})

    async def send_other(self, openid: str, kind: OtherKind, title: str = "") -> Delivery:
        """Send a link, a file, a film or a mini-program's card of this title."""
        fields = dict(OTHERS[kind]) | ({"Title": title} if kind != "video" else {})
        return await self.post(openid, kind, fields, {"text": f"[{kind}] {title}".strip()})

    async def post(
        self, openid: str, kind: str, fields: Mapping[str, Any], shown: Mapping[str, Any]
    ) -> Delivery:
        """Send a message of any kind; `shown` is what the phone displays."""
        app, _ = self.people.find(openid)
        self._open_window(openid, "message")
        self.note(openid, "out", "user", kind, shown)
        return await self.deliver(
            app, {**self.head(app, openid, kind), **fields, "MsgId": self.next_id()}
        )

    async def tap_menu_item(self, openid: str, item_id: str, content: str) -> Delivery:
        """Tap an item of a 菜单消息: it reads as a text, but counts as a click only."""
        app, _ = self.people.find(openid)
        self._open_window(openid, "click")
        self.note(openid, "out", "user", "text", {"text": content})
        fields = {"Content": content, "MsgId": self.next_id(), "bizmsgmenuid": item_id}
        return await self.deliver(app, {**self.head(app, openid, "text"), **fields})

    async def click_menu(self, openid: str, key: str) -> Delivery:
        """Tap a CLICK button of the account's menu."""
        self._open_window(openid, "click")
        return await self.event(openid, "CLICK", {"EventKey": key})

    async def view_menu(self, openid: str, url: str) -> Delivery:
        """Tap a VIEW button; the platform opens the page and reports it."""
        return await self.event(openid, "VIEW", {"EventKey": url}, seen=False)

    async def follow(self, openid: str, scene: str = "") -> Delivery:
        """Follow the account, by a QR code when `scene` is given."""
        _, user = self.people.find(openid)
        user.follower, user.followed_at = True, self.clock.now()
        self._open_window(openid, "follow")
        self.note(openid, "system", "system", "text", {"text": "你已关注该公众号"})
        extra = {"EventKey": f"qrscene_{scene}", "Ticket": f"ticket-{scene}"} if scene else {}
        return await self.event(openid, "subscribe", extra or {"EventKey": ""})

    async def scan(self, openid: str, scene: str) -> Delivery:
        """Scan a QR code of the account; who doesn't follow yet, follows by it."""
        if not self.people.find(openid)[1].follower:
            return await self.follow(openid, scene)
        self._open_window(openid, "scan")
        return await self.event(openid, "SCAN", {"EventKey": scene, "Ticket": f"ticket-{scene}"})

    async def unfollow(self, openid: str) -> Delivery:
        """Leave the account: no window stays open."""
        _, user = self.people.find(openid)
        user.follower, user.followed_at = False, None
        self.windows.close(openid)
        self.note(openid, "system", "system", "text", {"text": "你已取消关注"})
        return await self.event(openid, "unsubscribe", {"EventKey": ""}, seen=False)

    async def enter_session(self, openid: str, session_from: str = "") -> Delivery:
        """Open the mini-program's customer-service chat."""
        self._open_window(openid, "enter")
        return await self.event(openid, "user_enter_tempsession", {"SessionFrom": session_from})

    async def subscribe(
        self,
        openid: str,
        template_ids: Sequence[str],
        answer: Literal["accept", "reject"] = "accept",
    ) -> Delivery:
        """One tap on the consent popup for up to three templates of one kind."""
        templates = [self._template(template_id) for template_id in template_ids]
        if answer == "accept":
            self.credits.grant(openid, templates)
        titles = "、".join(template.title for template in templates)
        word = "同意" if answer == "accept" else "拒绝"
        self.note(openid, "system", "system", "text", {"text": f"你{word}接收：{titles}"})
        rows = [
            {"TemplateId": name, "SubscribeStatusString": answer, "PopupScene": "0"}
            for name in template_ids
        ]
        return await self._subscribe_event(openid, "Popup", rows)

    async def reject(self, openid: str, template_id: str) -> Delivery:
        """Turn a template off in the settings."""
        self.credits.revoke(openid, self._template(template_id))
        rows = [{"TemplateId": template_id, "SubscribeStatusString": "reject"}]
        return await self._subscribe_event(openid, "Change", rows)

    def login_code(self, openid: str) -> str:
        """What wx.login gives this person (the mini-program's openid)."""
        app, user = self.people.find(openid)
        if app != "miniapp":
            raise UsageError("wx.login 只在小程序里有")
        user.seen_in_miniapp = self.clock.now()
        return self.codes["login"].hand_out(openid, self.clock.now())

    def _open_window(self, openid: str, act: Act) -> None:
        app, user = self.people.find(openid)
        if app == "miniapp":
            user.seen_in_miniapp = self.clock.now()
        elif not user.follower and act == "message":
            raise UsageError("没有关注公众号，不能发消息")
        self.windows.opened(app, openid, act, self.clock.now())

    def _template(self, template_id: str) -> Template:
        try:
            return self.templates[template_id]
        except KeyError:
            raise UsageError(f"没有这个模板：{template_id!r}") from None

    async def _subscribe_event(
        self, openid: str, kind: str, rows: Sequence[Mapping[str, str]]
    ) -> Delivery:
        app, _ = self.people.find(openid)
        fields = (
            {"List": rows} if app == "miniapp" else {f"SubscribeMsg{kind}Event": {"List": rows}}
        )
        return await self.event(openid, f"subscribe_msg_{kind.lower()}_event", fields, seen=False)
