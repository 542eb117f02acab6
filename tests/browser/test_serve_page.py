"""The page in a real browser, served as it is."""

import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.marking.xmp import KEYWORD, PACKET
from components.registry import Registry

pytestmark = pytest.mark.browser

PATIENCE_MS = 15_000
TEN = [f"My dream is sample {index} of seed" for index in range(10)]
CONTRAST = """
() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const rgb = parse(getComputedStyle(node).backgroundColor);
      if (rgb.length === 3 || rgb[3] === 1) return rgb;
    }
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || node.closest(":disabled, noscript, .skip") || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([node.outerHTML.slice(0, 60), ratio]);
  }
  return poor;
}
"""
"""What is harder to read than WCAG 2.2 allows (1.4.3: text at 4.5 to 1)."""
UNNAMED = """
() => [...document.querySelectorAll("button, input, select, summary, img, a")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.ariaLabel || node.labels?.length || node.innerText || node.alt))
  .map((node) => node.outerHTML)
"""


@pytest.fixture(scope="module")
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, engines: FakeEngines) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("page")
    registry = Registry.open(str(place / "registry"))
    publish(registry)
    publish(registry, "john")
    with serving(registry, place / "cache", engines) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(accept_downloads=True)
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, running: Running) -> Iterator[Page]:
    """The page, opened; whatever it loads from elsewhere or complains of fails the test."""
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type == "error" and not said.text.startswith("Failed to load resource: the s")
            else None  # an answer that is an error is shown to the reader
        ),
    )
    opened.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((running.inference, "data:", "blob:"))
            else wrong.append(asked.url)
        ),
    )  # fmt: skip
    opened.goto(running.inference + "/")
    expect(opened.locator("#write")).to_be_enabled()
    yield opened
    assert wrong == []


def texts(page: Page) -> list[str]:
    return page.locator(".post .text").all_inner_texts()


def write_ten(page: Page) -> None:
    page.get_by_role("button", name="Write ten posts").click()
    expect(page.get_by_role("status")).to_have_text("Ten posts written")


def test_ten_posts_stream_in(page: Page, engines: FakeEngines) -> None:
    assert page.get_by_label("Each post starts with").input_value() == "My dream is"
    gate = engines.made[0].gate
    for engine in engines.open:
        engine.delay, engine.gate = 0.01, gate
    gate.clear()
    page.get_by_role("button", name="Write ten posts").click()
    expect(page.get_by_role("article")).to_have_count(10)
    expect(page.locator('.post[aria-busy="true"]')).to_have_count(10)
    gate.set()
    expect(page.locator(".post .written").first).to_contain_text("sample 0")
    expect(page.get_by_role("status")).to_have_text("Ten posts written")
    for engine in engines.open:
        engine.delay = 0.0
    assert [text.startswith(begun) for text, begun in zip(texts(page), TEN, strict=True)] == (
        [True] * 10
    )
    expect(page.locator(".post .bot")).to_have_text(["AI bot"] * 10)
    expect(page.locator(".post .handle")).to_have_text(["jane@1"] * 10)
    expect(page.locator('.post[aria-busy="true"]')).to_have_count(0)


def test_one_is_written_again(page: Page) -> None:
    write_ten(page)
    before = texts(page)
    page.get_by_role("button", name="Regenerate: post 3").click()
    expect(page.get_by_role("status")).to_have_text("Post 3 written again")
    after = texts(page)
    assert after[2].startswith("My dream is sample 0 of seed")
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed == [index == 2 for index in range(10)]
    expect(page.get_by_role("button", name="Regenerate: post 3")).to_be_focused()


def test_copying_takes_the_label_along(
    page: Page, context: BrowserContext, running: Running
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.inference)
    write_ten(page)
    page.get_by_role("button", name="Copy: post 2").click()
    expect(page.get_by_role("status")).to_have_text("Post 2 copied, with its label")
    copied = page.evaluate("navigator.clipboard.readText()")
    text, label = copied.split("\n\n")
    assert text.startswith(TEN[1])
    assert label == "— written by Rosa Thorn, AI bot (jane@1)"


def xmp_of(png: bytes) -> str:
    """The XMP in a PNG, each of whose chunks must be whole."""
    found, at = "", 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        chunk = png[at + 4 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size) == (zlib.crc32(chunk),)
        if chunk.startswith(b"iTXt" + KEYWORD.encode() + bytes(5)):
            found = chunk[len(KEYWORD) + 9 :].decode()
        at += size + 12
    return found


def test_a_picture_is_saved(page: Page, tmp_path: Path) -> None:
    write_ten(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture: post 1", exact=True).click()
    assert download.value.suggested_filename == "jane-bot.png"
    download.value.save_as(tmp_path / "post.png")
    data = (tmp_path / "post.png").read_bytes()
    assert xmp_of(data) == PACKET
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) >= (1200, 400)


def test_the_card_and_the_counts(page: Page) -> None:
    page.get_by_text("What became of the author’s posts").click()
    table = page.get_by_role("region", name="Counts").get_by_role("table")
    expect(table.get_by_role("row", name="Tweets downloaded 72")).to_be_visible()
    expect(table.get_by_role("columnheader", name="@gardener")).to_be_visible()
    page.get_by_text("Model card").click()
    expect(page.get_by_role("heading", name="Rosa Thorn 🤖 AI Bot")).to_be_visible()
    picture = page.get_by_alt_text("A picture of the author")
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 1


def test_another_persona_is_chosen_and_kept_in_the_address(page: Page, running: Running) -> None:
    page.get_by_label("Persona").select_option("john")
    expect(page).to_have_url(running.inference + "/?persona=john")
    expect(page.locator("#write")).to_be_enabled()
    write_ten(page)
    expect(page.locator(".post .handle").first).to_have_text("john@1")
    page.reload()
    expect(page.get_by_label("Persona")).to_have_value("john")


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the posts")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Persona")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("I like")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Ten posts written")
    assert texts(page)[0].startswith("I like sample 0")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    again = page.get_by_role("button", name="Regenerate: post 1", exact=True)
    expect(again).to_be_focused()
    assert again.evaluate("button => getComputedStyle(button).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Post 1 written again")
    expect(again).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_and_can_be_read(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    write_ten(page)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []
    smallest = min(
        box["height"] for one in page.get_by_role("button").all() if (box := one.bounding_box())
    )
    assert smallest >= 44
    headings = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)")
    assert headings[:2] == ["H1", "H2"]
    assert page.evaluate("document.documentElement.lang") == "en"


def test_what_fails_is_said_in_a_sentence(page: Page, engines: FakeEngines) -> None:
    page.get_by_label("Each post starts with").fill("word " * 60)
    for engine in engines.open:
        engine.max_positions = 20
    page.locator("#write").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("^The prompt is too long"))
    expect(page.get_by_role("article")).to_have_count(0)
    for engine in engines.open:
        engine.max_positions = 1000


def test_a_token_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    registry = Registry.open(str(tmp_path / "registry"))
    publish(registry)
    environment = {"HUGGINGTWEETS_INFERENCE_TOKEN": "secret"}
    with serving(registry, tmp_path / "cache", environment=environment) as running:
        page = browser.new_page()
        page.goto(running.inference)
        page.get_by_label("Access token").fill("secret")
        page.keyboard.press("Tab")
        expect(page.locator("#write")).to_be_enabled()
        write_ten(page)
        page.close()
