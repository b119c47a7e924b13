"""The real Ardour with its window, on a screen without a monitor and on JACK, with our scripts in it.

Beside ours it has a script of the tests, which runs Lua inside Ardour and tells what it gives: what is asked is seen
there and in the session that Ardour saves. A start may lose JACK while the session is loaded; it is `Lost` then.
"""

from __future__ import annotations

import base64
import shutil
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.osc.packet import encode
from tests.bridge.ardour import FOLDER, Lost, environment, free_port, new_song
from tests.bridge.real_parts import RATE

COMPANIONS = Path(__file__).parents[3] / "bridge" / "companions"
PATIENCE = 60.0
SIGNALS, TIMER = 49, 47
"""How many signals Ardour 7.3 has for scripts, and which of them is the tenth of a second."""
ACTIONS = ("transform", "generate", "continue", "send")
SUPERCLOCK = 282_240_000
"""Ardour's units of time in a second."""
PROBE = """function factory () return function ()
  local run, why = loadfile ("{0}/probe.lua")
  if not run then return end
  os.remove ("{0}/probe.lua")
  local done, told = pcall (run)
  local file = io.open ("{0}/told.part", "w")
  file:write (done and "" or "error: ", tostring (told))
  file:close ()
  os.rename ("{0}/told.part", "{0}/told")
end end"""


@dataclass(frozen=True)
class Region:
    """A region as the session's file has it: at a sample of the song, the files of its channels, whether it fades."""

    name: str
    at: int
    frames: int
    files: tuple[Path, ...]
    fades: bool


