#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds our TOML parser against Python's tomllib: toml_compare.py DUMP [MUTATIONS [SEED]]

DUMP is toml_dump.c built. Every document of cases.py, documents generated from parts, and MUTATIONS random
changes of them all (fixed SEED) must be accepted or refused by both, with equal values, kinds and key order.
"""
import datetime
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases

INT64 = range(-(2**63), 2**63)


class Refused(Exception):
    pass


def run_dump(dump, documents):
    """One answer a document."""
    stdin = b"".join(b"%d\n%s" % (len(d), d) for d in documents)
    done = subprocess.run([dump], input=stdin, stdout=subprocess.PIPE, timeout=120, check=False)
    lines = done.stdout.decode(errors="replace").split("\n")[:-1]
    if done.returncode != 0 or len(lines) != len(documents):
        sick = documents[len(lines)] if len(lines) < len(documents) else b""
        print(f"FAILED {dump} ended with {done.returncode} after {len(lines)} of {len(documents)} documents, at {sick[:200]!r}")
        print(f"{len(lines)} passed, {len(documents) - len(lines)} failed")
        sys.exit(1)
    return [json.loads(line) for line in lines]


def normal_float(number):
    return ("float", "nan" if math.isnan(number) else number.hex())


def normal_date(kind, written):
    """Our text of a date or time as Python's value. Python has six digits of a second."""
    written = re.sub(r"(\.\d{6})\d+", r"\1", written.upper().replace(" ", "T"))
    written = re.sub(r"\.\d+", lambda m: m[0].ljust(7, "0"), written)
    if kind == "local date":
        return ("date", datetime.date.fromisoformat(written))
    if kind == "local time":
        return ("time", datetime.time.fromisoformat(written))
    value = datetime.datetime.fromisoformat(written)
    if (value.tzinfo is not None) != (kind == "date-time"):
        raise ValueError(f"{kind}: {written}")
    return ("datetime", value, value.utcoffset())


def normal_ours(value):
    kind, content = value
    if kind == "table":
        return ("table", [(key, normal_ours(child)) for key, child in content])
    if kind == "array":
        return ("array", [normal_ours(child) for child in content])
    if kind == "integer":
        return ("integer", int(content))
    if kind == "float":
        return normal_float(float.fromhex(content))
    if kind == "boolean":
        return ("boolean", content == "true")
    if kind == "text":
        return ("text", content)
    return normal_date(kind, content)


def normal_theirs(value):
    if isinstance(value, dict):
        return ("table", [(key, normal_theirs(child)) for key, child in value.items()])
    if isinstance(value, list):
        return ("array", [normal_theirs(child) for child in value])
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int):
        if value not in INT64:
            raise Refused("an integer of more than 64 bits")
        return ("integer", value)
    if isinstance(value, float):
        return normal_float(value)
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, datetime.datetime):
        return ("datetime", value, value.utcoffset())
    return (type(value).__name__, value)


def parse_theirs(document):
    try:
        return normal_theirs(tomllib.loads(document.decode()))
    except (ValueError, RecursionError, Refused):
        return None


def plain(value):
    """Ours as plain Python, dates as text: for the hand-written answers of BEYOND."""
    kind, content = value
    if kind == "table":
        return {key: plain(child) for key, child in content}
    if kind == "array":
        return [plain(child) for child in content]
    return int(content) if kind == "integer" else content


def for_tomllib(document):
    """The document with what BEYOND tests taken out, so that chance finds of a mutation do not count as differences:
    one byte-order mark at the start; leap seconds; the year 0000 (a leap year, as 2000 is)."""
    document = document.removeprefix(b"\xef\xbb\xbf")
    document = re.sub(rb"(\d\d:[0-5]\d):60", rb"\1:59", document)
    return re.sub(rb"(?<!\d)0000-(?=\d\d-\d\d)", b"2000-", document)


