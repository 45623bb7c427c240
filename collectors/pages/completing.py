"""Sources whose entries may be completed by the text of their pages."""

from overheard.collectors.base import Source


class CompletingSource(Source, frozen=True, kw_only=True):
    """A source that may give only a beginning of an entry. `articles`: such entries get the text of their pages."""

    asks = {
        "articles": "Whether entries that are only a beginning get the text of their pages.",
    }

    articles: bool = True

    @property
    def completes(self) -> bool:
        """As set by `articles`."""
        return self.articles
