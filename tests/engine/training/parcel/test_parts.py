"""A run that was cut into parts is the same run; parts that do not belong together are named."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.checkpoints import load_weights, save_weights
from engine.errors import CheckpointError
from engine.model_files import check_sum
from engine.training.parcel import parts
from engine.training.parcel.parts import arrive, bundle, joined, leave


def a_run(folder: Path, seed: int = 0, index: int = 7) -> Path:
    """A run as `train sketch` leaves it, with noise for weights."""
    generator = torch.Generator().manual_seed(seed)
    state = {"networks": {"w": torch.randn(300, 300, generator=generator)}}
    for name in ("transformer", "latents", "held_out", "weights"):
        (folder / name).mkdir(parents=True)
    torch.save({"index": index, "stage": state}, folder / "transformer" / "checkpoint.pt")
    (folder / "run.json").write_text('{"seed": 0}')
    (folder / "transformer" / "log.jsonl").write_text('{"step": 7}\n')
    (folder / "latents" / "0000001.json").write_text("{}")
    (folder / "latents" / "0000001.npz").write_bytes(b"material")
    save_weights({"w": state["networks"]["w"]}, folder / "weights" / "dit.safetensors")
    (folder / "weights" / "autoencoder.safetensors").write_bytes(b"the project's own")
    return folder


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def part(folder: Path, name: str) -> Path:
    """The one part whose name ends so."""
    (path,) = folder.glob(f"run-*.part{name}")
    return path


def test_a_run_comes_back_without_its_material(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    made = leave(run, tmp_path / "parts")
    assert made == [part(tmp_path / "parts", "1of1")]
    assert arrive(tmp_path / "parts", tmp_path / "back")
    back = tmp_path / "back"
    assert files(back) == {
        "run.json",
        "transformer/checkpoint.pt",
        "transformer/log.jsonl",
        *(f"weights/{name}" for name in ("dit.safetensors", "autoencoder.safetensors")),
        "weights/checksums.toml",
    }
    was, now = (
        torch.load(folder / "transformer" / "checkpoint.pt", weights_only=True)
        for folder in (run, back)
    )
    assert now["index"] == 7
    assert torch.equal(now["stage"]["networks"]["w"], was["stage"]["networks"]["w"].half().float())


def test_exported_weights_come_back_to_the_bit_and_sealed(tmp_path: Path) -> None:
    run, back = a_run(tmp_path / "run"), tmp_path / "back"
    leave(run, tmp_path / "parts")
    arrive(tmp_path / "parts", back)
    ours, theirs = (f / "weights" / "dit.safetensors" for f in (run, back))
    assert ours.read_bytes() == theirs.read_bytes()
    for name in ("dit.safetensors", "autoencoder.safetensors"):
        check_sum(back / "weights" / name)
    read = nn.ParameterDict({"w": torch.zeros(300, 300)})
    load_weights(read, theirs)
    assert read["w"].any()


def test_parts_are_no_larger_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    run = a_run(tmp_path / "run")
    made = leave(run, tmp_path / "parts")
    assert len(made) == 4 and all(path.stat().st_size <= 100_000 for path in made)
    assert joined(tmp_path / "parts") == bundle(run)


def test_a_run_for_too_many_parts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 20_000)
    with pytest.raises(CheckpointError, match="8 parts"):
        leave(a_run(tmp_path / "run"), tmp_path / "parts")
    assert not (tmp_path / "parts").exists()


def test_what_is_too_much_leaves_moments_behind(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    path = run / "transformer" / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    group = {"lr": 1.0, "params": [0]}
    moments = {"exp_avg": torch.randn(300, 300), "exp_avg_sq": torch.rand(300, 300)}
    state["stage"]["optimizer"] = {"state": {0: moments}, "param_groups": [group]}
    torch.save(state, path)
    for most, kept in ((10**9, {0}), (400_000, set())):
        leave(run, tmp_path / "parts", most)
        back = tmp_path / f"back{most}"
        arrive(tmp_path / "parts", back)
        found = torch.load(back / "transformer" / "checkpoint.pt", weights_only=True)
        assert found["stage"]["optimizer"]["state"].keys() == kept


def test_new_parts_replace_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    leave(a_run(tmp_path / "one"), tmp_path / "parts")
    monkeypatch.setattr(parts, "PART_BYTES", 16 * 2**20)
    other = a_run(tmp_path / "two", seed=1)
    (made,) = leave(other, tmp_path / "parts")
    assert files(tmp_path / "parts") == {made.name} and joined(tmp_path / "parts") == bundle(other)


def test_a_kill_between_new_parts_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    one, two = a_run(tmp_path / "one"), a_run(tmp_path / "two", seed=1, index=9)
    folder, named, put = tmp_path / "parts", [], parts.put_in_place
    old = leave(one, folder)
    (folder / ".run-01234567.part1of4.89abcdef.tmp").touch()

    def killed(written: Path, path: Path) -> None:
        if len(named) == 1:
            raise KeyboardInterrupt
        named.append(path)
        put(written, path)

    monkeypatch.setattr(parts, "put_in_place", killed)
    with pytest.raises(KeyboardInterrupt):
        leave(two, folder)
    assert set(folder.iterdir()) == {*old, *named} and joined(folder) == bundle(one)
    monkeypatch.setattr(parts, "put_in_place", put)
    made = leave(two, folder)
    assert set(folder.iterdir()) == set(made) and joined(folder) == bundle(two)


def test_of_two_complete_sets_the_further_one_is_joined(tmp_path: Path) -> None:
    further, before = tmp_path / "further", tmp_path / "before"
    leave(a_run(tmp_path / "two", index=9), further)
    for path in leave(a_run(tmp_path / "one"), before):
        path.rename(further / path.name)
    assert joined(further) == bundle(tmp_path / "two")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder, other: part(folder, "2of4").unlink(), r"lacks run-\w{8}\.part2of4"),
        (lambda folder, other: flip(part(folder, "3of4")), "part3of4 is damaged"),
        (lambda folder, other: part(folder, "1of4").write_bytes(b"?"), "part1of4 is not a"),
        (lambda folder, other: head_says(part(folder, "1of4"), of=10**9), "part1of4 is not a"),
        (
            lambda folder, other: part(other, "1of4").replace(part(folder, "1of4")),
            r"lacks run-\w{8}\.part1of4",
        ),
    ],
)
def test_parts_are_joined_strictly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: object, said: str
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    leave(a_run(tmp_path / "one"), tmp_path / "parts")
    leave(a_run(tmp_path / "two", seed=1), tmp_path / "others")
    assert callable(harm)
    harm(tmp_path / "parts", tmp_path / "others")
    with pytest.raises(CheckpointError, match=said):
        arrive(tmp_path / "parts", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def head_says(path: Path, **facts: object) -> None:
    data = path.read_bytes()
    head = json.loads(data[: parts.HEAD_BYTES]) | facts
    path.write_bytes(json.dumps(head).encode().ljust(parts.HEAD_BYTES) + data[parts.HEAD_BYTES :])


def step_of(run: Path, name: str = "checkpoint.pt") -> int:
    return torch.load(run / "transformer" / name, weights_only=True)["index"]


def test_a_run_goes_on_from_parts_that_are_further(tmp_path: Path) -> None:
    home, folder = a_run(tmp_path / "home"), tmp_path / "parts"
    leave(a_run(tmp_path / "away", index=500), folder)
    assert arrive(folder, home)
    assert step_of(home) == 500 and step_of(home, "checkpoint.pt.before") == 7
    assert not arrive(folder, home)
    assert "transformer/checkpoint.pt.before" not in zip_names(bundle(home))


def test_parts_that_are_further_are_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    made = leave(a_run(tmp_path / "away", index=500), folder)
    with pytest.raises(CheckpointError, match="parts of step 500, and the run stands at 7"):
        leave(a_run(tmp_path / "home"), folder)
    assert list(folder.iterdir()) == made and joined(folder) == bundle(tmp_path / "away")


def test_parts_of_another_run_are_not_joined(tmp_path: Path) -> None:
    home, away = a_run(tmp_path / "home"), a_run(tmp_path / "away", index=500)
    (away / "run.json").write_text('{"seed": 1}')
    leave(away, tmp_path / "parts")
    with pytest.raises(CheckpointError, match="another run"):
        arrive(tmp_path / "parts", home)
    assert step_of(home) == 7


def test_what_is_half_written_does_not_travel(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    (run / ".hidden").mkdir()
    for name in (".run.json", ".hidden/run.json"):
        (run / name).write_text("{")
    assert not any("." in name[0] or "/." in name for name in zip_names(bundle(run)))


def zip_names(data: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_a_run_that_goes_on_here_is_not_overwritten(tmp_path: Path) -> None:
    leave(a_run(tmp_path / "one"), tmp_path / "parts")
    other = a_run(tmp_path / "two", seed=1)
    before = (other / "transformer" / "checkpoint.pt").read_bytes()
    assert not arrive(tmp_path / "parts", other)
    assert (other / "transformer" / "checkpoint.pt").read_bytes() == before
    assert not arrive(tmp_path / "nothing", tmp_path / "new")


def test_no_part_writes_outside_the_run(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../outside.json", json.dumps({}))
    with pytest.raises(CheckpointError, match="outside"):
        parts.unbundle(held.getvalue(), tmp_path / "run")
    assert not (tmp_path / "outside.json").exists()


def test_an_empty_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint\.pt"):
        leave(tmp_path / "none", tmp_path / "parts")
