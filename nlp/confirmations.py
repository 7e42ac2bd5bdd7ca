"""Yes, no, stop, and "not that but this": what people say to a form that asks them back."""

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from nlp.text import fold

# A longer message says more than yes or no.
_LONGEST = 20
# 就 is none in 就这样.
_FILLER = (
    r"(?>我[要想都]?|那?就(?!这|是)|那|都|请|麻烦|帮我|还是|信息|谢谢[你您]?|多谢|辛苦了|麻烦了"
    r"|[吧啊呀哦啦哈呢嘛]|[\s,.;:。、!~…-])*"
)
_YES = (
    r"是[的滴]?|对[的滴]?|[嗯恩]|好[的了滴吧嘞哒呀啊]?|可以[的了]?|行[的了]?|没问题|没毛病|没错|正确|准确|无误|同意|确认|确定|提交"
    r"|就这样[了吧]?|就是这样|就这么[办定]吧?|需?要|okay|okk?|yes|[👌👍✅]|\[(?:ok|强|好的)\]"
)
_NO = (
    r"不是[的了]?|不对[的了]?|不要了?|不用了?|不行|不可以|不确[认定]|不提交|不同意|不正确|不需要|不了|不"
    r"|先不用?了?|算了|没有|否|别|有误|错了?|no"
)
_CANCEL = (
    r"取消[了掉]?(?:[这本]?[个次])?(?:填写|申请|办理|登记|预约)?|算了|退出|停止?(?:填写|办理)?|放弃|终止|不要了"
    r"|不再?(?:想|打算)?(?:办理?|租|用|填写?|约|送|检|做|弄|借|报|写|搞|订|买|测|校准|预约|申请|提交|继续)了"
)


def _whole(words: str) -> re.Pattern[str]:
    # Atomic: each place is looked at once, in however many ways it could be cut.
    return re.compile(rf"{_FILLER}(?>(?>{words}){_FILLER})+")


_ONLY_YES, _ONLY_NO, _ONLY_CANCEL = map(_whole, (_YES, _NO, _CANCEL))
_NO_VALUE = re.compile(rf"{_FILLER}(?>(?>{_YES}|{_NO}|{_CANCEL}){_FILLER})*")

# What forms ask for, by the names people use; a form may know others.
NAMES = (
    "数量", "台数", "份数", "瓶数", "样品数量", "样品数", "人数", "日期", "时间", "送样日期",
    "送样时间", "取样时间", "开始日期", "结束日期", "租期", "期限", "天数", "电话", "电话号码",
    "手机", "手机号", "手机号码", "联系电话", "联系方式", "号码", "联系人", "姓名", "名字",
    "单位", "单位名称", "公司", "公司名称", "企业", "企业名称", "地址", "样品", "样品名称",
    "产品", "产品名称", "设备", "仪器", "型号", "规格", "品牌", "项目", "检测项目", "用途",
    "备注",
)  # fmt: skip
# Before a label stands a clause's beginning, and what only leads to the name: 请把电话 -> 电话.
_CLAUSE = (
    r"(?:^|[,。!;:\s])(?:[我请要想能将把帮得那再]|麻烦|需要|可以|不对|不是|错了|不行|还是)*"
    r"(?P<label>[^,。!;:\s]{0,10}?)的?[:\s]*"
)
_INSTEAD = re.compile(
    r"(?:^|[,。!;\s])(?P<label>[^,。!;:\s]{0,8}?)不是(?P<old>[^,。!;]{1,20}?)[,。;\s]*[而应]?该?是(?P<words>.+)"
)
_CHANGED = re.compile(
    rf"{_CLAUSE}(?:改|换|更改|修改|变更|变|更正|更新|调整?)(?:一下)?(?:成了?|为|到|作)[:,\s]*(?P<words>.+)"
)
_SHOULD = re.compile(rf"{_CLAUSE}(?:应该[是为]|应[为是])[:,\s]*(?P<words>.+)")
_LOOK_AGAIN = re.compile(
    r"^[我请要想得]*(?:修改|更改|改(?!天)|换)(?:一下|下|个)?(?P<label>[一-龥]{0,6}?)[:,\s]+[是为成]?(?P<words>.+)"
)
_WRONG = re.compile(
    r"^(?:[哦啊呃]|不好意思)?[,\s]*(?:(?:不对|[搞写说弄填打]?错了|不是的?|更正|纠正|不不)"
    r"(?:[,。!:\s]+[是要]?|(?<!不是)是)|不[,。!\s]+[是要])(?P<label>)(?P<words>.+)"
)
_ASKS = re.compile(r"多少|什么|怎|如何|哪|谁|啥|咋|要不要|几[个台份点号天时]|是不是")
_AROUND = " ,.。!;:?吧了哈啊呢呀哦吗么"
_LONGEST_CORRECTION = 200
# Behind the value: 改成周四可以吗, 应该是周四，不是周三.
_BEHIND = re.compile(r"[,;\s]+而?不是.*|[,;\s]*(?:可以|行|好|成)[吗么不][?]*$")
_SAID_TO_BE = re.compile(r"\s*(?:[是为:=]|写错了|不对|错了)[,:\s]*(?:应该)?是?\s*")
_COUNTS = re.compile(r"[量数期间话机号码式限]$")
_COUNTED = re.compile(r"\s*(?=[\d一二三四五六七八九十两半大这本下今明后周星礼])")


