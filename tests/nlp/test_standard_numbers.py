from datetime import date

import pytest

from nlp.corpus import Corpus, load_packaged
from nlp.resolve import Resolver
from nlp.standard_numbers import find_bare_numbers, find_standard_numbers

TODAY = date(2026, 11, 23)

SPELLINGS = [
    ("GB 19298-2014", "GB|19298", 2014),
    ("gb19298", "GB|19298", None),
    ("Gb 19298", "GB|19298", None),
    ("GB19298-2014", "GB|19298", 2014),
    ("GB 19298—2014", "GB|19298", 2014),
    ("GB 19298–2014", "GB|19298", 2014),
    ("GB 19298‐2014", "GB|19298", 2014),
    ("GB 19298－2014", "GB|19298", 2014),
    ("GB-19298-2014", "GB|19298", 2014),
    ("GB19298~2014", "GB|19298", 2014),
    ("GB19298:2014", "GB|19298", 2014),
    ("GB 19298 2014", "GB|19298", 2014),
    ("GB192982014", "GB|19298", 2014),
    ("GB 19298-14", "GB|19298", 2014),
    ("GB 5749-85", "GB|5749", 1985),
    ("GB 19298（2014）", "GB|19298", 2014),
    ("GB 19298(2014版)", "GB|19298", 2014),
    ("2014版GB19298", "GB|19298", 2014),
    ("GB 19298 2014版", "GB|19298", 2014),
    ("ＧＢ　１９２９８－２０１４", "GB|19298", 2014),
    ("国标19298", "GB|19298", None),
    ("国标 19298", "GB|19298", None),
    ("国标GB 19298", "GB|19298", None),
    ("国家标准 19298", "GB|19298", None),
    ("国家标准第19298号", "GB|19298", None),
    ("国标号19298", "GB|19298", None),
    ("G B 19298", "GB|19298", None),
    ("GB.19298", "GB|19298", None),
    ("GB标准19298", "GB|19298", None),
    ("执行gb19298对吗", "GB|19298", None),
    ("GB/T 10789-2015", "GB|10789", 2015),
    ("GB/T10789", "GB|10789", None),
    ("GBT10789", "GB|10789", None),
    ("gbt 10789", "GB|10789", None),
    ("gb t 10789", "GB|10789", None),
    ("GB-T 10789-2015", "GB|10789", 2015),
    ("GB／T　１０７８９—２０１５", "GB|10789", 2015),
    ("GB\\T 10789", "GB|10789", None),
    ("GB/T5750.4", "GB|5750.4", None),
    ("GB/T 5750.4—2023", "GB|5750.4", 2023),
    ("gb5750。12", "GB|5750.12", None),
    ("GB/T 5750 第12部分", "GB|5750.12", None),
    ("GB/T 2828.1-2012", "GB|2828.1", 2012),
    ("GB/Z 19579-2012", "GBZ|19579", 2012),
    ("gbz19579", "GBZ|19579", None),
    ("JJG 1036-2022", "JJG|1036", 2022),
    ("jjg1036", "JJG|1036", None),
    ("JJG规程1036", "JJG|1036", None),
    ("JJF1070新版", "JJF|1070", None),
    ("jjf 1070.3—2021", "JJF|1070.3", 2021),
    ("JJF1059.1", "JJF|1059.1", None),
    ("TSG 21-2016", "TSG|21", 2016),
    ("tsg21", "TSG|21", None),
    ("TSG T7001-2023", "TSG|T7001", 2023),
    ("TSG-T7001", "TSG|T7001", None),
    ("tsgd7005", "TSG|D7005", None),
    ("TSG Z6001-2019", "TSG|Z6001", 2019),
    ("ISO 22000:2018", "ISO|22000", 2018),
    ("iso22000", "ISO|22000", None),
    ("ISO/IEC 17025:2017", "ISO|17025", 2017),
    ("iso iec 17025", "ISO|17025", None),
    ("SN/T 1234-2020", "SN|1234", 2020),
    ("sn0330", "SN|0330", None),
    ("NY/T 391-2021", "NY|391", 2021),
    ("nyt391", "NY|391", None),
    ("QB/T 2460-1999", "QB|2460", 1999),
    ("qbt2460", "QB|2460", None),
    ("SB/T10416", "SB|10416", None),
    ("HJ 1028-2019", "HJ|1028", 2019),
    ("HJ 91.1-2019", "HJ|91.1", 2019),
    ("GH/T 1091-2014", "GH|1091", 2014),
    ("RB/T 214-2017", "RB|214", 2017),
    ("CNAS-CL01:2018", "CNAS|CL01", 2018),
    ("cnas cl01-g001", "CNAS|CL01-G001", None),
    ("DB34/T 3008-2017", "DB34|3008", 2017),
    ("db34t3008", "DB34|3008", None),
    ("DB34 3008", "DB34|3008", None),
    ("DB3401/T 230-2021", "DB3401|230", 2021),
    ("DBS34/ 003-2021", "DBS34|003", 2021),
    ("T/CBIA 001-2020", "T/CBIA|001", 2020),
    ("t/cbia001", "T/CBIA|001", None),
    ("TCBIA001-2020", "T/CBIA|001", 2020),
    ("国标7101号15版", "GB|7101", 2015),
    ("gb2760 24版", "GB|2760", 2024),
    ("检定规程52号", "JJG|52", None),
    ("校准规范1101", "JJF|1101", None),
    ("JJG检定规程196", "JJG|196", None),
    ("gb/t 一九零零零", "GB|19000", None),
    ("jjg七百", "JJG|700", None),
    ("jjf一千零七十", "JJF|1070", None),
    ("国标五七五零点十二", "GB|5750.12", None),
    ("GBT 5750 点 13", "GB|5750.13", None),
    ("Q/XXX 0001S-2023", "Q/XXX|0001S", 2023),
    ("q/ahkq 0001s", "Q/AHKQ|0001S", None),
]


