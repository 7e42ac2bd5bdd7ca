"""The rating page on a phone: three taps, nothing too small, nothing below the fold but extras."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.test_story import (
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
QUESTION = "送检5个水样要多少钱"


def rating_link(phone: Page) -> str:
    """A ticket is asked, answered and said to be solved; the link in the reply."""
    be(phone, "oDemoXiaolin")
    say(phone, QUESTION)
    receipt = phone.locator('.message[data-side="in"] .bubble').last
    expect(receipt).to_contain_text("已转检验检测专员王工")
    number = re.search(r"NQ\d+", receipt.inner_text())
    assert number is not None
    be(phone, "oDemoWang")
    phone.locator(f'.card:has-text("{number[0]}") [data-url]').click()
    page = phone.frame_locator("#webview-frame")
    page.locator("#text").fill("按项目报价。")
    page.locator("#answer").click()
    expect(page.locator("#close")).to_be_visible()
    phone.click("#webview-close")
    be(phone, "oDemoXiaolin")
    say(phone, "解决了，谢谢")
    said = phone.locator('.message[data-side="in"] .bubble').last
    expect(said).to_contain_text("已办结")
    href = said.locator("a", has_text="点这里评价").get_attribute("href")
    assert href is not None
    return href


def test_three_taps_and_a_line(phone: Page, browser: Browser, dev: str, tmp_path: Path) -> None:
    link = rating_link(phone)
    # Without scripts, as some phones' browsers are set.
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    for axis, score in (("professionalism", 5), ("timeliness", 4), ("integrity", 1)):
        row = page.locator(f"#{axis}")
        expect(row.locator("button")).to_have_count(5)
        last = row.locator("button").last.bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= PHONE["height"], axis  # all in sight at once
        row.locator(f'button[value="{score}"]').click()
    pressed = page.locator('[aria-pressed="true"]')
    expect(pressed).to_have_text(["很满意", "满意"])
    expect(page.locator("#integrity")).to_contain_text("已匿名提交")
    page.locator('#timeliness button[value="3"]').click()
    expect(pressed).to_have_text(["很满意", "一般"])
    page.fill("#comment", "讲得很清楚")
    page.click("#send")
    expect(page.locator("main")).to_contain_text("留言已收到")
    page.screenshot(path=tmp_path / "rated.png", full_page=True)
    context.close()


def test_layout(phone: Page, browser: Browser, tmp_path: Path) -> None:
    link = rating_link(phone)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=PHONE, color_scheme=scheme)
        page = context.new_page()
        page.goto(link)
        check_layout(page)
        words = page.evaluate(
            "() => [...document.querySelectorAll('.scores button')]"
            ".filter(b => b.scrollWidth > b.clientWidth).map(b => b.innerText)"
        )
        assert words == []
        page.click('#professionalism button[value="5"]')
        check_layout(page)
        page.screenshot(path=tmp_path / f"{scheme}.png")
        context.close()
