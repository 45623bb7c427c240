"""What the settings say of policies is told to the matcher once, and people may say otherwise."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from overheard.config.settings import MatcherSettings, Settings
from overheard.crm.rows import append_facts
from overheard.matcher.identity.decisions import ACROSS_NETWORKS
from overheard.matcher.ledger.reading import decisions_in
from overheard.records import Decision, event_for
from overheard.wiring.policies import bring_policies
from overheard.wiring.system import System

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OFF, ON = (Settings(matcher=MatcherSettings(across_networks=value)) for value in (False, True))


def is_on(system: System) -> bool:
    system.catch_up_match()
    return decisions_in(system.folder).is_on(ACROSS_NETWORKS)


def test_a_switch_in_the_settings_is_told_once_and_told_again_when_it_changes(tmp_path: Path) -> None:
    with System(tmp_path, ON) as system:
        assert not bring_policies(system, NOW)
        system.change_settings(OFF)
        assert bring_policies(system, NOW)
        assert not bring_policies(system, NOW)
        assert not is_on(system)
        system.change_settings(ON)
        assert bring_policies(system, NOW + timedelta(seconds=1))
        assert is_on(system)


def test_a_person_s_word_stands_until_the_settings_change(tmp_path: Path) -> None:
    said = Decision(id="dec_1", verb="policy", left="policy", right=ACROSS_NETWORKS, value="off", by="asha", at=NOW)
    with System(tmp_path, ON) as system:
        append_facts(system.log, [event_for(said, subject=said.id, source="/test", time=NOW, cause="decision")])
        assert not bring_policies(system, NOW + timedelta(seconds=1))
        assert not is_on(system)
