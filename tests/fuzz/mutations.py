"""Values, texts and bytes that break programs."""

import copy
import math

__all__ = ["Fault", "bytes_like", "finite", "mutated", "number", "text", "value"]


class Fault(AssertionError):
    """Something happened that must not happen."""


NUMBERS = (
    *(0, 0.0, -0.0, 1, -1, 2, 3, 10, 255, 2**31, 2**53 + 1, 2**63, 10**30, -(10**30), 10**308, 10**400),
    *(5e-324, 2.2e-308, 1e-300, 1e-162, 1e-155, 1e-100, 1e-30, 1e-20, 1e-12, 1e-9, 1e-6, 1e-3, 0.5, 1 - 2**-53),
    *(1e3, 1e6, 1e9, 1e10, 1e12, 1e15, 1e20, 1e30, 1e50, 1e100, 1e154, 1.4e154, 1e200, 1.7e308),
    *(math.inf, -math.inf, math.nan),
)
TEXTS = (
    *("", " ", "0", "1", "nan", "inf", "1e3", "1e999", "e", "mu", "tau", "emu", "E", "helm", "keVee", "sm", "b-l"),
    *("\0", "\x1b[31m", "\r\n", "\t", '"', "'", "\\", "$", "$x$", "$\\frac{", "$_$", "%", "{}", "{0}", "%s", "../x"),
    *("\u00e9", "\u2212", "\u0661", "\U0001f600", "\ufeff", "\u202e", "\u00a0", "\u0301", "\u2028", "a" * 300, "-"),
    *("/dev/zero", "/dev/null", ".", "..", "/", "~", "flux.csv", "none.csv", "fifo", "folder", "loop", "-1", "--json"),
)
OTHERS = (True, False, [], {}, [[]], [{}], {"a": 1}, [1], [1, 2], [1, "a"], [None] * 0, [[1, 2], [3, 4]])


def number(rng, usual=1.0):
    """Return a number: near a usual one, or at an end of what numbers can be."""
    if rng.random() < 0.5 and isinstance(usual, (int, float)) and not isinstance(usual, bool):
        try:
            return rng.choice(
                [
                    usual * 10.0 ** rng.uniform(-3, 3),
                    usual * 10.0 ** rng.randint(-40, 40),
                    -usual,
                    usual * (1 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-17, -1)),
                    usual + rng.randint(-2, 2),
                    int(usual),
                    usual * rng.choice([1e-300, 1e300]),
                ]
            )
        except (OverflowError, ValueError):
            pass
    return rng.choice(NUMBERS)


def text(rng, usual=""):
    """Return a text: a usual one with slips, or a strange one."""
    if rng.random() < 0.5 and usual:
        letters = list(usual)
        for _ in range(rng.randint(1, 2)):
            i = rng.randrange(len(letters) + 1)
            letters[i : i + rng.randint(0, 2)] = rng.choice(TEXTS[:60])[:3]
        return "".join(letters)
    return rng.choice(TEXTS)


def value(rng, usual):
    """Return what may stand in the place of a value of a document."""
    draw = rng.random()
    if draw < 0.5 and isinstance(usual, (int, float)):
        return number(rng, usual)
    if draw < 0.5 and isinstance(usual, str):
        return text(rng, usual)
    if isinstance(usual, list) and draw < 0.7:
        return _changed_list(rng, usual)
    return rng.choice([number(rng), text(rng), copy.deepcopy(rng.choice(OTHERS)), [usual], {"value": usual}])


def _changed_list(rng, usual):
    changed = list(usual)
    i = rng.randrange(len(changed) + 1)
    action = rng.randrange(8)
    if action == 0:
        del changed[i : i + 1]
    elif action == 1:
        changed.insert(i, changed[i - 1] if changed else 0)
    elif action == 2:
        changed.reverse()
    elif action == 3:
        changed = changed * rng.choice([0, 2, 200])
    elif action == 4:
        rng.shuffle(changed)
    elif action == 5:
        scale = rng.choice([0, -1, 1e-300, 1e-9, 1e9, 1e30, 1e300])
        changed = [x * scale if isinstance(x, float) else x for x in changed]
    elif changed:
        i %= len(changed)
        changed[i] = value(rng, changed[i])
    return changed


def places(document, path=()):
    """Return where the values of a nested document stand, as paths of keys and indices."""
    found = []
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, entry in entries:
        found.append((*path, key))
        if isinstance(entry, dict) or (isinstance(entry, list) and entry and isinstance(entry[0], (dict, list))):
            found += places(entry, (*path, key))
    return found


def mutated(rng, document, count):
    """Return a copy of a nested document with so many changes of values, keys and nesting."""
    document = copy.deepcopy(document)
    for _ in range(count):
        where = places(document)
        if not where:
            return document
        *path, key = rng.choice(where)
        holder = document
        for step in path:
            holder = holder[step]
        action = rng.random()
        if action < 0.72 or isinstance(holder, list):
            holder[key] = value(rng, holder[key])
        elif action < 0.82:
            del holder[key]
        elif action < 0.92:
            holder[text(rng, key)] = holder.pop(key) if rng.random() < 0.5 else copy.deepcopy(holder[key])
        else:
            *_, other = rng.choice(where)
            holder[str(other)] = copy.deepcopy(holder[key])
    return document


def bytes_like(rng, content, count):
    """Return bytes with so many changes."""
    content = bytearray(content)
    for _ in range(count):
        i = rng.randrange(len(content) + 1)
        action = rng.randrange(9)
        if action == 0 and i < len(content):
            content[i] ^= 1 << rng.randrange(8)
        elif action == 1 and i < len(content):
            content[i] = rng.choice([0, 9, 10, 13, 32, 34, 35, 37, 44, 45, 46, 48, 57, 59, 69, 127, 128, 255])
        elif action == 2:
            del content[i : i + rng.choice([1, 1, 2, 8, 64])]
        elif action == 3:
            content[i:i] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
        elif action == 4:
            j = rng.randrange(len(content) + 1)
            content[i:i] = content[j : j + rng.choice([1, 4, 32, 200])]
        elif action == 5:
            content[i:i] = rng.choice(TEXTS).encode("utf-8", "replace")
        elif action == 6:
            content[i:i] = repr(rng.choice(NUMBERS[:16] if rng.random() < 0.3 else NUMBERS[16:])).encode()
        elif action == 7 and rng.random() < 0.3:
            del content[i:]
        elif i < len(content) and chr(content[i]).isdigit():
            content[i] = 48 + rng.randrange(10)
    return bytes(content)


def finite(what, *values, infinite=False):
    """Fault numbers that are not finite; infinities only where they are allowed."""
    import numpy as np

    for found in values:
        array = np.asarray(found, dtype=float)
        if np.isnan(array).any() or (not infinite and np.isinf(array).any()):
            raise Fault(f"{what} is {found}")
