"""The letters of a mail: charsets that are called otherwise or are narrower than what is sent, and broken bytes."""

import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.mail.message import Letter, decoded, read_letter, without_attachments
from overheard.text import clean
from tests.collectors.letters import mail, parts


def letter(kind: str, body: bytes) -> Letter:
    head = f"From: asha@customer.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n"
    return read_letter(head.encode() + body)


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("gb2312", "gbk", "喆先生，您好"),
        ("GBK", "gb18030", "喆先生㐀"),
        ("x-gbk", "gbk", "您好，打印机坏了"),
        ("Shift_JIS", "cp932", "①プリンタ"),
        ("x-sjis", "cp932", "②プリンタ"),
        ("windows-31j", "cp932", "㈱紙折"),
        ("euc-jp", "euc_jis_2004", "①紙"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("euc-kr", "cp949", "펲시"),
        ("windows-949", "cp949", "안녕하세요"),
        ("big5", "cp950", "碁盤"),
        ("big5", "big5hkscs", "啲紙"),
        ("iso-8859-8-i", "iso-8859-8", "שלום"),
        ("windows-874", "cp874", "สวัสดี…"),
        ("tis-620", "cp874", "สวัสดี“ครับ”"),
        ("iso-8859-9", "cp1254", "Yazıcı “bozuk”"),
        ("iso-8859-1", "cp1252", "“Gerät” – 3 €"),
        ("x-mac-roman", "mac_roman", "Gerät für Größe"),
        ("x-mac-cyrillic", "mac_cyrillic", "Привет"),
        ("x-cp1251", "cp1251", "Привет"),
        ("koi8", "koi8-r", "Привет"),
        ("utf8mb4", "utf-8", "Größe 😀"),
        ("unicode-1-1-utf-8", "utf-8", "Größe"),
        ("iso-2022-jp", "iso2022_jp_ext", "ﾌﾟﾘﾝﾀ"),
    ],
)
def test_a_charset_is_read_as_what_is_sent_under_its_name(charset: str, codec: str, text: str) -> None:
    body = text.encode(codec)
    assert decoded(body, charset) == text
    assert letter(f"text/plain; charset={charset}", body).bodies == ((text, ""),)


@pytest.mark.parametrize("charset", ["unicode_escape", "raw-unicode-escape", "rot13", "hex", "no such", "", "\udcff"])
def test_what_is_no_charset_of_a_mail_is_none(charset: str) -> None:
    assert decoded(rb"C:\nul \u0041 1+1".strip(), charset) == r"C:\nul \u0041 1+1"


@pytest.mark.parametrize("charset", ["utf-8", "", "us-ascii", "iso-8859-15x"])
def test_utf_8_with_one_bad_byte_or_cut_within_a_letter_is_utf_8(charset: str) -> None:
    text = "Das Gerät für größere Blätter über A4"
    bad = text.encode().replace(b"A4", b"A\xff4")
    assert decoded(bad, charset) == text.replace("A4", "A\ufffd4")
    assert decoded("Das Gerät ä".encode()[:-1], charset) == "Das Gerät \ufffd"
    assert decoded("Das Gerät kostet 3 €".encode()[:-1], charset) == "Das Gerät kostet 3 \ufffd"


@pytest.mark.parametrize("text", ["Gerät", "größer, für Blätter über A4", "voilà", "à", "“x”", "3 €", "Â£ ä ö ü ß é"])
def test_windows_1252_without_a_charset_is_windows_1252(text: str) -> None:
    assert decoded(text.encode("cp1252"), "") == decoded(text.encode("cp1252"), "utf-8") == text


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb18030", "您好，打印机坏了，请帮忙"),
        ("cp932", "プリンタが動きません"),
        ("cp949", "안녕하세요 반갑습니다"),
        ("cp950", "您好，印表機壞了"),
        ("iso2022_jp", "プリンタが動きません"),
        ("cp1251", "Принтер сломался"),
    ],
)
def test_one_bad_byte_costs_no_more_than_its_letter(codec: str, text: str) -> None:
    bad = b"\x98 " if codec == "cp1251" else b"\x87 "
    assert decoded(bad + text.encode(codec), codec) == "\ufffd " + text
    if codec not in ("iso2022_jp", "cp1251"):
        assert decoded(text.encode(codec)[:-1], codec) == text[:-1] + "\ufffd"


