"""The word list: what it must find, and what it must leave alone."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.safety import Unfit, Unsafe, require_fit, unsafe
from nlp.lines import read_lines
from tests.stories.play import PEOPLE, stories

ROOT = Path(__file__).parents[2]
LIST = ROOT / "handlers" / "data" / "unsafe.txt"

FOUND = {
    Unsafe.GAMBLING: [
        "正规博彩平台 首充送彩金",
        "线上百家乐真人荷官",
        "网赌输了的来翻本",
        "网上賭博找我",
        "赌\u200b博包回本",
        "下载APP就送88彩金",
    ],
    Unsafe.PORN: [
        "裸聊一对一",
        "色情网站入口",
        "学生妹上门包夜",
        "成人视频免费看",
        "约炮群",
    ],
    Unsafe.DRUGS: [
        "出售冰毒 量大从优",
        "溜冰毒爽",
        "海洛因现货货到付款",
        "买大麻找我",
        "听话水包邮",
        "毒品交易",
    ],
    Unsafe.WEAPONS: [
        "出售枪支弹药",
        "仿真枪现货货到付款",
        "自制炸弹教程",
        "炸药配方",
        "卖军火",
        "装了个炸弹",
    ],
    Unsafe.FRAUD: [
        "办假证刻章",
        "高价收银行卡",
        "出售身份证",
        "专业代开各类发票",
        "银行卡四件套出售",
        "黑户也能贷款秒批",
        "兼职刷单日结",
        "低价做假检测报告 加V：abc1234",
    ],
    Unsafe.VIOLENCE: [
        "我要砍死你",
        "弄死你全家",
        "把你们大楼炸了",
        "要去炸你们单位",
        "大不了同归于尽",
        "往自来水里投毒给你们看",
    ],
    Unsafe.STATE: [
        "打倒共产党",
        "台独万岁",
        "支持港独",
        "法轮大法好",
        "颠覆国家政权",
        "天安门屠杀",
    ],
    Unsafe.SPAM: [
        "加QQ群：123456789",
        "兼职日赚500",
        "领红包 加V信：abc8888",
        "加薇 sdf2333 福利多多",
        "招代理 月入过万 加我微信 wx889900",
        "进企鹅群 88886666 有货",
    ],
}

# Each of these holds, or seems to hold, something of the list.
LEFT_ALONE = """
蔬菜农药残留怎么检
毒死蜱超标了怎么办
抑制毒性试验能做吗
控制毒素的限量
砒霜（砷）在水里限量多少
能测罂粟壳吗，火锅底料要送检
吗啡、可待因检测多少钱
运动饮料要做兴奋剂检测吗
能检测冰毒吗，毛发样品
想购买氯胺酮标准品
购买甲基苯丙胺标准溶液走哪个流程
卖大麻籽油要什么资质
大麻二酚能加到饮料里吗
亚硝酸盐中毒怎么处理
消毒品出售要备案吗
呼吸毒性物质怎么管
吸毒性气体的活性炭
购买喷枪支架要检定吗
电焊枪和扫码枪要不要检
供应焊枪支撑件
移液枪头买哪种
热熔胶枪算计量器具吗
买手枪钻送校准
第一步枪头灭菌怎么做
油炸食品的酸价
油炸机温度计校准
微波炸裂的瓶子算质量问题吗
瓶子炸了你们管不管
瓶子炸了你们厂怎么赔
电机烧了你们公司管不管
深水炸弹鸡尾酒配方要备案吗
卖炸弹面包要标过敏原吗
买子弹头保温杯质量不合格
水的色度怎么测
食用色素限量
颜色情况怎么描述
特色情怀产品标签能写吗
一次性服务费怎么开票
公益性服务免费吗
个性服务有哪些
一次性交易要签合同吗
窗口交费在哪里
出口交货检验怎么办
女性爱喝的饮料标签
做爱心企业要什么材料
节约炮制时间的中药饮片
请小姐姐上门取样
能上门采样吗
三黄片和牛黄片谁检
大黄片重金属
伊春药材检测
管道堵了怎么清
老板在赌气，别介意
钛白粉能加到食品里吗
卖钛白粉要许可证吗
白粉病农药残留
吸白粉尘的除尘器要校准吗
一氧化二氮气弹奶油能用吗
维生素K粉剂怎么标
代开发票吗，电话多少
代开发票要加盖公章吗
代办人身份证复印件要交吗
收购农户身份证号要登记吗
收购凭证要身份证吗
出租方身份证复印件
回收旧手机卡扣塑料怎么检
有没有各类发票样式
验钞机假币鉴别仪检定
举报对方用假公章
客户给了假检测报告，怎么举报
知识产权质押贷款不看征信吗
质量贷怎么申请，加我微信 abc12345 发材料
能加微信发照片吗
加我v信 13800138000，检测报告出来叫我
你们QQ群号是多少
瓶盖扫码领红包活动怎么标注
扫码返利的促销要备案吗
批发市场的水加 vitamin 有没有标准
低价饮料加 quinoline 黄合规吗
买流量计送检联系谁
流量开关校准联系电话
要砍了你们的价才肯签
就砍你们价
杀死你说的这种菌要多少度
细菌全部杀光要多久
高温弄死细菌
打死我也不信这水合格
抽血洗手的水要检吗
我们就投毒防控写预案
食品防护计划里防投毒怎么写
这台独立的设备要检定
香港独家代理的进口水
藏独一味胶囊
方法轮换着用行吗
反共振支架检测
我要推翻政府采购的质疑结果
颠覆国家标准的新方法
台湾独立包装食品标签
这支那个样品要补送
六四开的比例怎么写
一体机东突然停了
女足球队饮料赞助检测
成人奶粉标准
无码产品能卖吗
黄色素能用吗
你们太垃圾了
王八蛋，等了三天没人管
滚，骗子，什么破系统
他妈的到底给不给办
你们这帮废物，我要投诉到市长热线
气死你爹我了
去死吧你们
信不信我去投诉你们
老子要告你们
""".splitlines()


def packaged() -> Iterator[str]:
    """Everything that people are known to ask, and all that we answer."""
    for name in ("examples.jsonl", "articles.jsonl"):
        for line in read_lines(name):
            row = json.loads(line)
            yield from (row.get(key, "") for key in ("text", "question", "answer"))
            yield from row.get("variants", ())
    for line in (ROOT / "tests/nlp/questions_dev.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)["q"]
    for name, lines in stories().items():
        if not name.startswith("safety:"):
            yield from (str(v) for line in lines for k, v in line.items() if k in PEOPLE)


@pytest.mark.parametrize(
    ("kind", "text"), [(k, text) for k, texts in FOUND.items() for text in texts]
)
def test_found(kind: Unsafe, text: str) -> None:
    assert unsafe(text) == kind


def test_ordinary_and_angry_words_are_left_alone() -> None:
    texts = [text for text in LEFT_ALONE if text]
    assert len(texts) >= 100
    assert [(text, unsafe(text)) for text in texts if unsafe(text)] == []


def test_nothing_that_people_ask_or_we_answer_is_found() -> None:
    texts = list(packaged())
    assert len(texts) > 5000
    assert [(text, unsafe(text)) for text in texts if unsafe(text)] == []


def test_it_is_fast_also_on_what_is_made_to_be_slow() -> None:
    ordinary = "".join(packaged())[:20_000]
    for text, most in ((ordinary, 1e-4), ("加v" * 10_000, 1e-3), ("兼职加微信a_" * 3_000, 1e-3)):
        parts = [text[at : at + 200] for at in range(0, len(text), 200)]
        best = min(_seconds(parts) for _ in range(5))
        assert best / len(parts) < most, text[:10]


def _seconds(parts: list[str]) -> float:
    begun = time.perf_counter()
    for part in parts:
        unsafe(part)
    return time.perf_counter() - begun


def test_the_list_is_sound() -> None:
    """Each alternative begins with plain characters; repetitions have a bound."""
    rows = [x.split("\t") for x in LIST.read_text("utf-8").splitlines() if x and x[0] != "#"]
    assert {row[0] for row in rows} == set(Unsafe) - {Unsafe.OTHER}
    for _, words, *rest in rows:
        assert all(words.split())
        assert len(rest) <= 1
        assert not re.search(r"(?<!\\)[*]|(?<![\\|:])[+]", "".join(rest)), rest


def test_a_form_is_refused_with_the_kind_of_trouble() -> None:
    require_fit("桶装水", "你们太垃圾了")
    with pytest.raises(Unfit, match="毒品"):
        require_fit("桶装水", "出售冰毒")
