"""Use settings: what is known is used, what is not is said, and nothing ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bridge.state import Take
from gui.takes.settings_of_take import use_settings
from gui.window.main_window import MainWindow


def test_the_settings_of_a_newer_version_are_used_as_far_as_they_are_known(
    window: MainWindow, make_takes: Callable[[int], list[Take]]
) -> None:
    take = make_takes(1)[0]
    newer = replace(take, spec=take.spec | {"warmth": 0.4, "sampler": "of tomorrow", "steps": 17})
    parameters = window.session.session.parameters
    window.use(newer)
    assert parameters.get("steps") == 17
    assert parameters.get("seed") == take.seed
    assert parameters.get("sampler") is None
    assert window.status.level() == "warning"
    assert "sampler, warmth" in window.status.words.text_whole()
    window.use(take)
    assert "does not know" not in window.status.words.text_whole()
    assert use_settings(window.session, replace(take, spec={})) == []
