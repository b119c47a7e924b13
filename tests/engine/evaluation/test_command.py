import json
import re
from pathlib import Path

import matplotlib.image
import pytest

from engine.cli.main import main
from engine.evaluation import following
from engine.evaluation.bench import Bench
from engine.evaluation.command import PARTS, _parser, evaluate
from engine.evaluation.harmony import in_major_or_minor
from engine.evaluation.report import PLAYED, SECTIONS, UNPLAYED, report
from engine.evaluation.targets import TARGETS


def test_a_whole_evaluation_gives_a_report_with_pictures(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(following, "SOLOISTS", ("Drums", "Flute"))
    assert any(pair.has_drums and in_major_or_minor(pair) for pair in bench.pairs)
    out = tmp_path / "report"
    arguments = _parser().parse_args(["--out", str(out)])
    figures = evaluate(bench, arguments, "longtake evaluate")
    text = (out / "README.md").read_text()
    assert set(SECTIONS) <= set(figures)
    assert all(target.what in text for target in TARGETS)
    # A random model misses something, and each miss comes with a next step.
    assert text.count("| missed |") == len(re.findall(r"^- ", text, re.MULTILINE)) > 0
    linked = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert sorted(linked) == ["structure.png", "tempo.png", "transfer.png"]
    for name in linked:
        assert matplotlib.image.imread(out / name).std() > 0.01
    again = json.loads((out / "figures.json").read_text())
    assert report(again) == text
    assert not list(out.glob(".*"))
    # Tables: as many cells in every row as in the head.
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) == 1


def test_a_part_measured_again_replaces_only_itself(bench: Bench, tmp_path: Path):
    out = tmp_path / "report"
    first = evaluate(bench, _parser().parse_args(["--out", str(out), "--parts", "tempo"]), "once")
    arguments = _parser().parse_args(["--out", str(out), "--parts", "reconstruction"])
    second = evaluate(bench, arguments, "again")
    assert json.dumps(second["tempo"]) == json.dumps(json.loads(json.dumps(first["tempo"])))
    assert "reconstruction" in second
    text = (out / "README.md").read_text()
    assert "## Tempo" in text
    assert "## Structure" not in text


def test_figures_of_another_form_are_left_behind(bench: Bench, tmp_path: Path):
    old = tmp_path / "figures.json"
    old.write_text(json.dumps({"form": 1, "about": {}, "tempo": {"followed": 0.9}}))
    arguments = _parser().parse_args(["--out", str(tmp_path), "--parts", "reconstruction"])
    assert set(evaluate(bench, arguments, "anew")) == {"form", "about", "reconstruction"}


@pytest.mark.parametrize(("plays", "said"), [(True, UNPLAYED), (False, PLAYED)])
def test_a_report_says_whose_notes_takes_play(plays: bool, said: str):
    about = {"model": "m", "command": "c", "date": "d", "machine": "", "minutes": 1, "material": []}
    text = report({"about": about | {"plays_scores": plays}})
    assert said not in text
    assert {PLAYED, UNPLAYED} - {said} == {each for each in (PLAYED, UNPLAYED) if each in text}


def test_equal_seeds_give_equal_figures(bench: Bench, tmp_path: Path):
    once = following.tempi(bench)
    bench._pairs.clear()
    assert json.dumps(following.tempi(bench)) == json.dumps(once)


def test_unknown_parts_and_missing_weights_are_refused(tmp_path: Path, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "--parts", "xyz"])
    said = capsys.readouterr().err
    assert all(part in said for part in PARTS)
    assert main(["evaluate", "--clap", str(tmp_path), "--out", str(tmp_path / "no")]) == 2
    assert "config.json" in capsys.readouterr().err
    assert main(["evaluate", "--pairs", "1", "--out", str(tmp_path / "no")]) == 2
    assert "--pairs is 1; it has to be 2 or more." in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
