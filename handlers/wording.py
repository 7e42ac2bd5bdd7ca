"""What the service says. Every sentence of ours to a user stands here or in the knowledge."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from models.accounts import App
from models.clock import SHANGHAI
from models.conversations import Kind
from models.outbox import Notice
from models.ratings import Axis

WEEKDAYS = "一二三四五六日"

GREETING = (
    "您好，这里是质量基础设施“一站式”服务。\n"
    "直接打字问，比如：\n"
    "· 桶装水铜绿超标怎么办\n"
    "· GB 7718 新版什么时候实施\n"
    "办业务也直接说，比如：想租一台原子荧光 下周三 两天；不知道有什么，回复“办业务”。\n"
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


BOT_IS_BACK = "现在由智能助手接着为您服务。"
BOT_AGAIN = "好的，已回到智能助手。直接提问就行；要找人随时回复“转人工”。"
NOT_TAKEN = "现在就是智能助手在为您服务，直接提问就行。"
ALREADY_SUBMITTED = "刚才的申请已经提交，不用再确认。"
ASK_AWAY = "好的，您先问。"
FOR_A_PERSON = "这一条需要专员来答，已一并转办。"
NOTHING_MORE = "好的，专员会联系您。"
NOTHING_TO_GO_ON = "现在没有没填完的申请。要办业务回复“办业务”，有问题直接问。"
NOTHING_TO_CONFIRM = "好的。还有问题直接问；要办业务回复“办业务”。"
NO_ANSWER_YET = "没有找到您名下已答复的工单。没解决的是哪件事？直接说，我帮您查或转专员。"
WHAT_FOR = "收到。这是办哪件事用的？请连事情一起说，比如“送检，电话138……”；要办业务回复“办业务”。"
ADD_TO_FORM = "记在备注里了。"
WHICH_SERVICE = "可以办这些，回复数字或名称："
NOTHING_TO_CANCEL = "现在没有正在填的申请。"

# Forms
WHO = {
    "enterprise": ("企业", "您是哪家企业的？"),
    "phone": ("电话", "留一个电话？"),
}
# Answers to 您是哪家企业的 by who has none.
NO_ENTERPRISE = frozenset({"个人", "没有单位", "自己", "我自己", "个体", "无单位"})
NOTE = "还有什么要说的？没有就不用填。"
SAY_THE_SUM = "请直接说改成多少或改成什么，比如“人数改成4个”“产品改成矿泉水和茶饮料”。"
CHANGE_WHAT = "要改哪一项？直接说，比如“日期改成下周四”。不办了回“取消”。"
CONFIRM_HOW = "没看懂。确认提交请回“确认”，要改直接说改什么，不办了回“取消”。"
MAY_SKIP = "说不准就回“跳过”，专员再跟您商量。"
SAY_MORE = "没看明白，请用文字说一下。"
NOT_UNDERSTOOD = {
    "day": "没看出是哪一天。请说“明天”“下周三”或“12月3日”这样的日期。",
    "span": "没看出是多久。请说“两天”“半天”或“一周”。",
    "number": "没看出是多少。请回一个数，比如“3”。",
    "enterprise": "没看出是哪家企业。请只写单位名称；没有单位就回“个人”。",
    "phone": "这个号码好像不对。请回11位手机号，或带区号的座机。",
}


def back_to_bot(name: str) -> str:
    """The time of a specialist's conversation is up; said once, with the bot's next words."""
    return f"（{name}的人工会话已结束，现在由智能助手接着为您服务。找人随时回复“转人工”。）"


def begun(title: str, noted: list[tuple[str, str]]) -> str:
    """A form begins; what the first sentence already told is repeated."""
    head = f"好的，帮您登记{title}。随时可以回“取消”。"
    if not noted:
        return head
    return f"{head}\n已记下：" + "；".join(f"{label} {value}" for label, value in noted) + "。"


def summary(title: str, rows: list[tuple[str, str]]) -> str:
    """What was filled in, to be confirmed."""
    lines = [f"· {label}：{value}" for label, value in rows]
    return "\n".join(
        [
            f"请核对{title}：",
            *lines,
            "回复“确认”提交；要改直接说，比如“电话改成……”；不办了回“取消”。",
        ]
    )


def paused(title: str) -> str:
    """A form was put aside."""
    return f"好的，{title}先放着。想好了回复“继续”，不办了回“取消”。"


def cancelled(title: str) -> str:
    """A form was given up."""
    return f"好的，{title}已取消，没有提交任何内容。"


def reminder(title: str, asked: str, *, paused: bool) -> str:
    """After an answer in between: the form is still open."""
    if paused:
        return f"——\n{title}还没填完：回复“继续”接着填，不办了回“取消”。"
    if asked.startswith("请核对"):
        return f"——\n{title}还没提交：没问题请回“确认”，要改直接说，不办了回“取消”。"
    return f"——\n接着填{title}：{asked}"


def may_apply(title: str) -> str:
    """An offer after a question about a service."""
    return f"要直接办理，回复“申请{title}”。"


def busy(name: str) -> str:
    """The menu was used while a specialist has the conversation."""
    return f"现在由{name}为您服务。要办业务或自助查询，请先回复“结束对话”。"


def another_form(title: str, other: str, asked: str) -> str:
    """Another service is wanted while a form is open."""
    return f"{title}还没提交。要改办{other}，请回复“换”；不换就接着答：\n{asked}"


def needed(label: str, reason: str) -> str:
    """A slot that can't be skipped."""
    return f"{label}要填：{reason}"


