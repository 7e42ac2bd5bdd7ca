"""What the service says. Every sentence of ours to a user stands here or in the knowledge."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.clock import SHANGHAI
from models.conversations import Kind
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
TYPE_PLEASE = "语音收到了，但没有识别出文字，麻烦打字说一下，好吗？\n转人工时，录音会一起交给专员。"
SAY_WHAT_PICTURE = "图片收到了。请再用一句话说明它是什么、想问什么。"
PICTURE_NOTED = "［提问人发来一张图片］"
VOICE_NOTED = "［提问人发来一段语音］"
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
    """A picture came while a ticket is open."""
    return f"图片收到了，已放进工单{number}，专员能看到。要说明请回复“补充”加内容。"


def voice_noted(number: str) -> str:
    """Speech that nobody recognised came while a ticket is open."""
    return (
        f"语音收到了，已放进工单{number}，专员可以听。\n"
        "没有识别出文字；急的话，请回复“补充”再打一两句要点。"
    )


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


# Pictures and recordings (handlers.media)

MEDIA_WORDS = {Kind.IMAGE: "图片", Kind.VOICE: "语音"}
MEDIA_EXPIRED = "微信里的文件已过期（只保留3天）。"
MEDIA_FORGOTTEN = "30天没有用到，已删除。"
TICKET_IS_FULL = "这张工单的附件已满。"


def ticket_full(number: str) -> str:
    """The ticket takes no more files."""
    return f"工单{number}的附件已满，这一个没有存上。请用文字说明，或回复“补充”加内容。"


def media_too_large(limit: int) -> str:
    """A file over the limit, in bytes."""
    return f"文件太大，超过{limit // 1024 // 1024}MB。"


def media_unavailable(code: int) -> str:
    """The platform does not give the file. code: its errcode; 40007 when it is too old."""
    return MEDIA_EXPIRED if code == 40007 else f"微信没有给出这个文件（{code}）。"


def media_not_kept(kind: Kind, reason: str) -> str:
    """One line in a ticket's history. reason: a sentence."""
    return f"提问人发的{MEDIA_WORDS[kind]}没有存上：{reason}"


def size(count: int) -> str:
    """Bytes for people: 12 KB, 1.3 MB."""
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024))} KB"
    return f"{count / 1024 / 1024:.1f} MB"


# What is no question (handlers.oddments)

STICKER = "收到您的表情。有问题直接打字问，比如“桶装水铜绿超标怎么办”；需要人工，请回复“转人工”。"
UNSUPPORTED = "这种消息这里看不到。请把要问的打字发过来，或者拍一张照片。"
GOT_VIDEO = (
    "收到视频，不过这里看不了视频。请截一两张图发来，再打一句话说明想问什么；"
    "要专员处理，请回复“转人工”。"
)


def got_link(title: str) -> str:
    """A forwarded page; we open no addresses that strangers send."""
    return (
        f"收到您转发的链接{_quoted(title)}。这里打不开网页，"
        "请把想问的那一句打出来，比如“这里说的新标准什么时候实施”并写上标准号。"
    )


def got_file(title: str) -> str:
    """A document; the platform does not even hand it out."""
    return (
        f"收到文件{_quoted(title)}，不过这里读不了文件。"
        "请把要问的那几页拍照或截图发来，再打一句话说明想问什么；要专员处理，请回复“转人工”。"
    )


def got_card(title: str) -> str:
    """A mini-program's card."""
    return f"收到小程序卡片{_quoted(title)}，这里打不开。请把想问的直接打字发过来。"


def _quoted(title: str) -> str:
    return f"“{title}”" if title else ""


def distance(far: float) -> str:
    """A distance in km for people: 约 350 米, 约 2.3 公里, 约 120 公里."""
    if far < 0.95:
        return f"约 {max(50, round(far * 20) * 50)} 米"
    return f"约 {far:.1f} 公里" if far < 99.95 else f"约 {far:.0f} 公里"


def opening(hours: str, *, is_open: bool) -> str:
    """Opening hours, and whether it is worth setting off now."""
    return f"{hours}，{'现在在上班' if is_open else '现在不在上班时间'}"


def nearest_site(
    name: str,
    address: str,
    phone: str,
    *,
    kilometres: float,
    hours: str,
    others: list[tuple[str, float]],
) -> str:
    """The nearest site. others: name and distance of the next ones."""
    lines = [f"离您最近的是{name}，{distance(kilometres)}（直线距离）。", f"地址：{address}"]
    lines += [f"电话：{phone}"] if phone else []
    lines += [f"时间：{hours}"]
    lines += [f"另外还有：{other}，{distance(far)}" for other, far in others]
    return "\n".join(lines)


def all_sites(sites: list[tuple[str, str, str]], hours: str) -> str:
    """All sites as name, address, telephone or "", where nobody can say which is near."""
    lines = [
        f"· {name}：{address}" + (f"，电话 {phone}" if phone else "")
        for name, address, phone in sites
    ]
    return "\n".join(["位置收到了。我们的服务点：", *lines, f"时间：{hours}"])


def no_sites(phone: str) -> str:
    """The platform file names no place."""
    return f"位置收到了。现在没有登记服务点地址，请先打电话问：{phone}"


# Visits (handlers.visits)


def welcome(site: str) -> str:
    """The greeting of who scanned a site's code. site: its name."""
    return f"欢迎来到{site}，已为您登记来访。\n{GREETING}"