class ArdourWindow:
    """A running Ardour with the session of `song`."""

    def __init__(self, song: Path, screen: dict[str, str], spool: Path) -> None:
        """Starts it.

        Raises:
            Lost: if it loses JACK, ends, or does not answer.
        """
        self._home = song.parent
        self.song = song
        self._screen = screen
        install(song.parent / "home" / ".config" / "ardour7", spool, song.parent)
        self._osc = ("127.0.0.1", free_port())
        self._log = song.parent / f"window{len(list(song.parent.glob('window*.log')))}.log"
        with_screen = environment(song.parent) | {"DISPLAY": screen["DISPLAY"]}
        program = next(path for path in FOLDER.glob("ardour-7*"))
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [program, "-a", "-n", "-P", song / "song.ardour"],
                env=with_screen,
                stdout=out,
                stderr=out,
            )
        try:
            self._begin()
        except Lost:
            self.close()
            raise

    def _begin(self) -> None:
        """Presses windows away that come at the start, until the script of the tests answers."""
        self._write("return 'here'")
        end = time.monotonic() + PATIENCE
        while not (self._home / "told").exists():
            self._check()
            if time.monotonic() > end:
                raise Lost(f"its script does not answer: {self._log.read_text()[-300:]}")
            self._xdotool("key", "Return")
            time.sleep(0.5)
        self._told()

    def lua(self, code: str) -> str:
        """What a piece of Lua returns inside Ardour."""
        self._write(code)
        end = time.monotonic() + PATIENCE
        while not (self._home / "told").exists():
            self._check()
            assert time.monotonic() < end, f"Ardour runs no script any more, at {code!r}"
            time.sleep(0.05)
        told = self._told()
        assert not told.startswith("error: "), told
        return told

    def act(self, action: str) -> None:
        """Calls one of our actions, as any program may over OSC."""
        address = f"LuaAction/script-{1 + ACTIONS.index(action)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(encode("/access_action", (address,)), self._osc)

    def act_and_answer(self, action: str, text: str) -> None:
        """Calls an action until its window has come, and writes into it until it has gone."""
        self._again(lambda: self.act(action), lambda: bool(self._window()))
        self._xdotool("type", text)
        self._again(lambda: self._xdotool("key", "alt+o"), lambda: not self._window())

    def _again(self, act: Callable[[], object], holds: Callable[[], bool]) -> None:
        """Acts, and again after a while, until something holds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            act()
            soon = time.monotonic() + 4.0
            while time.monotonic() < soon:
                if holds():
                    return
                time.sleep(0.1)
        raise AssertionError(f"it has not come about; the windows are {self._window('.')}")

    def _window(self, name: str = "^Longtake$") -> str:
        """The titles that match of the windows that can be seen."""
        search = ("search", "--onlyvisible", "--name", name)
        return self._xdotool(*search, "getwindowname", "%@") if self._xdotool(*search) else ""

    def _xdotool(self, *arguments: str) -> str:
        command = ["xdotool", *arguments]
        done = subprocess.run(
            command, env=self._screen, capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout

    def regions(self) -> dict[str, list[Region]]:
        """Of each track, what lies on it, by the session that Ardour saves now."""
        self.lua("Session:save_state ('', false, false, false) return ''")
        root = ET.parse(self.song / "song.ardour").getroot()
        audio = self.song / "interchange" / self.song.name / "audiofiles"
        files = {each.get("id"): audio / str(each.get("name")) for each in root.iter("Source")}
        playlists = root.find("Playlists")
        assert playlists is not None
        names = {each.get("id"): str(each.get("name")) for each in root.iter("Route")}
        return {
            names[playlist.get("orig-track-id")]: [
                _region(region, files) for region in playlist.findall("Region")
            ]
            for playlist in playlists.findall("Playlist")
            if playlist.get("orig-track-id") in names
        }

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, code: str) -> None:
        part = self._home / "probe.part"
        part.write_text(code)
        part.rename(self._home / "probe.lua")

    def _told(self) -> str:
        path = self._home / "told"
        text = path.read_text()
        path.unlink()
        return text

    def _check(self) -> None:
        if "HALTED" in self._log.read_text(errors="replace"):
            raise Lost("it lost JACK")
        if self._process.poll() is not None:
            raise Lost(f"it ended with {self._process.returncode}")


def session(folder: Path) -> Path:
    """A session of 44 100 Hz with one track, at the tempo of 120."""
    song = new_song(folder)
    config = folder / "home" / ".config" / "ardour7"
    state = (
        f'<State backend="JACK" driver="" device="" input-device="" output-device="" sample-rate="{RATE}" '
        'buffer-size="512" n-periods="0" input-latency="0" output-latency="0" lm-input="" lm-output="" '
        'active="1" use-buffered-io="0" midi-option="" lru="1"><MIDIDevices/></State>'
    )
    (config / ".a7").touch()  # Else it asks a new user many things.
    (config / "config").write_text(
        '<?xml version="1.0"?><Ardour><Config><Option name="try-autostart-engine" value="1"/></Config>'
        f"<Extra><AudioMIDISetup><EngineStates>{state}</EngineStates></AudioMIDISetup></Extra></Ardour>"
    )
    return song


def install(config: Path, spool: Path, probe: Path) -> None:
    """Our scripts where Ardour keeps a user's own, and switched on, as its script manager does it."""
    ours = config / "longtake"
    shutil.copytree(COMPANIONS / "ardour" / "longtake", ours, dirs_exist_ok=True)
    shutil.copy(COMPANIONS / "spool.lua", ours)
    (ours / "folder").write_text(f"{spool}\n")
    bits = "".join("1" if each == TIMER else "0" for each in reversed(range(SIGNALS)))
    hooks = {
        "Longtake": (COMPANIONS / "ardour" / "longtake.lua").read_text(),
        "Probe": PROBE.format(probe),
    }
    actions = "scripts = {} " + "".join(
        f"scripts[{number}] = {{}} {_script(f'scripts[{number}]', action, source)}"
        for number, action in enumerate(ACTIONS, 1)
        for source in [(COMPANIONS / "ardour" / f"longtake_{action}.lua").read_text()]
    )
    callbacks = "".join(
        f'<LuaCallback lua="Lua 5.3" id="{number}" name="{name}" signals="{bits}">'
        f"{_coded('s = {} ' + _script('s', name, source))}</LuaCallback>"
        for number, (name, source) in enumerate(hooks.items(), 4711)
    )
    (config / "ui_scripts").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><UIScripts>'
        f'<ActionScript lua="Lua 5.3">{_coded(actions)}</ActionScript>'
        f"<ActionHooks>{callbacks}</ActionHooks></UIScripts>"
    )


def _script(at: str, name: str, source: str) -> str:
    """A script as Ardour keeps it: its text, and its factory by itself."""
    body = source.partition("function factory ()")[2].rpartition("end")[0]
    fields = {"n": name, "s": source, "f": body}
    return "".join(f'{at}["{key}"] = {_quoted(text)} ' for key, text in fields.items()) + (
        f'{at}["a"] = {{}} '
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _region(element: ET.Element, files: dict[str | None, Path]) -> Region:
    sources = [str(element.get(f"source-{n}")) for n in range(int(element.get("channels", "1")))]
    length, _, position = str(element.get("length")).partition("@")
    return Region(
        str(element.get("name")),
        _frames(position),
        _frames(length),
        tuple(files[source] for source in sources),
        element.get("fade-in-active") == "1" or element.get("fade-out-active") == "1",
    )


def _frames(text: str) -> int:
    """Samples of a time as the session has it: `a` and superclocks."""
    assert text.startswith("a"), text
    frames, left = divmod(int(text[1:]) * RATE, SUPERCLOCK)
    assert left == 0, text
    return frames
