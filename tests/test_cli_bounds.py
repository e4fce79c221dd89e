"""The command line: published limits, lists, citations and reproductions."""

import re
import sys
import types
from pathlib import Path

import pytest
from test_cli import ARGON, assert_refused

import cevns
from cevns.cli import bibtex, catalogue, papers

# list and cite


def test_list_names_everything_with_references(run, run_json):
    found = run_json("list")
    assert list(found) == ["models", "experiments", "form_factors"]
    names = {kind: [entry["name"] for entry in entries] for kind, entries in found.items()}
    assert names["models"] == list(cevns.known_interactions())
    assert names["experiments"] == list(cevns.known_experiments())
    assert names["form_factors"] == ["helm", "klein-nystrand", "symmetrized-fermi", "point"]
    assert all(entry["references"] for entries in found.values() for entry in entries)
    for entry in found["models"]:
        assert entry["lagrangian"] == cevns.get_interaction(entry["name"]).lagrangian
    _, out, _ = run("list")
    assert all(name in out for kind in names.values() for name in kind)


def test_every_reference_has_a_purpose(run_json):
    found = run_json("cite")["references"]
    built_in = {entry["reference"] for entry in found[1:]}
    assert built_in | {one for references in catalogue.PIECES.values() for one in references} == papers.PAPERS.keys()
    assert all(entry["for"] for entry in found)


def test_cite_names_what_is_used_and_nothing_else(run_json):
    found = run_json("cite", ARGON, "--model", "b-l")["references"]
    assert [list(entry) for entry in found] == [["reference", "for", "used_by"]] * len(found)
    assert found[0]["reference"].startswith("cevns developers")
    assert [entry["reference"] for entry in found[1:]] == ["arXiv:2003.10630", "arXiv:2006.12659", "arXiv:2008.05022"]
    assert found[-1]["used_by"] == ["b-l", ARGON]


def read_bibtex(text):
    """Return the entries of BibTeX by key, as its own grammar reads them: braces balance, fields end with commas."""
    entries, place = {}, 0
    while start := re.compile(r"\s*@(\w+)\{([^\s,{}\"#%'()=]+),").match(text, place):
        place, fields = start.end(), {}
        while field := re.compile(r"\s*(\w+)\s*=\s*\{").match(text, place):
            depth, place = 1, field.end()
            begin = place
            while depth:
                # a backslash does not escape a brace
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                place += 1
            assert field[1].lower() not in fields
            fields[field[1].lower()] = text[begin : place - 1]
            if text[place] == ",":
                place += 1
        assert re.compile(r"\s*\}").match(text, place), text[place : place + 40]
        place = text.index("}", place) + 1
        assert start[2].lower() not in entries
        entries[start[2].lower()] = fields
    assert not text[place:].strip(), text[place : place + 40]
    return entries


def test_cite_prints_bibtex(run, run_json):
    code, out, err = run("cite", "--bibtex")
    assert (code, err) == (0, "")
    found, told = read_bibtex(out), run_json("cite")["references"]
    assert len(found) == len(told)
    assert found["cevns"]["note"] == f"version {cevns.__version__}"
    assert found["arxiv:2008.05022"]["eprint"] == "2008.05022"
    assert found["doi:10.5281-zenodo.20576156"]["doi"] == "10.5281/zenodo.20576156"
    for entry in [entry for key, entry in found.items() if key != "cevns"]:
        assert entry.keys() & {"eprint", "doi"}
        assert entry.keys() >= {"author", "title", "year", "note"}
    assert run_json("cite", "--bibtex")["bibtex"] == out.rstrip("\n")


def test_the_paper_and_the_command_say_the_same():
    """Of what both cite."""
    text = (Path(__file__).parents[1] / "paper" / "paper.bib").read_text(encoding="utf-8")
    ours = {f"arXiv:{entry['eprint']}": entry for entry in read_bibtex(text).values() if "eprint" in entry}
    both = ours.keys() & papers.PAPERS.keys()
    assert len(both) == 4
    for number in both:
        known = papers.PAPERS[number].fields()
        # the journal gives the last page as well
        assert {name: ours[number][name] for name in known} == known


