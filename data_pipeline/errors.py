"""The errors that end a run.

PipelineError
├── ConfigError      a setting or a flag is wrong (exit 2)
├── SourceError      a raw file or a source cannot be read as a whole
├── ContractError    what was read cannot be what the contract describes
├── BooksError       rows or amounts do not add up; nothing was loaded
└── WarehouseError   the warehouse cannot be opened, locked or written
    ├── MissingWarehouseError   there is none yet
    └── BusyWarehouseError      somebody else is at work on it

A bad *row* is never an exception: it is data, and goes to quarantine.
A message says what happened, where, and what to do. `printable` is for whoever prints one.
"""

import re


class PipelineError(Exception):
    """The run cannot go on; the warehouse is as it was before."""

    exit_code = 1


class ConfigError(PipelineError):
    """A setting or a flag is wrong."""

    exit_code = 2


class SourceError(PipelineError):
    """A raw file or a source cannot be read as a whole."""


class ContractError(PipelineError):
    """What was read cannot be what the contract describes."""


class BooksError(PipelineError):
    """Rows or amounts do not add up."""


class WarehouseError(PipelineError):
    """The warehouse cannot be opened, locked or written."""


class MissingWarehouseError(WarehouseError):
    """There is no warehouse yet."""


class BusyWarehouseError(WarehouseError):
    """Somebody else is at work on the warehouse."""


def printable(message: str) -> str:
    r"""The message in signs that no terminal and no reader of logs obeys; what a raw file is called
    or has in its header may be anything. Only a line feed before two blanks stays: it begins a
    line of a list of ours.

    >>> printable("cannot read sales-\x1b[31m\nERROR.csv:\n  at all")
    'cannot read sales-\\x1b[31m\\nERROR.csv:\n  at all'
    """
    lines = re.split("\n(?=  )", message)
    escaped = ("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines)
    return "\n".join(escaped)
