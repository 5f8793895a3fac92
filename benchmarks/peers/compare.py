"""The peers beside us: a table for the screen, the same as Markdown, and a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost
from benchmarks.peers.audit import Outcome
from benchmarks.peers.roster import Peer
from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, canvas, save
from data_pipeline.charts.marks import bars_height, draw_bars
from data_pipeline.metrics.frame import Field, Frame, Kind

OURS = "this pipeline"
HEADINGS = (
    "", "wall s", "CPU s", "peak GB", "sales kept", "set aside", "lost in silence", "wrong",
    "money off",
)  # fmt: skip
GOAL_HEADINGS = ("we are ahead of", "in", "goal: times", "measured", "")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one of them cost, and what came of the sales."""

    name: str
    cost: Cost
    outcome: Outcome

    @property
    def cells(self) -> tuple[str, ...]:
        cost, outcome = self.cost, self.outcome
        return (
            self.name,
            f"{cost.wall_seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.peak_mb / 1000:.2f}",
            *(f"{n:,}" for n in (outcome.kept, outcome.aside, outcome.lost, outcome.wrong)),
            f"{outcome.amount_off:+,.2f}" if outcome.amount_off else "0.00",
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """By how many times we want to be ahead of a peer, and by how many we are."""

    peer: str
    what: str
    times: float
    measured: float

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = "PASS" if self.measured >= self.times else "MISS"
        return (self.peer, self.what, f"{self.times:g}", f"{self.measured:.2f}", verdict)


def goals(ours: Measured, others: Sequence[Measured], peers: Iterable[Peer]) -> list[Goal]:
    """The goals of all peers that were measured."""
    costs = {other.name: other.cost for other in others}
    found = []
    for peer in peers:
        cost = costs.get(peer.name)
        if cost and peer.times_goal:
            times = cost.wall_seconds / ours.cost.wall_seconds
            found.append(Goal(peer.name, "wall seconds", peer.times_goal, times))
        if cost and peer.memory_goal:
            times = cost.peak_mb / ours.cost.peak_mb
            found.append(Goal(peer.name, "peak memory", peer.memory_goal, times))
    return found


def write_markdown(
    path: Path,
    title: str,
    measured: Sequence[Measured],
    reached: Sequence[Goal],
    missing: dict[str, str],
    peers: Iterable[Peer],
) -> None:
    """Write the tables, who could not be measured and why, and what each does not do."""
    lines = [f"# {title}", "", *_table(HEADINGS, (one.cells for one in measured)), ""]
    lines += [f"- {name}: not measured, {reason}" for name, reason in missing.items()]
    lines += ["", "## Goals", "", *_table(GOAL_HEADINGS, (goal.cells for goal in reached)), ""]
    lines += ["## What each does not do, as it is written here", ""]
    shown = {one.name for one in measured}
    lines += [f"- {peer.name}: {'; '.join(peer.lacks)}" for peer in peers if peer.name in shown]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---", *("--:" for _ in headings[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]


def draw(folder: Path, title: str, measured: Sequence[Measured]) -> tuple[Path, Path]:
    """Draw wall seconds as bars, the quickest on top; PNG and SVG, in the style of our charts."""
    ranked = sorted(measured, key=lambda one: one.cost.wall_seconds)
    names = [one.name for one in ranked]
    walls = [one.cost.wall_seconds for one in ranked]
    texts = [
        f"{one.cost.wall_seconds:.1f} s, {one.cost.peak_mb / 1000:.1f} GB, "
        f"{one.outcome.lost:,} lost"
        for one in ranked
    ]
    subtitle = "Seconds by the clock, peak memory, and sales that are lost in silence"
    with canvas(title, subtitle, height_in=bars_height(len(ranked))) as (figure, axes):
        draw_bars(axes, names, walls, texts)
        axes.set_xlim(0, max(walls) * 1.6)
        for bar, name in zip(axes.patches, names, strict=True):
            bar.set_facecolor(style.BLUE if name == OURS else style.FAINT)
    alt = "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
    fields = (
        Field("tool", "Tool", Kind.TEXT),
        Field("wall_seconds", "Seconds by the clock", Kind.NUMBER),
    )
    frame = Frame(fields, tuple(zip(names, walls, strict=True)))
    return save(Chart("peers", title, subtitle, alt, frame, figure), folder)
