"""`overheard deliveries`: what was told, through which channel, what became of it, and once more."""

from typing import Annotated, get_args

import typer

from overheard.alerts.deliveries import FEED, resent
from overheard.alerts.message import Writer
from overheard.alerts.outbox import Outbox
from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.errors import OverheardError
from overheard.records import Delivery, DeliveryState
from overheard.wiring.alerts import deliver_waiting, leaving_message, writer_of
from overheard.wiring.system import utc_now

app = typer.Typer(no_args_is_help=True, help="The delivery log: alerts and digests, and what became of them.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `overheard deliveries list` shows it.")]
StateOption = Annotated[str, typer.Option("--state", help=f"Only these: {', '.join(get_args(DeliveryState))}.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")]


@app.command("list")
def list_(
    state: StateOption = "",
    limit: LimitOption = 50,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was told in the last 90 days, newest first."""
    if state and state not in get_args(DeliveryState):
        msg = f"expected one of {', '.join(get_args(DeliveryState))}; got {state!r}"
        raise typer.BadParameter(msg)
    with open_system(folder, config) as system:
        deliveries = [one for one in Outbox(system.log).all() if not state or one.state == state][:limit]
        writer = writer_of(system)
        leaving = leaving_message(system, deliveries)
    if as_json:
        print_json(leaving)
    else:
        said = "\n".join(_line(one, writer) for one in deliveries) or "Nothing."
        console().print(render.safe(said, lines=True), markup=False, soft_wrap=True)


@app.command("show")
def show(
    delivery_id: IdArgument,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one delivery: what it says, and each attempt to send it."""
    with open_system(folder, config) as system:
        delivery = Outbox(system.log).get(delivery_id)
        writer = writer_of(system)
        leaving = leaving_message(system, delivery)
    if as_json:
        print_json(leaving)
        return
    console().print(render.safe(writer.text(delivery), lines=True).rstrip(), markup=False, soft_wrap=True)
    console().print()
    for line in _history(delivery, writer):
        console().print(render.safe(line), markup=False, soft_wrap=True)


@app.command("resend")
def resend(
    delivery_id: IdArgument,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one again, under its id, whatever became of it."""
    with open_system(folder, config) as system:
        outbox = Outbox(system.log)
        if outbox.get(delivery_id).channel == FEED:
            msg = f"expected a delivery by mail or webhook; {delivery_id} is in the feed, where it stays"
            raise OverheardError(msg)
        delivery = outbox.change(delivery_id, lambda one: resent(one, utc_now()))
        if not system.guest:
            deliver_waiting(system)
            delivery = outbox.get(delivery_id)
        leaving = leaving_message(system, delivery)
    if as_json:
        print_json(leaving)
        return
    said = f": {delivery.attempts[-1].message}" if delivery.attempts and delivery.attempts[-1].message else ""
    told = "on its way" if delivery.state == "waiting" else f"{delivery.state}{said}"
    console().print(f"{delivery.id} by {render.safe(delivery.channel)}: {render.safe(told)}", markup=False)


def _line(one: Delivery, writer: Writer) -> str:
    return f"{writer.when(one.created)}  {one.channel}  {one.state}\n  {one.subject}\n  {one.id}"


def _history(delivery: Delivery, writer: Writer) -> list[str]:
    lines = [f"{delivery.id}  {delivery.kind} by {delivery.channel}, made {writer.when(delivery.created)}"]
    for attempt in delivery.attempts:
        said = f": {attempt.message}" if attempt.message else ""
        lines.append(f"{writer.when(attempt.at)}  {attempt.outcome}{said}")
    after = f", again {writer.when(delivery.next_attempt)}" if delivery.next_attempt else ""
    reason = f": {delivery.reason}" if delivery.reason else ""
    lines.append(f"{delivery.state}{after}{reason}")
    return lines
