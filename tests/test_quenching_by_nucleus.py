"""Targets whose nuclei have quenching factors of their own: counts are those of one experiment for each nucleus."""

import pickle
from types import SimpleNamespace

import generated_interactions
import numpy as np
import pytest
from oracle_general import Interaction, Oracle
from scipy.optimize import minimize_scalar

import cevns
from cevns.config import load_config
from cevns.detectors import (
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Quenching,
    QuenchingByNucleus,
    Response,
    TabulatedQuenching,
)
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.fluxes import monochromatic, pion_decay_at_rest
from cevns.nuclei import Nucleus, Target, nucleus
from cevns.predictions import Signal, nsi_quadratic_form

# Z, N, atomic mass [u], R_p, R_n [fm]
ROWS = {"Na-23": (11, 12, 22.98977, 2.994, 3.0), "I-127": (53, 74, 126.90447, 4.75, 4.94)}
NUCLEI = {name: Nucleus.from_atomic_mass(name, *row) for name, row in ROWS.items()}
MOLAR_MASS = sum(row[2] for row in ROWS.values())
#: As the oracle takes them, and as the library does.
FACTORS = {"Na-23": ("linear", 0.15, 0.001, 40.0), "I-127": ("table", [1.0, 8.0, 100.0], [0.03, 0.05, 0.08])}
QUENCHING = {
    "Na": LinearQuenching(0.15, 0.001, 40.0),
    "I-127": TabulatedQuenching([1.0, 8.0, 100.0], [0.03, 0.05, 0.08]),
}
CONSTANT = {"Na": PolynomialQuenching((0.2,)), "I": PolynomialQuenching((0.05,))}
EDGES = np.array([0.4, 0.8, 1.5, 3.0, 6.0, 9.0])
LINES = Efficiency([0.0, 1.0, 4.0], [0.2, 0.7, 0.9], kind="points")
BEAM = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=3e23, distance=20.0)
RESOLUTIONS = {None: None, 0.25: GaussianResolution(0.25), 0.0: PoissonResolution()}
BOTH = dict.fromkeys(("e", "mu", "tau"), 3.0)
UNIVERSAL = Interaction(BOTH, BOTH, mediated=True)
OBSERVED, UNCERTAINTY = np.array([300.0, 80.0, 60.0, 45.0, 7.0]), np.array([25.0, 12.0, 9.0, 8.0, 4.0])


def target(*names, mass=10.0):
    """Some of the nuclei of sodium iodide, as many of each as in all of it."""
    rest = sum(row[2] for name, row in ROWS.items() if name not in names)
    return Target(tuple((NUCLEI[name], 1.0) for name in names), MOLAR_MASS, mass, rest)


def response(quenching, **changes):
    return Response(quenching, **({"edges": EDGES, "light_yield": 1.2, "efficiency": LINES} | changes))


def experiment(quenching=QUENCHING, names=("Na-23", "I-127"), quenching_sigma=0.0, **changes):
    return cevns.Experiment(
        name="sodium iodide",
        flux=BEAM,
        target=target(*names),
        response=response(quenching, **changes),
        observed=OBSERVED,
        uncertainty=UNCERTAINTY,
        signal_sigma=0.1,
        quenching_sigma=quenching_sigma,
    )


def oracle(name, resolution=None, quenching_sigma=0.0):
    """The oracle for one of the nuclei."""
    z, n, mass, *radii = ROWS[name]
    return Oracle(
        SimpleNamespace(
            flux=(("pion", 3e23),),
            nuclei=[(z, n, mass * 931.49410372 - z * 0.51099895069, *radii, 1.0)],
            mass=10.0,
            molar_mass=MOLAR_MASS,
            form_factor="helm",
            quenching=FACTORS[name],
            light_yield=1.2,
            edges=EDGES,
            efficiency=((0.0, 1.0, 4.0), (0.2, 0.7, 0.9), "constant"),
            resolution=resolution,
            observed=OBSERVED,
            uncertainty=UNCERTAINTY,
            signal_sigma=0.1,
            quenching_sigma=quenching_sigma,
            backgrounds=(),
            weak="radiative",
        )
    )


@pytest.mark.parametrize("resolution", RESOLUTIONS, ids=["sharp", "gaussian", "poisson"])
@pytest.mark.parametrize("eta", [1.0, 0.9, 1.6])
def test_counts_are_those_of_the_oracle_for_each_nucleus(resolution, eta):
    found = experiment(resolution=RESOLUTIONS[resolution]).signal
    parts = [oracle(name, resolution, 0.2) for name in ROWS]
    for mass, coupling in [(1.0, 2e-5), (50.0, 1e-4), (1e-3, 0.0)]:
        expected = sum(part.counts(UNIVERSAL, mass, coupling**2, eta) for part in parts)
        counts = found.counts("universal", mass=mass, coupling=coupling, eta=eta)
        assert counts == pytest.approx(expected, rel=2e-8)


