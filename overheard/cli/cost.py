"""`overheard cost`: what it costs to run here, measured on this machine, and what paid sources would add."""

from contextlib import closing
from typing import Annotated

import typer
from rich.table import Table

from overheard import wording
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json, telling
from overheard.config.settings import LocaleSettings
from overheard.web.base import Cost
from overheard.web.shown import in_bytes
from overheard.wiring.measuring import measure
from overheard.wiring.service import SystemService
from overheard.wiring.system import utc_now


def cost(
    last: Annotated[bool, typer.Option("--last", help="Only what was measured last: do not measure anew.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what disk, time and memory posts take here, and what sources that cost money would add."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        if not last:
            with telling("running some hundred posts through a pipeline that is thrown away"):
                measure(system, utc_now())
        found = service.cost()
        locale = system.settings.locale
    if as_json:
        print_json(found)
        return
    for title, rows in (("Posts", _posts(found, locale)), ("1,000 posts", _thousand(found, locale)),
                        ("Disk now", _disk(found, locale)), ("Memory now", _memory(found, locale))):  # fmt: skip
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for row in rows:
            table.add_row(*row)
        console().print(table)
    if found.measured:
        one = found.measured
        console().print(
            f"Run {wording.when(one.at, locale)}: {wording.number(one.posts, locale)} posts ({one.of}), of which "
            f"{wording.number(one.passed, locale)} passed the winnow, with {wording.number(one.contacts, locale)} "
            "contacts and accounts, through a pipeline that was thrown away.",
            markup=False,
        )
    console().print(_paid(found, locale), markup=False, soft_wrap=True)


def _posts(cost: Cost, locale: LocaleSettings) -> list[tuple[str, str]]:
    rows = [("in the last seven days", wording.number(cost.posts, locale))]
    if cost.posts_a_day is not None:
        rows.append(("a day", wording.number(round(cost.posts_a_day), locale)))
    if cost.most_a_day is not None:
        most = wording.number(cost.most_a_day, locale)
        limit = f"then {cost.limit} can no more ({cost.cores} cores, {cost.workers} enrich workers)"
        rows.append(("this machine can do, a day", f"{most}; {limit}"))
    if cost.disk_a_day is not None:
        rows.append(("fill the disk in a year, a day", wording.number(cost.disk_a_day, locale)))
    if cost.disk_days is not None:
        rows.append(("days until it is full at your rate", wording.number(round(cost.disk_days), locale)))
    return rows


def _thousand(cost: Cost, locale: LocaleSettings) -> list[tuple[str, str]]:
    rows = [(stage, f"{wording.number(round(took, 2), locale)} s") for stage, took in cost.seconds.items()]
    if cost.growth is not None and cost.measured is not None:
        rows.append(("disk that stays", in_bytes(cost.growth, locale)))
        week = cost.measured.week * 1_000 / cost.measured.posts
        rows.append(("disk for seven days more", f"{in_bytes(week, locale)}, and the bytes as fetched"))
    if cost.growth_month is not None:
        rows.append(("disk a month at your rate", in_bytes(cost.growth_month, locale)))
    return rows or [("not measured yet", "")]


def _disk(cost: Cost, locale: LocaleSettings) -> list[tuple[str, str]]:
    return [
        *((part, in_bytes(size, locale)) for part, size in cost.disk.items()),
        ("free", in_bytes(cost.free, locale)),
    ]


def _memory(cost: Cost, locale: LocaleSettings) -> list[tuple[str, str]]:
    return [(name, in_bytes(size, locale)) for name, size in cost.memory] or [("could not be read", "")]


def _paid(cost: Cost, locale: LocaleSettings) -> str:
    lines = ["What a paid source would add"]
    for one in cost.paid:
        price = "not published" if one.price is None else wording.money(one.price, one.currency, locale)
        lines.append(f" {one.name}: {price} · {one.unit}" if one.unit else f" {one.name}: {price}")
        if one.per_thousand is not None:
            lines.append(f"   1,000 posts: {wording.money(one.per_thousand, one.currency, locale)}")
        lines.append(f"   {one.note}")
        if one.url:
            lines.append(f"   {one.url}{f', read {wording.day(one.read, locale)}' if one.read else ''}")
    return "\n".join(lines)
