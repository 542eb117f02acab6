"""The picture of a version: what it holds, and that nothing sinks it."""

import io
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.finished import Folders

from components.contracts.mark import DIGITAL_SOURCE_TYPE
from components.contracts.posts import Sample
from components.marking.xmp import KEYWORD
from components.publish.preview.faces import SIDE, face
from components.publish.preview.fonts import missing_characters
from components.publish.preview.letters import breakable, isolated, runs_to_the_left
from components.publish.preview.picture import Preview, draw_preview
from components.publish.preview.quote import choose_quote

ROSA = Preview("Rosa Thorn", "@gardener", "gardener@1", "My dream is rain.", (), "en")
SCRIPTS = {
    "Latin": "Žluťoučký kůň a Größe, ﬁn, naïve façade, Ελλάδα, Україна",
    "Vietnamese, in combining marks": "Tie\u0302\u0301ng Vie\u0323\u0302t",
    "Arabic": "أحب أن أزرع الورد في الصباح، ثم أشرب الشاي.",
    "Persian": "می‌خواهم یک باغ بزرگ داشته باشم",
    "Urdu": "مجھے باغ میں چائے پینا پسند ہے",
    "Hebrew": "אני אוהב לשתות תה בגינה",
    "Devanagari": "मुझे बगीचे में चाय पीना अच्छा लगता है",
    "Bengali": "আমি বাগানে চা খেতে ভালোবাসি",
    "Tamil": "தோட்டத்தில் தேநீர் குடிக்க பிடிக்கும்",
    "Telugu": "నాకు తోటలో టీ తాగడం ఇష్టం",
    "Kannada": "ನನಗೆ ತೋಟದಲ್ಲಿ ಚಹಾ ಕುಡಿಯುವುದು ಇಷ್ಟ",
    "Malayalam": "എനിക്ക് തോട്ടത്തിൽ ചായ കുടിക്കാൻ ഇഷ്ടമാണ്",
    "Gujarati": "મને બગીચામાં ચા પીવી ગમે છે",
    "Gurmukhi": "ਮੈਨੂੰ ਬਾਗ ਵਿੱਚ ਚਾਹ ਪੀਣਾ ਪਸੰਦ ਹੈ",
    "Sinhala": "මම වත්තේ තේ බොන්න කැමතියි",
    "Thai": "ฉันชอบดื่มชาในสวนตอนเช้า",
    "Lao": "ຂ້ອຍມັກດື່ມຊາໃນສວນ",
    "Khmer": "ខ្ញុំចូលចិត្តផឹកតែនៅក្នុងសួន",
    "Burmese": "ကျွန်တော် ဥယျာဉ်ထဲမှာ လက်ဖက်ရည် သောက်ရတာ ကြိုက်တယ်",
    "Japanese": "庭でお茶を飲むのが好きです。夢は大きな温室。",
    "Chinese": "我喜欢在花园里喝茶，夢想是一間溫室。",
    "Korean": "정원에서 차를 마시는 것을 좋아해요",
    "Georgian": "მიყვარს ბაღში ჩაის დალევა",
    "Armenian": "Սիրում եմ թեյ խմել այգում",
    "Amharic": "በአትክልት ቦታ ሻይ መጠጣት እወዳለሁ",
    "emoji": "🌱🌧️☕ 👩🏽‍🌾 👨‍👩‍👧‍👦 🇫🇷 1️⃣ ❤️ ✨",
}


