"""Chats and leads that are laid down as files keep the contract of a source, on made-up ones in their forms."""

from pathlib import Path
from typing import ClassVar

from overheard.collectors.laid.leads import Leads
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.testing import SourceContract, recordings_in

_RECORDINGS = Path(__file__).parent / "recordings"
_DOCS = Path(__file__).parents[2] / "docs" / "sources"
_EXEMPT = {"asks_over_http": "it is files on this machine"}
# The kit takes a chat for a list of cells between commas.
_NO_LIST = {
    "ids_survive_reordering": "a message is known by its place among those of its minute",
    "what_is_left_out_is_said": "without its date a line belongs to the message above it",
}


class TestWhatsApp(SourceContract):
    source = WhatsApp(name="chats", path="/laid", me=("Paperfold Support",), time_zone="Asia/Kolkata", region="IN")
    recordings = recordings_in(_RECORDINGS / "whatsapp")
    documentation: ClassVar[Path | None] = _DOCS / "whatsapp.md"
    exempt: ClassVar[dict[str, str]] = _EXEMPT | _NO_LIST


class TestLeads(SourceContract):
    source = Leads(name="marketplace", path="/laid", region="IN")
    recordings = recordings_in(_RECORDINGS / "leads")
    documentation: ClassVar[Path | None] = _DOCS / "leads.md"
    exempt: ClassVar[dict[str, str]] = _EXEMPT
