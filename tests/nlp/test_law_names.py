import pytest

from nlp import load_packaged
from nlp.law_names import LawNames


@pytest.fixture(scope="module")
def laws() -> LawNames:
    return LawNames(load_packaged().standards)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("违反食安法罚多少", "食品安全法"),
        ("食安法实施条例哪年的", "食品安全法实施条例"),
        ("特设法", "特种设备安全法"),
        ("抽检办法里复检怎么说", "食品安全抽样检验管理办法"),
        ("召回管理办法", "食品召回管理办法"),
        ("70号令管净含量", "定量包装商品计量监督管理办法"),
        ("总局令第60号", "企业落实食品安全主体责任监督管理规定"),
        ("计量法细则", "计量法实施细则"),
        ("饮料细则", "饮料生产许可审查细则"),
        ("农产品质量安全法", "农产品质量安全法"),
        ("商标法", "商标法"),
    ],
)
def test_short_names(laws: LawNames, text: str, number: str) -> None:
    assert laws.find(text)[0] == number


@pytest.mark.parametrize(
    "text", ["检验方法", "管理办法", "有没有什么办法", "不安全的做法", "", "3号楼", "法"]
)
def test_other_words_are_no_laws(laws: LawNames, text: str) -> None:
    assert laws.find(text) == ()
