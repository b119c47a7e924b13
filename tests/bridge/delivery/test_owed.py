"""What is owed is there after a restart, whatever became of the file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.delivery.owed import Owed
from bridge.delivery_state import Delivery, Placement
from tests.small_disks import fill, small_disk

ONE = Delivery(
    "d1",
    "take",
    Path("/takes/täke.wav"),
    "Täke",
    Placement("reaper", "beat", 16.0, 4.0, "below", "Bass", "{guid}", "take", 96.0, "selection"),
    seconds=2.5,
    tempo=96.0,
    beats=4.0,
    loop=True,
    text="es fehlt",
    created=3.5,
)


def test_everything_is_read_as_it_was_written(tmp_path: Path) -> None:
    owed = Owed(tmp_path / "data" / "deliveries.json")
    assert owed.read() == []
    all_of_them = [ONE, replace(ONE, id="d2", state="placed")]
    owed.write(all_of_them)
    assert Owed(tmp_path / "data" / "deliveries.json").read() == all_of_them


@pytest.mark.parametrize("text", ["", "{", "3", '{"a": 1}', "[" * 100_000, "\xff"])
def test_a_broken_file_is_begun_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deliveries.json"
    path.write_text(text, encoding="latin-1")
    owed = Owed(path)
    assert owed.read() == []
    owed.write([ONE])
    assert owed.read() == [ONE]
    kept = [each.read_text("latin-1") for each in tmp_path.glob("deliveries.json.broken-*")]
    assert kept == ([text] if text not in ("3", '{"a": 1}') else [])


def test_a_broken_row_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.json"
    owed = Owed(path)
    owed.write([ONE])
    rows = json.loads(path.read_text())
    broken = [3, {}, rows[0] | {"placement": 3}, rows[0] | {"more": 1}]
    wrong = {"id": ["d1"], "state": "lost", "text": None, "seconds": "2", "path": None}
    broken += [rows[0] | {name: value} for name, value in wrong.items()]
    nowhere = {"target": 1, "at": "moon", "position": None}
    where = rows[0]["placement"]
    broken += [rows[0] | {"placement": where | {name: nowhere[name]}} for name in nowhere]
    path.write_text(json.dumps([*broken, *rows]))
    assert owed.read() == [ONE]


def test_a_full_disk_is_logged_and_keeps_the_file_that_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        owed = Owed(disk / "deliveries.json")
        owed.write([ONE])
        filling = fill(disk)
        owed.write([replace(ONE, name="x" * 100_000)])
        owed.write([replace(ONE, name="x" * 100_000)])
        filling.unlink()
        assert len([each for each in caplog.records if "cannot be written" in each.message]) == 1
        assert owed.read() == [ONE]
        owed.write([])
        assert owed.read() == []
