"""The law of messages."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.events import Notice
from gui.messages import KEPT, Message, Messages


def say(messages: Messages, level: Any, text: str, now: float) -> Message:
    return messages.add(Notice(level, "", text), 1e9 + now, now)


def seen(messages: Messages, now: float) -> str:
    message = messages.seen(now)
    return message.words() if message is not None else ""


def test_news_lies_over_an_error_and_the_error_is_there_again_when_it_is_read() -> None:
    messages = Messages()
    error = say(messages, "error", "No output device; choose one under Devices.", 0.0)
    news = say(messages, "info", "A take was saved.", 1.0)
    assert seen(messages, 1.0) == news.text
    assert seen(messages, news.until - 0.01) == news.text
    assert seen(messages, news.until) == error.text
    assert seen(messages, 1e9) == error.text


def test_an_error_stays_until_it_is_put_away_or_a_newer_one_comes() -> None:
    messages = Messages()
    say(messages, "error", "first", 0.0)
    say(messages, "error", "second", 1.0)
    assert seen(messages, 3600.0) == "second"
    messages.put_away(3600.0)
    assert seen(messages, 3600.0) == ""
    say(messages, "error", "second", 3601.0)
    assert seen(messages, 3601.0) == "second (2×)"


def test_putting_away_takes_what_is_seen_and_shows_what_lay_below() -> None:
    messages = Messages()
    say(messages, "error", "broken", 0.0)
    say(messages, "info", "saved", 1.0)
    messages.put_away(2.0)
    assert seen(messages, 2.0) == "broken"
    messages.put_away(2.0)
    assert seen(messages, 2.0) == ""


def test_a_warning_is_there_three_times_as_long_as_news_of_the_same_length() -> None:
    messages = Messages()
    news, warning = say(messages, "info", "a" * 50, 0.0), say(messages, "warning", "b" * 50, 0.0)
    assert news.until == 5.0 + 50 * 0.06
    assert warning.until == 3 * news.until
    longer = say(messages, "info", "c" * 200, 0.0)
    assert longer.until > news.until


def test_the_same_sentence_counts_up_and_is_the_newest() -> None:
    messages = Messages()
    for now in range(3):
        say(messages, "warning", "The disk is slow.", float(now))
        say(messages, "info", f"news {now}", now + 0.5)
    assert [(m.text, m.times) for m in messages.all] == [
        ("news 0", 1),
        ("news 1", 1),
        ("The disk is slow.", 3),
        ("news 2", 1),
    ]
    messages.put_away(2.6)
    assert seen(messages, 2.6) == "The disk is slow. (3×)"


def test_who_has_read_the_list_is_told_nothing_twice_but_what_is_new() -> None:
    messages = Messages()
    say(messages, "error", "broken", 0.0)
    say(messages, "warning", "careful", 0.0)
    messages.put_all_away()
    assert seen(messages, 0.1) == ""
    say(messages, "info", "saved", 1.0)
    assert seen(messages, 1.0) == "saved"
    assert seen(messages, 1000.0) == ""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("info", "warning", "error", "away", "wait")),
            st.integers(0, 80),
        )
    )
)
def test_the_newest_is_always_seen_and_fifty_are_kept(acts: list[tuple[str, int]]) -> None:
    messages, now = Messages(), 0.0
    for act, number in acts:
        now += 0.25
        if act == "away":
            messages.put_away(now)
        elif act == "wait":
            now += 100.0
            assert messages.seen(now) is None or messages.seen(now).level == "error"  # type: ignore[union-attr]
        else:
            said = say(messages, act, f"sentence {number}", now)
            assert messages.seen(now) == said == messages.all[-1]
    assert len(messages.all) <= KEPT
    assert len({(m.level, m.text) for m in messages.all}) == len(messages.all)
