"""What the Hub refuses, each as one sentence."""

import re
import socket
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.hub_server import TOKEN, Answer, Fault, HubServer, Repository
from support.pushed_versions import CARD, Push, publish_version

from components.contracts.errors import BadInputError, UnreachableError


def said_of(push: Push, kind: type[BadInputError] = BadInputError) -> str:
    with pytest.raises(BadInputError) as end:
        push()
    assert type(end.value) is kind
    assert end.value.exit_code == 2
    said = str(end.value)
    assert "\n" not in said
    assert TOKEN not in said
    return said


def test_a_token_that_the_hub_does_not_know(
    push: Push, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    said = said_of(push)
    assert "does not know the token of HF_TOKEN" in said
    assert "hf_another" not in said
    assert f"{hub.url}/settings/tokens" in said


def test_a_token_that_may_not_write_for_this_owner(push: Push, hub: HubServer) -> None:
    hub.tokens[TOKEN] = {"somebody-else"}
    said = said_of(push)
    assert "may not write to jane/bot" in said
    assert "You don't have the rights" in said


def test_a_token_that_may_only_read(push: Push, hub: HubServer) -> None:
    made = Repository(private=False)
    made.commit("system", "initial commit", {})
    hub.repositories["jane/bot"] = made
    hub.tokens[TOKEN] = {"somebody-else"}
    assert "may not write to jane/bot" in said_of(push)


def test_a_repository_that_the_token_may_not_see(push: Push, hub: HubServer) -> None:
    """It answers that there is none, and then that there is one."""
    hub.repositories["jane/bot"] = Repository(private=True)
    hub.faults.append(Fault("GET /api/models/jane/bot", Answer(404, {"error": "Not found"})))
    assert "jane/bot is there already" in said_of(push)


def test_metadata_that_the_hub_does_not_take(push: Push, registry: str, hub: HubServer) -> None:
    card = CARD.replace("- en", "- English!")
    publish_version(registry, files={"README.md": card.encode()})
    said = said_of(push)
    assert '"language" must only contain lowercase' in said
    assert len(hub.repositories["jane/bot"].commits) == 1


def test_content_that_is_not_what_its_digest_says(push: Push, hub: HubServer) -> None:
    said = "the content is not what its SHA-256 says"
    hub.faults.append(Fault("PUT /upload/", Answer(400, {"error": said}), times=9))
    assert said in said_of(push)


def test_a_size_that_is_not_what_was_uploaded(push: Push, hub: HubServer) -> None:
    hub.before["POST /api/verify"] = hub.large_files.clear
    assert "the size is not what was uploaded" in said_of(push)


def test_large_files_that_never_arrived(push: Push, hub: HubServer) -> None:
    hub.before["POST .*/commit/"] = hub.large_files.clear
    assert "LFS pointer of model.safetensors points nowhere" in said_of(push)


def test_a_file_that_is_too_large_for_the_way_it_came(push: Push, hub: HubServer) -> None:
    hub.regular_limit, hub.always_regular = 10, True
    assert "is too large: use git-lfs" in said_of(push)


def test_what_the_batch_refuses(push: Push, hub: HubServer) -> None:
    refused = {"oid": "0" * 64, "size": 3, "error": {"code": 422, "message": "Quota is used up"}}
    hub.faults.append(Fault("objects/batch", Answer(200, {"objects": [refused]})))
    assert "Quota is used up" in said_of(push)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (400, "does not take it, answer 400 (odd)"),
        (401, "does not know the token"),
        (402, "wants jane to pay"),
        (403, "may not write to jane/bot"),
        (404, "knows no jane/bot"),
        (409, "is changing it at this moment"),
        (413, "of this size"),
        (422, "answer 422 (odd)"),
        (451, "answer 451 (odd)"),
    ],
)
@pytest.mark.parametrize("line", ["POST /api/repos/create", "/preupload/", "POST .*/commit/"])
def test_a_refusal_is_a_sentence_wherever_it_comes(
    line: str, status: int, sentence: str, push: Push, hub: HubServer
) -> None:
    hub.faults.append(Fault(line, Answer(status, {"error": "odd"})))
    assert sentence in said_of(push)


@pytest.mark.parametrize("line", ["GET /api/models/jane/bot", "/repos/create", "objects/batch"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_hub_that_is_not_well_is_worth_another_try(
    line: str, status: int, push: Push, hub: HubServer
) -> None:
    hub.faults.append(Fault(line, Answer(status, b"<html>nginx</html>"), times=9))
    said = said_of(push, UnreachableError)
    assert f"not well and answers {status}" in said
    assert "push again" in said


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"RateLimit": '"api";r=0;t=55'}, "often: wait 55 seconds;"),
        ({"Retry-After": "120"}, "often: wait 120 seconds;"),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "often;"),
        ({}, "often;"),
    ],
)
@pytest.mark.parametrize("line", ["GET /api/models/jane/bot", "/preupload/", "/commit/"])
def test_too_many_requests(
    line: str, headers: dict[str, str], wait: str, push: Push, hub: HubServer
) -> None:
    hub.faults.append(Fault(line, Answer(429, {"error": ""}, headers), times=9))
    assert f"asked too {wait}" in said_of(push, UnreachableError)


def test_a_moment_of_weakness_is_waited_out(push: Push, hub: HubServer) -> None:
    for line in ("/preupload/", "objects/batch", "PUT /upload/", "/verify"):
        hub.faults.append(Fault(line, Answer(503), times=2))
    assert push().outcome == "created"


@pytest.mark.parametrize(
    "body", [b"<html>Log in</html>", b"", b"[]", b"null", b'{"sha": 3}', b"\xff"]
)
@pytest.mark.parametrize(
    "line", ["GET /api/models/jane/bot", "/repos/create", "/preupload/", "/batch", "/commit/main"]
)
def test_something_else_that_answers(line: str, body: bytes, push: Push, hub: HubServer) -> None:
    hub.faults.append(Fault(line, Answer(200, body), times=9))
    assert "does not answer as the Hub does" in said_of(push)


def test_no_network(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        said = said_of(push, UnreachableError)
    assert re.search(r"cannot reach the Hub at http://127.0.0.1:\d+: Connection refused", said)


def test_a_hub_that_says_nothing_is_given_up(
    push: Push, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.push.hub.LIMITS", (0.2, 0.2, 0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        assert "no answer in time" in said_of(push, UnreachableError)


@pytest.mark.parametrize("address", ["nowhere", "http://[::1", "http://127.0.0.1:port", "ftp://x"])
def test_an_address_that_is_none(address: str, push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", address)
    with pytest.raises(BadInputError, match=r"HF_ENDPOINT|cannot reach the Hub"):
        push()


def test_offline(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in said_of(push)


def test_no_token(push: Push, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert "there is no token for the Hub: set HF_TOKEN" in said_of(push)
    assert hub.requests == []


def test_the_token_comes_from_its_file(
    push: Push, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(file))
    assert push().outcome == "created"
    assert {request.token for request in hub.asked("/api/models")} == {TOKEN}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"two words", "tökén".encode()])
def test_a_file_that_holds_no_token(
    content: bytes, push: Push, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    file = tmp_path / "token"
    file.write_bytes(content)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(file))
    said = said_of(push)
    assert "token" in said
    assert "two words" not in said
    assert hub.requests == []


def test_a_token_file_that_is_a_folder(
    push: Push, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path))
    assert "Is a directory" in said_of(push)
