"""Ratings of closed tickets: by the page, by the API; integrity told apart from everything."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from handlers import ratings
from handlers.ratings import Averages, Axis, Group
from models import dump
from models.accounts import Staff
from models.ratings import IntegrityTally, Rating
from models.tickets import Audience, EventKind, Ticket, TicketEvent, TicketState
from server import links
from tests.cast import COLLEAGUE, EMPLOYEE, MANAGER, METROLOGIST, SPECIALIST
from tests.journeys.test_api import sign_in
from tests.journeys.test_closing import LINK, answered
from tests.product import Product

PRESSED = re.compile(r'name="(\w+)" value="(\d)" aria-pressed="true"')


async def page_of(product: Product) -> str:
    """A ticket is asked, answered and closed by the asker; the rating page's path."""
    await answered(product)
    link = LINK.search(await product.say(EMPLOYEE, "解决了"))
    assert link is not None
    return link[1]


async def tap(product: Product, path: str, **form: str) -> httpx.Response:
    """One button, as a browser sends it."""
    return await product.http.post(path, data=form)


async def pressed(product: Product, path: str) -> dict[str, str]:
    return dict(PRESSED.findall((await product.http.get(path)).text))


async def closed_tickets(product: Product, count: int) -> list[Ticket]:
    """So many closed tickets of 王工's, made without a word."""
    model = await answered(product)
    made = []
    for number in range(count):
        columns = {name: getattr(model, name) for name in Ticket._meta.fields_db_projection}
        del columns["id"]
        columns |= {
            "number": f"NQ261123{900 + number:04d}",
            "state": TicketState.CLOSED,
            "closed_at": product.clock.now(),
        }
        made.append(await Ticket.create(**columns))
    return made


async def everything() -> dict[str, list[str]]:
    """All rows of all tables, as a backup has them."""
    return {
        name: [line.decode() async for line in dump.lines(model)]
        for name, model in dump.tables().items()
    }


async def test_each_tap_is_saved_at_once_and_shown(product: Product) -> None:
    path = await page_of(product)
    assert await pressed(product, path) == {}
    tapped = await tap(product, path, professionalism="5")
    assert (tapped.status_code, tapped.headers["location"]) == (303, path)
    await tap(product, path, timeliness="2")
    assert await pressed(product, path) == {"professionalism": "5", "timeliness": "2"}
    # Another mind, another device, later.
    product.clock.travel(timedelta(days=6))
    await tap(product, path, timeliness="4")
    row = await Rating.get()
    assert (row.professionalism, row.timeliness, row.integrity_cast) == (5, 4, False)
    assert row.at == product.clock.now()


async def test_double_taps_and_two_devices_make_one_row(product: Product) -> None:
    path = await page_of(product)
    taps = [{"professionalism": "4"}, {"timeliness": "3"}, {"integrity": "1"}] * 4
    answers = await asyncio.gather(*(tap(product, path, **form) for form in taps))
    assert {answer.status_code for answer in answers} == {303}
    row = await Rating.get()
    assert (row.professionalism, row.timeliness, row.integrity_cast) == (4, 3, True)
    tally = await IntegrityTally.get()
    assert (tally.score_1, tally.score_5) == (1, 0)


async def test_integrity_is_voted_once_and_not_shown_again(product: Product) -> None:
    path = await page_of(product)
    await tap(product, path, integrity="2")
    page = (await product.http.get(path)).text
    assert "已匿名提交" in page
    assert 'name="integrity"' not in page
    assert await pressed(product, path) == {}
    await tap(product, path, integrity="5")
    tally = await IntegrityTally.get()
    assert (tally.score_2, tally.score_5) == (1, 0)


async def test_after_seven_days_nothing_changes(product: Product) -> None:
    path = await page_of(product)
    await tap(product, path, professionalism="5")
    product.clock.travel(timedelta(days=7, minutes=1))
    for form in ({"professionalism": "1"}, {"integrity": "1"}, {"comment": "晚了"}):
        late = await tap(product, path, **form)
        assert late.status_code == 409
        assert "超过7天" in late.text
    page = (await product.http.get(path)).text
    assert 'aria-pressed="true" disabled' in page
    assert (await Rating.get()).professionalism == 5
    assert not await IntegrityTally.exists()


