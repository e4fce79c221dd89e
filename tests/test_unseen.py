"""A model that the data do not see: every result and command says so, none is a silent number."""

import dataclasses

import pytest

import cevns
from cevns.detectors import Efficiency
from cevns.errors import InputError
from cevns.interactions import ScalarMediator, VectorMediator, get_interaction

SAID = "chi2 of coherent-argon-2020 does not depend on mass, coupling of 'b-3ltau': the data say nothing about it"


def test_what_no_counts_depend_on(argon, both):
    assert both.unseen("b-3ltau") == ("mass", "coupling")
    assert argon.unseen("magnetic-moment") == ("mu_tau",)
    assert argon.unseen("charge-radius") == ("r2_tautau",)
    assert argon.unseen("nsi") == ("eps_u_tautau", "eps_d_tautau")
    for model in ("sm", "b-l", "lmu-ltau", "le-ltau", "scalar", "sterile-dipole"):
        assert both.unseen(model) == ()
    electrons = ScalarMediator(proton=0.0, neutron=0.0, electron=1.0)
    assert argon.unseen(electrons) == ("mass", "coupling")
    assert argon.replace(electrons="shells").unseen(electrons) == ()


def test_one_of_several_experiments_is_enough(argon):
    from cevns.fluxes import monochromatic

    solar = argon.replace(name="tau", flux=monochromatic(30.0, fluence=1e14, flavour="tau"))
    assert solar.unseen("b-3ltau") == ()
    assert (argon + solar).unseen("b-3ltau") == ()
    assert (argon + solar).limit("b-3ltau", mass=[10.0], reference=100.0).remarks == ()


def test_results_in_mass_and_coupling_say_so(argon):
    limit = argon.limit("b-3ltau", mass=[10.0, 100.0])
    for result in (limit, limit.best_fit, argon.best_fit("b-3ltau", mass=5.0), argon.scan("b-3ltau", [1, 10], [0, 1])):
        assert result.remarks == (SAID,)
    assert [len(some) for some in limit.excluded] == [0, 0]
    alone = argon.limit("magnetic-moment", mu_e=0.0, mu_mu=0.0)
    assert alone.remarks == (SAID.replace("mass, coupling of 'b-3ltau'", "mu_tau of 'magnetic-moment'"),)
    assert argon.limit("magnetic-moment", mu_e=0.0, mu_tau=0.0).remarks == ()
    assert not any("depend" in text for text in argon.limit("b-l", mass=[10.0]).remarks)


@pytest.mark.parametrize(
    "command",
    [
        ["chi2", "--set", "mass=10", "coupling=1e-3"],
        ["limit", "--mass", "10"],
        ["scan", "--mass", "1:10:3", "--coupling", "1e-5:1e-3:3", "-o", "scan.npz"],
    ],
    ids=lambda command: command[0],
)
def test_commands_say_so(run, run_json, command):
    name, *rest = command
    assert run_json(name, "coherent-argon-2020", "--model", "b-3ltau", *rest)["warnings"] == [SAID]
    code, out, err = run(name, "coherent-argon-2020", "--model", "b-3ltau", *rest)
    assert (code, err.replace("\r", "")[:0]) == (0, "")
    assert f"warning: {SAID}" in out.splitlines()


def test_predictions_on_the_command_line_say_so(run_json):
    said = SAID.replace("chi2", "signal")
    words = ["predict", "--model", "b-3ltau", "--mass", "10", "--coupling", "1e-3"]
    assert run_json(*words, "coherent-argon-2020")["warnings"] == [said]
    parts = run_json(*words, "coherent-argon-2020", "coherent-csi-2017")["predictions"]
    assert parts["coherent-csi-2017"]["warnings"] == [said.replace("argon-2020", "csi-2017")]


def test_couplings_that_are_zero_need_no_word(run_json):
    for words in (["b-3ltau", "--mass", "10", "--coupling", "0"], ["nsi", "--set", "eps_u_ee=0.1"], ["sm"]):
        assert "warnings" not in run_json("chi2", "coherent-argon-2020", "--model", *words)
    found = run_json("chi2", "coherent-argon-2020", "--model", "nsi", "--set", "eps_u_ee=0.1", "eps_u_tautau=0.1")
    assert found["warnings"] == [SAID.replace("mass, coupling of 'b-3ltau'", "eps_u_tautau of 'nsi'")]


def test_a_sum_is_seen_as_far_as_its_parts_are(argon):
    tau = VectorMediator("tau", quarks=(1, 1), leptons={"tau": 1}).renamed(mass="m_t", coupling="g_t")
    assert argon.unseen(get_interaction("b-l") + tau) == ("m_t", "g_t")
    assert isinstance(argon.chi2(tau, m_t=1.0, g_t=1.0), float)
    assert argon.chi2(tau, m_t=1.0, g_t=1.0) == cevns.load("coherent-argon-2020").chi2("sm")


@pytest.mark.parametrize("command", ["chi2", "predict"])
def test_leptons_that_are_too_heavy_are_said_to_be(run_json, argon, command):
    point = ("--model", "sterile-dipole", "--set", "mu_mu=1e-8")
    said = run_json(command, "coherent-argon-2020", *point, "mass=100")["warnings"]
    (end,) = argon.heaviest("sterile-dipole")["mass"][-1:]
    what = "chi2" if command == "chi2" else "signal"
    assert said == [
        f"with mass = 100 MeV no recoil is observed in coherent-argon-2020, as some are up to {end:.6g} MeV: {what} "
        "does not depend on the couplings that come with it"
    ]
    assert run_json(command, "coherent-argon-2020", *point, "mass=50").get("warnings", []) == []
    none = ("--model", "sterile-dipole", "--set", "mu_mu=0", "mass=100")
    assert run_json(command, "coherent-argon-2020", *none).get("warnings", []) == []


# --- thresholds above all bins


def test_a_detector_that_counts_nothing_is_named_with_its_cause(argon):
    nothing = Efficiency([0.0, 200.0], [0.0])
    blind = argon.replace(response=dataclasses.replace(argon.response, efficiency=nothing))
    assert blind.blind
    assert not argon.blind
    said = "coherent-argon-2020 counts no recoil in any bin, whatever the model: its efficiency is 0 there, or its thr"
    for found in (
        blind.limit("b-l", mass=[10.0]),
        blind.sensitivity("b-l", mass=[10.0]),
        blind.best_fit("b-l", mass=10.0),
    ):
        assert any(remark.startswith(said) for remark in found.remarks)
    with pytest.raises(InputError, match="the data say nothing about it; coherent-argon-2020 counts no recoil in any"):
        blind.fit("b-l", ["mass", "coupling"])
    # other data share what is known of the response
    assert blind.with_data([1.0] * 12).blind


def test_a_threshold_beyond_all_recoils_is_named_in_a_scan_over_thresholds(argon):
    with pytest.raises(
        InputError, match=r"at threshold 110 keVee: no recoil can be observed: .* take a lower threshold"
    ):
        argon.sensitivity("b-l", mass=10.0, threshold=[0, 50.0, 110.0], bands="none")