def no_such_day(said: str) -> str:
    """30 February and the like."""
    return f"没有“{said}”这一天，请再看一下日期。"


def day_is_past(said: str) -> str:
    """A day that lies behind us."""
    return f"“{said}”已经过去了，请说今天以后的日期。"


def day_too_far(said: str) -> str:
    """A day more than a year ahead."""
    return f"“{said}”太远了，请说一年以内的日期。"


def number_out_of_range(label: str) -> str:
    """Zero, a fraction, or more than can be meant."""
    return f"{label}要是1以上的整数，请再说一次。"


def too_many_words(longest: int, length: int) -> str:
    """More than fits a slot."""
    return f"这一项最多{longest}字，现在{length}字，请说短一点。"


def choose_one(labels: list[str]) -> str:
    """None or several of the choices."""
    return f"请从{len(labels)}项里选一项，回复数字即可。"


def day_of_form(value: str) -> str:
    """2026-12-02 上午 as 12月2日（周三）上午."""
    day, _, more = value.partition(" ")
    parsed = date.fromisoformat(day)
    year = f"{parsed.year}年" if parsed.month == 1 else ""
    return f"{year}{parsed.month}月{parsed.day}日（周{WEEKDAYS[parsed.weekday()]}）{more}"


def unfinished(title: str, rows: list[tuple[str, str]], said: str) -> str:
    """A half-filled form as the question of a ticket."""
    told = "；".join(f"{label} {value}" for label, value in rows) or "还没有内容"
    return f"{title}（没填完，需要人工）：{told}\n{said}".strip()


def requested(title: str, rows: list[tuple[str, str]]) -> str:
    """A submitted form as the question of its ticket."""
    return "\n".join([f"申请{title}", *(f"{label}：{value}" for label, value in rows)])


def submitted(title: str, receipt: str) -> str:
    """A form was submitted; the receipt tells who has it and by when."""
    return f"{title}申请已提交。{receipt}"


def several(answers: list[tuple[str, str]]) -> str:
    """Several questions of one message with their answers."""
    return "\n\n".join(
        f"{number}）{excerpt(question, 30)}\n{text}"
        for number, (question, text) in enumerate(answers, 1)
    )


def closed_now(hours: str) -> str:
    """Outside the platform's hours."""
    return f"现在是休息时间，上班后优先处理（{hours}）。"


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


def no_such_option(number: int) -> str:
    """A number that is not on the list."""
    return f"没有第{number}项，请选："


def options(question: str, labels: list[str]) -> str:
    """A question back with typed numbers."""
    lines = [f"{i}. {label}" for i, label in enumerate(labels, 1)]
    return "\n".join([question, *lines, OPTIONS_TAIL])


