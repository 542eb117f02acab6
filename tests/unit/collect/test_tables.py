import codecs
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.collecting import Read, read_with

from components.collect.config import TableSource
from components.collect.tables.table import read_table
from components.contracts.errors import BadInputError


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data))


def collect(path: Path, data: str | bytes, **config: Any) -> Read:
    table = path / "t.csv"
    table.write_bytes(data.encode() if isinstance(data, str) else data)
    given = TableSource(table=str(table), consent="public-figure", **config)
    return read_with(read_table, table, "t.csv", given)


def refuse(path: Path, data: str | bytes, sentence: str, **config: Any) -> None:
    with pytest.raises(BadInputError, match=sentence) as caught:
        collect(path, data, **config)
    assert "t.csv" in str(caught.value)
    assert str(caught.value).count("\n") < 5
    assert str(caught.value).isprintable()


SNSCRAPE = {
    "id": 1605,
    "date": "2022-12-21T10:00:00+00:00",
    "rawContent": "hello",
    "lang": "en",
    "user": {"username": "ann", "id": 42},
    "sourceLabel": "Web",
    "inReplyToTweetId": None,
    "retweetedTweet": None,
    "quotedTweet": {"id": 7},
}
TRUMP = {
    "id": 98454970654916608,
    "text": "Republicans",
    "isRetweet": "f",
    "isDeleted": "f",
    "device": "TweetDeck",
    "favorites": 49,
    "retweets": 255,
    "date": "2011-08-02 18:07:48",
    "isFlagged": "f",
}
DUMPS = {
    "x-csv": "tweet_id,in_reply_to_status_id,in_reply_to_user_id,timestamp,source,text,"
    "retweeted_status_id\n5,,,2013-04-05 17:10:22 +0000,web,hello,\n",
    "trump-archive": json.dumps([TRUMP]),
    "twint": "id,conversation_id,created_at,date,time,timezone,user_id,username,name,tweet\n"
    "5,5,1557861000000,2019-05-14,21:10:00,CEST,42,ann,Ann,hello\n",
    "snscrape": json.dumps(SNSCRAPE) + "\n",
    "538": "created_at,text,url,replies,retweets,favorites,user\n"
    "10/16/17 22:59,hello,https://twitter.com/ann/status/92006,1,2,3,ann\n",
    "rtweet": "id,created_at,source,retweets,favorites,text\n5,2016-12-01 19:15:22,web,0,1,hello\n",
    "kaggle": "Datetime,Tweet Id,Text,Username\n2021-01-01 10:00:00+00:00,5,hello,ann\n",
    "plain": "tweet_id;date;content;username\n5;2016-12-01;hello;ann\n",
}


@pytest.mark.parametrize(("name", "data"), DUMPS.items())
def test_each_dump_is_known_by_its_columns(tmp_path: Path, name: str, data: str) -> None:
    author = "ann" if name in ("x-csv", "trump-archive", "rtweet") else None
    collected = collect(tmp_path, data, author=author)
    (post,) = collected.posts
    assert collected.notes["format"] == name
    assert post.id.isdigit()
    assert post.author == "ann"
    assert post.text in ("hello", "Republicans")
    assert post.created_at.year in range(2011, 2023)
    assert post.kind == ("quote" if name == "snscrape" else "original")
    assert collect(tmp_path, data, author=author, format=name).posts == collected.posts


KAGGLE = (
    "id,link,content,date,retweets,favorites,mentions,hashtags,geo\n"
    "5,https://twitter.com/ann/status/5,hello,2009-05-04 13:54:25,1,2,,,\n",
    "author,content,country,date_time,id,language,latitude,longitude,number_of_likes\n"
    "ann,hello,,12/21/2017 19:52,8.19633E+17,en,,,7900\n",
    "Tweets,Retweets,Likes,Date\nhello,1,2,2022-10-27 16:16:39\n",
    "target,ids,date,flag,user,text\n0,5,Mon Apr 06 22:19:45 PDT 2009,NO_QUERY,ann,hello\n",
)


@pytest.mark.parametrize("data", KAGGLE)
def test_the_ways_of_kaggle_are_known(tmp_path: Path, data: str) -> None:
    collected = collect(tmp_path, data, author="ann")
    assert collected.notes["format"] == "kaggle"
    assert [post.text for post in collected.posts] == ["hello"]
    assert {"text", "created_at"} <= set(collected.columns)


def test_the_columns_that_were_read_are_told(tmp_path: Path) -> None:
    collected = collect(tmp_path, DUMPS["twint"])
    assert collected.columns["text"] == "tweet"
    assert collected.columns["created_at"] == "created_at, date+time+timezone, date+time, date"
    override = collect(tmp_path, DUMPS["twint"], columns=("text=name",))
    assert override.columns["text"] == "name"


