"""Text files (CSV, TSV, semicolon; plain or gzip; UTF-8, UTF-16 or as declared): records as text.

The text is cut into blocks of whole records. `records.py` says where they lie and how many there
are; who reads them, the kernel or Arrow, does not know of that and is held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa

from data_pipeline.contract import Table
from data_pipeline.errors import SourceError
from data_pipeline.sources.arrays import numbers, of_numbers
from data_pipeline.sources.files import ByteStream, RawFile
from data_pipeline.sources.header import Format, has_whole_header, read_header
from data_pipeline.sources.kernel import Lines
from data_pipeline.sources.letters import texts_between
from data_pipeline.sources.outline import (
    BlockOutline,
    Choice,
    choose_records,
    cut_blocks,
    outline_of,
)
from data_pipeline.sources.reading import with_raw
from data_pipeline.sources.records import Block, Layout, cut_out, find_records, grammar
from data_pipeline.sources.scan import Positions, count_newlines, find_newlines
from data_pipeline.sources.splitting import Splitter

MAX_RECORD_BYTES = 32 << 20
"""A record may be as long as this; a quote still open by then is taken for a stray one."""


@dataclass(frozen=True, slots=True)
class TextRest:
    """Records of a block that are to be read as text."""

    splitter: Splitter
    data: bytes
    first_line: int
    layout: Layout

    @property
    def lines(self) -> Positions:
        return self.first_line + self.layout.lines

    def texts(self) -> pa.StringArray:
        r"""The records as they are; bad bytes stand as \xNN in them."""
        return texts_between(self.data, self.layout.starts, self.layout.ends)

    def fields(self) -> list[pa.RecordBatch]:
        """The rows without `raw`."""
        return self.splitter.split(self.data, self.first_line, self.layout)

    def rows(self) -> list[pa.RecordBatch]:
        texts, lines, rows = self.texts(), self.lines, []
        for batch in self.fields():
            at = np.searchsorted(lines, numbers(batch.column("source_line")))
            rows.append(with_raw(batch, texts.take(of_numbers(at, pa.int64()))))
        return rows


@dataclass(frozen=True, slots=True)
class TextRecords:
    """The records of one block of a text."""

    splitter: Splitter
    data: bytes
    first_line: int
    layout: Layout

    @property
    def begins(self) -> Positions:
        return self.first_line + self.layout.lines

    @property
    def where(self) -> str:
        return f"{self.splitter.name}, from line {self.first_line}"

    def lines(self) -> Lines:
        count = self.layout.newlines + (not self.data.endswith(b"\n"))
        skipped = None
        if len(self.layout.inside) or self.layout.faults:
            skipped = np.zeros(count, np.bool_)
            skipped[self.layout.inside + 1] = True
            skipped[self.layout.lines[sorted(self.layout.faults)]] = True
        return Lines(self.data, self.first_line, count, skipped)

    def rest(self, left: Positions | None = None) -> TextRest:
        data, layout = self.data, self.layout
        if left is not None:
            chosen = np.searchsorted(layout.lines, left - self.first_line)
            unseen = np.array(sorted(layout.faults), np.int64)
            data, layout = cut_out(data, layout, np.union1d(chosen, unseen))
        return TextRest(self.splitter, data, self.first_line, layout)


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
        self.fields = self.header.fields
        self._splitter = Splitter(file.name, self.delimiter, self.header)
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

    def batches(self) -> Iterator[TextRecords]:
        """Yield the records, block after block."""
        for block in self._whole_records():
            layout = self._lay_out(block)
            self.rows += len(layout.starts)
            self.outline.append(outline_of(layout, len(block.data), block.first_line))
            yield TextRecords(self._splitter, block.data, block.first_line, layout)

    def read_again(self, outline: Sequence[BlockOutline], choose: Choice) -> Iterator[TextRest]:
        """Yield only the wanted records. The outline is that of an earlier reading."""
        pending, self._pending = self._pending, b""
        for data, noted in cut_blocks(pending, self._blocks, outline):
            layout = choose_records(data, noted, choose)
            if len(layout.starts):
                cut = cut_out(data, layout, np.arange(len(layout.starts)))
                yield TextRest(self._splitter, cut[0], noted.first_line, cut[1])

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
            whole = self._complete(pending[:cut], final=len(pending) > MAX_RECORD_BYTES)
            if whole.data:
                yield whole
                self._line += whole.layout.newlines
            pending = pending[len(whole.data) :] + block
        if pending:
            yield self._complete(pending, final=True)

    def _complete(self, data: bytes, *, final: bool) -> Block:
        """Take the whole records of some lines: an open quote waits for more text, until it is
        `final`.
        """
        layout = find_records(data, self.delimiter, len(self.header.names), final=final)
        return Block(data[: layout.consumed], self._line, layout)

    def _check_length(self, pending: bytes) -> None:
        if len(pending) > 2 * MAX_RECORD_BYTES:
            raise SourceError(
                f"{self.file.name}, line {self._line}: longer than {MAX_RECORD_BYTES >> 20} MB; "
                "this is no table"
            )

    def _lay_out(self, block: Block) -> Layout:
        if b'"' not in block.data or not self._has_ragged_lines(block):
            return block.layout
        fields = len(self.header.names)
        return find_records(block.data, self.delimiter, fields, final=True, suspicious=True)

    def _has_ragged_lines(self, block: Block) -> bool:
        """Whether a record over several lines has the wrong number of fields."""
        layout = block.layout
        end = layout.newlines + (not block.data.endswith(b"\n"))
        spans = np.diff(np.append(layout.lines, end)) > 1
        rules = grammar(self.delimiter)
        return any(
            rules.fields(text) != len(self.header.names)
            for i in np.flatnonzero(spans)
            if b"\n" in (text := block.data[layout.starts[i] : layout.ends[i]])
        )
