import pytest

from components.runtime.errors import one_line, reason


@pytest.mark.parametrize(
    "said",
    [
        "403 PUT https://h:1/upload/b/m/o?uploadType=resumable&upload_id=SECRET: no",
        "PUT https://h/upload?upload_id=SECRET%2Fc+d/e\nupload_id=SECRET",
        'Max retries exceeded with url: /upload?name=x&upload_id=SECRET (Caused by Err("x"))',
        "('Connection aborted.', '/upload?upload_id=SECRET')",
    ],
)
def test_the_address_of_an_upload_is_not_repeated(said: str) -> None:
    """Whoever has it may write there."""
    assert "/upload" in one_line(said)
    assert "SECRET" not in one_line(said)
    assert "SECRET" not in reason(RuntimeError(said))


def test_what_is_no_address_stays() -> None:
    assert one_line(" Is this so? Yes = no:\n  more") == "Is this so? Yes = no: more"
    assert len(one_line("<p>" * 10_000)) < 500


def test_the_reason_is_what_the_system_said_innermost() -> None:
    inner = ConnectionRefusedError(111, "Connection refused")
    outer = RuntimeError("Max retries exceeded")
    outer.__cause__ = inner
    assert reason(outer) == "Connection refused"
    assert reason(TimeoutError()) == "no answer in time"
    assert reason(RuntimeError()) == "RuntimeError"
    assert reason(ValueError("the file x is bad", KeyError("y"))) == "the file x is bad"
