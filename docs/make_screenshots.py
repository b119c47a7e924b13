"""Makes docs/screenshots/*.png: the window empty, working, full, light, live, and at 200 %, over the demo's studio.

    python docs/make_screenshots.py [SCENE ...]

No screen is needed. The pictures have a palette of 256 colours, which keeps them small and looks the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from bridge.events import OscTraffic
from bridge.state import JobOptions
from engine.spec import GenerationSpec
from engine.updates import Step, Update
from gui.__main__ import application_for
from gui.demo.engine import DemoEngine
from gui.demo.studio import Studio, build_studio
from gui.look.theme import Choice, Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow, Surroundings

FOLDER = Path(__file__).parent / "screenshots"
TAKES = (
    ("Loop 90 Boom Bap Drums", 11),
    ("Solo Piano", 12),
    ("Orchestral Hit", 13),
    ("Loop 128 Techno Drive", 14),
    ("Lo-Fi Evening", 15),
    ("Ambient Drift", 16),
    ("Loop 124 House Chords", 17),
    ("Uplifting House", 18),
)
LONGEST = 20.0


class Stage:
    """A studio with takes, and windows over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.application: QApplication = application_for(["longtake"])
        self.engine = Paced()
        self.studio: Studio = build_studio(folder, self.engine)

    def fill(self) -> None:
        """Makes the takes of the list."""
        session = self.studio.session
        for name, seed in TAKES:
            session.presets.load(name)
            spec = GenerationSpec(**self.studio.presets.find(name).values)
            long = spec.bars is None or spec.bars > 8
            job = session.generate(
                seed=seed, **({"seconds_total": LONGEST} if long and not spec.seconds_total else {})
            )
            self.wait(lambda job=job: session.jobs.get(job.id).finished, 240)
        takes = [take.id for take in session.takes.search()]
        for place, stars in ((0, 4), (1, 5), (3, 3), (4, 4)):
            session.takes.change(takes[place], rating=stars)
        session.takes.change(takes[1], favourite=True)
        session.parameters.reset()

    def window(self, theme: Choice, scale: float = 1.0, name: str = "picture") -> MainWindow:
        """A window of the usual size at a scale."""
        look = Look(theme, scale)
        look.apply()
        around = Surroundings(
            Memory(self.folder / f"{name}.ini"),
            self.studio.presets,
            "127.0.0.1:9440",
            scripts=self.studio.scripts,
        )
        window = MainWindow(QtSession(self.studio.session), look, around)
        window.resize(round(1440 * scale), round(900 * scale))
        window.show()
        self.turn(0.4)
        return window

    def turn(self, seconds: float) -> None:
        """Turns the event loop."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.application.processEvents()
            time.sleep(0.003)

    def wait(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Turns the event loop until something is so."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                raise TimeoutError(
                    "The scene did not come about in time; try again on a quieter machine."
                )
            self.turn(0.02)

    def end(self, window: MainWindow, name: str) -> None:
        """Takes the picture and closes the window."""
        picture = window.grab().toImage()
        save(picture, FOLDER / f"{name}.png")
        self.studio.session.playback.stop()
        window.close()
        self.studio.session.parameters.reset()
        size = (FOLDER / f"{name}.png").stat().st_size // 1000
        sys.stdout.write(f"{name}: {picture.width()} x {picture.height()}, {size} kB\n")


class Paced:
    """The demo's engine; while it is held it stops after so many updates, and makes short takes for the list."""

    def __init__(self) -> None:
        self._held: int | None = None

    def hold(self, after: int | None) -> None:
        """Stops the next takes after so many updates; None lets them go."""
        self._held = after

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """As the demo's engine does."""
        for number, update in enumerate(DemoEngine().generate(spec)):
            while self._held is not None and number >= self._held:
                time.sleep(0.02)
                yield update if isinstance(update, Step) else Step("decode", 7, 10)
            yield update


def empty(stage: Stage) -> None:
    """The first start."""
    other = Stage(stage.folder / "empty")
    window = other.window("dark")
    other.end(window, "empty")
    other.studio.session.close()


def working(stage: Stage) -> None:
    """A take grows, two wait."""
    window = stage.window("dark")
    session = stage.studio.session
    window.show_welcome(False)
    window.composer.prompt.show_text(
        "Genre: House | Instruments: Drums, Synth Bass, Piano | Moods: Uplifting | BPM: 124 | Key: A minor"
    )
    session.parameters.set("bars", 16.0)
    stage.engine.hold(24 + 13)
    stage.turn(0.4)
    window.generate()
    for prompt in (
        "Genre: Techno | Instruments: Drums, Acid Bass | Moods: Dark | BPM: 132",
        "a rainy street at night, slow piano, 70 BPM",
    ):
        session.generate(prompt, seconds_total=30.0, options=JobOptions(batch=2))
    stage.wait(lambda: (session.playback.playhead() or 0) > 7.5, 120)
    stage.turn(0.3)
    stage.end(window, "working")
    session.jobs.cancel("*")
    stage.engine.hold(None)


def full(stage: Stage) -> None:
    """Takes, presets, spectrogram, a source."""
    window = stage.window("dark")
    show_full(stage, window)
    window.drawer.show_page("presets")
    window.viewer.spectrum.click()
    view = window.viewer.spectrogram()
    stage.wait(lambda: view is not None and view.has_picture())
    stage.turn(0.5)
    stage.end(window, "full")


