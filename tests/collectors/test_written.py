"""What somebody wrote now, of letters as people and their programs really write them."""

import time

import pytest

from overheard.collectors.mail.written import unquoted, written
from overheard.collectors.markup import from_html

SAID = "It does not work, I want my money back."


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 23 Nov 2026 at 09:41, Support <s@firm.example> wrote:",
        "On Mon, Nov 23, 2026 at 9:41 AM Support\n<s@firm.example> wrote:",
        "On 23 Nov 2026, at 09:41,\nSupport <s@firm.example>\nwrote:",
        "Am Mo., 23. Nov. 2026 um 09:41 Uhr schrieb Support <\ns@firm.example>:",
        "Support <s@firm.example>\nschrieb am Mo., 23. Nov. 2026, 09:41:",
        "Le lun. 23 nov. 2026 à 09:41, Support <s@firm.example> a\nécrit :",
        "---- On Mon, 23 Nov 2026 09:41:00 +0530 Support <s@firm.example> wrote ---",
        "---- On Mon, 23 Nov 2026 09:41:00 +0530\nSupport <s@firm.example> wrote ---",
    ],
)
@pytest.mark.parametrize(
    "above", ["", "Hi Bob,\n", "It broke on 23.11.2026.\n", "Call me at 09:30 or write to a@b.example\n"]
)
def test_what_stands_right_above_the_line_that_says_who_wrote_is_said(attribution: str, above: str) -> None:
    assert written(f"{above}{SAID}\n{attribution}\n> Hello").text == f"{above}{SAID}"
    assert written(f"{above}{SAID}\n\n{attribution}\n\nHello").text == f"{above}{SAID}"


def test_a_date_in_what_is_said_does_not_make_it_a_part_of_who_wrote_what_follows() -> None:
    assert written("It broke on 23.11.2026.\nSupport wrote:\n> Hello").text == "It broke on 23.11.2026."
    assert written(f"{SAID}\nOn Nov 23, 2026 at 9:41 a.m.\nSupport wrote:\n> Hello").text == SAID


def test_paragraphs_of_html_above_the_line_that_says_who_wrote_are_said() -> None:
    html = (
        f"<div><p>{SAID}</p><p id='reply-intro'>On 2026-11-23 09:41, Support wrote:</p>"
        "<blockquote type='cite'><p>Hello</p></blockquote></div>"
    )
    assert written(from_html(unquoted(html)).text).text == SAID
    zoho = (
        f"<div>{SAID}</div><div class='zmail_extra'>---- On Mon, 23 Nov 2026 09:41:00 +0530 Support wrote ---"
        "<blockquote>Hello old</blockquote></div>"
    )
    assert written(from_html(unquoted(zoho)).text).text == SAID


@pytest.mark.parametrize("thanks", ["Thank you.", "Thanks,", "LG", "Best,", "Many thanks!"])
def test_a_line_of_thanks_ends_no_letter_that_goes_on(thanks: str) -> None:
    letter = f"Hi team,\n\n{thanks}\n\nThe replacement came today, but it is broken too. When do I get a refund?"
    assert written(letter).text == letter
    signed = written(f"{letter}\n\nBest regards,\nBob\nACME Pumps Pvt. Ltd.")
    assert (signed.text, signed.signature) == (letter, "Best regards,\nBob\nACME Pumps Pvt. Ltd.")


@pytest.mark.parametrize("farewell", ["Thanks,", "Best regards,", "Viele Grüße", "धन्यवाद"])
def test_a_farewell_with_a_name_and_an_address_ends_a_letter(farewell: str) -> None:
    below = f"{farewell}\nBob Ode\nHead of Sales\n12, MG Road, Pune 411001, India.\n+91 98220 12345"
    found = written(f"Hi,\n\n{SAID}\n\n{below}")
    assert (found.text, found.signature) == (f"Hi,\n\n{SAID}", below)


def test_sentences_in_the_signature_of_a_firm_are_of_the_signature_and_a_postscript_is_not() -> None:
    firm = "Best regards,\nBob\nWe have made the best pumps of the whole country since 1954."
    assert written(f"Hi,\n{SAID}\n{firm}").text == f"Hi,\n{SAID}"
    postscript = f"Hi,\n{SAID}\nBest regards,\nBob\nPS: the second one leaks too, can you send me another?"
    assert written(postscript).text == postscript


