from engine.evaluation.tables import UNKNOWN, number, points, share, table


def test_figures_come_with_their_intervals():
    assert share((0.521, 0.41, 0.6)) == "52% (41 to 60)"
    assert points((-0.12, -0.2, 0.03)) == "-12 points (-20 to +3)"
    assert number((1.426, 1.38, 1.47)) == "1.43 (1.38 to 1.47)"
    assert share((float("nan"),) * 3) == number((float("nan"),) * 3) == UNKNOWN
    assert number((3.0, float("nan"), float("nan")), 1) == "3.0"


def test_a_bar_in_a_cell_does_not_end_it():
    assert table(("a", "b"), [("x | y", 1)]) == "| a | b |\n| --- | --- |\n| x \\| y | 1 |"
