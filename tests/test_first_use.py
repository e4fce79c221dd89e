"""What a first user meets: results that say what they are, and slips that are answered with the remedy."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import config as config_module
from cevns.cli import main
from cevns.config import load_config, template
from cevns.detectors import Response, TabulatedQuenching
from cevns.errors import CevnsError, DataError, InputError, UnknownNameError
from cevns.fluxes import monochromatic
from cevns.inference import Limit, Scan
from cevns.interactions import NonStandardInteractions
from cevns.tables import read_table

ARGON = "coherent-argon-2020"


@pytest.fixture(scope="module")
def argon():
    return cevns.load(ARGON)


@pytest.fixture(scope="module")
def many(argon):
    """Data that the standard model does not describe."""
    return argon.replace(observed=3 * np.array(argon.observed))


# a limit that excludes the standard model


def test_a_limit_says_that_it_excludes_the_standard_model(argon, many):
    found = many.limit("universal", mass=[10.0, 100.0])
    assert found.excludes_standard_model
    assert found.lowest.tolist() == [0.0, 0.0]
    assert found.excludes(10.0, [0.0, 1e-12]).tolist() == [True, True]
    for text in (repr(found), found._repr_html_()):
        assert re.search(r"standard model (is )?excluded", text)
    fine = argon.limit("universal", mass=[10.0, 100.0])
    assert not fine.excludes_standard_model
    assert fine.excludes(10.0, 0.0) is False
    assert "standard model" not in repr(fine) + fine._repr_html_()
    counted_from_it = many.limit("universal", mass=10.0, reference=many.chi2("sm"))
    assert not counted_from_it.excludes_standard_model


def test_a_contact_interaction_excludes_the_standard_model_between_two_ends(argon, many):
    nsi = NonStandardInteractions(up={"e": 1.0})
    assert many.limit(nsi).excludes_standard_model
    assert many.limit(nsi).excludes(None, 0.0) is True
    assert not argon.limit(nsi).excludes_standard_model


def test_the_command_warns_that_the_standard_model_is_excluded(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text(template().replace("observed = [94, 71, 43, 35, 16]", "observed = [394, 271, 143, 135, 116]"))
    assert main(["limit", "--config", str(path), "--mass", "10"]) == 0
    assert "warning: coupling 0, the standard model, is excluded" in capsys.readouterr().out
    assert main(["limit", "--config", str(path), "--mass", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["excludes_standard_model"] is True
    assert any("the standard model, is excluded" in warning for warning in found["warnings"])
    path.write_text(template())
    assert main(["limit", "--config", str(path), "--mass", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["excludes_standard_model"] is False
    assert not any("standard model" in warning for warning in found.get("warnings", ()))


def test_no_coupling_beside_one_that_was_given_is_not_the_standard_model(argon, capsys, tmp_path):
    given = {"parameter": "eps_u_ee", "eps_d_ee": 0.1}
    found = argon.limit("nsi", **given)
    assert found.excludes_origin
    assert found.excludes(None, 0.0) is True
    assert found.not_standard == ("eps_d_ee",)
    # whose chi2 lies below the level
    assert argon.chi2("sm") < found.chi2_min + found.delta_chi2 < argon.chi2("nsi", eps_u_ee=0.0, eps_d_ee=0.1)
    assert not found.excludes_standard_model
    assert "standard model" not in repr(found) + found._repr_html_()
    assert "eps_u_ee = 0 excluded" in repr(found)
    found.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == found
    command = ["limit", ARGON, "--model", "nsi", "--parameter", "eps_u_ee", "--set", "eps_d_ee=0.1", "--json"]
    assert main(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["excludes_standard_model"] is False
    (warning,) = (w for w in said["warnings"] if "excluded too" in w)
    assert warning.startswith("eps_u_ee 0 with eps_d_ee = 0.1 is excluded too")


@pytest.mark.parametrize(
    ("given", "standard"),
    [({}, True), ({"rn_ar": 3.3}, True), ({"sin2_theta_w": 0.3}, False), ({"eps_u_mumu": 0.0, "eps_d_emu": 0.0}, True)],
)
def test_what_makes_another_model_than_the_standard_model(many, given, standard):
    found = many.limit("nsi", parameter="eps_u_ee", **given)
    assert found.excludes_origin
    assert found.excludes_standard_model is standard


def test_a_charge_radius_vanishes_where_it_is_that_of_the_standard_model(argon):
    free = argon.limit("charge-radius", parameter="r2_ee")
    # between the chi2 of the two: 0 is excluded and the standard model is not, or the other way round
    standard, zero = argon.chi2("sm"), argon.chi2("charge-radius", r2_ee=0.0)
    reference = 0.5 * (standard + zero) - free.delta_chi2
    found = argon.limit("charge-radius", parameter="r2_ee", reference=reference)
    assert found.excludes(None, -0.83) is found.excludes_origin is found.excludes_standard_model is (standard > zero)
    assert found.excludes(None, 0.0) is (zero > standard)


def test_lowest_is_positive_though_negative_couplings_are_excluded_nearer_to_0(argon):
    found = argon.limit(NonStandardInteractions(up={"e": 1.0}))
    assert found.lowest[0] == found.excluded[0][1, 0] > 0
    assert found.excluded[0][0, 1] < 0


# tables


QUENCHING = re.compile(r'kind = "tabulated"\nrecoil_kev = .*\nfactors = .*\n')


def config_with(tmp_path, table, more=""):
    (tmp_path / "qf.csv").write_text(table)
    path = tmp_path / "mine.toml"
    path.write_text(QUENCHING.sub(f'kind = "tabulated"\nfile = "qf.csv"\n{more}', template()))
    return path


def test_a_title_that_is_no_key_is_quoted_with_the_line_that_leaves_it_out(tmp_path):
    table = "recoil_kev;error;factors\n1;0,01;0,16\n100;0,01;0,3\n"
    with pytest.raises(DataError) as refused:
        load_config(config_with(tmp_path, table))
    assert "'error'" in str(refused.value)
    line = re.search(r"columns = \{.*?\}", str(refused.value))[0]
    assert line == "columns = {recoil_kev = 1, factors = 3}"
    config = load_config(config_with(tmp_path, table, f"{line}\n"))
    assert config.likelihood.experiments[0].response.quenching == TabulatedQuenching([1, 100], [0.16, 0.3])


def test_a_key_that_is_there_is_not_what_another_title_meant(tmp_path):
    with pytest.raises(DataError) as refused:
        load_config(config_with(tmp_path, "recoil_kev,factors,factors_2\n1,0.16,1\n100,0.3,1\n"))
    assert "'factors_2', which is no key" in str(refused.value)
    assert "Did you mean" not in str(refused.value)


def test_no_line_of_columns_is_made_of_a_title_that_comes_twice(tmp_path):
    with pytest.raises(DataError, match="'factors' stands over columns 2 and 3"):
        load_config(config_with(tmp_path, "recoil_kev,factors,factors,error\n1,0.16,0.2,1\n100,0.3,0.2,1\n"))


def test_titles_of_a_table_that_is_none_are_not_shown(tmp_path):
    with pytest.raises(DataError) as refused:
        load_config(config_with(tmp_path, "secret,word\n1,0.16\n100,0.3\n"))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("titles", ["recoil_kev,factors", "recoil_kev factors", "recoil_kev,factors,error,note"])
def test_titles_that_are_not_as_many_as_the_columns_are_named(tmp_path, titles):
    table = f"{titles}\n1,0.16,0.01\n100,0.3,0.01\n"
    count = len(re.split("[, ]", titles))
    message = rf"qf.csv, line 1: {count} titles, '(recoil_kev|factors)' among them, over 3 columns"
    with pytest.raises(DataError, match=message):
        load_config(config_with(tmp_path, table))
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "qf.csv", columns=["recoil_kev", "factors"])
    assert read_table(tmp_path / "qf.csv", columns=[1, 2]).shape == (2, 2)
    with pytest.raises(UnknownNameError) as refused:
        read_table(tmp_path / "qf.csv", columns=["other"])
    assert "recoil_kev" not in str(refused.value)


@pytest.mark.parametrize(
    ("recoil", "factors"),
    [([1, 10], [0, 0]), ([1, 5, 10], [0.1, 0, 0.1]), ([0, 1], [0, 0]), ([0], [0]), ([1], [1e-300])],
)
def test_a_quenching_factor_is_not_0_behind_another(recoil, factors):
    with pytest.raises(InputError, match=r"factors\[\d\] = .* keV is not allowed.*decimal comma"):
        TabulatedQuenching(recoil, factors)


def test_a_quenching_factor_may_be_0_at_0():
    curve = TabulatedQuenching([0, 10, 100], [0, 0.2, 0.3])
    signal = np.array([0.0, 1e-12, 0.5, 2.0, 30.0])
    assert curve.signal(curve.recoil(signal)) == pytest.approx(signal, rel=1e-12)
    response = Response(quenching=curve, edges=[0, 1, 2])
    assert np.isfinite(
        cevns.load(ARGON)
        .replace(response=response, observed=[1, 1], uncertainty=[1, 1], backgrounds=())
        .predict("sm")
        .signal
    ).all()


def test_a_decimal_comma_between_commas_is_no_factor_of_0(tmp_path):
    path = config_with(tmp_path, "1,0,16\n10,0,31\n", "columns = {recoil_kev = 1, factors = 2}\n")
    with pytest.raises(DataError, match="decimal comma"):
        load_config(path)


# names


def test_a_configuration_is_not_read_with_load(capsys):
    assert not hasattr(config_module, "load")
    with pytest.raises(UnknownNameError, match=r"cevns.config.load_config\('mine.toml'\).*--config mine.toml"):
        cevns.load("mine.toml")
    assert main(["limit", "mine.toml", "--model", "b-l", "--mass", "10"]) != 0
    assert "--config mine.toml" in capsys.readouterr().err
    with pytest.raises(UnknownNameError) as refused:
        cevns.load("coherent-xenon")
    assert "load_config" not in str(refused.value)


@pytest.mark.parametrize("name", ["antimu", "nu_mu", "numu", "mubar"])
def test_neutrinos_and_antineutrinos_go_under_their_flavour(name, tmp_path):
    for call in (
        lambda: monochromatic(10.0, fluence=1.0, flavour=name),
        lambda: NonStandardInteractions(up={name: 1.0}),
    ):
        with pytest.raises(UnknownNameError, match=r"neutrinos and antineutrinos .* e, mu or tau"):
            call()
    path = tmp_path / "mine.toml"
    flux = f'[experiment.flux]\nkind = "tabulated"\nenergy_mev = [1, 50]\n{name}_per_cm2_per_mev = [1, 0]\n\n'
    path.write_text(re.sub(r"\[experiment.flux\]\n(.+\n)+\n", flux, template()))
    with pytest.raises(DataError, match=r"neutrinos and antineutrinos .* e, mu or tau"):
        load_config(path)


def test_results_that_are_taken_for_each_other(argon, tmp_path):
    limit, scan = argon.limit("b-l", mass=[10.0, 20.0]), argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4])
    limit.save(tmp_path / "limit.csv")
    scan.save(tmp_path / "scan.npz")
    with pytest.raises(DataError, match=r"read it with cevns.inference.Scan.load"):
        Limit.load(tmp_path / "scan.npz")
    with pytest.raises(DataError, match=r"read it with cevns.inference.Limit.load"):
        Scan.load(tmp_path / "limit.csv")
    assert Scan.load(tmp_path / "scan.npz") == scan
    for result in (limit, scan):
        with pytest.raises(InputError, match=r"\.plot\(\) and written with cevns.plotting.save"):
            result.save(tmp_path / "a.pdf")


def test_a_reference_is_a_number(argon):
    with pytest.raises(InputError, match=r'chi2 or a Fit of best_fit, got \'sm\'.*likelihood.chi2\("sm"\)'):
        argon.limit("b-l", mass=10.0, reference="sm")


def test_energies_in_another_unit_are_asked_about(argon):
    gev = argon.replace(flux=monochromatic(0.03, fluence=1e10, flavour="e"))
    with pytest.raises(
        CevnsError, match=r"no recoil can be observed.*flux in MeV, and the edges in the response's unit"
    ):
        gev.predict("sm")


# one line for each result


def test_a_result_is_printed_in_one_line(argon, many):
    assert repr(argon.limit("b-l", mass=[10.0, 20.0])) == (
        "<Limit: b-l, coherent-argon-2020, 0.9 C.L. for 2 d.o.f., 2 values of mass from 10 to 20 MeV>"
    )
    nsi = repr(argon.limit(NonStandardInteractions(up={"e": 1.0})))
    assert nsi == "<Limit: nsi, coherent-argon-2020, 0.9 C.L. for 1 d.o.f.>"
    assert str(argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4, 1e-3])) == (
        "<Scan: b-l, coherent-argon-2020, 2 values of mass from 1 to 10 MeV x 3 values of coupling from 1e-05 to 0.001>"
    )
    assert repr(argon.predict("sm")) == (
        "<Prediction: sm, coherent-argon-2020, 12 bins from 0 to 120 keVee, signal 131.4>"
    )
    found = repr(argon.predict("b-l", 10, [1e-5, 1e-4]))
    assert "mass 10 MeV, 2 values of coupling from 1e-05 to 0.0001" in found
    assert "signal of shape (2, 12)" in found


def test_a_column_is_one_quantity(tmp_path):
    table = "1;0.16\n100;0.3\n"
    with pytest.raises(DataError, match=r"column 1 of .* is chosen twice, for recoil_kev and for factors"):
        load_config(config_with(tmp_path, table, "columns = {recoil_kev = 1, factors = 1}\n"))
    with pytest.raises(DataError, match="chosen twice"):
        load_config(config_with(tmp_path, f"E;f\n{table}", 'columns = {recoil_kev = 1, factors = "E"}\n'))


def test_a_title_with_another_unit_than_its_key_is_refused(tmp_path):
    columns = "columns = {recoil_kev = 1, factors = 2}\n"
    with pytest.raises(DataError, match="column 1 is chosen for recoil_kev, but its title says MeV"):
        load_config(config_with(tmp_path, "E [MeV];f\n1;0.16\n100;0.3\n", columns))
    assert load_config(config_with(tmp_path, "E [keV];f\n1;0.16\n100;0.3\n", columns)).likelihood.experiments


def test_the_first_chi2_loads_nothing_that_it_does_not_need():
    """What only tables, figures or fits need would add to each cold start."""
    program = """if True:
        import sys, cevns
        both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        both.chi2("b-l", mass=10, coupling=5e-5)
        unneeded = {"scipy", "matplotlib", "cevns.tabular", "cevns.inference.fits", "cevns.config"}
        print(sorted(unneeded & set(sys.modules)))
    """
    environment = os.environ | {"PYTHONPATH": str(Path(cevns.__file__).parents[1])}
    command = [sys.executable, "-P", "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout == "[]\n"


def test_a_best_fit_without_a_coupling_has_no_mass_at_an_edge():
    """Of data that are those of the standard model: what is left of a coupling is rounding."""
    for name in ("coherent-csi-2017", "coherent-argon-2020"):
        fit = cevns.load(name).asimov("sm").best_fit("universal")
        assert fit.chi2 == pytest.approx(0.0, abs=1e-9)
        assert not fit.at_edge
        assert not any("end of the masses" in text for text in fit.remarks)