@pytest.mark.parametrize("point", [(1.0, 2e-5), (30.0, 8e-5), (300.0, 1e-4)])
def test_chi2_profiles_one_scale_of_all_factors(point):
    mass, coupling = point
    parts = [oracle(name, quenching_sigma=0.1) for name in ROWS]

    def chi2(eta):
        return float(parts[0].chi2(sum(part.counts(UNIVERSAL, mass, coupling**2, eta) for part in parts), eta))

    etas = np.linspace(0.55, 1.45, 91)
    least = etas[np.argmin([chi2(eta) for eta in etas])]
    expected = minimize_scalar(chi2, bounds=(least - 0.02, least + 0.02), method="bounded", options={"xatol": 1e-9}).fun
    found = experiment(quenching_sigma=0.1)
    assert found.chi2("universal", mass, coupling) == pytest.approx(expected, rel=1e-7)
    assert found.pulls("universal", mass, coupling).chi2 == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("kind", ["scalar", "magnetic", "dipole", "heavy lepton by vector", "heavy lepton by scalar"])
def test_spectra_that_jump_are_those_of_the_oracle_for_each_nucleus(kind):
    """Counts and least chi2 where spectra end in a jump at each line, and begin in one."""
    rng = np.random.default_rng(len(kind))
    drawn = generated_interactions.draw(rng, kind, SimpleNamespace(weak="radiative"), top=52.8, smallest_mass=0.0)
    interaction, mass = drawn.oracle, 20.0
    both = experiment(quenching_sigma=0.1)
    parts = [oracle(name, quenching_sigma=0.1) for name in ROWS]
    lines = [part.line(interaction, mass) for part in parts]
    standard, linear, square = np.abs(sum(line.coefficients(np.ones(1))[0] for line in lines)).sum(axis=1)
    # about as many events as those of the standard model
    y = np.array(standard / (linear + np.sqrt(standard * square)))
    g = interaction.coupling(y)
    point = {name: mass if name == "mass" else float(g) for name in drawn.model.own_names}

    def counts(eta):
        return sum(line.each(np.array([eta]), y[None])[0] for line in lines)

    for eta in (1.0, 0.77, 1.31):
        expected = counts(eta)
        found = both.predict(drawn.model, eta=eta, **point).signal
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-8 * expected.max())

    def chi2(eta):
        return float(parts[0].chi2(counts(eta), eta))

    etas = np.unique(np.concatenate([line.etas for line in lines]))
    k = int(np.argmin([chi2(eta) for eta in etas]))
    bounds = etas[max(k - 1, 0)], etas[min(k + 1, etas.size - 1)]
    least = minimize_scalar(chi2, bounds=bounds, method="bounded", options={"xatol": 1e-11}).fun
    assert both.chi2(drawn.model, **point) == pytest.approx(min(least, chi2(etas[k])), rel=1e-7)


@pytest.mark.parametrize("resolution", [None, GaussianResolution(0.3), PoissonResolution()])
@pytest.mark.parametrize("sigma", [0.0, 0.1])
def test_counts_add_up_from_experiments_of_one_nucleus(resolution, sigma):
    options = {"quenching_sigma": sigma, "resolution": resolution}
    both = experiment(**options)
    apart = [experiment(QUENCHING[key], [name], **options) for key, name in (("Na", "Na-23"), ("I-127", "I-127"))]
    mass, coupling = np.geomspace(1e-2, 1e4, 7)[:, None], np.geomspace(1e-6, 1e-2, 5)

    def counts(one, *args, **values):
        return one.signal.counts(*args, **values)

    for args, values in [
        (("sm",), {}),
        (("b-l",), {"mass": mass, "coupling": coupling}),
        # 0, unless single quanta are counted
        (("lmu-ltau",), {"mass": both.smallest_mass, "coupling": coupling}),
        (("sm",), {"sin2_theta_w": [0.22, 0.25]}),
        (("b-l",), {"mass": mass, "coupling": 1e-4, "eta": 0.7}),
        (("b-l",), {"mass": 10.0, "coupling": 1e-4, "eta": 3.0}),
    ]:
        expected = sum(counts(one, *args, **values) for one in apart)
        assert counts(both, *args, **values) == pytest.approx(expected, rel=1e-11)
    radii = {"rn_na": [2.8, 3.2], "rn_i": 5.2}
    expected = counts(apart[0], "sm", rn_na=radii["rn_na"]) + counts(apart[1], "sm", rn_i=5.2)
    assert counts(both, "sm", **radii) == pytest.approx(expected, rel=1e-11)


