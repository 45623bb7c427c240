"""The places of the sample world where something is said, and in which form each publishes it."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["rss", "atom", "rdf", "ndjson", "json", "csv"]


@dataclass(frozen=True, slots=True)
class Site:
    """`name` is its source in the settings, `host` its address in the fiction, `owner` the contact who blogs."""

    name: str
    host: str
    title: str
    form: Form
    owner: str = ""

    @property
    def is_feed(self) -> bool:
        """True for a feed, False for a file of posts with handles."""
        return self.form in ("rss", "atom", "rdf")

    @property
    def path(self) -> str:
        """Where the sample server has the feed or file."""
        return f"/sites/{self.host}/{'feed.xml' if self.is_feed else f'posts.{self.form}'}"

    def permalink(self, key: str) -> str:
        """Return the path of the page of one post."""
        return f"/sites/{self.host}/posts/{key}"


FIRM = Site("sahyadri-news", "sahyadrispindles.example", "Sahyadri Spindles: news", "rss")
# Social platforms by their own names, so that the CRM's handles there are those of the posts.
SITES = (
    FIRM,
    Site("turning-times", "turningtimes.example", "Turning Times", "rss"),
    Site("chip-and-spark", "chipandspark.example", "Chip and Spark Monthly", "atom"),
    Site("deccan-ledger", "deccanledger.example", "The Deccan Ledger", "rdf"),
    Site("veltrani-blog", "veltrani.example", "Veltrani Machines: what moves", "rss"),
    Site("night-shift", "nightshift.example", "Chips and Coolant: notes from the night shift", "atom", "C-205"),
    Site("tool-room-notes", "toolroomnotes.example", "Tool Room Notes", "rss", "C-227"),
    Site("lathe-forum", "latheforum.example", "Lathe Forum", "atom"),
    Site("shop-jobs", "shopjobs.example", "Shop Jobs", "rss"),
    Site("x", "x.sample.example", "Posts on x", "ndjson"),
    Site("reddit", "reddit.sample.example", "Posts on reddit", "ndjson"),
    Site("mastodon", "shopfloor.example", "Posts on shopfloor.example", "json"),
    Site("youtube", "youtube.sample.example", "Comments under videos", "csv"),
)
BY_NAME = {site.name: site for site in SITES}
# Its every post passes: the trade press is read whole.
ALWAYS = "turning-times"
