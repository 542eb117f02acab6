import hashlib
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from support.hub_server import TOKEN, Answer, Fault, HubServer
from support.pushed_versions import STAYS, Push, evaluation, publish_version

from components.contracts.errors import BadInputError, UnreachableError
from components.contracts.pushing import Pushed, PushReport
from components.contracts.registry import StaleVersion
from components.gate.judgement import GateFailedError
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.registry.stale import mark_stale

FILES = {
    *("README.md", "config.json", "evaluation.json", "huggingtweets.json", "model.safetensors"),
    *("report-public.html", "tokenizer.json", "train.json"),
}


def text(hub: HubServer, path: str, repository: str = "jane/bot") -> str:
    return hub.repositories[repository].head.files[path].data.decode()


def metadata(hub: HubServer) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(text(hub, "README.md").split("---\n")[1])
    return found


def test_a_version_becomes_one_commit_in_a_new_private_repository(
    push: Push, hub: HubServer
) -> None:
    report = push()
    repository = hub.repositories["jane/bot"]
    assert repository.private
    assert [commit.title for commit in repository.commits] == ["initial commit", "jane@1"]
    assert repository.head.files.keys() - {".gitattributes"} == FILES == set(report.sent)
    assert (report.outcome, report.public, report.passed) == ("created", False, True)
    assert report.commit == repository.head.oid
    assert report.url == f"{hub.url}/jane/bot"
    (sent,) = hub.asked("POST .*/commit/")
    header = json.loads(sent.body.splitlines()[0])["value"]
    assert header["parentCommit"] == repository.commits[0].oid


def test_what_only_a_server_of_ours_needs_stays_behind(push: Push, hub: HubServer) -> None:
    push()
    assert not STAYS.keys() & hub.repositories["jane/bot"].head.files.keys()


def test_pictures_adapters_and_other_formats_go_along(
    push: Push, registry: str, hub: HubServer
) -> None:
    more = ("preview.png", "picture-1.jpg", "jane-q8_0.gguf", "pipeline.svg", "merges.txt")
    publish_version(registry, files=dict.fromkeys(more, b"x"))
    assert set(push().sent) == FILES | set(more)
    assert metadata(hub)["thumbnail"] == f"{hub.url}/jane/bot/resolve/main/preview.png"


def test_the_repository_says_what_it_holds(push: Push, registry: str, hub: HubServer) -> None:
    push()
    record = Pushed.model_validate_json(text(hub, "huggingtweets.json"))
    assert (record.persona, record.version) == ("jane", 1)
    manifest = Path(registry, "jane/versions/1/manifest.json").read_bytes()
    assert record.manifest_sha256 == hashlib.sha256(manifest).hexdigest()
    head = hub.repositories["jane/bot"].head.files
    assert {file.path for file in record.files} == FILES - {"huggingtweets.json"}
    for file in record.files:
        assert file.sha256 == hashlib.sha256(head[file.path].data).hexdigest()
        assert file.blob_id == head[file.path].oid


def test_nothing_is_sent_when_nothing_changed(push: Push, hub: HubServer) -> None:
    first = push()
    before = len(hub.requests)
    second = push()
    assert second.outcome == "unchanged"
    assert second.commit == first.commit
    assert second.sent == second.deleted == ()
    assert {request.line.split()[0] for request in hub.requests[before:]} == {"GET"}


def test_only_what_changed_is_sent(push: Push, registry: str, hub: HubServer) -> None:
    push()
    publish_version(registry)
    report = push()
    assert report.outcome == "updated"
    assert set(report.sent) == {"README.md", "huggingtweets.json", "model.safetensors"}
    assert len(hub.repositories["jane/bot"].commits) == 3
    assert "Version 2 of jane" in text(hub, "README.md")