def test_one_factor_for_all_is_the_same_as_a_mapping_of_it():
    factor = LindhardQuenching(30, 66)
    mappings = [{"Na": factor, "I": factor}, {"Na-23": factor, "I": LindhardQuenching(30, 66)}]
    whole = experiment(factor, quenching_sigma=0.05)
    for mapping in mappings:
        same = experiment(mapping, quenching_sigma=0.05)
        assert np.array_equal(same.signal.counts("sm"), whole.signal.counts("sm"))
        assert same.chi2("b-l", 10, 1e-4) == whole.chi2("b-l", 10, 1e-4)
        assert len(same.signal.nodes.panels) == 1


def test_the_nsi_form_and_limits_hold_all_nuclei():
    both = experiment()
    names, form = nsi_quadratic_form(both)
    assert form[:, 0, 0] == pytest.approx(both.signal.counts("sm"), rel=1e-12)
    assert names[0] == "1"
    one = both.asimov("sm")
    (interval,) = one.limit("universal", [10.0], reference=0.0).excluded[0]
    assert one.chi2("universal", 10.0, interval[0]) == pytest.approx(
        one.limit("universal", [10.0]).delta_chi2, rel=1e-6
    )


def test_nodes_of_one_factor_know_nothing_of_other_nuclei():
    signal = experiment().signal
    sodium, iodine = signal.nodes.panels
    assert (sodium.nuclei, iodine.nuclei) == ((0,), (1,))
    first = sodium.edges.size - 1
    own = signal.nodes.kinematic().reshape(2, 2, -1, 12)
    assert not own[:, 1, :first].any()
    assert not own[:, 0, first:].any()
    assert (signal.nodes.q2 > 0).all()


@pytest.mark.parametrize(("key", "name"), [("Na", "Na-23"), ("I-127", "I-127")])
def test_a_nucleus_that_is_not_observed_adds_nothing(key, name):
    # recoils of 20 MeV neutrinos end at 37 keV on sodium and 6.8 keV on iodine
    flux = monochromatic(20.0, fluence=1e15, flavour="e")
    seen = {"Na": PolynomialQuenching((0.2,)), "I-127": PolynomialQuenching((0.9,))}
    hidden = seen | {k: PolynomialQuenching((1e-3,)) for k in seen if k != key}
    both = Signal(flux, target(*ROWS), Response(hidden, [2.0, 3.0, 5.0]))
    alone = Signal(flux, target(name), Response(seen[key], [2.0, 3.0, 5.0]))
    assert both.counts("sm") == pytest.approx(alone.counts("sm"), rel=1e-12)
    assert both.counts("sm").all()
    assert both.counts("b-l", mass=10, coupling=1e-4) == pytest.approx(
        alone.counts("b-l", mass=10, coupling=1e-4), rel=1e-12
    )
    neither = dict.fromkeys(seen, PolynomialQuenching((1e-3,))) | {"Na": PolynomialQuenching((2e-3,))}
    with pytest.raises(InputError, match=r"no recoil can be observed: .* and recoils end at 37"):
        Signal(flux, target(*ROWS), Response(neither, [2.0, 3.0])).counts("sm")


def test_recoils_down_to_0_have_a_least_mass():
    edges = (0.0, 1.0, 2.0)
    signal = Signal(BEAM, target(*ROWS), Response(CONSTANT, edges))
    ends = [
        Signal(BEAM, target(name), Response(CONSTANT[key], edges)) for key, name in (("Na", "Na-23"), ("I", "I-127"))
    ]
    assert signal.smallest_mass == max(end.smallest_mass for end in ends) > 0
    assert np.isfinite(signal.counts("b-l", mass=signal.smallest_mass, coupling=1e-6)).all()


def test_an_isotope_goes_before_its_element():
    low, high = PolynomialQuenching((0.1,)), PolynomialQuenching((0.3,))
    enriched = Target.of({"Ge-76": 0.9, "Ge-74": 0.1}, mass=1.0)
    mixed = Signal(BEAM, enriched, Response({"Ge": low, "Ge-76": high}, [0.4, 2.0]))
    turned = Signal(BEAM, enriched, Response({"Ge-76": high, "Ge": low}, [0.4, 2.0]))
    assert [panels.response.quenching for panels in mixed.nodes.panels] == [high, low]
    assert np.array_equal(mixed.counts("sm"), turned.counts("sm"))
    # the element's factor may be needed by none
    crystal = experiment(QUENCHING | {"I": low, "Na-23": high})
    assert [panels.response.quenching for panels in crystal.signal.nodes.panels] == [high, QUENCHING["I-127"]]


