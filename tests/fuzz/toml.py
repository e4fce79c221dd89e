"""A document as TOML, in one of the many ways to write it."""

import json
import math
import re

__all__ = ["dumps"]


def dumps(document, rng):
    """Return a document as TOML that means the same whatever `rng` chooses.

    Order of keys, quotes, white space, comments, whole numbers for floats, tables in lines or in sections.
    """
    lines = []
    _table(lines, (), document, rng)
    end = rng.choice(["\n", "\n", "\r\n"])
    return end.join(lines) + end


def _table(lines, path, table, rng):
    entries = list(table.items())
    rng.shuffle(entries)
    sections = [(key, value) for key, value in entries if _as_section(value, rng)]
    names = {key for key, _ in sections}
    for key, value in entries:
        if key not in names:
            blank = rng.choice(["", " "])
            lines.append(f"{rng.choice(['', '  '])}{_key(key, rng)}{blank}={blank}{_value(value, rng)}{_comment(rng)}")
    for key, value in sections:
        here = (*path, key)
        name = ".".join(_key(step, rng) for step in here)
        for entry in value if isinstance(value, list) else [value]:
            lines.append(("[[{}]]" if isinstance(value, list) else "[{}]").format(name) + _comment(rng))
            _table(lines, here, entry, rng)


def _as_section(value, rng):
    entries = value if isinstance(value, list) else [value]
    return bool(entries) and all(isinstance(entry, dict) for entry in entries) and rng.random() < 0.7


def _comment(rng):
    return rng.choice(["", "", "", "  # 1 = [2", " # \u00e9"])


def _key(key, rng):
    if re.fullmatch(r"[A-Za-z0-9_-]+", key) and rng.random() < 0.7:
        return key
    return _text(key, rng)


def _text(text, rng):
    if rng.random() < 0.3 and re.fullmatch(r"[^'\x00-\x1f\x7f]*", text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=rng.random() < 0.3 and text.isascii()).replace("\x7f", "\\u007f")


def _value(value, rng):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value, rng)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k, rng)} = {_value(v, rng)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        between, end = rng.choice([(", ", ""), (",", ""), (",\n  ", ","), (", # x\n", "")])
        return "[" + between.join(_value(v, rng) for v in value) + (end if value else "") + "]"
    return _number(value, rng)


def _number(value, rng):
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return repr(value)
    if value.is_integer() and abs(value) < 2**53 and str(value) != "-0.0" and rng.random() < 0.5:
        return f"{int(value):_}" if rng.random() < 0.3 else str(int(value))
    return rng.choice([repr, lambda x: f"{x:.17e}", lambda x: f"{x:.17E}"])(value)