class Correction(Struct, frozen=True):
    """`words` hold the new value; `label` is the name of what changes, or "" where none is said."""

    label: str
    words: str


def find_yes_no(text: str) -> bool | None:
    """The answer, where the whole message is one: 好的谢谢, 对对对, 不用了.

    None for anything more ("不行，改成周四"), for questions, and for 取消 (see `is_cancel`).
    """
    plain = fold(text).strip()
    if not plain or len(plain) > _LONGEST:
        return None
    if _ONLY_YES.fullmatch(plain):
        return True
    return False if _ONLY_NO.fullmatch(plain) else None


def is_cancel(text: str) -> bool:
    """Whether the whole message gives the matter up: 取消, 不租了, 算了吧.

    Some of these are a no as well (算了, 不用了): the caller asks first which question was open.
    """
    plain = fold(text).strip()
    return len(plain) <= _LONGEST and _ONLY_CANCEL.fullmatch(plain) is not None


def find_correction(text: str, names: Collection[str] = NAMES) -> Correction | None:
    """What the text puts in the place of something said before.

    "不对，是下周四", "改成下周四", "不是下周三，是下周四" -> ("", "下周四");
    "日期改成下周四", "把电话改为139…", "数量3个" -> with the name before it. `names`: what the form
    calls its slots; a label that ends with none of them is left out, as it may be the old value.
    A request counts ("能改成周四吗"), a question doesn't ("改成哪天好？").
    """
    plain = fold(text)[:_LONGEST_CORRECTION]
    for pattern in (_INSTEAD, _CHANGED, _SHOULD, _LOOK_AGAIN, _WRONG):
        match = pattern.search(plain)
        if match is None:
            continue
        said, start = match["label"], match.start("words")
        if label := _longest(name for name in names if said.endswith(name)):
            return _correction(text, plain, label, start)
        if said and pattern in {_SHOULD, _LOOK_AGAIN}:
            return None  # 这个应该是合格的, 换了法人 要重新办证
        return _correction(text, plain, *_named(plain, start, names))
    label, start = _named(plain, 0, names)
    return _correction(text, plain, label, start) if label else None


def _named(plain: str, start: int, names: Collection[str]) -> tuple[str, int]:
    """The name with which `plain` goes on at `start`, and where its value begins; else "".

    Without 是 or a colon only 数量, 日期, 电话 and the like before a number or a day: 样品明天送
    names no value.
    """
    name = _longest(name for name in names if plain.startswith(name, start))
    if not name:
        return "", start
    end = start + len(name)
    value = _SAID_TO_BE.match(plain, end) or (_COUNTS.search(name) and _COUNTED.match(plain, end))
    return (name, value.end()) if value else ("", start)


def _longest(names: Iterable[str]) -> str:
    return max(names, key=len, default="")


def _correction(text: str, plain: str, label: str, start: int) -> Correction | None:
    words = _BEHIND.sub("", plain[start:]).rstrip(_AROUND)
    start += len(words) - len(words.lstrip(_AROUND))
    words = words.lstrip(_AROUND)
    if not words or _ASKS.search(plain) or _NO_VALUE.fullmatch(plain, start):
        return None
    return Correction(label, text[start : start + len(words)])
