"""Days and durations, as people type them on a phone; and all that merely looks like one."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.when import Day, Span, find_days, find_spans

TODAY = date(2026, 11, 28)  # a Saturday


def days(text: str, today: date = TODAY) -> list[Day | None]:
    return [found.value for found in find_days(text, today)]


def said(text: str) -> list[str]:
    return [found.said for found in find_days(text, TODAY)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("今天", "2026-11-28"),
        ("明天送", "2026-11-29"),
        ("明日送样", "2026-11-29"),
        ("3个水样 后天送", "2026-11-30"),
        ("大后天", "2026-12-01"),
        ("昨天送过了", "2026-11-27"),
        ("大前天", "2026-11-25"),
        ("想租一台原子荧光 下周三 两天", "2026-12-02"),
        ("不对，是下周四", "2026-12-03"),
        ("下个星期一", "2026-11-30"),
        ("下礼拜天", "2026-12-06"),
        ("下下周五", "2026-12-11"),
        ("这周三", "2026-11-25"),
        ("本周日", "2026-11-29"),
        ("上周五取的样", "2026-11-20"),
        ("改一下周三", "2026-12-02"),
        ("周三", "2026-12-02"),
        ("周六", "2026-11-28"),
        ("星期5", "2026-12-04"),
        ("周3送", "2026-12-02"),
        ("下周1送", "2026-11-30"),
        ("12月3号", "2026-12-03"),
        ("12 月 3 日", "2026-12-03"),
        ("十二月三号", "2026-12-03"),
        ("12月三号", "2026-12-03"),
        ("12月3送检", "2026-12-03"),
        ("１２月３日", "2026-12-03"),
        ("11月25日", "2026-11-25"),
        ("9月30日", "2026-09-30"),
        ("9月28日", "2027-09-28"),
        ("1月15号", "2027-01-15"),
        ("明年3月5日", "2027-03-05"),
        ("26年12月3日", "2026-12-03"),
        ("2026年12月3日", "2026-12-03"),
        ("2026-12-03", "2026-12-03"),
        ("2026/12/3", "2026-12-03"),
        ("2026.12.3送样", "2026-12-03"),
        ("12-03", "2026-12-03"),
        ("12/3 送样", "2026-12-03"),
        ("12.3号", "2026-12-03"),
        ("送样日期12.3", "2026-12-03"),
        ("日期：12.3", "2026-12-03"),
        ("12.3", "2026-12-03"),
        ("12.3送5个样", "2026-12-03"),
        ("租ICP-MS 12-03", "2026-12-03"),
        ("3号", "2026-12-03"),
        ("三号送", "2026-12-03"),
        ("28号", "2026-11-28"),
        ("31号", "2026-12-31"),
        ("5日前送到", "2026-12-05"),
        ("本月30号", "2026-11-30"),
        ("这个月3号", "2026-11-03"),
        ("下个月3号", "2026-12-03"),
        ("下月三号", "2026-12-03"),
        ("下下个月3号", "2027-01-03"),
        ("三天后", "2026-12-01"),
        ("3天之后", "2026-12-01"),
        ("十天以后", "2026-12-08"),
        ("一周后", "2026-12-05"),
        ("两个星期后", "2026-12-12"),
        ("一个月后", "2026-12-28"),
        ("半个月后", "2026-12-13"),
        ("再过三天", "2026-12-01"),
        ("三天前", "2026-11-25"),
        ("元旦", "2027-01-01"),
    ],
)
def test_a_day_is_found(text: str, day: str) -> None:
    assert days(text) == [Day(date.fromisoformat(day))]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("过两天", "2026-11-30"),
        ("七八天后", "2026-12-06"),
        ("月底", "2026-11-30"),
        ("下月底", "2026-12-31"),
        ("12月底", "2026-12-31"),
        ("月初", "2026-12-01"),
        ("下个月中旬", "2026-12-11"),
        ("下个月上旬", "2026-12-01"),
        ("12月下旬", "2026-12-21"),
        ("11月下旬", "2026-11-28"),
        ("下旬", "2026-11-28"),
        ("三月份", "2027-03-01"),
        ("下个月", "2026-12-01"),
        ("下周", "2026-11-30"),
        ("下周三台原子荧光", "2026-11-30"),
        ("下周两天", "2026-11-30"),
        ("这周末", "2026-11-28"),
        ("下周末", "2026-12-05"),
        ("年底", "2026-12-31"),
        ("明年初", "2027-01-01"),
        ("年初", "2027-01-01"),
    ],
)
def test_what_is_said_roughly_is_marked(text: str, day: str) -> None:
    assert days(text) == [Day(date.fromisoformat(day), rough=True)]


@pytest.mark.parametrize(
    ("text", "day", "clock", "part"),
    [
        ("12月3号上午", "2026-12-03", "", "上午"),
        ("12.3上午", "2026-12-03", "", "上午"),
        ("今晚", "2026-11-28", "", "晚上"),
        ("明早8点", "2026-11-29", "08:00", "上午"),
        ("明天下午", "2026-11-29", "", "下午"),
        ("明天9点", "2026-11-29", "09:00", ""),
        ("明天3点", "2026-11-29", "15:00", ""),
        ("明天03:00", "2026-11-29", "03:00", ""),
        ("下周三下午3点半", "2026-12-02", "15:30", "下午"),
        ("下周三下午三点二十", "2026-12-02", "15:20", "下午"),
        ("下周三 下午 3点一刻", "2026-12-02", "15:15", "下午"),
        ("12-03 14:30", "2026-12-03", "14:30", ""),
        ("2026-12-03 14:30:00", "2026-12-03", "14:30", ""),
        ("12月3号，上午十点", "2026-12-03", "10:00", "上午"),
        ("后天中午12点", "2026-11-30", "12:00", "中午"),
        ("后天中午1点", "2026-11-30", "13:00", "中午"),
        ("今天晚上8点05分", "2026-11-28", "20:05", "晚上"),
        ("今晚12点", "2026-11-28", "", "晚上"),
        ("12月3日（周四）上午9点", "2026-12-03", "09:00", "上午"),
    ],
)
def test_half_days_and_clock_times(text: str, day: str, clock: str, part: str) -> None:
    at = time.fromisoformat(clock) if clock else None
    found = find_days(text, TODAY)
    assert [entry.value for entry in found] == [Day(date.fromisoformat(day), at, part)]
    assert found[0].said == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2月30日送", "2月30日"),
        ("13月1日", "13月1日"),
        ("12月32号", "12月32号"),
        ("2026-02-30", "2026-02-30"),
        ("02-30", "02-30"),
        ("本月31号", "本月31号"),
        ("2月29日", "2月29日"),
        ("12月3日周三", "12月3日周三"),
    ],
)
def test_a_day_that_does_not_exist_is_found_without_a_value(text: str, words: str) -> None:
    (found,) = find_days(text, TODAY)
    assert found.value is None
    assert found.said == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12月3号到5号", ["2026-12-03", "2026-12-05"]),
        ("12月3-5号", ["2026-12-03", "2026-12-05"]),
        ("1月3号~5号", ["2027-01-03", "2027-01-05"]),
        ("12月30号到2号", ["2026-12-30", "2027-01-02"]),
        ("12-3号", ["2026-12-03"]),
        ("3-5号", ["2026-12-03", "2026-12-05"]),
        ("下周三到周五", ["2026-12-02", "2026-12-04"]),
        ("下下周三或周二", ["2026-12-09", "2026-12-08"]),
        ("1月3号或者5号", ["2027-01-03", "2027-01-05"]),
        ("周三或周六", ["2026-12-02", "2026-11-28"]),
        ("12.3到12.5送", ["2026-12-03", "2026-12-05"]),
        ("12-03到12-05", ["2026-12-03", "2026-12-05"]),
        ("2026-12-03~2026-12-05", ["2026-12-03", "2026-12-05"]),
        ("明天送，下周三取", ["2026-11-29", "2026-12-02"]),
        ("5月3号送的，3号取", ["2027-05-03", "2026-12-03"]),
    ],
)
def test_several_days(text: str, expected: list[str]) -> None:
    assert [day.date.isoformat() for day in days(text) if day] == expected


@pytest.mark.parametrize(
    "text",
    [
        "周转箱", "三月酸奶", "一周年", "十一", "双十一", "GB 5009.11-2014", "2026版", "第三天",
        "天平", "小时代", "3M试纸", "七日杀", "明天牌酸奶", "周黑鸭", "一日三餐", "国庆后",
        "元旦后", "元旦节期间", "春节前", "五一", "周六福", "四周一圈", "一周一次", "每周一",
        "每个星期三", "请说明天平怎么用", "说明日期", "如今天气", "提前天数", "先天不足后天性",
        "目前天气", "几天后", "过几天", "超过三天", "通过两天", "pH 6.5-8.5", "5-10台", "12-15个",
        "3/5台", "2-8℃", "12.3升", "水温12.3", "1/2的量", "含量12.3时", "JJG 12-03", "第3号",
        "3号楼", "3号线", "二号窗口", "1号样", "0551-62345678", "13812345678", "2026年", "三个月",
        "两天", "每月初", "八月初一", "正月初一", "提前3天", "3个工作日后", "两小时后", "上午9点",
        "周期", "周边", "周到", "末梢水", "12月3个样", "月饼", "下个月饼", "24", "批号20261203",
        "样本周期", "比例12:30", "3月龄", "7日龄", "2026年检", "今日头条", "12.3.4", "大概10-20",
        "含量12.3时", "每月5号", "AFS-12.3",
    ],
)  # fmt: skip
def test_what_is_no_day(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("两天", "2", "day"),
        ("3天", "3", "day"),
        ("租3 天", "3", "day"),
        ("半天", "0.5", "day"),
        ("一天半", "1.5", "day"),
        ("一周", "1", "week"),
        ("两个星期", "2", "week"),
        ("两个小时", "2", "hour"),
        ("两个半小时", "2.5", "hour"),
        ("1.5小时", "1.5", "hour"),
        ("3h", "3", "hour"),
        ("三个月", "3", "month"),
        ("半个月", "0.5", "month"),
        ("24小时", "24", "hour"),
        ("一个半月", "1.5", "month"),
        ("一年", "1", "year"),
        ("两年半", "2.5", "year"),
        ("十五天", "15", "day"),
        ("想租一台原子荧光 下周三 两天", "2", "day"),
        ("下周三两天", "2", "day"),
        ("12月3号三天", "3", "day"),
    ],
)
def test_durations(text: str, amount: str, unit: str) -> None:
    assert [found.value for found in find_spans(text)] == [Span(Decimal(amount), unit)]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("七八天", Span(Decimal(8), "day", rough=True)),
        ("两三天", Span(Decimal(3), "day", rough=True)),
        ("3到5天", Span(Decimal(5), "day", rough=True)),
        ("3~5天", Span(Decimal(5), "day", rough=True)),
        ("十几天", Span(Decimal(10), "day", rough=True)),
        ("大概一周", Span(Decimal(1), "week", rough=True)),
        ("一个月左右", Span(Decimal(1), "month", rough=True)),
        ("两天内", Span(Decimal(2), "day", within=True)),
        ("三日之内", Span(Decimal(3), "day", within=True)),
        ("一周以内", Span(Decimal(1), "week", within=True)),
    ],
)
def test_rough_durations_and_limits(text: str, span: Span) -> None:
    (found,) = find_spans(text)
    assert found.value == span
    assert found.said == text


@pytest.mark.parametrize(
    "text",
    [
        "后天", "三天后", "两小时后", "一周后", "第三天", "三天平", "三月", "12月", "一周年",
        "一日三餐", "七日杀", "小时代", "2026年", "26年新标准", "一年级", "周三", "这两天",
        "每3天", "提前3天", "十一", "三月酸奶", "下周三天气", "天天", "几天", "明天牌", "3M试纸",
        "一台天平", "3个工作日",
    ],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    assert find_spans(text) == ()


DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@given(today=DAYS, ahead=st.integers(-60, 300))
def test_a_day_written_without_its_year_is_found_again(today: date, ahead: int) -> None:
    day = today + timedelta(ahead)
    for text in (f"{day.month}月{day.day}日", f"{day.month:02}-{day.day:02}"):
        assert days(text, today) == [Day(day)]


@given(today=DAYS, day=DAYS)
def test_a_day_written_in_full_is_found_again(today: date, day: date) -> None:
    for text in (f"{day.year}年{day.month}月{day.day}日", day.isoformat()):
        assert days(text, today) == [Day(day)]


@given(today=DAYS)
def test_the_next_weekday_or_day_of_the_month_is_less_than_two_months_ahead(today: date) -> None:
    for number in range(1, 32):
        (day,) = days(f"{number}号", today)
        assert day is not None
        assert today <= day.date < today + timedelta(62)
        assert day.date.day == number
    for at, name in enumerate("一二三四五六日"):
        (day,) = days(f"周{name}", today)
        assert day is not None
        assert today <= day.date < today + timedelta(7)
        assert day.date.weekday() == at
