"""What people send that is no question: places, links, files, films, cards, stickers. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers import sites, wording
from handlers.platform import Platform
from handlers.worktime import is_open
from models.conversations import Kind

# WeChat's own faces arrive as their names in brackets.
_FACES = (
    "微笑 撇嘴 色 发呆 得意 流泪 害羞 闭嘴 睡 大哭 尴尬 发怒 调皮 呲牙 惊讶 难过 酷 冷汗 抓狂 吐"
    " 偷笑 愉快 可爱 白眼 傲慢 饥饿 困 惊恐 流汗 憨笑 悠闲 大兵 奋斗 咒骂 疑问 嘘 晕 折磨 疯了 衰"
    " 骷髅 敲打 再见 擦汗 抠鼻 鼓掌 糗大了 坏笑 左哼哼 右哼哼 哈欠 鄙视 委屈 快哭了 阴险 亲亲 吓"
    " 可怜 菜刀 西瓜 啤酒 篮球 乒乓 咖啡 饭 猪头 玫瑰 凋谢 嘴唇 爱心 心碎 蛋糕 闪电 炸弹 刀 足球"
    " 瓢虫 便便 月亮 太阳 礼物 拥抱 强 弱 握手 胜利 抱拳 勾引 拳头 差劲 爱你 NO OK 爱情 飞吻 跳跳"
    " 发抖 怄火 转圈 磕头 回头 跳绳 投降 激动 乱舞 献吻 左太极 右太极 嘿哈 捂脸 奸笑 机智 皱眉 耶"
    " 吃瓜 加油 汗 天啊 Emm 社会社会 旺柴 好的 打脸 哇 翻白眼 666 让我看看 叹气 苦涩 裂开 囧 笑脸"
    " 生病 脸红 破涕为笑 恐惧 失望 无语 合十 庆祝 红包 發 福 烟花 爆竹 动画表情 表情"
)
_FACE = re.compile(
    r"\[(?:" + "|".join(sorted(map(re.escape, _FACES.split()), key=len, reverse=True)) + r")\]"
)
# Emoji, and what glues them together or colours them. No digits, so "1️⃣" stays an answer.
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2300-\u23ff\u2600-\u27bf"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\u200d\ufe0e\ufe0f]"
)
# What WeChat writes in place of a message of a kind that accounts don't get.
_UNSUPPORTED = re.compile(r"^[\[【]收到不支持的消息类型，?暂无法显示[\]】]$")


def reply_to(
    kind: Kind, payload: Mapping[str, Any], text: str, platform: Platform, now: datetime
) -> str:
    """What to say to a message that asks nothing in words; "" where its text is to be read.

    payload: the message's fields as received. text: what it says in words, or its title.
    """
    title = wording.excerpt(text, 30)
    match kind:
        case Kind.LOCATION:
            return _where(payload, platform, now)
        case Kind.LINK:
            return wording.got_link(title)
        case Kind.FILE:
            return wording.got_file(title)
        case Kind.VIDEO:
            return wording.GOT_VIDEO
        case Kind.CARD:
            return wording.got_card(title)
        case Kind.TEXT:
            return _wordless(text.strip())
        case _:
            return ""


def _wordless(text: str) -> str:
    if not text:
        return wording.EMPTY
    if _UNSUPPORTED.match(text):
        return wording.UNSUPPORTED
    bare = _EMOJI.sub("", _FACE.sub("", text))
    return wording.STICKER if bare != text and not bare.strip(" \t\n!！~～。.,，?？…") else ""


def _where(payload: Mapping[str, Any], platform: Platform, now: datetime) -> str:
    """The nearest site; without coordinates on either side, all addresses."""
    if not platform.sites:
        return wording.no_sites(platform.service_phone)
    latitude = sites.degrees(payload.get("Location_X"), 90)
    longitude = sites.degrees(payload.get("Location_Y"), 180)
    found = (
        sites.nearest(platform.sites, latitude, longitude)
        if latitude is not None and longitude is not None
        else []
    )
    hours = wording.opening(platform.hours_text(), is_open=is_open(now, platform.spans))
    if not found:
        return wording.all_sites([(s.name, s.address, s.phone) for s in platform.sites], hours)
    kilometres, site = found[0]
    others = [(other.name, far) for far, other in found[1:3]]
    return wording.nearest_site(
        site.name, site.address, site.phone, kilometres=kilometres, hours=hours, others=others
    )
