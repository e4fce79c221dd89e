"""Results say where electrons are left out that would matter."""

import html

import numpy as np
import pytest

import cevns
from cevns.detectors import LindhardQuenching, Response
from cevns.fluxes import reactor_antineutrinos
from cevns.inference import Limit
from cevns.interactions import ScalarMediator, TensorMediator, get_interaction
from cevns.nuclei import Target

SAID = (
    "electrons of germanium are left out; electrons='shells' adds them, --electrons shells of a command, "
    'electrons = "shells" in a file'
)
PHOTONS = ("magnetic-moment", "millicharge", "sterile-dipole")


@pytest.fixture(scope="module")
def germanium():
    data = {"observed": np.zeros(4), "uncertainty": np.full(4, 20.0)}
    response = Response(LindhardQuenching(protons=32, nucleons=73, k=0.16), np.linspace(0.2, 0.6, 5))
    flux = reactor_antineutrinos(thermal_power=3.6, distance=20.0, exposure=300.0)
    target = Target.of("Ge", mass=4.0)
    return cevns.Experiment("germanium", flux, target, response, signal_sigma=0.05, **data).asimov("sm")


def test_results_say_that_electrons_are_left_out(germanium, tmp_path):
    fixed = {"mu_mu": 0.0, "mu_tau": 0.0}
    limit = germanium.limit("magnetic-moment", **fixed)
    results = [
        limit,
        limit.best_fit,
        germanium.fit("magnetic-moment", ["mu_e"]),
        germanium.interval("magnetic-moment", "mu_e"),
        germanium.profile("magnetic-moment", "mu_e", [0.0, 1e-10]),
        germanium.contour("millicharge", x="q_ee", y="q_emu"),
        germanium.scan("b-l", [1.0, 10.0], [1e-6, 1e-5]),
    ]
    for result in results:
        assert result.remarks[0] == SAID, result
    limit.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == limit
    assert SAID in html.unescape(limit._repr_html_())
    # what is left out matters
    with_them = germanium.replace(electrons="shells").asimov("sm")
    better = with_them.limit("magnetic-moment", **fixed)
    assert better.remarks == ()
    assert better.lowest[0] < 0.5 * limit.lowest[0]


def test_only_where_electrons_matter(germanium, both):
    assert {model: germanium.omissions(model) for model in PHOTONS} == dict.fromkeys(PHOTONS, (SAID,))
    assert germanium.omissions(ScalarMediator(electron=0.7)) == (SAID,)
    for model in ("sm", "nsi", "scalar", "charge-radius"):
        assert germanium.omissions(model) == ()
    # that the built-in ones leave them out is a choice that the documentation tells of
    assert both.omissions("magnetic-moment") == ()
    assert (both + germanium).omissions("magnetic-moment") == (SAID,)


def test_results_say_that_coherent_charges_of_a_tensor_are_an_assumption(both, argon):
    tensor = TensorMediator(proton=0.85, neutron=0.08)
    (said,) = both.omissions(tensor)
    assert said.startswith("a tensor current couples to spins")
    results = [
        argon.limit(tensor, 10.0, reference=20.0),
        argon.best_fit(tensor, mass_range=(10.0, 20.0)),
        argon.interval(tensor, "coupling", mass=10.0),
        argon.profile(tensor, "coupling", [0.0, 1e-5], mass=10.0),
        argon.scan(tensor, [10.0], [0.0, 1e-5]),
        argon.fit(tensor, ["coupling"], mass=10.0),
        argon.toys(tensor, 5, free="coupling", mass=10.0, coupling=1e-5, seed=1),
        argon.sensitivity(tensor, 10.0, bands="none"),
    ]
    for result in results:
        assert result.remarks.count(said) == 1, result
    assert argon.omissions(get_interaction("sm") + tensor) == (said,)
    assert argon.omissions("scalar") == ()


def test_commands_say_so_of_a_tensor(run, tmp_path):
    model = '\n[[model]]\nkind = "tensor"\nname = "tensor"\nproton = 0.85\nneutron = 0.08\n'
    (tmp_path / "mine.toml").write_text(CONFIG + model, encoding="utf-8")
    for command in (
        ["limit", "--mass", "10"],
        ["predict", "--mass", "10", "--coupling", "1e-5"],
        ["chi2", "--mass", "10", "--coupling", "1e-5"],
        ["significance", "--mass", "10", "--coupling", "1e-5"],
    ):
        code, out, err = run(command[0], "--config", "mine.toml", "--model", "tensor", *command[1:])
        assert (code, err) == (0, "")
        assert "warning: a tensor current couples to spins" in out


CONFIG = """
schema = 1

[[experiment]]
name = "germanium"
signal_sigma = 0.05

[experiment.flux]
kind = "reactor"
thermal_power_gw = 3.6
distance_m = 20.0
exposure_days = 300.0

[experiment.target]
composition = "Ge"
mass_kg = 4.0

[experiment.response]
edges = [0.2, 0.4, 0.6]
quenching = {kind = "lindhard", protons = 32, nucleons = 73, k = 0.16}

[experiment.data]
observed = [20, 10]
uncertainty = [20, 20]
"""


@pytest.mark.parametrize(
    "command",
    [
        ["limit", "--set", "mu_mu=0", "mu_tau=0"],
        ["predict", "--set", "mu_e=1e-10"],
        ["chi2", "--set", "mu_e=1e-10"],
        ["interval", "--parameter", "mu_e"],
        ["fit", "--free", "mu_e"],
    ],
    ids=lambda command: command[0],
)
def test_commands_say_so_too(run, tmp_path, command):
    (tmp_path / "mine.toml").write_text(CONFIG, encoding="utf-8")
    name, *rest = command
    code, out, err = run(name, "--config", "mine.toml", "--model", "magnetic-moment", *rest)
    assert (code, err) == (0, "")
    assert f"warning: {SAID}" in out.splitlines()
    assert SAID not in run(name, "coherent-csi-2017", "--model", "magnetic-moment", *rest)[1]


def test_neutrinos_of_which_a_model_says_nothing_are_told():
    name = "xenonnt-8b-2026"
    said = f"lmu-ltau says nothing of nu_tau, though of their charge: those of {name} feel the standard model alone"
    xenon = cevns.load(name)
    assert xenon.omissions("lmu-ltau") == (said,)
    assert said in xenon.limit("lmu-ltau", 10.0).remarks
    assert xenon.omissions("lmu-ltau-running") == xenon.omissions("b-l") == xenon.omissions("le-lmu") == ()
    assert cevns.load("coherent-argon-2020").omissions("lmu-ltau") == ()
