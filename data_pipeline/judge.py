"""The contract lane: the contract becomes SQL that judges one raw row at a time.

Portable SQL, from text to typed, repaired or quarantined values, the same on every engine. An
engine may take rows that are beyond doubt on a quicker way; a shared test holds the two against
each other.

Each value goes the same way, one common table expression a step:
`t_` trimmed text, `n_` the number or time in plain form, `w_` its wide value, `v_` the typed value,
`p_` the problem if there is one; then `reason`, `detail`, `repairs`, `amount` for the row.
"""

from __future__ import annotations

from data_pipeline.contract import (
    AMOUNT_OVERFLOW,
    BLANKS,
    CURRENCY_SIGNS,
    FIRST_INSTANT,
    MAX_MONEY,
    NO_BLANK_ENDS,
    QUARANTINE,
    SALES,
    STRUCTURE_REASONS,
    Column,
    Default,
    Email,
    Instant,
    Money,
    Null,
    Number,
    Table,
    Text,
    Whole,
    row_reasons,
)  # fmt: skip
from data_pipeline.masking import mask_text, mask_value, personal_columns
from data_pipeline.sources.header import Format
from data_pipeline.sql import quote, text
from data_pipeline.timezones import from_declared, local_offset

NUMBER = f"^[{CURRENCY_SIGNS}]?[+-]?([0-9]+|[0-9]{{1,3}}(,[0-9]{{3}})+)([.][0-9]+)?$"
_DAY = (
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_OFFSET = "[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)"
INSTANT = f"^{_DAY}([ T]{_TIME}(Z|{_OFFSET})?)?$"

SHOWN_CHARACTERS = 60
"""So much of a bad value stands in `detail`; all of it is in `raw`."""


def judge_rows(table: Table, format_: Format, source: str, *, masked: bool) -> str:
    """Make the SELECT that judges every row of `source`.

    `source` has all raw columns of the table as text, and `source_file`, `latest` (the last moment
    that is not in the future), `source_line`, `fault`, `raw`. The result has the table's columns,
    then source_file, source_line, repairs, reason, detail, raw, amount and record_key (the key as
    far as it can be read); `reason` is NULL in a good row. `masked` rows show nothing personal; the
    statement then has the parameters of `masking.Mask`.
    """
    columns = table.raw_columns
    steps = [
        ("trimmed", [_trimmed(c) for c in columns]),
        ("plain", [p for c in columns for p in _plain(c, format_)]),
        ("wide", [w for c in columns for w in _wide(c, format_)]),
        ("typed", [f"{_value(c)} AS {quote('v_' + c.name)}" for c in columns]),
        ("problems", [f"{_problem(c)} AS {quote('p_' + c.name)}" for c in columns]),
    ]
    if table is SALES:
        steps.append(("amounts", [f"{_amount()} AS exact_amount"]))
    steps.append(("reasons", [f"{_reason(table)} AS reason"]))
    parts, previous = [], source
    for name, expressions in steps:
        if expressions:
            parts.append(f"{name} AS (SELECT *, {', '.join(expressions)} FROM {previous})")
            previous = name
    finals = [f"{_final(c, masked)} AS {quote(c.name)}" for c in table.columns]
    amount = _fitting_amount() if table is SALES else "CAST(NULL AS DECIMAL(18,4))"
    detail, raw = _detail(table, format_, masked), _raw(table) if masked else "raw"
    return (
        f"WITH {', '.join(parts)} SELECT {', '.join(finals)}, source_file, source_line, "
        f"CASE WHEN reason IS NULL THEN {_repairs(table, format_)} END AS repairs, "
        f"reason, {detail} AS detail, {raw} AS raw, {amount} AS amount, "
        f"{_record_key(table, masked)} AS record_key FROM {previous}"
    )


def _record_key(table: Table, masked: bool) -> str:
    value = quote("v_" + table.key.name)
    return f"COALESCE(CAST({value} AS VARCHAR), {_shown(table, table.key, masked)})"


def _shown(table: Table, column: Column, masked: bool) -> str:
    """A text of any form; among people's data it may be a name."""
    trimmed = quote("t_" + column.name)
    return mask_text(trimmed) if masked and personal_columns(table) else trimmed


def _raw(table: Table) -> str:
    """The record without what is personal: the contract's columns alone, masked where they have
    to be; when it cannot be split into them, nothing of it.
    """
    values = " || ',' || ".join(f"COALESCE({_raw_value(table, c)}, '')" for c in table.raw_columns)
    return f"CASE WHEN fault IS NOT NULL THEN {mask_text('raw')} ELSE {values} END"


def _raw_value(table: Table, column: Column) -> str:
    value, trimmed = quote("v_" + column.name), quote("t_" + column.name)
    if not personal_columns(table) or (isinstance(column.type, Text) and not column.personal):
        return trimmed
    known = mask_value(column, value) if column.personal else trimmed
    other = f"WHEN NOT {_missing(column)} THEN {mask_text(trimmed)} ELSE {trimmed}"
    return f"CASE WHEN {value} IS NOT NULL THEN {known} {other} END"


def _trimmed(column: Column) -> str:
    raw = quote(column.name)
    untouched = f"REGEXP_MATCHES({raw}, {text(NO_BLANK_ENDS)})"
    trimmed = f"CASE WHEN {untouched} THEN {raw} ELSE TRIM({raw}, {text(BLANKS)}) END"
    return f"{trimmed} AS {quote('t_' + column.name)}"


def _missing(column: Column) -> str:
    trimmed = quote("t_" + column.name)
    marks = ", ".join(text(m) for m in column.missing_marks)
    return f"({trimmed} IS NULL OR {trimmed} IN ({marks}))"


def _plain(column: Column, format_: Format) -> list[str]:
    """The value in the contract's own form: what the user declared about the source is undone."""
    trimmed, name = quote("t_" + column.name), quote("n_" + column.name)
    match column.type:
        case Whole() | Money():
            if format_.decimal == ",":
                trimmed = f"TRANSLATE({trimmed}, ',.', '.,')"
            bare = f"REPLACE(REGEXP_REPLACE({trimmed}, '^[{CURRENCY_SIGNS}]', ''), ',', '')"
            fraction = "0+" if column.type.scale == 0 else f"[0-9]{{1,{column.type.scale}}}0*"
            fits = f"REGEXP_MATCHES({bare}, '^[+-]?[0-9]+([.]{fraction})?$')"
            is_number = f"REGEXP_MATCHES({trimmed}, {text(NUMBER)})"
            return [f"CASE WHEN {is_number} AND {fits} THEN {bare} END AS {name}"]
        case Instant():
            value = from_declared(trimmed, format_.timestamp) if format_.timestamp else trimmed
            fits = f"REGEXP_MATCHES({value}, {text(INSTANT)}) AND SUBSTR({value}, 1, 4) <> '0000'"
            return [f"CASE WHEN {fits} THEN REPLACE({value}, 'T', ' ') END AS {name}"]
        case Email():
            return [f"LOWER({trimmed}) AS {name}"]
        case _:
            return []


def _wide(column: Column, format_: Format) -> list[str]:
    """The value in a type that holds more than the column does, so that its range can be seen."""
    plain, name = quote("n_" + column.name), quote("w_" + column.name)
    match column.type:
        case Whole() | Money():
            short = f"REGEXP_MATCHES({plain}, '^[+-]?0*[0-9]{{1,30}}([.]|$)')"
            digits = f"REGEXP_REPLACE({plain}, '^([+-]?)0+([0-9])', '\\1\\2')"
            return [f"CAST(CASE WHEN {short} THEN {digits} END AS DECIMAL(38,4)) AS {name}"]
        case Instant():
            bare = f"REGEXP_REPLACE({plain}, '(Z|[+-][0-9]{{2}}:[0-9]{{2}})$', '')"
            local = f"CAST({bare} AS TIMESTAMP)"
            sign = f"CASE SUBSTR({plain}, LENGTH({plain}) - 5, 1) WHEN '-' THEN -60 ELSE 60 END"
            minutes = (
                f"{sign} * (60 * CAST(SUBSTR({plain}, LENGTH({plain}) - 4, 2) AS INTEGER)"
                f" + CAST(SUBSTR({plain}, LENGTH({plain}) - 1, 2) AS INTEGER))"
            )
            offset = (
                f"CASE WHEN {plain} LIKE '%Z' THEN 0 "
                f"WHEN REGEXP_MATCHES({plain}, '[+-][0-9]{{2}}:[0-9]{{2}}$') THEN {minutes} "
                f"ELSE {local_offset(local, format_.timezone)} END"
            )
            return [f"{local} - ({offset}) * INTERVAL '1' SECOND AS {name}"]
        case _:
            return []


def _in_range(column: Column, value: str) -> str:
    if isinstance(column.type, Instant):
        return f"{value} BETWEEN TIMESTAMP '{FIRST_INSTANT}' AND latest"
    assert isinstance(column.type, Number)
    nonzero = f" AND {value} <> 0" if column.type.nonzero else ""
    return f"{value} BETWEEN {column.type.low} AND {column.type.high}{nonzero}"


def _value(column: Column) -> str:
    trimmed, plain, wide = (quote(p + column.name) for p in ("t_", "n_", "w_"))
    present = f"NOT {_missing(column)}"
    match column.type:
        case Text():
            return f"CASE WHEN {present} THEN {trimmed} END"
        case Email():
            fits = f"REGEXP_MATCHES({plain}, {text(column.type.pattern)})"
            return f"CASE WHEN {present} AND {fits} THEN {plain} END"
        case _:
            kept = f"CASE WHEN {present} AND {_in_range(column, wide)} THEN {wide} END"
            return f"CAST({kept} AS {column.type.sql})"


def _problem(column: Column) -> str:
    value = quote("v_" + column.name)
    form = quote(("w_" if isinstance(column.type, Instant) else "n_") + column.name)
    problem = f"CASE WHEN {_missing(column)} THEN {text(column.missing_reason)} "
    if isinstance(column.type, Email):
        problem += f"WHEN {value} IS NULL THEN {text(column.invalid_reason)} "
    elif not isinstance(column.type, Text):
        problem += f"WHEN {form} IS NULL THEN {text(column.invalid_reason)} "
        problem += f"WHEN {value} IS NULL THEN {text(column.range_reason)} "
    return problem + "END"


def _amount() -> str:
    return "CAST(v_quantity AS DECIMAL(20,0)) * CAST(v_price AS DECIMAL(18,4))"


def _fitting_amount() -> str:
    fits = f"exact_amount BETWEEN -{MAX_MONEY} AND {MAX_MONEY}"
    return f"CAST(CASE WHEN {fits} THEN exact_amount END AS DECIMAL(18,4))"


def _reason(table: Table) -> str:
    """The first of: fault of structure, problems in the contract's order of columns, overflow."""
    reasons = ["fault"]
    for column in table.raw_columns:
        problem = quote("p_" + column.name)
        grave = [r for r in _own_reasons(column) if r in row_reasons(table)]
        if grave:
            listed = ", ".join(text(r) for r in grave)
            reasons.append(f"CASE WHEN {problem} IN ({listed}) THEN {problem} END")
    if table is SALES:
        fits = f"exact_amount NOT BETWEEN -{MAX_MONEY} AND {MAX_MONEY}"
        reasons.append(f"CASE WHEN {fits} THEN {text(AMOUNT_OVERFLOW)} END")
    return f"COALESCE({', '.join(reasons)})"


def _own_reasons(column: Column) -> tuple[str, str, str]:
    return column.missing_reason, column.invalid_reason, column.range_reason


def _final(column: Column, masked: bool) -> str:
    if column.derived:
        return _fitting_amount()
    value = quote("v_" + column.name)
    if masked and column.personal:
        value = mask_value(column, value)
    if isinstance(column.missing, Default):
        default = column.missing.value
        literal = text(default) if isinstance(default, str) else str(default)
        return f"CASE WHEN {_missing(column)} THEN {literal} ELSE {value} END"
    return value


def _repairs(table: Table, format_: Format) -> str:
    names = [r for c in table.raw_columns for r in _column_repairs(c, format_)]
    return f"NULLIF(CONCAT_WS(' ', {', '.join(names)}), '')"


def _column_repairs(column: Column, format_: Format) -> list[str]:
    raw, trimmed, problem = (quote(p + column.name) for p in ("", "t_", "p_"))
    kept = f"{problem} IS NULL"
    found = [(f"{kept} AND LENGTH({raw}) <> LENGTH({trimmed})", "trimmed")]
    if isinstance(column.type, Number):
        grouping = "," if format_.decimal == "." else "."
        found.append((f"{kept} AND REGEXP_MATCHES({trimmed}, '^[{CURRENCY_SIGNS}]')", "currency"))
        found.append((f"{kept} AND {trimmed} LIKE '%{grouping}%'", "thousands"))
    if isinstance(column.type, Email):
        found.append((f"{kept} AND {quote('n_' + column.name)} <> {trimmed}", "lowercased"))
    if isinstance(column.missing, Default) and column.missing.counted:
        found.append((f"{problem} = {text(column.missing_reason)}", "default"))
    if isinstance(column.invalid, Null) and not isinstance(column.type, Text):
        bad = ", ".join(text(r) for r in _own_reasons(column)[1:])
        found.append((f"{problem} IN ({bad})", "invalid"))
    return [f"CASE WHEN {when} THEN '{rule}_{column.name}' END" for when, rule in found]


def _detail(table: Table, format_: Format, masked: bool) -> str:
    """What was wrong, in words: of the structure, or of each column that quarantines the row."""
    described = " ".join(f"WHEN {text(r)} THEN {text(d)}" for r, d in STRUCTURE_REASONS.items())
    parts = []
    for column in table.raw_columns:
        if QUARANTINE not in (column.missing, column.invalid):
            continue
        problem = quote("p_" + column.name)
        shown = f"SUBSTR({_shown(table, column, masked)}, 1, {SHOWN_CHARACTERS})"
        verdict = text(f"' is not {format_.valid(column.type)}")
        said = f"'{column.name} ''' || {shown} || {verdict}"
        bad = ", ".join(text(r) for r in _own_reasons(column)[1:])
        if column.missing == QUARANTINE:
            parts.append(
                f"CASE WHEN {problem} = {text(column.missing_reason)} "
                f"THEN {text(column.name + ' is missing')} END"
            )
        parts.append(f"CASE WHEN {problem} IN ({bad}) THEN {said} END")
    if table is SALES:
        overflow = f"quantity x price is beyond {MAX_MONEY}"
        parts.append(f"CASE WHEN reason = {text(AMOUNT_OVERFLOW)} THEN {text(overflow)} END")
    found = f"WHEN reason IS NOT NULL THEN CONCAT_WS('; ', {', '.join(parts)})"
    return f"CASE WHEN fault IS NOT NULL THEN CASE fault {described} END {found} END"
