"""Ardour's real engine without a window, on JACK, told and watched over its own OSC.

Two things about Ardour 7.3 shape this file. It takes OSC, and has its ports on JACK, while it is still loading the
session; what it is told then is done and forgotten again. And about one start in three loses JACK while it loads. So
nothing is told once and hoped for: each command is repeated until Ardour's feedback says that it holds, and a start
that is lost is `Lost`, for whoever starts another one.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import soundfile

from bridge.osc.packet import PacketError, decode, encode
from tests.bridge.real_parts import RATE, jack_ports
from tests.needed import need

FOLDER = Path("/usr/lib/ardour7")
TRACK = "Gen A"
PORTS = range(3819, 3840)
FEEDBACK = 1 + 2 + 8 + 16 + 64 + 16384
"""Buttons, controls, heartbeat, transport, and addresses that begin with a slash."""
PATIENCE = 60.0
AGAIN = 2.0
"""Seconds after which a command that has not come to hold is sent again."""


class Lost(Exception):
    """This start of Ardour came to nothing."""


class Ardour:
    """A running Ardour with the session `song`; `seen` is the newest value of each address of its feedback."""

    def __init__(self, song: Path, log: Path) -> None:
        port = free_port()
        self.song = song
        self._log = log
        with log.open("wb") as out:
            command = [sorted(FOLDER.glob("hardour-*"))[0], song, "song"]
            self._process = subprocess.Popen(
                command, env=environment(song.parent), stdout=out, stderr=out
            )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._to = ("127.0.0.1", port)
        self.seen: dict[str, float] = {}

    def record(self, play: Callable[[], None]) -> None:
        """Records on the track, from before `play` begins until it has returned.

        Raises:
            Lost: when Ardour lost JACK, or does not come to record.
        """
        self._greet()
        # Arming is done by the audio callback: once it holds, the session is loaded and runs.
        self.until("/strip/recenable", 1, told=("/strip/recenable", 1, 1))
        self._tell("/goto_start")
        self.until("/rec_enable_toggle", 1, told=("/rec_enable_toggle", 1.0))
        self.until("/transport_play", 1, told=("/transport_play",))
        self.until("/record_tally", 1)
        began = self._place()
        while self._place() <= began + RATE // 4:
            self.hear(0.1)
        play()
        self.hear(0.5)
        self.until("/transport_stop", 1, told=("/transport_stop",))
        self.hear(0.5)

    def roll(self) -> None:
        """Plays from the start.

        Raises:
            Lost: when it lost JACK, or does not come to play.
        """
        self._greet()
        self._tell("/goto_start")
        self.until("/transport_play", 1, told=("/transport_play",))

    def _greet(self) -> None:
        """Has its feedback come here."""
        end = time.monotonic() + PATIENCE
        while not self.seen:
            if time.monotonic() > end:
                raise Lost("it does not answer")
            self._tell("/set_surface", 0, 159, FEEDBACK, 0, 0, 0, 0)  # The last: to this port.
            self.hear(1.0)

    def until(self, address: str, value: float, told: tuple[str | int | float, ...] = ()) -> None:
        """Listens until `address` has this value, and says `told` again and again meanwhile."""
        end, again = time.monotonic() + PATIENCE, 0.0
        self.hear(0.1)
        while self.seen.get(address) != value:
            if time.monotonic() > end:
                raise Lost(f"{address} is not {value}; heard {self.seen}")
            if told and time.monotonic() > again:
                again = time.monotonic() + AGAIN
                self._tell(str(told[0]), *told[1:])
            self.hear(0.1)

    def _place(self) -> float:
        """Where the transport is, in frames."""
        self.seen.pop("/transport_frame", None)
        end = time.monotonic() + PATIENCE
        while "/transport_frame" not in self.seen:
            if time.monotonic() > end:
                raise Lost("it does not say where the transport is")
            self._tell("/transport_frame")
            self.hear(0.2)
        return self.seen["/transport_frame"]

    def _tell(self, address: str, *arguments: str | int | float) -> None:
        self._socket.sendto(encode(address, arguments), self._to)

    def hear(self, seconds: float) -> None:
        """Takes feedback in for a while; `Lost` when Ardour is gone."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            with suppress(PacketError, TimeoutError):
                for message in decode(self._socket.recv(65_536)):
                    value = message.arguments[-1] if message.arguments else None
                    if isinstance(value, (int, float)) and self._ours(message.arguments):
                        self.seen[message.address] = float(value)
        if "HALTED" in self._log.read_text(errors="replace"):
            raise Lost("it lost JACK")
        if self._process.poll() is not None:
            raise Lost(f"it ended with {self._process.returncode}")

    @staticmethod
    def _ours(arguments: tuple[object, ...]) -> bool:
        """Whether feedback is about the whole, or about the first strip, which is our track."""
        return len(arguments) == 1 or arguments[0] == 1

    def recorded(self, frames: int) -> list[np.ndarray]:
        """The two mono files of the track, once both hold more than so many frames."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            files = sorted(self.song.glob("interchange/**/*.wav"))
            if len(files) == 2 and all(soundfile.info(path).frames > frames for path in files):
                return [soundfile.read(path, dtype="float32")[0] for path in files]
            self.hear(0.2)
        raise Lost("its files do not come")

    def close(self) -> None:
        self._socket.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(8)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def new_song(folder: Path, *options: str) -> Path:
    """A session with the stereo track and OSC on; skips, or fails in CI, where there is no Ardour.

    Args:
        folder: where it and Ardour's home are made.
        options: of Ardour's configuration, to switch on.
    """
    need("ardour7-lua")
    config = folder / "home" / ".config" / "ardour7" / "config"
    config.parent.mkdir(parents=True)
    lines = "".join(f'<Option name="{option}" value="1"/>' for option in options)
    config.write_text(f'<?xml version="1.0"?><Ardour><Config>{lines}</Config></Ardour>')
    script = folder / "make.lua"
    script.write_text(
        f"""local b = AudioEngine:set_backend("None (Dummy)", "", "")
        b:set_sample_rate({RATE}) b:set_buffer_size(512)
        local s = create_session("{folder / "song"}", "song", {RATE})
        assert(s)
        s:new_audio_track(2, 2, nil, 1, "{TRACK}", ARDOUR.PresentationInfo.max_order,
                          ARDOUR.TrackMode.Normal, true)
        s:save_state("")
        close_session()"""
    )
    command = ["ardour7-lua", str(script)]
    made = subprocess.run(
        command, env=environment(folder), capture_output=True, text=True, timeout=120, check=False
    )
    song = folder / "song" / "song.ardour"
    assert song.exists(), made.stdout + made.stderr
    off = '(OSC)" active="0"/>'
    assert off in song.read_text()
    song.write_text(song.read_text().replace(off, '(OSC)" active="1"/>'))
    return song.parent


@contextmanager
def ardour(song: Path) -> Iterator[Ardour]:
    """Ardour with a copy of the session, as soon as its track is on JACK.

    Raises:
        Lost: when it does not get that far.
    """
    number = len(list(song.parent.glob("ardour*.log")))
    mine = shutil.copytree(song, song.with_name(f"song{number}"))
    daw = Ardour(mine, song.with_name(f"ardour{number}.log"))
    try:
        end = time.monotonic() + PATIENCE
        while f"ardour:{TRACK}/audio_in 2" not in (jack_ports() or ""):
            if time.monotonic() > end:
                raise Lost("it does not come to JACK")
            daw.hear(0.2)
        yield daw
    finally:
        daw.close()


def free_port() -> int:
    """The port that Ardour will take: the first of its own that nobody has."""
    for port in PORTS:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
            found.bind(("", port))
            return port
    raise Lost("all of its ports are taken")


def environment(folder: Path) -> dict[str, str]:
    """Ardour's own places, and a home of the test's own: what the user has set does not matter here."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    return environment | {
        "HOME": str(folder / "home"),
        "LD_LIBRARY_PATH": str(FOLDER),
        "ARDOUR_DATA_PATH": "/usr/share/ardour7",
        "ARDOUR_CONFIG_PATH": "/etc/ardour7",
        "ARDOUR_DLL_PATH": str(FOLDER),
    }
