"""How people write days: the patterns, over folded text, that nlp/when.py works out.

A recogniser that sees 说明天平 or 四周一圈 as a day does more harm than one that misses a rare
spelling: what merely looks like a day is excluded here, place by place.
"""

import re

from nlp.quantities import CLASSIFIER, read_number

_CN = "一二三四五六七八九十"
WEEK = r"(?:周|星期|礼拜)"
_YEAR = r"(?:(?P<year>今年|明年|后年|去年|前年|(?:(?:19|20)\d\d|\d\d) ?年) ?的? ?)?"
_MONTH = rf"(?<![\d.{_CN}])(?<!\d-){_YEAR}(?P<month>\d{{1,2}}|[{_CN}]{{1,3}}+) ?月(?:份)?"
_MONTH_BY_NAME = (
    r"(?P<which>这个?|(?<![样成版文])本|当|(?<!一)下下个?|(?<![一以])下个?|(?<![晚早以])上个?)月"
)
# Without 号 or 日 no number may go on, and nothing be counted: 12月3个样.
_DAY = (
    rf" ?的? ?(?:(?P<day>\d{{1,2}}|[{_CN}廿]{{1,3}}) ?[号日]"
    rf"|(?P<short>\d{{1,2}})(?![\d.:a-z%℃点时]| ?(?:{CLASSIFIER}|天|年|周|小时|个)))"
)
# 八月初一 is of another calendar.
_EDGE = rf"初(?![{_CN}])|底|末"
_PART_OF_MONTH = rf"的?(?P<period>上旬|中旬|下旬|{_EDGE})"
_WEEKDAY = (
    rf"(?P<weekday>[一二三四五](?!{CLASSIFIER}|天(?!气)|周|个|年|月)|六(?!福|{CLASSIFIER}|天|周|个)"
    r"|日(?![常均期程报])|天(?![气数平然])|末(?![梢端])"
    rf"|[1-7](?![\d.:点号月天周]| ?{CLASSIFIER}|个))"
)
# 早点 and 晚于 are no parts of a day.
_SHORT_PART = r"早(?![点些于日期])|晚(?![点些于])|晨"
_PARTS = (
    r"早上|早晨|清晨|凌晨|上午|中午|午后|下午|傍晚|晚上|晚间|夜里"
    rf"|{_SHORT_PART}"
)
_HOUR = rf"(?:2[0-4]|1\d|0?\d|[{_CN}两]{{1,3}})"
_CLOCK = (
    rf"(?P<hour>{_HOUR})(?:[点时](?!间|候)(?:钟|整|(?P<half>半)|(?P<quarter>[一三])刻"
    rf"|(?P<minute>[0-5]?\d(?= ?分)|[0-5]\d(?!\d| ?{CLASSIFIER})|[二三四五]?十[{_CN}]?)(?: ?分)?)?"
    r"|:(?P<digits>[0-5]\d)(?::[0-5]\d)?(?!\d))"
)

# Behind a day: a part of it and a time. Both match nothing as well.
TAIL = re.compile(rf"(?:[ ,]?的?(?P<part>{_PARTS}))?(?:[ ,]?(?P<clock>{_CLOCK}))?")
DATED_TAIL = re.compile(rf"(?: ?\(?{WEEK}(?P<weekday>[一二三四五六日天])\)?)?{TAIL.pattern}")