def test_where_the_hub_names_no_digests_the_client_finds_that_nothing_changed(
    push: Push, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = push()
    bare = "support.hub_server._sibling"
    monkeypatch.setattr(bare, lambda path, blob: {"rfilename": path})
    again = push()
    assert (again.outcome, again.commit, again.sent) == ("unchanged", first.commit, ())
    assert len(hub.repositories["jane/bot"].commits) == 2


def test_files_that_a_version_lacks_go_in_the_same_commit(
    push: Push, registry: str, hub: HubServer
) -> None:
    publish_version(registry, files={"picture-1.png": b"x"})
    push()
    hub.repositories["jane/bot"].change("jane", "my terms", LICENSE="mine")
    publish_version(registry)
    report = push()
    assert report.deleted == ("picture-1.png",)
    assert len(hub.repositories["jane/bot"].commits) == 4
    left = hub.repositories["jane/bot"].head.files
    assert "picture-1.png" not in left
    assert "LICENSE" in left, "what somebody added stays"


@pytest.mark.parametrize(("version", "pushed"), [("1", 1), ("latest", 2), ("production", 1)])
def test_a_version_is_named_by_number_or_alias(
    version: str, pushed: int, push: Push, registry: str
) -> None:
    publish_version(registry)
    Registry.open(registry).move_alias("jane", "production", 1)
    assert push(version=version).version == pushed
    assert push().version == 1, "the one in production"


def test_while_nothing_is_in_production_the_latest_is_pushed(push: Push, registry: str) -> None:
    publish_version(registry)
    assert push().version == 2


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"version": "9"}, "jane has no version 9"),
        ({"version": "newest"}, "neither the number of a version nor one of"),
        ({"version": "0"}, "neither the number"),
        ({"version": "candidate"}, "jane has no candidate"),
        ({"name": "nobody"}, "there is no persona nobody"),
        ({"name": "../up"}, "cannot name a persona"),
        ({"registry": "/nowhere/at/all"}, "no such folder"),
        ({"to": "bot"}, "--to: 'bot' is not the OWNER/NAME"),
        ({"to": "jane/bot/more"}, "is not the OWNER/NAME"),
        ({"to": "https://huggingface.co/jane/bot"}, "is not the OWNER/NAME"),
        ({"to": "jane/-bot-"}, "is not the OWNER/NAME"),
        ({"no_gate": "maybe"}, "--no-gate: 'maybe' is neither true nor false"),
    ],
)
def test_what_cannot_be_pushed_is_said_before_anything_is_sent(
    named: dict[str, str], sentence: str, push: Push, hub: HubServer
) -> None:
    with pytest.raises(BadInputError, match=sentence):
        push(**named)
    assert hub.repositories == {}


def test_the_report_is_written(push: Push, tmp_path: Path) -> None:
    report = push(push_out=tmp_path / "deep" / "push.json")
    assert PushReport.read(tmp_path / "deep" / "push.json") == report


def test_public_makes_a_new_repository_that_everybody_reads(push: Push, hub: HubServer) -> None:
    assert push(public=True).public
    assert not hub.repositories["jane/bot"].private


def test_public_opens_a_private_repository_once_it_holds_the_version(
    push: Push, registry: str, hub: HubServer
) -> None:
    push()
    publish_version(registry)
    assert push(public=True).public
    assert not hub.repositories["jane/bot"].private
    lines = [request.line for request in hub.requests]
    commits = [at for at, line in enumerate(lines) if "/commit/" in line]
    (settings,) = [at for at, line in enumerate(lines) if line.endswith("/settings")]
    assert settings > commits[-1]


def test_a_public_repository_stays_public_and_the_report_says_so(
    push: Push, registry: str, hub: HubServer
) -> None:
    push(public=True)
    publish_version(registry)
    assert push().public
    assert not hub.asked("/settings")


def test_what_did_not_pass_the_gate_is_not_pushed(
    push: Push, registry: str, hub: HubServer
) -> None:
    publish_version(registry, files={"evaluation.json": evaluation(passed=False)})
    with pytest.raises(GateFailedError, match=r"jane@2 did not pass.*7\.2%.*--no-gate") as end:
        push()
    assert end.value.exit_code == 1
    assert hub.requests == []


def test_without_the_gate_it_is_pushed_and_its_card_says_so(
    push: Push, registry: str, hub: HubServer
) -> None:
    push(no_gate="true")
    assert "did not pass" not in text(hub, "README.md"), "it did"
    publish_version(registry, files={"evaluation.json": evaluation(passed=False)})
    assert not push(no_gate="true").passed
    card = text(hub, "README.md")
    assert "# Jane 🤖 AI Bot\n\n> **This version did not pass the gate.**" in card
    assert "`--no-gate`" in card


@pytest.mark.parametrize(
    "file", [None, b"{}", b'{"gate": {"passed": "yes", "conditions": []}}', b"no JSON"]
)
def test_a_version_that_does_not_say_whether_it_passed_is_not_pushed(
    file: bytes | None, push: Push, registry: str, hub: HubServer
) -> None:
    publish_version(registry, files={"evaluation.json": file})
    with pytest.raises((BadInputError, GateFailedError), match=r"gate"):
        push()
    assert hub.requests == []


