import email
import email.policy
import logging
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.mail import Mail, MailServer, message_of
from overheard.alerts.message import Writer
from overheard.alerts.secrets import read_secret
from overheard.config.settings import LocaleSettings
from overheard.records import Points
from tests.alerts.conftest import PASSWORD, USER, Inbox
from tests.alerts.making import ADDRESS, HOSTILE, NOW, delivery, item

WRITER = Writer(ADDRESS, LocaleSettings(region="IN", time_zone="Asia/Kolkata"))
TO = ("sales@firm.example", "Service <service@firm.example>")


def server(inbox: Inbox, **changes: Any) -> MailServer:
    fields: dict[str, Any] = {
        "host": inbox.host,
        "port": inbox.port,
        "security": "none",
        "user": "",
        "password": lambda: PASSWORD,
        "sender": f"Overheard <{USER}>",
        "to": TO,
    }
    return MailServer(**{**fields, **changes})


def parsed(content: Any) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_mail_arrives_with_text_and_html_and_the_headers_that_programs_look_for(inbox: Inbox) -> None:
    one = delivery(items=(item(points=(Points(reason="a customer", points=40), Points(reason="negative", points=30))),))
    assert Mail(server(inbox), WRITER).send(one, NOW) == ""
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == ["sales@firm.example", "service@firm.example"]
    message = parsed(envelope.content)
    assert message["Subject"] == "Complaint by Meera Chitnis (Palomino Gears)"
    assert message["Message-ID"] == f"<{one.id}@firm.example>"
    assert message["List-Id"] == "Overheard <alert.overheard.firm.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    for kind in ("plain", "html"):
        body = part(message, kind)
        for words in ("Meera Chitnis", "Korvex support is terrible", "score 70", "20 Nov 2026, 2:30", "is a customer"):
            assert words in body
        for link in (item().page, item().contact_page, item().url):
            assert link in body


