"""Charts of publication quality from a warehouse: pure functions from a frame to a figure.

`draw_all` is what `sales charts` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["draw_all"]


def draw_all(
    warehouse_url: str,
    out_dir: str | Path,
    *,
    currency: str = "",
    timezone: str = "UTC",
    on_chart: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Write every chart of the warehouse into `out_dir` as PNG and SVG; returns the paths.

    The folder is made. `on_chart` hears each chart's name when it is written. A warehouse
    without sales has no charts: the answer is empty.
    """
    from data_pipeline.charts.chart import save
    from data_pipeline.charts.gallery import draw_gallery, read_scope
    from data_pipeline.metrics import open_reader

    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    with open_reader(warehouse_url) as reader:
        scope = read_scope(reader, currency=currency, timezone=timezone)
        for chart in draw_gallery(reader, scope) if scope else ():
            paths += save(chart, folder)
            if on_chart:
                on_chart(chart.name)
    return tuple(paths)