def difference(document, answer):
    """None when both agree."""
    theirs = parse_theirs(document)
    if answer[0] == "error":
        message_ok = re.fullmatch(r"case\.toml:%d:%d: [^\n]+" % (answer[1], answer[2]), answer[3])
        if not message_ok or answer[1] > document.count(b"\n") + 1 or answer[2] < 1:
            return f"bad message {answer[3]!r}"
        return None if theirs is None else f"we refuse ({answer[3]}), tomllib reads {theirs}"
    if theirs is None:
        return f"we read {answer[1]}, tomllib refuses"
    ours = normal_ours(answer[1])
    return None if ours == theirs else f"we read {ours}, tomllib reads {theirs}"


def generated():
    """Combinations that nobody wants to write by hand."""
    rules = ["a=1", "a={}", "a=[]", "a=[{}]", "a.b=1", "a.b.c=1", "[a]", "[a.b]", "[a.b.c]", "[[a]]", "[[a.b]]", "[a]\nb.c=1", "[a]\nb=1",
             "[a]\nb={}", "[a]\nb.c.d=1", "[[a]]\nb.c=1", "[a.b]\nc.d=1", "[a.b]\nc=1"]
    for first in rules:
        for second in rules:
            yield f"{first}\n{second}".encode()
            for third in rules:
                yield f"{first}\n{second}\n{third}".encode()
    for code in range(0x21):
        for around in ('"%s"', "'%s'", '"""%s"""', "'''%s'''", "1 # %s", "[1,%s2]", "{a=1,%sb=2}", '"\\%s"', '"""\\%s"""', "1%s"):
            yield ("a = " + around % chr(code)).encode()
    for code in range(0x21, 0x100):
        for around in ('"\\%s"', '"""\\%s"""', "%s", "1%s", "1%s1", "0%s1", "1.%s", "1e%s", "1979-05-27%s07:32:00", "07:32:00%s", "%s1", '"%s"'):
            yield ("a = " + around % chr(code)).encode()
        yield f"a{chr(code)} = 1".encode()
        yield b"a = '" + bytes([code]) + b"'"
        yield b"a = '" + bytes([0xe0 | code & 0x1f, code, 0xbf]) + b"'"
    for day in range(0, 33):
        for month in range(0, 14):
            for year in (1900, 2000, 2023, 2024):
                yield b"a = %d-%02d-%02d" % (year, month, day)
    for quotes in range(1, 14):
        for quote in "'\"":
            yield f"a = {quote * quotes}".encode()
            yield f"a = {quote * 3}x{quote * quotes}".encode()
            yield f"a = {quote * 3}{quote * (quotes % 4)}\n{quote * quotes}".encode()
    for digits in range(1, 24):
        for sign in ("", "-", "+"):
            yield f"a = {sign}{'9' * digits}".encode()
            yield f"a = {sign}{'9' * digits}.5e{digits - 12}".encode()


PIECES = [b"a", b"b", b".", b"=", b" ", b"\n", b"\r\n", b"\r", b"[", b"]", b"[[", b"]]", b"{", b"}", b",", b"#", b'"', b"'", b'"""', b"'''", b"\\", b"\\\n",
          b"\\u00e9", b"\\U0001F600", b"0", b"1", b"_", b"-", b"+", b"0x", b"e", b"inf", b"nan", b"true", b"false", b"1979-05-27", b"07:32:00", b":", b"T", b"Z",
          b"\t", b"\x00", b"\x7f", b"\xff", b"\xc3\xa9", b"a = 1\n", b"[a]\n", b"[[a]]\n", b"a.b = 1\n", b"{a=1}", b"[1,2]"]


def random_key(chance):
    part = chance.choice(["a", "b", "k1", "x-y", "Z_", '"q.r"', "'l t'", '"\\u00e9"', "'é'", '""', "7"])
    return part if chance.random() < 0.8 else part + chance.choice([".", " . "]) + chance.choice(["m", "n", "'o p'"])


def random_text(chance, pieces):
    return "".join(chance.choice(pieces) for _ in range(9))


