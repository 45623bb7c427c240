import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.crm.contacts import map_contacts, plan_contacts
from overheard.crm.rows import FieldChange, ImportReport, append_facts, handle_of_profile
from overheard.errors import ConfigError
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Contact, Event, LifecycleTag, contact_id, decode, event_for
from overheard.table import open_table

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
HEADER = "external_id,name,email,organisation,title,lifecycle,reddit,x,mastodon,website"


def plan(text: str | bytes, known: Sequence[Event[Any]] = (), mapping: Mapping[str, str] | None = None) -> ImportReport:
    by_subject = {event.subject: event for event in known}
    table = open_table(io.BytesIO(text.encode() if isinstance(text, str) else text), name="contacts.csv")
    return plan_contacts(table, map_contacts(table, mapping), current=by_subject.get, now=NOW)


def contacts(report: ImportReport) -> list[Contact]:
    return [event.data for event in report.events]


def test_a_row_becomes_a_contact_with_all_that_it_says() -> None:
    report = plan(
        f"{HEADER},phone,city,owner,lifecycle_since,watched_by_name,GitHub,Twitter\n"
        "7,Asha Rao,asha@a.example; a.rao@b.example,Alpha Gears,Buyer,Customer,u/asha,,@asha@m.example,"
        "asha.example,+91 98220 12345; 0091 22 2765 4321,Pune,Ravi,2025-04-01,yes,asha-gh,@asha_x\n"
    )
    (contact,) = contacts(report)
    assert contact.id == contact_id("crm", "7")
    assert contact.emails == ("asha@a.example", "a.rao@b.example")
    assert contact.phones == ("+919822012345", "+912227654321")
    assert contact.handles == {"reddit": "u/asha", "mastodon": "@asha@m.example", "github": "asha-gh", "x": "@asha_x"}
    assert contact.urls == ("https://asha.example",)
    assert contact.lifecycle == (LifecycleTag(tag="customer", since=date(2025, 4, 1)),)
    assert (contact.place, contact.owner, contact.title, contact.watched_by_name) == ("Pune", "Ravi", "Buyer", True)
    assert report.rows[0].outcome == "created"
    assert report.events[0].sourceversion == 0


def test_the_same_file_again_changes_nothing() -> None:
    text = f"{HEADER}\n7,Asha Rao,,Alpha,,prospect,asha,,,\n8,,,,,lost customer,ben,,,\n"
    first = plan(text)
    second = plan(text, first.events)
    assert second.counts == {"unchanged": 2, "warnings": 0}
    assert not second.events


def test_a_changed_row_says_which_fields_and_gets_the_next_version() -> None:
    first = plan(f"{HEADER}\n7,Asha Rao,,Alpha,,prospect,asha,,,\n")
    second = plan(f"{HEADER}\n7,Asha R. Rao,,Alpha,,customer,asha,,,\n", first.events)
    assert second.rows[0].changes == (
        FieldChange("name", "Asha Rao", "Asha R. Rao"),
        FieldChange("lifecycle", "prospect", "prospect; customer since 2026-11-21"),
    )
    assert second.events[0].sourceversion == 1
    assert second.events[0].verb == "Update"


def test_lifecycle_is_a_history_of_one_contact_and_an_empty_cell_keeps_it() -> None:
    history: Sequence[Event[Any]] = ()
    for word, since in (("prospect", ""), ("customer", "2025-01-02"), ("Lost_Customer", ""), ("", ""), ("VIP", "")):
        report = plan(f"id,name,lifecycle,lifecycle_since\n7,Asha Rao,{word},{since}\n", history)
        history = report.events or history
    assert history[0].data.lifecycle == (
        LifecycleTag(tag="prospect"),
        LifecycleTag(tag="customer", since=date(2025, 1, 2)),
        LifecycleTag(tag="lost customer", since=date(2026, 11, 21)),
        LifecycleTag(tag="VIP", since=date(2026, 11, 21)),
    )


def test_a_column_that_the_file_lacks_keeps_what_is_known_and_an_empty_cell_empties() -> None:
    first = plan("id,name,title,x,linkedin\n7,Asha Rao,Buyer,asha,https://linkedin.example/in/asha-rao\n")
    assert contacts(first)[0].handles == {"x": "asha", "linkedin": "asha-rao"}
    assert contacts(first)[0].urls == ("https://linkedin.example/in/asha-rao",)
    second = plan("id,name,x\n7,,asha2\n", first.events)
    (contact,) = contacts(second)
    assert (contact.name, contact.title) == ("", "Buyer")
    assert contact.handles == {"x": "asha2", "linkedin": "asha-rao"}
    third = plan("id,linkedin\n7,linkedin.example/in/asha-r\n", second.events)
    assert contacts(third)[0].urls == ("https://linkedin.example/in/asha-r",)


