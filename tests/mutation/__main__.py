"""The command behind `make mutate`: one fault at a time, in a forked process, and the tests."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import planting, scenarios
from tests.mutation.operators import Mutant, mutants, sql_mutants
from tests.mutation.planting import PACKAGE, PARTS, SURVIVED, TIMED_OUT

SURVIVORS = Path(__file__).parent / "survivors.txt"
JOBS = min(2, os.cpu_count() or 1)
ENOUGH = 0.95
THE_SAME = "the same"


@dataclass(frozen=True)
class Fault:
    """A fault in a file of a part."""

    part: str
    file: str
    mutant: Mutant

    @property
    def name(self) -> str:
        return f"{self.file.removeprefix('sql/').removesuffix('.py')}: {self.mutant.name}"


def faults_of(part: str) -> list[Fault]:
    """Every fault that can be planted in a part."""
    found = []
    for file in PARTS[part]:
        source = (PACKAGE / file).read_text(encoding="utf-8")
        made = mutants(source) if file.endswith(".py") else sql_mutants(source)
        found += [Fault(part, file, mutant) for mutant in made]
    return found


def known_survivors() -> dict[str, str]:
    """The faults that were looked at: `file: name | reason`."""
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    told = (line.rsplit(" | ", 1) for line in lines if line and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, reason in told}


def outcomes(faults: list[Fault], jobs: int, until: float) -> Iterator[tuple[Fault, str]]:
    """Try the faults, some at once; yield how each ended."""
    expected = scenarios.expect()
    running: dict[int, Fault] = {}
    waiting = list(reversed(faults))
    while running or (waiting and time.monotonic() < until):
        while waiting and len(running) < jobs and time.monotonic() < until:
            fault = waiting.pop()
            child = planting.start(fault.part, fault.file, fault.mutant.source, expected)
            running[child] = fault
        child, status = os.wait()
        if child in running:
            fault = running.pop(child)
            yield fault, planting.how_it_ended(fault.part, child, status)


def sound(parts: list[str], jobs: int) -> bool:
    """Whether the tests pass when nothing is planted; else they would see every fault."""
    nothing = []
    for part in parts:
        source = (PACKAGE / PARTS[part][0]).read_text(encoding="utf-8")
        nothing.append(Fault(part, PARTS[part][0], Mutant("nothing", source.__str__)))
    bad = [f"{f.part}: {e}" for f, e in outcomes(nothing, jobs, float("inf")) if e != SURVIVED]
    for said in bad:
        print(f"without a fault: {said}", flush=True)
    return not bad


def chosen_faults(asked: argparse.Namespace) -> list[Fault]:
    chosen: list[Fault] = []
    for part in asked.parts:
        every = [f for f in faults_of(part) if asked.match in f.name]
        some = random.Random(asked.seed).sample(every, min(asked.sample or len(every), len(every)))
        print(f"{part}: {len(every)} faults, {len(some)} chosen", flush=True)
        chosen += sorted(some, key=every.index)
    first, of = asked.share
    return chosen[(first - 1) * len(chosen) // of : first * len(chosen) // of]


def told_share(text: str) -> tuple[int, int]:
    first, of = text.split("/")
    return int(first), int(of)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--match", default="", help="only faults with this text in their names")
    parser.add_argument("--sample", type=int, help="so many faults a part  [default: all]")
    parser.add_argument("--share", type=told_share, default=(1, 1), help="2/5: the second fifth")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=JOBS, help="faults at once (%(default)s)")
    parser.add_argument("--known", action="store_true", help="only what is known to survive")
    parser.add_argument("--list", action="store_true", help="only count the faults")
    asked = parser.parse_args()
    begin, known = time.monotonic(), known_survivors()
    chosen = chosen_faults(asked)
    if asked.known:
        chosen, known = [fault for fault in chosen if fault.name in known], {}
    if asked.list or not chosen:
        return 0
    planting.import_what_tests_import()
    if not sound(asked.parts, asked.jobs):
        return 2
    counts: Counter[str] = Counter()
    for fault in chosen:
        if reason := known.get(fault.name):
            counts[THE_SAME if reason.startswith(THE_SAME) else "known"] += 1
            print(f"  known: {fault.name} ({reason})", flush=True)
    unknown = [fault for fault in chosen if fault.name not in known]
    for fault, ended in outcomes(unknown, asked.jobs, begin + asked.seconds):
        counts[ended if ended in (SURVIVED, TIMED_OUT) else "killed"] += 1
        seen = f"killed by {ended}" if ended not in (SURVIVED, TIMED_OUT) else ended.upper()
        print(f"  {seen}: {fault.name}", flush=True)
    told = ", ".join(f"{count} {how}" for how, count in sorted(counts.items()))
    changing = counts.total() - counts[THE_SAME]
    share = counts["killed"] / changing if changing else 1.0
    print(f"{told}: {share:.1%} of {changing} killed, in {time.monotonic() - begin:.0f} s")
    return int(bool(counts[SURVIVED] or counts[TIMED_OUT]) or share < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
