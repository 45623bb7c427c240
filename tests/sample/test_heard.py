"""The sample world, heard by the real pipeline: what the world knows of itself is what comes out."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from overheard.records import Incident, Profile, contact_id
from overheard.sample import SampleServer, World, make_world, write_config
from overheard.sample.post import Post
from overheard.sample.site import BY_NAME
from overheard.urls import canonical_url
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_holdings, bring_purchases, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.service import SystemService
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import run_up


class Heard(NamedTuple):
    """The world, and by key of post the incident that it became."""

    world: World
    incidents: dict[str, Incident]
    fates: dict[str, dict[str, int]]
    lecturer: tuple[Profile, Profile]  # before and after somebody says that a talk is hers

    def posts(self) -> Iterator[tuple[Post, Incident | None]]:
        for post in self.world.posts:
            yield post, self.incidents.get(post.key)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = tmp_path_factory.mktemp("sample")
    world = make_world(utc_now() - timedelta(hours=1))
    with SampleServer(world, clock=lambda: world.now) as server:
        settings = load_settings(write_config(folder, server.address, world))
        with System(Path(settings.data), settings) as system:
            bring_watch(system, folder / "watch.toml")
            accounts = bring_accounts(system, folder / "accounts.csv")
            contacts = bring_contacts(system, folder / "contacts.csv")
            holdings = bring_holdings(system, folder / "holdings.csv")
            purchases = bring_purchases(system, folder / "purchases.csv")
            run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
            urls = {canonical_url(server.address + BY_NAME[p.site].permalink(p.key)): p.key for p in world.posts}
            incidents = {
                urls[canonical_url(event.data.mention.url)]: event.data
                for event in system.documents()
                if isinstance(event.data, Incident)
            }
            fates = {stage: dict(counts) for stage, counts in system.fates().items()}
            lecturer = _decided(system)
    for report, rows in (
        (accounts, world.accounts),
        (contacts, world.contacts),
        (holdings, world.holdings),
        (purchases, world.purchases),
    ):
        assert report.counts["created"] == len(rows)
        # A namesake at another firm is asked about.
        assert [row.name for row in report.rows if row.warnings] == (["Sneha Vaidyar"] if report is contacts else [])
    return Heard(world, incidents, fates, lecturer)


def _decided(system: System) -> tuple[Profile, Profile]:
    """Say of what waits on the lecturer's profile that it is hers; return her profile before and after."""

    def profile() -> Profile:
        hit = service.get(contact_id("crm", "C-206"))
        assert hit is not None
        assert isinstance(hit.record, Profile)
        return hit.record

    with closing(SystemService(system)) as service:
        before = profile()
        service.decide("same", before.waiting[0].id, before.id, by="test")
        return before, profile()


def test_every_post_is_collected_and_none_is_lost(heard: Heard) -> None:
    assert heard.fates["collect"] == {"collected": len(heard.world.posts)}
    assert sum(heard.fates["enrich"].values()) == len(heard.world.posts)
    assert not any(counts.get("dead") for counts in heard.fates.values())


def test_what_concerns_the_firm_passes_and_the_noise_does_not(heard: Heard) -> None:
    should = {post.key for post, _ in heard.posts() if heard.world.concerns(post)}
    assert should - heard.incidents.keys() == set()
    more = {post.kind for post, found in heard.posts() if found and post.key not in should}
    assert more == {"collision"}  # rivers and power lines are called like the machines
    dropped = len(heard.world.posts) - len(heard.incidents)
    assert dropped == heard.fates["enrich"]["dropped: no watched term, identity or source"]
    assert dropped > 80


def test_the_terms_that_a_post_is_about_are_found_in_it(heard: Heard) -> None:
    for post, incident in heard.posts():
        if incident is not None and post.kind != "collision":
            assert set(post.about) <= set(incident.about), post


def test_at_least_two_thirds_of_what_contacts_wrote_is_linked_to_them_and_nothing_else_is(heard: Heard) -> None:
    wrote = linked = wrong = 0
    for post, incident in heard.posts():
        authors = {
            party.subject
            for party in (incident.parties if incident else ())
            if party.role == "author" and party.outcome == "linked"
        }
        true = {contact_id("crm", post.contact)} if post.contact else set()
        wrote += bool(post.contact)
        linked += bool(authors & true)
        wrong += bool(authors - true)
        assert not post.known or authors == true, post
    print(f"{linked} of {wrote} posts by contacts are linked to their author, {wrong} to somebody else")
    assert linked >= 2 / 3 * wrote > 100
    assert wrong == 0


def test_a_full_name_in_an_article_is_linked_and_the_namesake_is_not(heard: Heard) -> None:
    named = linked = 0
    for post, incident in heard.posts():
        found = {
            party.subject: party.outcome
            for party in (incident.parties if incident else ())
            if party.role == "mentioned"
        }
        if "half marathon" in post.text:
            assert "linked" not in found.values()
        if incident is not None:
            for contact in post.names if post.kind != "named" else ():
                named += 1
                linked += found.get(contact_id("crm", contact)) == "linked"
    print(f"{linked} of {named} names in texts are linked")
    assert linked >= 2 / 3 * named > 3


def test_some_names_wait_for_a_person_and_a_namesake_on_both_profiles(heard: Heard) -> None:
    waiting = {
        key: {party.subject for party in incident.parties if party.outcome == "candidate"}
        for key, incident in heard.incidents.items()
    }
    waiting = {key: subjects for key, subjects in waiting.items() if subjects}
    assert 3 <= len(waiting) <= 5
    assert {post.key for post, _ in heard.posts() if post.kind == "named"} <= waiting.keys()
    assert {contact_id("crm", "C-205"), contact_id("crm", "C-206")} in waiting.values()


def test_a_decision_about_what_waits_changes_the_profile(heard: Heard) -> None:
    before, after = heard.lecturer
    assert (before.candidates, after.candidates) == (1, 0)
    assert after.incidents == before.incidents + 1
    assert before.waiting[0].id in {one.id for one in after.last}
