"""The C-level interfaces: headers for Cython code, and SciPy's low-level callables."""

import gc
import importlib.util
import math
import pickle
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from generated_checks import call
from scipy.integrate import nquad

import cevns
from cevns.errors import InputError
from cevns.interactions import NonStandardInteractions
from cevns.nuclei.form_factors import helm

ROOT = Path(__file__).parents[1]


def test_the_cython_example_of_the_docs_compiles_and_agrees(both, tmp_path):
    """A module outside the package that cimports the public headers, built as a user would."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```cython\n(.*?)```", text, flags=re.DOTALL)
    helm_example = """
        from cevns.kernels.form_factors cimport helm_c, helm_radius

        def form_factor(double q, double radius, double s):
            return helm_c(q, helm_radius(radius, s), s)
    """
    (tmp_path / "example.pyx").write_text(example + textwrap.dedent(helm_example), encoding="utf-8")
    (tmp_path / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "from Cython.Build import cythonize\n"
        "setup(name='example', py_modules=[], ext_modules=cythonize([Extension('example', ['example.pyx'])],"
        f" include_path=[{str(Path(cevns.__file__).parents[1])!r}], compiler_directives={{'language_level': 3}}))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert built.returncode == 0, built.stderr
    (library,) = (p for p in tmp_path.iterdir() if p.suffix in {".so", ".pyd"})
    spec = importlib.util.spec_from_file_location("example", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    couplings = np.geomspace(1e-6, 1e-3, 7)
    expected = sum(both.chi2("b-l", 10.0, g) for g in couplings)
    assert module.total(both.bind("b-l"), couplings) == pytest.approx(expected, rel=1e-12)
    assert module.form_factor(50.0, 4.94, 0.9) == helm(50.0, 4.94, 0.9)


@pytest.mark.parametrize(("quantity", "of_chi2"), [("chi2", lambda c: c), ("likelihood", lambda c: np.exp(-c / 2))])
def test_low_level_callables_integrate_the_same_function(argon, quantity, of_chi2):
    chi2 = argon.bind("b-l")
    ranges, options = [(1.0, 30.0), (0.0, 1e-4)], {"epsabs": 0.0, "epsrel": 1e-7}
    compiled = chi2.low_level_callable(quantity)
    gc.collect()
    fast, _ = nquad(compiled, ranges, opts=options)
    slow, _ = nquad(lambda m, g: of_chi2(chi2(m, g)), ranges, opts=options)
    assert fast == pytest.approx(slow, rel=1e-10)


def test_low_level_callables_keep_their_evaluator_alive():
    compiled = cevns.load("coherent-argon-2020").bind("b-l").low_level_callable()
    gc.collect()
    value, _ = nquad(compiled, [(1.0, 2.0), (0.0, 1e-4)])
    assert value == pytest.approx(1e-4 * 17.85, rel=1e-2)


def test_low_level_callables_refuse_unknown_quantities(argon):
    for wrong in ("ch2", None, ["chi2"]):
        with pytest.raises(InputError, match="must be chi2 or likelihood"):
            argon.bind("b-l").low_level_callable(wrong)


def test_evaluators_pickle(both, csi):
    for function in (both.bind("b-l"), csi.predictor("b-l")):
        copy = pickle.loads(pickle.dumps(function))
        # the way in eta that a function takes after many calls differs in the last digit
        np.testing.assert_allclose(copy(10.0, 5e-5), function(10.0, 5e-5), rtol=1e-13)


def test_callables_take_the_parameters_of_their_model_and_no_others(argon):
    contact = argon.bind(NonStandardInteractions(up={"e": 1.0}))
    for function, point in ((contact, [0.3]), (argon.bind("b-l"), [10.0, 5e-5]), (argon.bind("sm"), [])):
        compiled = function.low_level_callable()
        for given in ([], [0.3], [10.0, 5e-5], [1.0, 1.0, 1.0]):
            found = call(compiled, *given)
            assert found == pytest.approx(function(*given), rel=1e-12) if given == point else math.isnan(found)
