"""Finds the numbers of standards, verification regulations and the like, however they are spelled.

Grammar: GB/T 1.1 (national), the sector codes of 行业标准代号, JJF 1002 (JJG, JJF), TSG numbers of
the special-equipment regulations, DB (local), T/ (association) and Q/ (enterprise) standards.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from nlp.numerals import RUN, arabic
from nlp.text import fold


class StandardNumber(Struct, frozen=True):
    """One number found in a text.

    `span` counts characters of the text searched. `body` is "19298", "5750.12", "T7001", "0001S".
    `year` has four digits, or is None where the text names none. `bare` marks a number without a
    prefix ("7718"): only a corpus can tell whether it is meant as a standard.
    """

    span: tuple[int, int]
    prefix: str
    body: str
    year: int | None
    bare: bool = False

    @property
    def key(self) -> str:
        """Equal for all spellings and editions of one standard: "GB|19298"; GB and GB/T agree."""
        return f"{self.prefix}|{self.body}"


# Sector codes in use for food, water, metrology, environment and their neighbours.
_SECTORS = (
    "aq|bb|cb|cj|cy|db|dl|dz|fz|ga|gh|gy|hb|hg|hj|hs|hy|jb|jc|jg|jr|jt|jy|lb|ld|ls|ly|mh|mt|mz|nb|ny|"
    "qb|qc|qx|rb|sb|sc|sf|sh|sj|sl|sn|sw|sy|tb|td|ty|wb|wh|wm|ws|xb|yb|yc|yd|ys|yy|yz|zy|bjs|kjs"
)
# Possessive: nothing that follows a gap begins like one, and three gaps in a row would otherwise
# share out a run of dashes in every possible way.
_GAP = r"[ \-_.:/#]*+"
_WORD = r"(?:标准|(?:检定)?规程|(?:校准)?规范|第|编号|号)?"
# A full stop may be a slip of the thumb for a dot, but a date may follow it: "7718。12月开始".
_DOT_OF_PART = r"(?: ?[.·点] ?|。(?=\d{1,4}(?!\d| ?[月日号年天个])))"
_PART = rf"(?:{_DOT_OF_PART}(?:\d{{1,4}}(?!\d)|[一二三四五六七八九十]{{1,3}}))"
_BODY = rf"(?:\d{{8,9}}(?!\d)|\d{{1,6}}(?!\d){_PART}{{0,2}}|{RUN}{_PART}?)"
_PLAIN_YEAR = r"19[5-9]\d|20[0-4]\d"
_YEAR = (
    rf"(?: ?号?[-:/_一] ?({_PLAIN_YEAR})(?!\d)"  # -2014, 号-2014
    rf"| ?\(({_PLAIN_YEAR})\s*版?年?版?\)"  # （2014版）
    rf"| ({_PLAIN_YEAR})(?!\d)"  # " 2014"
    rf"| ?({_PLAIN_YEAR}) ?年?版"  # 2014版
    r"| ?号? ?(\d\d) ?年?版"  # 14版, 号14版
    r"|-(\d\d?)(?![\d.%])(?! ?(?:ml|l|g|kg|个|项|升|毫升|克|条))"  # -14, or a part: -9
    r")?"
)

# Most texts hold none, and this is found out quickly.
_ANY_NUMBER = re.compile(rf"\d|{RUN}")
_PREFIXED = re.compile(
    r"(?<![a-z])(?:"
    # GB, GB/T, GBT, GB/Z, 国标, 国家标准
    rf"(?P<gb>(?:(?:国标|国家标准|推荐性国标) ?)?g ?b(?:{_GAP}(?P<gbx>[tz])(?![a-z]))?)"
    rf"{_GAP}{_WORD}{_GAP}(?P<gb_body>{_BODY})"
    rf"|(?P<cn>国家标准|国标)(?: ?/? ?t)?(?:号|编号|第)? ?(?P<cn_body>{_BODY})"
    rf"|(?:计量)?(?P<rule>检定规程|校准规范) ?(?:第|编号)? ?(?P<rule_body>{_BODY})"
    rf"|(?P<jj>jj[gf])(?: ?\([一-龥]{{1,2}}\))?{_GAP}{_WORD}{_GAP}(?P<jj_body>{_BODY})"
    rf"|(?P<tsg>tsg){_GAP}{_WORD}{_GAP}(?P<tsg_body>(?:[a-z]{{1,2}} ?-?)?\d{{1,5}})"
    rf"|(?P<iec>iso ?/? ?iec){_GAP}(?P<iec_body>{_BODY})"
    rf"|(?P<iso>iso)(?:/ts|/tr)?{_GAP}(?P<iso_body>{_BODY})"
    rf"|(?P<cnas>cnas)[ -]*(?P<cnas_body>[a-z]{{2}}\d{{2}}(?:-[a-z]\d{{2,3}})?)"
    # DB34/T 3008, DB3401/T 230, DBS34/ 003
    rf"|(?P<db>dbs?) ?(?P<region>\d{{4}}(?= ?/| ?t)|\d{{2}}){_GAP}t?{_GAP}(?P<db_body>{_BODY})"
    rf"|(?P<team>t) ?/ ?(?P<org>[a-z]{{2,10}}){_GAP}(?P<team_body>{_BODY})"
    rf"|(?P<team2>t)[ -]?(?P<org2>[a-z]{{3,8}}) ?(?P<team2_body>\d{{3,5}})"
    rf"(?= ?- ?(?:{_PLAIN_YEAR}))"
    rf"|(?P<own>q) ?/ ?(?P<firm>[a-z0-9]{{2,10}}?)[ -]*(?P<own_body>\d{{4}} ?s?)"
    rf"|(?P<sector>{_SECTORS})(?P<sector_t>{_GAP}t(?![a-z]))?{_GAP}(?P<sector_body>{_BODY})"
    rf"){_YEAR}(?: ?号)?"
)
# The named groups of _PREFIXED that say which alternative matched.
_KINDS = (
    "gb",
    "cn",
    "rule",
    "jj",
    "tsg",
    "iec",
    "iso",
    "cnas",
    "db",
    "team",
    "team2",
    "own",
    "sector",
)
_PARTS = re.compile(r" ?第? ?(\d{1,3}) ?部分")
_EARLIER_YEAR = re.compile(rf"({_PLAIN_YEAR}) ?年?版?(?:的|本的?)? ?$")
# 8 or more digits in one run are a number and its year typed without a dash.
_GLUED = re.compile(r"(\d{3,5})((?:19[89]|20[0-3])\d)$")

_UNITS = (
    r"(?:ml|l|g|kg|mg|ug|μg|mm|cm|m|km|t|w|kw|v|a|pa|kpa|mpa|ppm|ppb|rpm|h|min|s|度|℃|°|%|‰|个|只|瓶|桶|"
    r"件|箱|袋|盒|吨|升|毫升|克|千克|公斤|斤|毫克|微克|元|块钱?|万|千|百|亿|人|天|日|周|月|年|小时|分钟?|秒|点|"
    r"次|批|份|项|条|台|家|页|种|类|倍|米|厘米|毫米|平|名|位|组|cfu|mpn|ntu|号楼|楼|室|路公交|折)"
)
_DOT = r"(?:\.| ?点 ?)"
_BARE = re.compile(
    r"(?<![\d.a-z/¥$\-零〇一二三四五六七八九])"
    rf"([1-9]\d{{1,5}}(?:{_DOT}\d{{1,3}})?|[一二三四五六七八九][零〇一二三四五六七八九]{{3,4}})(?![\d])(?!-\d{{5}}){_YEAR}"
    rf"(?! ?{_UNITS})(?![.:/*x×]\d)(?![a-z])"
)
_NEAR_RULE = re.compile(r"(?:规程|规范|检定|校准) ?$")
_RULE_AFTER = re.compile(r" ?(?:号?(?:规程|规范))")
_YEAR_ALONE = re.compile(rf"(?:{_PLAIN_YEAR})$")
_VERSION_AFTER = re.compile(r" ?(?:新|旧|老|标准|标|规程)")


def _century(two_digits: int) -> int:
    return two_digits + (1900 if two_digits >= 50 else 2000)


def _year_of(match: re.Match[str]) -> int | None:
    """The year groups are the last six of every pattern."""
    for text in match.groups()[-6:]:
        if text:
            return int(text) if len(text) == 4 else _century(int(text))
    return None


def _prefix_and_body(match: re.Match[str]) -> tuple[str, str]:
    found = match.groupdict()
    kind = next(name for name in _KINDS if found[name])
    body = found[f"{kind}_body"]
    prefix = {
        "gb": "GBZ" if found["gbx"] == "z" else "GB",
        "cn": "GB",
        "rule": "JJG" if found["rule"] == "检定规程" else "JJF",
        "iec": "ISO",
        "db": f"{found['db']}{found['region']}",
        "team": f"T/{found['org']}",
        "team2": f"T/{found['org2']}",
        "own": f"Q/{found['firm']}",
    }.get(kind, found[kind])
    return prefix.upper(), body


def _tidy(body: str) -> str:
    return re.sub("[。·点]", ".", arabic(body.replace(" ", ""))).upper()


def _is_noise(match: re.Match[str], body: str, year: int | None) -> bool:
    """A two-letter sector code before one or two digits is more often a word than a standard."""
    if not match["sector"] or match["sector_t"] or year is not None or "." in body:
        return False
    return len(body) < (4 if match["sector"] in {"nb", "sc", "db", "hs"} else 3)


def find_standard_numbers(text: str) -> list[StandardNumber]:
    """All numbers with a prefix, in the order of the text; whether they exist is not asked."""
    folded = fold(text)
    found: list[StandardNumber] = []
    if not _ANY_NUMBER.search(folded):
        return found
    for match in _PREFIXED.finditer(folded):
        prefix, raw = _prefix_and_body(match)
        body, year = _tidy(raw), _year_of(match)
        end = match.end()
        glued = _GLUED.match(body) if year is None and len(body) >= 8 else None
        if glued:
            body, year = glued[1], int(glued[2])
        if _is_noise(match, body, year):
            continue
        part = _PARTS.match(folded, end)
        if part and "." not in body:
            body, end = f"{body}.{part[1]}", part.end()
        if year is None:
            earlier = _EARLIER_YEAR.search(folded, max(0, match.start() - 10), match.start())
            year = int(earlier[1]) if earlier else None
        found.append(StandardNumber((match.start(), end), prefix, body, year))
    return found


def find_bare_numbers(
    text: str, prefixed: Sequence[StandardNumber] | None = None
) -> list[StandardNumber]:
    """Numbers that may mean a standard: "14881 新版", "5750.12"; never a quantity, year or phone.

    Two or three digits count only beside a word like 规程: "196规程". The prefix is "" in all.
    `prefixed` are the numbers with a prefix where the caller has found them already.
    """
    folded = fold(text)
    known = find_standard_numbers(text) if prefixed is None else prefixed
    taken = [number.span for number in known]
    found: list[StandardNumber] = []
    if not _ANY_NUMBER.search(folded):
        return found
    for match in _BARE.finditer(folded):
        start, end = match.span()
        if any(start < last and first < end for first, last in taken):
            continue
        body, year = _tidy(match[1]), _year_of(match)
        whole = body.split(".")[0]
        named = _NEAR_RULE.search(folded, 0, start) or _RULE_AFTER.match(folded, end)
        if len(whole) <= 3 and not named:
            continue
        if _YEAR_ALONE.match(body) and not _VERSION_AFTER.match(folded, end):
            continue
        part = _PARTS.match(folded, end)
        if part and "." not in body:
            body, end = f"{body}.{part[1]}", part.end()
        if year is None:
            earlier = _EARLIER_YEAR.search(folded, max(0, start - 10), start)
            year = int(earlier[1]) if earlier else None
        found.append(StandardNumber((start, end), "", body, year, bare=True))
    return found
