"""What stands before Kubeflow Pipelines, or in their place, is said in one sentence."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import kfp_server_api
import pytest
import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.kfp_server import KfpServer, kfp_server

from components.contracts.errors import HuggingtweetsError
from components.contracts.images import IMAGE_OF
from pipelines.cli.command import main
from pipelines.kubeflow.answers import kubeflow_errors
from pipelines.kubeflow.package import write_package
from pipelines.platform import Platform

LOGIN = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Who are you?</body></html>"
)
COMMANDS = ("submit", "schedule", "status", "logs")


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch, package: bytes) -> None:
    """What is compiled is not what these tests are about, and takes most of a second."""
    monkeypatch.setattr(
        "pipelines.cli.submit.write_package",
        lambda platform, file, *, one_source: file.write_bytes(package),
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("package") / "persona.yaml"
    platform = Platform("kfp", dict.fromkeys(IMAGE_OF, "registry.test/cpu:1"))
    write_package(platform, file, one_source=True)
    return file.read_bytes()


def words(command: str, host: str, images: Path) -> list[str]:
    if command in ("status", "logs"):
        return [command, "00000000-0000-4000-8000-000000000001", "--host", host]
    order = [command, "--host", host, "--images", str(images), "--pipeline-root", "s3://bucket/p"]
    order += ["--table", "gs://posts/ann.csv", "--author", "ann", "--consent", "written-consent"]
    return order + (["--cron", "30 4 * * *"] if command == "schedule" else [])


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "body",
    [
        LOGIN,
        b"\n\n  <html>proxy</html>",
        b"",
        b" \n",
        b"[]",
        b"{}",
        b"null",
        b"0",
        b'"ok"',
        b'{"run_id": ',
        b"upstream ok",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"status": "ok"}',
        b'{"pipelines": 5}',
        b'{"pipelines": [[]]}',
        b'{"pipelines": [{"pipeline_id": 7}]}',
        b'{"run_id": "", "state": "RUNNING"}',
        b'{"run_id": "x", "run_details": {"task_details": [3]}}',
        b'{"run_id": "x", "run_details": []}',
    ],
)
def test_another_answer_with_status_200_is_none_of_kubeflow(
    command: str, body: bytes, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.instead = (200, {"Content-Type": "text/html; charset=no-such"}, body)
    assert main(words(command, kfp.url, images)) == 2
    said = one_sentence(capsys)
    assert kfp.url in said
    assert "not an answer of Kubeflow Pipelines" in said
    assert "login page" in said
    assert "--token-file" in said


@pytest.mark.parametrize("command", ["submit", "status"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_says_where_to(
    command: str, status: int, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = "https://login.example.com/auth?state=secret-state"
    kfp.instead = (status, {"Location": to}, LOGIN)
    assert main(words(command, kfp.url, images)) == 2
    said = one_sentence(capsys)
    assert "https://login.example.com/auth" in said
    assert "secret-state" not in said
    assert "--token-file" in said


@pytest.mark.parametrize("command", ["schedule", "logs"])
@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (304, 2, "nowhere"),
        (400, 1, "400"),
        (401, 2, "--token-file"),
        (403, 2, "--token-file"),
        (404, 2, "there are no Kubeflow Pipelines"),
        (418, 1, "418"),
        (429, 1, "429"),
        (500, 1, "500"),
        (502, 1, "502"),
    ],
)
@pytest.mark.parametrize("body", [LOGIN, b"\xff\xfe"])
def test_a_page_with_an_errors_status_is_one_sentence(
    command: str,
    status: int,
    code: int,
    word: str,
    body: bytes,
    kfp: KfpServer,
    images: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kfp.instead = (status, {}, body if status != 304 else b"")
    assert main(words(command, kfp.url, images)) == code
    assert word in one_sentence(capsys)


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A port that sends these bytes to whoever connects, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 abc\r\n\r\n",
    ],
)
def test_what_is_no_http_is_said(
    command: str, answer: bytes, images: Path, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with raw_server(answer) as place:
        assert main(words(command, f"http://{place}", images)) == 1
    assert f"cannot reach http://{place}" in one_sentence(capsys)


def certificate(folder: Path, name: str = "127.0.0.1", *, days: int = 1) -> tuple[Path, Path]:
    """A certificate that signed itself, valid until in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by_address = name[0].isdigit()
    other = x509.IPAddress(ip_address(name)) if by_address else x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = (folder / "authority.pem", folder / "key.pem")
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.mark.parametrize("command", COMMANDS)
def test_a_certificate_that_nobody_trusts_names_ca_cert(
    command: str, tmp_path: Path, images: Path, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    files = certificate(tmp_path)
    with kfp_server(certificate=files) as secure:
        secure.add_run()
        assert main(words(command, secure.url, images)) == 2
        said = one_sentence(capsys)
        assert "is not trusted" in said
        assert "--ca-cert" in said
        trusted = words(command, secure.url, images)
        assert main([*trusted, "--ca-cert", str(files[0])]) == 0


@pytest.mark.parametrize(
    ("name", "days", "word"),
    [("kubeflow.example", 1, "another name"), ("127.0.0.1", -1, "expired")],
)
def test_a_certificate_that_does_not_hold_says_why(
    name: str,
    days: int,
    word: str,
    tmp_path: Path,
    images: Path,
    kfp: KfpServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = certificate(tmp_path, name, days=days)
    with kfp_server(certificate=files) as secure:
        trusting = [*words("status", secure.url, images), "--ca-cert", str(files[0])]
        assert main(trusting) == 2
    assert word in one_sentence(capsys)


def test_https_where_there_is_none_says_http(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("status", kfp.url.replace("http:", "https:"), images)) == 2
    assert "http://" in one_sentence(capsys)


def test_http_where_tls_is_spoken_is_said(
    tmp_path: Path, images: Path, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with kfp_server(certificate=certificate(tmp_path)) as secure:
        assert main(words("status", secure.url.replace("https:", "http:"), images)) == 1
    assert "cannot reach" in one_sentence(capsys)


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_an_authority_that_is_none_is_said(
    text: str, tmp_path: Path, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_text(text)
    assert main([*words("status", kfp.url, images), "--ca-cert", str(tmp_path / "ca.pem")]) == 2
    assert "--ca-cert" in one_sentence(capsys)


@pytest.mark.parametrize(
    "host",
    [
        *("http://", "https://:8888", "http://a b", "http://host:99999", "http://host:x"),
        *("http://[::1", "http://host/#/runs", "http://host/?ns=team", "http://host:0"),
        *("http://user:word@host", "http://ho\x7fst", "http://" + "a" * 64 + ".example"),
        *("http://a..b", "ftp://host", "host:8888"),
    ],
)
def test_a_host_that_is_none_is_said(
    host: str, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("status", host, images)) == 2
    said = one_sentence(capsys)
    assert "--host" in said
    assert "word@" not in said


@pytest.mark.parametrize("token", ["", "two words", "a\nb", "naïve", "→", "\x00"])
def test_a_token_that_no_header_can_hold_is_said(
    token: str, tmp_path: Path, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(token, encoding="utf-8")
    assert main([*words("status", kfp.url, images), "--token-file", str(tmp_path / "token")]) == 2
    said = one_sentence(capsys)
    assert "--token-file" in said
    assert not token or token not in said


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"namespace": '])
def test_damaged_settings_of_kfp_itself_are_said(
    text: str,
    tmp_path: Path,
    kfp: KfpServer,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "context.json").write_text(text)
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    kfp.add_run()
    assert main(words("status", kfp.url, images)) == 2
    assert "context.json" in one_sentence(capsys)


@pytest.mark.parametrize(
    "error",
    [
        kfp_server_api.ApiValueError("Missing the required parameter `run_id`"),
        kfp_server_api.ApiTypeError("Got an unexpected keyword argument"),
        kfp_server_api.exceptions.ApiKeyError("no such key"),
        kfp_server_api.OpenApiException("else"),
        urllib3.exceptions.LocationParseError("x"),
        urllib3.exceptions.ProtocolError("Connection aborted."),
        urllib3.exceptions.DecodeError("not gzip"),
        urllib3.exceptions.ReadTimeoutError(None, "/", "Read timed out."),  # type: ignore[arg-type]
        requests.exceptions.ConnectionError("no route"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        AttributeError("'NoneType' object has no attribute 'decode'"),
        LookupError("unknown encoding: no-such"),
    ],
)
def test_every_error_of_the_client_is_a_sentence(error: Exception) -> None:
    with pytest.raises(HuggingtweetsError, match="http://kubeflow.test") as said:  # noqa: SIM117
        with kubeflow_errors("http://kubeflow.test"):
            raise error
    assert "\n" not in str(said.value)
