"""What the service says. Every sentence of ours to a user stands here or in the knowledge."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.clock import SHANGHAI
from models.outbox import Notice

WEEKDAYS = "一二三四五六日"

GREETING = (
    "您好，这里是质量基础设施“一站式”服务。\n"
    "直接打字问，比如：\n"
    "· 桶装水铜绿超标怎么办\n"
    "· GB 7718 新版什么时候实施\n"
    "· 送检要多少样品、几天出报告\n"
    "需要人工随时回复“转人工”。"
)
TYPE_PLEASE = "语音没有识别出文字，麻烦打字说一下，好吗？"
SAY_WHAT_PICTURE = "图片收到了。请再用一句话说明它是什么、想问什么。"
GOT_FILE = "收到了。请再用一句话说明想问什么。"
PICTURE_NOTED = "［提问人发来一张图片，内容请以文字为准］"
ADD_WHAT = "请在“补充”后面写上内容，例如：补充：样品是18.9升桶装水。"
EMPTY = "没有看到文字内容。请直接打字提问，或回复“转人工”。"
TEXT_TOO_LONG = "内容有点长，请挑最要紧的一件事，用一两句话说。"
ON_DUTY = "已设为值班，新工单会转给您。下班时回复“下班”。"
OFF_DUTY = "已设为不值班，暂时不再给您转新工单。上班时回复“上班”。"
BACK = "好的。请换个说法再问一次，或回复“转人工”。"
HUMAN_WITHOUT_QUESTION = "用户要求转人工"
NOT_RECOGNISED = "我没有听懂。请说得具体一点，比如产品和项目，或回复“转人工”。"
OPTIONS_TAIL = "回复数字即可，都不是请回 0。"
NO_TICKETS = "没有查到您名下的工单。直接说事情，我帮您登记。"
LATE_PREFIX = "（可能重复）"


def promise(moment: datetime, now: datetime) -> str:
    """A deadline as people say it: 预计今天16:00前回复, 预计11月25日（周三）10:30前回复.

    A deadline that has passed is not repeated as a promise.
    """
    if moment < now:
        return "已超过承诺时限，已催办"
    local, today = moment.astimezone(SHANGHAI), now.astimezone(SHANGHAI).date()
    if local.date() == today:
        day = "今天"
    elif local.date() == today + timedelta(days=1):
        day = "明天"
    else:
        day = f"{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）"
    return f"预计{day}{local:%H:%M}前回复"


def stamp(moment: datetime) -> str:
    """A moment for people: 11月23日 14:05."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def options(question: str, labels: list[str]) -> str:
    """A question back with typed numbers."""
    lines = [f"{i}. {label}" for i, label in enumerate(labels, 1)]
    return "\n".join([question, *lines, OPTIONS_TAIL])


def assigned(topic_label: str, name: str, number: str, promised: str) -> str:
    """The question went to somebody on duty."""
    return (
        f"已转{topic_label}专员{name}，单号{number}，{promised}。\n"
        "答复会发到这里；要补充请回复“补充”加内容。"
    )


def parked(number: str, promised: str) -> str:
    """The question is registered; nobody is on duty now."""
    return (
        f"已登记，单号{number}。现在没有专员值班，上班后优先处理，{promised}。\n"
        "答复会发到这里；要补充请回复“补充”加内容。"
    )


def already(number: str, state_label: str, promised: str) -> str:
    """Asked for a person again while the first request is still open."""
    return (
        f"您的问题已在处理：单号{number}，{state_label}，{promised}。\n要补充请回复“补充”加内容。"
    )


def added(number: str) -> str:
    """Something was added to an open ticket."""
    return f"已补充到工单{number}，专员能看到。"


def picture_noted(number: str) -> str:
    """A picture came while a ticket is open; the picture itself is not shown to staff yet."""
    return f"已在工单{number}里注明您发了图片。专员暂时看不到图片本身，请再用文字说明要点。"


def answer(question: str, text: str, name: str, number: str) -> str:
    """A specialist's answer, quoting the question it answers."""
    return f"【专员答复】\n您问：“{excerpt(question, 60)}”\n\n{text}\n\n——{name}，单号{number}"


def progress(rows: list[tuple[str, str, str, str]]) -> str:
    """The asker's own tickets: (number, state label, question, promise or "")."""
    lines = [
        f"{number} {state}：{excerpt(question, 20)}" + (f"，{promised}" if promised else "")
        for number, state, question, promised in rows
    ]
    return "\n".join(["您最近的工单：", *lines, "要问的不在里面？请回复“转人工”。"])


def excerpt(text: str, length: int) -> str:
    """`text` on one line, at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


STAFF_NOTICE_TITLES = {
    Notice.TICKET_ASSIGNED: "您有新工单",
    Notice.TICKET_MESSAGE: "工单有补充",
    Notice.TICKET_OVERDUE: "工单已超时",
    Notice.TICKET_PARKED: "工单待分派",
}


def staff_notice(notice: Notice, payload: Mapping[str, Any], url: str) -> str:
    """A notice to staff as a customer-service message."""
    return (
        f"【{STAFF_NOTICE_TITLES[notice]}】{payload['number']} {payload['topic']}\n"
        f"{excerpt(str(payload['question']), 60)}\n打开处理：{url}"
    )


# Several texts in one customer-service message.
BETWEEN_REPLIES = "\n\n————————\n\n"


def replies(texts: list[str], *, waited: bool) -> str:
    """One text as it is; several, or what has waited for a contact, under a heading."""
    if len(texts) == 1 and not waited:
        return texts[0]
    return f"您有 {len(texts)} 条回复：\n\n" + BETWEEN_REPLIES.join(texts)
