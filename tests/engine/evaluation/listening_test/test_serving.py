import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.evaluation.listening_test.serving import LARGEST, PageServer

SESSION = "0123456789abcdef" * 2


@pytest.fixture
def server(written: Path) -> Iterator[PageServer]:
    with PageServer(written, names=["test.example"]) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()
    for path in (written / "answers").iterdir():
        path.unlink()


def ask(
    server: PageServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    host, port = server.server_address[:2]
    line = http.client.HTTPConnection(str(host), int(port), timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    line.request(method, path, body, named)
    reply = line.getresponse()
    found = reply.read()
    line.close()
    return reply, found


def post(server: PageServer, answers: Any, **headers: str) -> tuple[int, str]:
    body = answers if isinstance(answers, bytes) else json.dumps(answers).encode()
    reply, said = ask(
        server, "POST", "/answers", body, **{"Content_Type": "application/json", **headers}
    )
    return reply.status, said.decode()


def test_the_page_and_its_sounds_are_handed_out_whole(server: PageServer, written: Path):
    for path in (written / "page").rglob("*"):
        if path.is_file():
            reply, body = ask(server, "GET", f"/{path.relative_to(written / 'page').as_posix()}")
            assert (reply.status, body) == (200, path.read_bytes())
            assert "default-src 'self'" in (reply.getheader("Content-Security-Policy") or "")
    reply, body = ask(server, "GET", "/")
    assert body == (written / "page/index.html").read_bytes()
    reply, body = ask(server, "HEAD", "/test.js")
    assert (reply.status, body) == (200, b"")


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=100-", (100, None)),
        ("bytes=-7", (-7, None)),
        ("bytes=5-99999999", (5, None)),
    ],
)
def test_players_get_the_part_they_seek(
    server: PageServer, written: Path, asked: str, part: tuple[int, int | None]
):
    path = next((written / "page/audio").iterdir())
    reply, body = ask(server, "GET", f"/audio/{path.name}", Range=asked)
    whole = path.read_bytes()
    assert (reply.status, body) == (206, whole[part[0] : part[1]])
    assert (reply.getheader("Content-Range") or "").endswith(f"/{len(whole)}")
    assert ask(server, "GET", f"/audio/{path.name}", Range="bytes=99999999-")[0].status == 416


@pytest.mark.parametrize(
    "path",
    [
        "/../test.json",
        "/%2e%2e/test.json",
        "/..%2ftest.json",
        "//etc/passwd",
        "/audio/../../test.json",
        "/audio",
        "/answers",
        "/test.json",
        "/\\..\\test.json",
        "/audio/%00",
    ],
)
def test_nothing_else_is_handed_out(server: PageServer, path: str):
    reply, body = ask(server, "GET", path)
    assert (reply.status, body) == (404, b"There is no such file.")


def test_links_out_of_the_page_are_not_followed(written: Path, tmp_path: Path):
    link = written / "page" / "link.js"
    try:
        link.symlink_to(written / "test.json")
        with PageServer(written) as server:
            assert "/link.js" not in server.files
    finally:
        link.unlink()


def test_answers_are_kept_once_per_session(server: PageServer, written: Path, answered):
    first = answered(SESSION, {"ours": 2}, comment="ü")
    assert post(server, first) == (201, "Kept.")
    path = written / "answers" / f"{SESSION}.json"
    assert json.loads(path.read_text(encoding="utf-8")) == first
    second = answered(SESSION, {"ours": 5})
    host, port = server.server_address[:2]
    assert post(server, second, Origin=f"http://{host}:{port}")[0] == 201
    assert json.loads(path.read_text(encoding="utf-8")) == second
    assert len(list((written / "answers").iterdir())) == 1


def test_what_is_no_answer_is_refused_with_a_sentence(server: PageServer, written: Path, answered):
    good = answered(SESSION, {})
    code = next(iter(good["ratings"]))
    for bad, said in (
        (good | {"test": "other"}, "not of this listening test"),
        (good | {"session": "../../x"}, "no session"),
        (good | {"session": SESSION.upper()}, "no session"),
        (good | {"ratings": {}}, "rate nothing"),
        (good | {"ratings": {"s0": {"quality": 3}}}, "'s0'"),
        (good | {"ratings": {code: {"quality": 6}}}, "'6'"),
        (good | {"ratings": {code: {"quality": True}}}, "'True'"),
        (good | {"ratings": {code: {"taste": 3}}}, "'taste'"),
        ([], "not of this listening test"),
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
    ):
        status, heard = post(server, bad)
        assert status == 400
        assert said in heard
    assert list((written / "answers").iterdir()) == []


def test_other_sites_and_other_names_are_turned_away(server: PageServer, answered):
    good = answered(SESSION, {})
    assert post(server, good, Origin="http://evil.example")[0] == 403
    for origin in ("null", "http://[", "http://localhost", "https://evil.example/test.example"):
        assert post(server, good, Origin=origin)[0] == 403, origin
    assert post(server, good, Content_Type="text/plain")[0] == 415
    for host, status in (
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("test.example:80", 200),
        ("localhost", 200),
        ("192.168.1.2:8460", 200),
        ("[::1]:8460", 200),
    ):
        assert ask(server, "GET", "/", Host=host)[0].status == status, host


def test_a_web_server_with_encryption_may_stand_before_it(server: PageServer, answered):
    good = answered(SESSION, {})
    for host in ("test.example", "127.0.0.1:8460"):
        assert post(server, good, Host=host, Origin="https://test.example") == (201, "Kept.")
    assert post(server, good, Host="10.0.0.1", Origin="https://10.0.0.1") == (201, "Kept.")


def test_who_hangs_up_is_no_error_and_every_path_has_an_answer(
    server: PageServer, capsys: pytest.CaptureFixture[str]
):
    host, port = map(str, server.server_address[:2])
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"GET http://[ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b" 404 " in line.recv(1000).split(b"\r\n")[0]
    for error, said in ((ConnectionResetError(), ""), (TimeoutError(), ""), (KeyError(), "Error")):
        try:
            raise error
        except (OSError, KeyError):
            server.handle_error(None, (host, port))
        assert (said in (err := capsys.readouterr().err)) and bool(said) == bool(err)


def test_bodies_are_bounded(server: PageServer):
    host, port = server.server_address[:2]
    for length, status in ((str(LARGEST + 1), b"413"), ("x", b"411"), ("-1", b"411")):
        with socket.create_connection((str(host), int(port)), timeout=20) as line:
            head = f"POST /answers HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            line.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
            # Refused before anything of it was sent.
            assert status in line.recv(1000).split(b"\r\n")[0]
    assert ask(server, "PUT", "/answers", b"")[0].status == 501


def test_a_folder_without_a_test_and_a_port_in_use_are_one_sentence(
    server: PageServer, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["evaluate", "listening", "serve", str(tmp_path)]) == 2
    assert "There is no listening test" in capsys.readouterr().err
    port = str(server.server_address[1])
    assert main(["evaluate", "listening", "serve", str(written), "--port", port]) == 2
    assert "another --port" in capsys.readouterr().err
    (tmp_path / "test.json").write_bytes((written / "test.json").read_bytes())
    (tmp_path / "answers").touch()
    assert main(["evaluate", "listening", "serve", str(tmp_path)]) == 2
    assert f"The folder {tmp_path / 'answers'} cannot be made" in capsys.readouterr().err
    (tmp_path / "test.json").write_text('{"form": 1, "items": 3}')
    assert main(["evaluate", "listening", "serve", str(tmp_path)]) == 2
    assert "no whole listening test" in capsys.readouterr().err
