"""One reader for tables of numbers of any origin: curves, fluxes, efficiencies, counts, of users and shipped ones.

The files that experiments have released, whose form is known and whose bytes are fixed by checksums, are read by
`cevns.experiments.released` and the modules of these experiments, several times faster.

It takes text files as people have them, and refuses what it does not understand, with file, line and remedy:

- UTF-8 with or without a byte order mark, or UTF-16 with one; line ends of any system.
- Cells separated by semicolons, tabs, commas or blanks: one of them in the whole file. Blanks around cells and
  separators at the end of a row mean nothing. ``"Quoted cells"`` may hold separators.
- Numbers like ``1``, ``.5``, ``1.5e-3``, and Fortran's ``1.5D-03``. A comma is the decimal sign where semicolons or
  tabs separate the cells, or inside quotes, and if it is so in the whole file. ``1,5 2,3`` is refused, being two
  numbers or four; so are thousands separators, units, hexadecimal numbers, nan and inf.
- Comments begin with ``#``, ``%``, ``!`` or ``//`` at the start of a line; after a row too, then with a blank before
  ``%``, ``!`` and ``//``. A semicolon begins no comment.
- Lines of titles at the top: those in which no cell looks like a number, so that a row with a bad number is never
  taken for one. The last one with as many cells as the rows have names the columns.
- A row that is empty, or holds separators alone, ends a segment of a curve; other tables ignore it.
- Columns are chosen by number, from 1, or by title. Columns that are chosen may end before the table does, as they do
  where curves of different length stand side by side. What other columns hold does not matter.
"""

from cevns.tables.cells import energy_unit
from cevns.tables.table import (
    LARGEST_TABLE,
    Table,
    close_match,
    join_bins,
    order_problem,
    read_histogram,
    read_table,
)
from cevns.tables.titles import OBSERVABLE_KEYS, contradiction, units_in

__all__ = [
    "LARGEST_TABLE",
    "OBSERVABLE_KEYS",
    "Table",
    "close_match",
    "contradiction",
    "energy_unit",
    "join_bins",
    "order_problem",
    "read_histogram",
    "read_table",
    "units_in",
]