def light(stage: Stage) -> None:
    """The light theme, with the OSC monitor."""
    window = stage.window("light", name="light")
    show_full(stage, window)
    window.drawer.show_page("osc")
    for direction, address, values in (
        ("in", "/longtake/ping", ()),
        ("out", "/longtake/pong", ("0.1.0", 1)),
        ("in", "/longtake/param/tempo", (124.0,)),
        ("in", "/longtake/generate", ("Genre: House | BPM: 124", "req-7")),
        ("out", "/longtake/ack", ("req-7", "j000009", 0)),
        ("out", "/longtake/progress", ("j000009", 0.42, "diffuse", 6.5)),
    ):
        stage.studio.hub.publish(OscTraffic(direction, "192.168.1.20:9000", address, values))  # type: ignore[arg-type]
    stage.turn(0.5)
    stage.end(window, "light")


def live(stage: Stage) -> None:
    """The page Live fills the window; ten seconds of a beatbox and the drums made of it."""
    window = stage.window("dark", name="live")
    window.show_welcome(False)
    session = stage.studio.session
    for name, value in (
        ("prompt", "Genre: Funk | Instruments: Drums"),
        ("prompt_b", "industrial techno kit, metallic"),
        ("blend", 0.35),
        ("delay", "1"),
    ):
        session.live.set(name, value)
    window.live.fill.click()
    window.drawer.show_page("live")
    window.live.blend.slider.setFocus()
    session.live.start()
    session.live.record(True)
    stage.turn(10.5)
    stage.end(window, "live")
    session.live.stop()


def daw(stage: Stage) -> None:
    """The page DAW: one that is there, one with what is left to do, and deliveries of every kind."""
    session, daws = stage.studio.session, stage.studio.daws
    takes = session.takes.search()
    deliveries = session.daws.deliveries

    def send(number: int, name: str, place: str = "", track: str = "") -> None:
        deliveries.send(takes[number], session.placement(name, place, track))

    session.transport.change("daw", {"beat": 32.0, "selection": (32.0, 48.0)})
    send(0, "reaper", "selection", "new")
    stage.wait(lambda: deliveries.all()[0].state == "placed")
    daws["reaper"].refuses = "The track Guitar is locked; unlock it, or choose another."
    send(1, "reaper", "end", "Guitar")
    stage.wait(lambda: deliveries.all()[0].state == "refused")
    send(2, "ardour", "beat 16", "new")
    send(3, "ardour", "beat 32", "new")
    window = stage.window("dark", name="daw")
    show_full(stage, window)
    window.drawer.show_page("daw")
    window.pages.daw.rows["ableton"].install.click()
    window.resize(1440, 1300)  # All of the page.
    stage.turn(0.6)
    stage.end(window, "daw")


def double(stage: Stage) -> None:
    """200 %."""
    window = stage.window("dark", 2.0, "double")
    show_full(stage, window)
    stage.end(window, "scale-200")


def show_full(stage: Stage, window: MainWindow) -> None:
    """Looks at a take that plays, with its settings."""
    take = next(take for take in stage.studio.session.takes.search() if "Uplifting" in take.prompt)
    window.show_welcome(False)
    window.takes.select(take.id)
    window.use(take)
    window.status.clear()
    stage.wait(lambda: window.viewer.wave.length > 1)
    window.listening.toggle()
    stage.studio.session.playback.seek(min(9.6, take.seconds / 2))
    window.viewer.hands.choose((take.seconds / 2, take.seconds * 0.75))
    window.takes.list.setFocus()
    stage.turn(1.2)
    shown = [take.path for take in stage.studio.session.takes.search()]
    stage.wait(lambda: all(window.peaks.thumbnail(path) is not None for path in shown))


def save(picture: QImage, path: Path) -> None:
    """Writes a PNG with a palette of the picture's own most frequent colours."""
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    bits = picture.constBits()
    if bits is None:
        raise ValueError("The picture is empty.")
    pixels = np.frombuffer(bits.asstring(picture.sizeInBytes()), np.uint32)
    colours, counts = np.unique(pixels, return_counts=True)
    colours = colours[np.argsort(-counts)]
    table = list(colours[:200])
    # Rare colours that are like no other, as a red lamp, are worth more than the next shade of grey.
    others = _channels(colours[200:])
    nearest = np.min(
        np.abs(others[:, None] - _channels(colours[:200])[None]).sum(axis=2),
        axis=1,
        initial=1 << 20,
    )
    for _ in range(min(56, len(others))):
        found = int(np.argmax(nearest))
        table.append(colours[200 + found])
        nearest = np.minimum(nearest, np.abs(others - others[found]).sum(axis=1))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.convertToFormat(QImage.Format.Format_Indexed8, [int(colour) for colour in table]).save(
        str(path), "PNG", 0
    )


def _channels(colours: np.ndarray) -> np.ndarray:
    """Red, green and blue [n, 3] of packed colours."""
    return np.stack([(colours >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.int32)


SCENES = {
    "empty": empty,
    "working": working,
    "full": full,
    "light": light,
    "live": live,
    "daw": daw,
    "scale-200": double,
}


def main(names: list[str]) -> None:
    """Makes the scenes that are named, or all."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        if set(names or SCENES) - {"empty"}:
            stage.fill()
        for name in names or SCENES:
            SCENES[name](stage)
        stage.studio.session.close()


if __name__ == "__main__":
    main(sys.argv[1:])