def test_bibtex_of_old_numbers_and_links():
    texts = ["hep-ph/9710491", "https://doi.org/10.1007/JHEP01(2021)116", "astro-ph.CO/0701001"]
    found = read_bibtex(bibtex.bibtex([{"reference": text, "for": "a purpose"} for text in texts]))
    assert [entry.get("eprint") or entry.get("doi") for entry in found.values()] == [
        None,
        "hep-ph/9710491",
        "10.1007/JHEP01(2021)116",
        "astro-ph.CO/0701001",
    ]


def test_bibtex_of_references_of_ones_own():
    texts = [
        "A & B, {50%} of $x_1$ ~ 2^3 \\ #4",
        "A & B, {50%} of $x_1$ ~ 2^3 \\ #5",
        "A & B",
        "a & b",
        "{",
        "\u00fcber",
    ]
    found = read_bibtex(bibtex.bibtex([{"reference": text, "for": ""} for text in texts]))
    assert len(found) == len(texts) + 1
    titles = [entry["title"] for key, entry in found.items() if key != "cevns"]
    assert titles[2] == r"{A \& B}"
    for title in titles:
        assert title.count("{") == title.count("}")
        assert not re.search(r"(?<!\\)[&%$#_]|\\(?![a-zA-Z&%$#_])", title)


# reproduce, with a stand-in for the drawing, which has its own tests


@pytest.fixture
def reproduced(monkeypatch):
    calls = []

    def install(met):
        def reproduce(figures, output, progress, num_threads=None, quick=False):
            progress(1, 1, "figure 1")
            calls.append((figures, output))
            row = {"quantity": "chi2", "expected": 2.83, "computed": 2.835, "criterion": "within 0.01", "met": met}
            return {
                "output": output,
                "figures": {"1": ["out/figure1.pdf"]},
                "summary": [row],
                "file": "out/summary.json",
            }

        module = types.ModuleType("cevns.figures")
        module.reproduce = reproduce
        summary = types.ModuleType("cevns.figures.summary")
        summary.format_table = lambda rows: "\n".join(row["quantity"] for row in rows)
        monkeypatch.setitem(sys.modules, "cevns.figures", module)
        monkeypatch.setitem(sys.modules, "cevns.figures.summary", summary)
        return calls

    return install


def test_reproduce_prints_the_summary(run, reproduced):
    calls = reproduced(True)
    code, out, err = run("reproduce", "1", "3b", "-o", "out")
    assert (code, err) == (0, "")
    assert calls == [(["1", "3b"], "out")]
    assert out.splitlines() == [
        "chi2",
        "",
        "out/figure1.pdf",
        "out/summary.json",
        "",
        "1 of 1 met, of figure 1 alone",
    ]


def test_reproduce_draws_all_figures_unless_some_are_named(run_json, reproduced):
    calls = reproduced(True)
    found = run_json("reproduce", "--output", "out")
    assert calls == [(None, "out")]
    assert list(found) == ["output", "figures", "summary", "file"]


def test_reproduce_tells_by_its_exit_code_that_a_number_is_missed(run, reproduced):
    reproduced(False)
    code, out, err = run("reproduce", "--output", "out")
    assert (code, err) == (1, "")
    assert out.endswith("0 of 1 met\n")


# bounds


def test_bounds_are_listed(run, run_json):
    found = run_json("bounds", "list")
    assert list(found) == ["bounds", "not_available"]
    assert {b["model"] for b in found["bounds"]} >= {"universal", "b-l", "lmu-ltau"}
    assert all(entry["reason"] for entry in found["not_available"])
    some = run_json("bounds", "list", "--model", "universal")
    assert {b["model"] for b in some["bounds"]} == {"universal"}
    assert "babar-2014" in run("bounds", "list")[1]


def test_a_bound_is_shown_with_its_numbers(run, run_json):
    found = run_json("bounds", "show", "b-l", "na48-2-2015")
    segment = found["segments"][0]
    assert list(segment) == ["mass", "coupling_lower"]
    assert len(segment["mass"]) == len(segment["coupling_lower"]) > 10
    assert found["confidence_level"] == 0.90
    assert found["reference"] == "arXiv:1504.00607"
    assert "arXiv:1504.00607" in run("bounds", "show", "b-l", "na48-2-2015")[1]


@pytest.mark.parametrize("names", [[], ["babar-2014", "g-2-mu"]], ids=["all", "two"])
def test_bounds_are_drawn(run_json, names):
    found = run_json("bounds", "plot", "b-l", *names, "-o", "bounds.png")
    assert found["file"] == "bounds.png"
    assert not names or found["bounds"] == names
    assert Path("bounds.png").read_bytes().startswith(b"\x89PNG")