def test_a_deleted_contact_that_comes_again_is_newer_than_its_deletion() -> None:
    (created,) = plan("id,name\n7,Asha Rao\n").events
    gone = event_for(created.data, subject=created.subject, source="/t", time=NOW, verb="Delete", sourceversion=4)
    report = plan("id,name\n7,Asha Rao\n", [gone])
    assert report.rows[0].outcome == "created"
    assert report.events[0].sourceversion == 5


def test_first_and_last_name_make_a_name() -> None:
    assert contacts(plan("id,First Name,Surname\n7,Asha,Rao\n"))[0].name == "Asha Rao"


def test_a_handle_on_any_platform_can_be_mapped_by_hand() -> None:
    report = plan("id,Forum name\n7,asha\n", mapping={"Forum name": "handle:lathe-forum"})
    assert contacts(report)[0].handles == {"lathe-forum": "asha"}


@pytest.mark.parametrize(
    ("platform", "url", "handle"),
    [
        ("x", "https://x.example/asha/", "asha"),
        ("linkedin", "https://linkedin.example/in/asha-rao?x=1", "asha-rao"),
        ("mastodon", "https://m.example/@asha", "asha@m.example"),
        ("reddit", "https://reddit.example", ""),
    ],
)
def test_the_handle_is_found_in_the_address_of_a_profile(platform: str, url: str, handle: str) -> None:
    assert handle_of_profile(platform, url) == handle


def test_columns_that_tell_nobody_are_refused_with_what_was_found_and_how_to_map() -> None:
    with pytest.raises(ConfigError, match=r"contacts.csv: expected a column for external_id or email .* --map"):
        plan("number,city\n7,Pune\n")


def test_rows_in_error_name_line_and_column_and_the_rest_goes_on() -> None:
    report = plan(f"id,name\n1,Asha Rao\n,Nobody\n3,Ben,extra\n4,{'x' * 1001}\n5,Chitra Nair\n")
    assert [row.outcome for row in report.rows] == ["created", "error", "error", "error", "created"]
    assert report.rows[1].message.startswith('contacts.csv:3, column "id": expected the id that the CRM has')
    assert report.rows[2].message.startswith("contacts.csv:4: expected 2 cells as in the header; got 3")
    assert report.rows[3].message.startswith('contacts.csv:5, column "name": expected at most 1000 characters')
    assert len(report.events) == 2


def test_a_byte_order_mark_and_semicolons_are_no_obstacle() -> None:
    report = plan("id;Full Name;E-Mail\n7;Zoë Müller;zoe@a.example\n".encode("utf-8-sig"))
    assert contacts(report)[0].name == "Zoë Müller"
    assert contacts(report)[0].emails == ("zoe@a.example",)


def test_two_rows_with_one_id_count_as_the_last_and_say_so_however_often_imported() -> None:
    text = "id,name,lifecycle\n7,Asha,prospect\n7,Asha Rao,customer\n"
    first = plan(text)
    assert [row.outcome for row in first.rows] == ["superseded", "created"]
    assert "occurs again on line 3" in first.rows[0].warnings[0]
    assert contacts(first)[0].name == "Asha Rao"
    assert [row.outcome for row in plan(text, first.events).rows] == ["superseded", "unchanged"]


def test_a_later_row_in_error_does_not_take_the_good_one_with_it() -> None:
    report = plan(f"id,name\n7,Asha Rao\n7,{'x' * 1001}\n")
    assert [row.outcome for row in report.rows] == ["created", "error"]


def test_contacts_that_share_one_line_of_json_are_told_apart() -> None:
    report = plan(
        '[{"id": "1", "name": "Asha"}, {"id": "2", "x": "ben"}, {"id": "1", "name": "Asha Rao", "x": "@Ben"}]'
    )
    assert [row.outcome for row in report.rows] == ["superseded", "created", "created"]
    assert [len(row.warnings) for row in report.rows] == [1, 0, 1]