def test_small_print_of_several_lines_is_nothing_said_below_a_farewell() -> None:
    print_ = (
        "This e-mail is confidential and intended for its recipient alone.\nIf it is not for you, please delete it."
    )
    assert written(f"Hi,\n{SAID}\n\nThanks,\nBob\n\n{print_}").text == f"Hi,\n{SAID}"


def test_what_a_telephone_writes_takes_nothing_along_that_stands_below() -> None:
    below = "Sent from my iPhone\n\n> Which one is it?\n\nThe X200, it does not start."
    assert written(below).text == "The X200, it does not start."
    assert written(f"{SAID}\n\nSent from my Samsung Galaxy smartphone.").text == SAID
    assert written(f"{SAID}\nGet Outlook for iOS <https://aka.ms/o0ukef>").text == SAID
    sentence = "Hello,\nSent from my side the parcel on Monday, but it never came."
    assert written(sentence).text == sentence


@pytest.mark.parametrize(
    "asked",
    [
        "Please quote a truck:\nFrom: Mumbai\nTo: Goa\nDate: 12 Dec\nWeight: 3 tonnes, two pallets",
        "The hall, please.\nDate: 3 Dec\nFrom: 10 am\nTo: 4 pm\nWe are 40 people.",
    ],
)
def test_from_where_to_where_and_when_are_no_head_of_a_letter(asked: str) -> None:
    assert written(asked).text == asked


def test_the_head_of_a_letter_begins_what_is_answered() -> None:
    for block in (
        "From: Support <s@firm.example>\nSent: Monday, 23 November 2026 09:41\nTo: Bob\nSubject: Your order",
        "From: Support\nSent: Monday, 23 November 2026 09:41\nTo: Bob\nSubject: Your order",
        "Von: Support\nGesendet: Montag, 23. November 2026 09:41\nAn: Bob <b@other.example>",
    ):
        assert written(f"{SAID}\n\n{block}\n\nHello old").text == SAID


@pytest.mark.parametrize(
    "farewell",
    [
        "Thanks & Regards,", "Thanks and regards", "With best regards,", "Best rgds,", "Many thanks and kind regards,",
        "Mit besten Grüßen", "Mit freundlichem Gruß", "Freundlicher Gruß", "Beste Grüße aus Berlin", "Hochachtungsvoll",
        "Vielen Dank und freundliche Grüße", "Mit freundlichen Grüßen / Kind regards", "Viele Grüße nach Bonn,",
        "Je vous prie d'agréer, Madame, Monsieur, mes salutations distinguées.", "Merci et bonne journée,",
        "Merci d'avance, cordialement", "Un saludo,", "Muchas gracias y un saludo", "Grazie mille e cordiali saluti",
        "Melhores cumprimentos,", "Com os melhores cumprimentos", "Obrigado,", "Hartelijke groet,",
        "Pozdrawiam serdecznie",
        "よろしくお願いいたします。", "宜しくお願い致します。", "以上、よろしくお願いいたします。",
    ],
)  # fmt: skip
def test_a_farewell_of_any_language_ends_a_letter(farewell: str) -> None:
    below = f"{farewell}\n\nAnna Weber\n+49 30 901820"
    found = written(f"{SAID}\n\n{below}")
    assert (found.text, found.signature) == (SAID, below)


@pytest.mark.parametrize(
    "line",
    [
        "Grüße an den Techniker, er war sehr freundlich.", "Merci de me rappeler demain matin.",
        "Thanks and what about it?",
        "Obrigado pelo envio, mas falta uma peça.", "Saludos a todos, tengo otra pregunta.", "Regards to Tom and Mira!",
        "よろしくお願いいたしますが、いつ届きますか。",
    ],
)  # fmt: skip
def test_what_begins_like_a_farewell_and_goes_on_is_said(line: str) -> None:
    assert written(f"Hi,\n{SAID}\n{line}").text == f"Hi,\n{SAID}\n{line}"


@pytest.mark.parametrize(
    "line",
    [
        "Outlook für iOS<https://aka.ms/o0ukef> beziehen", "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>",
        "Obtener Outlook para Android<https://aka.ms/o0ukef>", "Scarica Outlook per iOS", "Get Outlook for iOS",
        "Obter o Outlook para Android<https://aka.ms/o0ukef>", "Outlook voor iOS downloaden<https://aka.ms/o0ukef>",
        "Verstuurd vanaf mijn iPhone", "Enviado a partir do meu iPhone", "Odesláno z iPhonu",
        "Lähetetty iPhonesta", "iPhone'umdan gönderildi", "Enviado desde mi iPhone", "Wysłane z iPhone’a",
    ],
)  # fmt: skip
def test_what_a_telephone_writes_in_any_language_is_nothing_said(line: str) -> None:
    assert written(f"{SAID}\n\n{line}").text == SAID
    assert written(f"{SAID}\nWe use Outlook for Android").text == f"{SAID}\nWe use Outlook for Android"


