"""Kernels as Python sees them, and the package as a whole: imports, public names, headers and documented examples."""

import ast
import doctest
import importlib
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import kernels
from cevns.errors import InputError, MissingDependencyError
from cevns.kernels.counts import Counts
from cevns.kernels.engine import Engine
from cevns.kernels.fluxes import Spectrum
from cevns.kernels.gaussian import GaussianTerm
from cevns.kernels.recoils import RecoilRate
from cevns.likelihoods import Likelihood
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions.folding import pack

KERNELS = {m.name: importlib.import_module(f"cevns.kernels.{m.name}") for m in pkgutil.iter_modules(kernels.__path__)}
# Cython's own, of which there is no source
KERNELS.pop("memoryviews", None)
# __main__ would run the command line
FOUND = pkgutil.walk_packages(cevns.__path__, "cevns.", onerror=lambda name: None)
MODULES = ["cevns", *sorted(m.name for m in FOUND if not m.name.endswith("__main__"))]


def import_or_skip(name):
    try:
        return importlib.import_module(name)
    except MissingDependencyError as error:
        pytest.skip(str(error))


def read_only(values):
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


# --- recoil rates


@pytest.fixture(scope="module")
def rate(csi):
    nuclei = [
        (n.mass, n.protons, n.neutrons, n.proton_radius, n.neutron_radius, 0.9, 1e-20 * (i + 1), 0)
        for i, n in enumerate(csi.target.nuclei)
    ]
    spectra = [s for _, s in csi.flux.spectra]
    # (g_p Z F_Z + g_n N F_N + 3 (Z F_Z + N F_N) / (q^2 + 100 MeV^2))^2, for two flavours
    numbers = [
        [(p * p, 2 * p * n, n * n), (q * q, 2 * q * n, n * n)]
        if power == 0
        else [(2 * p * c, 2 * (p + n) * c, 2 * n * c), (2 * q * c, 2 * (q + n) * c, 2 * n * c)]
        if power == 1
        else [(c * c, 2 * c * c, c * c)] * 2
        for power in range(3)
        for p, q, n, c in [(0.04, 0.03, -0.51, 3.0)]
    ]
    return RecoilRate(nuclei, spectra, [0, 1, 1], numbers, [(0, 0.0)] * 3, [[0], [1], [2]], [100.0])


def integrate(rate, num_threads=1):
    # enough work for threads to start at all
    cuts = np.geomspace(1e-4, 5e-2, 10001)
    rule, out = map(read_only, np.polynomial.legendre.leggauss(8)), np.empty(10000)
    rate.integrate(read_only(cuts[:-1]), read_only(cuts[1:]), *rule, out, num_threads)
    return out


def test_rates_take_read_only_input(rate):
    recoil = read_only([1e-3, 1e-2])
    out = np.empty(2)
    rate.differential(recoil, out)
    assert (out > 0).all()
    assert (integrate(rate) > 0)[:-2000].all()


def test_integrals_do_not_depend_on_the_number_of_threads(rate):
    one = integrate(rate)
    for num_threads in (2, 3, 8):
        np.testing.assert_array_equal(integrate(rate, num_threads), one)


def test_rates_refuse_read_only_output(rate):
    with pytest.raises(ValueError, match="read-only"):
        rate.differential(np.array([1e-3]), read_only([0.0]))


@pytest.mark.parametrize("bad", [None, [1e-3], np.array([1], dtype=int), np.zeros((1, 1))])
def test_rates_refuse_what_is_no_vector_of_doubles(rate, bad):
    with pytest.raises((TypeError, ValueError), match=r"None|bytes-like|Buffer"):
        rate.differential(bad, np.empty(1))


