"""A simulated month of one poller in a web of many sites: every rule of politeness kept, nothing lost, nothing doubled.

The sites are in `behaviour/web.py`, the rules in `behaviour/rules.py`. The poller is killed dozens of times, between
any two of its writes.
"""

import ssl
import subprocess
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from tests.collectors.behaviour.month import CONTACT, GAP, Clock, Month, forget, live
from tests.collectors.behaviour.rules import MINUTE, RULES, Seen, Verdict, judge, table
from tests.collectors.behaviour.scripts import START
from tests.collectors.behaviour.server import Asked, Exchange, Reply, Server
from tests.collectors.behaviour.web import Web, web


@dataclass
class World:
    web: Web
    month: Month
    verdicts: list[Verdict]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A month in which nobody is killed."""
    return month_in(tmp_path_factory.mktemp("calm"), kills=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A month in which the poller is killed now and again."""
    return month_in(tmp_path_factory.mktemp("behaviour"), kills=True)


def month_in(folder: Path, *, kills: bool) -> World:
    tls = expired_certificate(folder, "expired.example")
    sites, clock = web(), Clock()
    server = Server(sites, clock, tls=tls)
    try:
        with pytest.MonkeyPatch.context() as patch, Folder(folder / "data") as data:
            patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
            month = live(sites, server, clock, data, kills=kills)
    finally:
        server.close()
    seen = Seen(sites, month.exchanges, CONTACT, timedelta(seconds=GAP))
    return World(sites, month, judge(seen))


