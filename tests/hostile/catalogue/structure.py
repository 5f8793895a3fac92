"""Where lines, fields and headers can go wrong."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.variant import (
    GOOD,
    RECORDS,
    REQUIRED,
    TABLES,
    Keys,
    Variant,
    around,
    by_hand,
    everywhere,
    records,
    refusals,
    sample,
    sheet,
)

KEYS = Keys(3_000_000)
MANY = 10_000


def header_of(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change the first line alone."""

    def changed(data: bytes) -> bytes:
        head, _, rest = data.partition(b"\n")
        return change(head) + b"\n" + rest

    return changed


def widened(data: bytes, fields: int) -> bytes:
    """So many columns more that nobody knows."""
    head, *lines = data.decode().replace("two\nlines", "two").replace("a\nb", "a").splitlines()
    names = ",".join(f"c{n}" for n in range(fields))
    more = "," * fields
    return "\n".join([f"{head},{names}", *(line + more for line in lines), ""]).encode()


WHOLE_FILES: dict[str, Callable[[bytes], bytes]] = {
    "lf and crlf in turns": lambda data: b"\r\n".join(data.split(b"\n", 2)),
    "no line end at the end": lambda data: data.removesuffix(b"\n"),
    "crlf without line end at the end": lambda data: data.replace(b"\n", b"\r\n").removesuffix(
        b"\r\n"
    ),
    "blank lines at the end": lambda data: data + b"\n\r\n\n" * 20,
    "blank lines at the beginning": lambda data: b"\n\r\n\n" + data,
    "a blank line behind the header": header_of(lambda head: head + b"\n\r\n"),
    "header in capitals": header_of(bytes.upper),
    "header with blanks": header_of(lambda head: b" " + head.replace(b",", b" ,\t")),
    "header in quotes": header_of(lambda head: b'"' + head.replace(b",", b'","') + b'"'),
    "header with ideographic blanks": header_of(
        lambda head: "\u3000".encode() + head.replace(b",", "\u00a0,\u3000".encode())
    ),
    "fifty columns more": lambda data: widened(data, 50),
    "10,000 columns": lambda data: widened(data, MANY),
    "a column without name": lambda data: widened(data, 1).replace(b",c0", b",", 1),
    "a name of a megabyte": lambda data: widened(data, 1).replace(
        b",c0", b"," + b"n" * (1 << 20), 1
    ),
    "a name with a newline": lambda data: widened(data, 1).replace(b",c0", b',"a\nb"', 1),
    "a name that is SQL": lambda data: widened(data, 1).replace(
        b",c0", b',"x""); DROP TABLE sales; --"', 1
    ),
    "a name that is a column of ours": lambda data: widened(data, 3).replace(
        b",c0,c1,c2", b",source_file,source_line,fault", 1
    ),
    "names that our SQL uses": lambda data: widened(data, 3).replace(
        b",c0,c1,c2", b",raw,latest,reason", 1
    ),
    "names that look like ours inside": lambda data: widened(data, 2).replace(
        b",c0,c1", b",c1,total_sales", 1
    ),
}