@pytest.mark.parametrize("place", range(5))
def test_rates_refuse_misaligned_arrays(rate, place):
    arrays = [np.ones(1) for _ in range(5)]
    arrays[place] = np.zeros(9, dtype=np.uint8)[1:].view(float)
    low, high, nodes, weights, out = arrays
    with pytest.raises(ValueError, match="not aligned"):
        rate.integrate(low, high, nodes, weights, out)
    if place in (0, 4):
        with pytest.raises(ValueError, match="not aligned"):
            rate.differential(low, out)


def test_rates_write_no_further_than_the_shorter_buffer(rate):
    out = np.full(5, -1.0)
    rate.differential(np.array([1e-3, 2e-3]), out)
    np.testing.assert_array_equal(out < 0, [False, False, True, True, True])
    low, high = np.array([1e-3, 2e-3]), np.array([2e-3])
    rate.integrate(low, high, np.zeros(1), np.ones(1), out)
    rate.integrate(np.empty(0), high, np.zeros(1), np.ones(1), out)
    assert (out[2:] == -1).all()


def test_rates_pickle(rate):
    np.testing.assert_array_equal(integrate(pickle.loads(pickle.dumps(rate))), integrate(rate))


def test_rates_keep_their_spectra_alive(csi):
    """The kernel holds pointers into the spectra."""
    nucleus = csi.target.nuclei[0]
    row = (nucleus.mass, 55, 78, 4.8, 5.0, 0.9, 1e-20, 0)
    fresh = Spectrum([0.0, 50.0], [[0, 1, 0, 0]])
    rate, expected = RecoilRate([row], [fresh], [0], [[(0.01, -0.1, 0.25)]], [(0, 0.0)], [[]], []), np.empty(1)
    rate.differential(np.array([1e-3]), expected)
    del fresh
    _ = [Spectrum([0.0, 50.0], [[9, 9, 9, 9]]) for _ in range(200)]
    out = np.empty(1)
    rate.differential(np.array([1e-3]), out)
    assert expected[0] > 0
    assert out[0] == expected[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ([], [[(1, 0, 0)]], [(0, 0.0)], [[]], []),
        ([1], [[(1, 0, 0)]], [(0, 0.0)], [[]], []),
        ([0], [[(1, 0, 0)]], [], [[]], []),
        ([0], [[(1, 0, 0)]], [(9, 0.0)], [[]], []),
        ([0], [[(1, 0, 0)]], [(0, 0.0)], [[1]], []),
        ([0], [[(1, 0, 0)]], [(0, 0.0)], [[]], [1.0]),
        ([0], [[(1, 0, 0)]], [(0, 0.0)], [[0] * 9], [1.0] * 9),
        ([0], [[(1, 0, 0)]], [(0, 0.0)], [[0] * 5], [], [(1.0, 0.0, -1.0)] * 5),
        ([0], [[(1, 0, 0)]], [(0, 0.0)], [[0]], [], [(1.0, -1.0)]),
    ],
)
def test_rates_refuse_numbers_that_do_not_fit(arguments):
    with pytest.raises(ValueError, match=r"do not fit together|9 mediators contribute at once, at most 8 can|5 loops"):
        RecoilRate([], [Spectrum([1.0, 2.0], [[1, 0, 0, 0]])], *arguments)


def test_rates_refuse_what_is_no_spectrum():
    for wrong in ("flux", None):
        with pytest.raises(InputError, match="Spectrum"):
            RecoilRate([], [wrong], [0], [[(0, 0, 0)]], [(0, 0.0)], [[]], [])


# --- engine


def test_engine_takes_read_only_input(both):
    engine, out = both.bind("b-l").engine, np.empty((2, 3))
    engine.grid(read_only([[1.0, 0.0], [10.0, 0.0]]), read_only([0.0, 1e-9, 1e-8]), out)
    assert np.isfinite(out).all()
    points = np.empty(2)
    engine.points(read_only([[1.0, 1e-9**0.5], [10.0, 1e-4]]), points)
    np.testing.assert_allclose(points, [out[0, 1], out[1, 2]], rtol=1e-8)


