"""Which letters are forms that somebody filled in, which are letters with a form's lines, and whose they are."""

from base64 import b64encode

import pytest

from overheard.collectors.mail.forwarded import forwarded_in
from overheard.collectors.mail.message import read_letter
from overheard.records import Mention
from tests.collectors.letters import mail
from tests.collectors.test_letters import one, read


def encoded(subject: str) -> str:
    return f"=?utf-8?b?{b64encode(subject.encode()).decode()}?="


def author_of(mention: Mention) -> tuple[str, str]:
    assert mention.attributed_to is not None
    return mention.attributed_to.name, mention.attributed_to.email


def test_a_letter_that_says_below_how_its_writer_is_reached_is_a_letter() -> None:
    body = "A new filter, please.\n\nName: Asha Rao\nPhone: 98220 12345\nCompany: Rao Foods\n\nThe old one leaks."
    found = one(mail(body))
    assert (found.channel, author_of(found)) == ("mail", ("Asha Rao", "asha@customer.example"))
    assert "A new filter" in found.content
    assert "old one leaks" in found.content


def test_a_letter_about_somebody_else_is_of_who_wrote_it() -> None:
    body = (
        "He cheated me. His details:\nName: Ravi Kumar\nEmail: ravi@dealer.example\nMobile: 98220 12345\n"
        "Message: he said no refund."
    )
    found = one(mail(body, sender="Asha Rao <asha.rao@gmail.com>"))
    assert (found.channel, author_of(found)) == ("mail", ("Asha Rao", "asha.rao@gmail.com"))
    assert "cheated" in found.content


def test_a_form_that_a_site_sends_under_the_address_of_its_visitor_is_one() -> None:
    body = "Name: Asha Rao\nEmail: asha@customer.example\nPhone: 98220 12345\nMessage: The juicer broke.\nIt leaks."
    found = one(mail(body, sender="asha@customer.example"))
    assert (found.channel, found.content) == ("form", "The juicer broke.\nIt leaks.")


def test_the_form_of_a_market_is_of_who_filled_it_in() -> None:
    body = "A buyer asks:\nName: Ravi Kumar\nEmail: ravi@dealer.example\nMobile: 98220 12345\nMessage: Ten pumps."
    found = one(mail(body, sender="Market <buyleads@market.example>"))
    assert (found.channel, author_of(found)) == ("form", ("Ravi Kumar", "ravi@dealer.example"))


@pytest.mark.parametrize("who", ["Asha Rao asha@customer.example", "Asha Rao <asha@customer.example>"])
def test_a_form_with_name_and_address_in_one_line_is_of_who_is_in_it(who: str) -> None:
    body = (
        f"From: {who}\nSubject: Juicer broken\n\nMessage Body:\nHello, it does not turn.\nAsha\n\n-- \n"
        "This is a notification that a contact form was submitted on your website."
    )
    found = one(mail(body, sender="Firm <wordpress@firm.example>", more={"Reply-To": "asha@customer.example"}))
    assert (found.channel, author_of(found)) == ("form", ("Asha Rao", "asha@customer.example"))
    assert (found.name, found.content) == ("Juicer broken", "Hello, it does not turn.\nAsha")


def test_what_a_site_of_ours_sends_on_for_a_visitor_is_the_visitors() -> None:
    raw = mail(
        "It does not turn.", sender="wordpress@firm.example", more={"Reply-To": "Asha Rao <asha@customer.example>"}
    )
    found = one(raw)
    assert (found.channel, author_of(found)) == ("form", ("Asha Rao", "asha@customer.example"))
    assert found.content == "It does not turn."
    assert not read(mail("It does not turn.", sender="wordpress@firm.example")).mentions


@pytest.mark.parametrize(
    "body",
    [
        "Email:\nasha@customer.example\n\nPhone:\n+919822012345\n\nBody:\nMy juicer broke.",
        "--- Name ---\n\nAsha\n\n--- Email ---\n\nasha@customer.example\n\n--- Your comment ---\n\nMy juicer broke.",
        "Name:\nAsha Rao\nEmail:\nasha@customer.example\nWhat is wrong:\nMy juicer broke.",
    ],
)
def test_what_stands_below_a_label_is_what_it_holds(body: str) -> None:
    found = one(mail(body, sender="noreply@forms.example"))
    assert (found.channel, author_of(found)[1]) == ("form", "asha@customer.example")
    assert "My juicer broke." in found.content