def expired_certificate(folder: Path, host: str) -> ssl.SSLContext:
    """Return a server's context with a certificate for a host that was good until yesterday, by a known authority."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    (folder / "ext").write_text(f"subjectAltName=DNS:{host}\n", "utf-8")
    for command in (
        ("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority"),
        ("req", *key, "-keyout", "site.key", "-out", "site.csr", "-subj", f"/CN={host}"),
        ("x509", "-req", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "-1",
         "-extfile", "ext", "-out", "site.pem"),
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    return context


def test_no_rule_was_broken(calm: World) -> None:
    print(f"\n{len(calm.month.exchanges):,} requests in 30 days\n{table(calm.verdicts)}")
    assert [(one.rule, one.breaches[:3]) for one in calm.verdicts if one.breaches] == []


def test_every_rule_was_at_stake(world: World) -> None:
    assert [one.rule for one in world.verdicts if not one.checks] == []


@pytest.mark.long
def test_no_rule_was_broken_though_the_poller_was_killed(world: World) -> None:
    print(f"\n{len(world.month.exchanges):,} requests in 30 days, {world.month.kills} kills\n{table(world.verdicts)}")
    assert [(one.rule, one.breaches[:3]) for one in world.verdicts if one.breaches] == []


def test_the_poller_was_killed_dozens_of_times(world: World) -> None:
    assert world.month.kills > 24


def test_nothing_is_lost(world: World) -> None:
    owed = world.web.owed()
    assert len(owed) > 1_000
    found = {event.data.url for event in world.month.mentions}
    assert [link for link in owed if link not in found] == []


def test_nothing_is_doubled(world: World) -> None:
    created = Counter(event.data.url for event in world.month.mentions if event.verb == "Create")
    assert [link for link, number in created.items() if number > 1] == []
    versions = Counter((event.subject, event.sourceversion) for event in world.month.mentions)
    assert [one for one, number in versions.items() if number > 1] == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("expired", "certificate has expired"),
        ("closed.example/private/feed", "its robots.txt asks robots not to fetch this address"),
        ("unruly.example/feed", "Until it can be had nothing is asked"),
        ("gone.example/feed", "got 410"),
        ("seconds.example/feed", "got 429"),
        ("circle.example/feed", "expected at most 5 redirects"),
        ("error-page.example/feed", "expected RSS, Atom, RDF or JSON Feed"),
        ("broken.example/feed", "expected RSS, Atom, RDF or JSON Feed"),
        ("truncated.example/feed", "expected a complete HTTP answer"),
        ("silent.example/feed", "expected the whole answer within 2 s"),
        ("drip.example/feed", "expected the whole answer within 2 s"),
        ("reset.example/feed", "expected a complete HTTP answer"),
        ("bomb.example/feed", "inflates to more"),
        ("endless.example/feed", "sends more"),
        ("nameless.example/feed", "expected the address of 'nameless.example'; got none"),
        ("refuses.example", "too many requests"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(world: World, source: str, words: str) -> None:
    said = [message for name, errors in world.month.errors.items() if name.endswith(source) for message in errors]
    assert any(words in message for message in said), said


def test_what_went_wrong_for_a_time_is_well_again_in_the_end(world: World) -> None:
    never = ("expired", "closed.example/private/feed", "gone.example/feed")
    ill = {name: state.error for name, state in world.month.states.items() if state.error and not name.endswith(never)}
    assert ill == {}


def test_a_kill_excuses_one_request_for_an_address_and_no_more(tmp_path: Path) -> None:
    sites, rule = web(), "without validators hourly at most"
    asked = Asked(START, "plain.example", "GET", "/feed", {})
    lives = [
        [
            Exchange(replace(asked, at=START + number * MINUTE), Reply(200, good=True), 1)
            for number in range(first, last)
        ]
        for first, last in ((0, 1), (1, 3), (3, 4))
    ]
    with Folder(tmp_path / "data") as folder, closing(EmbeddedLog(folder)) as log:
        for life in lives:
            forget(sites, life, 80, log)
    exchanges = [one for life in lives for one in life]
    assert [one.forgotten for one in exchanges] == [True, False, True, True]
    verdicts = {one.rule: one for one in judge(Seen(sites, exchanges, CONTACT, timedelta(seconds=GAP)))}
    (breach,) = verdicts[rule].breaches
    assert "plain.example/feed 04 00:01" in breach


def test_a_rude_reader_is_found_out() -> None:
    """Every rule can be broken: a reader that breaks them one after the other is seen to."""
    rude = {"user-agent": ("Mozilla",), "cookie": ("a=1",), "if-none-match": ('"made up"',)}
    asked = Asked(START, "limits.example", "GET", "/", {})
    sites = web()

    def exchange(url: str, minutes: float, reply: Reply, at_once: int = 1, **headers: str) -> Exchange:
        host, _, path = url.partition("/")
        sent = rude | {name.replace("_", "-"): (value,) for name, value in headers.items()}
        return Exchange(
            replace(asked, at=START + 12 * 60 * timedelta(minutes=1) + timedelta(minutes=minutes), host=host,
                    target=f"/{path}", headers=sent), reply, at_once,
        )  # fmt: skip

    moved = Reply(301, {"Location": "http://moved-to.example:{port}/new"})
    good, tagged = Reply(200, good=True), Reply(200, {"ETag": '"1"'}, good=True)
    exchanges = [
        exchange("plain.example/feed", 0, good, 2),
        exchange("plain.example/feed?no=cache", 1, Reply(404)),
        exchange("plain.example/feed", 2, good),
        exchange("plain.example/feed", 2, good, if_none_match=""),
        exchange("plain.example/feed", 3, Reply(500)),
        exchange("plain.example/feed", 4, Reply(500)),
        exchange("rachel.example/feed", 0, tagged),
        exchange("rachel.example/feed", 5, tagged, if_none_match=""),
        exchange("seconds.example/feed", 0, Reply(429, {"Retry-After": "3600"})),
        exchange("seconds.example/other", 5, good),
        exchange("ttl.example/feed", 0, good),
        exchange("ttl.example/feed", 120, good),
        exchange("skip.example/feed", 0, good),
        exchange("skip.example/feed", 12 * 60, good),
        exchange("gone.example/feed", 0, Reply(410)),
        exchange("gone.example/feed", 600, Reply(410)),
        *(exchange("moved.example/feed", n, moved) for n in range(4)),
        exchange("for-now.example/feed", 0, Reply(302, {"Location": "http://elsewhere.example:{port}/now"})),
        *(exchange("circle.example/feed", n / 60, Reply(302, {"Location": "/feed"})) for n in range(9)),
        exchange("one.blogspot.com/feed", 0, good),
        exchange("closed.example/private/feed", 0, good),
        *(exchange(f"refuses.example/{n}", n, good) for n in range(4)),
        *(exchange(f"refuses.example/{n}", 100 + n, Reply(403)) for n in range(4)),
        exchange("liar.example/feed", 20 * 24 * 60, Reply(304, good=True)),
        exchange("liar.example/honest", 20 * 24 * 60, good, if_none_match=""),
        exchange("weak.example/feed", 0, good),
        *(exchange("twice.example/feed", 0, good) for _ in range(3)),
        *(exchange(f"{host}.example/feed", 3 * 24 * 60, good) for host in ("both", "also", "busy", "dates")),
    ]  # fmt: skip
    verdicts = judge(Seen(sites, exchanges, CONTACT, timedelta(seconds=GAP)))
    assert len(verdicts) == len(RULES)
    assert [one.rule for one in verdicts if not one.breaches] == []
