"""Deliveries by e-mail: one message of plain text and HTML, over SMTP (RFC 5321) with TLS."""

import base64
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from overheard.alerts.channels import TIMEOUT, NotDeliveredError
from overheard.alerts.message import Writer
from overheard.alerts.words import shown
from overheard.records import Delivery

_NOT_DOMAIN = re.compile(r"[^a-z0-9.-]+")
_MOST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail leaves by, as `[mail]` of the settings says. `password` gives it when it is needed."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: Callable[[], str]
    sender: str
    to: tuple[str, ...]


def message_of(delivery: Delivery, writer: Writer, *, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the mail of a delivery: the same for the same delivery, its Message-ID made of the delivery's id.

    Raises NotDeliveredError where an address is none. Headers hold no line end, whatever a record holds.
    """
    domain = _NOT_DOMAIN.sub("", sender.rpartition("@")[2].rstrip("> ").lower()).strip(".-") or "overheard.invalid"
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = ", ".join(to)
        addresses = [address for name in ("From", "To") for address in message[name].addresses]
        defects = [defect for name in ("From", "To") for defect in message[name].defects]
    except (ValueError, IndexError) as e:
        msg = f"expected e-mail addresses as `sender` and `to` in [mail]; got one with {e}"
        raise NotDeliveredError(msg) from e
    if defects or len(addresses) != 1 + len(to) or not all(a.username and a.domain for a in addresses):
        msg = "expected e-mail addresses such as alerts@firm.example as `sender` and `to` in [mail]; got another text"
        raise NotDeliveredError(msg)
    message["Subject"] = shown(delivery.subject)
    message["Date"] = delivery.created
    message["Message-ID"] = f"<{delivery.id}@{domain}>"
    # RFC 2919 and RFC 3834: for filters, and so that nobody's absence note answers.
    message["List-Id"] = f"Overheard <{delivery.kind}.overheard.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(writer.text(delivery))
    message.add_alternative(writer.html(delivery), subtype="html")
    return message


class Mail:
    """`Channel`: one mail to all of `to`. It is sent where the server took it for at least one of them."""

    def __init__(self, server: MailServer, writer: Writer, *, timeout: float = TIMEOUT) -> None:
        self._server = server
        self._writer = writer
        self._timeout = timeout

    def send(self, delivery: Delivery, now: datetime) -> str:  # noqa: ARG002  the mail bears when it was made
        """See `Channel.send`."""
        server = self._server
        message = message_of(delivery, self._writer, sender=server.sender or server.user, to=server.to)
        password = server.password() if server.user else ""
        if password and server.security == "none" and not _is_this_machine(server.host):
            msg = 'security = "none" would send the password as plain text: set "starttls" or "tls" in [mail]'
            raise NotDeliveredError(msg)
        if not (server.user + password).isascii():
            msg = "expected a user and a password in ASCII: a login over SMTP has no other characters; got others"
            raise NotDeliveredError(msg)
        try:
            with self._connected() as smtp:
                if server.security == "starttls":
                    smtp.starttls(context=ssl.create_default_context())
                if server.user:
                    smtp.login(server.user, password)
                refused = smtp.send_message(message)
        # A ValueError comes of a host or an address that the protocol cannot name.
        except (OSError, smtplib.SMTPException, ValueError) as e:
            raise NotDeliveredError(_words(e, (password, server.user))) from e
        if refused:
            return f"the server refused {len(refused)} of {len(server.to)} recipients"
        return ""

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        # Else smtplib looks our own name up, which may take longer than the mail.
        name = socket.gethostname()
        own = name if "." in name and name.isascii() else "[127.0.0.1]"
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.host, server.port, own, timeout=self._timeout, context=ssl.create_default_context()
            )
        return smtplib.SMTP(server.host, server.port, own, timeout=self._timeout)


def _words(error: Exception, secrets: tuple[str, ...]) -> str:
    """Return what went wrong, in words and without what is nobody's business, whatever the server repeated."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"the mail server refused every recipient ({', '.join(map(str, codes))})"
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode("utf-8", "replace")
        told = f"the mail server answered {error.smtp_code} {answer}"
    elif isinstance(error, TimeoutError):
        told = "the mail server did not answer in time"
    elif isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        told = f"the mail server could not be reached: {error.strerror or type(error).__name__}"
        if isinstance(error, ssl.SSLCertVerificationError):
            told = f"the mail server's certificate does not hold: {error.verify_message}"
    else:
        said = f": {error}" if isinstance(error, smtplib.SMTPException) else ""
        told = f"the mail could not be sent: {type(error).__name__}{said}"
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode()).decode()) if secret else ():
            told = told.replace(form, "•••")
    return shown(re.sub(r"[^\s<>@]+@[^\s<>@]+", "•••", told), _MOST_MESSAGE)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