def test_an_author_who_opted_out_is_not_pushed(push: Push, registry: str, hub: HubServer) -> None:
    add_opt_out(registry, handle="Ann")
    with pytest.raises(BadInputError, match="opted out"):
        push()
    assert hub.requests == []


def test_a_list_of_opt_outs_that_cannot_be_read_lets_nothing_pass(
    push: Push, registry: str, hub: HubServer
) -> None:
    Path(registry, "opt-outs.json").write_text("damaged")
    with pytest.raises(BadInputError, match="cannot read who opted out"):
        push()
    assert hub.requests == []


def test_the_list_is_asked_again_right_before_the_commit(
    push: Push, registry: str, hub: HubServer
) -> None:
    """Whoever opts out while the weights are uploaded, which may take hours, is heard."""
    hub.before["PUT /upload/"] = lambda: add_opt_out(registry, account_id="17")
    with pytest.raises(BadInputError, match="opted out"):
        push()
    assert len(hub.repositories["jane/bot"].commits) == 1
    assert not hub.asked("/commit/")


def test_a_version_that_went_stale_during_the_upload_is_not_pushed(
    push: Push, registry: str, hub: HubServer
) -> None:
    def forget() -> None:
        one = StaleVersion(
            persona="jane", version=1, marked_at=datetime.now(UTC), why="its posts are forgotten"
        )
        mark_stale(Registry.open(registry).store, [one])

    hub.before["PUT /upload/"] = forget
    with pytest.raises(BadInputError, match="version 1 of jane is stale"):
        push()
    assert not hub.asked("/commit/")


def test_an_upload_that_broke_off_goes_on(push: Push, hub: HubServer) -> None:
    hub.faults.append(Fault("POST .*/commit/", Answer(500, {"error": "out of order"})))
    with pytest.raises(UnreachableError, match="push again"):
        push()
    assert len(hub.asked("PUT /upload/")) == 1
    assert push().outcome == "updated"
    assert len(hub.asked("PUT /upload/")) == 1, "the weights are there already"


def test_a_stale_parent_says_who_changed_it_and_stops(
    push: Push, registry: str, hub: HubServer
) -> None:
    push()
    publish_version(registry)
    repository = hub.repositories["jane/bot"]
    hub.before["POST .*/commit/"] = lambda: repository.change("bob", "Fix a typo", note_md="x")
    with pytest.raises(BadInputError) as end:
        push()
    said = str(end.value)
    assert "jane/bot was changed on the Hub at the same time" in said
    assert "by bob at 2026-11-20 12:30 UTC: 'Fix a typo'" in said
    assert repository.head.author == "bob"
    assert (end.value.exit_code, end.value.is_final) == (2, True)


def test_a_stale_parent_is_said_where_nobody_tells_who(push: Push, hub: HubServer) -> None:
    push()
    hub.faults.append(Fault("POST .*/commit/", Answer(412, {"error": "A commit has happened"})))
    hub.faults.append(Fault("GET .*/commits/", Answer(500), times=9))
    hub.repositories["jane/bot"].commits.pop()
    with pytest.raises(BadInputError, match="at the same time; nothing was pushed"):
        push()


def test_a_title_from_the_hub_moves_no_cursor(push: Push, registry: str, hub: HubServer) -> None:
    push()
    hub.repositories["jane/bot"].change("bob\x1b[2J", "\x1b[31mred\n\nlines", README_md="x")
    with pytest.raises(BadInputError) as end:
        push()
    assert "\x1b" not in str(end.value)
    assert "\n" not in str(end.value)


def test_the_token_and_signed_addresses_reach_no_log_and_no_file(
    push: Push, hub: HubServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "huggingface_hub")
    hub.faults.append(Fault("PUT /upload/", Answer(503), times=2))
    push(push_out=tmp_path / "push.json")
    hub.faults.append(Fault("GET /api/models", Answer(500)))
    with pytest.raises(UnreachableError) as end:
        push()
    files = [path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    pushed = [text(hub, path) for path in hub.repositories["jane/bot"].head.files]
    assert "PUT" in caplog.text
    for said in (caplog.text, str(end.value), *files, *pushed):
        assert TOKEN not in said
        assert "made-up-signature" not in said
