"""The whole bridge as processes: it answers at once, lists what it owed when it was killed, leaves no orphan."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.app import AppOptions, build
from bridge.errors import BridgeError
from bridge.events import ModelChanged
from engine.live_settings import LiveSettings
from engine.sound.takes import read_spec
from engine.spec import GenerationSpec
from tests.bridge.engine_process.test_process import alive
from tests.bridge.fake_engine import sound
from tests.bridge.parts import wait_for
from tests.bridge.served import ENGINE, Served

signals = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(*flags: str, sound: bool = False) -> Served:
        made.append(Served(tmp_path / "home", *flags, sound=sound))
        return made[-1]

    yield start
    for served in made:
        served.close()


def test_a_request_over_osc_becomes_a_take(serve: Callable[..., Served]) -> None:
    served = serve()
    served.ready()
    served.send("/longtake/subscribe")
    served.send("/longtake/generate", "r1", "warm house 124 BPM", "duration", 2.0, "seed", 5)
    request, job, *_ = served.until("/longtake/ack")
    assert request == "r1"
    request, made, path, seconds, rate, *_ = served.until("/longtake/done")
    assert (request, made, seconds, rate) == ("r1", job, 2.0, 44_100)
    samples, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(samples.T, sound(read_spec(path)))
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(120) == 0


@signals
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_its_end_is_the_end_of_every_child(
    serve: Callable[..., Served], end: signal.Signals
) -> None:
    served = serve(sound=True)
    served.ready()
    served.send("/longtake/generate", "r1", "pause 0.05", "duration", 60.0)
    served.until("/longtake/progress")
    # The engine, the audio process, and Python's own tracker of shared memory.
    children = wait_for(lambda: len(served.children()) >= 2 and served.children())
    served.process.send_signal(end)
    served.process.wait(120)
    wait_for(lambda: not any(alive(child) for child in children))


@signals
def test_killing_the_bridge_leaves_whole_takes_and_a_list_of_what_it_owed(
    serve: Callable[..., Served],
) -> None:
    served = serve()
    served.ready()
    served.send("/longtake/subscribe")
    served.send("/longtake/generate", "r1", "house", "duration", 2.0)
    whole = served.until("/longtake/done")[2]
    for request in ("r2", "r3"):
        served.send("/longtake/generate", request, "pause 0.05", "duration", 20.0)
        served.until("/longtake/ack")
    for address, arguments in served.messages(120.0):
        if address == "/longtake/progress" and arguments[2] == "decode":
            break
    served.process.kill()
    served.process.wait()
    assert served.takes() == [Path(whole)]

    again = serve()
    again.ready()
    for request in ("r2", "r3"):
        again.send("/longtake/job/get", request)
        assert again.until("/longtake/job")[1] == "interrupted"
    assert again.takes() == [Path(whole)]
    again.send("/longtake/job/retry", "r3")
    request, job, _ = again.until("/longtake/ack")
    done = again.until("/longtake/done")
    assert (request, done[:2]) == ("r3", ["r3", job])
    assert again.takes() == sorted([Path(whole), Path(done[2])])


def test_two_over_one_folder_are_one_too_many(serve: Callable[..., Served]) -> None:
    serve().ready()
    second = serve()
    assert second.process.wait(120) == 2
    assert second.process.stderr
    assert "running already" in second.process.stderr.read()


def test_a_busy_port_ends_the_start_and_names_a_free_one(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    first = serve()
    first.ready()
    second = Served(tmp_path / "other", "--port", str(first.port))
    try:
        assert second.process.wait(120) == 2
        assert second.process.stderr
        said = second.process.stderr.read()
        assert str(first.port) in said
        assert "free" in said
    finally:
        second.close()


def test_a_wrong_settings_file_ends_the_start_with_one_sentence(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text("[osc]\nprot = 1\n")
    served = serve()
    assert served.process.wait(120) == 2
    assert served.process.stderr
    assert "unknown key osc.prot" in served.process.stderr.read()


def test_log_lines_are_json_when_asked(serve: Callable[..., Served]) -> None:
    served = serve("--json")
    served.ready()
    served.process.send_signal(signal.SIGTERM)
    _, errors = served.process.communicate(timeout=120)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any("answers OSC" in line["text"] for line in lines)
    assert (served.home / "logs" / "longtake.log").read_text().count("answers OSC") == 1


def test_what_musicians_are_told_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text(
        "[osc]\nenabled = false\n[audio]\nenabled = false\n[midi]\nenabled = false\n"
    )
    takes = tmp_path / "takes"
    takes.mkdir()
    os.symlink("/gone/idea.wav", takes / "idea.wav")
    app = build(AppOptions(engine=ENGINE))
    try:
        app.start()
        lines = caplog.records
        wait_for(lambda: any(r.name == "bridge.app" and "idea.wav" in r.message for r in lines))
    finally:
        app.close()


def test_the_panel_builds_the_same_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text(
        "[osc]\nenabled = false\n[audio]\nenabled = false\n[midi]\nenabled = false\n"
    )
    app = build(AppOptions(engine=ENGINE))
    try:
        seen: list[object] = []
        app.session.subscribe(seen.append)
        app.start()
        job = app.session.generate("house", seconds_total=1.0)
        wait_for(lambda: app.session.jobs.get(job.id).state == "done")
        assert GenerationSpec.from_dict(app.session.takes.search()[0].spec).seconds_total == 1.0
        app.session.presets.save("Mine")
        assert [path.name for path in (tmp_path / "data" / "presets").iterdir()] == ["mine.toml"]
        assert len(list((tmp_path / "data" / "indexes").glob("*.sqlite3"))) == 1
        assert {path.suffix for path in (tmp_path / "takes").iterdir()} == {".wav", ".json"}
        wait_for(lambda: app.session.models.state().phase == "ready")
        assert any(isinstance(event, ModelChanged) for event in seen)
        with pytest.raises(BridgeError):
            build(AppOptions(engine=ENGINE))
    finally:
        app.close()
    build(AppOptions(engine=ENGINE)).close()


def test_a_choice_made_right_before_the_end_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text("[osc]\nenabled = false\n[audio]\nenabled = false\n")
    app = build(AppOptions(engine=ENGINE))
    app.session.subscribe(lambda event: time.sleep(0.2))  # The choice waits behind other events.
    for tempo in range(100, 105):
        app.session.parameters.set("tempo", tempo)
    app.session.midi.set_input("the keys")
    app.close()
    assert 'input = "the keys"' in (tmp_path / "settings.toml").read_text()


def test_live_begins_with_what_it_was_set_to_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text('[osc]\nenabled = false\n[live]\nprompt = "funk"\n')
    app = build(AppOptions(engine=ENGINE))
    assert app.session.live.settings() == LiveSettings(prompt="funk")
    with pytest.raises(BridgeError, match="not installed"):
        app.session.live.set("model", "stable-audio-open-small")
    app.session.live.set("delay", "bar")
    app.session.live.set("late", "silent")
    app.session.live.set("strength", 0.5)
    app.close()
    again = build(AppOptions(engine=ENGINE))
    assert again.session.live.settings() == LiveSettings(prompt="funk", delay="bar", late="silent")
    again.close()
    mine = LiveSettings(prompt="pads")
    other = build(AppOptions(engine=ENGINE, live=mine))
    assert other.session.live.settings() == mine
    other.close()
