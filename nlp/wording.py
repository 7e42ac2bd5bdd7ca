"""Chinese sentences for the user; nothing here decides anything."""

from collections.abc import Sequence
from datetime import date

from nlp.corpus import Article, Corpus, Standard, StandardLimit, unchecked
from nlp.resolve import Resolved

ASK_A_PERSON = "如需，可回复“转人工”请专家核对。"
GREETING = (
    "您好，这里是质量一站通。标准、限量、检测、计量、认证、标签等问题直接发来即可，"
    "例如：桶装水铜绿假单胞菌限量。"
)
REFUSAL = "抱歉，这件事平台帮不上。质量、标准、计量、检测、认证方面的问题可以随时问。"
REFUSAL_UNLAWFUL = (
    "抱歉，改动检测数据、报告或规避监管的事不能办。"
    "如对结果有异议，可申请复检，或回复“转人工”说明情况。"
)
REFUSAL_OTHERS_DATA = (
    "抱歉，其他单位的报告、数据和资料不能提供。本单位的样品和报告，报上单号即可查询。"
)
ASK_AGAIN = (
    "没太看懂您的意思。请补充一下产品和想问的事，"
    "例如：“桶装水铜绿假单胞菌限量”或“GB 7718 新版什么时候实施”。"
)
ASK_FOR_CLUE = "请告诉我工单号、样品编号、单位名称或送样日期，好帮您查进度。"
ASK_FOR_PRODUCT = "请说明是什么产品（如桶装水、果汁饮料），好给出准确的项目和标准。"
ASK_WHICH_PRODUCT = "不同产品的限值不一样，请问是哪一种？没有列出的，直接写产品名称。"
ASK_FOR_SUBJECT = "请说明您指的是哪件事（产品、项目、标准编号或单号），好接着帮您。"
PENDING = "（待核）"


def ask_what_about(product: str) -> str:
    """Somebody has named a product, and nothing else."""
    examples = "执行哪个标准、某个项目的限量、怎么送检、标签怎么写、办什么许可"
    return f"想问{product}的什么？例如：{examples}。"


def readable_source(source: str) -> str:
    """A source column in the user's words; names of repositories and pages are left out."""
    first = source.split(";", maxsplit=1)[0]
    if "general knowledge" in first:
        if "抽检公告限值一致" in source:
            return "平台语料（限值与抽检公告一致）"
        if "项目与方法见" in source:
            return "平台语料（限值为一般知识，待核；项目与方法见公开抽检清单）"
        if unchecked(source):
            return "平台语料（一般知识，待核）"
        return "平台语料（编号与公开清单一致）"
    for mark, words in (
        ("GB_2762-2025.pdf", "GB 2762-2025 标准原文（公开清单）"),
        ("gb2762_2025.json", "GB 2762-2025 条文整理（公开清单）"),
        ("抽检公告限值", "抽检公告限值（公开清单）"),
        ("infant-std-watch", "公开清单（国家发布信息，至2026-10-10）"),
        ("gb-master-catalog", "公开清单（国家食品安全标准目录，截至2025-09）"),
        ("public list", "公开清单"),
        ("public page", "公开网页"),
        ("public text", "公开文本"),
    ):
        if mark in first:
            return words
    return source


def _status(number: str, corpus: Corpus, today: date) -> str:
    status = corpus.status(number, today)
    return "状态未核" if status == "unknown" else status


def limit_unverified(row: StandardLimit) -> bool:
    """A public list of items and methods confirms no value."""
    return unchecked(row.source) or "项目与方法见" in row.source


def named(row: Standard) -> str:
    title = row.title.removeprefix("食品安全国家标准 ")
    return f"《{title}》" if row.kind == "法规" else f"{row.number}《{title}》"


def limit_lines(row: StandardLimit, corpus: Corpus, today: date) -> list[str]:
    """Value, method, standard with its status, source. A limit not in force is called so."""
    standard = corpus.by_number[row.number]
    status = corpus.status(row.number, today)
    mark = PENDING if limit_unverified(row) else ""
    in_words = not any(map(str.isdigit, row.limit))
    value = row.limit if in_words or row.unit in {"", "-"} else f"{row.limit} {row.unit}"
    if (
        not row.limit.startswith(("≤", "≥", "<", ">", "n=", "不", "阴", "允"))
        and "~" not in row.limit
    ):
        # Unsigned means a maximum (corpus README), but for what calls itself a minimum.
        sign = "≥" if "最小" in row.indicator else "≤"
        value = f"{sign}{value}" if row.limit[:1].isdigit() else value
    lines = [f"{row.product}·{row.indicator}：{value}{mark}"]
    if row.method:
        lines.append(f"方法：{row.method}")
    lines.append(f"依据：{named(standard)}，{_status(row.number, corpus, today)}")
    lines.extend(_edition_notes(standard, status, corpus, today))
    if row.notes:
        lines.append(f"注：{row.notes}")
    lines.append(f"来源：{readable_source(row.source)}")
    return lines