def test_engine_checks_its_buffers(both):
    engine, out = both.bind("b-l").engine, (np.zeros(1, np.intp), np.zeros(1, np.int8))
    with pytest.raises(ValueError, match="needs 256"):
        engine.crossings(np.ones((1, 2)), False, 10.0, np.empty((1, 2)), *out)
    for columns in (0, 1, 3):
        wrong = np.ones((1, columns))
        for call in (
            lambda wrong=wrong: engine.points(wrong, np.empty(1)),
            lambda wrong=wrong: engine.grid(wrong, np.ones(1), np.empty((1, 1))),
            lambda wrong=wrong: engine.minima(wrong, False, np.empty(1), np.empty(1)),
            lambda wrong=wrong: engine.crossings(wrong, False, 10.0, np.empty((1, 256)), *out),
        ):
            with pytest.raises(ValueError, match="2 columns"):
                call()
        with pytest.raises(ValueError, match="2 values are needed"):
            engine.profile(np.ones(columns))


def one_mediator(q2, a, b, c, power=2):
    """Return counts of matrices of rates (1, b, c) at nodes, shape (nuclei, cols), in bins that are the columns."""
    bins = q2.shape[1]
    kernels = [(((n, (0, 0), 1.0),), (n,), rates, None) for n, rates in ((1, b), (2, c))]
    weights = pack([np.eye(bins)])
    return Counts(
        (mass(), coupling(low=-1e10)), (1, power), weights, bins, a[None], np.zeros((1, 2, bins)), q2, kernels, (0,)
    )


def test_terms_check_their_shapes():
    rates = np.ones((1, 3))
    arguments = [
        one_mediator(rates, np.ones(3), rates, rates), np.ones(3), np.zeros((0, 3)),
        np.zeros((0, 0)), np.zeros(0), 1.0, 1.0,
    ]  # fmt: skip
    GaussianTerm(*arguments)
    for i, wrong in enumerate((np.ones(1), np.zeros((1, 2)), np.zeros((1, 1)), np.zeros(1)), start=1):
        with pytest.raises(ValueError, match="has shape"):
            GaussianTerm(*arguments[:i], wrong, *arguments[i + 1 :])
    with pytest.raises(ValueError, match="pieces of eta"):
        GaussianTerm(*arguments, 0.1)


def test_counts_check_their_shapes():
    rates, parameters = np.ones((1, 3)), (Parameter("g"),)
    arguments = [parameters, (0, 1), pack([np.eye(3)]), 3, np.ones((1, 3)), np.ones((1, 2, 3)), rates]
    Counts(*arguments)
    for i, wrong in ((1, (1, 1)), (2, pack([np.ones((3, 4))])), (2, pack([np.ones((2, 3))])), (4, np.ones((1, 2))),
                     (5, np.ones((1, 1, 3))), (6, np.ones((1, 4)))):  # fmt: skip
        with pytest.raises(ValueError, match=r"has shape|fit together"):
            Counts(*arguments[:i], wrong, *arguments[i + 1 :])
    for kernel in (
        ([(3, (0,), 1.0)], (), None, np.ones((1, 3))),
        ([(1, (0, 0), 1.0)], (), None, np.ones((1, 3))),
        ([(1, (0,), 1.0)], (1,), rates, None),
        ([(1, (0,), 1.0)], (), np.ones((2, 3)), None),
        ([(1, (0,), 1.0)], (), None, np.ones((1, 2))),
        ([(1, (0,), 1.0)], (), None, None),
    ):
        with pytest.raises(ValueError, match="a kernel has rates"):
            Counts(*arguments, [kernel])


def test_engine_takes_terms_of_the_same_parameters(csi, argon):
    with pytest.raises(ValueError, match="empty"):
        Engine([])
    with pytest.raises(InputError, match="GaussianTerm"):
        Engine([None])
    with pytest.raises(ValueError, match="different parameters"):
        Engine([*csi.bind("b-l").engine.terms, *argon.bind("sm").engine.terms])