async def test_a_ticket_opened_again_is_rated_when_it_is_closed(product: Product) -> None:
    path = await page_of(product)
    await tap(product, path, professionalism="1")
    await product.say(EMPLOYEE, "没解决")
    early = await tap(product, path, professionalism="2")
    assert early.status_code == 409
    assert "办结后再评价" in early.text
    await product.work()
    await product.answer(SPECIALIST, (await Ticket.get()).number, "这样就行。")
    await product.say(EMPLOYEE, "解决了")
    assert (await tap(product, path, professionalism="4")).status_code == 303
    assert (await Rating.get()).professionalism == 4


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"professionalism": "0"},
        {"professionalism": "6"},
        {"timeliness": "12"},
        {"integrity": ""},
        {"integrity": "五"},
        {"integrity": "-1"},
        {"number": "NQ2611230001"},
        {"comment": "  "},
        {"comment": "长" * 201},
    ],
)
async def test_bad_forms_get_a_reason(product: Product, form: dict[str, str]) -> None:
    path = await page_of(product)
    answer = await tap(product, path, **form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert not await Rating.exists()
    assert not await IntegrityTally.exists()


async def test_forged_and_foreign_links_open_nothing(product: Product) -> None:
    path = await page_of(product)
    number = (await Ticket.get()).number
    signer, now = product.app.ctx.wiring.signer, product.clock.now()
    reading = signer.sign("asker-link", {"number": number}, now=now, ttl=timedelta(days=1))
    for token in (path[3:-3] + "abc", "x", reading):
        assert (await product.http.get(f"/r/{token}")).status_code == 410
        assert (await tap(product, f"/r/{token}", professionalism="1")).status_code == 410
    product.clock.travel(links.RATING_LINK_VALID + timedelta(minutes=1))
    assert (await tap(product, path, professionalism="1")).status_code == 410
    assert not await Rating.exists()


async def test_comment_is_for_staff_and_one(product: Product) -> None:
    path = await page_of(product)
    number = (await Ticket.get()).number
    for _ in range(2):
        assert (await tap(product, path, comment=" 讲得\n很清楚 ")).status_code == 303
    assert (await tap(product, path, comment="再说一句")).status_code == 409
    event = await TicketEvent.get(kind=EventKind.COMMENTED)
    assert (event.text, event.audience) == ("讲得 很清楚", Audience.STAFF)
    me = await sign_in(product, EMPLOYEE)
    own = await product.http.get(f"/api/v1/tickets/{number}", headers=me)
    assert "讲得" not in own.text
    await product.desk_form_of(SPECIALIST, number)
    assert "讲得 很清楚" in (await product.http.get(f"/desk/tickets/{number}")).text


async def test_desk_shows_two_axes_and_nothing_of_integrity(product: Product) -> None:
    path = await page_of(product)
    number = (await Ticket.get()).number
    await product.desk_form_of(SPECIALIST, number)
    desk = f"/desk/tickets/{number}"
    await tap(product, path, integrity="1")
    assert "评价" not in (await product.http.get(desk)).text
    await tap(product, path, professionalism="5")
    page = (await product.http.get(desk)).text
    assert "提问人的评价" in page
    assert "很满意" in page
    assert "未评" in page
    assert "廉洁" not in page
    assert "integrity" not in page


async def test_api_rates_and_tells(product: Product) -> None:
    ticket = await answered(product)
    me, other = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    path = f"/api/v1/tickets/{ticket.number}"

    async def rate(headers: dict[str, str], **body: object) -> httpx.Response:
        return await product.http.post(f"{path}/rating", json=body, headers=headers)

    before = (await product.http.get(path, headers=me)).json()
    assert (before["rating"], before["may_rate"]) == (None, [])
    assert (await rate(me, professionalism=5, timeliness=4)).status_code == 409
    await product.say(EMPLOYEE, "解决了")
    closed = (await product.http.get(path, headers=me)).json()
    assert closed["may_rate"] == ["professionalism", "timeliness", "integrity"]
    assert (await rate(other, professionalism=1, timeliness=1)).status_code == 404
    for bad in (0, 6, "5", None, 4.5):
        assert (await rate(me, professionalism=bad, timeliness=1)).status_code == 422
        assert (await rate(me, professionalism=1, timeliness=1, integrity=bad)).status_code == 422
    assert (await rate(me, professionalism=5)).status_code == 422
    assert not await Rating.exists()

    rated = await rate(me, professionalism=5, timeliness=4)
    assert rated.json()["rating"] == {"professionalism": 5, "timeliness": 4}
    rated = await rate(me, professionalism=3, timeliness=4, integrity=1)
    again = await rate(me, professionalism=3, timeliness=4, integrity=5)
    assert rated.json() == again.json()
    assert again.json()["may_rate"] == ["professionalism", "timeliness"]
    assert "integrity" not in str(again.json()["rating"])
    tally = await IntegrityTally.get()
    assert (tally.score_1, tally.score_5) == (1, 0)


async def test_integrity_is_shown_by_batches_of_five(product: Product) -> None:
    tickets = await closed_tickets(product, 11)
    now, month = product.clock.now(), "2026-11"
    shown = []
    for ticket, score in zip(tickets, [1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 1], strict=True):
        await ratings.rate(ticket, {Axis.INTEGRITY: score}, now=now)
        shown.append(await ratings.integrity_of(month, month))
    assert shown == [None] * 4 + [(3.0, 5)] * 5 + [(4.0, 10)] * 2
    assert await ratings.integrity_of("2026-12", "2027-11") is None
    assert await ratings.integrity_of("2026-01", "2026-12") == (4.0, 10)


async def test_batch_that_fills_next_month_counts_there(product: Product) -> None:
    tickets = await closed_tickets(product, 5)
    for ticket in tickets[:4]:
        await ratings.rate(ticket, {Axis.INTEGRITY: 4}, now=product.clock.now())
    product.clock.travel(timedelta(days=10))
    await Ticket.filter(id=tickets[4].id).update(closed_at=product.clock.now())
    await ratings.rate(tickets[4], {Axis.INTEGRITY: 4}, now=product.clock.now())
    assert await ratings.integrity_of("2026-11", "2026-11") is None
    assert await ratings.integrity_of("2026-12", "2026-12") == (4.0, 5)


async def test_votes_at_once_are_all_counted(product: Product) -> None:
    tickets = await closed_tickets(product, 12)
    now = product.clock.now()
    await asyncio.gather(
        *(ratings.rate(ticket, {Axis.INTEGRITY: 5}, now=now) for ticket in tickets * 2)
    )
    assert await ratings.integrity_of("2026-11", "2026-11") == (5.0, 10)
    assert (await IntegrityTally.get(month="open")).score_5 == 2
    assert await Rating.filter(integrity_cast=True).count() == 12


async def test_nothing_stored_leads_from_a_vote_to_a_ticket(product: Product) -> None:
    path = await page_of(product)
    await tap(product, path, professionalism="5", timeliness="5")
    product.clock.travel(timedelta(hours=1))
    before = await everything()
    await tap(product, path, integrity="2")
    after = await everything()
    assert {name for name in after if after[name] != before[name]} == {"rating", "integrity_tally"}
    # Of the rating only the flag has changed: no score, and no time beside the ratings' times.
    old, new = json.loads(before["rating"][0]), json.loads(after["rating"][0])
    assert {key for key in new if new[key] != old[key]} == {"integrity_cast"}
    # Of the votes there are sums: no id, no ticket, no person, no staff, no topic, no moment.
    assert set(json.loads(after["integrity_tally"][0])) == {
        "month", "score_1", "score_2", "score_3", "score_4", "score_5",
    }  # fmt: skip


async def test_a_full_batch_looks_the_same_whoever_voted_what(product: Product) -> None:
    tickets = await closed_tickets(product, 10)
    now = product.clock.now()
    seen = []
    for batch, scores in ((tickets[:5], [1, 5, 5, 5, 5]), (tickets[5:], [5, 5, 5, 5, 1])):
        for ticket, score in zip(batch, scores, strict=True):
            await ratings.rate(ticket, {Axis.INTEGRITY: score}, now=now)
        tables = await everything()
        rows = [json.loads(line) for line in tables["rating"]][-5:]
        seen.append([{k: v for k, v in r.items() if k not in ("id", "ticket_id")} for r in rows])
        assert len(tables["integrity_tally"]) == 2
    assert seen[0] == seen[1]
    # SQLite keeps a hidden rowid and PostgreSQL a place for every row: here there is one a month.
    assert await IntegrityTally.all().count() == 2


async def test_averages_by_staff_topic_and_month(product: Product) -> None:
    tickets = await closed_tickets(product, 4)
    other = await Staff.get(name=METROLOGIST.nickname)
    await Ticket.filter(id=tickets[3].id).update(assignee_id=other.id, topic="metrology")
    now = product.clock.now()
    for ticket, (p, t) in zip(tickets, [(5, 3), (4, 4), (3, 2), (1, 1)], strict=True):
        await ratings.rate(ticket, {Axis.PROFESSIONALISM: p, Axis.TIMELINESS: t}, now=now)
    last_of_october = product.clock.now() - timedelta(days=23)
    await Ticket.filter(id=tickets[2].id).update(closed_at=last_of_october)

    month = "2026-11"
    by_staff = await ratings.averages(month, month, by=Group.STAFF)
    assert by_staff == {
        str(tickets[0].assignee_id): Averages(4.5, 3.5, 2),
        str(other.id): Averages(1.0, 1.0, 1),
    }
    by_topic = await ratings.averages(month, month, by=Group.TOPIC)
    assert by_topic == {"testing": Averages(4.5, 3.5, 2), "metrology": Averages(1.0, 1.0, 1)}
    by_month = await ratings.averages("2026-10", month, by=Group.MONTH)
    assert by_month == {
        "2026-10": Averages(3.0, 2.0, 1),
        "2026-11": Averages(10 / 3, 8 / 3, 3),
    }
    assert await ratings.averages("2027-01", "2027-12", by=Group.STAFF) == {}


async def test_scores_never_stand_in_an_address(product: Product) -> None:
    """Proxies keep addresses with times and sources; the page's forms are posts to the link."""
    path = await page_of(product)
    page = (await product.http.get(path)).text
    assert set(re.findall(r'<form method="(\w+)" action="([^"]+)"', page)) == {("post", path)}
    assert (await product.http.get(f"{path}?integrity=1")).status_code == 200
    assert not await Rating.exists()
    template = Path(__file__).parents[2] / "server" / "web" / "templates" / "rating.html"
    assert "<script" not in template.read_text("utf-8")


async def test_who_answers_for_the_service_sees_the_year(product: Product) -> None:
    tickets = await closed_tickets(product, 5)
    for ticket in tickets[:4]:
        scores = {Axis.PROFESSIONALISM: 5, Axis.TIMELINESS: 4, Axis.INTEGRITY: 5}
        await ratings.rate(ticket, scores, now=product.clock.now())
    await product.desk_form_of(MANAGER, tickets[0].number)
    few = (await product.http.get("/desk")).text
    assert "满 5 票才显示" in few
    assert "<dt>专业性</dt><dd>5.0</dd>" in few
    await ratings.rate(tickets[4], {Axis.INTEGRITY: 5}, now=product.clock.now())
    assert "5.0（5 票，匿名）" in (await product.http.get("/desk")).text
    await product.desk_form_of(SPECIALIST, tickets[0].number)
    assert "近一年的评价" not in (await product.http.get("/desk")).text