def in_jis(text: str) -> bytes:
    """Return Japanese letters as Windows sends them in ISO-2022-JP: the rows of Shift_JIS, in seven bits."""
    pairs = text.encode("cp932").replace(b"\xfb\xfc", b"\xee\xe0").replace(b"\xfa\xb1", b"\xed\x95")  # NEC's own
    made = bytearray()
    for lead, trail in zip(pairs[::2], pairs[1::2], strict=True):
        row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2
        cell = trail - (0x40 if trail < 0x7F else 0x41)
        made += bytes((0x21 + row + cell // 94, 0x21 + cell % 94))
    return b"\x1b$B" + bytes(made) + b"\x1b(B"


@pytest.mark.parametrize("text", ["①②⑳", "㈱紙折", "髙橋", "山﨑様", "№１", "㎡", "Ⅲ型", "こんにちは"])
@pytest.mark.parametrize("charset", ["iso-2022-jp", "ISO-2022-JP", "csISO2022JP", "cp50220", "iso-2022-jp-ms"])
def test_letters_of_nec_and_ibm_in_iso_2022_are_read(text: str, charset: str) -> None:
    body = b"Re: " + in_jis(text) + b" abc\r\n" + in_jis("です")
    assert decoded(body, charset) == f"Re: {text} abc\nです"
    assert letter(f"text/plain; charset={charset}", body).bodies == ((f"Re: {text} abc\nです", ""),)


def test_a_subject_with_letters_of_nec_is_read() -> None:
    word = f"=?ISO-2022-JP?B?{b64encode(in_jis('㈱紙折①')).decode()}?="
    raw = f"From: a@customer.example\r\nSubject: {word}\r\n\r\nx".encode()
    assert read_letter(raw).subject == "㈱紙折①"


def test_katakana_of_half_width_beside_letters_of_nec_are_read() -> None:
    body = in_jis("①") + b"\x1b(I\x4c\x5f\x1b(J\\100\x1b(B"
    assert decoded(body, "iso-2022-jp") == "①ﾌﾟ\\100"


def test_a_line_of_japanese_that_is_not_closed_goes_on() -> None:
    body = in_jis("①").removesuffix(b"\x1b(B") + b"\n" + in_jis("紙").removeprefix(b"\x1b$B")
    assert decoded(body, "iso-2022-jp") == "①\n紙"


def test_a_letter_that_iso_2022_has_not_costs_itself_only() -> None:
    assert decoded(b"\x1b$B$3$s$3$s)!$K$A$O\x1b(B abc", "iso-2022-jp") == "こんこん\ufffdにちは abc"
    assert decoded(b"\x1b$B$3$s-!$3$s)!$K$A$O\x1b(B abc", "iso-2022-jp") == "こん①こん\ufffdにちは abc"


def test_utf_8_under_the_name_of_iso_2022_is_utf_8() -> None:
    assert decoded("プリンタが動きません①".encode(), "iso-2022-jp") == "プリンタが動きません①"


def test_escapes_made_to_be_slow_are_read_in_time() -> None:
    began = time.process_time()
    for body in (b"\x1b$B" * 200_000, b"\x1b" * 500_000, b"\x1b$B" + b"-!" * 250_000, b"\x1b$B-!\x1b(B" * 60_000):
        decoded(body, "iso-2022-jp")
    assert time.process_time() - began < 2


def test_utf_8_under_another_name_is_utf_8() -> None:
    assert decoded("Größe".encode(), "us-ascii") == "Größe"
    assert decoded("您好，打印机坏了。".encode(), "euc-jp") == "您好，打印机坏了。"


@given(st.text(), st.sampled_from(["utf-8", "", "utf8mb4", "us-ascii", "unknown-8bit"]))
def test_whole_utf_8_is_itself(text: str, charset: str) -> None:
    data = clean(text).encode()
    assert decoded(data, charset) == data.decode()


@given(st.binary(), st.sampled_from(["utf-8", "gb2312", "big5", "iso-2022-jp", "hz", "utf-7", "utf-16", "hex"]))
def test_any_bytes_are_a_text(data: bytes, charset: str) -> None:
    decoded(data, charset).encode()


@pytest.mark.parametrize(
    "meta",
    [
        "<meta charset=windows-1251>",
        '<META Charset = "windows-1251" />',
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        "<meta content='text/html;charset=x-cp1251' http-equiv=content-type>",
    ],
)
def test_html_without_a_charset_in_its_header_says_it_in_its_head(meta: str) -> None:
    html = f"<html><head><title>x</title>{meta}</head><body>Привет</body></html>"
    assert "Привет" in letter("text/html", html.encode("cp1251")).html
    assert "Привет" in letter("text/html", html.encode()).html, "the head was left when the mail was made UTF-8"
    assert "Привет" in letter("text/html; charset=koi8-r", html.encode("koi8-r")).html
    assert "Привет" not in letter("text/plain", html.encode("cp1251")).text.text
    far = f"<html>{' ' * 3_000}{meta}Привет"
    assert "Привет" not in letter("text/html", far.encode("cp1251")).html


@pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE", "utf-32", "no-such-charset"])
def test_a_head_that_can_be_read_is_not_in_utf_16(charset: str) -> None:
    html = f"<html><meta charset={charset}><p>Größe</p> "
    for body in (html.encode("cp1252"), html.encode(), html.encode("cp1252") + b" "):
        assert "<p>Größe</p>" in letter("text/html", body).html
    assert "<p>ok" in letter("text/html", f"<meta charset={charset}><p>ok".encode()).html


def test_a_head_in_iso_2022_is_read_by_its_name() -> None:
    html = "<meta charset=iso-2022-jp><p>プリンタ</p>"
    assert letter("text/html", html.encode("iso2022_jp")).html == html


def test_a_head_made_to_be_slow_is_read_in_time() -> None:
    began = time.process_time()
    for body in (b"<meta " * 100_000, b"<meta charset" + b" " * 500_000, b"<meta " + b"charset " * 90_000):
        letter("text/html", body)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "parameter",
    ["charset*=us-ascii'en'iso-8859-1", "charset*=x'y'z", "charset*=a\x00b'en'x", "charset*0=u; charset*1=x"],
)
def test_a_charset_that_cannot_be_read_harms_its_own_part_at_most(parameter: str) -> None:
    raw = mail(
        parts(
            "Content-Type: text/plain\n\nHello",
            f"Content-Type: text/plain; {parameter}\nContent-Transfer-Encoding: 8bit\n\nGrXsse",
            "Content-Type: text/html\n\n<p>Bye</p>",
        ),
        kind="multipart/mixed; boundary=b1",
    ).replace(b"GrX", b"Gr\xfc")
    assert [plain or html for plain, html in read_letter(raw).bodies] == ["Hello", "Grüsse", "<p>Bye</p>"]
    inner = raw.replace(b"multipart/mixed", b"multipart/alternative")
    assert read_letter(inner).bodies == (("Hello", "<p>Bye</p>"),)


FORWARDED = """Content-Type: {kind}; name="x.eml"
Content-Disposition: attachment; filename="x.eml"

From: Cyd <cyd@customer.example>
Subject: Jam
{head}
"""


@pytest.mark.parametrize("kind", ["message/rfc822", "Message/RFC822", "message/global"])
def test_a_mail_forwarded_as_an_attachment_is_read_without_its_own_attachments(kind: str) -> None:
    inner = parts(
        "Content-Type: text/plain\n\nIt jams.",
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nSECRET",
        "Content-Type: application/pdf\n\nPDFPDF",
        boundary="b2",
    )
    forwarded = FORWARDED.format(kind=kind, head="Content-Type: multipart/mixed; boundary=b2\n\n") + inner
    raw = mail(parts("Content-Type: text/plain\n\nSee below", forwarded), kind="multipart/mixed; boundary=b1")
    bare = without_attachments(raw)
    assert b"SECRET" not in bare
    assert b"PDFPDF" not in bare
    for one in (raw, bare):
        found = read_letter(one)
        assert found.text.text == "See below"
        assert [(inside.header("subject"), inside.text.text) for inside in found.inner] == [("Jam", "It jams.")]


def test_a_forwarded_mail_that_is_an_attachment_itself_is_empty() -> None:
    forwarded = FORWARDED.format(kind="message/rfc822", head="Content-Type: application/pdf\n\nPDFPDF")
    raw = mail(parts("Content-Type: text/plain\n\nSee below", forwarded), kind="multipart/mixed; boundary=b1")
    assert b"PDFPDF" not in without_attachments(raw)
    assert b"Subject: Jam" in without_attachments(raw)


@pytest.mark.parametrize("kind", ["message/external-body", "message/rfc822-headers", "text/plain; x=message/rfc822"])
def test_other_attachments_are_dropped_whatever_they_are_called(kind: str) -> None:
    part = f"Content-Type: {kind}\nContent-Disposition: attachment\n\nA: b\n\nSECRET"
    raw = mail(parts("Content-Type: text/plain\n\nSee below", part), kind="multipart/mixed; boundary=b1")
    assert b"SECRET" not in without_attachments(raw)


def test_messages_in_messages_are_taken_apart_in_time() -> None:
    raw = mail("--b1\nContent-Type: message/rfc822\n\n" * 15_000, kind="multipart/mixed; boundary=b1")
    spaces = mail("--b1\nContent-Type:" + " \n" * 200_000, kind="multipart/mixed; boundary=b1")
    began = time.process_time()
    without_attachments(raw)
    without_attachments(spaces)
    assert time.process_time() - began < 1
