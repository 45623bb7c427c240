"""Exported chats: every way in which phones write dates, who wrote what, and ids that stay when a chat grows."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.base import Reading
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.errors import InputError
from overheard.records import Fetch

NAME = "WhatsApp Chat with Hetal.txt"


def read(body: str | bytes, name: str = NAME, **options: Any) -> Reading:
    source = WhatsApp(name="chats", me=("Paperfold Support", "+91 98220 00000"), **options)
    fetch = Fetch(
        id="fet_1",
        source="chats",
        url="file://localhost/laid",
        final_url=f"file://localhost/laid/{quote(name)}",
        status=200,
        headers={},
        body=body.encode() if isinstance(body, str) else body,
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return source.read(fetch)


def said(body: str | bytes, **options: Any) -> list[str]:
    return [one.content for one in read(body, **options).mentions]


@pytest.mark.parametrize(
    "head",
    [
        "12/31/25, 9:05 PM - ",
        "12/31/25, 9:05\u202fPM - ",
        "31/12/2025, 21:05 - ",
        "31/12/2025 21:05 - ",
        "31/12/25, 9:05 pm - ",
        "31.12.25, 21:05 - ",
        "31. 12. 2025 21:05 - ",
        "2025-12-31, 21:05 - ",
        "31-12-2025 21:05 - ",
        "31/12/25 9:05 p. m. - ",
        "31/12/2025, 9:05 μμ - ",
        "\u200f31/12/2025، 9:05 م - ",
        "\u0663\u0661/\u0661\u0662/\u0662\u0660\u0662\u0665, \u0662\u0661:\u0660\u0665 - ",
        "[31.12.25, 21:05:00] ",
        "[12/31/25, 9:05:00\u202fPM] ",
        "\u200e[31/12/2025, 21:05:00] ",
        "[2025/12/31 下午9:05:00] ",
        "[31/12/25, 9:05:00 अपराह्न] ",
        "31/12/2025 à 21:05 - ",
        "31.12.2025 klo 21.05 - ",
        "2025/12/31 晚上9:05 - ",
    ],
)
def test_a_date_is_read_as_phones_of_many_regions_write_it(head: str) -> None:
    (mention,) = read(f"{head}Hetal Vora: The folder jams\n").mentions
    assert mention.published == datetime(2025, 12, 31, 21, 5, tzinfo=UTC)
    assert mention.content == "The folder jams"
    assert mention.attributed_to is not None
    assert mention.attributed_to.name == "Hetal Vora"
    assert mention.channel == "chat"


def test_a_message_goes_on_over_lines_and_the_zone_is_the_phone_s() -> None:
    (mention,) = read("2025-12-31, 21:05 - Hetal: one\n\nthree: 12/31\n", time_zone="Asia/Kolkata").mentions
    assert mention.content == "one\nthree: 12/31"
    assert mention.published == datetime(2025, 12, 31, 15, 35, tzinfo=UTC)


def test_which_number_is_the_day_the_whole_chat_tells() -> None:
    by_number = read("03/04/26, 09:05 - H: a\n03/25/26, 09:05 - H: b\n")
    assert [one.published.month for one in by_number.mentions if one.published] == [3, 3]
    by_order = read("03/04/26, 09:05 - H: a\n04/01/26, 09:05 - H: b\n05/02/26, 09:05 - H: c\n")
    assert [one.published.month for one in by_order.mentions if one.published] == [3, 4, 5]
    assert not by_number.rejected
    assert not by_order.rejected


def test_where_nothing_tells_the_day_that_is_said_and_the_settings_decide() -> None:
    chat = "03/04/26, 09:05 - H: a\n"
    unsure = read(chat)
    assert [one.published and one.published.month for one in unsure.mentions] == [4]
    assert "expected dates that tell day from month" in unsure.rejected[0].message
    decided = read(chat, dates="mdy")
    assert [one.published and one.published.month for one in decided.mentions] == [3]
    assert not decided.rejected
    assert [one.id for one in decided.mentions] == [one.id for one in unsure.mentions]


def test_our_own_messages_and_the_program_s_are_no_activities() -> None:
    chat = (
        "31.12.25, 21:00 - Messages and calls are end-to-end encrypted.\n"
        "31.12.25, 21:01 - Paperfold Support: Which paper?\n"
        "31.12.25, 21:02 - +91 98220 00000: From the other phone\n"
        "31.12.25, 21:03 - Hetal: 90 g\n"
        "31.12.25, 21:04 - Hetal changed their phone number\n"
    )
    (mention,) = read(chat).mentions
    assert mention.content == "90 g"
    assert mention.in_reply_to.endswith("2025-12-31T21:02/1")
    assert mention.context


@pytest.mark.parametrize("mark", ["", "\u202a"])
def test_a_number_is_the_account_and_a_name_is_a_name(mark: str) -> None:
    end = "\u202c" if mark else ""
    chat = f"[31.12.25, 21:05:33] {mark}+91\u00a098220\u00a012345{end}: namaste\n"
    chat += "[31.12.25, 21:05:34] ~\u202fUlrike: Hallo\n"
    number, name = (one.attributed_to for one in read(chat).mentions)
    assert number is not None
    assert name is not None
    assert (number.native_id, number.phone, number.name) == ("+919822012345", "+919822012345", "")
    assert (name.native_id, name.phone, name.name) == ("", "", "Ulrike")


@pytest.mark.parametrize(
    "text",
    [
        "<Media omitted>", "<Medien ausgeschlossen>", "\u200eimage omitted", "\u200eBild weggelassen",
        "<Archivo omitido>", "\u200e<attached: 00000012-PHOTO.jpg>", "IMG-20251231.jpg (file attached)",
    ],
)  # fmt: skip
def test_what_was_left_out_is_nothing_but_what_stands_below_it_stays(text: str) -> None:
    assert said(f"31.12.25, 21:05 - H: {text}\n") == []
    if "." in text:
        assert said(f"31.12.25, 21:05 - H: {text}\nsee the edge\n") == ["see the edge"]


@pytest.mark.parametrize(
    "text",
    [
        "\u200eMessages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can.",
        "\u200eNachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Niemand außerhalb dieses Chats kann sie lesen.",
        "\u200eThis business uses a secure service from Meta to manage this chat. Tap to learn more.",
    ],
)
def test_what_the_program_says_in_the_name_of_another_is_nothing(text: str) -> None:
    assert said(f"[13/11/26, 9:05:33\u202fPM] Ann: {text}\n") == []
    assert said(f"[13/11/26, 9:05:33\u202fPM] Ann: {text}\nAnd my own words\n") != []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Look at this \u200eimage omitted", ["Look at this"]),
        ("Schau mal\nhier: \u200eBild weggelassen", ["Schau mal\nhier:"]),
        ("Mira \u200eimagen omitida", ["Mira"]),
        ("Bill.pdf • \u200e1 page \u200edocument omitted", []),
        ("Bill of March.pdf • \u200e12 pages \u200edocument omitted", []),
        ("Rechnung.pdf • \u200e2 Seiten \u200eDokument weggelassen", []),
        ("Bill.pdf \u200edocument omitted", []),
        ("As agreed:\nBill of March.pdf • \u200e1 page \u200edocument omitted", ["As agreed:"]),
        ("This is what I saw. \u200eimage omitted", ["This is what I saw."]),
        ("https://paper.example/a.html \u200eimage omitted", ["https://paper.example/a.html"]),
        ("paperfold.example \u200eimage omitted", ["paperfold.example"]),
        ("\u200eimage omitted\nthe edge", ["the edge"]),
        ("Seht \u200eपढ़ें", ["Seht पढ़ें"]),
        ("देखो \u200eचित्र छोड़ा गया", ["देखो"]),
        ("Call \u200e98220 12345, nothing omitted", ["Call 98220 12345, nothing omitted"]),
        ("Soon, \u200eI promise", ["Soon, I promise"]),
        ("You omitted the image", ["You omitted the image"]),
        ("Call \u200e+91 98220 12345 please", ["Call +91 98220 12345 please"]),
    ],
)
def test_what_stands_before_something_left_out_stays(text: str, left: list[str]) -> None:
    assert said(f"[13/11/26, 9:05:33 PM] Ann: {text}\n") == left


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "Waiting for this message. This may take a while.",
        "\u200eWaiting for this message. This may take a while. Learn more",
        "Warten auf diese Nachricht. Dies kann etwas dauern.",
        "Esperando este mensaje. Esto puede tardar un poco.",
        "En attente de ce message. Cela peut prendre un moment.",
        "Aguardando mensagem. Essa ação pode levar alguns instantes.",
    ],
)
def test_a_message_that_has_not_come_is_nothing_and_keeps_its_place(text: str) -> None:
    before = read(f"13/11/26, 21:05 - Ann: {text}\n13/11/26, 21:05 - Ann: ok\n").mentions
    after = read("13/11/26, 21:05 - Ann: It jams\n13/11/26, 21:05 - Ann: ok\n").mentions
    assert [one.id for one in before] == [after[1].id]


def test_words_that_only_begin_like_the_program_s_stay() -> None:
    for text in ("null and void", "Null", "Waiting for this message from you, where is it?"):
        assert said(f"13/11/26, 21:05 - Ann: {text}\n") == [text]


@pytest.mark.parametrize(("left", "right"), [('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("‟", "”")])
def test_a_colon_within_quotes_ends_no_name(left: str, right: str) -> None:
    assert said(f"13/11/26, 21:05 - Ann created group {left}Juicers: the best{right}\n") == []
    assert said(f"13/11/26, 21:05 - {left}Juicers: the best{right} was created by Ann\n") == []
    assert said(f"13/11/26, 21:05 - Ann {left}Annie{right} Rao: It jams: {left}E5{right}\n") == [
        f"It jams: {left}E5{right}"
    ]
    assert said('13/11/26, 21:05 - Pipes 6" Ltd: It jams\n') == ["It jams"]


@pytest.mark.parametrize(
    "text",
    [
        "This message was deleted",
        "\u200eDiese Nachricht wurde gelöscht.",
        "このメッセージは削除されました",
        "此消息已删除",
    ],
)
def test_a_message_that_was_deleted_is_deleted_under_the_id_that_it_had(text: str) -> None:
    before = read("31.12.25, 21:05 - H: I hate it\n31.12.25, 21:06 - H: ok\n")
    after = read(f"31.12.25, 21:05 - H: {text}\n31.12.25, 21:06 - H: ok\n")
    assert [one.mention.id for one in after.deletions] == [before.mentions[0].id]
    assert [one.id for one in after.mentions] == [before.mentions[1].id]


def test_an_edit_is_the_same_message_without_its_mark() -> None:
    (before,) = read("31.12.25, 21:05 - H: Modell 4\n").mentions
    (after,) = read("31.12.25, 21:05 - H: Modell 5 \u200e<Diese Nachricht wurde bearbeitet.>\n").mentions
    assert after.id == before.id
    assert after.content == "Modell 5"


messages = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["Hetal", "+91 98220 12345", "Paperfold Support"]),
        st.sampled_from(["ok", "ok", "The folder jams", "<Media omitted>", "two\nlines"]),
    ),
    max_size=30,
)


def chat_of(given_: list[tuple[int, str, str]]) -> str:
    minute, lines = 0, ["31.12.25, 20:00 - Messages are encrypted."]
    for step, by, text in given_:
        minute = min(minute + step, 59)
        lines.append(f"31.12.25, 21:{minute:02} - {by}: {text}")
    return "\n".join(lines) + "\n"


@given(messages, st.integers(0, 30), st.sampled_from([NAME, "WhatsApp Chat with Hetal (1).txt"]))
def test_a_chat_that_has_grown_has_the_same_ids_and_each_message_once(
    whole: list[tuple[int, str, str]], cut: int, name: str
) -> None:
    later = read(chat_of(whole), name)
    ids = [one.id for one in later.mentions]
    assert len(ids) == len(set(ids))
    assert len(ids) == sum(by != "Paperfold Support" and text != "<Media omitted>" for _, by, text in whole)
    earlier = read(chat_of(whole[:cut]))
    assert [(one.id, one.content) for one in earlier.mentions] == [
        (one.id, one.content) for one in later.mentions[: len(earlier.mentions)]
    ]


@settings(max_examples=60)
@given(st.integers(0, 600), st.binary(max_size=6))
def test_a_chat_cut_at_any_byte_or_with_noise_is_read_as_far_as_it_goes(cut: int, noise: bytes) -> None:
    body = chat_of([(1, "Hetal", "नमस्ते दुनिया"), (1, "Zoë", "Grüße"), (2, "Hetal", "x")]).encode()
    for broken in (body[:cut], body[:cut] + noise + body[cut:]):
        try:
            read(broken)
        except InputError as e:
            assert "expected a chat that WhatsApp exported" in str(e)


def test_utf_16_is_read_by_its_mark_and_windows_line_ends_are_none_of_the_text() -> None:
    chat = "31.12.25, 21:05 - Zoë: Grüße\r\n31.12.25, 21:06 - Zoë: x\r\n"
    assert said(chat.encode("utf-16")) == said(chat.encode("utf-8-sig")) == ["Grüße", "x"]


@pytest.mark.parametrize("body", ["", "Name,E-mail\nHetal,h@v.example\n", "Dear all,\nthe minutes of 12/31\n"])
def test_what_is_no_chat_is_refused_in_words_without_a_name(body: str) -> None:
    with pytest.raises(InputError, match="expected a chat that WhatsApp exported") as e:
        read(body)
    assert "Hetal" not in str(e.value)


def test_a_date_that_there_is_not_is_told_with_its_line_and_without_a_name() -> None:
    reading = read("31.12.25, 21:05 - Hetal: a\n31.02.26, 21:05 - Hetal: b\n")
    assert [one.content for one in reading.mentions] == ["a"]
    (rejected,) = reading.rejected
    assert "line 2" in rejected.where
    assert "Hetal" not in rejected.where + rejected.message


def test_a_time_zone_that_is_none_is_refused_with_the_settings() -> None:
    with pytest.raises(ValueError, match="expected a time zone"):
        WhatsApp(name="chats", me=("us",), time_zone="Mars/Olympus")
