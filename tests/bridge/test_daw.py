"""Real programs drive the bridge: liblo's tools, Pd, and Ardour, which records what is played bit for bit."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.osc.server import OscOptions, OscServer
from tests.bridge.ardour import TRACK, Lost, ardour, new_song
from tests.bridge.conftest import Sounding
from tests.bridge.real_parts import Ear, JackServer, freewheel, jack_client, until
from tests.bridge.rig import Peer
from tests.needed import need

pytestmark = pytest.mark.real_parts
OUTPUT = "PortAudio.*:out_"


@pytest.fixture
def server(sounding: Sounding, tmp_path: Path) -> Iterator[OscServer]:
    options = OscOptions(port=0, query_port=None, folders=(tmp_path,))
    made = OscServer(sounding.session, sounding.hub.publish, options)
    made.start()
    yield made
    made.close()


def free_port() -> int:
    with Peer(9) as peer:
        return peer.port


def hear_out(sounding: Sounding, path: Path, start: object) -> None:
    """Has a take played and holds what is heard against its file."""
    wanted = soundfile.read(path, dtype="float32", always_2d=True)[0]
    with jack_client("ear") as client:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        with freewheel(ear, sounding.audio.supervisor.output, len(wanted)):
            start()  # type: ignore[operator]
            heard = ear.fill()
    assert (
        len(heard) > len(wanted) - 512
    )  # What precedes the first sound in its period is not counted.
    assert np.array_equal(heard, wanted[: len(heard)])
    until(lambda: sounding.session.playback.state().state == "stopped")


class Dump:
    """liblo's oscdump, and what it has printed."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self._log = log
        with log.open("wb") as out:
            command = ["stdbuf", "-oL", "oscdump", "-L", str(self.port)]
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)

    def lines(self, address: str) -> list[str]:
        found = self._log.read_text(errors="replace").splitlines()
        return [line for line in found if f" /longtake/{address} " in f" {line} "]

    def wait(self, address: str) -> str:
        return until(lambda: self.lines(address), what=address)[-1]


def test_liblo_asks_hears_of_progress_gets_its_take_and_plays_it(
    sounding: Sounding, server: OscServer, tmp_path: Path
) -> None:
    need("oscsend", "oscdump")
    dump = Dump(tmp_path / "dump")

    def send(address: str, *arguments: str) -> None:
        command = ["oscsend", "127.0.0.1", str(server.port), f"/longtake/{address}", *arguments]
        subprocess.run(command, check=True, timeout=60)

    try:

        def greeted() -> bool:
            """Says where answers go until one has come there: oscdump takes its time to listen."""
            send("reply_to", "si", "127.0.0.1", str(dump.port))
            time.sleep(0.2)
            return bool(dump.lines("reply_to"))

        until(greeted, what="oscdump")
        send("generate", "sssfsi", "lo1", "héllo techno", "duration", "4", "seed", "7")
        assert '"lo1"' in dump.wait("ack")
        done = dump.wait("done")
        assert dump.lines("progress")
        path = Path(re.findall(r'"([^"]*\.wav)"', done)[0])
        job = re.findall(r'"([^"]*)"', done)[1]
        hear_out(sounding, path, lambda: send("play", "s", job))
        send("param/steps", "s", "many")
        assert '"bad_args"' in dump.wait("error")
        url = f"osc.tcp://127.0.0.1:{server.port}"
        subprocess.run(["oscsend", url, "/longtake/param/steps", "i", "12"], check=True, timeout=60)
        until(lambda: sounding.session.parameters.get("steps") == 12, what="liblo over TCP")
    finally:
        dump.process.kill()
        dump.process.wait()


PATCH = """#N canvas 0 0 450 300 12;
#X obj 10 10 netreceive -u -b {ear};
#X obj 10 40 oscparse;
#X obj 10 70 print OSC;
#X obj 100 10 netreceive {fudi};
#X obj 100 40 oscformat longtake;
#X obj 100 70 list prepend send;
#X obj 100 100 list trim;
#X obj 100 130 netsend -u -b;
#X obj 300 10 loadbang;
#X msg 300 40 connect 127.0.0.1 {port};
#X connect 0 0 1 0;
#X connect 1 0 2 0;
#X connect 3 0 4 0;
#X connect 4 0 5 0;
#X connect 5 0 6 0;
#X connect 6 0 7 0;
#X connect 8 0 9 0;
#X connect 9 0 7 0;
"""


