"""What the messages of a mailbox become: letters, leads, newsletters, notices, or nothing."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.base import Reading
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.github import GitHub
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.mail.message import read_letter, without_attachments
from overheard.collectors.mail.written import written
from overheard.matcher.events.threads import thread_keys
from overheard.records import Mention, mention_id
from overheard.testing import Recording
from overheard.urls import canonical_url
from tests.collectors.letters import (
    ALERT,
    DISCOURSE,
    FORWARDED,
    GITHUB,
    LEAD,
    NEWSLETTER,
    OURS,
    REPLY,
    mail,
    parts,
    signed_by,
)

BOX = Mailbox(
    name="support", host="mx.firm.example", user="support@firm.example", password_env="P", me=("firm.example",)
)  # fmt: skip
SAID = "Does it print on both sides?"


def read(*raw: bytes, box: Mailbox = BOX) -> Reading:
    messages = [
        {"folder": "INBOX", "uid": i, "received": "2026-11-20T12:00:00Z", "raw": one.decode("latin-1")}
        for i, one in enumerate(raw, 1)
    ]
    return box.read(Recording("batch", json.dumps({"messages": messages}).encode()).fetch(box))


def one(raw: bytes, box: Mailbox = BOX) -> Mention:
    reading = read(raw, box=box)
    assert not reading.rejected
    [mention] = reading.mentions
    return mention


# --- what was written now --------------------------------------------------------------------------------------------

QUOTES = {
    "english": "On Fri, 20 Nov 2026 at 10:00, Tom <tom@firm.example> wrote:\n> Hello",
    "english over two lines": "On Fri, 20 Nov 2026 at 10:00, Tom of the support\n<tom@firm.example> wrote:\n\n> Hello",
    "german": "Am 20.11.2026 um 10:00 schrieb Tom:\n> Hallo",
    "french": "Le ven. 20 nov. 2026 à 10:00, Tom <tom@firm.example> a écrit :\n> Bonjour",
    "spanish": "El vie, 20 nov 2026 a las 10:00, Tom (<tom@firm.example>) escribió:\n> Hola",
    "italian": "Il giorno ven 20 nov 2026 alle ore 10:00 Tom <tom@firm.example> ha scritto:\n> Ciao",
    "dutch": "Op vr 20 nov 2026 om 10:00 schreef Tom <tom@firm.example>:\n> Hallo",
    "polish": "pt., 20 lis 2026 o 10:00 Tom <tom@firm.example> napisał(a):\n> Hej",
    "russian": "пт, 20 нояб. 2026 г. в 10:00, Tom <tom@firm.example>:\n> Привет",
    "outlook": "From: Tom <tom@firm.example>\nSent: Friday, November 20, 2026 10:00\nTo: Asha\nSubject: Hi\n\nHello",
    "outlook, ruled off": "____________________\nVon: Tom\nGesendet: Freitag, 20. November\nAn: A\nBetreff: B\n\nX",
    "original message": "-----Ursprüngliche Nachricht-----\nVon: Tom\nHallo",
    "mere marks": "> Hello\n> you",
    "a signature": "-- \nAsha Rao\nCustomer Ltd",
    "a farewell": "Mit freundlichen Grüßen\n\nAsha Rao\n+49 30 901820",
    "a telephone": "Sent from my iPhone",
    "a disclaimer": "x\n\nThis e-mail is confidential and intended solely for its recipient; delete the message.",
}


@pytest.mark.parametrize("quote", QUOTES)
def test_only_what_was_written_now_is_the_text(quote: str) -> None:
    found = one(mail(f"{SAID}\n\n{QUOTES[quote]}")).content
    assert found.removesuffix("\nx") == SAID


def test_answers_between_the_lines_are_the_text() -> None:
    body = "On 20 Nov 2026 Tom wrote:\n> Which one?\nThe X2.\n> Since when?\nSince May."
    assert one(mail(body)).content == "The X2.\nSince May."


@pytest.mark.parametrize(
    "body",
    [
        "My colleague wrote:\nit hums. I think so too.",
        "In 2025 your colleague wrote:\nit is fixed. It is not.",
        "I wrote 3 letters about this:\none in May, two in June.",
        "From: where do you ship?\nI ask for a friend.",
        "Thanks,\nbut the tray is broken since Monday, and nobody of yours has called me back about that until now.",
        "It costs > 100 euros.",
        "Best regards to Tom!\nThe tray is here.",
    ],
)
def test_what_only_looks_like_a_quote_stays(body: str) -> None:
    assert one(mail(body)).content == body


def test_html_alone_is_read_without_what_it_answers() -> None:
    body = (
        f"<div>{SAID}</div><div class='gmail_quote'><div class='gmail_attr'>On Monday Tom wrote:</div>"
        "<blockquote>Hello</blockquote></div>"
    )
    assert one(mail(body, kind="text/html; charset=utf-8")).content == SAID
    outlook = f"<html><body><p>{SAID}</p><div id='divRplyFwdMsg'><b>From:</b> Tom</div><div>Hello</div></body></html>"
    assert one(mail(outlook, kind="text/html")).content == SAID


def test_lines_that_a_program_broke_are_joined() -> None:
    body = "This goes \non and \non.\nHere it ends.\n-- \nAsha"
    found = one(mail(body, kind="text/plain; charset=utf-8; format=flowed"))
    assert found.content == "This goes on and on.\nHere it ends."


# --- who wrote it ----------------------------------------------------------------------------------------------------


def test_a_letter_is_an_activity_of_who_wrote_it_in_its_thread() -> None:
    found = one(REPLY)
    author = found.attributed_to
    assert author is not None
    assert (found.channel, found.platform) == ("mail", "email")
    assert (found.name, found.content) == ("Paper jam", "Yes, with the new firmware too.")
    assert (found.in_reply_to, found.context) == ("a1@firm.example", "m1@customer.example")
    assert (author.name, author.email, author.email_verified) == ("Asha Rao", "asha@customer.example", True)
    assert "Customer Ltd" in author.summary
    assert [link.url for link in author.links] == ["https://customer.example"]


def test_letters_and_answers_are_of_one_thread() -> None:
    first, answer = one(mail()), one(REPLY)
    assert thread_keys(first) & thread_keys(answer)
    assert not thread_keys(first) & thread_keys(one(mail(id_="m9@customer.example")))


def test_another_letter_under_the_id_of_ones_own_is_another_letter() -> None:
    again = one(mail("The printer jams.\n\n-- \nAsha"))
    forged = one(mail("All is well again.", sender="Eve <eve@evil.example>"))
    assert one(mail()).id == again.id != forged.id


ASHA = "asha@customer.example"
RESULTS: Mapping[str, tuple[str, bool]] = {
    "dmarc": (f"{OURS}; dmarc=pass header.from=customer.example", True),
    "aligned signature": (f"{OURS}; dkim=pass header.d=mail.customer.example", True),
    "signature by its user": (f"{OURS}; dkim=pass header.i=@customer.example", True),
    "with comments": (
        f"{OURS} 1; spf=none (x; y) smtp.mailfrom=a; dmarc=pass (p=none) header.from=customer.example",
        True,
    ),
    "dmarc failed": (f"{OURS}; dmarc=fail header.from=customer.example", False),
    "of another domain": (f"{OURS}; dkim=pass header.d=mailer.example", False),
    "of another sender": (f"{OURS}; dmarc=pass header.from=mailer.example", False),
    "by another server": ("mx.evil.example; dmarc=pass header.from=customer.example", False),
    "hidden in what is quoted": (f'{OURS}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=customer.example"', False),
    "hidden in a comment": (f"{OURS}; spf=pass (; dmarc=pass header.from=customer.example)", False),
    "spf alone": (f"{OURS}; spf=pass smtp.mailfrom=customer.example", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize("case", RESULTS)
def test_an_address_is_verified_by_our_own_servers_word_alone(case: str) -> None:
    results, verified = RESULTS[case]
    author = one(mail(results=results)).attributed_to
    assert author is not None
    assert author.email_verified is verified


def test_a_forged_word_below_that_of_our_server_counts_for_nothing() -> None:
    forged = {"Authentication-Results": signed_by("customer.example")}
    for results in (f"{OURS}; dmarc=fail header.from=customer.example", "mx.other.example; none"):
        author = one(mail(results=results, more=forged)).attributed_to
        assert author is not None
        assert not author.email_verified


@pytest.mark.parametrize(
    "sender",
    [
        "Asha <asha@customer.example>, Eve <eve@evil.example>",
        '"asha@customer.example" <eve@evil.example>',
        "asha@customer.example <eve@evil.example>",
        "<asha@customer.example>(eve@evil.example)",
        "Asha <asha@customer.example",
    ],
)
def test_a_sender_that_can_be_read_in_two_ways_is_never_verified(sender: str) -> None:
    reading = read(mail(sender=sender, results=signed_by("customer.example")))
    for mention in reading.mentions:
        assert mention.attributed_to is None or not (
            mention.attributed_to.email_verified and mention.attributed_to.email == ASHA
        )


def test_the_id_of_another_receiving_server_may_be_set() -> None:
    raw = mail(results="filter.provider.example; dmarc=pass header.from=customer.example")
    own = Mailbox(
        name="support", host="mx.firm.example", user="s", password_env="P", authserv="filter.provider.example"
    )  # fmt: skip
    for box, verified in ((BOX, False), (own, True)):
        author = one(raw, box).attributed_to
        assert author is not None
        assert author.email_verified is verified


def test_what_a_colleague_passed_on_is_of_who_wrote_it_and_never_verified() -> None:
    attached = mail(
        parts(
            "Content-Type: text/plain\n\nSee below.",
            "Content-Type: message/rfc822\n\n" + REPLY.decode().replace("\r\n", "\n"),
        ),
        sender="tom@firm.example",
        subject="WG: Paper jam",
        kind="multipart/mixed; boundary=b1",
        results=signed_by("firm.example"),
    )
    inline, inner = one(FORWARDED), one(attached)
    for found, email, said in (
        (inline, "mira@shop.example", "Where can we buy toner?"),
        (inner, ASHA, "Yes, with the new firmware too."),
    ):
        assert found.attributed_to is not None
        assert (found.attributed_to.email, found.content, found.channel) == (email, said, "mail")
        assert not found.attributed_to.email_verified
    assert thread_keys(inner) & thread_keys(one(mail(id_="m2@customer.example"))), "it is of one thread with the letter"
    program = FORWARDED.replace(b"Mira Sen <mira@shop.example>", b"Shop <no-reply@shop.example>")
    author = one(program).attributed_to
    assert author is not None
    assert not author.email, "no person's"


def test_own_answers_and_what_nobody_wrote_are_no_activities() -> None:
    report = "multipart/report; report-type=delivery-status; boundary=b1"
    invitation = parts("Content-Type: text/plain\n\nA call", "Content-Type: text/calendar; method=REQUEST\n\nBEGIN")
    nothing = [
        mail(sender="Tom <tom@firm.example>"),
        mail(sender="support@firm.example"),
        mail(more={"Auto-Submitted": "auto-replied (vacation)"}),
        mail(subject="Automatische Antwort: Paper jam"),
        mail(sender="MAILER-DAEMON@mx.example", subject="Undeliverable"),
        mail(parts("Content-Type: text/plain\n\nFailed"), kind=report),
        mail(invitation, kind="multipart/alternative; boundary=b1"),
        mail(more={"List-Id": "<printing.lists.example>", "List-Post": "<mailto:printing@lists.example>"}),
    ]
    reading = read(*nothing)
    assert not reading.mentions
    assert not reading.rejected


def test_a_letter_through_a_list_of_ones_own_is_a_letter() -> None:
    through = {"List-ID": "<support.firm.example>", "Precedence": "list", "List-Post": "<mailto:support@firm.example>"}
    assert one(mail(more=through)).channel == "mail"
    rewritten = mail(
        sender="'Asha Rao' via Support <support@firm.example>", more={**through, "X-Original-From": f"Asha <{ASHA}>"}
    )
    author = one(rewritten).attributed_to
    assert author is not None
    assert (author.email, author.email_verified) == (ASHA, False)


# --- what programs send ----------------------------------------------------------------------------------------------


def test_a_lead_is_of_who_filled_in_the_form() -> None:
    found = one(LEAD)
    author = found.attributed_to
    assert author is not None
    assert (found.channel, found.content) == ("form", "Please quote for five\nduplex printers.\nProduct: X2")
    assert (author.name, author.email, author.phone) == ("Ravi Kumar", "ravi@kumar-prints.example", "+919822012345")
    assert author.summary == "Kumar Prints"
    assert not author.email_verified


FORMS = {
    "german": "Vorname: Jürgen\nNachname: Weber\nE-Mail: j@w.example\nTelefon: +49 30 901820\nNachricht: Preis?",
    "french": "Nom : Jürgen Weber\nCourriel : j@w.example\nTéléphone : +49 30 901820\nMessage : Preis?",
    "spanish": "Nombre: Jürgen Weber\nCorreo electrónico: j@w.example\nTeléfono: +49 30 901820\nMensaje: Preis?",
    "japanese": "お名前：Jürgen Weber\nメールアドレス：j@w.example\n電話番号：+49 30 901820\nお問い合わせ内容：Preis?",
    "hindi": "नाम: Jürgen Weber\nईमेल: j@w.example\nफ़ोन: +49 30 901820\nसंदेश: Preis?",
    "labels above": "Name\nJürgen Weber\nEmail\nj@w.example\nPhone\n+49 30 901820\nMessage\nPreis?",
    "marked": "*Name:* Jürgen Weber\n*Email:* j@w.example\n*Phone:* +49 30 901820\n*Message:* Preis?",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_read_by_their_labels(form: str) -> None:
    found = one(mail(FORMS[form], sender="shop@builder.example", subject="New lead"))
    author = found.attributed_to
    assert author is not None
    assert (author.name, author.email, author.phone) == ("Jürgen Weber", "j@w.example", "+4930901820")
    assert (found.channel, found.content) == ("form", "Preis?")


def test_a_form_in_a_table_is_read_by_its_rows() -> None:
    rows = [("Name", "Jürgen Weber"), ("E-Mail", "j@w.example"), ("Phone", "+49 30 901820"), ("Message", "Preis?")]
    table = "".join(f"<tr><td><b>{label}</b></td><td>{value}</td></tr>" for label, value in rows)
    found = one(mail(f"<table>{table}</table>", sender="no-reply@builder.example", kind="text/html; charset=utf-8"))
    assert found.attributed_to is not None
    assert (found.attributed_to.email, found.content, found.channel) == ("j@w.example", "Preis?", "form")


def test_where_a_form_names_no_address_an_answer_to_it_goes_to_who_filled_it_in() -> None:
    raw = mail(
        "Name: Ravi\nMessage: How much?", sender="no-reply@builder.example", more={"Reply-To": "ravi@kumar.example"}
    )
    author = one(raw).attributed_to
    assert author is not None
    assert (author.name, author.email) == ("Ravi", "ravi@kumar.example")


def test_a_letter_with_a_label_or_two_is_no_form() -> None:
    assert one(mail("Hello,\nname: X2\nphone: in the hall\nIt rings.")).channel == "mail"


def test_a_newsletter_is_public_unless_it_is_not_wanted() -> None:
    found = one(NEWSLETTER)
    assert (found.platform, found.channel, found.url) == ("newsletter", "", "https://weekly.example/42")
    assert "The X2 is loud." in found.content
    assert found.attributed_to is not None
    assert not found.attributed_to.email
    unwanted = Mailbox(name="support", host="mx.firm.example", user="s", password_env="P", newsletters=False)
    assert read(NEWSLETTER, box=unwanted).mentions == ()


def test_a_notice_of_github_is_the_comment_that_githubs_own_source_brings() -> None:
    found = one(GITHUB)
    url = "https://github.com/Paperfold/driver/issues/12#issuecomment-345"
    item = {"html_url": url, "body": "x", "user": {"login": "asha-r", "id": 1}, "created_at": "2026-11-20T08:30:00Z"}
    source = GitHub(name="g", repository="paperfold/driver", what="comments")
    [other] = source.read(Recording("r", json.dumps([item]).encode()).fetch(source)).mentions
    assert (found.id, found.in_reply_to, found.context) == (other.id, other.in_reply_to, other.context)
    assert (found.channel, found.content, found.url) == ("", "It jams with 80 g paper too.", url)
    assert found.attributed_to is not None
    assert found.attributed_to.preferred_username == "asha-r"


def test_a_notice_of_discourse_is_the_post_that_its_own_source_brings() -> None:
    found = one(DISCOURSE)
    assert found.id == mention_id("forum.paperfold.example", "77/4")
    assert Discourse(name="d", instance="https://forum.paperfold.example").kind == "discourse"
    assert (found.channel, found.content, found.context) == ("", "Mine hums as well.", "77/1")
    private = one(DISCOURSE.replace(b"[Help]", b"[PM]"))
    assert (private.channel, private.platform) == ("mail", "email")


def test_an_alert_of_google_is_the_pages_that_it_lists() -> None:
    found = read(ALERT).mentions
    assert [(one.url, one.name, one.content) for one in found] == [
        (
            "https://news.example/paperfold-2",
            "Paperfold opens a second plant",
            "The maker of printers hires 40 people.",
        ),
        ("https://blog.example/duplex?p=3", "Duplex at last", "A look at the Paperfold X2."),
    ]
    assert {one.channel for one in found} == {""}
    plain = mail(
        "=== News - 1 new result for [paperfold] ===\n\nDuplex at last\nBlog Example\nA look at the X2.\n"
        "<https://www.google.com/url?rct=j&sa=t&url=https://blog.example/duplex%3Fp%3D3&ct=ga>\n",
        sender="googlealerts-noreply@google.com",
        results=signed_by("google.com"),
    )
    assert one(plain).id == found[1].id


def test_what_an_alert_of_google_lists_without_an_address_harms_nothing_else_of_it() -> None:
    broken = ALERT.replace(b"https://news.example", b"https://news}.example")
    assert [one.name for one in read(broken).mentions] == ["Duplex at last"]
    (whole,) = read(broken.replace(b"https://blog.example", b"https://blog}.example")).mentions
    assert (whole.platform, whole.generator) == ("email", "Google Alerts")


def test_a_notice_of_youtube_is_the_comment_under_its_own_id() -> None:
    raw = mail(
        'Ravi Kumar commented on your video\n"Which paper is that?"\n'
        "https://www.youtube.com/watch?v=dQpaperfold&lc=UgxKREWxIgDrw8w2e_Z4AaABAg",
        sender="YouTube <noreply@youtube.com>",
        subject='Ravi Kumar commented on your video "X2"',
        results=signed_by("youtube.com"),
    )
    found = one(raw)
    assert found.id == mention_id("youtube", "UgxKREWxIgDrw8w2e_Z4AaABAg")
    assert (found.content, found.channel) == ("Which paper is that?", "")


SERVICES: Mapping[str, tuple[bytes, str, str, str]] = {
    "facebook": (
        mail(
            'Ravi Kumar commented on your post.\n"Where can I buy it?"\n'
            "https://www.facebook.com/paperfold/posts/123?comment_id=9&notif_t=feed_comment",
            sender="Facebook <notification@facebookmail.com>",
            subject="Ravi Kumar commented on your post",
            results=signed_by("facebookmail.com"),
        ),
        "facebook",
        "Ravi Kumar",
        "Where can I buy it?",
    ),
    "google business": (
        mail(
            'Mira Sen left a review for Paperfold\n"Quick repair."\nhttps://business.google.com/n/1/reviews?fid=2',
            sender="Google Business Profile <businessprofile-noreply@google.com>",
            subject="Mira Sen left a review for Paperfold",
            results=signed_by("google.com"),
        ),
        "google",
        "Mira Sen",
        "Quick repair.",
    ),
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_notice_of_other_services_is_the_post_at_its_address(service: str) -> None:
    raw, platform, name, said = SERVICES[service]
    found = one(raw)
    assert found.attributed_to is not None
    assert (found.platform, found.channel, found.content) == (platform, "", said)
    assert found.attributed_to.name == name
    assert found.id == mention_id(platform, url=canonical_url(found.url))
    unknown = raw.replace(b"commented on", b"wrote under").replace(b"left a review", b"rated")
    kept = one(unknown)
    assert (kept.channel, kept.platform) == ("mail", "email"), "in words that are not known it is a mail of the service"


@pytest.mark.parametrize(
    "host",
    [
        "outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com", "outlook.office365.us",
        "partner.outlook.cn",
    ],
)  # fmt: skip
def test_what_microsoft_found_out_is_known_at_each_of_its_hosts(host: str) -> None:
    found = (
        "spf=pass (sender IP is 192.0.2.7)\n smtp.mailfrom=customer.example; dkim=pass (signature was verified)\n"
        " header.d=customer.example;dmarc=pass action=none\n header.from=customer.example;compauth=pass reason=100"
    )
    at_host = Mailbox(name="support", host=host, user="s@firm.example", password_env="P")
    author = one(mail(results=found), at_host).attributed_to
    assert author is not None
    assert author.email_verified


def test_a_notice_with_a_link_that_cannot_be_read_is_mail_and_harms_no_other() -> None:
    raw = mail(
        "Asha replied: see http://ex%5Bample.com/watch?v=1 there",
        sender="YouTube <noreply@youtube.com>",
        results=signed_by("youtube.com"),
    )
    assert len(read(raw, mail(id_="other@x.example")).mentions) == 2


@pytest.mark.parametrize("results", ["", signed_by("evil.example"), "mx.evil.example; dkim=pass header.d=github.com"])
def test_a_notice_that_its_service_has_not_signed_is_no_post_and_of_nobody(results: str) -> None:
    forged = mail(
        GITHUB.decode().partition("\r\n\r\n")[2].replace("\r\n", "\n"),
        sender="Asha Rao <notifications@github.com>",
        results=results,
    )
    found = one(forged)
    assert (found.channel, found.platform, found.generator) == ("mail", "email", "GitHub")
    assert found.attributed_to is not None
    assert not found.attributed_to.email


# --- what a customer passes on, and what cannot be read --------------------------------------------------------------

PASSED_ON = FORWARDED.replace(b"FYI", b"").replace(
    b"Tom <tom@firm.example>\r\nTo", b"Asha Rao <asha@customer.example>\r\nTo"
)


@pytest.mark.parametrize(
    ("subject", "name"), [("Fwd: Toner", "Toner"), ("WG: Toner", "Toner"), ("Fwd:", "Toner"), ("", "Toner"), ("X", "X")]
)
def test_what_a_customer_passes_on_without_a_word_is_theirs_by_its_subject_alone(subject: str, name: str) -> None:
    raw = PASSED_ON.replace(b"Subject: Fwd: Toner", f"Subject: {subject}".encode())
    found = one(raw)
    assert found.attributed_to is not None
    assert (found.attributed_to.email, found.channel) == (ASHA, "mail")
    assert (found.name, found.content) == (name, ""), "nobody else's words are theirs"
    said = one(raw.replace(b"----------", b"Is that right?\r\n----------", 1))
    assert said.content == "Is that right?"


def test_what_a_customer_attaches_without_a_word_is_theirs_by_its_subject_alone() -> None:
    attached = "Content-Type: message/rfc822\n\n" + REPLY.decode().replace("\r\n", "\n")
    raw = mail(parts("Content-Type: text/plain\n\n", attached), subject="", kind="multipart/mixed; boundary=b1")
    assert (one(raw).name, one(raw).content) == ("Paper jam", "")


TNEF = "name=winmail.dat\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\neJ8+IgA="
SEALED: Mapping[str, tuple[bytes, str]] = {
    "outlook alone": (
        mail("eJ8+IgA=", kind="application/ms-tnef", more={"Content-Transfer-Encoding": "base64"}),
        "winmail.dat",
    ),
    "outlook, raw": (mail('x\x9f>"\x00 text', kind="application/vnd.ms-tnef"), "winmail.dat"),
    "outlook below an empty text": (
        mail(
            parts("Content-Type: text/plain\n\n \n", f"Content-Type: application/ms-tnef; {TNEF}"),
            kind="multipart/mixed; boundary=b1",
        ),
        "winmail.dat",
    ),
    "S/MIME": (
        mail(
            "MIAGCSqGSIb3DQ==",
            kind="application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
            more={"Content-Disposition": "attachment; filename=smime.p7m", "Content-Transfer-Encoding": "base64"},
        ),
        "S/MIME",
    ),
    "OpenPGP": (
        mail(
            parts(
                "Content-Type: application/pgp-encrypted\n\nVersion: 1",
                "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----",
            ),
            kind="multipart/encrypted; boundary=b1",
        ),
        "OpenPGP",
    ),
}


@pytest.mark.parametrize("door", [without_attachments, bytes])
@pytest.mark.parametrize("case", SEALED)
def test_a_letter_whose_text_cannot_be_read_is_an_activity_by_its_subject_and_that_is_said(
    case: str, door: Any
) -> None:
    raw, called = SEALED[case]
    reading = read(door(raw))
    [found] = reading.mentions
    [rejected] = reading.rejected
    assert (found.name, found.content, found.channel) == ("Paper jam", "", "mail")
    assert rejected.where == "support, INBOX/1"
    assert called in rejected.message
    assert "jam" not in rejected.message


def test_a_text_beside_that_of_outlook_is_read() -> None:
    raw = mail(
        parts("Content-Type: text/plain\n\nIt jams.", f"Content-Type: application/ms-tnef; {TNEF}"),
        kind="multipart/mixed; boundary=b1",
    )
    assert one(raw).content == one(without_attachments(raw)).content == "It jams."


def test_what_cannot_be_read_of_our_own_is_nothing() -> None:
    raw = mail("eJ8+IgA=", kind="application/ms-tnef", sender="tom@firm.example")
    assert (read(raw).mentions, read(raw).rejected) == ((), ())


# --- what is odd -----------------------------------------------------------------------------------------------------


def test_headers_and_texts_in_old_and_broken_charsets_are_read() -> None:
    raw = (
        b"From: =?iso-8859-1?Q?J=FCrgen?= =?utf-8?B?IFdlYmVy?= <j@w.example>\r\n"
        b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
        b"Content-Type: text/plain; charset=x-none\r\n\r\nGr\xfc\xdfe \x80 10\r\n"
    )
    found = one(raw)
    assert found.attributed_to is not None
    assert (found.attributed_to.name, found.name, found.content) == ("Jürgen Weber", "Grüße", "Grüße € 10")


def test_without_an_id_the_same_letter_has_the_same() -> None:
    same, other = (one(mail(body, id_="")).id for body in ("a", "b"))
    assert one(mail("a", id_="")).id == same != other


def test_a_date_after_it_was_received_is_not_believed() -> None:
    assert str(one(mail(date="Fri, 20 Nov 2099 09:30:00 +0100")).published) == "2026-11-20 12:00:00+00:00"
    assert str(one(mail(date="yesterday")).published) == "2026-11-20 12:00:00+00:00"


def test_attachments_are_dropped_as_they_come_and_texts_are_not() -> None:
    raw = mail(
        parts(
            "Content-Type: text/plain\n\nHello",
            "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\nQUJD",
            "Content-Type: text/plain; name=log.txt\nContent-Disposition: attachment\n\nSECRET",
            "Content-Type: text/html\n\n<p>Bye</p>",
        ),
        kind="multipart/mixed; boundary=b1",
    )
    bare = without_attachments(raw)
    assert b"QUJD" not in bare
    assert b"SECRET" not in bare
    assert one(bare).content == one(raw).content == "Hello\nBye"


def test_a_message_that_is_none_is_rejected_by_its_place_and_no_word_of_it() -> None:
    reading = read(mail(), b"\r\nsecret words of somebody", mail(id_="m2@x.example"))
    assert len(reading.mentions) == 2
    [rejected] = reading.rejected
    assert rejected.where == "support, INBOX/2"
    assert "secret" not in rejected.message + rejected.where


BOMBS: Mapping[str, bytes] = {
    "nested parts": mail(
        "".join(f"--b{i}\nContent-Type: multipart/mixed; boundary=b{i + 1}\n\n" for i in range(5_000)),
        kind="multipart/mixed; boundary=b0",
    ),
    "nested messages": mail("Content-Type: message/rfc822\n\n" * 20_000, kind="message/rfc822"),
    "headers": b"From: a@x.example\r\n" + b"X-A: b\r\n" * 60_000 + b"\r\nHello",
    "one header": b"From: a@x.example\r\nSubject: " + b"=?utf-8?q?a?= " * 35_000 + b"\r\n\r\nHello",
    "addresses": b"From: " + b"(((" * 100_000 + b" a@x.example\r\n\r\nHello",
    "parts": mail("--b1\n\nx\n" * 20_000, kind="multipart/mixed; boundary=b1"),
    "boundaries": mail(
        "".join(f"--b{i}\nContent-Type: multipart/mixed; boundary=c{i}\n\n" for i in range(8_000)),
        kind="multipart/mixed; boundary=b1",
    ),
    "brackets": mail("[" * 500_000),
    "quotes": mail("> " * 250_000),
    "labels": mail("Name:\n" * 20_000),
    "attributions": mail("On 1 2 wrote\n" * 40_000),
    "headers of Outlook": mail("From: a\n" * 20_000),
    "spaces": mail(" " * 500_000 + "x"),
    "punycode": mail("a-" * 200_000, kind="text/plain; charset=punycode"),
    "elements": mail("<div>" * 100_000, kind="text/html"),
    "results": mail(results=f"{OURS};" + "(" * 3_000 + "dkim=pass;" * 500),
    "surrogates": mail("x", more={"X": "y"}) + b"\xed\xa0\x80\xff\xfe",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_made_to_be_slow_or_deep_is_read_in_time(bomb: str) -> None:
    import time

    began = time.process_time()
    read(without_attachments(BOMBS[bomb][: 512 * 1024]))
    assert time.process_time() - began < 3


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([REPLY, LEAD, NEWSLETTER, GITHUB, ALERT, DISCOURSE, FORWARDED]), st.data())
def test_a_message_cut_off_or_changed_anywhere_is_read_or_rejected(raw: bytes, data: Any) -> None:
    at = data.draw(st.integers(0, len(raw)))
    changed = raw[:at] + data.draw(st.binary(max_size=20)) + raw[at + data.draw(st.integers(0, 40)) :]
    for body in (raw[:at], changed):
        reading = read(without_attachments(body))
        for mention in reading.mentions:
            mention.text.encode()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_nothing_of_a_text_is_invented(text: str) -> None:
    assert set(written(text).text.split()) <= set(text.split())


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=none", "multipart/alternative", "multipart/mixed;"])
def test_what_says_to_have_parts_and_has_none_is_its_text(kind: str) -> None:
    assert one(mail("Hello there.", kind=kind)).content == "Hello there."


def test_a_letter_is_read_whatever_its_bytes() -> None:
    for raw in (b"", b"\x00", b"\r\n\r\n", b"From", b"From:\r\n", bytes(range(256))):
        assert read_letter(raw).bodies is not None
