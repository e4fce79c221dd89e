"""The reader of tables: every dialect gives the same numbers, and nothing is guessed or dropped."""

import random

import numpy as np
import pytest

from cevns.errors import CevnsError, DataError, InputError, UnknownNameError
from cevns.fluxes import tabulated
from cevns.tables import Table, energy_unit, join_bins, read_histogram, read_table


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "table.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def read(write):
    return lambda content, columns=None: read_table(write(content), columns).tolist()


EXPECTED = [[10.0, 0.5], [20.0, 0.25], [30.0, 1e-5]]

# --- what is understood

UNDERSTOOD = {
    "blanks": "10 0.5\n20 0.25\n30 1e-5\n",
    "aligned": "  10    .5\n  20   0.25\n  30   1.E-5\n",
    "commas": "10,0.5\n20,0.25\n30,1e-5",
    "commas and blanks": "10, 0.5\n20 ,0.25\n30 , 1e-5",
    "semicolons": "10;0.5\n20; 0.25\n30;1E-05\n",
    "tabs": "10\t0.5\n20\t0.25\n30\t1e-5\n",
    "tabs and blanks": "10 \t 0.5\n20\t 0.25\n30   1e-5\n",
    "commas and tabs": "10,\t0.5\n20,\t0.25\n30,\t1e-5\n",
    "byte order mark": b"\xef\xbb\xbf10,0.5\n20,0.25\n30,1e-5",
    "utf-16": "10,0.5\n20,0.25\n30,1e-5".encode("utf-16"),
    "utf-16, big end first": b"\xfe\xff" + "10,0.5\n20,0.25\n30,1e-5".encode("utf-16-be"),
    "windows": "E,f\r\n10,0.5\r\n20,0.25\r\n30,1e-5\r\n",
    "old macintosh": "E,f\r10,0.5\r20,0.25\r30,1e-5\r",
    "fortran": " 1.0D+01  5.0D-01\n 2.0d01   0.25D0\n +3.0D+01 1.0d-05\n",
    "decimal commas and semicolons": "10;0,5\n20;0,25\n30;1e-5\n",
    "decimal commas and tabs": "10,0\t0,5\n20,0\t0,25\n30,0\t1,0e-5\n",
    "decimal commas in quotes": '"10","0,5"\n"20","0,25"\n"30","1e-5"\n',
    "trailing commas": "10,0.5,\n20,0.25,\n30,1e-5,\n",
    "some trailing commas": "10,0.5,\n20,0.25\n30,1e-5,,\n",
    "trailing tabs": "10\t0.5\t\n20\t0.25\t\n30\t1e-5\t\n",
    "comments": "# a\n% b, 1\n! c\n// d\n10 0.5 # e\n20 0.25 % f\n\n  # g\n30 1e-5 // h ! i\n",
    "glued comment": "10 0.5#e\n20 0.25\n30 1e-5\n",
    "titles": "energy flux\n10 0.5\n20 0.25\n30 1e-5\n",
    "titles with units": "E [MeV], phi (cm^-2 MeV^-1)\n10,0.5\n20,0.25\n30,1e-5\n",
    "two lines of titles": "BaBar,\nX, Y\n10, 0.5\n20, 0.25\n30, 1e-5\n",
    "titles of other numbers": "My table of the flux\n----\n10 0.5\n20 0.25\n30 1e-5\n",
    "quoted titles": '"E, in MeV","f"\n10,0.5\n20,0.25\n30,1e-5\n',
    "quotes in quotes": '"the ""E""","f"\n10,0.5\n20,"0.25"\n30,1e-5\n',
    "separators alone": "10,0.5\n,\n20,0.25\n30,1e-5\n,\n",
}


@pytest.mark.parametrize("content", UNDERSTOOD.values(), ids=list(UNDERSTOOD))
def test_tables_as_people_have_them(read, content):
    assert read(content) == EXPECTED