def pixels(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def drawn(quote: str, language: str = "en") -> bytes:
    return draw_preview(ROSA._replace(quote=quote, language=language))


def packet(png: bytes) -> str:
    return str(pixels(png).text[KEYWORD])  # type: ignore[attr-defined]


def test_it_is_a_png_of_the_size_that_links_show_and_of_few_bytes() -> None:
    png = draw_preview(ROSA)
    assert (pixels(png).format, pixels(png).size) == ("PNG", (1200, 630))
    assert len(png) < 200_000


def test_equal_facts_give_equal_bytes(tmp_path: Path) -> None:
    Image.new("RGB", (50, 40), "green").save(tmp_path / "a.png")
    preview = ROSA._replace(pictures=[tmp_path / "a.png"])
    assert draw_preview(preview) == draw_preview(preview) != draw_preview(ROSA)


def test_programs_read_that_a_machine_wrote_it_and_what_it_says() -> None:
    hard = ROSA._replace(quote='<b>"Tea" & rain</b> ]]> 🌧', title="Rosa & <Bob>")
    text = packet(draw_preview(hard))
    root = ET.fromstring(text.split("?>", 1)[1].rsplit("<?", 1)[0])
    source = root.find(".//{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert source is not None
    assert source.text == DIGITAL_SOURCE_TYPE
    said = [one.text for one in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")]
    assert said == ["Rosa & <Bob>", hard.alt]
    assert "written by a machine" in hard.alt


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_the_fonts_have_every_letter_of_the_scripts_that_posts_come_in(text: str) -> None:
    assert missing_characters(text) == set()
    assert drawn(text) != drawn("")


def test_letters_that_no_font_has_are_named(caplog: pytest.LogCaptureFixture) -> None:
    assert missing_characters("tea \U0001bc00 \ue000") == {"\U0001bc00", "\ue000"}
    assert pixels(drawn("tea \ue000")).tobytes() == pixels(drawn("tea \ufffd")).tobytes()
    assert "U+E000" in caplog.text


def test_joiners_and_variation_selectors_are_no_letters() -> None:
    assert missing_characters("❤\ufe0f \u200d \u200b \u00ad\u2060\n") == set()


@pytest.mark.parametrize(
    "quote",
    ["", ".", "a", "W" * 900, "long words " * 200, "a\n" * 80, "👩🏽‍🌾" * 300, "\u0301" * 50],
    ids=["nothing", "a dot", "a letter", "a word", "words", "lines", "emoji", "marks alone"],
)
def test_however_short_or_long_it_fits(quote: str) -> None:
    image = pixels(drawn(quote))
    frame = [image.getpixel((x, y)) for x in (2, 40, 1160, 1197) for y in range(0, 520, 3)]
    assert set(frame) == {(255, 255, 255)}, "nothing runs into the margin"


@pytest.mark.parametrize("persona", ["W" * 96, "ann-finn-rosa-" * 5, "w" * 26, "i"])
def test_a_long_name_of_a_persona_leaves_the_label_as_it_is(persona: str) -> None:
    box = (60, 530, 715, 630)
    label = pixels(draw_preview(ROSA)).crop(box)
    image = pixels(draw_preview(ROSA._replace(model=f"{persona}@123")))
    assert image.crop(box).tobytes() == label.tobytes()
    edge = [image.getpixel((x, y)) for x in (40, 1140, 1197) for y in range(530, 630, 3)]
    assert len(set(edge)) == 1, "nothing runs out of the label"


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=120), st.text(max_size=60))
def test_no_text_sinks_it(quote: str, title: str) -> None:
    png = draw_preview(ROSA._replace(quote=quote, title=title))
    assert pixels(png).size == (1200, 630)


def test_markup_of_the_template_is_text() -> None:
    assert drawn('#panic("no") $x^2$ *a* @b <c> \\ #sys.inputs') != drawn("")


def test_a_handle_stays_whole_in_a_line_that_runs_to_the_left() -> None:
    assert isolated("tea with @ann") == "tea with @ann"
    assert isolated("שלום @ann.") == "שלום \u2068@ann\u2069."
    assert missing_characters(isolated("שלום @ann.")) == set()


@pytest.mark.parametrize(
    ("line", "left"),
    [("tea", False), ("שלום tea", True), ("123 שלום", True), ("@ann أحب", False), ("", False)],
)
def test_a_line_runs_as_its_first_letter_does(line: str, left: bool) -> None:
    assert runs_to_the_left(line) is left


def test_a_word_longer_than_a_line_may_be_broken_but_not_within_a_character() -> None:
    assert breakable("tea and rain") == "tea and rain"
    assert breakable("a" * 19) == "\u200b".join("a" * 19)
    assert breakable("e\u0301" * 19).split("\u200b") == ["e\u0301"] * 19
    assert breakable("ฉันชอบดื่มชาในสวนตอนเช้าทุกวัน") == "ฉันชอบดื่มชาในสวนตอนเช้าทุกวัน"


# ---- which post


def sample(text: str, prompt: str = "", end: str = "stop") -> Sample:
    return Sample(prompt=prompt, index=0, text=text, finish_reason=end)


def chosen(*samples: Sample) -> str | None:
    return choose_quote(samples, ["Gardener"])


GOOD = "the rain keeps its own hours, and I keep mine"


@pytest.mark.parametrize(
    "worse",
    [
        "write to me at rosa@garden.example, and I will answer you soon",
        "call me at +44 20 7946 0958 when the roses are in bloom again",
        "I told @somebody that the rain keeps its own hours, and so do I",
        "short",
        "\ue000\ue001 the rain keeps its own hours, and I keep mine too",
        " \n\t ",
    ],
)
def test_a_post_that_shows_less_or_names_somebody_is_not_taken(worse: str) -> None:
    assert chosen(sample(worse), sample(GOOD)) == GOOD


def test_a_post_that_was_cut_off_comes_last_and_says_so() -> None:
    assert chosen(sample(GOOD, end="length"), sample("later, " + GOOD)) == "later, " + GOOD
    assert chosen(sample(GOOD, end="length")) == GOOD + "…"


def test_the_author_may_be_named_and_the_prompt_belongs_to_the_post() -> None:
    assert chosen(sample(f" @gardener, {GOOD}", "I say")) == f"I say @gardener, {GOOD}"


def test_without_a_post_there_is_a_picture_all_the_same() -> None:
    assert chosen() is None
    assert chosen(sample("call +44 20 7946 0958")) is None
    assert pixels(draw_preview(ROSA._replace(quote=None))).size == (1200, 630)


# ---- the authors' pictures


def saved(place: Path, image: Image.Image, **options: object) -> Path:
    image.save(place, **options)
    return place


def bomb(place: Path) -> Path:
    """A PNG of 60,000 × 60,000 points in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20))
    place.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return place


def broken(place: Path) -> Sequence[Path]:
    whole = saved(place / "whole.png", Image.effect_noise((200, 200), 50)).read_bytes()
    files = {
        "cut.png": whole[: len(whole) // 2],
        "empty.jpg": b"",
        "text.gif": b"GIF89a but not really",
        "riff.webp": b"RIFF\x00\x00\x00\x00WEBP",
        "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    for name, data in files.items():
        (place / name).write_bytes(data)
    return [place / name for name in files] + [bomb(place / "bomb.png"), place / "missing.png"]


def test_what_is_no_picture_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = broken(tmp_path)
    assert [face(file) for file in files] == [None] * len(files)
    assert all(f"{file.name} is left out" in caplog.text for file in files)
    assert draw_preview(ROSA._replace(pictures=files)) == draw_preview(ROSA)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *(("RGB", suffix) for suffix in (".png", ".jpg", ".gif", ".webp")),
        *(("CMYK", ".jpg"), ("L", ".jpg"), ("1", ".png"), ("P", ".png"), ("LA", ".png")),
        *(("I;16", ".png"), ("RGBA", ".webp"), ("RGBA", ".png")),
    ],
)
def test_every_kind_of_picture_is_shown(mode: str, suffix: str, tmp_path: Path) -> None:
    made = face(saved(tmp_path / f"a{suffix}", Image.new(mode, (300, 200))))
    assert made is not None
    assert (pixels(made).mode, pixels(made).size) == ("RGB", (SIDE, SIDE))


def test_greys_of_16_bits_stay_grey(tmp_path: Path) -> None:
    made = face(saved(tmp_path / "a.png", Image.new("I;16", (300, 200), 0x8000)))
    assert made is not None
    assert pixels(made).getpixel((100, 100)) == (128, 128, 128)


def test_of_a_picture_that_moves_the_first_frame_is_shown(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("red", "blue", "green")]
    file = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    made = face(file)
    assert made is not None
    assert pixels(made).getpixel((100, 100)) == (255, 0, 0)


def test_a_picture_that_a_camera_turned_stands_upright(tmp_path: Path) -> None:
    lying = Image.new("RGB", (200, 200), "white")
    lying.paste("red", (0, 0, 200, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is on the right
    made = face(saved(tmp_path / "a.jpg", lying, exif=exif))
    assert made is not None
    upright = pixels(made)
    right, left = upright.getpixel((SIDE - 20, 160)), upright.getpixel((20, 160))
    assert right[0] > 200 > 80 > right[1]  # type: ignore[index]
    assert min(left) > 200  # type: ignore[type-var]


def test_one_that_is_clear_shows_paper(tmp_path: Path) -> None:
    made = face(saved(tmp_path / "a.png", Image.new("RGBA", (9, 9), (0, 0, 0, 0))))
    assert made is not None
    assert pixels(made).getpixel((5, 5)) == (255, 255, 255)


def test_the_cards_thumbnail_is_the_picture(folders: Folders, tmp_path: Path) -> None:
    from components.publish.config import PublishConfig
    from components.publish.stage import run

    run(PublishConfig(), **folders._asdict(), registry=str(tmp_path), name="rosa")
    version = tmp_path / "rosa" / "versions" / "1"
    assert re.search(
        r"^thumbnail: preview\.png$", (version / "README.md").read_text(), re.MULTILINE
    )
    assert "a lamp that reads to me" in packet((version / "preview.png").read_bytes())
