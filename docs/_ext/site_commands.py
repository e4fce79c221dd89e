"""The command line as a page: of each command what it does, its usage, and what its arguments mean."""

import argparse
import importlib
import re
import textwrap

from site_cells import markdown

from cevns.cli.parser import build

#: Columns of usages, which a box of the site has room for.
WIDTH = 80
#: Brackets, which may hold others.
_BRACKETS = re.compile(r"\[(?:[^][]|\[(?:[^][]|\[[^][]*\])*\])*\]")


def commands():
    """Return a section for each command in Markdown, those of a topic behind it."""
    return "\n\n".join(_sections(build()[0]))


def _sections(parser):
    head = f"## `{parser.prog}`", parser.description, f"```text\n{_usage(parser)}\n```"
    other = argparse._HelpAction, argparse._SubParsersAction
    rows = [(_name(action), _meaning(action)) for action in parser._actions if not isinstance(action, other)]
    table = markdown(("argument", "meaning"), rows) if rows else ""
    topics = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    listed = [(f"`{one.dest}`", one.help) for action in topics for one in action._choices_actions]
    inner = markdown(("command", "what it does"), listed) if listed else ""
    yield "\n\n".join(filter(None, (*head, table, inner, _appendix(parser))))
    for action in topics:
        for one in action.choices.values():
            yield from _sections(one)


def _appendix(parser):
    """Return what stands below the help, lines of names and what belongs to them as a list."""
    module, _, name = parser.appendix.partition(":")
    if not module:
        return ""
    title, *lines = getattr(importlib.import_module(module), name)().splitlines()
    pairs = (line.partition(":") for line in lines)
    return "\n".join((title, "", *(f"- `{name.strip()}`: {text.strip()}" for name, _, text in pairs)))


def _usage(parser):
    """Return the usage in lines of at most `WIDTH` letters, what brackets hold in one of them."""
    text = " ".join(parser.format_usage().removeprefix("usage: ").split())
    whole = _BRACKETS.sub(lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(whole, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def _name(action):
    """Return how an argument is written."""
    value = action.metavar or (f"{{{','.join(action.choices)}}}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    takes = "" if action.nargs == 0 else f" {value}{' ...' if action.nargs in ('+', '*') else ''}"
    return ", ".join(f"`{name}{takes}`" for name in action.option_strings)


def _meaning(action):
    text = action.help or ""
    return f"{text} (required)" if action.option_strings and action.required else text
