"""The phone page in a real browser, at a phone's size and on a desktop."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.simulator.conftest import CARD, Stage

pytestmark = pytest.mark.browser
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run --disable-quic"
)
TEMPLATE = "/cgi-bin/message/template/send"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=FLAGS.split()
        )
        yield chromium
        await chromium.close()


async def open_phone(browser: Browser, stage: Stage, width: int, height: int) -> Page:
    """The page, ready; anything its console complains about fails the test."""
    page = await browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{stage.origin}/dev/phone")
    await page.wait_for_selector("body[data-ready]")
    return page


async def test_employee_asks_and_specialist_is_told(browser: Browser, stage: Stage) -> None:
    page = await open_phone(browser, stage, 375, 667)
    await page.fill("#composer", "<img src=x onerror=alert(1)>桶装水")
    await page.click("#send")
    reply = page.locator(".message[data-side=in] .bubble")
    await expect(reply).to_have_text("你说：<img src=x onerror=alert(1)>桶装水")
    assert await page.locator("#chat img").count() == 0

    specialist = list(stage.simulator.people)[2].person.openid
    url = f"{stage.origin}/dev/phone/static/sample.png"
    body = {"touser": specialist, "template_id": "T-ticket", "url": url, "data": CARD}
    assert (await stage.send(TEMPLATE, body))["errcode"] == 0
    badge = page.locator(f"[data-user={specialist}] .badge")
    await expect(badge).to_have_text("1")
    await page.click(f"[data-user={specialist}]")
    await expect(page.locator(".card-title")).to_have_text("工单提醒")
    await expect(badge).to_have_count(0)
    await page.click(".card [data-url]")
    await expect(page.locator("#webview")).to_be_visible()
    await expect(page.locator("#webview-frame")).to_have_attribute("src", url)
    await page.click("#webview-close")
    await expect(page.locator("#webview")).to_be_hidden()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 375


async def test_panel_sheets_and_drawer(browser: Browser, stage: Stage) -> None:
    page = await open_phone(browser, stage, 375, 667)
    await page.click("#plus")
    await page.click("[data-act=subscribe]")
    await page.check("[data-template=T-once]")
    await page.click("#subscribe-accept")
    await expect(page.locator(".note").last).to_contain_text("同意接收")
    assert stage.simulator.credits.left(stage.employee) == {"T-once": 1}
    await page.click("[data-act=sample]")
    await expect(page.locator(".picture")).to_be_visible()
    await page.click("[data-act=follow]")
    await expect(page.locator("#follow-word")).to_have_text("关注")
    before = stage.clock.now()
    await page.click("#settings")
    await page.click("[data-clock='172800']")
    await expect(page.locator("#clock-now")).to_contain_text("2026年11月25日")
    assert stage.clock.now() > before
    await page.click("#fault-block summary")
    await page.select_option("#fault-path", "/cgi-bin/message/custom/send")
    await page.select_option("#fault-errcode", "45009")
    await page.click("#fault-on")
    await expect(page.locator("#fault-list")).to_contain_text("45009")
    assert await stage.custom(stage.employee) == 45009
    await expect(page.locator(".log-call[data-errcode='45009']")).to_have_count(1)
    await page.click("[data-fault-off]")
    await expect(page.locator("#fault-list li")).to_have_count(0)


async def test_desktop_shows_the_platform_beside_the_phone(browser: Browser, stage: Stage) -> None:
    page = await open_phone(browser, stage, 1280, 800)
    await page.click("[data-sample] >> nth=0")
    await expect(page.locator(".message[data-side=in]")).to_have_count(1)
    await expect(page.locator(".log-delivery[data-kind=text][data-ok=true]")).to_have_count(1)
    stage.simulator.courier.base = "http://127.0.0.1:9"
    await page.fill("#composer", "在吗")
    await page.press("#composer", "Enter")
    await expect(page.locator(".note.broken")).to_be_visible()
    await expect(page.locator(".log-delivery[data-ok=false]")).to_be_visible()