@pytest.mark.parametrize(
    "attribution",
    [
        "Op 23 nov 2026, om 09:41 heeft Support <s@firm.example> het volgende geschreven:",
        "Wiadomość napisana przez Support <s@firm.example> w dniu 23 lis 2026, o godz. 09:41:",
    ],
)
def test_an_attribution_with_the_word_elsewhere_is_one(attribution: str) -> None:
    assert written(f"{SAID}\n\n{attribution}\n\nOld").text == SAID


def test_telephones_made_to_be_slow_are_taken_out_in_time() -> None:
    began = time.process_time()
    written("x\n" + "\n".join(f"Sent from my phone {i}" for i in range(20_000)))
    assert time.process_time() - began < 2


FIRM = (
    "Mira Sen\nHead of Buying\nShop Example GmbH\nLange Str. 1\n12345 Berlin\nGermany\nPhone: +49 30 901820\n"
    "Fax: +49 30 901821\nMobile: +49 151 1234567\nm@shop.example\nhttps://shop.example\nRegister: Berlin HRB 1\n"
    "VAT: DE1\nDirector: Tom Ode"
)


@pytest.mark.parametrize("line", ["--", "-- "])
@pytest.mark.parametrize(
    "signature",
    [
        "Bob", "Bob Ode\n+49 30 901820", FIRM, f"Bob\n\n{FIRM}", "Bob\n--\nSent by a program",
        "Bob Ode\nWe have made the best pumps of the whole country since 1954.",
        "Best regards,\nBob\nPlease think of the trees before you print this.",
        "This e-mail is confidential and intended for its recipient alone.\nIf it is not for you, please delete it.",
        f"Bob\n\n{'This e-mail is confidential and intended for its recipient alone. Delete the message.' * 3}",
    ],
)  # fmt: skip
def test_what_stands_below_two_dashes_at_the_end_is_the_signature(line: str, signature: str) -> None:
    found = written(f"Hi,\n\n{SAID}\n{line}\n{signature}")
    assert (found.text, found.signature) == (f"Hi,\n\n{SAID}", signature)


@pytest.mark.parametrize("line", ["--", "-- "])
@pytest.mark.parametrize("end", ["", "\n\nBest regards,\nBob", "\n-- \nBob\nSales", "\n--\nBob"])
@pytest.mark.parametrize(
    "below",
    [
        "The second one is broken as well, it makes a noise that sounds like\na saw. When do I get another?",
        "Second order:\nten boxes of paper, please, and tell me when they are sent.",
        "Und noch etwas:\nDie Rechnung stimmt auch nicht. Bitte prüfen Sie das.",
        "プリンタも壊れています。交換をお願いしたいのですが。",
        "\n".join(f"{i} boxes of paper number {i}" for i in range(30)),
    ],
)
def test_two_dashes_between_what_is_said_end_no_letter(line: str, end: str, below: str) -> None:
    said = f"Hi,\n\n{SAID}\n{line.strip()}\n{below}"
    if line == "-- " and "--" not in end and len(below.split("\n")) < 20:
        return  # as a mail program writes it, above what nobody can tell from a signature
    assert written(f"Hi,\n\n{SAID}\n{line}\n{below}{end}").text == said


def test_two_dashes_as_a_mail_program_writes_them_are_above_a_signature_whatever_it_says() -> None:
    motto = "We print whatever you have to say, and we have done so since 1954."
    assert written(f"{SAID}\n-- \n{motto}").text == SAID


def test_two_dashes_above_all_else_are_none() -> None:
    assert written(f"--\n{SAID}").text == f"--\n{SAID}"


def test_dashes_made_to_be_slow_are_read_in_time() -> None:
    began = time.process_time()
    for text in ("--\n" * 60_000, "a\n" + "-- \n" * 60_000, "--\nBob\n" * 40_000, "a\n--\n" + "\n" * 200_000):
        written(text)
    assert time.process_time() - began < 4
