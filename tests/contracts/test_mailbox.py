"""A mailbox keeps the contract of a source, on a batch of made-up messages."""

from pathlib import Path
from typing import ClassVar

from overheard.collectors.mail.mailbox import Mailbox
from overheard.testing import SourceContract, recordings_in

_ROOT = Path(__file__).parents[2]


class TestMailbox(SourceContract):
    source = Mailbox(
        name="support",
        host="mx.firm.example",
        user="support@firm.example",
        password_env="MAIL_PASSWORD",
        me=("firm.example",),
    )
    recordings = recordings_in(Path(__file__).parent / "recordings" / "mailbox")
    documentation: ClassVar[Path | None] = _ROOT / "docs" / "sources" / "mailbox.md"
    exempt: ClassVar[dict[str, str]] = {"asks_over_http": "it is asked by IMAP"}
