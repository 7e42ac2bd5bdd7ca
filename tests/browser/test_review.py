"""The list of what is held for review, on a phone: read, and decided by one tap."""

from pathlib import Path

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
LONG = "兼职刷单日结，一天500，" + "在家就能做，" * 12 + "加V信 abc88888 领红包"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=str)
def test_held_messages_are_decided_by_a_tap(
    phone: Page, browser: Browser, dev: str, size: ViewportSize, tmp_path: Path
) -> None:
    mark = f"投诉{size['width']}"
    be(phone, "oDemoXiaolin")
    for text in (f"{mark}：电话没人接", f"{mark}：别拿消费者赌博！桶装水铜绿超标咋办", LONG):
        say(phone, text)
        said = phone.locator('.message[data-side="in"] .bubble').last
        expect(said).to_contain_text("单号" if "没人接" in text else "先由工作人员看过")
    be(phone, "oDemoChen")
    link = phone.locator(f'.card:has-text("{mark}") [data-url]').get_attribute("data-url")
    # Without scripts, as some phones' browsers are set.
    page = browser.new_context(viewport=size, java_script_enabled=False).new_page()
    page.goto(str(link))
    page.click(".back")
    expect(page.locator("#held")).to_contain_text("2 条")
    page.screenshot(path=tmp_path / "desk.png")
    page.click("#held")
    expect(page.locator("form.held")).to_have_count(2)
    page.screenshot(path=tmp_path / "review.png")
    page.locator("form.held").filter(has_text=mark).locator("text=放行").click()
    page.locator("form.held").filter(has_text="兼职").locator("text=不通过").click()
    expect(page.locator("main")).to_contain_text("现在没有待审核的内容")
    page.context.close()
    be(phone, "oDemoXiaolin")
    expect(phone.locator('.message[data-side="in"] .bubble').last).to_contain_text("不便处理")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout(phone: Page, browser: Browser, dev: str, scheme: str) -> None:
    be(phone, "oDemoXiaolin")
    say(phone, f"投诉{scheme}：{LONG}")
    say(phone, f"投诉{scheme}：电话没人接")
    be(phone, "oDemoChen")
    card = phone.locator(f'.card:has-text("投诉{scheme}") [data-url]')
    # "light" or "dark", which the type of a parameter does not say.
    page = browser.new_page(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(str(card.get_attribute("data-url")))
    for path in ("/desk", "/desk/review"):
        page.goto(f"{dev}{path}")
        check_layout(page)
    page.close()