TITLES = {
    "tabs": ("E [MeV]\tmy flux\n1\t2\n", ("E [MeV]", "my flux")),
    "commas": ("E [MeV], my flux\n1,2\n", ("E [MeV]", "my flux")),
    "quotes": ('"E, MeV";"a;b"\n1;2\n', ("E, MeV", "a;b")),
    "commas over blanks": ("E [MeV], my flux\n1 2\n", ("E [MeV]", "my flux")),
    "the last line": ("a,b\nX,Y\n1,2\n", ("X", "Y")),
    "the last with the right number": ("X,Y\nand some more words\n1,2\n", ("X", "Y")),
    "an index": (",X\n0,1\n1,2\n", ("", "X")),
    "none": ("# X Y\n1 2\n", ()),
    "none with that number": ("X Y Z\n1 2\n", ()),
    "per cent": ("E, efficiency [%]\n1,2\n", ("E", "efficiency [%]")),
}


@pytest.mark.parametrize(("content", "titles"), TITLES.values(), ids=list(TITLES))
def test_titles(write, content, titles):
    assert Table.read(write(content)).titles == titles


def test_columns_by_number_and_title(read):
    content = "name\tE\tE\tflux\nfirst\t1\t2\t3\nsecond\t4\t5\t6\n"
    assert read(content, ["flux", 2]) == [[3, 1], [6, 4]]
    assert read(content, (np.int64(3),)) == [[2], [5]]
    with pytest.raises(DataError, match="line 2: column 1 holds text"):
        read(content)
    with pytest.raises(InputError, match="stands over columns 2 and 3"):
        read(content, ["E"])
    with pytest.raises(UnknownNameError, match="did you mean 'flux'"):
        read(content, ["flx"])
    with pytest.raises(UnknownNameError, match="no line of titles with 2 cells"):
        read("1 2\n", ["E"])
    for columns in ([0], [5], [True], [1.0], []):
        with pytest.raises(InputError, match="column"):
            read(content, columns)
    for columns in ("flux", 2):
        with pytest.raises(InputError, match="sequence"):
            read(content, columns)


def test_curves_of_different_length_side_by_side(read):
    content = "BaBar,,LHCb,\nX,Y,X,Y\n1,2,3,4\n5,6,7,8\n9,10,,\n"
    assert read(content, [1, 2]) == [[1, 2], [5, 6], [9, 10]]
    assert read(content, [3, 4]) == [[3, 4], [7, 8]]
    with pytest.raises(DataError, match="line 5: column 3 is empty"):
        read(content)
    with pytest.raises(DataError, match="line 4: column 4 is empty"):
        read(content.replace("7,8", "7,"), [3, 4])
    with pytest.raises(DataError, match="line 2: column 3 is empty"):
        read("X\tY\tX\tY\n1\t2\t3\t4\n\t\t5\t6\n".replace("3\t4", "\t4"), [3, 4])
    assert read("X\tY\tX\tY\n1\t2\t3\t4\n\t\t5\t6\n", [3, 4]) == [[3, 4], [5, 6]]


def test_empty_rows_end_segments(write):
    table = Table.read(write("x y\n\n1 2\n# comment\n3 4\n\n\n5 6\n7 8\n"))
    assert table.segments == [0, 0, 1, 1]
    assert table.lines == [3, 5, 8, 9]
    assert Table.read(write("1,2\n,,\n3,4\n")).segments == [0, 1]


def test_a_histogram_by_its_low_and_high_edges(write):
    path = write("% low high density\n 0 10 1e12\n10 20 3e12\n20 30 2e12\n")
    edges, density = read_histogram(path)
    assert tabulated(edges, {"mu": density}, histogram=True).moment("mu", 0.0) == pytest.approx(6.0e13)
    assert [v.tolist() for v in read_histogram(write("7,0,1,5\n6,1,2,4\n"), [2, 3, 1, 4])] == [
        [0, 1, 2],
        [7, 6],
        [5, 4],
    ]
    with pytest.raises(DataError, match=r"line 2: the bin from 3 to 4 leaves a gap after .* from 0 to 1; give bins"):
        read_histogram(write("0 1 5\n3 4 5\n"))
    with pytest.raises(DataError, match="line 2: the bin from 0 to 2 overlaps"):
        read_histogram(write("0 1 5\n0 2 5\n"))
    with pytest.raises(DataError, match="line 1: the low edge 1 is not below the high edge 0"):
        read_histogram(write("1 0 5\n2 3 5\n"))
    with pytest.raises(InputError, match="three columns"):
        read_histogram(write("0 1\n1 2\n"))
    with pytest.raises(DataError, match="2 low and 1 high"):
        join_bins([0, 1], [1])


