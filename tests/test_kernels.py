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
from cevns import _engine, _fluxes, _formfactors, _rates
from cevns._engine import Engine, Term
from cevns._rates import RecoilRate
from cevns.errors import MissingDependencyError
from cevns.folding import pack
from cevns.likelihoods import Likelihood

KERNELS = {m.__name__.removeprefix("cevns."): m for m in (_engine, _fluxes, _formfactors, _rates)}
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
    couplings = [(0.04, -0.51, 3.0, 3.0), (0.03, -0.51, 3.0, 3.0), (0.03, -0.51, 3.0, 3.0)]
    return RecoilRate(nuclei, spectra, couplings)


def integrate(rate, num_threads=1):
    # enough work for threads to start at all
    cuts = np.geomspace(1e-4, 5e-2, 10001)
    rule, out = map(read_only, np.polynomial.legendre.leggauss(8)), np.empty(10000)
    rate.integrate(read_only(cuts[:-1]), read_only(cuts[1:]), *rule, 1.0, 100.0, False, out, num_threads)
    return out


def test_rates_take_read_only_input(rate):
    recoil = read_only([1e-3, 1e-2])
    out = np.empty(2)
    rate.differential(recoil, 1.0, 100.0, False, out)
    assert (out > 0).all()
    assert (integrate(rate) > 0)[:-2000].all()


def test_integrals_do_not_depend_on_the_number_of_threads(rate):
    one = integrate(rate)
    for num_threads in (2, 3, 8):
        np.testing.assert_array_equal(integrate(rate, num_threads), one)


def test_rates_refuse_read_only_output(rate):
    with pytest.raises(ValueError, match="read-only"):
        rate.differential(np.array([1e-3]), 1.0, 100.0, False, read_only([0.0]))


@pytest.mark.parametrize("bad", [None, [1e-3], np.array([1], dtype=int), np.zeros((1, 1))])
def test_rates_refuse_what_is_no_vector_of_doubles(rate, bad):
    with pytest.raises((TypeError, ValueError), match=r"None|bytes-like|Buffer"):
        rate.differential(bad, 1.0, 100.0, False, np.empty(1))


@pytest.mark.parametrize("place", range(5))
def test_rates_refuse_misaligned_arrays(rate, place):
    arrays = [np.ones(1) for _ in range(5)]
    arrays[place] = np.zeros(9, dtype=np.uint8)[1:].view(float)
    low, high, nodes, weights, out = arrays
    with pytest.raises(ValueError, match="not aligned"):
        rate.integrate(low, high, nodes, weights, 1.0, 100.0, False, out)
    if place in (0, 4):
        with pytest.raises(ValueError, match="not aligned"):
            rate.differential(low, 1.0, 100.0, False, out)


def test_rates_write_no_further_than_the_shorter_buffer(rate):
    out = np.full(5, -1.0)
    rate.differential(np.array([1e-3, 2e-3]), 1.0, 100.0, False, out)
    np.testing.assert_array_equal(out < 0, [False, False, True, True, True])
    low, high = np.array([1e-3, 2e-3]), np.array([2e-3])
    rate.integrate(low, high, np.zeros(1), np.ones(1), 1.0, 100.0, False, out)
    rate.integrate(np.empty(0), high, np.zeros(1), np.ones(1), 1.0, 100.0, False, out)
    assert (out[2:] == -1).all()


def test_rates_pickle(rate):
    np.testing.assert_array_equal(integrate(pickle.loads(pickle.dumps(rate))), integrate(rate))


def test_rates_keep_their_spectra_alive(csi):
    """The kernel holds pointers into the spectra."""
    nucleus = csi.target.nuclei[0]
    row = (nucleus.mass, 55, 78, 4.8, 5.0, 0.9, 1e-20, 0)
    fresh = _fluxes.Spectrum([0.0, 50.0], [[0, 1, 0, 0]])
    rate, expected = RecoilRate([row], [fresh], [(0.04, -0.5, 0, 0)]), np.empty(1)
    rate.differential(np.array([1e-3]), 0.0, 1.0, False, expected)
    del fresh
    _ = [_fluxes.Spectrum([0.0, 50.0], [[9, 9, 9, 9]]) for _ in range(200)]
    out = np.empty(1)
    rate.differential(np.array([1e-3]), 0.0, 1.0, False, out)
    assert out[0] == expected[0]


def test_rates_refuse_couplings_that_do_not_fit():
    with pytest.raises(ValueError, match="differ in length"):
        RecoilRate([], [_fluxes.Spectrum([1.0, 2.0], [[1, 0, 0, 0]])], [])


def test_rates_refuse_what_is_no_spectrum():
    with pytest.raises(TypeError, match="Spectrum"):
        RecoilRate([], ["flux"], [(0, 0, 0, 0)])
    with pytest.raises(TypeError, match="Spectrum"):
        RecoilRate([], [None], [(0, 0, 0, 0)])


# --- engine


def test_engine_takes_read_only_input(both):
    engine, out = both.engine("b-l"), np.empty((2, 3))
    engine.grid(read_only([1.0, 100.0]), read_only([0.0, 1e-9, 1e-8]), out)
    assert np.isfinite(out).all()
    pairs = np.empty(2)
    engine.pairs(read_only([1.0, 100.0]), read_only([1e-9, 1e-8]), pairs)
    np.testing.assert_allclose(pairs, [out[0, 1], out[1, 2]], rtol=1e-8)


