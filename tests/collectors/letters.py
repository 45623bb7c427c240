"""Mails as people, programs and services send them, made up for the tests."""

from collections.abc import Mapping

OURS = "mx.firm.example"


def mail(
    body: str = "The printer jams.",
    *,
    sender: str = "Asha Rao <asha@customer.example>",
    subject: str = "Paper jam",
    id_: str = "m1@customer.example",
    date: str = "Fri, 20 Nov 2026 09:30:00 +0100",
    results: str = "",
    more: Mapping[str, str] | None = None,
    kind: str = "text/plain; charset=utf-8",
) -> bytes:
    """Return a message; `results` is what our own server says of it."""
    lines = [f"Authentication-Results: {results}"] if results else []
    lines += [f"From: {sender}", "To: support@firm.example", f"Subject: {subject}"]
    lines += [f"Message-ID: <{id_}>"] if id_ else []
    lines += [f"Date: {date}", "MIME-Version: 1.0", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in (more or {}).items()]
    return ("\n".join([*lines, "", body])).replace("\n", "\r\n").encode()


def signed_by(domain: str) -> str:
    """Return what our server says of a message that a domain has signed."""
    return f"{OURS}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"


def parts(*bodies: str, boundary: str = "b1") -> str:
    """Return parts, each with its own headers, as the body of a multipart message."""
    return "\n".join([*(f"--{boundary}\n{one}" for one in bodies), f"--{boundary}--", ""])


GITHUB = mail(
    "It jams with 80 g paper too.\n\n-- \nReply to this email directly or view it on GitHub:\n"
    "https://github.com/Paperfold/driver/issues/12#issuecomment-345\n"
    "You are receiving this because you are subscribed to this thread.\n\n"
    "Message ID: <Paperfold/driver/issues/12/345@github.com>",
    sender="Asha Rao <notifications@github.com>",
    subject="Re: [Paperfold/driver] Paper jams on duplex (Issue #12)",
    id_="Paperfold/driver/issues/12/345@github.com",
    results=signed_by("github.com"),
    more={
        "In-Reply-To": "<Paperfold/driver/issues/12@github.com>",
        "References": "<Paperfold/driver/issues/12@github.com>",
        "List-ID": "Paperfold/driver <driver.Paperfold.github.com>",
        "X-GitHub-Sender": "asha-r",
    },
)

ALERT = mail(
    '<html><body><table><tr itemscope itemtype="http://schema.org/Article"><td>'
    '<a href="https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://news.example/paperfold-2&amp;ct=ga&amp;cd=1" '
    'itemprop="url"><span itemprop="name">Paperfold opens a second plant</span></a>'
    '<div itemprop="publisher"><span itemprop="name">News Example</span></div>'
    '<div itemprop="description">The maker of printers hires 40 people.</div></td></tr>'
    '<tr itemscope itemtype="http://schema.org/Article"><td>'
    '<a href="https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://blog.example/duplex%3Fp%3D3&amp;ct=ga" '
    'itemprop="url"><span itemprop="name">Duplex at last</span></a>'
    '<div itemprop="description">A look at the Paperfold X2.</div></td></tr></table>'
    '<a href="https://www.google.com/alerts/edit?source=alertsmail">Edit</a></body></html>',
    sender="Google Alerts <googlealerts-noreply@google.com>",
    subject="Google Alert - paperfold",
    id_="alert-1@google.com",
    results=signed_by("google.com"),
    kind="text/html; charset=utf-8",
)

DISCOURSE = mail(
    "Mine hums as well.\n\n---\nVisit Topic or reply to this email to respond.\n"
    "https://forum.paperfold.example/t/it-hums/77/4",
    sender="ravi via Paperfold Forum <forum@paperfold.example>",
    subject="[Paperfold Forum] [Help] It hums",
    id_="discourse/post/901@forum.paperfold.example",
    results=signed_by("paperfold.example"),
    more={"X-Discourse-Post-Id": "901", "X-Discourse-Topic-Id": "77", "List-ID": "<help.forum.paperfold.example>"},
)

LEAD = mail(
    "You have a new enquiry.\n\nName: Ravi Kumar\nCompany: Kumar Prints\nEmail: ravi@kumar-prints.example\n"
    "Phone: +91 98220 12345\nMessage: Please quote for five\nduplex printers.\n\nProduct: X2\n--\nSent by the form",
    sender="Paperfold website <wordpress@firm.example>",
    subject="New enquiry from your website",
    id_="lead-1@firm.example",
    more={"Reply-To": "ravi@kumar-prints.example"},
)

NEWSLETTER = mail(
    parts(
        "Content-Type: text/plain; charset=utf-8\n\nView it online: https://weekly.example/42\n\nThe X2 is loud.",
        'Content-Type: text/html; charset=utf-8\n\n<p><a href="https://weekly.example/42">View in browser</a></p>'
        "<p>The X2 is loud.</p>",
    ),
    sender="Print Weekly <hello@weekly.example>",
    subject="Print Weekly #42",
    id_="n42@weekly.example",
    kind="multipart/alternative; boundary=b1",
    more={"List-Unsubscribe": "<https://weekly.example/bye>", "List-Id": "Print Weekly <print.weekly.example>"},
)

FORWARDED = mail(
    "FYI\n\n---------- Forwarded message ---------\nFrom: Mira Sen <mira@shop.example>\n"
    "Date: Thu, 19 Nov 2026 at 18:02\nSubject: Toner\nTo: Tom <tom@firm.example>\n\nWhere can we buy toner?\n\n"
    "Kind regards,\nMira Sen\nShop Example",
    sender="Tom <tom@firm.example>",
    subject="Fwd: Toner",
    id_="f1@firm.example",
)

REPLY = mail(
    "Yes, with the new firmware too.\n\nBest regards,\nAsha Rao\nCustomer Ltd\n+44 20 7946 0000\n"
    "https://customer.example\n\nOn Fri, 20 Nov 2026 at 10:00, Support <support@firm.example> wrote:\n"
    "> Does it jam with the new firmware?\n> Tom",
    subject="Re: Paper jam",
    id_="m2@customer.example",
    results=signed_by("customer.example"),
    more={
        "In-Reply-To": "<a1@firm.example>",
        "References": "<m1@customer.example> <a1@firm.example>",
    },
)
