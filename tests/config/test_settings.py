from pathlib import Path

import pytest

from overheard.collectors.feeds.feed import Feed
from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.wiring.kinds import load_settings


def load(folder: Path, text: str | bytes) -> Settings:
    path = folder / "overheard.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_settings(path)


def test_no_file_is_needed() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.enrich.workers == 0
    assert settings.sources == ()


def test_what_the_file_says_counts_and_the_rest_keeps_its_defaults(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        data = "kept"
        [enrich]
        workers = 2
        [http]
        contact = "ops@firm.example"
        allow_hosts = ["127.0.0.1", "localhost", "::1"]
        [[feed]]
        name = "press"
        url = "https://press.example/feed"
        [[feed]]
        name = "forum"
        url = "https://forum.example/feed"
        interval = 900
        """,
    )
    assert settings.data == str(tmp_path / "kept")
    assert settings.enrich.workers == 2
    assert settings.http.timeout == 30.0
    assert settings.sources == (
        Feed(name="press", url="https://press.example/feed"),
        Feed(name="forum", url="https://forum.example/feed", interval=900),
    )


def test_an_absolute_data_folder_stays_where_it_is(tmp_path: Path) -> None:
    assert load(tmp_path, f"data = '{tmp_path / 'x'}'").data == str(tmp_path / "x")


_KAFKA = "engine = 'kafka'\nservers = ['a:9092']\n"
_ELASTIC = "engine = 'elasticsearch'\naddresses = ['http://a']\n"
_SHARED = f"[index]\n{_ELASTIC}"
_HALF_LOG = (
    ("security = 'SASL_SSL'", 7, "security: expected `user` where security is SASL_SSL; there is none"),
    ("security = 'SASL_SSL'\nuser = 'a'", 8, "user: expected `password_env` or `password_file` where this key is"),
    ("user = 'a'\npassword_env = 'A'", 7, "user: expected security SASL_SSL or SASL_PLAINTEXT where this key is"),
    ("password_file = 'a'", 7, "password_file: expected security SASL_SSL or SASL_PLAINTEXT"),
    ("ca = 'a.pem'", 7, "ca: expected security SSL or SASL_SSL where this key is; it is PLAINTEXT"),
    ("security = 'SSL'\nkey = 'a.pem'", 8, "key: expected `certificate` where this key is; there is none"),
)
_HALF_INDEX = (
    ("user = 'a'", 4, "user: expected `password_env` or `password_file` where this key is; there is neither"),
    ("password_env = 'A'", 4, "password_env: expected `user` where this key is; there is none"),
    ("api_key_env = 'A'\nuser = 'a'\npassword_env = 'A'", 5, "user: expected either an API key or a user with a"),
    ("ca = 'a.pem'", 4, "ca: expected https addresses where this key is; there is none"),
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\ndta = 'x'", "overheard.toml:3: dta: unknown key; expected one of data, watch, log, index, firm, "),
        ("dta = 'x'", "Did you mean 'data'?"),
        ("[http]\nallow_host = []", "overheard.toml:2: http.allow_host: unknown key; expected one of contact, gap, "),
        ("[[feed]]\nname='a'\nurl='http://a.example'\nevery=3", "overheard.toml:4: feed[1].every: unknown key"),
        ("data = 3", "overheard.toml:1: data: expected a text in quotes, got a whole number"),
        ("[enrich]\n\nworkers = -1", "overheard.toml:3: enrich.workers: expected a whole number >= 0. Got -1"),
        ("http = 3", "overheard.toml:1: http: expected a table, got a whole number"),
        ("[[feed]]\nurl = 'http://a.example'", "overheard.toml:1: feed[1]: object missing required field 'name'"),
        ("[[feed]]\nname = 'a'\nurl = 'file:///etc'", "overheard.toml:3: feed[1].url: expected an http(s) address"),
        ("[[feed]]\nname = 'a'\nurl = 'http://[x'", "overheard.toml:3: feed[1].url: expected an http(s) address"),
        ("[http]\nallow_hosts = ['10.0.0.1']", "overheard.toml:2: http.allow_hosts: expected hosts of this machine"),
        ("data = ' '", "overheard.toml:1: data: expected the path of a folder"),
        ("data = 'x'\nfoo = = 1", "overheard.toml:2: expected TOML; got a line that is none: Invalid value"),
        ("data = 'x'\ndata = 'y'", "overheard.toml:2: expected TOML; got a line that is none: Cannot overwrite"),
        ("data = 'x", "overheard.toml:1: expected TOML"),
        (
            "[locale]\ntime_zone = 'Mars/Olympus'",
            "overheard.toml:2: locale.time_zone: expected a time zone such as Asia",
        ),
        ("[locale]\nregion = 'India'", "overheard.toml:2: locale.region: expected"),
        ("[web]\nhost = '0.0.0.0'", "overheard.toml:2: web.host: expected an address of this machine (127.0.0.1, "),
        ("[web]\naddress = 'firm'", "overheard.toml:2: web.address: expected an http(s) address; got 'firm'"),
        ("[log]\nservers = ['a:9092']", "overheard.toml:2: log.servers: expected `engine` to be set where this key is"),
        ("[log]\nengine = 'kafka'", "overheard.toml:2: log.engine: expected `servers` where the engine is kafka"),
        ("[log]\nengine = 'kafka'\nservers = ['a:9092']", "overheard.toml:2: log.engine: expected [index] with engine"),
        ("[log]\nengine = 'kafka'\nservers = ['a:x']", "overheard.toml:2: log.engine: expected [index] with engine"),
        (
            "[index]\nengine = 'elasticsearch'\naddresses = ['http://a']\n[log]\nengine = 'kafka'\nservers = ['a']",
            "overheard.toml:6: log.servers[1]: expected host:port; got 'a'",
        ),
        *((f"{_SHARED}[log]\n{_KAFKA}{more}", f"overheard.toml:{line}: log.{said}") for more, line, said in _HALF_LOG),
        *((f"[index]\n{_ELASTIC}{more}", f"overheard.toml:{line}: index.{said}") for more, line, said in _HALF_INDEX),
        ("[index]\nprefix = 'A*'", "overheard.toml:2: index.prefix: expected"),
        ("[index]\nengine = 'elasticsearch'\naddresses = ['a']", "overheard.toml:3: index.addresses[1]: expected an"),
        ("[web]\nport = 65536", "overheard.toml:2: web.port: expected a whole number <= 65535. Got 65536"),
        ("[mail]\npassword = 'x'", "overheard.toml:2: mail.password: unknown key"),
        ("[alerts]\ndigest_at = '24:00'", "overheard.toml:2: alerts.digest_at: expected"),
        ("[[feed]]\nname = 'a'\nurl = 'http://a:99999'", "overheard.toml:3: feed[1].url: expected an http(s) address"),
        ("[[file]]\nname = 'a'\nurl = 'http://a:x/b'", "overheard.toml:3: file[1].url: expected an http(s) address"),
        ("[[webhook]]\nname = 'a'\nurl = 'http://a:99999/'", "overheard.toml:3: webhook[1].url: expected an http(s)"),
        ("[web]\naddress = 'https://a:99999'", "overheard.toml:2: web.address: expected an http(s) address"),
        ("[[webhook]]\nname = 'a'\nurl = 'ftp://a'", "overheard.toml:3: webhook[1].url: expected an http(s) address"),
        ("[[file]]\nname = 'a'\nurl = 'a.csv'", "overheard.toml:3: file[1].url: expected an http(s) address"),
        (b"# ok\ndata = 'caf\xe9'", "overheard.toml:2: expected UTF-8; got the byte 0xe9. Save the file as UTF-8"),
    ],
)
def test_an_error_names_file_line_key_expected_and_got(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as e:
        load(tmp_path, text)
    assert message in str(e.value)


def test_two_feeds_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    feed = "[[feed]]\nname = 'a'\nurl = 'http://a.example'\n"
    with pytest.raises(ConfigError, match=r"overheard.toml:5: feed\[2\].name: .* which feed\[1\] has too"):
        load(tmp_path, feed + feed)


def test_a_feed_and_a_file_of_one_name_are_refused_since_both_are_sources(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"overheard.toml:5: file\[1\].name: .* which feed\[1\] has too"):
        load(
            tmp_path,
            "[[feed]]\nname = 'a'\nurl = 'http://a.example'\n[[file]]\nname = 'a'\nurl = 'http://a.example/x.csv'",
        )


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        watch = "watch.toml"
        [web]
        host = "0.0.0.0"
        address = "https://heard.firm.example"
        certificate = "tls/cert.pem"
        key = "/etc/key.pem"
        [mail]
        password_file = "secret"
        [[webhook]]
        name = "chat"
        url = "https://chat.example/in"
        secret_file = "hook"
        """,
    )
    assert settings.watch == str(tmp_path / "watch.toml")
    assert settings.web.certificate == str(tmp_path / "tls" / "cert.pem")
    assert settings.web.key == "/etc/key.pem"
    assert settings.mail.password_file == str(tmp_path / "secret")
    assert settings.webhooks[0].secret_file == str(tmp_path / "hook")


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf[enrich]\nworkers = 3").enrich.workers == 3


def test_a_file_that_was_asked_for_and_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a readable file"):
        load_settings(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("text", [
    "[index]\nengine = 'elasticsearch'\naddresses = ['http://me:hush-hush@a:9200']",
    f"{_SHARED}[log]\nengine = 'kafka'\nservers = ['me:hush-hush@a:9092']",
])  # fmt: skip
def test_a_password_in_an_address_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "overheard.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="password_env") as raised:
        load_settings(path)
    assert "hush" not in str(raised.value)
