"""Sums changed by a difference: less what was, plus what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.aggregates.side import drop_tables, make_table

if TYPE_CHECKING:
    from data_pipeline.metrics.rollups import Rollup
    from data_pipeline.warehouses import Warehouse

DIFFERENCE, RENEWED = "agg_difference", "agg_renewed"


def adjust(warehouse: Warehouse, rollup: Rollup, was: str, is_: str) -> None:
    """Take the cells of the table `was` off a rollup and add those of `is_`.

    Cells that count nothing any more are taken out.
    """
    keys = ", ".join(rollup.keys)
    columns = ", ".join(field.name for field in rollup.relation.fields)
    taken = ", ".join(f"-{field.name} AS {field.name}" for field in rollup.sums)
    summed = ", ".join(
        f"CAST(SUM({field.name}) AS {field.sql}) AS {field.name}" for field in rollup.sums
    )
    # named in full: BigQuery takes a bare name for the column of the answer, which is a sum already
    changed = " OR ".join(f"SUM(sides.{field.name}) <> 0" for field in rollup.sums)
    matches = " AND ".join(f"d.{key} = a.{key}" for key in rollup.keys)
    make_table(
        warehouse,
        DIFFERENCE,
        f"SELECT {keys}, {summed} FROM (SELECT {columns} FROM {is_} "
        f"UNION ALL SELECT {keys}, {taken} FROM {was}) AS sides GROUP BY {keys} HAVING {changed}",
    )
    standing = ", ".join(f"a.{field.name}" for field in rollup.relation.fields)
    make_table(
        warehouse,
        RENEWED,
        f"SELECT {keys}, {summed} FROM (SELECT {columns} FROM {DIFFERENCE} UNION ALL "
        f"SELECT {standing} FROM {rollup.name} AS a JOIN {DIFFERENCE} AS d ON {matches}) AS cells "
        f"GROUP BY {keys}",
    )
    met = " AND ".join(f"d.{key} = {rollup.name}.{key}" for key in rollup.keys)
    warehouse.rows(
        f"DELETE FROM {rollup.name} WHERE EXISTS (SELECT 1 FROM {DIFFERENCE} AS d WHERE {met})"
    )
    counter = rollup.sums[0].name
    warehouse.rows(
        f"INSERT INTO {rollup.name} SELECT {columns} FROM {RENEWED} WHERE {counter} <> 0"
    )
    drop_tables(warehouse, (DIFFERENCE, RENEWED))