def test_engine_checks_its_buffers(both):
    engine = both.engine("b-l")
    with pytest.raises(ValueError, match="columns"):
        engine.crossings(np.ones(1), False, 10.0, np.empty((1, 2)), np.zeros(1, np.intp), np.zeros(1, np.int8))
    rates, weights = np.ones((1, 3)), pack([np.ones((2, 3))])
    arrays = [rates, rates, rates, weights, np.ones((1, 2)), np.ones(2), np.zeros((0, 2))]
    arrays += [np.zeros((0, 0)), np.zeros(0), 1.0, 1.0]
    Term(*arrays)
    for i, wrong in ((1, np.ones((1, 2))), (2, np.ones((2, 3))), (3, pack([np.ones((2, 4))])), (4, np.ones((1, 3))),
                     (5, np.ones(1)), (6, np.zeros((1, 3))), (7, np.zeros((1, 1))), (8, np.zeros(1))):  # fmt: skip
        with pytest.raises(ValueError, match=r"shape|fit together"):
            Term(*arrays[:i], wrong, *arrays[i + 1 :])


@pytest.mark.parametrize(
    "arguments",
    [([1.0], [0, 2], [0], 3), ([1.0], [0, 1], [3], 3), ([1.0], [1, 1], [0], 3), ([1.0], [0, 1], [0, 0], 3),
     ([1.0, 1.0], [0, 2, 1], [0, 0], 3), ([1.0], [0, 1], [-1], 3)],
)  # fmt: skip
def test_weights_refuse_rows_that_leave_their_matrix(arguments):
    with pytest.raises(ValueError, match="fit together"):
        _engine.Weights(*map(np.array, arguments[:3]), arguments[3])


def test_packed_weights_are_their_matrices():
    matrices = np.array([[[0.0, 1.0, 2.0, 0.0], [0.0] * 4], [[3.0, 0.0, 0.0, 4.0], [0.0, 0.0, 0.0, 5.0]]])
    rates = np.array([1.0, 10.0, 100.0, 1000.0])
    weights = pack(matrices)
    for copy in (weights, pickle.loads(pickle.dumps(weights))):
        np.testing.assert_array_equal(copy.dot(rates), (matrices @ rates).ravel())
    with pytest.raises(ValueError, match="4 rates"):
        weights.dot(np.ones(3))


def test_engine_of_no_terms_is_zero():
    assert Engine([]).chi2(1.0, 1.0) == 0.0


def test_engine_of_a_hand_made_term():
    """One bin, one node: chi2 = (d - n)^2 / (1 + s^2 n^2) with n = a + b p y + c p^2 y^2 and a pull of variance s^2."""
    q2, b, c, a, d, s = 4.0, 0.3, 0.2, 1.5, 3.0, 0.1
    one = np.ones((1, 1))
    term = Term(q2 * one, b * one, c * one, pack([one]), a * one, np.array([d]), np.zeros((0, 1)),
                np.zeros((0, 0)), np.zeros(0), d * d + s**-2, s**-2)  # fmt: skip
    for mass_squared, y in ((0.0, 0.0), (1.0, 2.0), (100.0, -30.0), (0.0, 1e6)):
        x = y / (q2 + mass_squared)
        n = a + b * x + c * x * x
        assert Engine([term]).chi2(mass_squared, y) == pytest.approx((d - n) ** 2 / (1 + (s * n) ** 2), rel=1e-10)


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
    package = resources.files("cevns")
    assert (package / f"{name}.pxd").is_file()
    stub = (package / f"{name}.pyi").read_text(encoding="utf-8")
    declared = set(re.findall(r"^(?:class|def) (\w+)|^(\w+):", stub, re.MULTILINE))
    public = {a or b for a, b in declared} - {"_Array"}
    assert public
    assert all(hasattr(KERNELS[name], n) for n in public)


@pytest.mark.parametrize("name", ["_engine", "_formfactors"])
def test_kernels_export_what_their_header_declares(name):
    header = (resources.files("cevns") / f"{name}.pxd").read_text(encoding="utf-8")
    functions = set(re.findall(r"^cdef (?!inline)[\w *]*?(\w+)\(.*noexcept nogil$", header, re.MULTILINE))
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
    assert {"cevns.likelihoods", "cevns.models.vector", "cevns.experiments.coherent_csi_2017"} <= set(MODULES)


def test_unknown_attribute_of_the_package():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cevns.nothing
    assert set(cevns.__all__) == set(dir(cevns))


@pytest.mark.parametrize("statement", ["import cevns", "import cevns; cevns.load('coherent-csi-2017').chi2('sm')"])
def test_slow_or_optional_packages_are_not_imported(statement):
    program = (
        f"{statement}; import sys; "
        "print([m for m in ('scipy', 'matplotlib', 'tqdm', 'iminuit', 'argparse') if m in sys.modules])"
    )
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
INTERNAL = {"cli", "figures", "plotting", "reference", "files", "families", "tables"}
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