ROWS = {"id": [5, 6], "date": ["2016-01-01", "2016-01-02"], "text": ["Grüße", "b 😀"]}


def parquet(columns: dict[str, Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("shape", ["CSV", "JSON lines", "JSON array", "Parquet"])
def test_every_shape_is_read_packed_or_not(tmp_path: Path, shape: str, pack: Any) -> None:
    rows = [dict(zip(ROWS, values, strict=True)) for values in zip(*ROWS.values(), strict=True)]
    texts = {
        "CSV": "\n".join([",".join(ROWS), *(",".join(map(str, row.values())) for row in rows)]),
        "JSON lines": "\n".join(map(json.dumps, rows)),
        "JSON array": json.dumps(rows),
    }
    data = texts[shape].encode() if shape in texts else parquet(ROWS)
    collected = collect(tmp_path, pack(data), author="ann")
    assert [(post.id, post.text) for post in collected.posts] == [("5", "Grüße"), ("6", "b 😀")]
    assert (collected.notes["shape"], collected.encoding) == (shape, "utf-8")


def test_parquet_may_hold_times_and_objects(tmp_path: Path) -> None:
    columns = {
        "id": [5],
        "date": [datetime(2016, 1, 1, 12, tzinfo=UTC)],
        "rawContent": ["hello"],
        "user": [{"username": "ann", "id": 42}],
    }
    collected = collect(tmp_path, parquet(columns))
    (post,) = collected.posts
    assert (post.author, post.created_at.hour, post.text) == ("ann", 12, "hello")
    assert (collected.notes["format"], collected.account_id) == ("snscrape", "42")


def test_names_in_messages_are_printable(tmp_path: Path) -> None:
    rows = 'id,date,text,user\n1,2016-01-01,x,"bo\x1b[2J\u2028"\n'
    refuse(tmp_path, rows, r"it holds posts of bo\?\[2J", author="ann")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = zstd(b"id,date,text\n" + b"a" * (1 << 24))
    refuse(tmp_path, bomb, "unpacks to more than", author="ann")


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, b'{"a": "' + b"a" * (5 << 20), "a JSON object, is cut off", author="ann")
    refuse(tmp_path, "," * 5000, "first line is not a line of column names", author="ann")


def test_what_the_dumps_say_of_a_post_is_kept(tmp_path: Path) -> None:
    rows = [SNSCRAPE | {"inReplyToUser": {"username": "bo"}}, SNSCRAPE | {"id": 9}]
    second, first = collect(tmp_path, "\n".join(map(json.dumps, rows))).posts
    assert (first.kind, first.reply_to, first.source, first.lang) == ("reply", "bo", "Web", "en")
    assert second.kind == "quote"


@pytest.mark.parametrize("hidden", ["direct", "private", "unlisted", "specified", "Followers"])
def test_what_is_not_for_everybody_is_left_out(tmp_path: Path, hidden: str) -> None:
    rows = [
        {"id": n, "createdAt": "2024-01-01T00:00:00Z", "text": f"note {n}", "visibility": shown}
        for n, shown in enumerate(["public", hidden, "public"])
    ]
    collected = collect(tmp_path, json.dumps(rows), author="ann")
    assert [post.text for post in collected.posts] == ["note 0", "note 2"]
    assert collected.notes["not_public"] == 1


def test_what_the_author_deleted_is_left_out(tmp_path: Path) -> None:
    rows = [TRUMP, TRUMP | {"id": 2, "isDeleted": "t"}, TRUMP | {"id": 3, "isRetweet": True}]
    collected = collect(tmp_path, json.dumps(rows), author="ann")
    assert [post.kind for post in collected.posts] == ["repost", "original"]
    assert collected.notes["deleted"] == 1


def test_a_leading_mention_is_a_reply_where_the_table_has_no_word_for_it(tmp_path: Path) -> None:
    (post,) = collect(tmp_path, "id,date,text,user\n1,2016-01-01,@bo yes,ann\n").posts
    assert (post.kind, post.reply_to) == ("reply", "bo")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiters_and_encodings_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "id,date,text,user\r\n1,2016-01-01,Grüße “from” 😀,ann\r\n".replace(",", delimiter)
    (post,) = collect(tmp_path, text.encode(encoding)).posts
    assert post.text == "Grüße “from” 😀"


def test_utf_16_from_a_spreadsheet_has_a_mark(tmp_path: Path) -> None:
    text = "id\tdate\ttext\tuser\r\n1\t2016-01-01\tGrüße\tann\r\n"
    data = codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    assert collect(tmp_path, data).posts[0].text == "Grüße"


@pytest.mark.parametrize(("encoding", "found"), [("cp1252", "cp1252"), ("mac_roman", "mac_roman")])
def test_single_byte_encodings_are_guessed(tmp_path: Path, encoding: str, found: str) -> None:
    text = "id,date,text,user\n1,2016-01-01,“Voilà” ça où,ann\n"
    collected = collect(tmp_path, text.encode(encoding))
    assert collected.posts[0].text == "“Voilà” ça où"
    assert collected.encoding == found
    assert not collected.damaged


@pytest.mark.parametrize(
    ("encodings", "text"),
    [
        (("cp932", "euc_jp"), "今日はとても良い天気ですね。公園で猫を見ました。"),
        (("gb18030",), "今天天气很好，我在公园里看到一只猫，觉得很快乐。"),
        (("big5",), "今天天氣很好，我在公園裡看到一隻貓，覺得很快樂。"),
        (("cp949",), "오늘은 날씨가 정말 좋아요. 공원에서 고양이를 봤어요."),
        (("cp1251", "koi8_r"), "Сегодня в саду распустились розы, а кот опять спит."),
        (("cp1253",), "Σήμερα ο καιρός είναι πολύ καλός και η γάτα κοιμάται."),
        (("cp1256",), "اليوم الطقس جميل جدا والقطة تنام على النافذة"),
        (("utf-32", "utf-16"), "Grüße aus dem Garten, 今日は雨です。"),
    ],
)
def test_other_scripts_are_read_in_their_encodings(
    tmp_path: Path, encodings: tuple[str, ...], text: str
) -> None:
    rows = "".join(f'{number},2016-01-01,"{text} {number}",ann\n' for number in range(20))
    for encoding in encodings:
        collected = collect(tmp_path, ("id,date,text,user\n" + rows).encode(encoding))
        assert [post.text for post in collected.posts] == [f"{text} {n}" for n in range(20)]
        assert collected.damaged == 0


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "café “quoted” n°1 – naïve",
            "it’s",
            "‘so’ …",
            "Grüße aus Köln",
            "¿Qué pasó señor?",
            "smörgås",
        ),
        *("ÉTÉ à la mer", "don’t — ever", "5 € pour l’été"),
    ],
)
def test_single_byte_encodings_that_both_fit_are_told_apart(
    tmp_path: Path, encoding: str, text: str
) -> None:
    data = f"id,date,text,user\n1,2016-01-01,{text},ann\n".encode(encoding)
    assert collect(tmp_path, data).posts[0].text == text


