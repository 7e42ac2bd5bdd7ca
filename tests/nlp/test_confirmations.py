"""Answers to "对吗？", orders to stop, and corrections."""

import pytest

from nlp.confirmations import Correction, find_correction, find_yes_no, is_cancel


@pytest.mark.parametrize(
    "text",
    [
        "是", "是的", "对", "对的", "对对对", "嗯", "嗯嗯", "好", "好的", "好的。", "好的谢谢",
        "好的，提交吧", "可以", "行", "确认", "提交", "请提交", "没问题", "OK", "ｏｋ", "没错",
        "就这样", "那就这样吧", "确认无误", "我确认", "👌",
    ],
)  # fmt: skip
def test_yes(text: str) -> None:
    assert find_yes_no(text) is True
    assert not is_cancel(text)


@pytest.mark.parametrize(
    "text",
    [
        "不", "不是", "不对", "不要", "先不", "不行", "不不不", "算了", "不用了", "不用了谢谢",
        "没有", "先不用了", "错了",
    ],
)  # fmt: skip
def test_no(text: str) -> None:
    assert find_yes_no(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "", "。", "不行，改成三天", "不是下周三，是下周四", "可以吗", "好？", "行吗", "行不行",
        "是不是", "好的，但是改到周四", "对不起", "不好意思", "取消", "退出", "好的不要",
        "要几台", "可以 明天送", "没问题就" * 9, "不锈钢", "提交了吗", "嗯 电话多少",
    ],
)  # fmt: skip
def test_neither_yes_nor_no(text: str) -> None:
    assert find_yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "cancels"),
    [
        ("取消", True), ("取消吧", True), ("我要取消", True), ("取消预约", True), ("算了", True),
        ("算了，不租了", True), ("不办了", True), ("不租了", True), ("我不想租了", True),
        ("不用了", True), ("不填了", True), ("退出", True), ("停", True), ("停止", True),
        ("不", False), ("不对", False), ("停电了", False), ("算了还是下周三吧", False),
        ("怎么取消", False), ("取消的话要扣钱吗", False), ("不租了可以退吗", False),
        ("不要", False), ("", False),
    ],
)  # fmt: skip
def test_cancel(text: str, cancels: bool) -> None:
    assert is_cancel(text) is cancels


@pytest.mark.parametrize(
    ("text", "label", "words"),
    [
        ("不对，是下周四", "", "下周四"),
        ("不对是周四", "", "周四"),
        ("哦不对，周四", "", "周四"),
        ("不，是三台", "", "三台"),
        ("改成下周四", "", "下周四"),
        ("改成下周四吧", "", "下周四"),
        ("改一下，三天", "", "三天"),
        ("修改：三天", "", "三天"),
        ("错了 应该是李四", "", "李四"),
        ("应该是李四", "", "李四"),
        ("不是下周三，是下周四", "", "下周四"),
        ("不是3台是5台", "", "5台"),
        ("下周三改成下周四", "", "下周四"),
        ("不行，改成三天", "", "三天"),
        ("可以改成下周四", "", "下周四"),
        ("能不能改成下周四？", "", "下周四"),
        ("改成下周四可以吗？", "", "下周四"),
        ("日期改成下周四", "日期", "下周四"),
        ("日期不是下周三，是下周四", "日期", "下周四"),
        ("改一下日期，下周四", "日期", "下周四"),
        ("请帮我把送样日期改到12月5号", "送样日期", "12月5号"),
        ("时间改到明天下午３点", "时间", "明天下午３点"),
        ("把电话改为13900000000", "电话", "13900000000"),
        ("电话写错了，是13900000000", "电话", "13900000000"),
        ("数量3个", "数量", "3个"),
        ("不对，数量是5个", "数量", "5个"),
        ("改成数量3个", "数量", "3个"),
        ("联系人：李四", "联系人", "李四"),
        ("应该是下周四，不是下周三", "", "下周四"),
        ("样品数量改成10个", "样品数量", "10个"),
        ("取样日期改成周四", "日期", "周四"),
    ],
)
def test_corrections(text: str, label: str, words: str) -> None:
    assert find_correction(text) == Correction(label, words)


@pytest.mark.parametrize(
    "text",
    [
        "", "不对", "不对，谢谢", "不对，算了", "不行", "日期不对", "日期", "时间不够",
        "电话多少", "单位是什么", "能不能改成几台？", "改成哪天好？", "改成：",
        "换了法人 要重新办证", "我换手机号了 单子上的帮改下", "样品明天送", "不是很清楚",
        "是不是下周三", "改天再说", "这个应该是合格的", "想租一台原子荧光 下周三 两天", "好的",
        "怎么改成企业版", "不锈钢", "3个水样 后天送",
    ],
)  # fmt: skip
def test_no_correction(text: str) -> None:
    assert find_correction(text) is None


def test_a_form_brings_its_own_names() -> None:
    assert find_correction("色谱柱改成C18", ["色谱柱"]) == Correction("色谱柱", "C18")
    assert find_correction("色谱柱改成C18") == Correction("", "C18")