@pytest.mark.parametrize("headers", [{"List-Unsubscribe": "<https://x.example/u>"}, {"Precedence": "bulk"}])
def test_an_answer_is_no_newsletter_whatever_a_program_adds_to_it(headers: dict[str, str]) -> None:
    found = one(mail("It is still broken.", more={"In-Reply-To": "<our1@firm.example>", **headers}))
    assert (found.channel, author_of(found)[1]) == ("mail", "asha@customer.example")
    assert found.in_reply_to == "our1@firm.example"


def test_an_answer_on_a_list_is_of_the_list() -> None:
    more = {"In-Reply-To": "<1@x.example>", "List-Id": "<talk.x.example>", "List-Post": "<mailto:talk@x.example>"}
    assert not read(mail("I think so too.", more=more)).mentions


@pytest.mark.parametrize("subject", ["Fwd: Größe falsch", "WG: Größe falsch"])
def test_a_subject_that_is_encoded_says_that_a_letter_is_passed_on(subject: str) -> None:
    body = (
        "---------- Forwarded message ---------\nFrom: Mira <mira@shop.example>\nDate: Thu, 19 Nov 2026 at 18:02\n"
        "Subject: Größe falsch\nTo: Tom <tom@firm.example>\n\nZu klein."
    )
    found = one(mail(body, sender="tom@firm.example", subject=encoded(subject)))
    assert (found.content, author_of(found)[1], found.name) == ("Zu klein.", "mira@shop.example", "Größe falsch")


@pytest.mark.parametrize(
    ("sent", "hour"),
    [
        ("Sunday, November 22, 2026 8:00 PM", 20), ("Sunday, November 22, 2026 12:00 AM", 0),
        ("Sun, Nov 22, 2026 at 8:00\u202fPM", 20), ("Sunday, 22 November 2026 08:00", 8),
        ("22 Nov 2026, 12:30 p.m.", 12), ("Sun, 22 Nov 2026 at 18:02", 18),
    ],
)  # fmt: skip
def test_what_is_passed_on_was_written_at_the_hour_of_the_day_that_is_said(sent: str, hour: int) -> None:
    body = f"From: Mira <mira@shop.example>\nSent: {sent}\nTo: Tom <tom@firm.example>\nSubject: Size\n\nToo small."
    received = mail(body, sender="tom@firm.example", subject="Fwd: Size", date="Mon, 23 Nov 2026 09:30:00 +0000")
    found = forwarded_in(read_letter(received))
    assert found is not None
    assert found.date is not None
    assert (found.date.day, found.date.hour) == (22, hour)


@pytest.mark.parametrize(
    "subject",
    [
        "Réponse automatique : Größe",
        "Automatische Antwort: Größe",
        "自動返信",
        "Abwesenheit: Ihre Größe",
        "Respuesta automatica: ñ",
    ],
)
def test_a_subject_that_is_encoded_says_that_nobody_wrote(subject: str) -> None:
    assert not read(mail("I am away.", subject=encoded(subject))).mentions


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Paper jam", "Out of Office: Paper jam", "Out of office", "Out of the office",
        "Out of Office AutoReply: Paper jam", "Auto-Reply: Paper jam", "[Auto-Reply] Paper jam", "Auto response: x",
        "AUTO: Mira Sen is out of the office (returning 11/23/2026)", "Automatische Antwort: Papierstau",
        "AUTO: Mira Sen ist außer Haus (Rückkehr am 23.11.2026)", "Abwesenheitsnotiz", "Abwesenheitsnotiz: Papierstau",
        "Réponse automatique : Bourrage", "Réponse automatique\u202f: Bourrage", "Message d’absence : Bourrage",
        "Absence du bureau: Bourrage", "Respuesta automática: Atasco", "Fuera de la oficina: Atasco",
        "Risposta automatica: Carta", "Resposta automática: Papel", "Ausência temporária: Papel",
        "Automatisch antwoord: Papier", "Afwezigheidsbericht: Papier", "Automatiskt svar: Papper",
        "Automatisk svar: Papir", "Automaattinen vastaus: Paperi", "Automatyczna odpowiedź: Papier",
        "Automatická odpověď: Papír", "Automatikus válasz: Papír", "Otomatik yanıt: Kâğıt", "Răspuns automat: Hârtie",
        "Автоматический ответ: Бумага", "Автоответ: Бумага", "自動応答: 紙", "【自動返信】お問い合わせ",
        "自动答复: 纸", "自动回复：纸", "자동 회신: 종이", "स्वचालित उत्तर: कागज़",
    ],
)  # fmt: skip
def test_a_subject_as_programs_write_it_says_that_nobody_wrote(subject: str) -> None:
    assert not read(mail("I am away.", subject=encoded(subject))).mentions


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheit unseres Technikers: Wer hilft?", "Abwesenheit Ihres Fahrers am Montag", "Abwesend war niemand",
        "Out of office chairs?", "Out of office supplies: when again?", "Automatic reply never came",
        "Automatic replies: how do I set them?", "Automatische Antwort kam nicht",
        "Réponse automatique reçue, et après ?", "Fuera de la oficina no funciona", "Autosvar virker ikke",
        "自動返信が届きません", "自动回复不工作",
        "Re: Automatic reply: Paper jam", "AUTO: Bremsen quietschen", "Afwezig bij levering: wat nu?",
    ],
)  # fmt: skip
def test_a_subject_that_begins_like_those_of_programs_is_a_customers(subject: str) -> None:
    assert one(mail("Who helps us?", subject=encoded(subject))).content == "Who helps us?"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Autoreply": "yes"}, {"X-Autorespond": "Paper jam"}, {"X-Autoreply-From": "mira@shop.example"},
        {"X-Mail-Autoreply": "<m1@shop.example>"}, {"Precedence": "auto_reply"}, {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "Auto-Replied (vacation)"},
    ],
)  # fmt: skip
def test_a_header_says_that_nobody_wrote_whatever_the_subject(headers: dict[str, str]) -> None:
    assert not read(mail("I am away.", more=headers)).mentions