# --- what is refused

REFUSED = {
    "letter for a digit": ("O.5,0.1\n1,2\n", 1, "column 1 holds text"),
    "two letters for digits": ("O.5,l.0\n1,2\n", 1, "column 1 holds text"),
    "unit": ("0.5keV 0.1\n1 2\n", 1, "column 1 holds text.*without the unit"),
    "unit apart": ("0.5 keV\n1 2\n", 1, "column 2 holds text"),
    "minus that is not ASCII": ("\u22121,2\n3,4\n", 1, r"column 1 holds the character U\+2212 \(MINUS SIGN\)"),
    "digits that are not ASCII": ("1,\u0661\n3,4\n", 1, r"U\+0661"),
    "no-break space": ("1\u00a0000;2\n3;4\n", 1, r"U\+00A0"),
    "no-break space between blanks": ("1\u00a0200 2\n1\u00a0500 4\n", 1, r"U\+00A0"),
    "thin space": ("1\u2009000;2\n3;4\n", 1, r"U\+2009"),
    "mark in the middle": ("1,2\n\ufeff3,4\n", 2, r"U\+FEFF"),
    "underscore": ("1,2\n1_000,4\n", 2, "without _"),
    "nan": ("nan,2\n3,4\n", 1, "no finite number"),
    "row of nan": ("nan,nan\n3,4\n", 1, "no finite number"),
    "row without values": ("N/A,N/A\n3,4\n", 1, "no finite number"),
    "infinity": ("1,2\n3,-inf\n", 2, "no finite number"),
    "too large": ("1,2\n3,1e999\n", 2, "too large"),
    "hexadecimal": ("1,2\n0x1F,4\n", 2, "decimal"),
    "fourfold precision": ("1.0Q-3,2\n3,4\n", 1, "e before the exponent"),
    "exponent without a letter": ("1.0+3,2\n3,4\n", 1, "e before the exponent"),
    "complex": ("1j,2\n3,4\n", 1, "column 1 holds text"),
    "per cent": ("1,5%\n3,6%\n", 1, "fraction"),
    "per cent apart": ("1 5 %\n3 6 %\n", 1, "per cent"),
    "stars of fortran": ("1,2\n****,4\n", 2, "holds text"),
    "fraction": ("1/2 2\n3 4\n", 1, "column 1 holds text"),
    "apostrophes": ("'1','2'\n'3','4'\n", 1, "holds text"),
    "grouped by points": ("1.234,5;2\n3,5;4\n", 1, "no grouping"),
    "grouped by commas": ("1,234;5\n2,345;6\n", 1, "group thousands"),
    "grouped by commas with a point": ("1,234.5;5\n2;6\n", 1, "no grouping"),
    "grouped by apostrophes": ("1'000;5\n2;6\n", 1, "no grouping"),
    "grouped by blanks": ("10 000 0.5\n20 000 0.6\n", 1, "grouped thousands"),
    "decimal commas and blanks": ("1,5 2,3\n2,5 3,1\n", 1, "a point as decimal sign"),
    "decimal commas, commas and blanks": ("1,5, 2,3\n2,5, 3,1\n", 1, "a point as decimal sign"),
    "decimal commas and commas": ("0,05,1,02\n0,06,2,02\n", 1, "decimals of the cell before"),
    "a decimal comma before an exponent": ("10,5,1,0e13\n20,5,2,0e13\n", 1, "column 4 .* decimals of the cell before"),
    "one decimal comma": ("1 2\n3 4,5\n5 6\n", 2, "'4,5'"),
    "one decimal point": ("1,5;2,5\n3,5;4.5\n5,5;6,5\n", 2, "decimal sign of the other rows is a comma"),
    "empty cell": ("1,2,3\n4,,6\n", 2, "column 2 is empty"),
    "empty cell between tabs": ("1\t\t2\n3\t\t4\n", 1, "column 2 is empty"),
    "empty cell before a tab": ("\t1\t2\n\t3\t4\n", 1, "column 1 is empty"),
    "empty last cell": ("1,2\n3,\n", 2, "column 2 is empty"),
    "short row": ("1 2\n3\n5 6\n", 2, "1 column where the others have 2"),
    "long row": ("1 2\n3 4 5\n5 6\n", 2, "3 columns where the others have 2"),
    "long first row": ("1 2 3\n3 4\n5 6\n", 1, "3 columns"),
    "another separator": ("1;2\n3 4\n5;6\n", 2, "separated by semicolons"),
    "titles below": ("1,2\n1,2\nE,f\n3,4\n", 3, "titles stand above the first row, comments"),
    "a year above the titles": ("2020 flux\nE;f\n1;2\n", 2, "line 1 was taken for it because of '2020 flux'"),
    "fewer titles than commas": ("E,f\n1,5,2\n2,5,3\n", 1, "2 titles over 3 cells separated by commas"),
    "one title over decimal commas": ("observed\n1,5\n2,5\n", 1, "1 title over 2 cells separated by commas"),
    "fewer titles above a word": ("a,b\nfoo\n1,5,2\n3,5,4\n", 2, "1 title over 3 cells"),
    "fewer titles above a line": ("a,b\n-----\n1,5,2\n3,5,4\n", 1, "2 titles over 3 cells"),
    "title like a number": ("mass, 90% CL\n1,2\n", 1, "put # before it"),
    "comment with a semicolon": ("; 5 6 old\n1 2\n3 4\n", 1, "4 columns"),
    "open quote": ('1,2\n"3,4\n', 2, "close or remove the quote"),
    "text behind a quote": ('1,2\n"3"x,4\n', 2, "closing quote"),
}


