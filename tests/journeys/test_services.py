"""Services over the API: the chat's forms as fields, applied for once, one's own to see."""

from typing import Any

import pytest

from models.enterprises import Enterprise
from models.requests import ServiceRequest
from models.tickets import Ticket
from tests.cast import COLLEAGUE, EMPLOYEE
from tests.journeys.test_api import sign_in
from tests.product import Product

RENTAL = {
    "equipment": "原子荧光",
    "start": "下周三",
    "span": "两天",
    "enterprise": "康泉水业",
    "phone": "138 0000 1111",
}


async def apply(
    product: Product, who: dict[str, str], service: str, values: dict[str, str], key: str = ""
) -> Any:
    headers = who | ({"Idempotency-Key": key} if key else {})
    body = {"service": service, "values": values}
    return await product.http.post("/api/v1/requests", json=body, headers=headers)


async def test_the_form_of_the_chat_is_the_form_of_the_api(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    listed = (await product.http.get("/api/v1/services", headers=me)).json()["services"]
    assert len(listed) == 13
    rental = next(service for service in listed if service["name"] == "equipment_rental")
    assert [field["name"] for field in rental["fields"]] == [*RENTAL, "note"]
    assert [field["required"] for field in rental["fields"]] == [
        False,
        False,
        False,
        True,
        True,
        False,
    ]

    asked = await product.say(EMPLOYEE, "想租设备")
    assert rental["fields"][0]["ask"] in asked

    done = await apply(product, me, "equipment_rental", RENTAL)
    assert done.status_code == 201
    assert done.json()["number"] == (await Ticket.get()).number
    assert (await ServiceRequest.get()).given == {
        "equipment": "原子荧光",
        "start": "2026-12-02",
        "span": "两天",
        "enterprise": "康泉水业",
        "phone": "13800001111",
    }
    mine = (await product.http.get("/api/v1/requests", headers=me)).json()["requests"]
    assert mine[0]["title"] == "设备租借"
    assert ["电话", "138****1111"] in mine[0]["rows"]
    stranger = await sign_in(product, COLLEAGUE)
    theirs = (await product.http.get("/api/v1/requests", headers=stranger)).json()
    assert theirs == {"requests": []}


async def test_a_double_tap_applies_once(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    first = await apply(product, me, "equipment_rental", RENTAL, key="tap")
    second = await apply(product, me, "equipment_rental", RENTAL, key="tap")
    assert first.json()["number"] == second.json()["number"]
    other = await apply(product, me, "equipment_rental", RENTAL | {"span": "三天"}, key="tap")
    assert other.status_code == 409
    assert await Ticket.all().count() == 1


async def test_every_wrong_field_is_named(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    wrong = RENTAL | {"start": "2月30日", "phone": "1380000", "enterprise": " "}
    refused = await apply(product, me, "equipment_rental", wrong)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert set(error["fields"]) == {"start", "phone", "enterprise"}
    assert "没有“2月30日”这一天" in error["fields"]["start"]
    assert await Ticket.all().count() == 0
    assert await Enterprise.all().count() == 0


@pytest.mark.parametrize(
    ("service", "values", "status"),
    [("nonsense", RENTAL, 404), ("equipment_rental", RENTAL | {"x": "1"}, 422)],
)
async def test_what_no_form_has_is_refused(
    product: Product, service: str, values: dict[str, str], status: int
) -> None:
    me = await sign_in(product, EMPLOYEE)
    assert (await apply(product, me, service, values)).status_code == status


async def test_what_is_known_may_be_left_out(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    await apply(product, me, "equipment_rental", RENTAL)
    listed = (await product.http.get("/api/v1/services", headers=me)).json()["services"]
    known = {field["name"]: field["known"] for field in listed[0]["fields"]}
    assert (known["enterprise"], known["phone"]) == ("康泉水业", "138****1111")
    again = await apply(product, me, "training", {"course": "内审员", "count": "2"})
    assert again.status_code == 201
    latest = await ServiceRequest.all().order_by("-id").first()
    assert latest is not None
    assert latest.given == {
        "course": "内审员",
        "count": "2人",
        "enterprise": "康泉水业",
        "phone": "13800001111",
    }