@pytest.mark.parametrize(
    "rows",
    [
        "1,Asha Rao,asha@a.example,,\n2,A. Rao,ASHA@a.example,,",
        "1,Asha Rao,,,asha\n2,Someone,,,@Asha",
        "1,Priya Deshpande,,Alpha,\n2,Preeya Deshpande,,alpha,",
        "1,Anil Kulkarni,,Alpha,\n2,A. Kulkarni,,Alpha,",
        "1,Anil Kulkarni,,Alpha,\n2,Kulkarni Anil,,Alpha,",
    ],
)
def test_two_spellings_of_one_person_are_a_warning_and_both_rows_are_taken(rows: str) -> None:
    report = plan(f"id,name,email,organisation,x\n{rows}\n")
    assert [row.outcome for row in report.rows] == ["created", "created"]
    assert not report.rows[0].warnings
    assert "one person" in report.rows[1].warnings[0]


@pytest.mark.parametrize(
    "rows",
    [
        "1,Anil Kulkarni,,Alpha,\n2,Anita Kulkarni,,Alpha,",
        "1,Priya Deshpande,,Alpha,\n2,Preeya Deshpande,,Beta,",
        "1,Asha Rao,,,\n2,Asha Rao,,,",
        "1,A. Rao,,Alpha,\n2,B. Rao,,Alpha,",
    ],
)
def test_two_people_who_are_not_near_enough_bring_no_warning(rows: str) -> None:
    assert plan(f"id,name,email,organisation,x\n{rows}\n").counts["warnings"] == 0


def test_what_is_odd_in_a_cell_is_a_warning_with_its_column_and_is_left_out() -> None:
    report = plan(
        "id,name,E-mail,website,since,lifecycle,watch_name,reddit\n"
        "7,Asha,not an address,http://,last year,customer,maybe,asha other\n"
    )
    (contact,) = contacts(report)
    assert (contact.emails, contact.urls, contact.watched_by_name) == ((), (), False)
    assert contact.handles == {"reddit": "asha"}
    warnings = " | ".join(report.rows[0].warnings)
    for expected in (
        "E-mail: expected an e-mail",
        "website: expected a web",
        "since: expected a day",
        "expected yes or no",
    ):
        assert expected in warnings
    assert "reddit: expected one handle" in warnings


def test_a_contact_that_nothing_can_recognise_is_told() -> None:
    assert "nothing that is said" in plan("id,title\n7,Buyer\n").rows[0].warnings[0]


def test_columns_are_shown_with_where_they_go() -> None:
    assert plan("ID,Full Name,fax\n7,Asha,1\n").columns == (("ID", "external_id"), ("Full Name", "name"), ("fax", "-"))


CELL = st.text(max_size=12)


@given(st.lists(st.tuples(st.sampled_from("123"), CELL, CELL, CELL, CELL), max_size=6))
def test_any_cells_are_taken_or_reported_and_the_second_import_is_unchanged(rows: list[tuple[str, ...]]) -> None:
    import csv

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "name", "email", "x", "lifecycle"])
    writer.writerows(rows)
    data = out.getvalue().encode("utf-8", "replace")
    first = plan(data)
    assert sum(first.counts.values()) - first.counts["warnings"] == len(rows)
    assert not plan(data, first.events).events


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def test_the_facts_topic_has_each_contact_under_its_id(log: EmbeddedLog) -> None:
    report = plan("id,name\n" + "".join(f"{i},Person {i}\n" for i in range(700)))
    append_facts(log, report.events)
    latest = log.latest("facts", [contact_id("crm", "699")])
    (record,) = latest.values()
    assert decode(record.value or b"").data.name == "Person 699"
    first, end = log.span("facts", 0)
    assert end - first == 700


def test_the_real_contacts_are_all_read() -> None:
    if not REAL.exists():
        pytest.skip("the shared real data is not beside this checkout")
    report = plan((REAL / "contacts.csv").read_bytes())
    assert report.counts["created"] == len(report.rows)
    assert not [c for c, f in report.columns if f == "-"]


def test_an_address_and_a_birthday_are_read_by_their_usual_names() -> None:
    [contact] = contacts(
        plan(
            "id,name,street_number,address_1,address_2,suburb,postcode,state,country,date_of_birth\n"
            "7,Asha Rao,12,MG Road,Camp,Pune,411001,MH,India,1978-03-05\n"
        )
    )
    assert contact.street == "12 MG Road, Camp"
    assert (contact.place, contact.postal_code, contact.region, contact.country) == ("Pune", "411001", "MH", "India")
    assert contact.birthday == date(1978, 3, 5)


