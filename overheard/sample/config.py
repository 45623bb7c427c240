"""The settings, watch list and CRM files of the sample world, in the form that a person would write them."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from overheard.sample.people import Contact
from overheard.sample.site import ALWAYS
from overheard.sample.world import DOMAIN, NAME, World

_PLATFORMS = ("x", "reddit", "mastodon", "youtube")
# The shortest pause that the settings take: somebody watches.
_INTERVAL = 300


def write_config(folder: Path, address: str, world: World) -> Path:
    """Write settings, watch list and CRM files for a world that is served at `address`; return the settings' path.

    The folder is made where it is not there; files of the same names are replaced.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "watch.toml").write_text(_watch(world), "utf-8")
    _write_accounts(folder / "accounts.csv", world)
    _write_contacts(folder / "contacts.csv", world)
    _write_holdings(folder / "holdings.csv", world)
    _write_purchases(folder / "purchases.csv", world)
    settings = folder / "overheard.toml"
    settings.write_text(_settings(address, world), "utf-8")
    return settings


def _settings(address: str, world: World) -> str:
    host = urlsplit(address).hostname
    lines = [
        "# The sample world: a firm that does not exist, served by `overheard sample` on this machine.",
        'data = "data"',
        'watch = "watch.toml"',
        "",
        "[firm]",
        f'name = "{NAME}"',
        f'domain = "{DOMAIN}"',
        "",
        "[locale]",
        'language = "en"',
        'region = "IN"',
        'currency = "INR"',
        'time_zone = "Asia/Kolkata"',
        "",
        "[http]",
        f'contact = "webmaster@{DOMAIN}"',
        "gap = 0                            # no other site does without a pause",
        f'allow_hosts = ["{host}"]',
    ]
    for site in world.sites:
        table = "feed" if site.is_feed else "file"
        lines += ["", f"[[{table}]]", f'name = "{site.name}"', f'url = "{address}{site.path}"']
        lines.append(f"interval = {_INTERVAL}")
        if site.is_feed:
            # Their pages say no more than the feeds, but above each text a line with author and date, which makes the
            # author of a post one of the people whom it names, who then waits for a person.
            lines.append("articles = false                   # its posts are whole, though some are short")
    return "\n".join(lines) + "\n"


def _watch(world: World) -> str:
    lines = [
        f"# What {NAME}, an invented maker of CNC lathes, listens for.",
        "# kind: own-company | own-product | competitor | company | category",
        "",
        f'always = ["{ALWAYS}"]     # every post of these sources passes',
    ]
    for id_, kind, aliases in world.terms:
        words = ", ".join(f'"{alias}"' for alias in aliases)
        lines += ["", "[[term]]", f'id = "{id_}"', f'kind = "{kind}"', f"aliases = [{words}]"]
    return "\n".join(lines) + "\n"


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _day(world: World, ago: int | None) -> str:
    return "" if ago is None else _date(world, ago).isoformat()


def _date(world: World, ago: int) -> date:
    return world.now.date() - timedelta(days=ago)


def _write_accounts(path: Path, world: World) -> None:
    columns = ("external_id", "name", "domain", "city", "owner", "lifecycle", "lifecycle_since")
    _write(
        path,
        columns,
        [(a.id, a.name, a.domain, a.place, a.owner, a.lifecycle, _day(world, a.since)) for a in world.accounts],
    )


def _write_contacts(path: Path, world: World) -> None:
    accounts = {account.id: account for account in world.accounts}
    columns = ("external_id", "name", "title", "email", "phone", "organisation", "city", "owner",
               "lifecycle", "lifecycle_since", *_PLATFORMS, "website")  # fmt: skip

    def row(contact: Contact) -> tuple[str, ...]:
        account = accounts.get(contact.account)
        its: tuple[str, ...] = ("", "", "", "prospect", "")
        if account is not None:
            its = (account.name, account.place, account.owner, account.lifecycle, _day(world, account.since))
        handles = (contact.handles.get(platform, "") for platform in _PLATFORMS)
        return (contact.id, contact.name, contact.title, contact.email, contact.phone, *its, *handles,
                " ".join(contact.websites))  # fmt: skip

    _write(path, columns, [row(contact) for contact in world.contacts])


def _write_holdings(path: Path, world: World) -> None:
    columns = ("external_id", "account", "product", "version", "since", "until", "left_for", "left_why")
    _write(
        path,
        columns,
        [
            (h.id, h.account, h.product, h.version, _day(world, h.since), _day(world, h.until), h.left_for, h.left_why)
            for h in world.holdings
        ],
    )


def _write_purchases(path: Path, world: World) -> None:
    columns = ("external_id", "account", "contact", "product", "date", "amount", "currency")
    _write(
        path,
        columns,
        [(p.id, p.account, p.contact, p.product, _day(world, p.ago), str(p.amount), "INR") for p in world.purchases],
    )
