"""The registry as people read it: a frame for the terminal, Markdown for the docs."""

from __future__ import annotations

from data_pipeline.metrics.dimensions import DIMENSIONS
from data_pipeline.metrics.frame import Field, Frame, Kind
from data_pipeline.metrics.registry import METRICS

INTRODUCTION = """\
# Metrics

Made from the registry by `sales metrics --markdown`; do not edit.

A *sale* is a row whose amount (`total_sales`) is above 0, a *return* one whose amount is below 0.

- Returns count on the day on which they happen, not on the day of the sale that they undo.
- A row with price 0 (a gift, a sample, a stock correction) moves no money and counts nowhere but
  in `free_units`.
- `price` is what one unit cost at the sale: a discount has been taken off already, and gross sales
  add it back. So net sales are the sum of `total_sales`, always.
- Guests (`customer_id` 0) are left out of every metric of customers.
- Days are those of the reporting time zone (`--timezone`, default UTC).
- Sums and counts are exact. A quotient is rounded half to even, to 4 decimals (shares: 6), and
  there is none when its denominator is 0.
"""


def definitions() -> Frame:
    """Every metric with its meaning."""
    fields = (
        Field("name", "Metric", Kind.TEXT),
        Field("label", "Label", Kind.TEXT),
        Field("description", "What it is", Kind.TEXT),
    )
    return Frame(fields, tuple((m.name, m.label, m.description) for m in METRICS.values()))


def write_markdown() -> str:
    """The page docs/metrics.md."""
    lines = [INTRODUCTION, "## The metrics", ""]
    lines += ["| metric | what it is | unit | may be summed over | how |", "| --- " * 5 + "|"]
    for metric in METRICS.values():
        over = ", ".join(metric.additive_over) or "nothing"
        formula = metric.formula.replace("|", "\\|")
        lines.append(
            f"| `{metric.name}` | **{metric.label}.** {metric.description} | {metric.kind} |"
            f" {over} | `{formula}` |"
        )
    lines += ["", "## The dimensions", "", "| dimension | what it is |", "| --- | --- |"]
    lines += [f"| `{d.name}` | {d.description} |" for d in DIMENSIONS.values()]
    return "\n".join(lines) + "\n"
