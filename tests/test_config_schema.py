"""The schema of configuration files: all that the readers know, and nothing else."""

import gc
import json
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from configs import DATA, FLUX, KNOWN, QUENCHING, RESPONSE, TARGET, own
from schemas import loaded, refusal, validator

from cevns.cli import main
from cevns.config import load_config, schema, template
from cevns.config.readers import Section
from cevns.config.schemas import unit_of
from cevns.errors import DataError

from .fuzz import configs, toml
from .fuzz.mutations import mutated

ROOT = Path(__file__).parents[1]
#: Cases of the property test, which take a second.
BUDGET = 120


def test_the_schema_is_one_of_draft_2020_12():
    found = schema()
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(found)
    # references lead somewhere, and nothing is defined in vain
    named = set(re.findall(r'"#/\$defs/([\w-]+)"', json.dumps(found)))
    assert named == found["$defs"].keys()


def test_the_command_prints_it(capsys):
    for words in (["config", "schema"], ["config", "schema", "--json"]):
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out) == schema()


def objects(schema):
    """Return what a schema holds of tables, with their keys."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_no_section_of_the_readers_is_missing():
    tables = [(part["properties"].keys() - {"kind"}, part) for part in objects(schema())]
    sections = [one for one in gc.get_objects() if isinstance(one, Section)]
    # that of a document among them
    assert len(sections) > 40
    for section in sections:
        beside = {"file", "columns"} if section.columns else set()
        fitting = [part for keys, part in tables if keys == section.keys.keys() | beside]
        # of some sections keys are known as soon as axes are
        assert fitting or "events" in section.keys, [*section.keys]
        if fitting and section.keys.keys() - {"kind"}:
            assert any(part.get("additionalProperties") is False for part in fitting), [*section.keys]
        needed = set(section.required) - set(section.columns)
        assert not fitting or any(needed <= {*part.get("required", ())} for part in fitting), [*section.keys]


def test_keys_say_what_they_mean_and_their_units():
    known = [(key, part) for table in objects(schema()) for key, part in table["properties"].items()]
    known = [(key, part) for key, part in known if isinstance(part, dict) and not part.keys() & {"const", "enum"}]
    plain = [(key, part) for key, part in known if "anyOf" not in part]
    silent = {key for key, part in plain if "description" not in part}
    # of an expected model, and of parts of a response that moves
    assert silent <= {"kind", "model", "efficiency", "resolution"}
    for key, part in plain:
        if unit := unit_of(key):
            said = part["description"].replace("^", "")
            assert f"[{unit}" in said.replace(" / ", "/") or "-" in said, (key, said)
    units = {"sigma_us": "us", "light_yield_per_kevee": "1/keVee", "birks_g_per_mev_cm2": "g/(MeV cm2)", "protons": ""}
    assert {key: unit_of(key) for key in units} == units


def test_what_is_usual_is_told():
    (tables,) = [
        t for t in objects(schema()) if {"axis", "unit", "light_yield_per_kevee", "axes"} <= t["properties"].keys()
    ]
    assert {key: tables["properties"][key]["default"] for key in ("axis", "unit")} == {
        "axis": "energy",
        "unit": "keVee",
    }


def test_the_template_is_right():
    assert refusal(tomllib.loads(template())) is None


BLOCKS = [
    (page, block)
    for page in sorted(ROOT.glob("docs/**/*.md"))
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page.stem}-{i}" for i, (page, _) in enumerate(BLOCKS)])
def test_configurations_of_the_documentation_are_right(page, block):
    document = tomllib.loads(block)
    if "schema" in document:
        assert refusal(document) is None
    else:
        # a part: no key is unknown, and no value is of a wrong kind
        wrong = [e for e in leaves(validator().iter_errors(document)) if e.validator != "required"]
        assert [f"{e.json_path}: {e.message}" for e in wrong] == []


def leaves(errors):
    """Return errors without alternatives, and what is wrong with these."""
    for error in errors:
        if error.context:
            yield from leaves(error.context)
        else:
            yield error


NUISANCE = '[[experiment.nuisance]]\nname = "n"\nsigma = 0.1\nof = ["signal"]\n'
#: What is wrong, and the path to it.
WRONG = {
    "unknown key of the file": (KNOWN + "[modeling]\n", "$"),
    "no schema": (KNOWN.removeprefix("schema = 1\n"), "$"),
    "another schema": (KNOWN.replace("= 1", "= 2"), "$.schema"),
    "unknown data set": (KNOWN.replace("argon", "argonne"), "$.experiment[0].name"),
    "unknown key of a data set": (KNOWN + "quench = 1\n", "$.experiment[0]"),
    "option of another data set": (KNOWN + 'runs = ["sr0"]\n', "$.experiment[0].name"),
    "number for a text": (own(head="label = 3\n"), "$.experiment[0].label"),
    "text for a number": (own(flux=FLUX.replace("27.5", '"27.5"')), "$.experiment[0].flux.distance_m"),
    "true for a number": (own(target=TARGET.replace("= 24", "= true")), "$.experiment[0].target.mass_kg"),
    "wrong unit": (own(target=TARGET.replace("mass_kg", "mass_g")), "$.experiment[0].target"),
    "no target": (own(target=""), "$.experiment[0]"),
    "no kind": (own(flux=FLUX.replace("kind", "# kind")), "$.experiment[0].flux"),
    "unknown kind": (own(flux=FLUX.replace("at-rest", "in-flight")), "$.experiment[0].flux.kind"),
    "key of another kind": (own(flux=FLUX + "exposure_days = 1\n"), "$.experiment[0].flux"),
    "no list": (own(response=RESPONSE.replace("[5, 10, 20]", "5") + QUENCHING), "$.experiment[0].response.edges"),
    "unknown kind of quenching": (
        own(response=RESPONSE + 'quenching = {kind = "x"}\n'),
        "$.experiment[0].response.quenching",
    ),
    "factor of a kind that has none": (
        own(response=RESPONSE + 'quenching = {kind = "lindhard", factor = 1}\n'),
        "$.experiment[0].response.quenching",
    ),
    "unknown kind of resolution": (
        own(response=RESPONSE + QUENCHING + 'resolution = {kind = "normal"}\n'),
        "$.experiment[0].response.resolution.kind",
    ),
    "no shares of templates": (
        own(response='[experiment.response]\nkind = "templates"\naxes = {name = "x", edges = [1, 2, 3]}\n'),
        "$.experiment[0].response",
    ),
    "word for counts": (own(data=DATA.replace("[40, 30]", '"expected"')), "$.experiment[0].data.observed"),
    "no observed counts": (own(data="[experiment.data]\nuncertainty = [1, 1]\n"), "$.experiment[0].data"),
    "columns without a file": (own(data=DATA + "columns = {observed = 1}\n"), "$.experiment[0].data"),
    "nuisance with a key too many": (own(tail=NUISANCE + "corr = 1\n"), "$.experiment[0].nuisance[0]"),
    "nuisance without a name": (own(tail=NUISANCE.replace("name", "# name")), "$.experiment[0].nuisance[0]"),
    "nuisance of a number": (own(tail=NUISANCE.replace('["signal"]', "3")), "$.experiment[0].nuisance[0].of"),
    "background without a sigma": (
        own(tail='[[experiment.background]]\nname = "b"\ncounts = [1, 2]\n'),
        "$.experiment[0].background[0]",
    ),
    "shape without a kind": (own(tail='[[experiment.shape]]\nname = "s"\n'), "$.experiment[0].shape[0]"),
    "unknown kind of electrons": (own(head="electrons = 1\n"), "$.experiment[0].electrons"),
    "unknown form factor": (own(head='form_factor = "helmholtz"\n'), "$.experiment[0].form_factor"),
    "unknown model": (KNOWN + '[model]\nname = "b-l-x"\n', "$.model.name"),
    "unknown weak couplings": (KNOWN + '[model]\nname = "b-l"\nweak = "tree"\n', "$.model.weak"),
    "unknown kind of model": (KNOWN + '[model]\nname = "m"\nkind = "axial"\n', "$.model.kind"),
    "vector without charges": (KNOWN + '[model]\nname = "m"\nkind = "vector"\n', "$.model"),
    "number for charges": (KNOWN + '[model]\nname = "m"\nproton = 1\n', "$.model.proton"),
    "charges of two kinds": (KNOWN + '[model]\nname = "m"\nquarks = [1, 1]\nup = {e = 1}\n', "$.model"),
    "coupling that is a text": (
        KNOWN + '[model]\nname = "m"\nquarks = [1, 1]\nleptons = {e = "1"}\n',
        "$.model.leptons.e",
    ),
    "nucleus without neutrons": (KNOWN + "[nuclei.X]\nprotons = 1\natomic_mass_u = 2\n", "$.nuclei.X"),
    "half a proton": (KNOWN + "[nuclei.X]\nprotons = 0.5\nneutrons = 1\natomic_mass_u = 2\n", "$.nuclei.X.protons"),
}


@pytest.mark.parametrize(("text", "path"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_refused_at_its_place_by_schema_and_reader(problems, text, path):
    assert problems(text)
    assert path in {error.json_path for error in validator().iter_errors(tomllib.loads(text))}


def test_infinity_may_become_null_on_its_way_through_an_editor():
    document = tomllib.loads(own(tail=NUISANCE.replace("0.1", "inf")))
    assert refusal(document) is None
    document["experiment"][0]["nuisance"][0]["sigma"] = None
    assert refusal(document) is None


@pytest.mark.parametrize("part", range(4))
def test_what_the_schema_refuses_of_mutated_files_the_reader_refuses(tmp_path, part):
    refused = 0
    for index in range(part * BUDGET // 4, (part + 1) * BUDGET // 4):
        rng = random.Random(index)
        document = mutated(rng, configs.document(rng, tmp_path), index % 3)
        path = tmp_path / "mine.toml"
        path.write_bytes(toml.dumps(document, rng).encode("utf-8", "replace"))
        try:
            loaded(path)
        except DataError:
            refused += 1
    assert 0 < refused < BUDGET // 4


def test_the_schema_takes_what_the_reader_takes_in_a_process_of_its_own(tmp_path):
    """Whatever was imported before; docstrings, which -OO leaves out, only say what keys mean."""
    path = tmp_path / "mine.toml"
    path.write_text(template(), encoding="utf-8")
    load_config(path)
    program = "import json; from cevns.config import schema; print(json.dumps(schema()))"
    found = subprocess.run(
        [sys.executable, "-P", "-OO", "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert jsonschema.Draft202012Validator(json.loads(found)).is_valid(tomllib.loads(template()))
