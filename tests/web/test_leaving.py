"""What may leave of results that tell of posts without holding them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from overheard.index.base import Hit
from overheard.records import Policy, Snippet
from overheard.web.leaving import leaving
from overheard.web.results import ConcernOf
from tests.index.world import incident

INCIDENT = incident(1, "The pump hums. It also leaks.", source="forum")
KEPT, CUT = "The pump hums. ", "It also leaks."
TERMS = "https://forum.example/terms"


@dataclass
class Sources:
    """A record with these posts."""

    policy: Policy
    posts: Mapping[str, bytes] = field(default_factory=dict)

    def policies(self) -> Mapping[str, Policy]:
        return {"forum": self.policy}

    def get(self, id: str) -> Hit | None:  # noqa: A002 - as of `Service`
        return Hit(id, 1, 1, "incident", self.posts[id]) if id in self.posts else None


def record(policy: Policy) -> Sources:
    return Sources(policy, {INCIDENT.id: msgspec.json.encode(INCIDENT)})


def concern(*snippets: Snippet) -> ConcernOf:
    return ConcernOf(
        product="pump", topic="noise", query="noise", posts=1, recent=1, before=0, by_month={}, snippets=snippets
    )


def snippet(exact: str, mention: str = INCIDENT.mention.id) -> Snippet:
    start = (KEPT + CUT).index(exact)
    return Snippet(
        id=f"sni_{start}", mention=mention, target="pump", exact=exact, prefix="The pump hu", suffix="It also",
        start=start, end=start + len(exact), text_hash="x", polarity="neutral", confidence=1.0,
    )  # fmt: skip


def test_a_snippet_of_a_text_of_which_less_is_kept_by_now_leaves_as_far_as_that_is() -> None:
    given = concern(snippet("pump hums"), snippet("leaks"))
    left = leaving(given, record(Policy(text=20, terms=TERMS)))
    assert [(one.exact, one.prefix, one.suffix) for one in left.snippets] == [("pump hums", "", "")]
    assert TERMS in left.withheld


def test_snippets_stay_where_all_that_they_are_of_does() -> None:
    given = concern(snippet("pump hums"))
    assert leaving(given, record(Policy(text=1_000))) is given


def test_what_a_policy_leaves_out_of_a_post_does_not_leave_as_its_snippet() -> None:
    left = leaving(concern(snippet("leaks")), record(Policy(without=("text",))))
    assert left.snippets == ()


def test_a_snippet_of_a_post_that_is_on_no_record_does_not_leave() -> None:
    left = leaving(concern(snippet("leaks", "men_unknown")), record(Policy(export="link")))
    assert left.snippets == ()
    assert "on no record" in left.withheld
