"""The forms' pages on a phone and on a desk, by the link in the chat, with and without scripts."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.test_story import (
    DESKTOP,
    PHONE,
    be,
    browser,
    check_layout,
    dev,
    phone,
    pytestmark,
    say,
)

__all__ = ["browser", "dev", "phone", "pytestmark"]


def form_link(phone: Page, said: str, title: str) -> str:
    """A form begins in the chat; the link in the reply. Then the chat gives it up."""
    be(phone, "oDemoXiaolin")
    say(phone, said)
    reply = phone.locator('.message[data-side="in"] .bubble').last
    expect(reply).to_contain_text(f"帮您登记{title}")
    href = reply.locator("a", has_text="点开填表").get_attribute("href")
    assert href is not None
    return href


def give_up(phone: Page) -> None:
    say(phone, "取消")
    expect(phone.locator('.message[data-side="in"] .bubble').last).to_contain_text("已取消")


def in_sight(page: Page, selector: str) -> None:
    box, size = page.locator(selector).bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size["height"], selector


def test_from_the_chat_to_the_receipt(phone: Page, browser: Browser, tmp_path: Path) -> None:
    link = form_link(phone, "压力表想预约检定 20块", "检定/校准")
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    expect(page.locator("#instrument")).to_have_value("压力表")
    expect(page.locator("#count")).to_have_value("20块")
    expect(page.locator(".calendar")).to_have_count(0)
    page.locator(".choice", has_text="上门").click()
    page.fill("#day", "2月30日")
    page.fill("#phone", "138 0000 1111")
    page.click("#send")
    # Both faults are told, the first one is in sight, and nothing is lost.
    expect(page.locator(".fault")).to_have_count(2)
    in_sight(page, "#fault-day")
    in_sight(page, "#day")
    expect(page.locator("#day")).to_be_focused()
    expect(page.locator("#day")).to_have_value("2月30日")
    expect(page.locator("input[value=上门]")).to_be_checked()
    expect(page.locator("#phone")).to_have_value("138 0000 1111")
    page.fill("#day", "下周三")
    page.fill("#enterprise", "康泉水业")
    page.click("#send")
    expect(page.locator("h1")).to_have_text("检定/校准申请已提交")
    number = page.locator("#number").inner_text()
    check_layout(page)
    context.close()
    told = phone.locator(f'.message[data-side="in"]:has-text("{number}")')
    expect(told).to_have_count(1)
    expect(told).to_contain_text("检定/校准申请已提交")


def test_the_calendar_writes_into_the_field(phone: Page, browser: Browser) -> None:
    link = form_link(phone, "我要送检", "送检")
    page = browser.new_page(viewport=PHONE)
    page.goto(link)
    page.locator(".calendar").fill("2030-12-02")
    expect(page.locator("#day")).to_have_value("2030-12-02")
    page.click("#send")
    expect(page.locator("#fault-day")).to_contain_text("太远了")
    page.fill("#day", "明天")
    page.fill("#enterprise", "康泉水业")
    page.fill("#phone", "13800001111")
    page.dblclick("#send")
    number = page.locator("#number").inner_text()
    page.reload()
    expect(page.locator("#number")).to_have_text(number)
    page.goto(f"{link}?again=1")
    page.click(".back")
    page.locator(".service", has_text="送检").last.click()
    expect(page.locator("#number")).to_have_text(number)
    # Back to what was sent: there is the receipt, and no form to send once more.
    page.goto(link.replace("testing", "training"))
    page.fill("#course", "内审员")
    page.click("#send")
    number = page.locator("#number").inner_text()
    page.go_back()
    expect(page.locator("#send, #number")).to_have_count(1)
    if page.locator("#send").count():
        assert "training" not in page.url
    page.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout(
    phone: Page,
    browser: Browser,
    tmp_path: Path,
    size: ViewportSize,
    scheme: Literal["light", "dark"],
) -> None:
    link = form_link(phone, "我要送检", "送检")
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(link.rpartition("/")[0])
    check_layout(page)
    page.screenshot(path=tmp_path / "services.png", full_page=True)
    forms = page.locator(".service").evaluate_all("links => links.map(a => a.href)")
    assert len(forms) == 13
    for form in forms:
        page.goto(form)
        check_layout(page)
        if not re.search("outsourced|certification|diagnosis", form):
            continue
        for field in page.locator("input[type=text], textarea").all():
            field.fill("。")
        page.click("#send")
        expect(page.locator(".fault").first).to_be_visible()
        in_sight(page, ".fault >> nth=0")
        check_layout(page)
        cut = page.evaluate(
            "() => [...document.querySelectorAll('.choice span, .label, .fault')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
            ".map(e => e.innerText)"
        )
        assert cut == []
        page.screenshot(path=tmp_path / f"{form.rpartition('/')[2]}.png", full_page=True)
    context.close()
    give_up(phone)
