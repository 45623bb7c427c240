"""The pipeline at work, as a page."""

from datetime import UTC, datetime
from pathlib import Path

from overheard.alerts.outbox import Outbox
from overheard.records import Delivery, delivery_id
from overheard.wiring.activity import LATEST
from overheard.wiring.alerts import begin_alerts
from tests.web.api_world import Served, serving

HTML = {"accept": "text/html"}


def test_each_stage_shows_what_became_of_its_records_and_the_newest_of_them(shown: Served) -> None:
    activity = shown.service.activity()
    status = shown.system.fates()

    assert [step.name for step in activity.steps] == ["collect", "enrich", "match", "index", "alert"]
    for step in activity.steps[:-1]:
        assert step.fates == status[step.name]
        assert step.lag == 0
        assert len(step.latest) == LATEST
        times = [seen.place.at for seen in step.latest]
        assert times == sorted(times, reverse=True)


def test_what_enrich_shows_has_passed_and_says_by_what(shown: Served) -> None:
    enrich = next(step for step in shown.service.activity().steps if step.name == "enrich")

    assert all(seen.mention and seen.about for seen in enrich.latest)


def test_every_record_on_the_page_leads_to_its_way(shown: Served) -> None:
    page = shown.client.get("/activity", headers=HTML).text
    for step in shown.service.activity().steps:
        for seen in step.latest:
            place = seen.place
            way = f"/walk/{seen.mention}" if seen.mention else f"/walk/{place.topic}/{place.partition}/{place.offset}"
            assert f'href="{way}"' in page
            assert shown.client.get(way, headers=HTML).status_code == 200


def test_dead_letters_are_counted_and_told_with_a_link_to_the_record(shown: Served) -> None:
    activity = shown.service.activity()
    page = shown.client.get("/activity", headers=HTML).text

    assert activity.letter_count == 1
    assert "wait for a person" in page
    assert f"/walk/fetches/{activity.letters[0].partition}/{activity.letters[0].offset}" in page


def test_alerts_are_the_last_stage_with_what_they_told(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        begin_alerts(served.system.log)
        told = Delivery(
            id=delivery_id("complaint", "inc_1", "mail"),
            kind="alert",
            rule="complaint",
            about="inc_1",
            channel="mail",
            subject="A customer complains: the pump leaks",
            created=datetime(2026, 11, 21, tzinfo=UTC),
        )
        Outbox(served.system.log).add([told])
        page = served.client.get("/activity", headers=HTML).text
        served.client.app.state["pulses"].close()
        alert = served.service.activity().steps[-1]
        pulse = served.service.pulse()

    assert (alert.name, alert.lag, [seen.what for seen in alert.latest]) == ("alert", 0, [told.subject])
    assert "mail: waiting" in page
    assert (pulse.lag["alert"], pulse.done["alert"]) == (0, 0)


def test_an_empty_folder_has_a_page_too(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        page = served.client.get("/activity", headers=HTML)
        served.client.app.state["pulses"].close()

    assert page.status_code == 200
    assert "Nothing yet" in page.text