@pytest.mark.parametrize("power", [1, 2])
def test_engine_of_a_hand_made_term(power):
    """One bin, one node: chi2 = (d - n)^2 / (1 + s^2 n^2) with n = a + b x + c x^2 and x = y / (q^2 + m^2)."""
    q2, b, c, a, d, s = 4.0, 0.3, 0.2, 1.5, 3.0, 0.1
    one = np.ones((1, 1))
    counts = one_mediator(q2 * one, a * one[0], b * one, c * one, power)
    term = GaussianTerm(counts, np.array([d]), np.zeros((0, 1)), np.zeros((0, 0)), np.zeros(0), d * d + s**-2, s**-2)
    engine, out = Engine([term]), np.empty(1)
    for m, g in ((0.0, 0.0), (1.0, 2.0), (10.0, -30.0), (0.0, 1e3)):
        x = g**power / (q2 + m * m)
        n = a + b * x + c * x * x
        engine.points(np.array([[m, g]]), out)
        expected = pytest.approx((d - n) ** 2 / (1 + (s * n) ** 2), rel=1e-10)
        assert out[0] == expected
        ((chi2, eta, signal, shifts),), shared, _ = engine.profile(np.array([m, g]))
        assert shared == []
        assert (chi2, eta, shifts.size) == (expected, 1.0, 0)
        assert signal == pytest.approx((d * n + s**-2) / (n * n + s**-2), rel=1e-12)


def test_low_level_callable_is_the_evaluator(both):
    from scipy.integrate import nquad

    evaluator = both.bind("b-l")
    function = evaluator.low_level_callable()
    value, _ = nquad(function, [(5.0, 6.0), (0.0, 1e-4)], opts={"epsabs": 0.0})
    nodes, weights = np.polynomial.legendre.leggauss(20)
    masses, couplings = 5.5 + 0.5 * nodes, 5e-5 * (1 + nodes)
    expected = 0.5 * 5e-5 * weights @ both.chi2("b-l", masses[:, None], couplings) @ weights
    assert value == pytest.approx(expected, rel=1e-5)


def test_low_level_callable_keeps_the_evaluator_alive(csi, argon):
    from scipy.integrate import nquad

    def fresh():
        return Likelihood([argon]).bind("b-l").low_level_callable("likelihood")

    ranges = [(1.0, 2.0), (0.0, 1e-4)]
    expected = nquad(argon.bind("b-l").low_level_callable("likelihood"), ranges)[0]
    functions = [fresh() for _ in range(20)]
    _ = [Likelihood([csi]).bind("universal") for _ in range(20)]
    assert all(nquad(f, ranges)[0] == expected for f in functions)


# --- the package


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_have_a_header_and_a_stub(name):
    package = resources.files("cevns.kernels")
    if name in {
        "backwards",
        "components",
        "cones",
        "convexity",
        "descents",
        "entrances",
        "floors",
        "glances",
        "gradients",
        "kinks",
        "looks",
        "masses",
        "minima",
        "points",
        "quenching",
        "search",
        "sizes",
        "spreads",
        "sums",
        "toys",
        "valleys",
        "walls",
    }:
        # for other kernels alone
        assert (package / f"{name}.pxd").is_file()
        assert [n for n in vars(KERNELS[name]) if not n.startswith("_")] == []
        return
    assert (package / f"{name}.pxd").is_file()
    stub = (package / f"{name}.pyi").read_text(encoding="utf-8")
    declared = set(re.findall(r"^(?:class|def) (\w+)|^(\w+):", stub, re.MULTILINE))
    public = {a or b for a, b in declared} - {"_Array"}
    assert all(hasattr(KERNELS[name], n) for n in public)


NOT_FOR_OTHERS = {"engine", "fluxes", "functions", "kinematics", "loops", "pieces", "recoils", "refits", "weights"}