LINES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a header alone": (b"{H}\n", ()),
    "a header alone without line end": (b"{H}", ()),
    "a header alone with crlf": (b"{H}\r\n", ()),
    "a header and blank lines": (b"{H}\n\n\r\n\n", ()),
    "one record too short": (b"{H}\n{1}\n{k2}\n{3}\n", (GOOD, "too_few_fields", GOOD)),
    "one record too long": (b"{H}\n{1}\n{2},more\n{3}\n", (GOOD, "too_many_fields", GOOD)),
    "a comma too many": (b"{H}\n{1}\n{2},\n{3}\n", (GOOD, "too_many_fields", GOOD)),
    "the first record too short": (b"{H}\n{k1}\n{2}\n{3}\n", ("too_few_fields", GOOD, GOOD)),
    "the last record too short": (b"{H}\n{1}\n{2}\n{k3}", (GOOD, GOOD, "too_few_fields")),
    "all kinds of ragged": (
        b"{H}\n{1}\n{k2}\n{3},a,b,c\n{4}\n,\n{5}\n",
        (GOOD, "too_few_fields", "too_many_fields", GOOD, "too_few_fields", GOOD),
    ),
    "10,000 fields in one record": (
        b"{H}\n{1}\n{2}" + b"," * MANY + b"\n{3}\n",
        (GOOD, "too_many_fields", GOOD),
    ),
    "a footer that counts": (b"{H}\n{1}\n{2}\nTotal: 2 rows\n", (GOOD, GOOD, "too_few_fields")),
    "a footer of an export": (
        b"{H}\n{1}\n{2}\n\n(2 rows affected)\n",
        (GOOD, GOOD, "too_few_fields"),
    ),
    "a comment before records": (b"{H}\n# exported\n{1}\n", ("too_few_fields", GOOD)),
    "dashes under the header": (b"{H}\n---\n{1}\n", ("too_few_fields", GOOD)),
    "a blank in a line": (b"{H}\n{1}\n \n{2}\n", (GOOD, "too_few_fields", GOOD)),
    "control Z at the end": (b"{H}\n{1}\n\x1a", (GOOD, "too_few_fields")),
    "a line of quotes": (b'{H}\n{1}\n""\n{2}\n', (GOOD, "too_few_fields", GOOD)),
    "a quote never closed": (b'{H}\n{1}\n{k2},"open\n{3}\n', (GOOD, "malformed_quote", GOOD)),
    "a quote never closed in the last line": (b'{H}\n{1}\n{k2},"open', (GOOD, "malformed_quote")),
    "a quote never closed in the first field": (b'{H}\n"{k1}\n{2}\n', ("malformed_quote", GOOD)),
    "text behind a closing quote": (
        b'{H}\n{1}\n{k2},"a"b,c\n{3}\n',
        (GOOD, "malformed_quote", GOOD),
    ),
    "a blank behind a closing quote": (
        b'{H}\n{1}\n"{k2}" ,x\n{3}\n',
        (GOOD, "malformed_quote", GOOD),
    ),
    "the whole record in quotes": (b'{H}\n{1}\n"{2}"\n{3}\n', (GOOD, "too_few_fields", GOOD)),
    "backslashes before quotes": (
        b'{H}\n{1}\n{k2},"a\\"b"\n{3}\n',
        (GOOD, "malformed_quote", GOOD),
    ),
    "three quotes": (b'{H}\n{1}\n{k2},"""\n{3}\n', (GOOD, "malformed_quote", GOOD)),
    "a quoted key": (b'{H}\n"{k1}",{R}\n{2}\n', (GOOD, GOOD)),
    "the same record twice": (b"{H}\n{1}\n{1}\n{2}\n", (GOOD, "duplicate", GOOD)),
    "a record a hundred times": (b"{H}\n" + b"{1}\n" * 100, (GOOD, *("duplicate",) * 99)),
    "the same record, once in quotes": (b'{H}\n{k1},{R}\n"{k1}",{R}\n', (GOOD, "duplicate")),
    "the same record, once with blanks": (b"{H}\n{k1},{R}\n {k1} ,{R}\n", (GOOD, "duplicate")),
    "a lone CR in a record": (
        b"{H}\n{1}\n{k2}\r,{R}\n{3}\n",
        (GOOD, "stray_carriage_return", GOOD),
    ),
    "a lone CR at the end of the file": (b"{H}\n{1}\n{2}\r", (GOOD, "stray_carriage_return")),
    "CR CR LF": (b"{H}\n{1}\r\r\n{2}\n", ("stray_carriage_return", GOOD)),
    "LF CR": (b"{H}\n{1}\n\r{2}\n", (GOOD, "stray_carriage_return")),
    "a line of CRs": (b"{H}\n{1}\n\r\r\r\n{2}\n", (GOOD, "stray_carriage_return", GOOD)),
    "CR ends some lines": (b"{H}\n{1}\r{2}\n{3}\n", ("stray_carriage_return", GOOD)),
    "the header once more": (b"{H}\n{1}\n{H}\n{2}\n", (GOOD, "invalid_key", GOOD)),
    "the header twice at the top": (b"{H}\n{H}\n{1}\n", ("invalid_key", GOOD)),
    "a file behind a file": (b"{H}\n{1}\n\xef\xbb\xbf{H}\n{2}\n", (GOOD, "invalid_key", GOOD)),
    "files glued without line end": (b"{H}\n{1}{H}\n{2}\n", ("too_many_fields", GOOD)),
}
"""Lines, and what becomes of each record; {1} is a good record, {k1} its key, {H} the header."""

