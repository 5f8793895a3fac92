"""Records of a text, laid out, to fields: Arrow's reader at work, and what it says held against
what was counted.
"""

from __future__ import annotations

from codecs import BOM_UTF8

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from data_pipeline.errors import BooksError
from data_pipeline.sources.arrays import of_numbers, of_texts
from data_pipeline.sources.header import Header
from data_pipeline.sources.records import Layout, join_records, records_with_quotes
from data_pipeline.sources.scan import Positions

MANY_QUOTED = 50
"""When more than one in so many records has a quote, all are read with an eye for quotes."""


class Splitter:
    """Splits the records of one file: fields as text under the contract's names, with
    `source_line`, and `fault`, the reason why a record could not be split (its fields are NULL
    then).
    """

    def __init__(self, name: str, delimiter: str, header: Header) -> None:
        self.name, self.delimiter, self.header = name, delimiter, header

    def split(self, data: bytes, first_line: int, layout: Layout) -> list[pa.RecordBatch]:
        """Read laid out records; a few with a quote by themselves, and the others quickly.

        Raises BooksError when there are not as many rows as records.
        """
        quoted = records_with_quotes(data, layout)
        plain = ~quoted
        faulty = sorted(layout.faults)
        plain[faulty] = quoted[faulty] = False
        lines = first_line + layout.lines
        batches = []
        lanes = [(plain, False), (quoted, True)]
        if quoted.sum() > len(quoted) // MANY_QUOTED:  # then to take them apart costs more
            lanes = [(plain | quoted, True)]
        for chosen, has_quotes in lanes:
            count = int(chosen.sum())
            if not count:
                continue
            joined = join_records(data, layout.starts[chosen], layout.ends[chosen])
            table, ragged = self._read(joined, quoted=has_quotes)
            if table.num_rows + len(ragged) != count:
                raise BooksError(
                    f"{self.name}, from line {first_line}: {count} records were counted, "
                    f"{table.num_rows + len(ragged)} were read; nothing was loaded"
                )
            batches += self._with_lines(table, ragged, lines[chosen])
        if faulty:
            batches.append(self._faults(lines[faulty], [layout.faults[i] for i in faulty]))
        return batches

    def _read(self, data: bytes, *, quoted: bool) -> tuple[pa.Table, list[tuple[int, int]]]:
        """Split records into fields. The second value names the ragged ones: (number, fields)."""
        ragged: list[tuple[int, int]] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            ragged.append((row.number - 1, row.actual_columns))
            return "skip"

        names = [f"c{i}" for i in range(len(self.header.names))]
        used = [names[i] for i in self.header.positions.values()]
        if data.startswith(BOM_UTF8):  # Arrow takes the first one away from any buffer
            data = BOM_UTF8 + data
        table = pa_csv.read_csv(
            pa.py_buffer(data),
            pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 64, column_names=names),
            pa_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=skip,
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(used, pa.string()),
                include_columns=used,
                strings_can_be_null=False,
            ),
        )
        return table.rename_columns(list(self.header.positions)), ragged

    def _with_lines(
        self, table: pa.Table, ragged: list[tuple[int, int]], lines: Positions
    ) -> list[pa.RecordBatch]:
        kept = np.delete(lines, [i for i, _ in ragged]) if ragged else lines
        table = table.append_column("source_line", of_numbers(kept, pa.int64()))
        table = table.append_column("fault", pa.nulls(len(kept), pa.string()))
        batches = table.to_batches()
        if ragged:
            expected = len(self.header.names)
            reasons = ["too_few_fields" if n < expected else "too_many_fields" for _, n in ragged]
            batches.append(self._faults(lines[[i for i, _ in ragged]], reasons))
        return [b for b in batches if b.num_rows]

    def _faults(self, lines: Positions, reasons: list[str]) -> pa.RecordBatch:
        columns = {name: pa.nulls(len(lines), pa.string()) for name in self.header.positions}
        columns |= {"source_line": of_numbers(lines, pa.int64()), "fault": of_texts(reasons)}
        return pa.RecordBatch.from_arrays([*columns.values()], [*columns])