def test_nuclei_of_ones_own_go_by_their_name_or_their_element():
    heavy = Nucleus.from_atomic_mass("mine", 53, 76, 128.9, 4.8, 4.9)
    own = Target.of({heavy: 1.0}, mass=1.0)
    quenching = PolynomialQuenching((0.1,))
    assert np.array_equal(
        Signal(BEAM, own, Response({"mine": quenching}, [0.4, 2.0])).counts("sm"),
        Signal(BEAM, own, Response({"I": quenching}, [0.4, 2.0])).counts("sm"),
    )


class Own(Quenching):
    """A factor of a user's own, which must be looked at."""

    def __init__(self, value):
        self.value = value

    def factor(self, recoil_kev):
        return self.value + 0.0 * np.asarray(recoil_kev)


def test_factors_of_ones_own_may_stand_in_a_mapping():
    own = experiment({"Na": Own(0.2), "I": Own(0.05)})
    known = experiment({"Na": PolynomialQuenching((0.2,)), "I": PolynomialQuenching((0.05,))})
    assert own.signal.counts("sm") == pytest.approx(known.signal.counts("sm"), rel=1e-12)
    with pytest.raises(InputError, match="factor of Own is -1"):
        experiment({"Na": Own(-1.0), "I": Own(0.05)})


@pytest.mark.parametrize(
    ("quenching", "error", "message"),
    [
        (
            {"Na": Own(0.2)},
            InputError,
            "quenching has no entry for I-127: give one for 'I-127', or for the element 'I'",
        ),
        ({"Na-24": Own(0.2), "I": Own(0.1)}, UnknownNameError, "unknown nucleus in quenching 'Na-24'"),
        ({"23na": Own(0.2), "I": Own(0.1)}, UnknownNameError, "'23na'.* Did you mean 'Na-23'"),
        ({"Na": Own(0.2), "I": Own(0.1), "Tl": Own(0.1)}, UnknownNameError, "unknown nucleus in quenching 'Tl'"),
        ({"Na": Own(0.2), "I": 0.1}, InputError, r"quenching\['I'\] must be a Quenching, got 0.1"),
        ({"Na": Own(0.2), 53: Own(0.1)}, InputError, "name of an isotope or element in quenching must be a non-empty"),
        ({}, InputError, "quenching is empty"),
        (0.1, InputError, "quenching must be a Quenching, got 0.1; or a mapping of isotopes or elements"),
        ([("Na", Own(0.2))], InputError, "quenching must be a Quenching"),
    ],
    ids=["missing", "other isotope", "spelled otherwise", "not there", "number", "no name", "empty", "float", "pairs"],
)
def test_what_does_not_fit_is_refused(quenching, error, message):
    with pytest.raises(error, match=message):
        experiment(quenching)
    with pytest.raises(error, match=message):
        Signal(BEAM, target(*ROWS), response(quenching))


def test_a_response_to_several_nuclei_has_none_of_its_own():
    several = response(QUENCHING)
    for asked in (lambda: several.observable(10.0), lambda: several.recoil(1.0), lambda: several.recoil_range()):
        with pytest.raises(InputError, match=r"quenching differs by nucleus: take the response to one, of\(nucleus\)"):
            asked()
    assert several.of(NUCLEI["Na-23"]) == response(QUENCHING["Na"])
    assert response(QUENCHING["Na"]).of(nucleus("Ar-40")) == response(QUENCHING["Na"])


def test_mappings_are_values():
    one, two = response(QUENCHING), response(dict(reversed(QUENCHING.items())))
    assert one == two
    assert hash(one) == hash(two)
    assert one != response(QUENCHING | {"Na": Own(0.1)})
    given = dict(QUENCHING)
    kept = QuenchingByNucleus(given)
    given["Na"] = Own(0.1)
    assert kept["Na"] == QUENCHING["Na"]
    again = pickle.loads(pickle.dumps(experiment()))
    assert again.response == one
    assert np.array_equal(again.signal.counts("sm"), experiment().signal.counts("sm"))


def test_built_in_experiments_take_one_factor_for_each_nucleus():
    cesium, iodine = PolynomialQuenching((0.09,)), PolynomialQuenching((0.08,))
    both = cevns.load("coherent-csi-2017", quenching={"Cs": cesium, "I": iodine})
    low, high = (cevns.load("coherent-csi-2017", quenching=one).signal.counts("sm") for one in (iodine, cesium))
    found = both.signal.counts("sm")
    # more light moves recoils out of the first bin
    assert ((low < found) & (found < high))[1:].all()
    assert both.chi2("sm") > 0


