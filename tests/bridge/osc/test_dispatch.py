"""Every command with values of every type and size: an answer or a sentence, and never an error within Longtake."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.osc.access import Access, OscOptions
from bridge.osc.actions import Actions
from bridge.osc.aliases import ALIASES
from bridge.osc.clients import Client, Clients, Traffic, World
from bridge.osc.command import ROOT, Command
from bridge.osc.dispatch import Dispatcher
from bridge.osc.packet import Message, Value
from bridge.osc.schema import COMMANDS, OPTIONS, PAIR_NAMES, REQ
from bridge.session import Session
from engine.spec import PARAMETERS
from tests.bridge.conftest import Sounding
from tests.bridge.parts import Bench, Gate, wait_for

VALUES: tuple[Value, ...] = (
    *(None, True, False, b"", b"\xff" * 60_000),
    *(0, 1, -1, 7, 440, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)),
    *(
        0.0,
        -0.0,
        1.0,
        0.5,
        1e-320,
        1e300,
        -1e300,
        3.4e38,
        float("nan"),
        float("inf"),
        -float("inf"),
    ),
    *("", "0", "1", "-1", "0.5", "nan", "inf", "1e999", "on", "N", "*", "?", "..", "~", "r1", "x"),
    *("\ud800", "a\udcffb", "a\0b", "\x1b[31m", "音", "😀" * 3000, "x" * 60_000, " " * 9000),
    *("9" * 5000, "1." * 4000, "9" * 9000 + "/4", "4/" + "9" * 9000, "٣/٤", "-", "1.2", "4/4"),
    *("/etc/passwd", "\\\\nas\\x", "//nas/x", "CON", "a, b:1", "a:99", "~nosuchuser/x", "idea.wav"),
    *("prompt", "steps", "keep", "{", "{}", "{]", "[]", "null", '{"": 1}', '{"x": {}}', "{" * 9000),
    *('{"prompt": "\\ud800"}', '{"keep": ' + "[" * 20_000 + "}", '{"seed": ' + "9" * 9000 + "}"),
    *('{"keep": [[2, 1]]}', '{"a' + "b" * 9000 + '": 1}', '{"prompt": "x", "prompt": null}'),
)
JSON: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, 10**400, float("nan"), float("inf")),
    *("", "x", "\ud800", "\0", "x" * 9000, "0", [], {}, [1], [1, 2], [2, 1], [[1, 2]], [[2, 1]]),
    *([None], [[None, None]], [[[1, 2]]], [["a", "b"]], {"a": 1}, [10**400, 1], [[1, 2]] * 500),
)


CLIENT = ("udp", "127.0.0.1", 9)


def nobody_hears(note: Traffic) -> Clients:
    """Clients without sockets; `note` is told what they would be sent."""
    return Clients(
        World(
            transmit=lambda target, packet: None,
            traffic=note,
            clock=lambda: 0.0,
            reachable=lambda target: False,
            own=lambda host, port: False,
            goes_round=lambda *_: False,
        )
    )


class Rig:
    """A dispatcher without sockets, and what it answered. Its client has made a take, under the request id r1."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        clients = nobody_hears(self.note)
        access = Access(OscOptions(folders=(folder,), port=0))
        actions = Actions(session, clients, access)
        self.dispatcher = Dispatcher(session, clients, actions, access)
        soundfile.write(folder / "idea.wav", np.zeros((8000, 1)), 8000)
        self.answers(f"{ROOT}/generate", ("r1", "it plays", "duration", 0.5, "steps", 4))
        wait_for(lambda: session.jobs.get("r1").state == "done")

    def note(self, target: object, address: str, values: tuple[Any, ...]) -> None:
        self.heard.append((address, values))

    def answers(self, address: str, arguments: tuple[Value, ...]) -> list[tuple[str, tuple]]:
        """What the client gets for a message; its share of errors is always whole."""
        self.heard.clear()
        self.dispatcher.handle(Client(CLIENT), Message(address, arguments))
        return list(self.heard)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One whose engine makes nothing more after the first take, so that requests only wait."""
    engine = Gate()
    engine.permits.release(20)
    folder = tmp_path_factory.mktemp("rig")
    bench = Bench(folder, engine)
    bench.queue.start()
    yield Rig(bench.session, folder)
    engine.open()
    bench.close()


def good(command: Command) -> list[Value]:
    """Arguments that a command takes, as far as the table says."""
    kinds: dict[str, Value] = {"path": "idea.wav", "files": "idea.wav", "bool": 1}
    found: list[Value] = []
    for argument in command.arguments:
        what = argument.what
        if what.kind in ("pair", "spans"):
            found += [0.25, 0.5]
        elif what.kind in ("float", "int"):
            found.append(what.high if what.kind == "int" or (what.high or 0) < 1000 else 1.0)
        else:
            found.append(kinds.get(what.kind, (*what.choices, "r1")[0]))
    return found


def hostile(command: Command, chance: random.Random) -> Iterator[tuple[Value, ...]]:
    """Messages to a command: each value alone, in each place of good arguments, and in rows at random."""
    right = good(command)
    yield from ((), tuple(right))
    for value in VALUES:
        yield (value,)
        for place in range(len(right)):
            yield (*right[:place], value, *right[place + 1 :])
        yield (*right, value)
        yield (*right, value, value)
    for _ in range(60):
        yield tuple(chance.choice(VALUES) for _ in range(chance.choice((1, 2, 3, 4, 5, 6, 256))))


def check(rig: Rig, command: Command, arguments: tuple[Value, ...]) -> None:
    told = rig.answers(command.address, arguments)
    errors = [values for address, values in told if address == f"{ROOT}/error"]
    for _, code, sentence, _ in errors:
        assert code != "internal", (command.address, arguments)
        assert sentence and len(sentence) <= 400
    if REQ in command.arguments:
        acks = [values for address, values in told if address == f"{ROOT}/ack"]
        assert len(acks) + len(errors) == 1, (command.address, arguments)
        rig.session.jobs.cancel("*")


SOUNDING = ("play", "stop", "seek", "gain", "loop", "capture/start", "capture/stop", "output/list")


def test_with_real_sound_as_well(
    sounding: Sounding, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(sounding.session, tmp_path)
    for place in SOUNDING:
        command = COMMANDS[f"{ROOT}/{place}"]
        for arguments in hostile(command, random.Random(place)):
            check(rig, command, arguments)
    assert rig.answers(f"{ROOT}/panic", ("now",)) == []
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("address", sorted(COMMANDS))
def test_any_arguments_are_answered_or_refused_in_a_sentence(
    rig: Rig, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    command = COMMANDS[address]
    for arguments in hostile(command, random.Random(address)):
        check(rig, command, arguments)
        rig.session.parameters.reset()
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("name", sorted({*PARAMETERS, *OPTIONS, *PAIR_NAMES}))
def test_any_setting_of_a_request_is_taken_or_refused_in_a_sentence(
    rig: Rig, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    commands = [command for command in COMMANDS.values() if command.pairs == "settings"]
    for command in commands:
        right = good(command)
        for value in JSON:
            check(rig, command, (*right, json.dumps({name: value})))
        for value in VALUES:
            check(rig, command, (*right, name, value))
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("address", [*ALIASES, f"{ROOT}/*", f"{ROOT}/param/*", f"{ROOT}/nothing"])
def test_what_daws_send_and_patterns_take_anything(
    rig: Rig, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    for value in VALUES:
        for arguments in ((), (value,), (value, value), (1, value)):
            told = rig.answers(address, arguments)
            assert "internal" not in [values[1] for place, values in told if "error" in place]
            rig.session.parameters.reset()
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_host_without_its_token_is_told_that_and_no_more(rig: Rig) -> None:
    access = Access(OscOptions(host="0.0.0.0", hosts=("10.0.0.0/8",), token="open sesame"))
    clients = nobody_hears(rig.note)
    actions = Actions(rig.session, clients, access)
    before = rig.session.jobs.all()
    rig.heard.clear()
    Dispatcher(rig.session, clients, actions, access).handle(
        Client(("udp", "10.0.0.7", 9)), Message(f"{ROOT}/generate", ("r", "techno"))
    )
    ((address, (_, code, sentence, _)),) = rig.heard
    assert (address, code) == (f"{ROOT}/error", "bad_args")
    assert sentence == f"Send the token first: {ROOT}/token."
    assert rig.session.jobs.all() == before
