from datetime import date

import pytest
from msgspec.structs import replace

from nlp import Article, Corpus, Matcher, load_packaged, wording

TODAY = date(2026, 11, 23)

OFFICE_HOURS = Article(
    id="p001",
    topic="other/out_of_scope",
    action="answer",
    question="你们几点下班",
    variants=("上班时间", "周六开门吗", "窗口几点开门"),
    answer="工作日 8:30-17:30。",
    standards=(),
    products=(),
    source="平台信息",
    checked=True,
)
COMPLAINT_PHONE = replace(
    OFFICE_HOURS,
    id="p002",
    topic="complaint",
    question="投诉电话是多少",
    variants=("投诉电话", "监督电话号码"),
    answer="监督投诉电话：12315（演示）。",
)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    packaged = load_packaged()
    return Corpus(
        packaged.standards,
        packaged.limits,
        (*packaged.articles, OFFICE_HOURS, COMPLAINT_PHONE),
        packaged.examples,
    )


@pytest.fixture(scope="module")
def matcher(corpus: Corpus) -> Matcher:
    return Matcher.build(corpus)


def test_the_story_s_question(matcher: Matcher) -> None:
    decision = matcher.decide("桶装水铜绿超标咋办", today=TODAY)
    assert decision.action == "answer"
    assert decision.topic == "testing"
    assert decision.standards[0] == "GB 19298-2014"
    for part in ("GB 19298-2014", "现行", "铜绿假单胞菌", "n=5,c=0,m=0 CFU/250mL", "来源："):
        assert part in decision.text
    assert decision.reasons


@pytest.mark.parametrize(
    ("question", "number", "value"),
    [
        ("矿泉水溴酸盐限量", "GB 8537-2018", "<0.01 mg/L"),
        ("矿泉水铜绿假单胞菌限量", "GB 8537-2018", "n=5,c=0,m=0 CFU/250mL"),
        ("纯净水的铅不能超过多少", "GB 2762-2025", "0.01 mg/L"),
        ("自来水余氯标准多少", "GB 5749-2022", "≥0.3 mg/L"),
        ("汽水二氧化碳气容量要求", "GB/T 10792-2008", "≥1.5 倍"),
        ("花生酱黄曲霉素限量", "GB 2761-2017", "20 μg/kg"),
        ("饼干过氧化值限量", "GB 7100-2015", "≤0.25 g/100g"),
        ("白酒甜蜜素", "GB 2760-2024", "不得使用"),
    ],
)
def test_limits_of_product_and_indicator(
    matcher: Matcher, question: str, number: str, value: str
) -> None:
    decision = matcher.decide(question, today=TODAY)
    assert decision.action == "answer"
    assert decision.standards[0] == number
    assert number in decision.text
    assert value in decision.text


def test_mineral_water_is_not_under_the_standard_of_packaged_water(matcher: Matcher) -> None:
    assert "GB 19298" not in matcher.decide("矿泉水溴酸盐限量", today=TODAY).text


def test_general_knowledge_is_marked_and_a_person_offered(matcher: Matcher) -> None:
    text = matcher.decide("矿泉水偏硅酸限值", today=TODAY).text
    assert "待核" in text
    assert "转人工" in text


def test_a_limit_not_yet_in_force_is_not_given_as_in_force(matcher: Matcher) -> None:
    text = matcher.decide("纯净水的铅限量", today=date(2026, 8, 1)).text
    assert "即将实施" in text
    assert "2026-09-02" in text


def test_without_the_product_it_asks_back_and_the_choice_answers(matcher: Matcher) -> None:
    decision = matcher.decide("溴酸盐限量多少", today=TODAY)
    assert decision.action == "clarify"
    assert [option.label for option in decision.options] == [
        "包装饮用水",
        "饮用天然矿泉水",
        "生活饮用水",
    ]
    assert "哪一种" in decision.text
    for option in decision.options:
        answer = matcher.decide(option.query, today=TODAY)
        assert answer.action == "answer"
        assert f"{option.label}·溴酸盐" in answer.text


def test_every_choice_of_every_indicator_is_answered(matcher: Matcher, corpus: Corpus) -> None:
    for indicator in ("铅", "镉", "菌落总数", "大肠菌群", "过氧化值", "苯甲酸", "霉菌"):
        decision = matcher.decide(f"{indicator}限量", today=TODAY)
        assert decision.action == "clarify", indicator
        assert 1 <= len(decision.options) <= 3
        for option in decision.options:
            answer = matcher.decide(option.query, today=TODAY)
            assert answer.action == "answer", option.query
            assert "依据：" in answer.text, option.query


@pytest.mark.parametrize(
    ("question", "number", "parts"),
    [
        ("jjf1070新版哪天实施的", "JJF 1070-2023", ("2024-10-12", "现行", "JJF 1070-2005")),
        ("14881 新版 什么时候执行", "GB 14881-2025", ("2026-09-02", "现行")),
        ("国标 7718 新版啥时候实施", "GB 7718-2025", ("即将实施", "2027-03-16", "GB 7718-2011")),
        ("GB8538有勘误？", "GB 8538-2022", ("勘误",)),
        ("gb2762-2022还能用吗", "GB 2762-2022", ("废止", "GB 2762-2025")),
        ("GB 31668-2026 什么时候实施", "GB 31668-2026", ("实施日期未核", "unknown")),
        ("GB 19298-2003还有效吗", "GB 19298-2014", ("2003 版不在库中",)),
    ],
)
def test_questions_about_a_standard(
    matcher: Matcher, question: str, number: str, parts: tuple[str, ...]
) -> None:
    decision = matcher.decide(question, today=TODAY)
    assert decision.action == "answer"
    assert decision.standards[0] == number
    for part in parts:
        assert part in decision.text or (part == "unknown" and "未核" in decision.text)


