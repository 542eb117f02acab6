"""CSV as other tools quote and escape it: no row ends up mangled without a word."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import ReadTable, RefuseTable
from support.made_tables import as_csv, people

from components.collect.tables.csv_rows import read_csv

SAID = 'She said "good morning", then left'
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1e\r")).filter(
    str.strip
)


def quoted(*texts: str) -> str:
    """Cells in quotes, with backslashes before quotes, as databases write them."""
    rows = [f'"{n}","{text}","2019-03-01","ann_k"' for n, text in enumerate(texts, 1)]
    return "\n".join(['"id","text","created_at","username"', *rows, ""])


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"She said \"good morning\", then left", SAID),
        (r"The sign says \"wet paint\"", 'The sign says "wet paint"'),
        (r"\"Wet paint\"", '"Wet paint"'),
        (r"one\ntwo \"three\"", 'one\ntwo "three"'),
        (r"a \"path\\to\"", 'a "path\\to"'),
        (r"a \"b\" c\d", 'a "b" c\\d'),
    ],
)
def test_quotes_behind_backslashes_are_quotes(table: ReadTable, written: str, text: str) -> None:
    read = table(quoted("plain", written, "", "more words"))
    assert [post.text for post in read.posts] == ["plain", text, "more words"]


def test_backslashes_of_a_usual_table_stay(table: ReadTable) -> None:
    rows = people([{"username": "ann_k"}])
    rows[2]["text"], rows[3]["text"] = 'back\\ "slash\\" ', "C:\\new\\"
    texts = [post.text for post in table(as_csv(rows, quoting=csv.QUOTE_ALL)).posts]
    assert texts[2:4] == ['back\\ "slash\\" ', "C:\\new\\"]


def test_escaped_line_breaks_of_a_whole_table_are_line_breaks(table: ReadTable) -> None:
    rows = people([{"username": "ann_k"}])
    for number in (1, 3, 5):
        rows[number]["text"] = f"one{number}\\r\\ntwo"
    assert table(as_csv(rows)).posts[1].text == "one1\ntwo"
    rows[7]["text"] = "a real\nbreak"
    assert table(as_csv(rows)).posts[1].text == "one1\\r\\ntwo"


def test_one_escaped_break_is_one_where_twarc_wrote_the_table(table: ReadTable) -> None:
    rows = people([{"author.username": "ann_k", "__twarc.version": "2.14.0"}])
    rows[4]["text"] = "one\\ntwo"
    assert table(as_csv(rows)).posts[4].text == "one\ntwo"
    del rows[4]["__twarc.version"]
    bare = [{k: v for k, v in row.items() if k != "__twarc.version"} for row in rows]
    assert table(as_csv(bare)).posts[4].text == "one\\ntwo"


def test_a_row_whose_quotes_do_not_pair_is_left_out_with_a_word(table: ReadTable) -> None:
    data = as_csv(people([{"username": "ann_k"}]), quoting=csv.QUOTE_ALL)
    bad = '"99","2019-03-30 09:30:00","He said "no" and left","ann_k"\r\n'
    read = table(data + bad)
    assert len(read.posts) == 12
    assert any("quotes that do not pair: 1 (first: line 14)" in said for said in read.warnings)


def test_a_quote_that_swallows_rows_is_refused(refused: RefuseTable) -> None:
    data = as_csv(people([{"username": "ann_k"}]))
    assert "a quote may not be closed" in refused(data + '99,2019-03-30,"open,ann_k\nmore,x,y,z\n')


@pytest.mark.parametrize("line", ["sep=;", "\ufeffsep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_may_name_the_delimiter(table: ReadTable, line: str) -> None:
    rows = people([{"username": "ann_k", "a,b,c,d,e": "x"}])
    assert len(table(f"{line}\r\n" + as_csv(rows, delimiter=";")).posts) == 12


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(table: ReadTable, delimiter: str) -> None:
    assert len(table(as_csv(people([{"username": "ann_k"}]), delimiter=delimiter)).posts) == 12


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.sampled_from(",;|\t"))
def test_any_text_that_backslashes_escape_comes_through(texts: list[str], delimiter: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(
        file, delimiter=delimiter, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL
    )
    writer.writerow(["id", "text"])
    writer.writerows(enumerate([*texts, 'so "it" is, then'], 1))
    data = file.getvalue()
    table = read_csv(lambda: io.StringIO(data, newline=""), "t")
    read = [row.cells["text"] for row in table.rows() if row.cells]
    assert read == [*texts, 'so "it" is, then']


@pytest.mark.parametrize(
    ("written", "text"), [("one\\\ntwo", "one\ntwo"), ("one\\\ttwo", "one\ttwo")]
)
def test_tables_of_databases_escape_delimiters_and_line_ends(
    table: ReadTable, written: str, text: str
) -> None:
    rows = "".join(f"{n}\tC:\\\\dir {written}\t2019-03-0{n}\tann_k\t\\N\n" for n in range(1, 6))
    read = table(f"id\ttext\tcreated_at\tusername\tretweeted_status_id\n{rows}")
    assert {(post.text, post.kind) for post in read.posts} == {(f"C:\\dir {text}", "original")}


def test_a_backslash_at_the_end_of_a_usual_cell_stays(table: ReadTable) -> None:
    rows = "".join(f"{n},shrug\\,2019-03-0{n},ann_k\n" for n in range(1, 6))
    read = table(f"id,text,created_at,username\n{rows}")
    assert {post.text for post in read.posts} == {"shrug\\"}


def test_blanks_behind_delimiters_are_no_part_of_cells(table: ReadTable) -> None:
    rows = "".join(f'{n}, "hello, {n} there", 2019-03-0{n}, ann_k\n' for n in range(1, 6))
    read = table(f"\nid, text, created_at, username\n{rows}")
    assert (read.author, read.posts[0].text) == ("ann_k", "hello, 1 there")


@pytest.mark.parametrize("row", ["1,5,hello,2019-03-01,ann_k\n", "5,hello,2019-03-01,ann_k,\n"])
def test_a_table_none_of_whose_rows_fits_is_refused_for_that(
    refused: RefuseTable, row: str
) -> None:
    sentence = refused(f"id,text,created_at,username\n{row * 3}")
    assert "none of its rows can be read; the first, line 2," in sentence