@pytest.mark.parametrize(("content", "line", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_understood_names_file_line_and_remedy(read, content, line, words):
    with pytest.raises(DataError, match=rf"table\.txt, line {line}: .*{words}"):
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no rows"),
        ("# only a comment\n", "no rows"),
        ("titles only\n", "no rows"),
        (",,\n", "no rows"),
        (b"1 2\n\x00\x00\n", "line 2 holds a NUL"),
        ("1 2\n3 4\n\x1a", r"line 3 holds a control character U\+001A"),
        (b"1 2\n3 \xb5\n", "line 2 is no UTF-8 text"),
        ("1 2\n".encode("utf-16-le"), "NUL"),
        ("1 2\n".encode("utf-32"), "NUL.*saved as UTF-8"),
        ("1 2\v3 4\n", r"line 1 holds a control character U\+000B"),
        ("1 2\n3 4\f\n", r"line 2 holds a control character U\+000C"),
        (b"\xff\xfe1", "UTF-16"),
        (b"PK\x03\x04\x00", "NUL|control"),
    ],
)
def test_what_is_no_text_or_holds_no_rows(read, content, words):
    with pytest.raises(DataError, match=rf"table\.txt.*({words})"):
        read(content)


def test_the_content_of_any_file_is_not_shown(read):
    """A configuration may name a file that its author cannot read."""
    for content in (
        "root:x:0:0:root:/root:/bin/bash\nsecret words:1\n",
        "secret\n123 456\n",
        "1 2\nsecret 3\n",
        "1 secret5\n",
        "5secret5secret5secret5secret 1\n",
        "secret 2 3\n4 5\n",
        "5secret 1\n2 3\n",
        "1 2\n3 5-secret\n",
        "1 2\n3 0xsecret\n",
    ):
        with pytest.raises(CevnsError) as caught:
            read(content, ["energy_mev"] if content.startswith("secret\n") else None)
        message = str(caught.value).rpartition("table.txt")[2]
        assert "secret" not in message
        assert "root" not in message