TEXTS = {
    "a newline in quotes": b'"a\nb"',
    "a crlf in quotes": b'"a\r\nb"',
    "a lone CR in quotes": b'"a\rb"',
    "blank lines in quotes": b'"a\n\n\r\n\nb"',
    "a thousand lines in quotes": b'"' + b"line\n" * 1000 + b'end"',
    "a whole file in quotes": b'"customer_id,name,email,location\n1,Ann,a@b.c,Rome\n2,Bo,b@b.c,Oslo"',
    "quotes in quotes": b'"""a"", ""b"""',
    "a quote in quotes": b'""""',
    "quotes inside plain text": b'a "b" c',
    "inches": b'5"',
    "line separator U+2028": "a\u2028b".encode(),
    "paragraph separator U+2029": "a\u2029b".encode(),
    "next line U+0085": "a\u0085b".encode(),
    "vertical tab and form feed": b"a\x0bb\x0cc",
    "file, group, record and unit separator": b"a\x1cb\x1dc\x1ed\x1fe",
    "escape and bell": b"a\x1b\x07b",
    "delete": b"a\x7fb",
    "commas in quotes": b'"a,b,,,c"',
    "semicolons and tabs": b"a;b\tc|d",
    "an apostrophe at the beginning": b"'a",
    "backslashes": b"a\\nb\\",
}
"""Fields that are good, however they look."""

REFUSED: dict[str, Callable[[bytes], bytes]] = {
    "lines end in CR alone": lambda data: data.replace(b"\n", b"\r"),
    "no header": lambda data: data.partition(b"\n")[2],
    "a lone CR before the header": lambda data: b"\r" + data,
    "a line of CRs above the header": lambda data: b"\r\r\n" + data,
    "a title above the header": lambda data: b"Report of March\n\n" + data,
    "commas above the header": lambda data: b",,,,\n" + data,
    "a line sep= above the header": lambda data: b"sep=,\n" + data,
    "commas and nothing else": lambda data: b",,,,\n,,,,\n",
    "nothing": lambda data: b"",
    "one line feed": lambda data: b"\n",
    "a byte order mark alone": lambda data: b"\xef\xbb\xbf",
    "one quote": lambda data: b'"',
    "one letter": lambda data: b"x",
    "an open quote in the header": header_of(lambda head: head.replace(b",", b',"', 1)),
    "text behind a quote in the header": header_of(lambda head: b'"x"y,' + head),
    "the header in one pair of quotes": header_of(lambda head: b'"' + head + b'"'),
    "pipes": lambda data: data.replace(b",", b"|"),
    "blanks between columns": lambda data: data.replace(b",", b"  "),
    "10,000 other columns": lambda data: ",".join(f"c{n}" for n in range(MANY)).encode() + b"\n",
    "a header of 2 MB": lambda data: b"x" * (2 << 20) + b"\n" + data,
    "a quarter of a million commas": lambda data: b"," * 250_000,
    "a megabyte of quotes": lambda data: b'"' * (1 << 20),
}


def of_columns(table: str) -> list[Variant]:
    """A required column that is not there, has another name, or is there twice; any twice."""
    found = []

    def add(title: str, names: list[str]) -> None:
        first = KEYS.take()
        row = ",".join(RECORDS[table].get(name, "x") or str(first) for name in names)
        data = f"{','.join(names)}\n{row}\n".encode()
        found.append(Variant(f"{table}: {title}", {table: data}, {table: None}, keys=first))

    every = list(RECORDS[table])
    for column in REQUIRED[table]:
        without = [name for name in every if name != column]
        add(f"{column} is missing", without)
        add(f"{column} is called {column}_x", [*without, f"{column}_x"])
    for column in every:
        add(f"{column} is there twice", [*every, column])
    add("a name twice in other letters", [*every, f" {every[1].upper()} "])
    add("an unknown column twice", [*every, "colour", "Colour"])
    return found


def swapped() -> list[Variant]:
    """A file of one table under the name of another."""
    found = []
    for table in TABLES:
        for other in TABLES:
            if other != table:
                first = KEYS.take()
                data = sample(other, first).encode()
                title = f"{other} in a file called {table}"
                found.append(Variant(title, {table: data}, {table: None}, keys=first))
    return found


def reordered(title: str, order: Callable[[list[str]], list[str]]) -> Variant:
    first = KEYS.take()
    files = {}
    for table in TABLES:
        rows = records(table, first, ({}, {}))
        files[table] = sheet(
            [{name: row[name] for name in order(list(row))} for row in rows]
        ).encode()
    return Variant(title, files, dict.fromkeys(TABLES, (GOOD, GOOD)), keys=first)


def variants() -> list[Variant]:
    found = [everywhere(KEYS, title, change) for title, change in WHOLE_FILES.items()]
    found += [
        reordered("columns backwards", lambda names: names[::-1]),
        reordered("columns by their names", sorted),
        reordered("the key in the middle", lambda names: [*names[1:3], names[0], *names[3:]]),
    ]
    found += [by_hand(KEYS, title, *told) for title, told in LINES.items()]
    found += [around(KEYS, title, text, GOOD) for title, text in TEXTS.items()]
    for title, change in REFUSED.items():
        found += refusals(KEYS, title, change)
    for table in TABLES:
        found += of_columns(table)
    return found + swapped()
