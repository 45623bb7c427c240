"""Whether a source's validators (ETag, Last-Modified) are to be believed. Pure.

Some servers say 304 though the content changed: a broken cache, a date compared wrongly. It is found out by a request
without validators now and then (`to_sample`): a look. If it finds entries that are new

    under the same validators     ─▶ the 304s before were lies: distrusted
    under other validators        ─▶ they may have changed in between: doubted, the old ones are sent once more
                                       ├─▶ 304 to what is known to be old: distrusted
                                       └─▶ a body: all is well

and of a distrusted source, and only of that one, the validators are left out until a date. Then it gets another chance.
"""

from datetime import datetime, timedelta

import msgspec

from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.polling.rhythm import expected_silence
from overheard.records import PollState

SAMPLE_EVERY = timedelta(days=1)
# The first looks are taken daily whatever the rhythm says: it is not known yet.
FIRST_SAMPLES = 3
_UNKNOWN_SILENCE = timedelta(days=7)
# A server is seldom mended within a week; each further lie doubles that.
DISTRUST = timedelta(days=7)
_DOUBLINGS = 3


def validators_of(state: PollState) -> tuple[str, str]:
    """Return the ETag and Last-Modified to send with the next request, byte for byte as they came; "" to send none."""
    if state.sample or state.distrusted:
        return "", ""
    return state.etag, state.last_modified


def honours_validators(state: PollState) -> bool:
    """True where the source has validators, has answered 304 to them, and they are in use."""
    return bool(state.etag or state.last_modified) and state.honoured is not None and state.distrusted is None


def weigh(state: PollState, answer: Answer, *, news: bool, now: datetime) -> PollState:
    """Return the state after an answer that came well, with the validators to keep and what is thought of them.

    `state` is the one that was asked from; `news` whether the body that came held anything new or changed: entries, not
    bytes, since many servers write the time of day into a body that is else the same.
    """
    if answer.kind == "unmodified":
        if state.doubted:
            return _distrusted(state, now)
        # An answer without a validator takes the old one back; a 304 may leave it out.
        return msgspec.structs.replace(
            state,
            etag=answer.headers.get("etag", state.etag),
            last_modified=answer.headers.get("last-modified", state.last_modified),
            honoured=now,
            unmodified=state.unmodified + 1,
            sample=False,
        )
    came = (answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))
    looked = state.sample and state.unmodified > 0
    known = (state.etag, state.last_modified)
    state = msgspec.structs.replace(
        state,
        unmodified=0,
        sampled=now,
        sample=False,
        samples=state.samples + looked,
        doubted=False,
        distrusted=state.distrusted if state.distrusted and state.distrusted > now else None,
    )
    if looked and news and came == known:
        return _distrusted(state, now)
    if looked and news and any(came):
        return msgspec.structs.replace(state, doubted=True)
    return msgspec.structs.replace(state, etag=came[0], last_modified=came[1])


def to_sample(state: PollState, due: datetime) -> bool:
    """True where the next request, at `due`, is to be a look: the source says 304 for longer than its rhythm explains.

    That is half of the silence that is expected at most, a week where the rhythm is not known, and half as long again
    as the silence was at the last look; never sooner than a day after the last body.
    """
    if not state.unmodified or state.doubted or state.sampled is None or not any(validators_of(state)):
        return False
    since = due - state.sampled
    if since < SAMPLE_EVERY:
        return False
    if state.samples < FIRST_SAMPLES:
        return True
    explained = _UNKNOWN_SILENCE
    if state.rhythm and (silence := expected_silence(state.rhythm)):
        explained = silence / 2
    last = state.rhythm.last if state.rhythm else None
    if last is not None and state.sampled > last:
        explained = max(explained, (state.sampled - last) / 2)
    return since >= explained


def _distrusted(state: PollState, now: datetime) -> PollState:
    """Return the state of a source that was caught: no validators until a date; then the first looks again."""
    until = now + DISTRUST * (1 << min(state.lies, _DOUBLINGS))
    return msgspec.structs.replace(
        state, distrusted=until, lies=state.lies + 1, doubted=False, sample=False, unmodified=0, samples=0
    )