def test_a_curve_of_one_s_own_is_drawn_over_the_limits(run, run_json):
    Path("mine.csv").write_text("mass_GeV, g^2\n0.01, 1e-8\n1, 1e-6\n", encoding="utf-8")
    command = ["bounds", "plot", "b-l", "babar-2014", "-o", "both.svg"]
    found = run_json(*command, "--add", "mine.csv", "--mass-unit", "GeV", "--coupling", "g^2")
    assert (found["bounds"], found["added"]) == (["babar-2014"], ["mine.csv"])
    mine = "stroke-width: 1.8"
    assert mine in Path("both.svg").read_text(encoding="utf-8")
    Path("numbered.csv").write_text("1;0,01;1e-8\n2;1;1e-6\n", encoding="utf-8")
    assert_refused(run(*command, "--add", "numbered.csv"), "row number", "columns")
    assert run(*command, "--add", "numbered.csv", "--columns", "2,3")[0] == 0
    assert_refused(run(*command, "--add", "numbered.csv", "--columns", "2,4"), "from 1 to 3")
    assert_refused(run(*command, "--columns", "2,3"), "--add")
    assert_refused(run(*command, "--mass-unit", "GeV"), "--add")
    assert_refused(run(*command, "--add", "mine.csv", "--mass-unit", "kg"), "mass_unit", "'kg'")
    assert_refused(run(*command, "--add", "nowhere.csv"), "nowhere.csv")
    run(*command)
    assert mine not in Path("both.svg").read_text(encoding="utf-8")


def test_a_limit_that_was_saved_is_drawn_over_the_published_ones(run, run_json):
    for model in ("universal", "b-l"):
        command = ["limit", "coherent-argon-2020", "--model", model, "--mass", "10", "300", "-o", f"{model}.csv"]
        assert run(*command)[0] == 0
    # the strip of the universal model stays open, to an upper end of infinity
    assert "inf" in Path("universal.csv").read_text(encoding="utf-8")
    for model, bound in (("universal", "connie"), ("b-l", "babar-2014")):
        command = ["bounds", "plot", model, bound, "-o", "both.svg", "--add", f"{model}.csv"]
        assert run_json(*command)["added"] == [f"{model}.csv"]
        drawn = Path("both.svg").read_text(encoding="utf-8")
        assert "stroke-width: 1.8" in drawn
        assert "Ar, 90% C.L." in drawn
    other = ["bounds", "plot", "b-l", "babar-2014", "-o", "other.svg", "--add", "universal.csv"]
    assert_refused(run(*other), "universal.csv", "'universal'", "'b-l'", "cevns bounds plot universal")
    assert_refused(run(*command, "--mass-unit", "GeV"), "--mass-unit", "says them itself")
    Path("mine.csv").write_text("0.01, 1e-8\n1, 1e-6\n", encoding="utf-8")
    options = ["--mass-unit", "GeV", "--coupling", "g^2"]
    assert run(*command, "--add", "mine.csv", *options)[0] == 0
    Path("b-l.csv").write_text(Path("b-l.csv").read_text(encoding="utf-8").replace("inf", "nan"), encoding="utf-8")
    assert_refused(run(*command), "b-l.csv is damaged")
    with pytest.raises(cevns.errors.DataError, match=r"a limit that cevns wrote.*Limit\.load"):
        cevns.bounds.load_bound("universal.csv", model="universal", mass_unit="MeV", coupling="g")


def test_saved_figures_name_model_data_and_level(run):
    grid = ["--model", "lmu-ltau", "--mass", "1:10:3"]
    for command in (
        ["limit", "coherent-argon-2020", *grid, "-o", "limit.csv"],
        ["limit", "coherent-argon-2020", *grid, "-o", "limit.svg"],
        ["scan", "coherent-argon-2020", *grid, "--coupling", "1e-5:1e-1:5", "-o", "scan.npz"],
        ["plot", "limit.csv", "-o", "saved.svg"],
        ["plot", "scan.npz", "-o", "scan.svg"],
    ):
        assert run(*command)[0] == 0, command
    for name in ("limit.svg", "saved.svg", "scan.svg"):
        assert "<!-- $L_\\mu-L_\\tau$: Ar, 90% C.L. excluded (2 d.o.f.) -->" in Path(name).read_text(
            encoding="utf-8"
        ), name
