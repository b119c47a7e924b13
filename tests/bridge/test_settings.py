"""Laws of the settings: strict, comments kept, every wrong key named, whole or not at all; and of the log."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from pathlib import Path

import pytest

from bridge import logs
from bridge.config import main
from bridge.errors import BridgeError
from bridge.instance import InstanceLock
from bridge.places import places
from bridge.settings import (
    SettingsFile,
    default_text,
    osc_folders,
    read,
    takes_folder,
)
from bridge.settings_table import Settings
from engine.errors import PresetError
from engine.model_files import loras_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_default_file_means_the_defaults() -> None:
    assert read(default_text(), "settings.toml") == Settings()
    lines = default_text().splitlines()
    uncommented = [line[2:] if re.match(r"# \w+ = ", line) else line for line in lines]
    assert uncommented != lines
    assert read("\n".join(uncommented), "settings.toml") == Settings()


def test_every_wrong_key_is_named() -> None:
    text = """
    [osc]
    port = 99999
    prot = 1
    hosts = "me"
    [audio]
    latency = "middling"
    enabled = 1
    [oscc]
    """
    with pytest.raises(PresetError) as raised:
        read(text, "settings.toml")
    for named in (
        "settings.toml",
        "osc.port",
        "osc.prot",
        "osc.hosts",
        "audio.latency",
        "audio.enabled",
        "oscc",
    ):
        assert named in str(raised.value)


@pytest.mark.parametrize(
    "text", ["[osc", "osc = 3", "[osc]\nport = true", "[midi.learned]\nseed = 3"]
)
def test_wrong_toml_is_refused(text: str) -> None:
    with pytest.raises(PresetError):
        read(text, "settings.toml")


def test_a_change_keeps_comments_and_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    file = SettingsFile(path)
    assert not path.exists()
    file.change("osc", "port", 9999)
    path.write_text("# mine\n" + path.read_text() + "\n# and mine\n")
    file = SettingsFile(path)
    file.change("midi", "learned", {"seed": "cc 21 ch 1"})
    file.change("osc", "hosts", ("10.0.0.1",))
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "# and mine" in text
    again = SettingsFile(path).settings
    assert (again.osc.port, again.osc.hosts) == (9999, ("10.0.0.1",))
    assert again.midi.learned == {"seed": "cc 21 ch 1"}
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]


def test_a_change_keeps_what_others_wrote_meanwhile(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.write_text("[log]\nlevel = 'debug'\n")
    assert file.change("osc", "port", 9999).log.level == "debug"
    file.path.write_text("[log]\nlevl = 'debug'\n")
    with pytest.raises(PresetError, match=r"log\.levl"):
        file.change("osc", "port", 9998)
    assert "levl" in file.path.read_text()


def test_a_wrong_change_changes_nothing(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    for section, key, value in (("osc", "port", -1), ("osc", "prot", 1), ("ocs", "port", 1)):
        with pytest.raises(PresetError):
            file.change(section, key, value)
    assert file.settings == Settings()
    assert not file.path.exists()


def test_a_wrong_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[osc]\nprot = 1\n")
    with pytest.raises(PresetError):
        SettingsFile(path)
    assert path.read_text() == "[osc]\nprot = 1\n"


def test_config_prints_path_and_settings(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert str(home / "settings.toml") in said
    assert "# port = 9440" in said
    assert main(["--path"]) == 0
    assert capsys.readouterr().out == f"{home / 'settings.toml'}\n"


def test_config_changes_a_value(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["osc.port", "9500"]) == 0
    assert main(["takes.folder", "/my/takes"]) == 0
    settings = SettingsFile(home / "settings.toml").settings
    assert (settings.osc.port, settings.takes.folder) == (9500, "/my/takes")
    assert main(["osc.port", "-5"]) == 2
    assert "osc.port" in capsys.readouterr().err
    assert main(["what"]) == 2


def test_folders(home: Path) -> None:
    where = places()
    settings = read('[osc]\nfolders = ["~/Music"]', "x")
    assert takes_folder(settings, where) == home / "takes"
    own = (home / "takes", home / "data" / "rescued", loras_folder())
    assert osc_folders(settings, where) == (*own, Path("~/Music").expanduser())


def test_only_one_longtake_over_one_folder(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path)
    with pytest.raises(BridgeError) as raised:
        InstanceLock(tmp_path)
    assert raised.value.code == "busy"
    lock.close()
    InstanceLock(tmp_path).close()


def test_the_log_is_lines_of_json_and_a_file(tmp_path: Path) -> None:
    console = io.StringIO()
    level = logging.getLogger().level
    path = logs.start(tmp_path / "logs", "info", as_json=True, console=console)
    try:
        logs.start(tmp_path / "logs", "info", as_json=True, console=console)
        logging.getLogger("x").info("hällo %d", 1)
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("x").exception("it broke")
        first, second = map(json.loads, console.getvalue().splitlines())
        assert (first["level"], first["name"], first["text"]) == ("info", "x", "hällo 1")
        assert "ValueError: broken" in second["trace"]
        assert path is not None
        assert path.read_text(encoding="utf-8").count("hällo 1") == 1
    finally:
        for handler in list(logging.getLogger().handlers):
            if getattr(handler, "longtake", False):
                logging.getLogger().removeHandler(handler)
                handler.close()
        logging.getLogger().setLevel(level)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[takes]\nfolder = "~nosuchuser/takes"', "takes.folder names a folder; Nobody's home here is ~nosuchuser"),
        ('[osc]\nfolders = ["~", "~nosuchuser"]', "osc.folders names a folder; Nobody's home here"),
        ('[takes]\nfolder = "a\\u0000b"', "takes.folder names a folder"),
        ("a = " + "[" * 100_000, "is no TOML"),
        ("a = " + '{ a = ' * 5000, "is no TOML"),
        ("a = 99999-99-99", "is no TOML"),
        ("\0", "is no TOML"),
    ],
)  # fmt: skip
def test_what_can_be_no_setting_is_a_sentence(content: str, said: str) -> None:
    with pytest.raises(PresetError, match=re.escape(said)):
        read(content, "settings.toml")


def test_the_mark_of_a_windows_editor_is_no_damage(home: Path) -> None:
    home.mkdir()
    path = home / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbf[osc]\r\nport = 9450\r\n")
    file = SettingsFile(path)
    assert file.settings.osc.port == 9450
    file.change("osc", "query_port", -1)
    assert path.read_text().splitlines() == ["[osc]", "port = 9450", "query_port = -1"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "UTF-16"])
def test_what_is_no_settings_file_is_a_sentence_and_left_alone(
    home: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    path = home / "settings.toml"
    if kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no named pipes")
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text("[osc]\n", encoding="utf-16")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith(str(path)) and said.count("\n") == 1
    assert main(["osc.port", "9450"]) == 2
    assert path.is_file() == (kind == "UTF-16")


def test_the_settings_of_nobody_are_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", "~nosuchuser")
    assert main([]) == 2
    assert "Nobody's home" in capsys.readouterr().err


def test_a_model_of_ones_own_may_be_the_one_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.model_files.models_folder", lambda: tmp_path)
    text = '[engine]\nmodel = "my-tune"'
    with pytest.raises(PresetError, match="sketch"):
        read(text, "x")
    (tmp_path / "my-tune").mkdir()
    origin = json.dumps({"model": "stable-audio-open-small"})
    (tmp_path / "my-tune" / "origin.json").write_text(origin)
    assert read(text, "x").engine.model == "my-tune"
