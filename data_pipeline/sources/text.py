"""Text files (CSV, TSV, semicolon; plain or gzip; UTF-8, UTF-16 or as declared): records as text.

Blocks of whole records go to Arrow's reader; `records.py` says independently where the records lie
and how many there are. A block in which the two do not agree is never loaded.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from data_pipeline.contract import Table
from data_pipeline.errors import BooksError, SourceError
from data_pipeline.sources.arrays import of_numbers, of_texts
from data_pipeline.sources.files import ByteStream, RawFile
from data_pipeline.sources.header import Format, has_whole_header, read_header
from data_pipeline.sources.letters import texts_between
from data_pipeline.sources.outline import (
    BlockOutline,
    Choice,
    choose_records,
    cut_blocks,
    outline_of,
)
from data_pipeline.sources.reading import BlockTexts, Records
from data_pipeline.sources.records import (
    Block,
    Layout,
    find_records,
    grammar,
    is_plain,
    join_records,
    records_with_quotes,
)
from data_pipeline.sources.scan import Positions, count_newlines, find_newlines

MAX_RECORD_BYTES = 32 << 20
"""A record may be as long as this; a quote still open by then is taken for a stray one."""

MANY_QUOTED = 50
"""When more than one in so many records has a quote, all are read with an eye for quotes."""


class TextFile:
    """One text file, opened: its header is known and fits the table.

    `rows` counts the records found so far, `content_hash` is there after the last batch.
    """

    def __init__(
        self, file: RawFile, table: Table, format_: Format, *, again: bool = False
    ) -> None:
        self.file = file
        self.rows = 0
        self.outline: list[BlockOutline] = []
        self._stream = ByteStream(file, format_.encoding, hashed=not again)
        self._blocks = self._stream.blocks()
        self._line = 1
        head = self._read_head(format_)
        self.delimiter, self.header, end = read_header(file, table, format_, head)
        self._line += count_newlines(head[:end])
        self._pending = head[end:]

    @property
    def content_hash(self) -> str:
        return self._stream.content_hash

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file as it lies on the disk have been read."""
        return self._stream.bytes_read

    def _read_head(self, format_: Format) -> bytes:
        head = next(self._blocks)
        while not has_whole_header(head, format_):
            block = next(self._blocks, None)
            if block is None:
                break
            head += block
        return head

    def batches(self) -> Iterator[Records]:
        """Yield the records, block after block."""
        for block in self._whole_records():
            parse = self._parse_plain(block) if is_plain(block.data) else None
            laid_out = block
            if parse is None:
                layout = self._lay_out(block)
                parse = self._split_records(block, layout)
                self.outline.append(outline_of(layout, len(block.data), block.first_line))
                laid_out = replace(block, layout=layout)
            texts = BlockTexts(laid_out, self.delimiter, len(self.header.names))
            for rows in parse:
                yield Records(rows, texts)

    def read_again(
        self, outline: Sequence[BlockOutline], choose: Choice
    ) -> Iterator[tuple[list[pa.RecordBatch], Positions, pa.StringArray]]:
        """Yield only the wanted records, and the lines and texts of all of them in order. The
        outline is that of an earlier reading.
        """
        pending, self._pending = self._pending, b""
        for data, noted in cut_blocks(pending, self._blocks, outline):
            layout = choose_records(data, noted, choose)
            if len(layout.starts):
                batches = self._split_records(Block(data, noted.first_line), layout)
                texts = texts_between(data, layout.starts, layout.ends)
                yield batches, noted.first_line + layout.lines, texts

    def texts(self, lines: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield the text of the sound records that begin on the given lines, in order."""
        wanted = sorted(lines)
        rest, line, at = self._pending, self._line, 0
        for block in chain(self._blocks, (None,)):
            if at == len(wanted):
                continue  # up to the end, where the file is seen to be the same
            final = block is None
            data = rest + (block or b"")
            stops = find_newlines(data)
            kept, passed = int(stops[-1]) + 1 if len(stops) else 0, len(stops)
            if final:
                stops = np.append(stops, len(data))
            while at < len(wanted) and wanted[at] - line < len(stops):
                first = wanted[at] - line
                start = int(stops[first - 1]) + 1 if first else 0
                text = self._record_at(data, start, int(stops[first]), final=final)
                if text is None:  # goes on in the next block
                    kept, passed = start, first
                    break
                yield wanted[at], text.decode("utf-8", "backslashreplace")
                at += 1
            rest, line = data[kept:], line + passed

    def _record_at(self, data: bytes, start: int, line_end: int, *, final: bool) -> bytes | None:
        """The record that begins at `start`; None when the block ends before it does."""
        text = data[start:line_end]
        if b'"' in text:
            match = grammar(self.delimiter).record.match(data, start)
            if match is None and not final:
                return None
            text = match.group() if match else text
        return text.removesuffix(b"\r")

    def _whole_records(self) -> Iterator[Block]:
        """Cut the text into blocks that end where a line ends, and carry on what is left over."""
        pending, self._pending = self._pending, b""
        for block in self._blocks:
            cut = pending.rfind(b"\n") + 1
            if not cut:
                pending += block
                self._check_length(pending)
                continue
            whole, lines = self._complete(pending[:cut], given_up=len(pending) > MAX_RECORD_BYTES)
            if whole.data:
                yield whole
                self._line += lines
            pending = pending[len(whole.data) :] + block
        if pending:
            yield Block(pending, self._line)

    def _complete(self, data: bytes, *, given_up: bool) -> tuple[Block, int]:
        """Take the whole records of some lines, and count the lines: an open quote waits for more
        text, until it is given up.
        """
        if given_up or b'"' not in data:
            return Block(data, self._line), count_newlines(data)
        fields = len(self.header.names)
        layout = find_records(data, self.delimiter, fields, final=False)
        return Block(data[: layout.consumed], self._line, layout), layout.newlines

    def _check_length(self, pending: bytes) -> None:
        if len(pending) > 2 * MAX_RECORD_BYTES:
            raise SourceError(
                f"{self.file.name}, line {self._line}: longer than {MAX_RECORD_BYTES >> 20} MB; "
                "this is no table"
            )

    def _parse_plain(self, block: Block) -> list[pa.RecordBatch] | None:
        """Read a block without quotes: each line is a record. None when lines are blank."""
        expected = count_newlines(block.data) + (not block.data.endswith(b"\n"))
        table, ragged = self._read(block.data, quoted=False)
        if table.num_rows + len(ragged) != expected:
            return None
        self.rows += expected
        nothing = np.zeros(0, np.int64)
        self.outline.append(BlockOutline(len(block.data), block.first_line, nothing, {}))
        lines = block.first_line + np.arange(expected, dtype=np.int64)
        return self._with_lines(table, ragged, lines)

    def _lay_out(self, block: Block) -> Layout:
        fields = len(self.header.names)
        layout = block.layout or find_records(block.data, self.delimiter, fields, final=True)
        if b'"' in block.data and self._has_ragged_lines(block, layout):
            layout = find_records(block.data, self.delimiter, fields, final=True, suspicious=True)
        return layout

    def _has_ragged_lines(self, block: Block, layout: Layout) -> bool:
        """Whether a record over several lines has the wrong number of fields."""
        end = layout.newlines + (not block.data.endswith(b"\n"))
        spans = np.diff(np.append(layout.lines, end)) > 1
        rules = grammar(self.delimiter)
        return any(
            rules.fields(text) != len(self.header.names)
            for i in np.flatnonzero(spans)
            if b"\n" in (text := block.data[layout.starts[i] : layout.ends[i]])
        )

    def _split_records(self, block: Block, layout: Layout) -> list[pa.RecordBatch]:
        """Read laid out records; a few with a quote by themselves, and the others quickly."""
        self.rows += len(layout.starts)
        quoted = records_with_quotes(block.data, layout)
        plain = ~quoted
        faulty = sorted(layout.faults)
        plain[faulty] = quoted[faulty] = False
        lines = block.first_line + layout.lines
        batches = []
        lanes = [(plain, False), (quoted, True)]
        if quoted.sum() > len(quoted) // MANY_QUOTED:  # then to take them apart costs more
            lanes = [(plain | quoted, True)]
        for chosen, has_quotes in lanes:
            count = int(chosen.sum())
            if not count:
                continue
            data = join_records(block.data, layout.starts[chosen], layout.ends[chosen])
            table, ragged = self._read(data, quoted=has_quotes)
            if table.num_rows + len(ragged) != count:
                raise BooksError(
                    f"{self.file.name}, from line {block.first_line}: {count} records were "
                    f"counted, {table.num_rows + len(ragged)} were read; nothing was loaded"
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
        if not data:
            return pa.table({n: pa.nulls(0, pa.string()) for n in self.header.positions}), ragged
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