def random_scalar(chance):
    return chance.choice([
        lambda: str(chance.randint(-(2**63), 2**63 - 1)), lambda: hex(chance.randrange(2**63)), lambda: oct(chance.randrange(2**63)),
        lambda: bin(chance.randrange(2**63)), lambda: f"{chance.randrange(10**6):_}", lambda: repr(chance.uniform(-1e9, 1e9)),
        lambda: f"{chance.uniform(-9, 9):.{chance.randint(1, 25)}e}", lambda: chance.choice(["true", "false", "inf", "-inf", "nan", "+nan"]),
        lambda: json.dumps(random_text(chance, [chr(chance.randrange(0x20, 0x7f)), chr(chance.randrange(0x80, 0xd800))])),
        lambda: "'''\n" + random_text(chance, "ab' \\\"\t\n").replace("'''", "") + "x'''",
        lambda: '"""' + random_text(chance, ["a", " ", "\n", "\r\n", "\\n", "\\\n  ", '\\"', "é", "\\\\"]) + '"""',
        lambda: datetime.datetime.fromtimestamp(chance.randrange(2**33), datetime.timezone.utc).isoformat(chance.choice("T ")),
        lambda: datetime.date.fromordinal(chance.randrange(1, 3000000)).isoformat(), lambda: "23:59:59." + str(chance.randrange(10**9)),
    ])()


def random_value(chance, depth):
    kind = chance.random() if depth else 1
    if kind < 0.2:
        gap = chance.choice(["", " ", "\n", " # c ]\n", "\r\n\t"])
        return "[" + "".join(gap + random_value(chance, depth - 1) + gap + "," for _ in range(chance.randint(0, 4))) + gap + "]"
    if kind < 0.4:
        return "{" + ", ".join(f"{random_key(chance)} = {random_value(chance, depth - 1)}" for _ in range(chance.randint(0, 3))) + "}"
    return random_scalar(chance)


def documents_at_random(count, seed):
    """Well-formed lines; whether the whole is valid depends on the keys that chance repeats."""
    chance = random.Random(seed)
    for _ in range(count):
        lines = []
        for _ in range(chance.randint(1, 9)):
            kind = chance.random()
            key = random_key(chance)
            lines.append(f"[{key}]" if kind < 0.15 else f"[[{key}]]" if kind < 0.35 else f"{key} = {random_value(chance, 3)}")
        yield chance.choice(["\n", "\r\n"]).join(lines).encode()


def mutations(seeds, count, seed):
    chance = random.Random(seed)
    for _ in range(count):
        document = chance.choice(seeds)
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, len(document))
            cut = chance.choice([0, 0, 1, 2, 5])
            other = chance.choice(seeds)
            new = chance.choice([b"", chance.choice(PIECES), chance.choice(PIECES), bytes([chance.randrange(256)]), b"\n" + other + b"\n", other])
            document = document[:at] + new + document[at + cut:]
        yield for_tomllib(document)


def main():
    dump = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261123
    failures = []
    accepted = passed = 0

    def judge(kind, document, complaint):
        nonlocal passed
        if complaint:
            failures.append(f"{kind} {document[:300]!r}: {complaint[:600]}")
        else:
            passed += 1

    for (document, wanted), answer in zip(cases.BEYOND, run_dump(dump, [d for d, _ in cases.BEYOND])):
        got = plain(answer[1]) if answer[0] == "ok" else None
        right = got is not None if wanted == "deep" else got == wanted
        judge("beyond", document, None if right else f"we say {answer}")

    written = [(d, "ok") for d in cases.VALID] + [(d, "error") for d in cases.INVALID]
    for (document, wanted), answer in zip(written, run_dump(dump, [d for d, _ in written])):
        complaint = difference(document, answer)
        judge("written", document, complaint or (None if answer[0] == wanted else f"wanted {wanted}, both say {answer}"))

    seeds = [d for d in cases.VALID + cases.INVALID if len(d) < 2000]
    more = list(generated()) + list(documents_at_random(count // 4, seed))
    changed = list(mutations(seeds + more[-(count // 8):], count, seed))
    for document, answer in zip(more + changed, run_dump(dump, more + changed)):
        accepted += answer[0] == "ok"
        judge("generated", document, difference(document, answer))

    print(f"{len(cases.VALID)} valid, {len(cases.INVALID)} invalid, {len(cases.BEYOND)} beyond tomllib, {len(more)} generated, "
          f"{len(changed)} mutations with seed {seed}; {accepted} of the last two kinds are valid")
    for failure in failures[:20]:
        print("FAILED", failure)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
