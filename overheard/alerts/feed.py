"""Deliveries as a feed: RSS 2.0, for any reader. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree

from overheard.alerts.deliveries import FEED
from overheard.alerts.message import Writer
from overheard.alerts.words import ENGLISH, shown
from overheard.records import Delivery
from overheard.wording import Locale

MOST = 50
PATH = "/feeds/alerts.xml"
CONTENT_TYPE = "application/rss+xml; charset=utf-8"
_PAGES = {"digest": "", "health": "sources"}
_ATOM = "http://www.w3.org/2005/Atom"


def feed(deliveries: Iterable[Delivery], address: str, now: datetime, *, locale: Locale = ENGLISH) -> bytes:
    """Return the feed of the newest 50 alerts and digests; `deliveries` may hold those of other channels too.

    `address` is where the pages are; times in the texts are as `locale` writes them. An item's guid is its
    delivery's id. What is left of an alert whose post was deleted is not shown.
    """
    address = address.rstrip("/")
    writer = Writer(address, locale)
    mine = [d for d in deliveries if d.channel == FEED and (d.items or d.kind != "alert")]
    newest = sorted(mine, key=lambda d: (d.created, d.id), reverse=True)[:MOST]
    rss = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": _ATOM})
    channel = etree.SubElement(rss, "channel")
    _add(channel, "title", "Overheard: alerts and digests")
    _add(channel, "link", f"{address}/")
    _add(channel, "description", "What matters of what was said, and complaints by customers at once")
    _add(channel, "lastBuildDate", _date(newest[0].created if newest else now))
    itself = {"href": f"{address}{PATH}", "rel": "self", "type": "application/rss+xml"}
    etree.SubElement(channel, f"{{{_ATOM}}}link", itself)
    for delivery in newest:
        item = etree.SubElement(channel, "item")
        _add(item, "title", shown(delivery.subject))
        link = delivery.items[0].page if delivery.kind == "alert" else f"{address}/{_PAGES[delivery.kind]}"
        _add(item, "link", link)
        guid = etree.SubElement(item, "guid", {"isPermaLink": "false"})
        guid.text = delivery.id
        _add(item, "pubDate", _date(delivery.created))
        _add(item, "category", delivery.kind)
        _add(item, "description", writer.fragment(delivery))
    document: bytes = etree.tostring(rss, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _date(time: datetime) -> str:
    return format_datetime(time.astimezone(UTC), usegmt=True)