def test_who_wants_no_automatic_answers_may_be_a_person() -> None:
    for suppressed in ("All", "OOF, AutoReply", "DR, RN, NRN"):
        raw = mail("Who helps us?", more={"X-Auto-Response-Suppress": suppressed})
        assert one(raw).content == "Who helps us?"


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ("Name: Weber\nVorname: Anna", "Anna Weber"), ("Nom : Petit\nPrénom : Anne", "Anne Petit"),
        ("Nombre: Ana\nApellidos: García Ruiz", "Ana García Ruiz"), ("Nome: Anna\nCognome: Rossi", "Anna Rossi"),
        ("Name: Anna Weber\nVorname: Anna", "Anna Weber"), ("Vorname: Anna\nNachname: Weber", "Anna Weber"),
    ],
)  # fmt: skip
def test_a_name_in_two_fields_is_one(names: str, name: str) -> None:
    found = one(mail(f"{names}\nE-Mail: a@w.example\nMessage: It jams.", sender="noreply@forms.example"))
    assert author_of(found) == (name, "a@w.example")


@pytest.mark.parametrize("label", ["Kommentar oder Nachricht", "Wie können wir helfen?", "What can we do for you?"])
def test_what_stands_below_a_label_of_no_known_name_is_the_text_where_there_is_none(label: str) -> None:
    rows = ["Name", "Anna Weber", "E-Mail", "anna@w.example", label, "It jams.", "Every day."]
    html = "<table>" + "".join(f"<tr><td>{row}</td></tr>" for row in rows) + "</table>"
    found = one(mail(html, sender="noreply@forms.example", kind="text/html; charset=utf-8"))
    assert (found.channel, author_of(found)) == ("form", ("Anna Weber", "anna@w.example"))
    assert found.content.endswith("It jams.\nEvery day.")


def test_a_call_that_a_directory_tells_of_is_of_who_called() -> None:
    body = (
        "Dear Firm,\nCaller Name: Asha Rao\nCaller Requirement: Juicer dealers\nCaller Phone: +919822012345\n"
        "Caller Email: asha@customer.example\nCity: Pune"
    )
    found = one(mail(body, sender="Directory <lead@directory.example>"))
    assert (found.channel, author_of(found)) == ("form", ("Asha Rao", "asha@customer.example"))
    assert found.content == "Juicer dealers\nCity: Pune"


@pytest.mark.parametrize("before", ["R:", "I:", "YNT:", "ODP:", "TR :", "Re : ", "回复："])
def test_a_subject_is_bare_of_what_programs_put_before_it(before: str) -> None:
    assert one(mail(subject=encoded(f"{before} Carta"))).name == "Carta"
