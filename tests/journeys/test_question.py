"""The spine: a question is answered at once, or reaches the right person and comes back."""

import re

from models.outbox import Delivery, DeliveryResult, OutboxItem, OutboxState
from models.tickets import Ticket, TicketState
from tests.cast import EMPLOYEE, SPECIALIST
from tests.product import Product


async def test_question_is_answered_at_once(product: Product) -> None:
    delivery = await product.simulator.say(EMPLOYEE.openid, "桶装水铜绿超标咋办")
    reply = delivery.reply_text
    assert reply is not None
    for words in ("GB 19298-2014", "现行", "铜绿假单胞菌", "n=5,c=0,m=0 CFU/250mL", "来源"):
        assert words in reply
    assert await Ticket.all().count() == 0


async def test_routed_question_comes_back_answered(product: Product) -> None:
    question = "送检3个水样要多少钱"
    receipt = (await product.simulator.say(EMPLOYEE.openid, question)).reply_text
    assert receipt is not None
    assert re.search(r"已转检验检测专员王工，单号NQ261123\d{4}，预计今天16:00前回复", receipt)

    await product.work()
    card = product.seen_by(SPECIALIST)[-1]
    link = card.content["url"]
    page = await product.http.get(link, follow_redirects=True)
    assert question in page.text
    assert "接单" in page.text
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form is not None
    number = (await Ticket.get()).number
    accepted = await product.http.post(
        f"/desk/tickets/{number}/accept", data={"form": form[1]}, follow_redirects=True
    )
    assert "处理中" in accepted.text
    answer = "带样到窗口，当场按项目报价，三个样一起算。"
    answered = await product.http.post(
        f"/desk/tickets/{number}/answer",
        data={"form": form[1], "text": answer},
        follow_redirects=True,
    )
    assert "已答复" in answered.text

    await product.work()
    assert (await Ticket.get()).state == TicketState.ANSWERED
    last = product.texts_to(EMPLOYEE)[-1]
    assert answer in last
    assert question in last
    assert number in last
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0
    assert await Delivery.filter(result=DeliveryResult.UNKNOWN).count() == 0
