"""What a cleaned text asks about limits and standards, read off its wording."""

import re

_ASKS_LIMIT = re.compile(
    r"限量|限值|限度|超标|超了|不合格|合格|指标|标准|上限|最大|最高|最低|要求|多少|允许|国标|规定|范围|检出|判定|低于|高于|"
    r"超出|偏高|偏低|含量|多高|几|能加(?!急)|可以加(?!急)|能用|能不能加"
)
_ASKS_VALUE = re.compile(
    r"限量|限值|限度|超标|超了|最大|上限|标准.{0,4}多少|不得超过|不能超过|^.{2,8}多少$|最多"
)
_ASKS_METHOD = re.compile(
    r"怎么测|怎么检|如何测|如何检|咋测|咋检|用什么(?:方法|标准)|方法|测定|检验标准|检测标准|测.{0,8}(?:哪个|什么|啥)?标准|测.{0,6}用"
)
_ASKS_STANDARD = re.compile(
    r"实施|执行|新版|旧版|老版|作废|废止|替代|代替|现行|有效|版本|最新|更新|换版|修订|勘误|修改单|发布|过渡|哪年|哪天|什么时候|"
    r"啥时候|何时|多会|几号|还能用|名称|全称|叫什么|是什么|是啥|哪个标准|日期|生效|区别|改了"
)
_NOT_LIMIT = re.compile(
    r"送检|多少钱|费用|报价|收费|几天|多久|周期|哪里测|哪能测|租|借|培训|报名|你们"
)
_ASKS_FORMER = re.compile(r"以前|旧|原来|老标准|改了|新标准|新版")
_ASKS_NEW = re.compile(r"新版|新标|新国标|最新|新的")
# So short a text with an indicator in it asks for the limit, whatever else it says.
_SHORT = 14


def asks_limit(plain: str, *, measured: bool) -> bool:
    """For a limit, or whether a value is within it (`measured`: it tells one)."""
    if _NOT_LIMIT.search(plain):
        return False
    return measured or len(plain) <= _SHORT or bool(_ASKS_LIMIT.search(plain))


def asks_value(plain: str) -> bool:
    """For the number of a limit itself."""
    return bool(_ASKS_VALUE.search(plain))


def asks_method(plain: str) -> bool:
    """How something is tested."""
    return bool(_ASKS_METHOD.search(plain))


def asks_standard(plain: str) -> bool:
    """About a standard: its edition, dates, name."""
    return bool(_ASKS_STANDARD.search(plain))


def asks_former(plain: str) -> bool:
    """About an edition that is no longer, or what has changed."""
    return bool(_ASKS_FORMER.search(plain))


def asks_new(plain: str) -> bool:
    """About the edition that comes."""
    return bool(_ASKS_NEW.search(plain))
