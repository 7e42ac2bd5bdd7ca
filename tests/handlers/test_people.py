"""Which messages are about who somebody is, and what names and telephone numbers are kept as."""

import pytest

from handlers import codes
from handlers.enterprises import enterprise_name, phone_number
from handlers.errors import DomainError
from handlers.people import Command, Word, parse

CODES = [
    "绑定 ABCD2345",
    "绑定ABCD-2345",
    "绑定码：abcd 2345",
    "ａｂｃｄ－２３４５",
    "a b c d 2 3 4 5",
    "ABCD—2345。",
    "武夷山泉邀请同事绑定，邀请码：ABCD-2345，24小时内有效，只能一个人用一次。",
]
WORDS = {
    "绑定小程序": Word.JOIN_APPS,
    "关联公众号。": Word.JOIN_APPS,
    "邀请同事": Word.INVITE,
    "解绑": Word.LEAVE,
    "我离职了！": Word.LEAVE,
    "确认解绑": Word.LEAVE_FOR_CERTAIN,
    "我的企业": Word.WHO_AM_I,
    "绑定": Word.WHO_AM_I,
}
ABOUT_SOMETHING_ELSE = [
    "GBT22388",  # a standard
    "gb 22388-2008",
    "88556677",  # a telephone
    "ABCDEFGH",
    "NQ2611230001",
    "2026-11-23",
    "",
    "绑定码怎么用",
    "怎么绑定企业",
    "离职员工的健康证怎么处理",
    "桶装水铜绿超标咋办",
]


@pytest.mark.parametrize("text", CODES)
def test_codes_are_recognised(text: str) -> None:
    command = parse(text)
    assert command is not None
    assert (command.word, codes.normal(command.code)) == (Word.REDEEM, "ABCD2345")


@pytest.mark.parametrize("text", WORDS)
def test_words_are_recognised(text: str) -> None:
    assert parse(text) == Command(WORDS[text])


@pytest.mark.parametrize("text", ABOUT_SOMETHING_ELSE)
def test_questions_are_left_alone(text: str) -> None:
    assert parse(text) is None


def test_what_is_no_code_is_told_so() -> None:
    assert parse("绑定 ABC") == Command(Word.REDEEM, "ABC")
    assert codes.normal("ABC") == codes.normal("ABCD-2340") == ""


def test_all_that_are_made_stand_alone() -> None:
    for _ in range(500):
        code = codes._random()
        assert parse(f"{code[:4]}-{code[4:]}") == Command(Word.REDEEM, code)


@pytest.mark.parametrize(
    "text", ["问：ABCD-2345", "abcd 2345 怎么用", "绑定 ABCD2345", "（ABCD2345）"]
)
def test_codes_are_hidden(text: str) -> None:
    assert "2345" not in codes.hidden(text)


@pytest.mark.parametrize("text", ["GB 7718-2025", "GBT22388", "桶装水 PET 18.9L", "电话 88556677"])
def test_nothing_else_is_hidden(text: str) -> None:
    assert codes.hidden(text) == text


def test_names_are_one_however_typed() -> None:
    typed = ("武夷（闽）水厂", "武夷(闽)水厂", " 武夷（闽） 水厂\u200b\n")
    assert {enterprise_name(name) for name in typed} == {"武夷(闽)水厂"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138 1234 5678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0599-8251234", "05998251234"),
        ("(010) 6655 4433", "01066554433"),
        ("0571 88556677", "057188556677"),
    ],
)
def test_telephones_are_kept_as_digits(typed: str, kept: str) -> None:
    assert phone_number(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "8251234", "12812345678", "138123456789", "٠٥٩٩٨٢٥١٢٣٤", "无"]
)
def test_other_numbers_are_refused(typed: str) -> None:
    with pytest.raises(DomainError, match="请填写11位手机号"):
        phone_number(typed)