def assigned(topic_label: str, name: str, number: str, promised: str, closed: str = "") -> str:
    """The question went to somebody on duty. closed: said where the platform is not open now."""
    return (
        f"已转{topic_label}专员{name}，单号{number}，{promised}。\n{closed}"
        "答复会发到这里；要补充请回复“补充”加内容。"
    )


def parked(number: str, promised: str, closed: str = "") -> str:
    """The question is registered; nobody is on duty now."""
    return (
        f"已登记，单号{number}。{closed or '现在没有专员值班，上班后优先处理。'}{promised}。\n"
        "答复会发到这里；要补充请回复“补充”加内容。"
    )


def with_specialist(name: str, number: str) -> str:
    """A person is called who is there already."""
    return f"{name}正在处理您的事，单号{number}，已再次提醒。"


def heard(name: str) -> str:
    """What was said went to the specialist."""
    return f"已发给{name}。"


def written(question: str, text: str, name: str, number: str) -> str:
    """A specialist writes and has not answered yet."""
    return (
        f"【专员{name}】{text}\n\n（您问：“{excerpt(question, 40)}”，单号{number}。"
        "直接在这里回复，专员能看到；不用了回“结束对话”。）"
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
    return (
        f"【专员答复】\n您问：“{excerpt(question, 60)}”\n\n{text}\n\n——{name}，单号{number}\n"
        "还有疑问直接在这里回复，专员能看到；问别的请先回“结束对话”。"
    )


def progress(rows: list[tuple[str, str, str, str]]) -> str:
    """The asker's own tickets: (number, state label, question, promise or "")."""
    lines = [
        f"{number} {state}：{excerpt(question, 20)}" + (f"，{promised}" if promised else "")
        for number, state, question, promised in rows
    ]
    return "\n".join(["您最近的工单：", *lines, "要问的不在里面？请回复“转人工”。"])


def link(words: str, url: str) -> str:
    """Words to tap in a text of the official account, whose addresses are too long to look at."""
    return f'<a href="{url}">{words}</a>'


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
        f"{excerpt(str(payload['question']), 60)}\n{link('打开处理', url)}"
    )


# Who people are and whom they work for: handlers/people.py, codes.py, enterprises.py.

ENTERPRISE_NAME = "企业名称请写2到{longest}个字，最好与营业执照一致。"
PHONE_WANTED = "请填写11位手机号，或带区号的座机号，例如 0599-8251234。"
NO_NAME = "未留姓名"
BY_ASKER = "提问人"
BY_COLLEAGUE = "同事补充"
CODE_MALFORMED = "绑定码是8位字母和数字，例如 ABCD-2345。请核对后回复“绑定”加上绑定码。"
CODE_WRONG = "绑定码不对，或已用过、已过期。请核对，或请对方重新发一个。"
ALREADY_BOUND = "已绑定，不用再绑定。"
JOINED = (
    "绑定成功。公众号和小程序现在是同一个账号，工单两边都能看到。\n"
    "如果不是您本人操作，请马上回复“转人工”。"
)
KEPT_APART = (
    "这个绑定码不能绑定到您的账号：它只用于同一个人的公众号和小程序。如有疑问，请回复“转人工”。"
)
MEMBERS_INVITE = (
    "只有已绑定企业的成员才能邀请同事。请先向已绑定的同事要邀请码，或联系平台工作人员要绑定码。"
)
TOO_MANY_INVITATIONS = "您有20个邀请码还没有人用。请先用完，或等它们过期（24小时）。"
LEAVE_FIRST = "您已绑定另一家企业。如果换了单位，请先回复“解绑”，再输入绑定码。"
HAS_LEFT = "已解绑。您只能看到自己提的工单，同事的工单不再显示。"
NO_FIRM = (
    "您还没有绑定企业。请向已绑定的同事要邀请码，或联系平台工作人员要绑定码，"
    "再回复“绑定”加上码，例如：绑定 ABCD2345。"
)
APP_NAMES = {App.OFFICIAL: "公众号", App.MINIAPP: "小程序"}


def masked(phone: str) -> str:
    """A telephone number as it is shown: 138****5678; "" for none."""
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""