def _edition_notes(standard: Standard, status: str, corpus: Corpus, today: date) -> list[str]:
    if status == "即将实施":
        return [f"该版 {standard.effective} 起实施，实施前仍执行旧版。"]
    following = [name for name in standard.replaced_by if name in corpus.by_number]
    if status == "废止":
        names = "、".join(following) or "新版"
        return [f"该版已废止，由{names}代替；以上不是现行限值，新版数值库中未收。"]
    for name in following:
        effective = corpus.by_number[name].effective
        if status == "现行" and effective and effective > today:
            return [f"新版 {name} 自 {effective} 起实施。"]
    return []


def standard_lines(row: Standard, corpus: Corpus, today: date) -> list[str]:
    """Number, title, status, dates, editions before and after, notes, source."""
    mark = PENDING if unchecked(row.source) else ""
    lines = [
        f"{named(row)}",
        f"状态：{_status(row.number, corpus, today).removeprefix('状态')}{mark}",
    ]
    lines.append(f"发布：{row.issued or '日期未核'}；实施：{row.effective or '实施日期未核'}")
    if row.replaces:
        lines.append("代替：" + "、".join(_with_status(row.replaces, corpus, today)))
    if row.replaced_by:
        lines.append("新版：" + "、".join(_with_status(row.replaced_by, corpus, today)))
    if row.notes:
        lines.append(f"注：{row.notes}")
    lines.append(f"来源：{readable_source(row.source)}")
    return lines


def _with_status(numbers: Sequence[str], corpus: Corpus, today: date) -> list[str]:
    described: list[str] = []
    for number in numbers:
        row = corpus.by_number.get(number)
        if row is None:
            described.append(number)
            continue
        status = _status(number, corpus, today)
        start = f"，{row.effective} 起实施" if row.effective and row.effective > today else ""
        described.append(f"{number}（{status}{start}）")
    return described


def resolved_lines(found: Resolved, rows: Sequence[Standard], corpus: Corpus, today: date) -> str:
    """The answer about a standard: the edition meant in full, the others in one line."""
    lines: list[str] = []
    if found.edition_missing:
        lines.append(f"您问的 {found.asked.year} 版不在库中，库中有：")
    if found.series:
        lines += [f"该系列库中有 {len(rows)} 个部分，如："]
        lines += [f"{named(row)}，{_status(row.number, corpus, today)}" for row in rows[:6]]
        return "\n".join(lines)
    lines += standard_lines(rows[0], corpus, today)
    mentioned = {rows[0].number, *rows[0].replaces, *rows[0].replaced_by}
    others = [row.number for row in rows[1:] if row.number not in mentioned]
    if others:
        lines.append("其他版本：" + "、".join(_with_status(others[:3], corpus, today)))
    if unchecked(rows[0].source) or not rows[0].effective:
        lines.append(ASK_A_PERSON)
    return "\n".join(lines)


def article_text(article: Article, numbers: Sequence[str], corpus: Corpus, today: date) -> str:
    """The article's answer with its standards' status of today and its source."""
    lines = [article.answer]
    if article.next_step:
        lines.append(f"下一步：{article.next_step}。")
    if numbers:
        lines.append("依据：" + "、".join(_with_status(numbers, corpus, today)))
    if article.checked:
        lines.append(f"来源：{readable_source(article.source)}")
    else:
        lines.append("来源：平台语料（一般知识，待核）")
        lines.append(ASK_A_PERSON)
    return "\n".join(lines)


def near_text(article: Article, answer: str) -> str:
    """An answer to a question much like the one asked, so that nobody takes it for the same."""
    lines = [f"没有完全对应的解答，最接近的是“{article.question}”：", answer]
    if ASK_A_PERSON not in answer:
        lines.append(ASK_A_PERSON)
    return "\n".join(lines)


def related_text(rows: Sequence[Standard], corpus: Corpus, today: date) -> str:
    """No article, but standards that certainly belong to the question."""
    lines = ["与您的问题相关的标准："]
    for row in rows:
        mark = PENDING if unchecked(row.source) else ""
        lines.append(f"{named(row)}，{_status(row.number, corpus, today)}{mark}")
        if row.notes:
            lines.append(f"注：{row.notes}")
    lines.append(f"来源：{readable_source(rows[0].source)}")
    lines.append("如未解决，可回复“转人工”。")
    return "\n".join(lines)
