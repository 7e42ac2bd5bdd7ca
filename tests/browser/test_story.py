"""The story of the spine, played on /dev/phone by taps and typing in a real Chromium."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.log_guard import heard
from tests.stack import free_port

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE: ViewportSize = {"width": 375, "height": 667}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
QUESTION = "送检3个水样要多少钱"
ANSWER = "带样到窗口，当场按项目报价，三个样一起算。"
# Layout facts of one page: what is wider than the screen, too small to tap, too small to read.
LAYOUT = """() => {
  const seen = [...document.querySelectorAll('body *')].filter(e => e.offsetParent !== null);
  const text = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const box = e => e.getBoundingClientRect();
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    small_targets: seen.filter(e => e.matches('a, button, input:not([type=hidden]), textarea'))
      .filter(e => box(e).height < 44 || box(e).width < 44).map(e => e.outerHTML.slice(0, 80)),
    small_text: seen.filter(text).filter(e => parseFloat(getComputedStyle(e).fontSize) < 14)
      .map(e => e.outerHTML.slice(0, 80)),
  };
}"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`python -m server dev` as a newcomer starts it, in an empty folder of its own."""
    folder = tmp_path_factory.mktemp("dev")
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("NQI_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "dev"],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "NQI_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{address}/healthz").raise_for_status()
            break
        except httpx.HTTPError:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield address
    process.terminate()
    output = process.communicate(timeout=20)[0]
    heard(output)
    assert "可以试的事" in output
    assert "Traceback" not in output


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def phone(dev: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{dev}/dev/phone")
    yield page
    context.close()
    assert problems == []


def be(page: Page, openid: str) -> None:
    page.click(f'#people [data-user="{openid}"]')


def say(page: Page, text: str) -> None:
    page.fill("#composer", text)
    page.click("#send")


def check_layout(page: Page) -> None:
    facts = page.evaluate(LAYOUT)
    assert facts == {"overflow": 0, "small_targets": [], "small_text": []}


def test_the_story(phone: Page, dev: str) -> None:
    be(phone, "oDemoXiaolin")
    say(phone, "桶装水铜绿超标咋办")
    answer = phone.locator('.message[data-side="in"] .bubble').last
    expect(answer).to_contain_text("GB 19298-2014")
    expect(answer).to_contain_text("n=5,c=0,m=0 CFU/250mL")
    say(phone, QUESTION)
    receipt = phone.locator('.message[data-side="in"] .bubble').last
    expect(receipt).to_contain_text("已转检验检测专员王工")
    check_layout(phone)

    expect(phone.locator('[data-user="oDemoWang"] .badge')).to_have_text("1")
    be(phone, "oDemoWang")
    card = phone.locator(".card").last
    expect(card).to_contain_text("新工单提醒")
    expect(card).to_contain_text(QUESTION)
    card.locator("[data-url]").click()
    page = phone.frame_locator("#webview-frame")
    expect(page.locator("#question")).to_have_text(QUESTION)
    page.locator("#accept").click()
    expect(page.locator(".state").first).to_have_text("处理中")
    page.locator("#text").fill(ANSWER)
    page.locator("#answer").click()
    expect(page.locator(".state").first).to_have_text("已答复")
    phone.click("#webview-close")

    be(phone, "oDemoXiaolin")
    last = phone.locator('.message[data-side="in"] .bubble').last
    expect(last).to_contain_text(ANSWER)
    expect(last).to_contain_text(QUESTION)


def test_answer_after_the_window_comes_as_a_card_to_a_page(phone: Page) -> None:
    be(phone, "oDemoAmei")
    say(phone, "天平校准收多少钱")
    expect(phone.locator('.message[data-side="in"] .bubble').last).to_contain_text("专员李工")
    phone.click("#settings")
    phone.click('[data-clock="172800"]')
    phone.click("#console-close")
    be(phone, "oDemoLi")
    phone.locator('.card:has-text("新工单提醒") [data-url]').last.click()
    page = phone.frame_locator("#webview-frame")
    page.locator("#text").fill("按器具收费，见公示价目。")
    page.locator("#answer").click()
    expect(page.locator(".state").first).to_have_text("已答复")
    phone.click("#webview-close")
    be(phone, "oDemoAmei")
    card = phone.locator('.card:has-text("问题答复通知")').last
    expect(card).to_be_visible()
    card.locator("[data-url]").click()
    expect(phone.frame_locator("#webview-frame").locator("main")).to_contain_text("按器具收费")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=str)
def test_desk_pages_are_fit_for_a_thumb(
    phone: Page, browser: Browser, dev: str, size: ViewportSize
) -> None:
    be(phone, "oDemoXiaolin")
    mark = f"投诉{size['width']}"
    say(phone, f"{mark}：电话没人接，{'长' * 40}")
    expect(phone.locator('.message[data-side="in"] .bubble').last).to_contain_text("单号")
    be(phone, "oDemoChen")
    link = phone.locator(f'.card:has-text("{mark}") [data-url]').get_attribute("data-url")
    context = browser.new_context(viewport=size)
    page = context.new_page()
    page.goto(str(link))
    check_layout(page)
    page.click(".back")
    page.wait_for_url("**/desk")
    check_layout(page)
    page.goto(f"{dev}/desk/tickets/NQ0000000000")
    check_layout(page)
    context.close()
