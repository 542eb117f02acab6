import json
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from support.x_api import XAccount, XServer, x_api, x_post

from components.collect.config import XSource
from components.collect.stage import run
from components.contracts.errors import BadInputError
from pipelines.cli import login as login_room
from pipelines.cli.command import main

PORT = 18911


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("X_BEARER_TOKEN", "X_BEARER_TOKEN_FILE", "X_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    posts = [x_post(number) for number in range(120)]
    with x_api(XAccount("nobody", posts, protected=True)) as it:
        yield it


def log_in(server: XServer, monkeypatch: pytest.MonkeyPatch, answer: Any = None, *more: str) -> int:
    """Run the command; the browser asks the server and comes back with its answer."""

    def browse(address: str) -> None:
        back = answer(address) if answer else server.oauth.consent(address)
        threading.Thread(target=requests.get, args=(back,), kwargs={"timeout": 9}).start()

    monkeypatch.setattr(login_room.webbrowser, "open", browse)
    words = ["login", "--client-id", "app", "--port", str(PORT), "--x-api-url", server.url]
    return main([*words, *more])


def token_file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "huggingtweets" / "x-login.json"


def collect(server: XServer, out: Path) -> int:
    config = XSource(
        handle="nobody",
        x_api_url=server.url,
        accept_cost=True,
        accept_x_terms="mine",
        consent="own-archive",
    )
    return run(config, dataset_out=out).counts.downloaded


def test_a_login_reads_a_protected_account(
    server: XServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert log_in(server, monkeypatch) == 0
    said = "".join(capsys.readouterr())
    assert "Logged in as @nobody" in said
    assert "access-" not in said
    path = token_file(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["x-login.json"]
    assert collect(server, tmp_path / "out") == 120
    assert b"access-" not in (tmp_path / "out" / "collect.json").read_bytes()


def test_the_address_asks_for_reading_with_a_fresh_challenge(
    server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, list[str]]] = []

    def consent(address: str) -> str:
        assert address.startswith("https://x.com/i/oauth2/authorize?")
        seen.append(parse_qs(urlsplit(address).query))
        return server.oauth.consent(address)

    assert log_in(server, monkeypatch, consent) == 0
    assert log_in(server, monkeypatch, consent) == 0
    first, second = seen
    assert first["redirect_uri"] == [f"http://127.0.0.1:{PORT}/callback"]
    assert first["scope"] == ["tweet.read users.read offline.access"]
    assert first["client_id"] == ["app"]
    for name in ("state", "code_challenge"):
        assert len(first[name][0]) >= 30
        assert first[name] != second[name]


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.partition("state=")[0] + "code=code-1",
        lambda back: back.replace("code=code", "code=other"),
        lambda back: back.partition("?")[0] + "?error=access_denied&" + back.partition("?")[2],
        lambda back: back.partition("?")[0],
    ],
    ids=["other state", "no state", "other code", "declined", "nothing"],
)
def test_what_is_not_the_answer_is_refused(
    server: XServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Any,
) -> None:
    assert log_in(server, monkeypatch, lambda address: change(server.oauth.consent(address))) == 2
    said = capsys.readouterr().err
    assert "X did not log you in" in said
    assert len(said.splitlines()) <= 5
    assert not token_file(tmp_path).exists()


def test_nobody_is_waited_for_without_end(
    server: XServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(login_room.webbrowser, "open", lambda _: None)
    words = ["login", "--client-id", "app", "--port", str(PORT), "--x-api-url", server.url]
    assert main([*words, "--timeout", "0.1"]) == 2
    assert "within 0 seconds" in capsys.readouterr().err
    assert main(["login", "--x-api-url", server.url]) == 2
    assert "X_CLIENT_ID" in capsys.readouterr().err
    assert main([*words, "--port", "99999"]) == 2


def test_an_expired_token_is_renewed_and_kept(
    server: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.oauth.expires_in = 30
    assert log_in(server, monkeypatch) == 0
    before = json.loads(token_file(tmp_path).read_bytes())
    assert before["expires_at"] == pytest.approx(time.time() + 30, abs=5)
    server.oauth.expires_in = 7200
    assert collect(server, tmp_path / "out") == 120
    after = json.loads(token_file(tmp_path).read_bytes())
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["handle"] == "nobody"
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600
    assert server.seen.count("/2/oauth2/token") == 2


def test_an_ended_login_says_so(
    server: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.oauth.expires_in = 30
    assert log_in(server, monkeypatch) == 0
    server.oauth.refresh_tokens.clear()
    with pytest.raises(BadInputError, match="login again"):
        collect(server, tmp_path / "out")


def test_a_token_that_others_can_read_or_is_for_elsewhere_is_not_used(
    server: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_in(server, monkeypatch) == 0
    path = token_file(tmp_path)
    path.chmod(0o644)
    with pytest.raises(BadInputError, match="can be read by others"):
        collect(server, tmp_path / "out")
    path.chmod(0o600)
    login = json.loads(path.read_bytes())
    path.write_text(json.dumps(login | {"url": "https://api.x.com"}))
    with pytest.raises(BadInputError, match="a token for https://api.x.com"):
        collect(server, tmp_path / "out")
    path.write_text("{}")
    with pytest.raises(BadInputError, match="damaged"):
        collect(server, tmp_path / "out")


def test_ones_own_posts_cost_less(
    server: XServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert log_in(server, monkeypatch) == 0
    collect(server, tmp_path / "out")
    assert "at most $3.21" in capsys.readouterr().err
