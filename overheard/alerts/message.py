"""A delivery in words: plain text, and HTML where everything from outside is escaped and nothing is loaded. Pure."""

from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from overheard.alerts.words import shown
from overheard.records import Delivery
from overheard.wording import Locale, when

_pages = Environment(
    loader=PackageLoader("overheard.alerts"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_texts = _pages.overlay(autoescape=False)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes deliveries for one firm: times and numbers as its `locale` writes them, links to its pages.

    `address` is where the pages are, without a slash at its end.
    """

    address: str
    locale: Locale

    def text(self, delivery: Delivery) -> str:
        """Return the delivery as plain text."""
        return _texts.get_template("message.txt").render(delivery=delivery, writer=self)

    def html(self, delivery: Delivery) -> str:
        """Return the delivery as a page of HTML for a mail."""
        return _pages.get_template("message.html").render(delivery=delivery, writer=self)

    def fragment(self, delivery: Delivery) -> str:
        """Return its items and notes as HTML without a page around them, for a feed."""
        return _pages.get_template("items.html").render(delivery=delivery, writer=self)

    def when(self, time: datetime) -> str:
        """Return a time as it is shown."""
        return when(time, self.locale)

    def line(self, text: str) -> str:
        """Return text from outside as one line, whatever a record holds."""
        return shown(text)
