import csv
import json
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.errors import SpecError
from engine.evaluation.listening_test.answers import Rating, read_ratings
from engine.evaluation.listening_test.design import NAMED, QUESTIONS, ListeningTest
from engine.evaluation.listening_test.webmushra import page_id

VALUES = {"real": 5, "ours": 4, "theirs": 2, "anchor 3.5 kHz": 1}


def session(number: int) -> str:
    return f"{number:032x}"


def lms(listening: ListeningTest, path: Path, people: list[str], **change: str) -> Path:
    """webMUSHRA's lms.csv, as its write.php makes it: a space on either side of the rating."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["session_test_id", "listener", "trial_id", "stimuli_rating", "stimuli", "rating_time"]
        )
        for person in people:
            for item in listening.items:
                for question in listening.asked(item):
                    for one in item.stimuli:
                        value = 1 if question == "stereo" else VALUES[one.system]
                        page = change.get("page", page_id(item.id, question))
                        said = change.get("value", f" {value} ")
                        name = change.get("test", listening.id)
                        rows.writerow([name, person, page, said, one.code, "1234"])
    return path


def test_the_pages_answers_are_read_with_the_systems_behind_the_codes(
    listening: ListeningTest, answered, tmp_path: Path
):
    (tmp_path / "a.json").write_text(json.dumps(answered(session(1), VALUES)))
    found = read_ratings(listening, [tmp_path])
    assert len(found) == 4 * (5 + 5 + 4)
    for one in found:
        assert one.value == (1 if one.question == "stereo" else VALUES[one.system])
    assert {one.question for one in found} == set(QUESTIONS)
    assert not any(one.question == "adherence" and one.item == "i003" for one in found)


def test_a_session_counts_once_as_it_was_finished_last(
    listening: ListeningTest, answered, tmp_path: Path
):
    for name, value, finished in (("z", 1, "2026-01-01"), ("a", 5, "2026-01-02")):
        answers = answered(session(1), {"ours": value}, finished=finished)
        (tmp_path / f"{name}.json").write_text(json.dumps(answers))
    found = [
        one.value
        for one in read_ratings(listening, [tmp_path])
        if one.system == "ours" and one.question == "quality"
    ]
    assert found == [5, 5, 5]


def test_webmushras_csv_and_json_say_the_same(listening: ListeningTest, tmp_path: Path):
    from_csv = read_ratings(listening, [lms(listening, tmp_path / "lms.csv", ["Ada", "Bob "])])
    assert len(from_csv) == 2 * 56
    assert len({one.listener for one in from_csv}) == 2
    # Names stay out of reports.
    assert not any("ada" in one.listener.lower() for one in from_csv)
    trials = [
        {
            "type": "likert_multi_stimulus",
            "id": page_id(item.id, question),
            "responses": [
                {
                    "stimulus": one.code,
                    "stimulusRating": "1" if question == "stereo" else str(VALUES[one.system]),
                    "time": 3,
                }
                for one in item.stimuli
            ],
        }
        for item in listening.items
        for question in listening.asked(item)
    ]
    whole = {
        "testId": listening.id,
        "participant": {"name": ["listener"], "response": ["ada"]},
        "trials": trials,
        "uuid": "u",
    }
    (tmp_path / "s.json").write_text(json.dumps(whole))
    from_json = read_ratings(listening, [tmp_path / "s.json"])
    key = from_json[0].listener
    assert set(from_json) == {one for one in from_csv if one.listener == key}


def test_a_cell_over_several_lines_is_one_cell(listening: ListeningTest, tmp_path: Path):
    path = lms(listening, tmp_path / "lms.csv", ["Ada\nB", "AdaB", "Ada\u2028B"])
    assert len({one.listener for one in read_ratings(listening, [path])}) == 3


def test_what_was_not_rated_is_no_answer(listening: ListeningTest, tmp_path: Path):
    path = lms(listening, tmp_path / "lms.csv", ["Ada"], value=" NA ")
    with pytest.raises(SpecError, match="no answers yet"):
        read_ratings(listening, [path])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test": "t0"}, "of the test 't0'"),
        ({"page": "i001-taste"}, "'i001-taste'"),
        ({"value": " 7 "}, "'7'"),
        ({"value": " good "}, "'good'"),
    ],
)
def test_strange_rows_are_named(
    listening: ListeningTest, tmp_path: Path, change: dict[str, str], said: str
):
    path = lms(listening, tmp_path / "lms.csv", ["Ada"], **change)
    with pytest.raises(SpecError, match=said):
        read_ratings(listening, [path])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"testId": 1, "trials": 2}', "\x00"])
@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_files_that_are_no_answers_are_one_sentence(
    listening: ListeningTest, tmp_path: Path, text: str, suffix: str
):
    path = tmp_path / f"a{suffix}"
    path.write_text(text)
    with pytest.raises(SpecError, match=rf"a\{suffix}"):
        read_ratings(listening, [path])


def test_a_report_tells_means_pairs_and_who_was_left_out(
    written: Path, listening: ListeningTest, answered, tmp_path: Path, capsys
):
    sent = tmp_path / "sent"
    sent.mkdir()
    for number in range(8):
        values = VALUES if number else VALUES | {"real": 1}
        (sent / f"{number}.json").write_text(json.dumps(answered(session(number), values)))
    words = ["results", str(written), "--answers", str(sent), "--out", str(tmp_path / "out")]
    assert main(["evaluate", "listening", *words]) == 0
    text = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "8 listeners, 3 items, 448 answers; 1 listeners left out" in text
    assert "| Audio quality | 5.0 ± 0.0 | 4.0 ± 0.0 |" in text
    assert "| Stereo correctness | 100% (59 to 100) |" in text, (
        "seven persons, however many answers"
    )
    assert "| Audio quality | ours | theirs | 2.00 | 7 |" in text
    assert "rated the hidden reference poor on 3 of 3" in text
    assert "| Structure | 3.5 ± 1.3 | 2.4 ± 0.7 | 4.3 ± 0.8 | 4.0 ± 1.0 | 2.1 ± 0.7 |" in text
    figures = json.loads((tmp_path / "out/figures.json").read_text(encoding="utf-8"))
    assert figures["opinions"]["quality"]["ours"]["mean"][0] == 4.0
    assert len(figures["pairs"]) == 6 * len(NAMED)
    assert (tmp_path / "out/opinions.png").stat().st_size > 5000
    assert main(["evaluate", "listening", *words, "--keep-all"]) == 0
    assert "0 listeners left out" in (tmp_path / "out/README.md").read_text(encoding="utf-8")
    capsys.readouterr()


def test_figures_are_json_where_one_listener_answered(written: Path, answered, tmp_path: Path):
    """And a test whose folder for answers is elsewhere is read with those that are named."""
    test = tmp_path / "test"
    test.mkdir()
    (test / "test.json").write_bytes((written / "test.json").read_bytes())
    (tmp_path / "a.json").write_text(json.dumps(answered(session(1), VALUES)))
    words = ["results", str(test), "--answers", str(tmp_path / "a.json")]
    assert main(["evaluate", "listening", *words]) == 0

    def refused(name: str) -> None:
        raise AssertionError(name)

    text = (test / "report/figures.json").read_text(encoding="utf-8")
    figures = json.loads(text, parse_constant=refused)
    assert figures["opinions"]["quality"]["ours"]["mean"] == [4.0, None, None]
    assert figures["pairs"][0]["p"] is None


def test_no_answers_are_one_sentence(written: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", "listening", "results", str(written)]) == 2
    assert "There are no answers yet" in capsys.readouterr().err


def test_ratings_are_values():
    assert Rating("a", "i", "x", "quality", 1) == Rating("a", "i", "x", "quality", 1)