def test_the_same_delivery_is_the_same_mail() -> None:
    first, second = (message_of(delivery(), WRITER, sender=USER, to=TO) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"]
    assert part(first, "html") == part(second, "html")


def test_starttls_and_a_login_with_the_password_of_a_file(
    secure_inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    secret = lambda: read_secret("the password", "", str(tmp_path / "password"))  # noqa: E731
    Mail(server(secure_inbox, security="starttls", user=USER, password=secret), WRITER).send(delivery(), NOW)
    assert secure_inbox.secure == [True]
    assert set(secure_inbox.users) == {USER.encode()}


def test_a_certificate_that_nobody_vouches_for_is_refused(secure_inbox: Inbox) -> None:
    with pytest.raises(NotDeliveredError, match="certificate does not hold"):
        Mail(server(secure_inbox, security="starttls", user=USER), WRITER).send(delivery(), NOW)
    assert secure_inbox.envelopes == []


def test_a_wrong_password_fails_and_is_in_no_message_or_log(
    secure_inbox: Inbox, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    wrong = Mail(server(secure_inbox, security="starttls", user=USER, password=lambda: "hunter2"), WRITER)
    with caplog.at_level(logging.DEBUG), pytest.raises(NotDeliveredError, match="535") as raised:
        wrong.send(delivery(), NOW)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.log")]
    assert "hunter2" not in "".join([str(raised.value), *ours])


def test_a_password_that_smtp_cannot_say_is_told(inbox: Inbox) -> None:
    with pytest.raises(NotDeliveredError, match="in ASCII"):
        Mail(server(inbox, user=USER, password=lambda: "pässword"), WRITER).send(delivery(), NOW)


def test_a_server_without_tls_is_not_given_what_wants_it(inbox: Inbox) -> None:
    with pytest.raises(NotDeliveredError, match="STARTTLS"):
        Mail(server(inbox, security="starttls"), WRITER).send(delivery(), NOW)
    assert inbox.envelopes == []


def test_a_password_does_not_leave_this_machine_as_plain_text(inbox: Inbox) -> None:
    with pytest.raises(NotDeliveredError, match="plain text"):
        Mail(server(inbox, host="mail.firm.example", user=USER), WRITER).send(delivery(), NOW)


def test_what_the_server_says_is_told_without_addresses(inbox: Inbox) -> None:
    inbox.answers = ["451 greylisted, sales@firm.example"]
    with pytest.raises(NotDeliveredError, match="answered 451 greylisted") as raised:
        Mail(server(inbox), WRITER).send(delivery(), NOW)
    assert "sales@" not in str(raised.value)


def test_one_refused_recipient_is_told_and_all_refused_fails(inbox: Inbox) -> None:
    inbox.refuse = {"service@firm.example"}
    assert Mail(server(inbox), WRITER).send(delivery(), NOW) == "the server refused 1 of 2 recipients"
    inbox.refuse |= {"sales@firm.example"}
    with pytest.raises(NotDeliveredError, match=r"refused every recipient \(550\)"):
        Mail(server(inbox), WRITER).send(delivery(), NOW)


def test_a_server_that_is_not_there_is_told_in_words(inbox: Inbox) -> None:
    with pytest.raises(NotDeliveredError, match="could not be reached"):
        Mail(server(inbox, port=1), WRITER).send(delivery(), NOW)


@pytest.mark.parametrize("to", [("nobody",), ("a@b.example\nBcc: c@d.example",), ("a@b.example, c@d.example",), ("",)])
def test_what_is_no_address_is_said_to_be_none(to: tuple[str, ...]) -> None:
    with pytest.raises(NotDeliveredError, match=r"expected e-mail addresses .*\[mail\]"):
        message_of(delivery(), WRITER, sender=USER, to=to)


def test_a_secret_that_is_nowhere_is_asked_for_by_its_place(tmp_path: Path) -> None:
    empty = tmp_path / "gone"
    empty.write_text(" \n", encoding="utf-8")
    with pytest.raises(NotDeliveredError, match=r"the password in the environment variable NO_SUCH or the file gone"):
        read_secret("the password", "NO_SUCH", str(empty))
    with pytest.raises(NotDeliveredError, match=r"file not-there; could not read it: No such file"):
        read_secret("the password", "", str(tmp_path / "not-there"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_adds_no_header_no_markup_and_no_megabytes(hostile: str, inbox: Inbox) -> None:
    one = delivery(
        subject=f"Complaint by {hostile}",
        items=(item(text=hostile, name=hostile, account=hostile, said_by=hostile, source=hostile, why=(hostile,)),),
        notes=(hostile,),
    )
    Mail(server(inbox), WRITER).send(one, NOW)
    (envelope,) = inbox.envelopes
    assert isinstance(envelope.content, bytes)
    assert len(envelope.content) < 20_000
    message = parsed(envelope.content)
    names = {"From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(message.keys()) == names
    assert envelope.rcpt_tos == ["sales@firm.example", "service@firm.example"]
    for kind in ("plain", "html"):
        assert not set(part(message, kind)) & set("\u202e\u2066\u200f\x00\x1b\ufffe")
    page = html.fromstring(part(message, "html"))
    assert page.xpath("//script | //img | //iframe | //*[@onerror]") == []
    allowed = (ADDRESS, "https://reddit.example/")
    assert all(link.startswith(allowed) for link in page.xpath("//a/@href"))
    assert "49" not in page.text_content() or "49" in hostile


def test_a_quiet_morning_is_a_mail_too(inbox: Inbox) -> None:
    quiet = delivery(
        kind="digest",
        subject="Nothing about Korvex since yesterday",
        items=(),
        notes=("Nothing was heard in this time.", "3 sources answered, 1 did not: press (timed out)."),
        since=NOW - timedelta(days=1),
        until=NOW,
    )
    Mail(server(inbox), WRITER).send(quiet, NOW)
    text = part(parsed(inbox.envelopes[0].content), "plain")
    assert "3 sources answered, 1 did not: press (timed out)." in text
    assert "19 Nov 2026, 2:30" in text