def test_zeros_may_have_exponents(read):
    assert read("10,0e+00,5\n20,0e0,6\n") == [[10, 0, 5], [20, 0, 6]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("10\u00a01\n20\u00a02\n", r"one column, since U\+00A0 \(NO-BREAK SPACE\) separates none; write commas"),
        ("1\n2\n", "the table has one column$"),
        ("1 2\n3 4\n", "it must be from 1 to 2"),
    ],
)
def test_a_column_beyond_the_last_says_how_many_there_are(write, content, words):
    with pytest.raises(InputError, match=rf"column of .* = 3 is not allowed: .*{words}"):
        Table.read(write(content)).index(3)


def test_a_table_that_is_too_long_is_not_read(read, monkeypatch):
    monkeypatch.setattr("cevns.tables.table.LARGEST_TABLE", 20)
    assert read("1 2\n3 4\n") == [[1, 2], [3, 4]]
    with pytest.raises(DataError, match="longer than 20 bytes"):
        read("1 2\n3 4\n" * 3)


# --- properties: the same numbers in many dialects, and one cell of nonsense


def spelled(rng, value, decimal, fortran):
    text = rng.choice([repr(value), f"{value:.17e}", f"{value:+.17E}", f"{value:.20g}"])
    if fortran and "e" in text.lower():
        text = text.lower().replace("e", rng.choice("dD"))
    return text.replace(".", decimal)


def dialect(rng, rows, columns):
    """Write a table, and return its bytes, its cells and the number of the line of each row."""
    separator = rng.choice(["blank", "\t", ";", ","])
    decimal = rng.choice(".,") if separator in ("\t", ";") else "."
    # something must tell a decimal sign from grouping
    cells = [[spelled(rng, v, decimal, rng.random() < 0.5) for v in row] for row in rows]
    quoted, trailing = rng.random() < 0.3, separator != "blank" and rng.random() < 0.3
    pad = (lambda: "") if separator == "\t" else lambda: " " * rng.randint(0, 3)
    lines = [rng.choice(["# comment, 1;2", "% another 5", "! third", "// fourth"]) for _ in range(rng.randint(0, 2))]
    join = {"blank": lambda: rng.choice([" ", "   ", "\t"])}.get(separator, lambda: pad() + separator + pad())
    if rng.random() < 0.5:
        titles = [f"title{i}" if separator == "blank" else f"a title {chr(97 + i)}" for i in range(columns)]
        lines.append(separator.replace("blank", " ").join(f'"{t}, x"' if quoted else t for t in titles))

    def written(row):
        row = [f'"{cell}"' if quoted else cell for cell in row]
        text = row[0]
        for cell in row[1:]:
            text += join() + cell
        return pad() + text + (separator if trailing else "") + rng.choice(["", "", " ", " # note"])

    begin = len(lines)
    ending = rng.choice(["\n", "\r\n", "\r"])
    mark, encoding = rng.choice([("", "utf-8"), ("\ufeff", "utf-8"), ("\ufeff", "utf-16-le"), ("\ufeff", "utf-16-be")])

    def encoded(cells):
        text = ending.join(lines + [written(row) for row in cells]) + rng.choice(["", ending])
        return (mark + text).encode(encoding)

    return encoded, cells, begin


NONSENSE = (
    "abc",
    "1.2.3",
    "12keV",
    "nan",
    "--",
    "0x1F",
    "\u22125",
    "1_0",
    "1e",
    "5%",
    "1:2",
    "'7'",
    "O.5",
    "1.0Q+3",
    "?",
)


def test_every_dialect_gives_the_same_array_and_nonsense_its_line(write):
    rng = random.Random(20240229)
    for case in range(400):
        columns, length = rng.randint(2, 4), rng.randint(3, 7)
        rows = [[rng.uniform(-1, 1) * 10.0 ** rng.randint(-9, 9) for _ in range(columns)] for _ in range(length)]
        encoded, cells, begin = dialect(rng, rows, columns)
        content = encoded(cells)
        assert read_table(write(content)).tolist() == rows, (case, content)

        i, j = rng.randrange(length), rng.randrange(columns)
        cells[i][j] = rng.choice(NONSENSE)
        content = encoded(cells)
        with pytest.raises(DataError) as caught:
            read_table(write(content))
        assert f"table.txt, line {begin + i + 1}: column {j + 1} " in str(caught.value), (case, content)


