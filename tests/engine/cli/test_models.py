"""`longtake models`: the licence is shown and asked for, and every command says what it did."""

from pathlib import Path

import pytest

from engine.cli import main as command_line
from engine.cli.models import main
from engine.errors import SpecError
from engine.public.hub import Hub
from engine.public.installed import Store
from engine.registry import MODELS
from tests.engine.public.hub_server import FakeHub
from tests.engine.public.public_models import TINY_MEDIUM, write_public


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model in place of the large one."""
    for table in (MODELS,):
        monkeypatch.setitem(table, TINY_MEDIUM.name, TINY_MEDIUM)


@pytest.mark.usefixtures("registered")
def test_download_verify_remove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "hub"
    source.mkdir()
    store, name = Store(tmp_path / "models"), TINY_MEDIUM.name
    with FakeHub({TINY_MEDIUM.repository: write_public(TINY_MEDIUM, source)}).serving() as server:
        hub = Hub("x", server.endpoint)
        with pytest.raises(SpecError, match="--accept-licence"):
            main(["download", name], store, hub)
        assert "Powered by Stability AI" in capsys.readouterr().out
        assert not store.root.exists()
        assert main(["download", name, "--accept-licence"], store, hub) == 0
    assert store.has(TINY_MEDIUM)
    assert main(["download", name], store) == 0
    assert "already" in capsys.readouterr().out
    assert main(["verify", name], store) == 0
    assert "is complete" in capsys.readouterr().out
    assert main(["remove", name], store) == 0
    assert not store.has(TINY_MEDIUM)


@pytest.mark.usefixtures("registered")
def test_add_asks_for_the_licence_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = write_public(TINY_MEDIUM, tmp_path), Store(tmp_path / "models")
    arguments = ["add", str(folder), "--as", TINY_MEDIUM.name]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(SpecError, match="not accepted"):
        main(arguments, store)
    assert not store.has(TINY_MEDIUM)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert main(arguments, store) == 0
    assert "Gemma" in capsys.readouterr().out
    assert store.has(TINY_MEDIUM)


def test_without_a_command_it_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["models"]) == 0
    listed = capsys.readouterr().out
    for name in MODELS:
        assert name in listed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["upload"], "argument COMMAND: there is no 'upload'; choose list, download, add"),
        (["lst"], "there is no 'lst'; did you mean list?"),
        (["list", "all"], "'all' is one word too many"),
        (["download"], "required: NAME"),
        (["verify", "sketsch"], "Unknown model 'sketsch'; did you mean sketch?"),
        (["download", "opus"], "Unknown model 'opus'; choose sketch"),
        (["download", "stable-audio-2"], "stable-audio-2 has no public weights: the paper's own"),
        (["remove", "sketch"], "sketch comes with Longtake: it is neither downloaded, added nor"),
        (["verify", "sketch"], "Public models are stable-audio-3-medium, "),
        (["add", ".", "--as", "sketch"], "sketch comes with Longtake"),
        (["add", "nowhere"], "nowhere does not contain a public model"),
        (["add", ".", "--as", "stable-audio-3"], "did you mean stable-audio-3-medium, "),
        (["verify", "stable-audio-open-1.0"], "is not installed; download it with"),
        (["remove", "stable-audio-open-1.0"], "stable-audio-open-1.0 is not in"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = command_line.main(["models", *arguments])
    except SystemExit as leaving:  # argparse's own way out.
        code = leaving.code
    out, err = capsys.readouterr()
    assert code == 2 and sentence in err
    assert out == "" and err.count("\n") == 1 and err.startswith("longtake")


def test_the_embedded_model_is_there_already(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "sketch"]) == 0
    assert capsys.readouterr().out == "sketch comes with Longtake: there is nothing to download.\n"
