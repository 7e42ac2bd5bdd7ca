from nlp.keywords import proposed


def test_frequent_keywords_that_nobody_has_entered_are_proposed() -> None:
    texts = [
        "我们的品控部门",
        "品控怎么管",
        "品控日报",
        "桶装水标准",
        "桶装水标准吗",
        "桶装水标准呢",
    ]
    assert proposed(texts) == ["品控"]  # 桶装水 is in our dictionary, 标准 in jieba's


def test_nothing_new_proposes_nothing() -> None:
    assert proposed([]) == []