def test_an_unknown_number_is_routed_and_nothing_invented(matcher: Matcher) -> None:
    for question in ("GB 99999-2020 什么时候实施", "db34t9999还有效吗", "T/CBIA 987-2023 新版"):
        decision = matcher.decide(question, today=TODAY)
        assert decision.action == "route", question
        assert decision.standards == ()
        assert decision.text == ""


@pytest.mark.parametrize(
    ("question", "action", "topic"),
    [
        ("你好", "answer", "greeting"),
        ("谢谢啦", "answer", "greeting"),
        ("", "clarify", "other/out_of_scope"),
        ("😀😀", "clarify", "other/out_of_scope"),
        ("帮忙把检测报告的数据改一下", "decline", "other/out_of_scope"),
        ("隔壁水厂的抽检报告发我看看", "decline", "other/out_of_scope"),
        ("今天天气怎么样", "decline", "other/out_of_scope"),
        ("报告出来没", "clarify", "progress_query"),
        ("康泉水业上周三送的水样报告出来没", "service", "progress_query"),
        ("我要投诉 没人管", "route", "complaint"),
        ("刚才那个呢", "clarify", "other/out_of_scope"),
    ],
)
def test_the_labelling_rules(matcher: Matcher, question: str, action: str, topic: str) -> None:
    decision = matcher.decide(question, today=TODAY)
    assert decision.action == action
    if question != "刚才那个呢":
        assert decision.topic == topic


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("食安法对追溯咋要求的", "食品安全法"),
        ("70号令净含量", "定量包装商品计量监督管理办法"),
        ("pH计检定规程", "JJG 119-2018"),
        ("安赛蜜用什么方法测", "GB 5009.140-2023"),
        ("GB 7101-15还能用不", "GB 7101-2015"),
        ("矿全水溴酸盐限量", "GB 8537-2018"),
    ],
)
def test_the_first_standard_is_the_one_meant(matcher: Matcher, question: str, number: str) -> None:
    assert matcher.decide(question, today=TODAY).standards[0] == number


@pytest.mark.parametrize(
    ("question", "action"),
    [
        ("做一次型式检验多少钱", "route"),
        ("内审检查表有模板吗", "route"),
        ("借台天平用两天", "service"),
        ("超了0.02 修约成合格行不", "decline"),
        ("问题解决了 谢谢", "answer"),
        ("zxcvb；；", "clarify"),
    ],
)
def test_wordings_that_settle_the_action(matcher: Matcher, question: str, action: str) -> None:
    assert matcher.decide(question, today=TODAY).action == action


def test_the_nearest_answer_is_called_so() -> None:
    text = wording.near_text(OFFICE_HOURS, OFFICE_HOURS.answer)
    assert text.startswith("没有完全对应的解答，最接近的是“你们几点下班”")
    assert text.endswith(wording.ASK_A_PERSON)


def test_a_correction_of_the_address_is_not_refused(matcher: Matcher) -> None:
    decision = matcher.decide("报告上单位名称写错了能更正吗", today=TODAY)
    assert decision.action != "decline"


def test_route_and_service_have_no_text(matcher: Matcher) -> None:
    for question in ("我要投诉", "想租一台原子荧光"):
        decision = matcher.decide(question, today=TODAY)
        assert decision.action in {"route", "service"}
        assert decision.text == ""


def test_a_number_that_is_missing_beside_a_known_one_is_told(matcher: Matcher) -> None:
    text = matcher.decide("GB 7101和gb99999-2020还有效吗", today=TODAY).text
    assert "GB 7101-2022" in text
    assert "GB99999-2020 不在库中" in text


def test_platform_facts_are_articles_of_the_caller(matcher: Matcher) -> None:
    decision = matcher.decide("几点下班", today=TODAY)
    assert decision.action == "answer"
    assert "8:30-17:30" in decision.text
    assert "来源：平台信息" in decision.text
    phone = matcher.decide("投诉电话多少", today=TODAY)
    assert phone.action == "answer"
    assert "12315" in phone.text


def test_context_completes_what_leans_on_it(matcher: Matcher) -> None:
    decision = matcher.decide("那矿泉水呢", today=TODAY, context="桶装水溴酸盐限量")
    assert decision.action == "answer"
    assert decision.standards[0] == "GB 8537-2018"
    assert "溴酸盐" in decision.text


def test_context_is_ignored_by_a_complete_question(matcher: Matcher) -> None:
    question = "矿泉水铜绿假单胞菌限量"
    alone = matcher.decide(question, today=TODAY)
    assert matcher.decide(question, today=TODAY, context="桶装水溴酸盐限量") == alone


def test_the_answer_moves_with_the_day(matcher: Matcher) -> None:
    text = matcher.decide("GB 7718", today=date(2027, 3, 16)).text
    assert text.startswith("GB 7718-2025")
    assert "状态：现行" in text


def test_no_name_of_a_repository_reaches_a_user(matcher: Matcher, corpus: Corpus) -> None:
    for row in corpus.limits:
        text = matcher.decide(f"{row.product}{row.indicator}限量", today=TODAY).text
        assert not any(name in text for name in ("jianyu", "foodreg", "infant-std", "public "))