def type_there(app: App) -> str:
    """A person typed the code where it was made."""
    other = next(name for one, name in APP_NAMES.items() if one != app)
    return f"这个绑定码是您自己的，请到{other}里输入。"


def code_to_join(code: str, app: App) -> str:
    """A code that joins this account to the same person's other one."""
    other = next(name for one, name in APP_NAMES.items() if one != app)
    return (
        f"您的绑定码：{code}，10分钟内有效，只能用一次。\n"
        f"请在{other}里输入它。只给自己用，不要发给别人。"
    )


def invitation(code: str, enterprise: str) -> str:
    """An invitation to pass on."""
    return (
        f"{enterprise}邀请同事绑定，邀请码：{code}，24小时内有效，只能一个人用一次。\n"
        f"请同事在公众号或小程序里回复：绑定 {code}。绑定后能看到本企业的工单，只发给本企业的人。"
    )


def first_code(code: str, enterprise: str, until: str) -> str:
    """Staff's code for the first member, on the console. until: a moment for people."""
    return (
        f"{enterprise}的绑定码：{code}，{until}前有效，只能一个人用一次。\n"
        f"请该企业的联系人在公众号或小程序里回复：绑定 {code}。之后由联系人邀请同事。"
    )


def too_many_tries(until: str) -> str:
    """Too many wrong codes. until: a moment for people."""
    return f"绑定码输错次数太多，请在{until}以后再试。也可以回复“转人工”。"


def confirmed(enterprise: str) -> str:
    """The person is a member from now on."""
    return (
        f"已绑定{enterprise}。从现在起，您和同事能看到彼此提的工单；您以前提的工单仍只有您能看到。\n"
        "邀请同事请回复“邀请同事”，离职请回复“解绑”。"
    )


def really_leave(enterprise: str) -> str:
    """Asked before somebody leaves."""
    return f"解绑{enterprise}后，您只能看到自己提的工单。确定请回复“确认解绑”。"


def unconfirmed(enterprise: str) -> str:
    """The person only typed the name."""
    return (
        f"您填写的单位：{enterprise}，还没有确认，只用来帮您填表。\n"
        "要和同事共享工单，请向已绑定的同事要邀请码，或联系平台工作人员要绑定码。"
    )


