"""Whole messages that ask something of the service itself, also misspelt: a person, a complaint,
progress, the services on offer, and the steps of an open form."""

import re
import unicodedata
from enum import Enum, auto
from functools import cache, lru_cache

from nlp import spelled
from nlp.confirmations import is_cancel


class Command(Enum):
    """What the words ask the service itself to do."""

    HUMAN = auto()
    COMPLAINT = auto()
    PROGRESS = auto()
    SERVICES = auto()
    RESUME = auto()
    ASIDE = auto()
    SKIP = auto()
    SWITCH = auto()
    WHY = auto()
    CANCEL = auto()
    PAUSE = auto()
    BOT = auto()


_END = r"[吧啊呀了嘛哈!！。.~～]*$"
_EXACT = {
    Command.HUMAN: r"(?:请|帮我|给我|我)?(?:转|找|要|接|叫|换)?(?:一下|个)?"
    r"(?:人工|真人|专员|客服|专家)+(?:服务|客服)?(?:在不在|在吗|有没有人|呢)?[?？]?",
    Command.COMPLAINT: r"(?:我?要?)投诉(?:一下|你们)?|投拆|投斥",
    Command.PROGRESS: r"(?:查|看)?(?:一下)?进度|我的(?:工单|申请)"
    r"|工单进度|申请进度|进度查询|查进度",
    Command.SERVICES: r"(?:我?(?:要|想))?(?:办(?:理)?(?:业务|事|服务)|申请服务)"
    r"|服务(?:列表|项目|大厅)|业务办理",
    Command.RESUME: r"(?:继续|接着)(?:填|办|申请|刚才的?)?|回到申请",
    Command.SKIP: r"跳过|略过|没有|无|不(?:知道|清楚|确定)|随便|(?:什么)?都(?:行|可以)"
    r"|待定|再说|暂无|不着?急|不赶(?:时间)?",
    Command.SWITCH: r"换|换(?:成)?(?:那个|这个|新的)|改办",
    Command.CANCEL: r"先?(?:不办|不交|不提交|别办|别交|作废)了?|撤销(?:申请)?",
    Command.PAUSE: r"我?(?:就|只|先)?是?(?:随便)?(?:问问|看看|了解一下)(?:而已)?|"
    r"(?:先|等会儿?|等一?下|回头|晚点|稍后)?(?:再)?(?:我)?(?:再)?"
    r"(?:想想|考虑考虑|考虑一下|看看再说|放一放|等等)(?:再说)?|(?:等会儿?|回头|晚点|稍后)再(?:说|填|办|来|弄)",
    Command.WHY: r"(?:为什么|为啥|干嘛|干吗|干什么)(?:要|用|问|填|留|写)?.{0,6}[?？]?",
    Command.BOT: r"结束(?:对话|会话|人工)?|退出人工|回到?(?:机器人|智能助手|助手)|机器人|智能助手",
}
_EXACT_RE = {command: re.compile(f"(?:{words}){_END}") for command, words in _EXACT.items()}
_ASIDE = re.compile(
    r"^(?:等等|等一?下|稍等|慢着)?[,，。 ]*(?:我?(?:先|想|要|再)){0,2}"
    r"问(?:你|您)?(?:一?[个下]|点)?(?:别的|其他的?|其它的?|另外(?:一个)?|另一个)"
    r"(?:问题|事情?)?[,，。:： ]*"
)
_MISSPELT = {
    Command.HUMAN: ("转人工", "人工", "人工服务", "人工客服", "找人工", "转专员", "转工人"),
    Command.COMPLAINT: ("投诉", "我要投诉"),
}
# One character of these may be wrong in any way: 转入工, 人工客报.
_LONG_ENOUGH = ("转人工", "人工服务", "人工客服")
_LONGEST_MISSPELT = 4
_SOUNDS_ALIKE = str.maketrans({"v": "u"})


# One text is looked at several times in a turn.
@lru_cache(maxsize=16)
def command_of(text: str) -> Command | None:
    """The command that these words are (the whole message), or None."""
    plain = half_width(text)
    for command, pattern in _EXACT_RE.items():
        if pattern.match(plain):
            return command
    if is_cancel(plain):
        return Command.CANCEL
    if _ASIDE.match(plain):
        return Command.ASIDE
    return _misspelt(plain)


def after_aside(text: str) -> str:
    """What is asked in the same breath: "先问个别的，几点下班" -> "几点下班"."""
    return _ASIDE.sub("", half_width(text), count=1).strip()


def half_width(text: str) -> str:
    """The text as commands and choices are compared."""
    return unicodedata.normalize("NFKC", text).strip()


def _misspelt(plain: str) -> Command | None:
    word = plain.rstrip("吧啊呀了嘛!！。. ").lower()
    if not word.isascii() and len(word) > _LONGEST_MISSPELT:
        return None
    sound = _alike(word if word.isascii() else spelled(word))
    for command, words in _MISSPELT.items():
        if sound and sound in _sounds(words):
            return command
    if any(len(right) == len(word) and _differences(right, word) == 1 for right in _LONG_ENOUGH):
        return Command.HUMAN
    return None


@cache
def _sounds(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_alike(spelled(word)) for word in words)


def _differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _alike(letters: str) -> str:
    """Pinyin without the differences that many people don't hear."""
    for long, short in ((" ", ""), ("'", ""), ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n")):
        letters = letters.replace(long, short)
    return letters.translate(_SOUNDS_ALIKE)
