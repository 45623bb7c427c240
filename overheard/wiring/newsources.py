"""Sources set up one by one: what a kind asks for, tried, and written at the end of the settings.

kind or address ─▶ form ─▶ given ─▶ source ─▶ tried ─▶ kept in the file of the settings
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from overheard import __version__
from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Fetcher
from overheard.collectors.polling.bounded import BoundedReader
from overheard.collectors.polling.collect import Read
from overheard.config.settings import Settings
from overheard.config.toml import read
from overheard.errors import ConfigError, InputError, NotFoundError
from overheard.log.base import Log
from overheard.web.newsource import Given, Guess, SourceForm, SourceKind, Trial
from overheard.wiring import plugins
from overheard.wiring.feeds import fetcher_of
from overheard.wiring.guesses import guessed
from overheard.wiring.kinds import KINDS, kinds, load_settings
from overheard.wiring.secrets import beside
from overheard.wiring.settingsfile import write_settings
from overheard.wiring.sourceforms import form_of, name_for, source_of, table_text
from overheard.wiring.system import utc_now
from overheard.wiring.trialbudgets import TrialBudget
from overheard.wiring.trials import tried

# Given beside the settings of a source: who asks.
_CONTACT = "contact"
CONTACT = (
    "expected `contact` in [http] of the settings: an e-mail address or URL at which the owners of the sites that are "
    "asked can reach you; it is empty. Give it first"
)


class FileNewSources:
    """`NewSources` on a file of settings, which is made where there is none.

    `read` is how what comes is read: without it in a process of its own, within bounds. `log` opens the log in which
    budgets are counted; without it they are not.
    """

    def __init__(
        self,
        config: Path,
        *,
        log: Callable[[], AbstractContextManager[Log]] | None = None,
        read: Read | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config = config
        self._log = log
        self._read = read
        self._clock = clock
        self._turn = threading.Lock()

    @property
    def config(self) -> Path:
        """The file."""
        return self._config

    def needs_contact(self, kind: str = "") -> bool:
        """See `NewSources.needs_contact`."""
        return not self._settings().http.contact and (not kind or self._kind(kind).is_web())

    def kinds(self) -> Sequence[SourceKind]:
        """See `NewSources.kinds`."""
        brought = plugins.beside(KINDS, plugins.installed()).usable
        own = [SourceKind(name, about(kind), f"Overheard {__version__}") for name, kind in KINDS.items()]
        return [*own, *(SourceKind(name, about(one.kind), one.origin) for name, one in brought.items())]

    def form(self, kind: str) -> SourceForm:
        """See `NewSources.form`."""
        found = self._kind(kind)
        said = next(one for one in self.kinds() if one.name == kind)
        return form_of(found, said)

    def guess(self, typed: str, contact: str = "") -> Guess:
        """See `NewSources.guess`."""
        with self._client((), contact) as fetcher:
            return guessed(typed, kinds(), fetcher, self._clock)

    def name_for(self, kind: str, given: Given) -> str:
        """See `NewSources.name_for`."""
        fields = [one.name for one in msgspec.structs.fields(self._kind(kind))]
        order = [*[one.name for one in self.form(kind).questions if one.name in fields]]
        return name_for(kind, given, [one.name for one in self._settings().sources], order)

    def draft(self, kind: str, given: Given) -> str:
        """See `NewSources.draft`."""
        _, table = source_of(self._kind(kind), _without_contact(given))
        self._new_name(table["name"])
        return table_text(kind, table)

    def try_out(self, kind: str, given: Given) -> Trial:
        """See `NewSources.try_out`."""
        source, _ = source_of(self._kind(kind), _without_contact(given))
        (source,) = [one for one in beside(self._config.parent, [source]) if isinstance(one, Source)]
        with self._client([source], given.get(_CONTACT, "")) as fetcher, self._budget(source) as budget:
            if self._read is not None:
                return tried(source, fetcher, self._read, self._clock, budget)
            with BoundedReader() as reader:
                return tried(source, fetcher, reader.read, self._clock, budget)

    def keep(self, kind: str, given: Given) -> str:
        """See `NewSources.keep`."""
        with self._turn:
            text = self.draft(kind, given)
            old = read(self._config) if self._config.exists() else ""
            write_settings(
                self._config,
                f"{_with_contact(old, given.get(_CONTACT, '').strip()).rstrip()}\n\n{text}".lstrip(),
                added="a table",
                advice="Nothing was written: mend that, and try again",
            )
        return given["name"].strip()

    # -----------------------------------------------------------------------------------------------------------------

    def _settings(self) -> Settings:
        return load_settings(self._config) if self._config.exists() else Settings()

    @contextmanager
    def _budget(self, source: Source) -> Iterator[TrialBudget | None]:
        """Give the budget that a source shares with those that are kept; None where none of them has any."""
        kept = [one for one in self._settings().sources if isinstance(one, Source)]
        if self._log is None or all(one.allowance is None for one in (*kept, source)):
            yield None
            return
        with self._log() as log:
            yield TrialBudget(log, source, kept, self._clock)

    def _kind(self, name: str) -> type[Source]:
        found = kinds().get(name)
        if found is None:
            known = ", ".join(kinds())
            raise NotFoundError(f"expected a kind of source, or an http(s) address; got {name[:60]!r}. Kinds: {known}")
        return found

    def _new_name(self, name: str) -> None:
        other = next((one for one in self._settings().sources if one.name == name), None)
        if other is not None:
            raise InputError(f"expected a name of its own; a {other.kind} is called {name!r}", where="name")

    @contextmanager
    def _client(self, sources: Sequence[Source], given: str) -> Iterator[Fetcher]:
        settings = self._settings()
        contact = settings.http.contact or given.strip()
        if not contact and (not sources or any(one.is_web() for one in sources)):
            raise ConfigError(CONTACT)
        http = msgspec.structs.replace(settings.http, contact=contact)
        fetcher = fetcher_of(msgspec.structs.replace(settings, http=http, sources=tuple(sources)))
        try:
            yield fetcher
        finally:
            fetcher.close()


def _without_contact(given: Given) -> Given:
    return {name: value for name, value in given.items() if name != _CONTACT}


def about(kind: type[Source]) -> str:
    """Return what a kind of source is, in the first sentence of its documentation."""
    words = " ".join((kind.__doc__ or "").split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", words, maxsplit=1)[0]


def _with_contact(text: str, contact: str) -> str:
    """Return settings in which `contact` of [http] is said, where it was not."""
    if not contact:
        return text
    try:
        document = tomlkit.parse(text)
        said = document.get("http", {})
        if isinstance(said, Mapping) and said.get("contact"):
            return text
        if "http" not in document:
            return f"{text.rstrip()}\n\n[http]\ncontact = {tomlkit.item(contact).as_string()}\n"
        document["http"]["contact"] = contact
        return tomlkit.dumps(document)
    except TOMLKitError as e:
        raise ConfigError(f"expected TOML in the settings; got what cannot be read: {e}") from e