CONFIG = """schema = 1
[[experiment]]
name = "sodium iodide"
signal_sigma = 0.1
quenching_sigma = 0.1
data = {observed = [30, 20], uncertainty = [6, 5]}
flux = {kind = "pion-decay-at-rest", neutrinos_per_proton = 0.08, protons = 3e23, distance_m = 20}
target = {composition = "NaI", mass_kg = 10}
[experiment.response]
edges = [0.5, 1, 2]
"""
SODIUM = 'quenching.Na = {kind = "linear", offset = 0.15, slope_per_kev = 0.001, constant_above_kev = 40}\n'
IODINE = 'quenching.I-127 = {kind = "constant", factor = 0.05}\n'


@pytest.fixture
def load(tmp_path):
    """Load a configuration whose response ends with some lines."""

    def load(lines):
        path = tmp_path / "mine.toml"
        path.write_text(CONFIG + lines, encoding="utf-8")
        return load_config(path).likelihood.experiments[0]

    return load


def test_configurations_hold_a_table_for_each_nucleus(load):
    expected = {"Na": LinearQuenching(0.15, 0.001, 40.0), "I-127": PolynomialQuenching((0.05,))}
    assert load(SODIUM + IODINE).response.quenching == expected
    tables = "[experiment.response.quenching.Na]\n{}[experiment.response.quenching.I-127]\n{}"
    lines = (table.partition("{")[2].replace("}", "").replace(", ", "\n") for table in (SODIUM, IODINE))
    found = load(tables.format(*lines))
    assert found.response.quenching == expected
    assert found.chi2("b-l", 10, 1e-4) == load(SODIUM + IODINE).chi2("b-l", 10, 1e-4)


def test_configurations_of_built_in_experiments_take_them_too(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 1\n[[experiment]]\nname = "coherent-csi-2017"\n[experiment.quenching]\n'
        'Cs = {kind = "constant", factor = 0.09}\nI = {kind = "constant", factor = 0.08}\n',
        encoding="utf-8",
    )
    expected = {"Cs": PolynomialQuenching((0.09,)), "I": PolynomialQuenching((0.08,))}
    assert load_config(path).likelihood.experiments[0].response.quenching == expected


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (SODIUM, r"experiment\[1\]: quenching has no entry for I-127"),
        (SODIUM + IODINE.replace("factor", "facto"), r"response.quenching.I-127.facto: unknown key"),
        (SODIUM + IODINE.replace('kind = "constant", ', ""), r"response.quenching.I-127.kind: missing"),
        (SODIUM + IODINE.replace("0.05", "-0.05"), r"response.quenching.I-127: "),
        (SODIUM + IODINE + IODINE.replace("I-127", "Tl"), r"experiment\[1\]: unknown nucleus in quenching 'Tl'"),
        (SODIUM + 'quenching.kind = "constant"\n', r"response.quenching.Na: unknown key"),
        (SODIUM + "quenching.factor = 0.1\n", r"response.quenching.kind: missing"),
        ("quenching = {}\n", r"response.quenching.kind: missing"),
    ],
    ids=["missing", "key", "kind", "negative", "not there", "both", "neither", "empty"],
)
def test_configurations_name_the_nucleus_that_is_wrong(load, lines, message):
    with pytest.raises(DataError, match=message):
        load(lines)


@pytest.mark.parametrize("name", ROWS)
def test_pieces_of_the_scale_end_where_kinks_of_any_nucleus_cross_a_bin(name):
    edges = np.array([0.5, 3.0, 5.0, 20.0, 50.0, 80.0])
    pieces = experiment(quenching_sigma=0.1, edges=edges).signal.folds.over().pieces.edges
    end = 2e3 * BEAM.end_energies[-1] ** 2 / NUCLEI[name].mass
    factor = QUENCHING["Na" if name == "Na-23" else "I-127"]
    crossed = edges / (1.2 * factor.signal(end))
    crossed = crossed[(crossed > 0.51) & (crossed < 1.49)]
    assert crossed.size
    for eta in crossed:
        assert np.abs(pieces - eta).min() < 1e-7


@pytest.mark.parametrize(("protons", "nucleons"), [(32, 41), (32, 32), (6, 6), (82, 126)])
def test_neutrons_for_nucleons_are_refused(protons, nucleons):
    with pytest.raises(InputError, match=f"nucleons = {nucleons} are too few for {protons} protons"):
        LindhardQuenching(protons=protons, nucleons=nucleons)
