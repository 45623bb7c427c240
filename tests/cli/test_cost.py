from pathlib import Path

from tests.cli.conftest import Command


def test_cost_runs_posts_and_prints_what_it_ran(overheard: Command, copied: Path) -> None:
    said = overheard("cost", "-f", copied)

    assert said.status == 0, said.err
    assert "120 posts (your newest posts)" in " ".join(said.out.split())
    assert "this machine can do" in said.out
    assert "this command" in said.out
    assert "$449" in said.out


def test_the_last_measurement_is_told_again_without_a_new_one(overheard: Command, copied: Path) -> None:
    nothing = overheard("cost", "--last", "-f", copied, "--json").json
    measured = overheard("cost", "-f", copied, "--json").json
    again = overheard("cost", "--last", "-f", copied, "--json").json

    assert nothing["measured"] is None
    assert measured["measured"] == again["measured"]
    assert measured["growth"] == again["growth"] > 0
