import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from components.contracts.base import read_rows, write_rows
from components.contracts.posts import DatasetRow
from components.prepare.posts import CleanPost

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MOMENT = st.datetimes(timezones=st.just(UTC))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(TEXT, TEXT, MOMENT, TEXT), max_size=3))
def test_posts_are_written_as_rows_are(facts: list[tuple[str, str, datetime, str]]) -> None:

    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        posts = [CleanPost(*fact, source=None, emails=0, phones=0) for fact in facts]
        write_rows(ours, (post.row() for post in posts))
        rows = [
            DatasetRow(id=number, author=author, created_at=at, text=text)
            for number, author, at, text in facts
        ]
        write_rows(theirs, rows)
        assert ours.read_bytes() == theirs.read_bytes()
        assert list(read_rows(ours, DatasetRow)) == rows
