"""The report: one HTML file with the charts, their tables, the books and the definitions.

It asks nothing of any network, runs no script, and everything in it that comes from data is
escaped. `write_report` is what `sales report` does.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_report"]


def write_report(
    warehouse_url: str, out: str | Path, *, currency: str = "", timezone: str = "UTC"
) -> Path:
    """Write the report on the warehouse to the file `out`; its folder is made."""
    from data_pipeline.metrics import open_reader
    from data_pipeline.report.content import read_content
    from data_pipeline.report.page import render_page

    with open_reader(warehouse_url) as reader:
        page = render_page(read_content(reader, currency=currency, timezone=timezone))
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path
