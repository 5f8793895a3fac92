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
A message says what happened, where, and what to do.
"""


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
