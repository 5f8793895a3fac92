"""The same dirty sales, cleaned by the same rules as near as each tool allows: others and us.

python -m benchmarks.bench_peers [--sales 10000000] [--repeats 1] [--only pandas,polars]

Each peer runs in an environment of its own (.cache/peers), is measured with all its processes, and
its result is held against our books. All are measured in turns, so that a slow minute hits all.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.make_data import SALES, Size, make
from benchmarks.measure import ROOT, CommandError, Cost, run_tree
from benchmarks.peers.audit import audit, our_outcome
from benchmarks.peers.compare import (
    GOAL_HEADINGS,
    HEADINGS,
    OURS,
    Goal,
    Measured,
    draw,
    goals,
    write_markdown,
)
from benchmarks.peers.environment import MissingError, python_of
from benchmarks.peers.roster import PEERS, Peer

WIDTH, CHUNK_BYTES = 120, 1 << 24
OUT = ROOT / "out" / "peers"


class Contest:
    """A folder in which each has a folder for its result, emptied before every turn."""

    def __init__(self, raw: Path, place: Path) -> None:
        self.raw = raw
        self.place = place
        self.log = place.with_suffix(".log")

    def empty(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    @property
    def our_warehouse(self) -> Path:
        return self.place / "ours" / "warehouse.duckdb"

    def measure_us(self) -> Measured:
        folder = self._folder("ours")
        command = (sys.executable, "-m", "data_pipeline", "run", "--processed", "none")
        places = ("--raw", str(self.raw), "--warehouse", f"duckdb:///{self.our_warehouse}")
        cost = run_tree([*command, *places], folder, self.log)
        return Measured(OURS, cost, our_outcome(self.our_warehouse))

    def measure(self, peer: Peer, python: str) -> Measured:
        """Run the peer; its result is looked at afterwards, against that of `measure_us`."""
        folder = self._folder(peer.name)
        cost = run_tree([python, str(peer.path), str(self.raw), str(folder)], folder, self.log)
        outcome = audit(folder, self.our_warehouse)
        shutil.rmtree(folder)
        return Measured(peer.name, cost, outcome)

    def _folder(self, name: str) -> Path:
        """An empty folder; the raw files are read once, so that nobody has to fetch them first."""
        for file in self.raw.iterdir():
            with file.open("rb") as opened:
                while opened.read(CHUNK_BYTES):
                    pass
        folder = self.place / name
        folder.mkdir()
        return folder


def pythons_of(
    peers: Sequence[Peer], find: Callable[[Peer], str], console: Console
) -> tuple[dict[str, str], dict[str, str]]:
    """The Python of each peer, and for each that cannot run here the reason."""
    pythons, missing = {}, {}
    for peer in peers:
        try:
            with console.status(f"the environment of {peer.name}"):
                pythons[peer.name] = find(peer)
        except MissingError as lack:
            missing[peer.name] = str(lack)
    return pythons, missing


def compete(
    contest: Contest,
    peers: Sequence[Peer],
    repeats: int,
    find: Callable[[Peer], str],
    console: Console,
) -> tuple[list[Measured], dict[str, str]]:
    """Measure us and the peers in turns; medians, and why the others have none."""
    pythons, missing = pythons_of(peers, find, console)
    turns: dict[str, list[Measured]] = {}
    for _ in range(repeats):
        contest.empty()
        turns.setdefault(OURS, []).append(contest.measure_us())
        for peer in peers:
            if peer.name in missing:
                continue
            console.print(f"{peer.name} ...")
            try:
                turns.setdefault(peer.name, []).append(contest.measure(peer, pythons[peer.name]))
            except CommandError as failed:
                missing[peer.name] = f"it failed: {str(failed).splitlines()[-1]}"
    return [median_of(turn) for name, turn in turns.items() if name not in missing], missing


def median_of(turns: Sequence[Measured]) -> Measured:
    """The median cost; the outcome is the same in every turn, or the last one's."""
    cost = Cost.median_of(one.cost for one in turns)
    return Measured(turns[-1].name, cost, turns[-1].outcome)


def show(
    measured: Sequence[Measured], reached: Sequence[Goal], missing: dict[str, str], console: Console
) -> None:
    """Print what was measured, then what we want."""
    for headings, rows in ((HEADINGS, measured), (GOAL_HEADINGS, reached)):
        table = Table(headings[0])
        for heading in headings[1:]:
            table.add_column(heading, justify="right")
        for row in rows:
            table.add_row(*row.cells)
        console.print(table)
    for name, reason in missing.items():
        console.print(f"{name}: not measured, {reason}")


def main(find: Callable[[Peer], str] = python_of) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ",".join(peer.name for peer in PEERS)
    parser.add_argument("--sales", type=int, default=SALES, help="how many (%(default)s)")
    parser.add_argument("--repeats", type=int, default=1, help="turns (%(default)s)")
    parser.add_argument("--only", default=names, help="peers (%(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="where to write (out/peers)")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    if unknown := sorted(set(chosen) - {peer.name for peer in PEERS}):
        parser.error(f"unknown peer {unknown[0]!r}; known: {names}")
    peers = [peer for peer in PEERS if peer.name in chosen]
    console = Console(width=WIDTH)
    size = Size.of(asked.sales)
    console.print(f"{size.sales:,} sales, {size.customers:,} customers, {size.products:,} products")
    data = make(size)
    contest = Contest(data / "dirty", data / "peers")
    measured, missing = compete(contest, peers, asked.repeats, find, console)
    reached = goals(measured[0], measured[1:], peers)
    show(measured, reached, missing, console)
    asked.out.mkdir(parents=True, exist_ok=True)
    title = f"{size.sales:,} dirty sales, cleaned by others and by us"
    report = asked.out / "peers.md"
    write_markdown(report, title, measured, reached, missing, peers)
    png, svg = draw(asked.out, title, measured)
    for path in (report, png, svg):
        console.print(f"written to {path}", soft_wrap=True)
    shutil.rmtree(contest.place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
