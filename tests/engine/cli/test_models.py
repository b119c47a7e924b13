"""`longtake models`: the licence is shown and asked for, and every command says what it did."""

from pathlib import Path

import pytest

from engine import model_files
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


@pytest.mark.usefixtures("registered")
def test_a_fine_tune_is_listed_told_and_removed_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_files, "models_folder", lambda: tmp_path / "models")
    source, store = write_public(TINY_MEDIUM, tmp_path), Store(tmp_path / "models")
    # One file, of another's name: what it was made from is said.
    (source / "model.safetensors").rename(source / "epoch-3.safetensors")
    arguments = ["add", str(source / "epoch-3.safetensors"), "--as", TINY_MEDIUM.name]
    accepted = ["--accept-licence"]
    with pytest.raises(SpecError, match="cannot be a model's name"):
        main([*arguments, "--name", "My Tune", *accepted], store)
    assert main([*arguments, "--name", "my-tune", *accepted], store) == 0
    assert "my-tune is now in" in capsys.readouterr().out
    assert not store.has(TINY_MEDIUM)
    main(["list"], store)
    listed = capsys.readouterr().out
    assert f"Your own, made from {TINY_MEDIUM.name}" in listed
    assert f"weights in {store.root / 'my-tune'}" in listed
    main(["info", "my-tune"], store)
    told = capsys.readouterr().out
    for fact in (TINY_MEDIUM.name, str(source / "epoch-3.safetensors"), "Stability AI", " GB"):
        assert fact in told
    main(["verify", "my-tune"], store)
    with pytest.raises(SpecError, match="your own"):
        main(["download", "my-tune", *accepted], Store(tmp_path / "elsewhere"))
    assert main(["remove", "my-tune"], store) == 0
    with pytest.raises(SpecError, match="Unknown model 'my-tune'"):
        main(["info", "my-tune"], store)


def test_what_is_told_of_models_that_are_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in (
        ("sketch", "weights"),
        ("stable-audio-2", "train your own"),
        ("stable-audio-open-small", "not installed: 'longtake models download"),
    ):
        main(["info", name], Store(tmp_path))
        assert words in capsys.readouterr().out
    with pytest.raises(SpecError, match="sketch comes with Longtake"):
        main(["add", str(tmp_path), "--as", "sketch"], Store(tmp_path))


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
        (["add", "nowhere"], "nowhere is neither a folder nor a file of weights"),
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
