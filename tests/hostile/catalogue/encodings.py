"""What the bytes of letters can be."""

from __future__ import annotations

import codecs
import gzip

from tests.hostile.variant import Bytes, Keys, Variant, around, everywhere, refusals

KEYS = Keys(1_000_000)


def recoded(encoding: str, mark: bytes = b"") -> Bytes:
    """The text in another encoding."""
    return lambda data: mark + data.decode().encode(encoding)


WHOLE_FILES: dict[str, Bytes] = {
    "utf-8 with two marks at the first value": lambda data: data.replace(
        b"\n", b"\n" + codecs.BOM_UTF8 * 2, 1
    ),
    "utf-8 with a mark behind a name": lambda data: data.replace(b",", codecs.BOM_UTF8 + b",", 1),
    "utf-16 with two marks": lambda data: (
        codecs.BOM_UTF16_LE * 2 + data.decode().encode("utf-16-le")
    ),
}
"""Every record of such a file is loaded."""

PACKED: dict[str, Bytes] = {
    "gzip without compression": lambda data: gzip.compress(data, compresslevel=0),
    "gzip, a member a byte": lambda data: b"".join(
        gzip.compress(data[i : i + 1]) for i in range(len(data))
    ),
    "gzip with an empty member": lambda data: gzip.compress(data) + gzip.compress(b""),
    "gzip under the name of a csv": gzip.compress,
}

ONE_FIELD = {
    "latin-1 e acute": (b"Caf\xe9", "bad_encoding"),
    "latin-1 whole alphabet": (bytes(range(0xA0, 0x100)), "bad_encoding"),
    "cp1252 quotes": (b"\x93Mug\x94", "bad_encoding"),
    "cp1252 euro": (b"\x80 5", "bad_encoding"),
    "mac roman": (b"Caf\x8e", "bad_encoding"),
    "shift-jis": ("田中".encode("shift-jis"), "bad_encoding"),
    "gb18030": ("中文".encode("gb18030"), "bad_encoding"),
    "big5": ("中文".encode("big5"), "bad_encoding"),
    "koi8-r": ("Москва".encode("koi8-r"), "bad_encoding"),
    "overlong slash of two bytes": (b"\xc0\xaf", "bad_encoding"),
    "overlong slash of three bytes": (b"\xe0\x80\xaf", "bad_encoding"),
    "overlong slash of four bytes": (b"\xf0\x80\x80\xaf", "bad_encoding"),
    "overlong NUL": (b"\xc0\x80", "bad_encoding"),
    "overlong line feed": (b"\xc0\x8a", "bad_encoding"),
    "overlong quote": (b"\xc0\xa2", "bad_encoding"),
    "overlong comma": (b"\xc0\xac", "bad_encoding"),
    "lone high surrogate": (b"\xed\xa0\x80", "bad_encoding"),
    "lone low surrogate": (b"\xed\xbf\xbf", "bad_encoding"),
    "a pair of surrogates (cesu-8)": (b"\xed\xa0\xbd\xed\xb8\x80", "bad_encoding"),
    "beyond U+10FFFF": (b"\xf4\x90\x80\x80", "bad_encoding"),
    "five bytes": (b"\xf8\x88\x80\x80\x80", "bad_encoding"),
    "six bytes": (b"\xfc\x84\x80\x80\x80\x80", "bad_encoding"),
    "FE and FF": (b"\xfe\xff", "bad_encoding"),
    "a continuation alone": (b"\x80", "bad_encoding"),
    "a start alone": (b"\xc3", "bad_encoding"),
    "cut after two of three bytes": (b"\xe4\xb8", "bad_encoding"),
    "cut after three of four bytes": (b"\xf0\x9f\x98", "bad_encoding"),
    "a start before a comma in quotes": (b'"\xc3,\xa9"', "bad_encoding"),
    "utf-16 in the middle": ("Mug".encode("utf-16-le"), "nul_byte"),
    "NUL": (b"M\0ug", "nul_byte"),
    "NUL alone": (b"\0", "nul_byte"),
    "NUL in quotes": (b'"\0"', "nul_byte"),
    "NUL and a bad byte": (b"\0\xff", "nul_byte"),
    "a thousand NULs": (bytes(1000), "nul_byte"),
}
"""Such bytes cost their own record, in every table."""

REFUSED: dict[str, Bytes] = {
    "utf-16 little without mark": recoded("utf-16-le"),
    "utf-16 big without mark": recoded("utf-16-be"),
    "utf-16 cut in the middle of a letter": lambda data: (
        codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le")[:-1]
    ),
    "utf-16 with a lone surrogate": lambda data: (
        codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le") + b"\x00\xd8\x0a\x00"
    ),
    "utf-16 mark of the other end": lambda data: (
        codecs.BOM_UTF16_BE + data.decode().encode("utf-16-le")
    ),
    "utf-32 with mark": recoded("utf-32"),
    "utf-32 without mark": recoded("utf-32-le"),
    "utf-8 mark before utf-16": lambda data: codecs.BOM_UTF8 + data.decode().encode("utf-16-le"),
    "ebcdic": lambda data: data.decode().encode("cp037", "replace"),
    "utf-7 with shifted letters": lambda data: (
        data.decode().encode("utf-7").replace(b"_", b"+AF8-")
    ),
    "base64": lambda data: codecs.encode(data, "base64"),
    "a header in latin-1": lambda data: data.replace(b"\n", b",caf\xe9\n", 1),
    "NUL in the header": lambda data: b"\0" + data,
    "zeros": lambda data: bytes(len(data)),
    "ones": lambda data: b"\xff" * len(data),
}


def variants() -> list[Variant]:
    found = [everywhere(KEYS, title, change) for title, change in WHOLE_FILES.items()]
    for title, change in PACKED.items():
        ending = ".csv" if "under the name" in title else ".csv.gz"
        found.append(everywhere(KEYS, title, change, ending=ending))
    found += [around(KEYS, title, *spoilt) for title, spoilt in ONE_FIELD.items()]
    for title, change in REFUSED.items():
        found += refusals(KEYS, title, change)
    return found
