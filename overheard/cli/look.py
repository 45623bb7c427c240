"""`overheard search`, `profile`, `status`, `index`: what is known, looked at."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, get_args

import typer

from overheard.cli import render
from overheard.cli.options import (
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    open_system,
    print_json,
    telling,
)
from overheard.errors import NotFoundError, OverheardError
from overheard.index.base import Sort
from overheard.index.check import check as check_index
from overheard.index.fields import FACETS
from overheard.index.rebuild import Comparison
from overheard.index.rebuild import rebuild as rebuild_index
from overheard.records import Profile
from overheard.records.mention import Channel
from overheard.web.base import Asked
from overheard.web.leaving import leaving
from overheard.wiring.service import SystemService
from overheard.wiring.system import utc_now

# Of the sample of a rebuild (200 newest, 200 oldest) so many may have been removed while it ran.
_REMOVED = 4

index_app = typer.Typer(no_args_is_help=True, help="The search index, which can be thrown away.")


def search(
    query: Annotated[str, typer.Argument(help='Words, "phrases", AND OR NOT, prefix*, NEAR/3, field:value.')],
    sort: Annotated[Sort, typer.Option(help="Order of the results.")] = "newest",
    limit: Annotated[int, typer.Option(min=0, max=1000, help="Results on a page.")] = 10,
    after: Annotated[str, typer.Option(help="The cursor that the page before ended with.")] = "",
    facet: Annotated[list[str] | None, typer.Option("--facet", help=f"Count by: {', '.join(sorted(FACETS))}.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Profiles and what is not about us too.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search what was said."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        page = service.search(
            Asked(query, sort=sort, after=after, limit=limit, facets=tuple(facet or ()), everything=everything)
        )
        alone = (
            0
            if page.total or everything
            else service.search(Asked(query, filters={"channel": get_args(Channel)[1:]}, limit=0)).total
        )
        lag = system.lag()
        hits = [
            {"id": hit.id, "version": hit.version, "k": str(hit.k), "record": leaving(hit.record, service)}
            for hit in (page.hits if as_json else ())
        ]
    if as_json:
        print_json({"total": page.total, "hits": hits, "facets": page.facets, "next": page.next})
    else:
        console().print(render.search_page(page, brackets=console().color_system is None, alone=alone))
        _tell_lag(lag, shared=system.shared)


def profile(
    who: Annotated[str, typer.Argument(help="Name, handle, e-mail, external id or id.")],
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the whole relationship with one contact or account: the crow's nest."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        found = [hit.record for hit in service.find(who) if isinstance(hit.record, Profile)]
        lag = system.lag()
        if not found:
            msg = (
                f"expected the name, handle, e-mail or external id of a contact or account; nobody is called {who!r}. "
                "Bring contacts in with `overheard import contacts FILE`, then run `overheard up --once`"
            )
            raise NotFoundError(msg)
        names = names_on(service, found[0]) if len(found) == 1 else {}
        found = leaving(found, service) if as_json else found
    if as_json:
        print_json(found)
    elif len(found) == 1:
        console().print(render.profile(found[0], utc_now().date(), names=names, locale=system.settings.locale))
        _tell_lag(lag, shared=system.shared)
    else:
        console().print(f"{len(found)} are called {who!r}; ask for one by its id:", markup=False)
        for one in found:
            tag = one.lifecycle[-1].tag if one.lifecycle else ""
            line = " · ".join(part for part in (one.id, one.name, one.title, one.organisation, tag) if part)
            console().print(f"  {render.safe(line)}", markup=False)


def names_on(service: SystemService, profile: Profile) -> Mapping[str, str]:
    """Return the names of the account and the people that a profile names by id."""
    return service.names([profile.account, *profile.people])


def status(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what became of every record, and what waits."""
    with open_system(folder, config) as system:
        fates, lag, unapplied, shared = system.fates(), system.lag(), system.unapplied(), system.shared
    if as_json:
        print_json({"fates": fates, "lag": lag, "unapplied": unapplied})
    else:
        console().print(render.fates(fates))
        _tell_lag(lag, unapplied, shared=shared)


@index_app.command("rebuild")
def rebuild(
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where the new one lacks what the old one has.")
    ] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the index anew from the log, to the same ids; the old one answers until the new one is whole.

    Before it takes the old one's place the two are compared. Where the new one lacks much that the old one has, the log
    has lost something, and the old one stays.
    """
    with open_system(folder, config, alone=True) as system, closing(system.index(anew=True)) as index:
        with telling("indexing") as tell:
            fates = rebuild_index(
                system.log,
                index,
                on_progress=lambda done, whole: tell(f"indexing: {done:,} of {whole:,} records"),
                on_compare=None if anyway else _refuse_less,
            )
        count = index.count()
    if as_json:
        print_json({"documents": count, "fates": fates})
    else:
        console().print(f"{count:,} documents indexed anew")


def _refuse_less(compared: Comparison) -> None:
    """Raise OverheardError where the new index lacks more than what may have been removed just now."""
    lacking = len(compared.missing) + len(compared.older)
    if lacking > _REMOVED:
        old, new = _by_kind(compared.old), _by_kind(compared.new)
        msg = (
            f"expected the new index to hold what the old one has, {old}; it holds {new}, and of a sample {lacking} "
            f"documents are missing or older, such as {[*compared.missing, *compared.older][0]}. The log has lost "
            "something: the old index stays. To take the new one all the same: overheard index rebuild --anyway"
        )
        raise OverheardError(msg)


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} of kind {kind}" for kind, count in counts.items()) or "nothing"


@index_app.command("check")
def check(folder: FolderOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Compare ids and versions in the index with the log; exits with 1 where they differ. Nothing is changed."""
    with open_system(folder, config) as system, closing(system.index(reading=True)) as index:
        with telling("comparing") as tell:
            checked = check_index(index, system.log, on_progress=lambda done: tell(f"comparing: {done:,} records read"))
        waiting = system.lag()["index"]
    if as_json:
        print_json({"documents": checked.documents, "waiting": waiting, **checked.counts, "samples": checked.samples})
    else:
        console().print(f"{checked.documents:,} documents on the log")
        for kind, count in checked.counts.items():
            if count:
                such = ", ".join(list(checked.samples[kind])[:3])
                console().print(f"{count:,} {kind} in the index, such as {such}", markup=False, soft_wrap=True)
        if checked.is_equal:
            console().print("the index holds the same, each in the same version")
        elif waiting:
            notes().print(f"{waiting:,} records wait to be indexed: look again when none does", style="yellow")
        else:
            notes().print("make it anew from the log: overheard index rebuild", style="yellow")
    if not checked.is_equal:
        raise typer.Exit(1)


def _tell_lag(lag: Mapping[str, int], unapplied: int = 0, *, shared: bool = False) -> None:
    worked = "the services do" if shared else "`overheard up --once`"
    if waiting := sum(lag.values()):
        notes().print(f"{waiting:,} records wait to be worked on: {worked}", style="yellow")
    if unapplied:
        told = "the posts of the last days wait to be looked at by changes of what is watched"
        notes().print(f"{told} ({unapplied:,}): {worked}", style="yellow")
