"""Makes docs/screenshots/listening-*.png: a listening test's first page, a piece, a phone, light, in headless Chromium.

    python docs/make_listening_screenshots.py

The sounds are noise: none of them is in the pictures. The pictures have a palette of 256 colours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import soundfile
from PyQt6.QtGui import QImage
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from docs.make_screenshots import FOLDER, save
from engine.evaluation.listening_test.command import write

PROMPTS = (
    "Ambient techno, meditation, Scandinavian forest, 808 drum machine, 808 kick, claps, shaker, synthesizer, "
    "synth bass, calm, 122 BPM",
    "Solo piano, slow, melancholic, with a long reverb",
)
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
SIZES = {"desktop": (1280, 860, 1), "phone": (390, 844, 2)}


def written(folder: Path) -> Path:
    """A small test of two systems, real music and an anchor."""
    rng = np.random.default_rng(0)
    for system in ("real", "ours", "theirs"):
        (folder / system).mkdir()
        for number, prompt in enumerate(PROMPTS):
            path = folder / system / f"{number}.wav"
            soundfile.write(str(path), 0.1 * rng.standard_normal((44_100 * 90, 2)), 44_100)
            path.with_suffix(".txt").write_text(prompt)
    systems = [str(folder / name) for name in ("real", "ours", "theirs")]
    out = folder / "test"
    write(
        [
            "--systems",
            *systems,
            "--reference",
            "real",
            "--out",
            str(out),
            "--title",
            "Long-form music",
        ]
    )
    return out / "page" / "index.html"


def shown(driver: Any, size: str, scheme: str) -> None:
    """A window of this size in this scheme."""
    width, height, scale = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": scale > 1}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def taken(driver: Any, name: str) -> None:
    """Saves what is seen."""
    save(QImage.fromData(driver.get_screenshot_as_png()), FOLDER / f"{name}.png")


def main() -> None:
    """Makes all pictures."""
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--mute-audio", "--hide-scrollbars", AUTOPLAY):
        options.add_argument(word)
    options.add_argument("--lang=en-US")
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    with tempfile.TemporaryDirectory() as folder:
        driver.get(written(Path(folder)).as_uri())
        shown(driver, "desktop", "dark")
        driver.execute_script("document.getElementById('language').value = 'en'")
        taken(driver, "listening-welcome")
        # One sound heard and rated, the next one half.
        driver.execute_script(
            "const [a, b] = pages[0].stimuli;"
            "ratings.hear(a.code, 20); ratings.hear(b.code, 4);"
            "pages[0].questions.forEach((q, n) => ratings.rate(a.code, q, q === 'stereo' ? 1 : 5 - (n % 2)));"
            "ratings.rate(b.code, 'quality', 3); go(1)"
        )
        driver.execute_script(
            "player.seek(player.rows[0], 62); player.seek(player.rows[1], 24); player.toggle(player.rows[1])"
        )
        WebDriverWait(driver, 30).until(
            lambda _: driver.execute_script(
                "return document.querySelector('.card.playing') !== null"
            )
        )
        taken(driver, "listening-piece")
        shown(driver, "phone", "dark")
        taken(driver, "listening-phone")
        shown(driver, "desktop", "light")
        taken(driver, "listening-light")
    driver.quit()


if __name__ == "__main__":
    main()