# 如今天气, 说明天平, 目前天气 and 以后天天 hold none of these days.
_TODAY, _TOMORROW = "(?<!如)今", "(?<![说证声透表注标申阐鲜])明"
NEAR = re.compile(
    rf"(?:大前天|(?<![目提以之当])前天|昨[天日]|{_TODAY}[天日儿]|{_TOMORROW}[天日儿]"
    r"|大后天|(?<![以之然])后天)(?!牌|头条|之|性|期|常|程)"
    rf"|(?:昨|{_TODAY}|{_TOMORROW})(?=上午|下午|中午|{_SHORT_PART})"
)
NAMED_WEEK = re.compile(
    r"(?P<which>这一?个?|(?<![样成版文日基标])本|(?<!一)下下一?个?|(?<![一以])下一?个?"
    rf"|上上一?个?|(?<![晚早以])上一?个?){WEEK}{_WEEKDAY}?(?![期边转围岁年报])"
)
WEEKDAY = re.compile(rf"(?<![每第\d{_CN}两几半整])(?<!每个)(?<!每一){WEEK}{_WEEKDAY}")
FULL = re.compile(
    r"(?<![\da-z./])(?<![a-z]-)(?P<year>(?:19|20)\d\d)(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)"
    r"(?P<day>\d{1,2})(?!\d|\.\d)日?"
)
MONTH_DAY = re.compile(_MONTH + _DAY)
NAMED_MONTH = re.compile(
    rf"{_MONTH_BY_NAME}(?:份)?(?:{_DAY}|{_PART_OF_MONTH})?(?![饼球嫂结租供薪费])"
)
PERIOD = re.compile(rf"{_MONTH}(?:{_PART_OF_MONTH}|(?<=份))")
BARE_PERIOD = re.compile(
    rf"(?<![每个正腊\d{_CN}])月(?P<edge>{_EDGE})|(?<![月份])(?P<tenth>[上中下]旬)"
    rf"|(?<!每)(?<!\d)(?P<year>(?:19|20)\d\d|今|明|去)?年年?(?P<end>{_EDGE})"
)
NEW_YEAR = re.compile(r"元旦节?+(?![前后之以期间过假放晚])(?!小?长?假)(?:当天|那天)?")
# 12-03, 12/3, 12.3: a number as well. `is_numeric_day` decides.
NUMERIC = re.compile(
    r"(?<![\da-z./])(?<!\d:)(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?!\d|[./:]\d)(?P<sure>[号日])?"
)
_THINGS = (
    r"楼|门|线|窗|机|样|仓|库|罐|桶|车|厂|院|店|柜|池|井|泵|水(?=[样池井箱])|字|文|令|公告|标准|生产|产[线品]|仪|设备|馆|厅|"
    r"会议|实验|站|电池|批|箱|房|室|炉|塔|缸|床|位|工|配方|色|码|瓶|管|岗|砝码|筛|柴油|汽油|厨|路|地铁|桌|办公"
)
_NUMBERED = rf"号(?!{_THINGS})"
_OF_MONTH = r"(?:[12]\d|3[01]|0?[1-9])"
DAY_OF_MONTH = re.compile(
    rf"(?<![\d.a-z第每近这前])(?<!每月)(?<!每个月)(?<![a-z]-)(?<!\d:)(?P<day>{_OF_MONTH})"
    rf"(?:{_NUMBERED}|日(?![内游均后间常元龄]|[之以][后内])|(?= ?[-到至] ?{_OF_MONTH}{_NUMBERED}))"
    rf"|(?<![第{_CN}廿型])(?<!每月)(?<!每个月)(?P<said>三十一?|[二廿]?十?[一二三四五六七八九]|[二廿]?十){_NUMBERED}"
)
_COUNT = rf"(?<![第前提每\d.{_CN}两])(?P<count>\d{{1,3}}|[{_CN}两百]{{1,4}}[几多来]?|半)"
_UNIT = r" ?(?:(?P<unit>天|日|周|年)|个?(?P<week>星期|礼拜)|个(?P<month>月)) ?"
LATER = re.compile(
    # 5日前 is before the 5th.
    rf"{_COUNT}{_UNIT}(?P<way>之后|以后|过后|后(?![天续期面])|(?<!日)(?:之前|以前|前(?![往台去处面])))"
)
OVER = re.compile(rf"(?<![超通经不])过 ?{_COUNT}{_UNIT}(?P<way>之后|以后|后)?")

_DATE_BEFORE = re.compile(r"(?:日期|时间|定在|约在|改到)[是为: ]*$")
_DATE_AFTER = re.compile(
    rf" ?(?:{_PARTS}|\(?{WEEK}[一二三四五六日天]|\d{{1,2}}(?:点|:\d\d)"
    r"|到(?!\d)|[送来取前起交用租借去]|之前|以前|开始|那天|当天)"
)
_NUMERIC_END = re.compile(r" ?[-到至] ?\d{1,2}[-/.]\d{1,2}(?![\d.])")
_NO_DATE_BEFORE = re.compile(r"(?:大概|大约|约|ph|第|每|至少|超过|不足)[值: ]*$|[a-z]-$")
_NO_DATE_AFTER = re.compile(
    rf"[a-z%℃°‰·×*]|{CLASSIFIER}| ?(?:台(?!式)|个(?!人)|份|瓶|套|件|箱|桶"
    r"|天|周|年|小时|度|倍|元|块|分|左右|上下|的量|成)"
)


def is_numeric_day(match: re.Match[str], folded: str, linked: bool) -> bool:
    """Whether a match of NUMERIC means a day and no number, range, share or part of a name.

    It does with 号 or 日 behind it, but for 3-5号, which is two days; as 12/3 or 12-03 where
    nothing is measured or counted; as 12.3 or 12-3 only where a date is spoken of: behind 日期,
    时间 and the like, before a part of the day, a clock time, a weekday or a verb such as 送 or
    取, `linked` to a day before it (12.3到12.5), or as the whole message.
    """
    start, end = match.span()
    month, day, mark = match["month"], match["day"], match["mark"]
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return False
    if match["sure"]:
        return mark != "-" or int(month) >= int(day)
    before = folded[max(0, start - 8) : start]
    if _NO_DATE_BEFORE.search(before) or _NO_DATE_AFTER.match(folded, end):
        return False
    if mark == "-" and "-" in (folded[start - 1 : start], folded[end : end + 1]):
        return False
    if mark == "/" and len(month + day) > 2:
        return True
    if mark == "-" and len(month + day) == 4:
        return True
    if span := _NUMERIC_END.match(folded, end):
        end = span.end()
    whole = not folded[:start].strip(" ") and not folded[end:].strip(" 。!,")
    return linked or whole or bool(_DATE_BEFORE.search(before) or _DATE_AFTER.match(folded, end))


def number_of(words: str) -> int:
    """ "十二" -> 12, "廿一" -> 21, "03" -> 3."""
    return int(read_number(words.replace("廿", "二十"))[0])
