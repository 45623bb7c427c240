"""`overheard sources add`: asked for, tried on local servers, kept, or said why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.polling.bounded import read_here
from overheard.wiring import newsources
from overheard.wiring.kinds import load_settings
from tests.cli.conftest import Command

TOKEN = "tok3nOfAsha"
RSS = """<rss version="2.0"><channel><title>Paper press</title>
<item><title>One</title><link>https://press.example/1</link><pubDate>Mon, 16 Nov 2026 09:00:00 GMT</pubDate></item>
<item><title>Two</title><link>https://press.example/2</link></item>
<item><title>Three</title><link>https://press.example/3</link></item>
<item><title>Four</title><link>https://press.example/4</link></item></channel></rss>"""
# What stands in a file of settings that a person wrote.
WRITTEN = """# ours
data = "there"   # not here

[http]
contact = "ops@firm.example"
allow_hosts = ["localhost"]
gap = 0
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def reader() -> Iterator[Any]:
        yield SimpleNamespace(read=read_here)

    # In this process: to start another takes seconds.
    monkeypatch.setattr(newsources, "BoundedReader", reader)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "overheard.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


@pytest.fixture
def base(httpserver: HTTPServer) -> str:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /private\n")
    return httpserver.url_for("").rstrip("/")


def hit(number: int) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "author": f"asha{number}",
        "title": f"Paperfold {number}",
        "created_at_i": 1_790_000_000 + number,
        "_tags": ["story", f"author_asha{number}", f"story_{number}"],
    }


def serve_hackernews(httpserver: HTTPServer, count: int = 5) -> None:
    httpserver.expect_request("/api/v1/search_by_date").respond_with_json({"hits": [hit(one) for one in range(count)]})


def test_without_a_kind_each_is_told_in_a_line(overheard: Command) -> None:
    said = overheard("sources", "add")
    assert said.status == 0
    lines = said.out.splitlines()
    assert any(line.startswith("mastodon ") for line in lines)
    assert any(line.startswith("feed ") and "RSS" in line for line in lines)
    assert {"kind": "feed"}.items() <= overheard("sources", "add", "--json").json[0].items()


def test_a_source_is_tried_shown_and_kept_at_the_end_of_what_was_written(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    serve_hackernews(httpserver)
    said = overheard("sources", "add", "hackernews", "-s", "query=paperfold", "-s", f"api={base}/api/v1", "--yes")
    assert said.status == 0, said.err
    assert "asha4" in said.out
    assert "Paperfold 2" in said.out
    assert "https://news.ycombinator.com/item?id=4" in said.out
    assert "5 posts came; the first 3 are shown" in said.out
    assert config.read_text().startswith(WRITTEN.rstrip())
    (source,) = load_settings(config).sources
    assert (source.kind, source.name) == ("hackernews", "hackernews-paperfold")
    again = overheard("sources", "add", "hackernews", "-s", "query=paperfold", "-s", f"api={base}/api/v1", "--yes")
    assert again.status == 0
    assert [one.name for one in load_settings(config).sources] == ["hackernews-paperfold", "hackernews-paperfold-2"]


def test_the_walk_asks_what_the_kind_needs_and_lets_one_correct(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    serve_hackernews(httpserver, 2)
    # query, author, item, everything …: too many are given at first; then the author is taken out.
    kind = load_settings(config)
    assert kind.sources == ()
    fields = [one.name for one in newsources.FileNewSources(config).form("hackernews").questions]
    first = {"query": "paperfold", "author": "asha"}
    second = {"author": "-", "name": "hn"}
    lines = [first.get(name, "") for name in fields] + ["c"] + [second.get(name, "") for name in fields] + ["y"]
    said = overheard("sources", "add", "hackernews", "-s", f"api={base}/api/v1", stdin="\n".join([*lines, ""]).encode())
    assert said.status == 0, said.out + said.err
    assert "expected one of" in said.out
    assert 'query = "paperfold"' in said.out
    (source,) = load_settings(config).sources
    assert source.name == "hn"


def test_what_is_refused_at_the_end_is_not_written(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    serve_hackernews(httpserver)
    where = ("sources", "add", "hackernews", "-s", "query=paperfold", "-s", f"api={base}/api/v1")
    fields = [one.name for one in newsources.FileNewSources(config).form("hackernews").questions]
    said = overheard(*where, stdin=("\n" * (len(fields) - 1) + "n\n").encode())
    assert said.status == 1
    assert "Nothing was written" in said.out
    dry = overheard(*where, "--yes", "--dry-run")
    assert dry.status == 0
    assert "Dry run" in dry.out
    assert config.read_text() == WRITTEN


def test_a_token_is_asked_for_by_its_place_and_never_taken_itself(config: Path, overheard: Command) -> None:
    for given in (
        TOKEN,
        "ghp" + "_0123456789abcdefghijABCDEFGHIJ012345",
        "AAAA%2F.BBBB-CCCC.dddd-eeee.ffffgggghhhhiiii",
    ):
        for name in ("token", "token_env"):
            said = overheard("sources", "add", "x", "-s", "query=paperfold", "-s", f"{name}={given}", "--yes")
            assert said.status == 1
            assert "never what it is" in said.err
            assert given not in said.out + said.err
    assert config.read_text() == WRITTEN


def test_of_what_is_paid_for_post_by_post_a_trial_reads_no_more_than_it_must(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_TOKEN", TOKEN)
    httpserver.expect_request("/2/tweets/search/recent").respond_with_json({"meta": {"result_count": 0}})
    said = overheard("sources", "add", "x", "-s", "query=a", "-s", "token=X_TOKEN", "-s", f"api={base}/2", "--yes")
    assert said.status == 0, said.out + said.err
    assert [request.args["max_results"] for request, _ in httpserver.log] == ["10"]
    assert "max_results" not in config.read_text()


@pytest.mark.parametrize(
    ("kind", "given", "there"),
    [
        ("github_webhook", "secret=OUR_SECRET", "/hooks/ours"),
        ("push", "secret=OUR_SECRET", "/hooks/ours"),
        ("push", "tokens=shop", "/v1/mentions"),
    ],
)
def test_of_what_is_pushed_it_is_said_where_to(
    config: Path, overheard: Command, kind: str, given: str, there: str
) -> None:
    said = overheard("sources", "add", kind, "-s", "name=ours", "-s", given, "--yes")
    assert said.status == 0, said.err
    assert f" to {there}, at the address of your pages" in " ".join(said.out.split())
    assert load_settings(config).sources


def test_terms_that_were_not_read_are_said_to_be_so(overheard: Command, config: Path) -> None:
    said = overheard("sources", "add", "facebook_page", stdin=b"\n\n\n\nq\n")
    assert "https://developers.facebook.com/terms/, which were not read" in said.out
    assert config.read_text() == WRITTEN


def test_what_may_be_a_token_is_not_proposed_when_it_is_corrected(config: Path, overheard: Command) -> None:
    names = [one.name for one in newsources.FileNewSources(config).form("x").questions]
    first = {"query": "paperfold", "token": TOKEN}
    lines = [first.get(name, "") for name in names] + ["c"] + [""] * len(names) + ["q"]
    said = overheard("sources", "add", "x", stdin="\n".join([*lines, ""]).encode())
    assert said.out.count("token: expected where the token is, never what it is") == 1
    assert "paperfold" in said.out, "all else is proposed"
    assert TOKEN not in said.out + said.err
    assert config.read_text() == WRITTEN


def test_a_token_that_is_not_there_or_not_taken_is_said_with_what_to_do(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return Response('{"meta": {"result_count": 0}}', content_type="application/json")
        return Response('{"title": "Unauthorized", "detail": "Unauthorized"}', 401, content_type="application/json")

    httpserver.expect_request("/2/tweets/search/recent").respond_with_handler(answer)
    where = ("sources", "add", "x", "-s", "query=paperfold", "-s", "token=OUR_X_TOKEN", "-s", f"api={base}/2", "--yes")
    monkeypatch.delenv("OUR_X_TOKEN", raising=False)
    missing = overheard(*where)
    assert missing.status == 1
    assert "the environment variable OUR_X_TOKEN" in missing.out
    monkeypatch.setenv("OUR_X_TOKEN", "of-somebody-else")
    refused = overheard(*where)
    assert refused.status == 1
    assert "token of this source was not taken" in refused.out
    assert "developer.x.com" in refused.out, "where another is made"
    monkeypatch.setenv("OUR_X_TOKEN", TOKEN)
    taken = overheard(*where)
    assert taken.status == 0
    assert "has nothing to show now" in taken.out
    assert 'token_env = "OUR_X_TOKEN"' in config.read_text()
    for said in (missing, refused, taken):
        assert TOKEN not in said.out + said.err + config.read_text()


def test_a_token_in_a_file_is_found_as_seen_from_the_settings(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    (config.parent / "x-token").write_text(TOKEN)
    httpserver.expect_request(
        "/2/tweets/search/recent", headers={"Authorization": f"Bearer {TOKEN}"}
    ).respond_with_json({"meta": {"result_count": 0}})
    said = overheard("sources", "add", "x", "-s", "query=a", "-s", "token=./x-token", "-s", f"api={base}/2", "--yes")
    assert said.status == 0, said.out + said.err
    assert 'token_file = "./x-token"' in config.read_text()


def test_one_that_gives_nothing_is_kept_only_where_that_is_wanted(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    httpserver.expect_request("/feed").respond_with_data("gone", status=404)
    where = ("sources", "add", "feed", "-s", f"url={base}/feed", "-s", "name=press", "--yes")
    said = overheard(*where)
    assert said.status == 1
    assert "got 404" in said.out
    assert "Look for its new feed" in said.out
    assert config.read_text() == WRITTEN
    found = overheard(*where, "--json")
    assert found.status == 1
    assert (found.json["kept"], found.json["found"]) == ("", 0)
    assert "404" in found.json["problem"]
    assert overheard(*where, "--untried").status == 0
    assert [one.name for one in load_settings(config).sources] == ["press"]


def test_what_robots_txt_forbids_is_not_asked(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    httpserver.expect_request("/private/feed").respond_with_data(RSS)
    said = overheard("sources", "add", "feed", "-s", f"url={base}/private/feed", "-s", "name=press", "--yes")
    assert said.status == 1
    assert "robots.txt asks robots not to fetch" in said.out
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt"]


def test_where_no_site_is_asked_nobody_has_to_say_who_asks(tmp_path: Path, overheard: Command) -> None:
    config = tmp_path / "new.toml"
    (tmp_path / "leads").mkdir()
    (tmp_path / "leads" / "list.csv").write_text("Id,Name,Product\n1,Asha Rao,Lathe\n", "utf-8")
    said = overheard("sources", "add", "leads", "-s", "path=leads", "-s", "name=market", "--yes", "--config", config)
    assert said.status == 0, said.out + said.err
    assert "Lathe" in said.out
    assert not load_settings(config).http.contact
    assert overheard("up", "--once", "--config", config).status == 0
    assert "Lathe" in overheard("search", "channel:form", "--config", config).out


def test_nobody_is_asked_without_a_word_of_who_asks(
    tmp_path: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    config = tmp_path / "new.toml"
    httpserver.expect_request("/feed").respond_with_data(RSS)
    where = ("sources", "add", "feed", "-s", f"url={base}/feed", "-s", "name=press", "--yes", "--config", config)
    assert "expected `contact`" in overheard(*where).err
    config.write_text('[http]  # who asks\nallow_hosts = ["localhost"]\n')
    said = overheard(*where, "-s", "contact=ops@firm.example")
    assert said.status == 0, said.out + said.err
    assert "[http]  # who asks" in config.read_text()
    assert load_settings(config).http.contact == "ops@firm.example"
    assert all("ops@firm.example" in request.headers["User-Agent"] for request, _ in httpserver.log)


@pytest.mark.parametrize(
    ("address", "kind", "setting"),
    [
        ("https://github.com/paperfold/driver/discussions/3", "github", 'repository = "paperfold/driver"'),
        ("https://www.reddit.com/r/printing/", "reddit", 'subreddit = "printing"'),
        ("https://news.ycombinator.com/item?id=42", "hackernews", "item = 42"),
        ("https://bsky.app/profile/asha.example", "bluesky", 'account = "asha.example"'),
        ("https://youtu.be/dQpaperfold", "youtube", 'video = "dQpaperfold"'),
        ("https://x.com/paperfold", "x", 'query = "from:paperfold"'),
        ("unix.stackexchange.com/questions/tagged/printing", "stackexchange", 'site = "unix"'),
    ],
)
def test_the_address_of_a_service_is_known_without_asking(
    config: Path, overheard: Command, address: str, kind: str, setting: str
) -> None:
    token = () if kind in ("hackernews", "stackexchange", "github", "bluesky") else ("-s", "token=OUR_TOKEN")
    said = overheard("sources", "add", address, *token, "--yes", "--untried")
    assert said.status == 0, said.out + said.err
    assert [one.kind for one in load_settings(config).sources] == [kind]
    assert setting in config.read_text()


def test_what_a_site_is_is_found_by_what_it_says_of_itself(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    def page(head: str) -> str:
        return f"<html><head>{head}</head><body><p>Hello there</p></body></html>"

    httpserver.expect_request("/feed.xml").respond_with_data(RSS)
    httpserver.expect_request("/blog").respond_with_data(
        page('<link rel="alternate" type="application/rss+xml" title="News" href="/feed.xml">'),
        content_type="text/html",
    )
    said = overheard("sources", "add", f"{base}/blog", "--yes", "-s", "name=blog")
    assert said.status == 0, said.out + said.err
    assert "names a feed called 'News'" in said.out
    assert "4 posts came" in said.out
    said = overheard("sources", "add", f"{base}/feed.xml", "--yes", "-s", "name=direct")
    assert "It is a feed" in said.out
    httpserver.expect_request("/t/paper-jams/17").respond_with_data(
        page('<meta name="generator" content="Discourse 3.4.0 - https://github.com/discourse/discourse">'),
        content_type="text/html",
    )
    topic = {"post_stream": {"posts": []}, "id": 17, "title": "Paper jams"}
    httpserver.expect_request("/t/17.json").respond_with_json(topic)
    said = overheard("sources", "add", f"{base}/t/paper-jams/17", "--yes", "-s", "name=forum")
    assert "runs Discourse" in said.out
    assert said.status == 0, said.out + said.err
    httpserver.expect_request("/@asha").respond_with_data(page(""), content_type="text/html")
    httpserver.expect_request("/.well-known/nodeinfo").respond_with_json({"links": [{"href": f"{base}/nodeinfo/2.0"}]})
    httpserver.expect_request("/nodeinfo/2.0").respond_with_json({"software": {"name": "mastodon", "version": "4"}})
    said = overheard("sources", "add", f"{base}/@asha", "--yes", "--untried", "-s", "name=asha")
    assert said.status == 0, said.out + said.err
    kinds = {one.name: one.kind for one in load_settings(config).sources}
    assert kinds == {"blog": "feed", "direct": "feed", "forum": "discourse", "asha": "mastodon"}


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/ours", '{"id": "1", "text": "The Paperfold jams"}\n', "application/x-ndjson"),
        ("/ours.csv", "id,text\n1,The Paperfold jams\n", "text/plain"),
    ],
)
def test_a_file_of_posts_is_known_by_what_it_is_called(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command, *, path: str, body: str, content_type: str
) -> None:
    httpserver.expect_request(path).respond_with_data(body, content_type=content_type)
    said = overheard("sources", "add", f"{base}{path}", "--yes", "-s", "name=agency")
    assert said.status == 0, said.out + said.err
    assert "It is a file of posts" in said.out
    assert [one.kind for one in load_settings(config).sources] == ["file"]


@pytest.mark.parametrize("given", [["feed", "-s", "url={}"], ["{}"]])
def test_a_private_address_is_said_with_the_setting_that_allows_it(
    config: Path, base: str, overheard: Command, given: list[str]
) -> None:
    there = base.replace("localhost", "127.0.0.1") + "/feed"
    said = overheard("sources", "add", *(one.format(there) for one in given), "-s", "name=wiki", "--yes")
    assert said.status == 1
    assert "`allow_hosts` of `[http]`" in said.out + said.err
    assert "connected" not in said.out
    assert config.read_text() == WRITTEN


def test_what_is_no_kind_and_no_address_is_refused_with_those_that_are(config: Path, overheard: Command) -> None:
    said = overheard("sources", "add", "carrierpigeon", "--yes")
    assert said.status == 1
    assert "hackernews" in said.err
    said = overheard("sources", "add", "feed", "-s", "colour=red", "--yes")
    assert said.status == 1
    assert "expected one of" in said.err
    assert config.read_text() == WRITTEN


def test_settings_that_another_one_broke_meanwhile_stay_as_they_are(
    config: Path, base: str, httpserver: HTTPServer, overheard: Command
) -> None:
    serve_hackernews(httpserver)
    config.write_text(f"{WRITTEN}\nhackernews = 7\n")
    said = overheard("sources", "add", "hackernews", "-s", "query=a", "-s", f"api={base}/api/v1", "--yes")
    assert said.status == 1
    assert "hackernews" in said.err
    assert config.read_text().endswith("hackernews = 7\n")
    assert not list(config.parent.glob(".*.new"))


def test_a_source_that_others_tell_is_kept_without_being_asked(config: Path, overheard: Command) -> None:
    said = overheard("sources", "add", "webmention", "-s", "targets=firm.example, www.firm.example", "--yes")
    assert said.status == 0, said.out + said.err
    assert "others send" in said.out
    (source,) = load_settings(config).sources
    assert source.targets == ("firm.example", "www.firm.example")  # type: ignore[attr-defined]


def test_a_name_tells_what_is_followed_before_where(config: Path, overheard: Command) -> None:
    given = ("-s", "instance=https://social.example", "-s", "tag=paperfold", "--yes", "--untried")
    assert overheard("sources", "add", "mastodon", *given).status == 0
    assert [one.name for one in load_settings(config).sources] == ["mastodon-paperfold"]


def test_an_address_with_a_password_is_not_kept_and_the_password_not_told(config: Path, overheard: Command) -> None:
    url = "https://meera:s3cr3t@press.example/feed"
    said = overheard("sources", "add", "feed", "-s", f"url={url}", "--yes")
    assert said.status == 1
    assert "without user name and password" in said.out
    assert "s3cr3t" not in said.out + said.err
    assert config.read_text() == WRITTEN


def test_a_file_on_ones_own_disk_is_no_address(config: Path, overheard: Command) -> None:
    for typed in ("./posts.csv", "/srv/posts.ndjson", "../posts.jsonl", "~/posts.csv", "file:///posts.csv"):
        said = overheard("sources", "add", typed, "--yes")
        assert said.status == 1
        assert "http(s) address" in said.err, said.err
        assert "overheard import" in said.err, said.err
    assert config.read_text() == WRITTEN
