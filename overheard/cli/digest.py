"""`overheard digest`: the things that matter since the last one, shown and, if wanted, sent now."""

from datetime import date
from typing import Annotated

import msgspec
import typer

from overheard.alerts.deliveries import digests_for
from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, notes, open_system, print_json
from overheard.wiring.alerts import deliver_waiting, digest_of, leaving_message, send_digest, writer_of
from overheard.wiring.system import utc_now

SendOption = Annotated[bool, typer.Option("--send", help="Send it now, through every channel; once a day.")]
DateOption = Annotated[str, typer.Option("--date", metavar="DATE", help="That of an earlier day, as 2026-11-21.")]


def digest(
    send: SendOption = False,
    date_: DateOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the morning digest: at most five things since the last one, each with its why."""
    day = _day(date_)
    if send and day is not None:
        msg = "expected --send or --date; got both. What was sent before is sent again by `overheard deliveries resend`"
        raise typer.BadParameter(msg)
    with open_system(folder, config) as system:
        now = utc_now()
        made = digest_of(system, now, day)
        shown = digests_for(made, ("terminal",), now)[0]
        text = writer_of(system).text(shown)
        new = send_digest(system, made, now) if send else []
        if new and not system.guest:
            deliver_waiting(system)
        items = leaving_message(system, made.items)
    if as_json:
        print_json(
            {
                "day": made.day,
                "since": made.since,
                "until": made.until,
                "subject": made.subject,
                "items": [msgspec.to_builtins(item) | {"score": item.score} for item in items],
                "notes": made.notes,
                "deliveries": [delivery.id for delivery in new],
            }
        )
        return
    console().print(render.safe(text, lines=True).rstrip(), markup=False, soft_wrap=True)
    if new:
        notes().print(f"on its way by {', '.join(d.channel for d in new)}: `overheard deliveries list`", markup=False)
    elif send:
        notes().print("today's was sent before; `overheard deliveries resend ID` sends one again", style="yellow")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        msg = f"expected a date such as 2026-11-21; got {text!r}"
        raise typer.BadParameter(msg) from e