def member_of(enterprise: str, colleagues: int) -> str:
    """The person is a confirmed member. colleagues: the others."""
    return (
        f"您的企业：{enterprise}，已绑定，还有{colleagues}位同事。\n"
        "邀请同事请回复“邀请同事”，离职请回复“解绑”。"
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


# The end of a ticket, and its rating.

CLOSED_BY_ASKER = "提问人确认已解决"
CLOSED_BY_STAFF = "专员办结"
CLOSED_BY_TIME = "答复后没有新的补充，自动办结"
NOT_ANSWERED_YET = "这张工单还没有答复，不能办结。"
RATE_WHEN_CLOSED = "这张工单正在办理，办结后再评价。"
RATED_TOO_LATE = "办结超过7天，不能再评价或修改了。"
COMMENTED_ALREADY = "已经留过言了。"
BAD_SCORE = "评分应为1到5。"
NO_SCORE = "请至少评一项。"
SCORE_WORDS = {1: "很不满意", 2: "不满意", 3: "一般", 4: "满意", 5: "很满意"}
# What each axis is called, and asks.
AXES = {
    Axis.PROFESSIONALISM: ("专业性", "答得准不准，说得清不清"),
    Axis.TIMELINESS: ("及时性", "回得快不快"),
    Axis.INTEGRITY: ("廉洁性", "匿名计分，不对应单号，投后不能改"),
}
NOTHING_TO_RATE = "您现在没有可以评价的工单。办结后会请您评价。"
INTEGRITY_CAST = "已匿名提交，谢谢。"


def closed(number: str, url: str = "") -> str:
    """A ticket was closed: an invitation to rate it, and the way back."""
    invited = f"{link('点这里评价', url)}，三下就好。" if url else "请在工单里评价，三下就好。"
    return f"单号{number}已办结。这次服务怎么样？{invited}\n没解决？回复“没解决”加上情况，接着办。"


def rated(number: str, url: str) -> str:
    """Two axes were rated by word; the third is voted on apart."""
    page = link("点这里", url) if url else "在工单里"
    return f"谢谢，单号{number}的专业性、及时性已记下。廉洁性请{page}匿名评。"


def rating_ends(moment: datetime) -> str:
    """How long a rating may be changed."""
    return f"点一下就保存，{stamp(moment)}前可以改。"


def reopened(number: str, promised: str) -> str:
    """It was not solved: the ticket goes on."""
    return f"好的，单号{number}接着办，{promised}。"


def followed(number: str, new: str, name: str, promised: str) -> str:
    """It was not solved, and the ticket is too old: a new one goes on. name: "" for nobody."""
    whom = f"由专员{name}接着办" if name else "现在没有专员值班，上班后优先处理"
    return f"单号{number}答复已超过7天，给您新开了一张：单号{new}，{whom}，{promised}。"


def follow_up(number: str, question: str, text: str) -> str:
    """The question of a ticket that goes on with an older one."""
    return f"{text}\n（接单号{number}：{excerpt(question, 60)}）"


def kept_off_duty(name: str) -> str:
    """Why a reopened ticket stays with somebody who is not on duty."""
    return f"7天内重开，仍由{name}办理（现在不值班）"


def goes_on(number: str) -> str:
    """Why there is a second ticket about the same thing."""
    return f"接续单号{number}：答复已超过7天，新开一张"


def kept_specialist(name: str) -> str:
    """Why a following ticket goes to whom it goes."""
    return f"{name}办过上一张，现在值班"


# Several texts in one customer-service message.
BETWEEN_REPLIES = "\n\n————————\n\n"


def replies(texts: list[str], *, waited: bool) -> str:
    """One text as it is; several, or what has waited for a contact, under a heading."""
    if len(texts) == 1 and not waited:
        return texts[0]
    return f"您有 {len(texts)} 条回复：\n\n" + BETWEEN_REPLIES.join(texts)


# Content safety (handlers.safety, handlers.review)

TROUBLES = {
    "gambling": "赌博",
    "porn": "色情",
    "drugs": "毒品",
    "weapons": "枪支、爆炸物",
    "fraud": "诈骗、假证或买卖证件",
    "violence": "仇恨或暴力威胁",
    "state": "危害国家安全",
    "spam": "广告引流",
    "other": "违规",
}


def unfit(kind: str) -> str:
    """A form's text was refused. kind: a key of TROUBLES."""
    return f"没有提交：内容里好像有{TROUBLES[kind]}信息。请改一下再提交；如有误会，请打服务电话。"


def held(phone: str) -> str:
    """A message waits for review."""
    return (
        "这条内容要先由工作人员看过才能处理，已登记，请稍等。\n"
        f"要紧的事可以换个说法再发，或打服务电话 {phone}。"
    )


def turned_down(moment: datetime, phone: str) -> str:
    """A message was reviewed and will not be dealt with. moment: when it was sent."""
    return f"您在{stamp(moment)}发的那条内容不便处理。有事请换个说法再发，或打服务电话 {phone}。"


NOTHING_HELD = "没有找到这条待审核的内容。"
REVIEWED_ALREADY = "这条内容已有人处理过了。"


def sender(openid: str) -> str:
    """Who wrote a held message, masked: enough to see that two are of one person."""
    return f"用户****{openid[-4:]}"


# The forms as web pages (handlers.sheets)

STALE_PAGE = "这一页已过期，请从公众号里的链接重新打开。"
DEAD_FORM_LINK = "这个链接无效或已过期（2小时内有效）。请回公众号再说一次要办的事，会给您新的链接。"
_SKIP_IT = re.compile("[就了]?回“跳过”")


def also_on_page(url: str) -> str:
    """A form has begun in the chat; it can be filled in on a page as well."""
    return f"也可以{link('点开填表', url)}。"


def on_page(ask: str) -> str:
    """A question of the chat beside a field, which is skipped by leaving it empty."""
    return _SKIP_IT.sub("可以不填", ask)