@pytest.mark.parametrize("name", sorted(set(KERNELS) - NOT_FOR_OTHERS))
def test_kernels_export_what_their_header_declares(name):
    header = (resources.files("cevns.kernels") / f"{name}.pxd").read_text(encoding="utf-8")
    functions = set(re.findall(r"^cdef (?!inline)[\w *]*?(\w+)\([^)]*\) noexcept nogil$", header, re.MULTILINE))
    constants = set(re.findall(r"^cdef const double (\w+)", header, re.MULTILINE))
    assert functions | constants
    assert functions | constants <= set(KERNELS[name].__pyx_capi__)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_resolve(name):
    module = import_or_skip(name)
    assert [n for n in getattr(module, "__all__", ()) if not hasattr(module, n)] == []


@pytest.mark.parametrize("name", MODULES)
def test_documented_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = import_or_skip(name)
    assert doctest.testmod(module).failed == 0


def test_walk_found_the_package():
    assert {
        "cevns.likelihoods",
        "cevns.interactions.vector",
        "cevns.kernels.counts",
        "cevns.experiments.coherent_csi_2017",
    } <= set(MODULES)


def test_unknown_attribute_of_the_package():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cevns.nothing
    assert set(cevns.__all__) == set(dir(cevns))


FIRST_CHI2 = """
import cevns
both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
both.bind("b-l")(10.0, 5e-5)
"""
#: What takes long to import: packages, parts of NumPy that it does not import itself, and what reads compressed files.
SLOW = {
    *("scipy", "matplotlib", "tqdm", "iminuit", "argparse"),
    *("numpy.ma", "numpy.polynomial", "numpy.random", "numpy.testing", "bz2", "gzip", "lzma"),
    *("cevns.inference", "cevns.bounds", "cevns.tables", "cevns.predictions.prediction", "cevns.predictions.recoils"),
}


SCAN = """
import cevns
csi = cevns.load("coherent-csi-2017", quenching="constant").replace(quenching_sigma=0)
csi.chi2("universal", [1.0, 10.0], 1e-5)
"""


@pytest.mark.parametrize("statement", ["import cevns", FIRST_CHI2, SCAN], ids=["import", "first chi2", "constant"])
def test_slow_or_optional_packages_are_not_imported(statement):
    # older versions of NumPy import more of themselves
    before, after = "import numpy, sys\nold = {*sys.modules}", f"print(sorted({SLOW!r} & sys.modules.keys() - old))"
    program = f"{before}\n{statement}\n{after}"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_type_checkers_see_every_public_name():
    """What __getattr__ finds at run time stands in a block for them: the two lists must not drift apart."""
    tree = ast.parse(Path(cevns.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen | {"__version__"} == set(cevns.__all__)


#: Modules that users call; the rest serves them.
INTERNAL = {"cli", "figures", "plotting", "reference", "files", "drawing", "tables", "columns", "readers", "sections"}
ANNOTATED = [n for n in MODULES if not INTERNAL & set(n.split("."))]


@pytest.mark.parametrize("name", ANNOTATED)
def test_public_functions_say_what_they_take_and_return(name):
    module = import_or_skip(name)
    functions = []
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if getattr(value, "__module__", None) != name:
            continue
        members = vars(value).items() if inspect.isclass(value) else [(public, value)]
        for member, function in members:
            function = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
            function = getattr(function, "fget", None) or getattr(function, "func", None) or function
            if not member.startswith("_") and inspect.isfunction(function) and function.__module__ == name:
                functions.append(function)
    bare = []
    for function in functions:
        signature = inspect.signature(function)
        parameters = [p for n, p in signature.parameters.items() if n not in ("self", "cls")]
        if signature.return_annotation is signature.empty or any(p.annotation is p.empty for p in parameters):
            bare.append(function.__qualname__)
    assert bare == []