def test_a_file_that_is_nearly_all_utf_8_stays_so(tmp_path: Path) -> None:
    rows = "".join(f"{n},2016-01-01,Grüße,ann\n" for n in range(1, 30)).encode()
    collected = collect(tmp_path, b"id,date,text,user\n" + rows + b"99,2016-01-01,bad \xff,ann\n")
    assert collected.posts[0].text == "Grüße"
    assert collected.damaged == 1


def test_a_file_that_lost_its_characters_before_is_still_utf_8(tmp_path: Path) -> None:
    collected = collect(tmp_path, "id,date,text,user\n1,2016-01-01,a\ufffd\ufffd_,ann\n")
    assert collected.posts[0].text == "a\ufffd\ufffd_"
    assert collected.encoding == "utf-8"
    assert collected.damaged == 1


def test_mojibake_is_counted(tmp_path: Path) -> None:
    rows = ["donâ€™t", "cafÃ©", "lost \ufffd", "FPÖ“ fine", "NÃO", "ça où é…"]
    table = "id,date,text,user\n" + "".join(
        f"{number},2016-01-01,{text},ann\n" for number, text in enumerate(rows)
    )
    assert collect(tmp_path, table).damaged == 3


def test_fields_may_hold_anything(tmp_path: Path) -> None:
    text = 'a "quote", a comma\r\n\rlines;\ttabs \0 and \u2028 \x0b \x85 ends'
    quoted = text.replace('"', '""')
    table = f'id,date,text,user\n1,2016-01-01,"{quoted}",ann\n2,2016-01-01,"{"x" * 300_000}",ann\n'
    first, second = collect(tmp_path, table).posts
    assert first.text == text
    assert len(second.text) == 300_000


def test_a_quote_that_never_closes_is_refused(tmp_path: Path) -> None:
    table = 'id,date,text,user\n1,2016-01-01,"open,ann\n' + "x" * (2 << 20)
    refuse(tmp_path, table, "quote may not be closed")