@pytest.mark.parametrize("cell", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"])
@pytest.mark.parametrize("row", ["{},2", "2,{}", "{};2", "2\t{}"])
def test_error_values_of_spreadsheets_are_no_comments(tmp_path, cell, row):
    path = tmp_path / "a.csv"
    separator = next(c for c in ",;\t" if c in row)
    path.write_text(f"1{separator}1\n{row.format(cell)}\n3{separator}3\n")
    with pytest.raises(DataError, match=r"line 2: .*spreadsheet"):
        read_table(path)


# --- rows that are no titles, and columns for one quantity each


@pytest.mark.parametrize(
    "cell", ["n.a.", "N.A.", "n/a", "#N/A", "?", "...", "-", "--", "\u2014", "missing", "no data", "NaN"]
)
@pytest.mark.parametrize("titles", ["", "E;f\n"])
def test_rows_without_values_are_no_titles(read, cell, titles):
    with pytest.raises(DataError, match=r"line \d: "):
        read(f"{titles}{cell};{cell}\n1;2\n3;4\n")
    assert read("E f\n--- ---\n1 2\n3 4\n") == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "content",
    ["E;f\nkeV;1\n5;0.09\n20;0.11\n", "keV;1\n5;0.09\n20;0.11\n", "E;f\nkeV;1\n5;0.09\n", "E f\n[keV] [1]\n1 2\n3 4\n"],
)
@pytest.mark.parametrize("columns", [None, [2]])
def test_a_line_of_units_is_no_row(read, content, columns):
    with pytest.raises(DataError, match=r"line [12]: column 1 holds text.* over a column of numbers.*put # before it"):
        read(content, columns)
    assert read("id;f\nA;1\nB;2\nC;3\n", [2]) == [[1], [2], [3]]


@pytest.mark.parametrize(("content", "words"), [("0 5\n10 6\n20  \n", "commas"), ("0,5\n10,6\n20\n", "a separator")])
def test_a_last_edge_alone_says_how_it_is_written(read, content, words):
    with pytest.raises(DataError, match=rf"line 3: 1 column .*behind a last edge that stands alone put {words}"):
        read(content)


def test_a_column_is_one_quantity_of_a_histogram(write):
    with pytest.raises(InputError, match=r"column 2 of .* is chosen twice, for 2 and for 3"):
        read_histogram(write("0 1 5\n1 2 6\n"), [1, 2, 2])


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("mass [GeV]", "GeV"),
        ("mass_GeV", "GeV"),
        ("m/GeV", "GeV"),
        ("M (keV/c^2)", "keV"),
        ("m_mev", "MeV"),
        ("E [eV]", "eV"),
        ("mass", None),
        ("signal [keVee]", None),
        ("MeV or GeV", None),
    ],
)
def test_units_in_titles(title, unit):
    assert energy_unit(title) == unit


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("# x y\n1 2\n3 4e-5\n", True),
        ("1\t2\n\n3\t-.5\r\n", True),
        ("1,5 2\n3 4\n", False),
        ("1 000\n2 000\n", False),
        ("1 2\n3\n", False),
        ("1 nan\n2 3\n", False),
        ("1_0 2\n3 4\n", False),
        ("1 2 # three\n3 4\n", False),
        ("1e999 2\n3 4\n", False),
        ("+-1 2\n3 4\n", False),
        ("1\u00a0200 2\n1\u00a0500 4\n", False),
        ("1\u2009 2\n3 4\n", False),
        ("1 2\f\n3 4\n", False),
        ("1 2\v3 4\n", False),
        ("1\t\t2\n3\t\t4\n", False),
        ("\t1\t2\n\t3\t4\n", False),
        ("", False),
    ],
)
def test_plain_tables_take_a_short_way_with_the_same_result(tmp_path, text, plain):
    from cevns.tables.parsing import plain_numbers

    found = plain_numbers(text)
    assert (found is not None) == plain
    if plain:
        path = tmp_path / "plain.txt"
        path.write_text(text)
        np.testing.assert_array_equal(found, Table.read(path).select())
