"""Looks at the pages of entries that may have been deleted, once after each poll of their source that went well.

Shown.missing ─▶ look ─▶ … the request … ─▶ 404, 410: deleted; a page: there; else asked again after another poll
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec

from overheard.collectors.base import Deletion
from overheard.collectors.fetching.fetch import Answer, Course, site_of
from overheard.collectors.polling.collect import Collector
from overheard.collectors.polling.jobs import Job, Jobs
from overheard.collectors.polling.missing import Fate, looked
from overheard.collectors.polling.pollstate import State, load_shown, save_states, shown_key, source_key
from overheard.collectors.polling.sites import Sites
from overheard.log.base import Log
from overheard.records import Mention, PollState, ShownEntry

# `Fetch.purpose` of a look.
LOOK = "look"
HTML = "text/html, application/xhtml+xml, */*;q=0.1"
# What the page of an entry says that is deleted: nothing there, gone.
_GONE = frozenset({404, 410})


class Looks:
    """The looks of one poller, owned by its thread; `states` are those of its sources, by name."""

    def __init__(
        self,
        log: Log,
        jobs: Jobs,
        sites: Sites,
        collector: Collector,
        *,
        clock: Callable[[], datetime],
        states: dict[str, PollState],
    ) -> None:
        self._log = log
        self._jobs = jobs
        self._sites = sites
        self._collector = collector
        self._clock = clock
        self._states = states
        self._keys: dict[str, str] = {}  # of each look that waits or is under way, its source

    def keys(self) -> set[str]:
        """Return the keys of the looks at what the sources of now have shown."""
        self._keys = {key: name for key, name in self._keys.items() if name in self._states}
        return set(self._keys)

    def begin(self, name: str) -> None:
        """Have the pages of a source's missing entries asked, after a poll that is over."""
        state = self._states[name]
        shown = load_shown(self._log, name) if state.looks and not state.error else None
        for one in shown.missing if shown else ():
            key, site = f"look {name} {one.id}", site_of(one.url)
            if site and key not in self._jobs and not self._sites.is_quiet(site):
                course = Course(name, one.url, one.url, purpose=LOOK, accept=HTML)
                self._keys[key] = name
                self._jobs.put(key, Job(course, self._clock(), partial(self._answered, one), [name], "page"))

    def _answered(self, entry: ShownEntry, key: str, job: Job, answer: Answer) -> None:
        """Publish that an entry is gone where its page says so."""
        self._keys.pop(key, None)
        name = job.sources[0]
        changed: dict[str, State] = {**self._sites.heed(answer)}
        state, known = self._states.get(name), load_shown(self._log, name)
        if state is not None and known is not None and entry.id in {one.id for one in known.missing}:
            fate: Fate = "unknown"
            if answer.status in _GONE:
                fate = "gone"
                left = Mention(
                    id=entry.id, platform="web", source=name, content="", url=entry.url, first_seen=self._clock()
                )
                self._collector.delete(name, [Deletion(left)])
            elif answer.kind in ("fetched", "unmodified"):
                fate = "there"
            shown = looked(known, entry.id, fate)
            new = msgspec.structs.replace(state, looks=len(shown.missing), requests=state.requests + job.sent)
            self._states[name] = new
            changed |= {shown_key(name): shown, source_key(name): new}
        # Else it was taken out of the settings, or is back in the source, in the meantime.
        if changed:
            save_states(self._log, changed, self._clock())
