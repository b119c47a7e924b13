"""Who may talk, and which files may be named."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import BridgeError
from bridge.osc.access import Access, OscOptions
from bridge.osc.framing import wrap_slip
from bridge.osc.packet import encode
from bridge.osc.tries import PACKETS, SLIPS
from tests.bridge.real_parts import PATIENCE
from tests.bridge.rig import Peer, osc_server

TOKEN = "open sesame"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("in/beat.wav", "out/secret.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    return Access(OscOptions(folders=(tmp_path / "in",)))


def refused(access: Access, path: Path | str) -> bool:
    with pytest.raises(BridgeError) as error:
        access.files.file(str(path))
    return error.value.code == "bad_path"


def test_files_within_are_found_by_whole_or_relative_path(access: Access, tmp_path: Path) -> None:
    wanted = (tmp_path / "in" / "beat.wav").resolve()
    assert access.files.file(str(wanted)) == wanted
    assert access.files.file("beat.wav") == wanted
    assert access.files.file("./x/../beat.wav".replace("x/../", "")) == wanted


def test_dots_and_links_do_not_get_out(access: Access, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    (inside / "link.wav").symlink_to(tmp_path / "out" / "secret.wav")
    (inside / "folder").symlink_to(tmp_path / "out")
    (inside / "loop.wav").symlink_to(inside / "loop.wav")
    for path in (
        tmp_path / "out" / "secret.wav",
        inside / ".." / "out" / "secret.wav",
        "../out/secret.wav",
        inside / "link.wav",
        "folder/secret.wav",
        inside / "loop.wav",
        inside,
        inside / "missing.wav",
        "\0",
        "",
        "x" * 5000,
        f"{inside}-evil/beat.wav",
        "/dev/zero",
        "/etc/passwd",
    ):
        assert refused(access, path)


def test_a_link_that_stays_inside_is_followed(access: Access, tmp_path: Path) -> None:
    (tmp_path / "in" / "same.wav").symlink_to(tmp_path / "in" / "beat.wav")
    assert access.files.file("same.wav").name == "beat.wav"


def test_a_pipe_is_no_file(access: Access, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in" / "pipe.wav")
    assert refused(access, tmp_path / "in" / "pipe.wav")


def test_nothing_can_be_read_when_no_folder_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "beat.wav").write_bytes(b"RIFF")
    assert refused(Access(OscOptions()), tmp_path / "beat.wav")


@pytest.mark.parametrize(
    "options",
    [
        {"host": "0.0.0.0"},
        {"host": "0.0.0.0", "hosts": ("192.168.1.0/24",)},
        {"host": "0.0.0.0", "token": TOKEN},
        {"host": "0.0.0.0", "hosts": ("192.168.1.0/24",), "token": "short"},
        {"host": "0.0.0.0", "hosts": ("192.168.1.0/24",), "token": " " * 20},
        {"host": "0.0.0.0", "hosts": ("192.168.1.0/24",), "token": "\u200b\u00a0\t" * 8},
        {"host": "0.0.0.0", "hosts": ("192.168.1.0/24",), "token": "  short    "},
        {"host": "0.0.0.0", "hosts": ("the tablet",), "token": TOKEN},
    ],
)
def test_listening_to_others_needs_list_and_token(options: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(BridgeError) as error:
        Access(OscOptions(**options))
    assert error.value.code == "bad_args"


def test_hosts_are_heard_by_list_and_token() -> None:
    access = Access(OscOptions(host="0.0.0.0", hosts=("192.168.1.0/24", "10.0.0.5"), token=TOKEN))
    assert access.entry("127.0.0.1") == "in"
    assert access.entry("192.168.2.9") == "out"
    assert access.entry("10.0.0.5") == "token"
    assert not access.show("10.0.0.5", "open barley")
    assert access.show("10.0.0.5", TOKEN)
    assert access.entry("10.0.0.5") == "in"
    assert access.entry("192.168.1.77") == "token"
    assert Access(OscOptions(hosts=("10.0.0.5",))).entry("10.0.0.5") == "out"


def test_no_token_is_never_shown() -> None:
    access = Access(OscOptions())
    for given in ("", " ", "\0"):
        assert not access.show("127.0.0.1", given)


def test_guesses_are_slowed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    access = Access(OscOptions(host="0.0.0.0", hosts=("10.0.0.0/8",), token=TOKEN))
    with caplog.at_level(logging.WARNING):
        for _ in range(SLIPS):
            assert not access.show("10.0.0.5", "open barley")
        # Not even the right one is looked at while it waits.
        for _ in range(1000):
            with pytest.raises(BridgeError, match="try again") as refused:
                access.show("10.0.0.5", TOKEN)
            assert refused.value.code == "busy"
    assert "10.0.0.5" in caplog.text
    assert access.entry("10.0.0.5") == "token"
    assert access.show("10.0.0.6", f"  {TOKEN} ")


def own_address() -> str | None:
    """An address of this machine beyond loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return sock.getsockname()[0]


def test_another_host_talks_only_after_its_token(tmp_path: Path) -> None:
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but loopback")
    shared: dict[str, Any] = {"host": "0.0.0.0", "token": TOKEN}
    with (
        osc_server(tmp_path, hosts=(own,), **shared) as (server, _),
        Peer(server.port, own) as peer,
    ):
        peer.send("ping")
        assert "token" in peer.wait("error")[2]
        peer.send("token", "wrong token")
        peer.wait("error")
        assert peer.ask("token", TOKEN) == (1,)
        peer.ping()


def test_a_host_without_its_token_takes_no_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but loopback")
    monkeypatch.setattr("bridge.osc.connections.NEWCOMER_FOR", 1.0)
    options = {"host": "0.0.0.0", "token": TOKEN, "hosts": (own,)}
    with osc_server(tmp_path, **options) as (server, _), ExitStack() as stack:
        peer = stack.enter_context(Peer(server.port, own))
        for _ in range(200):
            peer.send("ping")
        assert len(peer.quiet(0.3)) <= PACKETS * 2
        here = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        socks = [
            stack.enter_context(
                socket.create_connection((own, server.port), source_address=(own, 0))
            )
            for _ in range(40)
        ]
        here.settimeout(PATIENCE)
        here.sendall(wrap_slip(encode("/longtake/ping")))
        assert b"/longtake/pong" in here.recv(4096)
        for sock in socks:  # Those beyond a few at once, and those after a second.
            sock.settimeout(PATIENCE)
            with suppress(ConnectionError):
                assert sock.recv(4096) == b""
        here.sendall(wrap_slip(encode("/longtake/ping")))
        assert b"/longtake/pong" in here.recv(4096)


def test_a_host_that_is_not_listed_hears_nothing(tmp_path: Path) -> None:
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but loopback")
    shared: dict[str, Any] = {"host": "0.0.0.0", "token": TOKEN}
    others = ("203.0.113.1",)
    with (
        osc_server(tmp_path, hosts=others, **shared) as (server, _),
        Peer(server.port, own) as peer,
    ):
        peer.send("ping")
        assert peer.quiet(0.3) == []