@pytest.mark.parametrize(
    ("written", "day"),
    [("5/3/78", date(1978, 3, 5)), ("5-Mar-1978", date(1978, 3, 5)), ("19780305", date(1978, 3, 5)), ("", None)],
)
def test_a_birthday_of_two_digits_is_past(written: str, day: date | None) -> None:
    [contact] = contacts(plan(f"id,name,birthday\n7,Asha Rao,{written}\n"))
    assert contact.birthday == day


@pytest.mark.parametrize("written", ["2099-01-01", "31/02/1978", "5 March"])
def test_a_birthday_that_is_none_is_left_out_with_a_warning(written: str) -> None:
    report = plan(f"id,name,birthday\n7,Asha Rao,{written}\n")
    assert contacts(report)[0].birthday is None
    assert any("birthday" in warning for warning in report.rows[0].warnings)


def test_what_another_system_calls_a_contact_is_kept_beside_our_id_and_renewed() -> None:
    mapping = {"SAP no": "id:sap"}
    first = plan("id,name,SAP no\n7,Asha Rao,A1\n", mapping=mapping)
    assert [(one.system, one.value) for one in contacts(first)[0].external_ids] == [("crm", "7"), ("sap", "A1")]
    again = plan("id,name,SAP no\n7,Asha Rao,A2\n", first.events, mapping)
    assert [(one.system, one.value) for one in contacts(again)[0].external_ids] == [("crm", "7"), ("sap", "A2")]
    without = plan("id,name\n7,Asha R Rao\n", again.events)
    assert [one.value for one in contacts(without)[0].external_ids] == ["7", "A2"]


def test_rows_that_are_found_to_be_of_one_person_are_warned_of_at_the_later_one() -> None:
    table = open_table(io.BytesIO(b"id,name\n1,Asha Rao\n2,A. Rao\n"), name="contacts.csv")
    report = plan_contacts(
        table,
        map_contacts(table),
        current=lambda _: None,
        now=NOW,
        twice=lambda people: [(0, 1, f"may be one person ({len(people)} compared)")],
    )
    assert [row.warnings for row in report.rows] == [
        (),
        ("'A. Rao' and 'Asha Rao' of line 2 may be one person (2 compared): if so, merge them in the CRM",),
    ]


def test_a_row_that_is_like_many_is_warned_of_once_with_the_surest_and_how_many_more() -> None:
    table = open_table(io.BytesIO(b"id,name\n1,Asha Rao\n2,A. Rao\n3,Asha R\n"), name="contacts.csv")
    twice = [(1, 2, "may be one person (first)"), (0, 1, "may be one person"), (0, 2, "may be one person (second)")]
    report = plan_contacts(table, map_contacts(table), current=lambda _: None, now=NOW, twice=lambda _: twice)
    assert [len(row.warnings) for row in report.rows] == [0, 1, 1]
    [warning] = report.rows[2].warnings
    assert warning.startswith("'Asha R' and 'A. Rao' of line 3 may be one person (first); so may 1 more of the rows")


def test_a_handle_that_is_an_email_address_is_left_out_with_a_warning_but_where_handles_look_so() -> None:
    report = plan("external_id,handle:x,handle:mastodon\n1,ann@firm.example,ann@social.example\n")
    (contact,) = contacts(report)
    assert dict(contact.handles) == {"mastodon": "ann@social.example"}
    assert report.rows[0].warnings == (
        "handle:x: expected a handle; got 'ann@firm.example', left out: an e-mail address goes into 'email'",
    )


def test_a_cell_that_is_no_email_address_at_all_is_one_warning() -> None:
    report = plan('external_id,email\n1,not known yet\n2,"ann@firm.example, none"\n')
    assert report.rows[0].warnings[:-1] == ("email: expected an e-mail address; got 'not known yet', left out",)
    assert report.rows[1].warnings == ("email: expected an e-mail address; got 'none', left out",)


def test_an_address_on_forty_rows_is_said_to_tell_nobody_apart_on_two_to_be_one_person_perhaps() -> None:
    def warning(rows: int) -> str:
        text = "".join(f"{i},Name{i} Family{i},info@firm.example\n" for i in range(rows))
        report = plan(f"external_id,name,email\n{text}")
        assert [bool(row.warnings) for row in report.rows] == [False] + [True] * (rows - 1)
        return report.rows[-1].warnings[0]

    assert "claimed on 40 lines, line 2 the first ('Name0 Family0'): what so many share tells nobody" in warning(40)
    assert "is claimed on line 2 too ('Name0 Family0'): is this one person?" in warning(2)
