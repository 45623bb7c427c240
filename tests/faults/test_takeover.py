"""Matchers on real Kafka, killed with SIGKILL or paused in mid-batch: another takes over, and publishes the same.

A kill and a pause by default, `OVERHEARD_KILLS` for more; `OVERHEARD_SEED` for other instants.
"""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from overheard.log.base import Log, ProducerRecord
from overheard.log.kafka import KafkaLog
from overheard.log.reach import client_options
from tests.matcher.members import published
from tests.matcher.test_standby import clean, versions
from tests.matcher.worlds import contact, fact, mention

KILLS = max(1, int(os.environ.get("OVERHEARD_KILLS", "10")) // 10)
SEED = int(os.environ.get("OVERHEARD_SEED", "1"))
ROOT = Path(__file__).resolve().parent.parent.parent
# Longer than the session of a member, so that whoever is stopped for so long has lost the facts.
PAUSE = 12.0
FACTS = 600  # a round: some seconds of work
TAKE_OVER = 30.0
PATIENCE = 240.0  # for what may take as long as it likes, on a machine that others use
BATCH = 24

pytestmark = pytest.mark.faults


def facts(round_: int, rng: random.Random) -> list[ProducerRecord]:
    """Posts by and about few people, whose contacts come, change, go, and come again."""
    made = []
    for i in range(FACTS):
        number = str(rng.randrange(40))
        version = round_ * FACTS + i
        if i % 8 == 0:
            someone = contact(number, f"Asha Rao{chr(97 + int(number) % 26)}", handles={"reddit": f"u{number}"})
            made.append(fact(someone, version=version, verb=rng.choice(("Create", "Update", "Delete"))))
        else:
            text = f"I met Asha Rao{rng.choice('abcdefgh')} " + "of the firm that makes lathes " * rng.randrange(20)
            made.append(fact(mention(str(rng.randrange(600)), text, f"u{number}"), version=version))
    return made


class Process:
    """One matcher on Kafka, with its folder."""

    def __init__(self, server: str, prefix: str, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._command = [sys.executable, "-m", "tests.faults.one_matcher", server, prefix, str(folder), str(BATCH)]
        self._start()

    def _start(self) -> None:
        self.output = (self.folder.parent / f"{self.folder.name}.log").open("ab")
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=self.output, stderr=self.output)

    def owned(self) -> float:
        """When it last finished a batch as the owner; 0.0 for never."""
        owns = self.folder / "owns"
        return owns.stat().st_mtime if owns.exists() else 0.0

    def kill_and_restart(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self.output.close()
        self._start()

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            status = self.process.wait(30)
        finally:
            self.process.kill()
            self.output.close()
        assert status == 0, self.said()

    def said(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.log").read_text(encoding="utf-8")[-4_000:]


@contextmanager
def two_matchers(server: str, prefix: str, path: Path) -> Iterator[tuple[Log, list[Process]]]:
    with closing(KafkaLog(client_options([server]), prefix=prefix)) as log:
        processes = [Process(server, prefix, path / name) for name in ("one", "two")]
        try:
            yield log, processes
        finally:
            for one in processes:
                one.end()


def position(log: Log) -> int:
    return log.checkpoint("match", "facts").positions.get(0, 0)


def wait_for(log: Log, processes: list[Process], offset: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while position(log) < offset:
        said = "\n".join(one.said() for one in processes)
        assert time.monotonic() < deadline, f"at {position(log)} after {seconds} s, not at {offset}\n{said}"
        time.sleep(0.02)


def test_a_matcher_killed_or_paused_in_mid_batch_is_taken_over_within_30_s_with_the_same_versions(
    kafka: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(SEED)
    # Kafka counts from 0 and the embedded log from 1: with one more in front, versions are the same on both.
    before = ProducerRecord("facts", "con_nobody", None)
    records: list[ProducerRecord] = []
    took = []
    in_the_middle = 0
    with two_matchers(kafka, prefix, tmp_path) as (log, processes):
        log.append([before])
        wait_for(log, processes, 1, PATIENCE)
        for round_ in range(KILLS + 1):
            start = position(log)
            new = facts(round_, rng)
            records += new
            for at in range(0, FACTS, 500):
                log.append(new[at : at + 500])
            wait_for(log, processes, start + FACTS // 5, PATIENCE)
            time.sleep(rng.uniform(0.0, 0.2))
            owner = max(processes, key=Process.owned)
            if round_ < KILLS:
                owner.kill_and_restart()
            else:
                owner.process.send_signal(signal.SIGSTOP)
                paused = time.monotonic()
            stopped, reached = time.monotonic(), position(log)
            in_the_middle += bool(log.checkpoint("match", "facts").begun)
            # Past what the owner may have committed while it was stopped, and what it had begun.
            wait_for(log, processes, reached + BATCH + 1, TAKE_OVER)
            took.append(time.monotonic() - stopped)
            if round_ == KILLS:
                time.sleep(max(0.0, PAUSE - (time.monotonic() - paused)))
                owner.process.send_signal(signal.SIGCONT)
            wait_for(log, processes, len(records) + 1, PATIENCE)
        time.sleep(2)  # whoever was paused learns that it is no more the owner, and follows
        found = published(log)
        fates = log.checkpoint("match", "facts").fates
        late = sum(
            version < before_ for values in found.values() for (before_, _), (version, _) in itertools.pairwise(values)
        )
    after = ", ".join(f"{seconds:.1f}" for seconds in took)
    said = f" [{KILLS} kills, 1 pause, {in_the_middle} in mid-batch; taken over after {after} s; {late} late]"
    with capsys.disabled():
        print(said, end="")
    # Below the epoch a version is where its batch ended.
    ends = {version & (1 << 48) - 1 for values in found.values() for version, _ in values} | {len(records) + 1}
    expected, _ = clean(records, sorted(ends))
    assert versions(found) == versions(expected)
    assert sum(fates.values()) == len(records) + 1
