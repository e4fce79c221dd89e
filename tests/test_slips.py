"""Slips in tables, and values in files that are out of their range, are refused with file, line and column."""

import pytest

from cevns import checks
from cevns.config import load_config
from cevns.errors import DataError, InputError
from cevns.tables import Table, read_table

SLIPS = {
    "exponents": ("Oe-3 Oe-5\n1 2\n3 4\n", 1),
    "points": ("x y\nl.O O.l\n1 2\n3 4\n", 2),
    "commas": ("O,5;O,1\n1,0;0,2\n", 1),
    "in the middle": ("1 2\nOe-3 Oe-5\n3 4\n", 2),
    "words in the middle": ("1 2\nfoo bar\n3 4\n", 2),
    "words at the end": ("1 2\n3 4\nend here\n", 3),
    "too small": ("1 2\n1e-400 4\n", 2),
    "too small and plain": ("1e-400 2\n", 1),
    "too small with a sign": ("1,2\n-1E-999,3\n", 2),
    "too small with a comma": ("1,5;2\n1,5e-400;3\n", 2),
    "bars": ("a|b\n1|2\n3|4\n", 2),
    "bars apart": ("| 1 | 2 |\n| 3 | 4 |\n", 1),
    "ampersands": ("1 & 2\n3 & 4\n", 1),
}


@pytest.mark.parametrize(("text", "line"), SLIPS.values(), ids=SLIPS)
def test_slips_are_refused_with_their_line(tmp_path, text, line):
    path = tmp_path / "x.txt"
    path.write_text(text)
    for columns in (None, [1, 2]):
        with pytest.raises(DataError, match=rf"x\.txt, line {line}: ") as refused:
            read_table(path, columns)
    if "|" in text:
        assert "separate them with blanks, commas, semicolons or tabs" in str(refused.value)
    if "e-400" in text.lower():
        assert "too small to be told from 0" in str(refused.value)


@pytest.mark.parametrize("titles", ["I O", "I1 l2", "lo Ol", "E10 F20", "Ie lE"])
def test_names_of_letters_and_digits_are_titles(tmp_path, titles):
    path = tmp_path / "x.txt"
    path.write_text(f"{titles}\n1 2\n3 0e-400\n")
    assert Table.read(path).titles == tuple(titles.split())
    assert read_table(path).tolist() == [[1.0, 2.0], [3.0, 0.0]]


def test_a_number_too_small_for_a_double_is_refused_everywhere(tmp_path):
    with pytest.raises(InputError, match="coupling = 1e-400 is too small to be told from 0"):
        checks.number("coupling", "1e-400")
    assert checks.number("coupling", "0e-400") == 0.0
    path = tmp_path / "x.toml"
    path.write_text("schema = 1e-400\n")
    with pytest.raises(DataError, match="1e-400 is too small"):
        load_config(path)


# --- values of files

CONFIG = """
schema = 1
[[experiment]]
name = "x"
signal_sigma = 0.1
[experiment.flux]
kind = "tabulated"
file = "flux.txt"
columns = {{energy_mev = 1, mu_per_cm2_per_mev{per_s} = 2}}
{exposure}
[experiment.target]
composition = "Ar"
mass_kg = 10.0
[experiment.response]
edges = [5, 10, 20]
[experiment.response.quenching]
kind = "tabulated"
file = "quenching.txt"
columns = {{recoil_kev = 1, factors = 2}}
[experiment.response.efficiency]
kind = "points"
file = "efficiency.txt"
columns = {{observable = 1, values = 2}}
[experiment.data]
file = "data.txt"
columns = {{observed = 1, uncertainty = 2}}
[[experiment.background]]
name = "b"
sigma = 0.3
file = "background.txt"
columns = {{counts = 1}}
"""
FILES = {
    "flux": "# MeV\n1,1e12\n10,1e13\n50,1e13\n",
    "quenching": "1 0.1\n50 0.2\n",
    "efficiency": "1 0.5\n30 0.9\n",
    "data": "10 3\n12 4\n",
    "background": "1\n2\n",
}
OUT_OF_RANGE = {
    "density": ("flux", "# MeV\n1,1e12\n10,-1\n50,1e13\n", "line 3, column 2: mu_per_cm2_per_mev"),
    "energy": ("flux", "# MeV\n-10,1e12\n10,1\n50,1e13\n", "line 2, column 1: energy contains -10.0"),
    "factor": ("quenching", "1 0.1\n50 -0.1\n", "line 2, column 2: factors contains -0.1"),
    "factor of 0": ("quenching", "1 0.1\n50 0\n", r"line 2, column 2: factors\[1\] = 0"),
    "recoil": ("quenching", "-1 0.1\n50 0.2\n", "line 1, column 1: recoil_kev contains -1.0"),
    "efficiency": ("efficiency", "1 0.5\n30 60\n", "line 2, column 2: values contains 60.0"),
    "uncertainty": ("data", "10 3\n12 -3\n", "line 2, column 2: uncertainty contains -3.0"),
    "observed": ("data", "1e300 3\n12 4\n", r"line 1, column 1: observed contains 1e\+300"),
    "background": ("background", "1\n-2\n", "line 2, column 1: counts of background 'b' contains -2.0"),
}


@pytest.mark.parametrize("per_s", ["", "_per_s"])
@pytest.mark.parametrize(("file", "content", "said"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_values_out_of_range_say_where_they_stand(tmp_path, file, content, said, per_s):
    for name, text in (FILES | {file: content}).items():
        (tmp_path / f"{name}.txt").write_text(text)
    path = tmp_path / "x.toml"
    path.write_text(CONFIG.format(per_s=per_s, exposure="exposure_s = 10" if per_s else ""))
    with pytest.raises(DataError, match=rf"has 1 problem\(s\):\n.*{file}\.txt, {said}"):
        load_config(path)


def test_a_value_that_stands_in_the_configuration_has_no_line(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"{name}.txt").write_text(text)
    text = CONFIG.format(per_s="", exposure="").replace('file = "background.txt"\n', "counts = [1, -2]\n")
    path = tmp_path / "x.toml"
    path.write_text(text.replace("columns = {counts = 1}\n", ""))
    with pytest.raises(DataError, match=r"\(1\) experiment\[1\]\.background\[1\]: counts of background 'b' contains"):
        load_config(path)
