"""Reading within bounds of time and memory, in a process of its own.

What parses what others wrote holds regular expressions and C code that a few bytes made for it can keep busy for hours
(an author of 1 MB of "a." keeps feedparser's search for an e-mail address busy for days), and no thread can be stopped
from outside. A process can.
"""

import contextlib
import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import msgspec

from overheard.collectors.base import PAGE, Reading, Rejected, Source
from overheard.collectors.pages.article import IsRelevant, everything, read_page
from overheard.errors import InputError
from overheard.records import Fetch, Mention, digest

# The largest body that is fetched, 10 MB, takes feedparser 7 s where it is well-formed and 16 s where it is not.
SECONDS = 60.0
_START = 60.0
_MEMORY = 1 << 30
_HALF = "expected whole characters; one is half of one (a surrogate without its other), which nothing can write down"


def read_here(source: Source, fetch: Fetch) -> Reading:
    """Return the reading of a fetch, made in this process without bounds of time. Raises InputError."""
    return _read(source, fetch, everything)


def _read(source: Source, fetch: Fetch, is_relevant: IsRelevant) -> Reading:
    """Return the reading of what came of a source, or of the page of one of its entries."""
    if fetch.purpose == PAGE and fetch.about is not None:
        return _writable(read_page(fetch, fetch.about, is_relevant), fetch)
    return _writable(source.read(fetch), fetch)


def _writable(reading: Reading, fetch: Fetch) -> Reading:
    """Return a reading that can be written down: a post with half a character is rejected, and all else stays.

    JSON may say "\\ud800", and Python reads it; UTF-8 has no such thing: whoever writes it fails.
    Raises InputError where it stands beside the posts.
    """
    if _is_writable(replace(reading, rejected=())):  # what says why is cleaned where it is written
        return reading
    mentions = [(one, one.id, _is_writable(one)) for one in reading.mentions]
    deletions = [(one, one.mention.id, _is_writable(one)) for one in reading.deletions]
    bad = [id_ for _, id_, good in (*mentions, *deletions) if not good]
    left = replace(
        reading,
        mentions=tuple(one for one, _, good in mentions if good),
        deletions=tuple(one for one, _, good in deletions if good),
        rejected=(),
    )
    if not _is_writable(left):
        raise InputError(_HALF, where=fetch.url)
    rejected = (Rejected(f"{fetch.url}, {id_}", _HALF, digest(fetch.source, id_, _HALF)) for id_ in bad)
    return replace(left, rejected=(*reading.rejected, *rejected))


def _is_writable(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    return True


class BoundedReader:
    """Reads fetches in a child process, which is started with the first and again after one that went wrong.

    A context manager; thread-safe, one reading at a time. Sources must be picklable. Of the page of an entry no more is
    read than whether it is relevant, where it is not: `sieve` returns what tells that of a text, in the child process,
    which gets it anew when another one is returned. It must be picklable. `passes` says of an entry, as its source gave
    it, that its page is to be read whatever it holds. What they raise is raised by `read`.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        *,
        sieve: Callable[[], IsRelevant] = lambda: everything,
        passes: Callable[[Mention], bool] = lambda _: False,
    ) -> None:
        self._seconds = seconds
        self._sieve = sieve
        self._passes = passes
        self._known: IsRelevant | None = None  # to the child process
        self._lock = threading.Lock()
        self._child: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def read(self, source: Source, fetch: Fetch) -> Reading:
        """Return what `source` reads in `fetch`. Raises InputError where it cannot, or not within the bounds."""
        with self._lock:
            request = self._request(source, fetch)
            try:
                pipe = self._pipe or self._start()
                pipe.send(request)
                if not pipe.poll(self._seconds):
                    self._stop()
                    message = f"expected a body that can be read within {self._seconds:g} s; it took longer"
                    raise InputError(message, where=fetch.url)
                answer = pipe.recv()
            except (EOFError, OSError) as e:
                self._stop()
                message = f"expected a body that can be read; reading it ended the process that read: {e!r}"
                raise InputError(message, where=fetch.url) from e
        if isinstance(answer, Reading):
            return answer
        message, where = answer
        raise InputError(message, where=where)

    def _request(self, source: Source, fetch: Fetch) -> "_Request":
        if fetch.purpose != PAGE or fetch.about is None:
            return source, fetch, False, None
        sieve = self._sieve()
        new = None if sieve is self._known else sieve
        self._known = sieve
        return source, fetch, not self._passes(fetch.about), new

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _start(self) -> Connection:
        # Not a fork: threads that hold locks, and SQLite's connections, must not be inherited.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(theirs,), name="overheard-reader", daemon=True)
        self._child.start()
        theirs.close()
        # What a reading takes is counted from here: on a busy machine the imports alone take seconds.
        if not self._pipe.poll(_START):
            msg = f"the process that reads did not start within {_START:g} s"
            raise OSError(msg)
        self._pipe.recv()
        return self._pipe

    def _stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.kill()
            self._child.join()
            self._child.close()
        self._pipe = self._child = self._known = None


# What is asked of the child process: whether it has to look by its sieve, and the sieve where that is another one.
_Request = tuple[Source, Fetch, bool, IsRelevant | None]


def _serve(pipe: Connection) -> None:
    """Answer each request with a Reading, or with message and place of an error, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the parent, which closes the pipe
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    sieve: IsRelevant = everything
    pipe.send(None)  # ready
    while True:
        try:
            source, fetch, sifted, new = pipe.recv()
        except EOFError:
            return
        sieve = new or sieve
        answer: Reading | tuple[str, str]
        try:
            answer = _read(source, fetch, sieve if sifted else everything)
        except InputError as e:
            answer = (str(e).removeprefix(f"{e.where}: "), e.where)
        except MemoryError:
            answer = (f"expected a body that can be read in {_MEMORY >> 20} MB of memory; it takes more", fetch.url)
        pipe.send(answer)