@pytest.mark.parametrize(("text", "key", "year"), SPELLINGS)
def test_every_spelling_has_one_key(text: str, key: str, year: int | None) -> None:
    found = find_standard_numbers(text)
    assert [(number.key, number.year) for number in found] == [(key, year)]


def test_span_covers_the_number() -> None:
    text = "请问 GB/T 10789-2015 还有效吗"
    (number,) = find_standard_numbers(text)
    start, end = number.span
    assert text[start:end] == "GB/T 10789-2015"


def test_several_numbers_in_their_order() -> None:
    keys = [number.key for number in find_standard_numbers("GB7718和gb28050、JJF1070都要看")]
    assert keys == ["GB|7718", "GB|28050", "JJF|1070"]


@pytest.mark.parametrize(
    "text",
    ["", "500ml", "pH 7.5", "nb666", "SC10634012345678", "报告单号 20261123", "5G", "QQ群12345"],
)
def test_other_numbers_are_no_standards(text: str) -> None:
    assert find_standard_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("14881 新版 什么时候执行", "14881"),
        ("7718", "7718"),
        ("8537", "8537"),
        ("添加剂标签执行29924？", "29924"),
        ("5750.12怎么测", "5750.12"),
        ("196规程", "196"),
        ("52号规程", "52"),
        ("4789点26", "4789.26"),
        ("5750第12部分", "5750.12"),
        ("一四八八一新版", "14881"),
    ],
)
def test_bare_numbers(text: str, body: str) -> None:
    assert [number.body for number in find_bare_numbers(text)] == [body]


@pytest.mark.parametrize(
    "text",
    [
        "2000ml",
        "3000个",
        "5000元",
        "2026年",
        "2026-11-23",
        "0551-62881234",
        "13800138000",
        "400-820-8820",
        "标准200 我们230",
        "二零二五年",
        "30个12版",
        "亚硝酸盐0.006",
        "GB 7718",
    ],
)
def test_quantities_dates_and_phones_are_no_bare_numbers(text: str) -> None:
    assert find_bare_numbers(text) == []


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_packaged()


@pytest.fixture(scope="module")
def resolver(corpus: Corpus) -> Resolver:
    return Resolver(corpus)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("国标7718", "GB 7718-2011"),
        ("7718-2025", "GB 7718-2025"),
        ("GB 7718-2004", "GB 7718-2011"),
        ("gb10789", "GB/T 10789-2015"),
        ("1070", "JJF 1070-2023"),
        ("1036规程", "JJG 1036-2022"),
        ("tsg 8", "TSG 08-2026"),
        ("GB 19579", "GB/Z 19579-2012"),
        ("22000", "ISO 22000:2018"),
        ("22000是不是还是18年的", "ISO 22000:2018"),
        ("2762 早不是22版了吧", "GB 2762-2022"),
        ("4806-9", "GB 4806.9-2023"),
        ("GB/T 5750-12", "GB/T 5750.12-2023"),
        ("GB/T 5750-2006", "GB/T 5750.1-2023"),
    ],
)
def test_resolves_to_the_edition_meant(resolver: Resolver, text: str, number: str) -> None:
    found = resolver.resolve(text, TODAY)
    numbers = [row.number for row in found[0].rows]
    assert numbers[0] == number or (text == "22000" and number in {*numbers, "ISO 22000:2018"})


def test_the_edition_in_force_moves_with_the_day(resolver: Resolver) -> None:
    (found,) = resolver.resolve("GB 7718", date(2027, 3, 16))
    assert [row.number for row in found.rows] == ["GB 7718-2025", "GB 7718-2011"]


def test_a_year_that_does_not_exist_is_told(resolver: Resolver) -> None:
    (found,) = resolver.resolve("GB 19298-2003", TODAY)
    assert found.edition_missing
    assert found.rows[0].number == "GB 19298-2014"


def test_an_unknown_number_has_no_rows(resolver: Resolver) -> None:
    (found,) = resolver.resolve("GB 99999-2020", TODAY)
    assert found.rows == ()


def test_an_unknown_bare_number_is_nothing(resolver: Resolver) -> None:
    assert resolver.resolve("98765", TODAY) == []


def test_a_series_has_its_parts(resolver: Resolver) -> None:
    (found,) = resolver.resolve("GB 4789系列", TODAY)
    assert found.series
    assert len(found.rows) > 20


def test_every_number_of_the_corpus_finds_itself(corpus: Corpus, resolver: Resolver) -> None:
    for standard in corpus.standards:
        if standard.kind == "法规":
            continue
        for spelling in (
            standard.number,
            standard.number.lower().replace(" ", "").replace("/", ""),
            standard.number.replace("-", "—"),
        ):
            found = resolver.resolve(spelling, TODAY)
            assert found, spelling
            assert found[0].rows[0].number == standard.number, spelling