def test_pd_asks_hears_of_progress_gets_its_take_and_plays_it(
    sounding: Sounding, server: OscServer, tmp_path: Path
) -> None:
    need("pd")
    ear, fudi = free_port(), free_port()
    (tmp_path / "x.pd").write_text(PATCH.format(ear=ear, fudi=fudi, port=server.port))
    log = tmp_path / "pd"
    with log.open("wb") as out:
        flags = ["-nogui", "-noaudio", "-nomidi", "-stderr", "-open", "x.pd"]
        pd = subprocess.Popen(["pd", *flags], cwd=tmp_path, stdout=out, stderr=out)

    def send(words: str) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", fudi), 5) as fudi_socket:
            fudi_socket.sendall(f"{words};\n".encode())

    def heard(what: str) -> list[str]:
        return [line for line in log.read_text(errors="replace").splitlines() if what in line]

    def said(words: str, answer: str) -> str:
        """Says it until it is answered: Pd's sockets take their time to open."""

        def once() -> list[str]:
            if not heard(answer):
                send(words)
                time.sleep(0.2)
            return heard(answer)

        return until(once, what=answer)[-1]

    try:
        said(
            f"set /longtake/reply_to, list 127.0.0.1 {ear}".replace(", list", ";\nlist"), "reply_to"
        )
        send("set /longtake/generate;\nlist pd1 techno duration 4 seed 8")
        until(lambda: heard("ack pd1"), what="ack")
        done = until(lambda: heard("done pd1"), what="done")[-1]
        assert heard("progress")
        path = Path(re.findall(r"\S+\.wav", done)[0])
        job = done.split("done pd1 ")[1].split()[0]
        play = f"set /longtake/play;\nlist {job}"
        hear_out(sounding, path, lambda: send(play))
    finally:
        pd.kill()
        pd.wait()


def test_ardour_records_the_take_bit_for_bit_started_over_its_own_osc(
    jack: JackServer, sounding: Sounding, server: OscServer, tmp_path: Path
) -> None:
    song = new_song(tmp_path)
    with Peer(server.port) as peer:
        peer.ask("generate", "a", "techno", "duration", 3, "seed", 9, answer="ack")
        done = peer.wait("done")
        wanted = soundfile.read(done[2], dtype="float32", always_2d=True)[0]

        def play() -> None:
            peer.send("play", done[1])
            until(lambda: sounding.session.playback.state().state == "playing")
            until(lambda: sounding.session.playback.state().state == "stopped")

        def again() -> None:
            """A start that was lost may have taken the server with it."""
            if not jack.answers():
                jack.start()
            until(lambda: sounding.audio.player.rate, what="the audio output")

        files = recording(song, len(wanted), play, again)
    for side, samples in enumerate(files):
        lag = int(np.flatnonzero(samples)[0]) - int(np.flatnonzero(wanted[:, side])[0])
        assert np.array_equal(samples[lag : lag + len(wanted)], wanted[:, side])
    assert sounding.session.levels().underruns == 0


def recording(
    song: Path, frames: int, play: Callable[[], None], again: Callable[[], None]
) -> list[np.ndarray]:
    """What Ardour records of `play`, from the first of its starts that keeps JACK."""
    losses: list[str] = []
    while len(losses) < 10:
        try:
            with ardour(song) as daw:
                wire_to(f"ardour:{TRACK}/audio_in")
                daw.record(play)
                return daw.recorded(frames)
        except Lost as lost:
            losses.append(str(lost))
            again()
    raise AssertionError(f"no start of Ardour came to record: {losses}")


def wire_to(sinks: str) -> None:
    """Connects the output to two inputs and nothing else to them; `Lost` when they are gone."""
    import jack

    with jack_client("wires") as client:
        try:
            sources = until(lambda: client.get_ports(OUTPUT, is_audio=True))
            for side in (1, 2):
                for other in client.get_all_connections(f"{sinks} {side}"):
                    client.disconnect(other, f"{sinks} {side}")
                client.connect(sources[side - 1], f"{sinks} {side}")
        except jack.JackError as error:
            raise Lost(str(error)) from error