def test_several_authors_are_named(tmp_path: Path) -> None:
    table = "id,date,text,user\n" + "".join(f"{n},2016-01-01,x,name{n}\n" for n in range(7))
    refuse(tmp_path, table, r"7 authors \(name0, name1, name2, name3, name4, …\); .*--author")
    collected = collect(tmp_path, table, author="@NAME3")
    assert [post.id for post in collected.posts] == ["3"]
    assert collected.author == "name3"
    assert collected.notes["other_authors"] == 6
    refuse(tmp_path, table, "no posts of 'zoe'", author="zoe")


def test_a_table_without_authors_needs_the_name(tmp_path: Path) -> None:
    refuse(tmp_path, DUMPS["rtweet"], "--author NAME")


def test_an_author_with_blanks_becomes_a_handle(tmp_path: Path) -> None:
    assert collect(tmp_path, "date,text,author\n2016-01-01,x, Ann  Lee \n").author == "Ann_Lee"


def test_columns_can_be_named(tmp_path: Path) -> None:
    table = "key,when,words\n5,2016-01-01,hello\n"
    columns = ("text=words,created_at=When", "id=key")
    (post,) = collect(tmp_path, table, columns=columns, author="ann").posts
    assert (post.id, post.text) == ("5", "hello")
    joined = collect(
        tmp_path, "a,b,c\n2016-01-02,10:11,x\n", author="ann", columns=("created_at=a+b,text=c",)
    )
    assert joined.posts[0].created_at.isoformat() == "2016-01-02T10:11:00+00:00"
    refuse(tmp_path, table, "no column 'nothing'", columns=("text=nothing",), author="ann")
    refuse(tmp_path, table, "--columns text=COLUMN", author="ann")
    refuse(tmp_path, table, "no column 'id'", format="twint", author="ann")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("id,date,text,user\n", "holds no posts"),
        ("[]", "one JSON object"),
        ("[1, 2", "JSON array, is cut off or damaged"),
        ("[" * 100_000, "JSON array, is cut off or damaged"),
        ("{}\n", "one JSON object"),
        ('{"data": [\n{"id": 1}\n]}', "no column for the text"),
        ("just some words\nand more", "no column for the text"),
        (bytes(range(256)) * 40, "t.csv"),
        (b"\x00" * 5000, "not a table"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 99, "is a picture"),
        (b"PK\x03\x04rest", "a zip that is cut off or damaged"),
        (b"PAR1rest", "not a whole Parquet file"),
        (gzip.compress(b"id,date,text,user\n")[:-9], "packed with .*, and cut off"),
        (b"\x1f\x8brest", "packed with .*, and cut off or damaged"),
        (zstd(b"id,date,text,user\n" * 99)[:-9], "cut off"),
        (b"\x28\xb5\x2f\xfdrest", "packed with .*, and cut off or damaged"),
        (gzip.compress(gzip.compress(b"id,date")), "packed twice"),
        ("id,text,text,date\n1,a,b,2016-01-01", "two columns named 'text'"),
        (
            "id,date,text,user\n1,never,x,ann\n2,never,x,ann\n3,2016-01-01,x,ann\n",
            "unreadable time",
        ),
        ("id,date,text,user\n1,2016-01-01,,ann\n", "no text"),
        ("id,date,text,user\n1,2016-01-01,a, comma,ann\n", "does not fit the header"),
    ],
    ids=range(23),
)
def test_what_is_no_table_of_posts_is_one_sentence(
    tmp_path: Path, data: str | bytes, sentence: str
) -> None:
    refuse(tmp_path, data, sentence, author="ann")


def test_a_few_bad_rows_are_counted(tmp_path: Path) -> None:
    good = "".join(f"{n},2016-01-01,x{n},ann\n" for n in range(5))
    bad = "6,never,x,ann\n7,2016-01-01, ,ann\n8,2016-01-01\n\n"
    collected = collect(tmp_path, "id,date,text,user\n" + good + bad)
    assert len(collected.posts) == 5
    assert collected.notes["skipped"] == 3
    assert "(first: line 7: 'never'; a form that is read is 2019-03-01" in collected.warnings[0]


def test_bad_lines_of_json_are_counted(tmp_path: Path) -> None:
    lines = [json.dumps(SNSCRAPE | {"id": n}) for n in range(3)] + [
        "{",
        '{"id": ' + "9" * 5000 + "}",
    ]
    collected = collect(tmp_path, "\n".join(lines))
    assert len(collected.posts) == 3
    assert collected.notes["skipped"] == 2
