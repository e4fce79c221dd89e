"""Files of results: scans, limits and fits, with mutated bytes, headers, members and texts."""

import functools
import io
import json
import zipfile

import numpy as np

from cevns.errors import CevnsError
from cevns.inference import Contour, Estimate, Fit, Interval, Limit, Profile, Scan, Sensitivity
from cevns.parameters import LARGEST_COUPLING, Parameter, coupling, mass

from .messages import check_error
from .mutations import Fault, bytes_like, finite, mutated, number, text

__all__ = ["fit_file", "free_file", "limit_file", "play", "scan_file"]


def play(rng, folder):
    """Load one file of results and use what it holds."""
    choice = rng.random()
    if choice < 0.25:
        kind = rng.choice([Contour, Estimate, Interval, Profile, Sensitivity])
        path = folder / f"result{kind.suffix}"
        path.write_bytes(free_file(rng, kind))
        return _loaded(rng, path, kind)
    if choice < 0.3:
        path = folder / "fit.json"
        path.write_bytes(fit_file(rng))
        return _loaded(rng, path, Fit)
    if choice < 0.5:
        path = folder / "scan.npz"
        path.write_bytes(scan_file(rng))
        return _loaded(rng, path, Scan)
    path = folder / "limit.csv"
    path.write_bytes(limit_file(rng))
    return _loaded(rng, path, Limit)


def _loaded(rng, path, kind):
    result = kind.load(path)
    if kind is Scan:
        finite("scan", result.mass, result.coupling, result.chi2)
        if result.chi2.shape != (result.mass.size, result.coupling.size):
            raise Fault(f"shape {result.chi2.shape}")
    elif kind in (Contour, Estimate, Interval, Profile, Sensitivity):
        _check_free(result)
    elif kind is Fit:
        finite("fit", result.chi2, 0.0 if result.mass is None else result.mass)
        result._repr_html_()
    else:
        _check_limit(result)
    again = path.with_name(f"again{path.suffix}")
    result.save(again)
    if kind.load(again) != result:
        raise Fault("what is saved again is not what was loaded")
    if rng.random() < 0.02:
        from cevns.plotting import file_figure

        try:
            result.plot(file_figure().add_subplot()).figure.savefig(io.BytesIO())
        except CevnsError as error:
            check_error(error)
    return "accepted"


def _check_free(result):
    if isinstance(result, Contour):
        finite("contour", result.chi2_min, *result.delta_chi2, *(c for curves in result.curves for c in curves))
        result.allows(0.5, 0.5)
    elif isinstance(result, Estimate):
        finite("estimate", result.chi2, *result.values.values(), *(m["chi2"] for m in result.minima))
        finite("intervals", *result.intervals.values(), infinite=True)
        _ = result.errors, result.degenerate
    elif isinstance(result, Interval):
        finite("interval", result.chi2_min, result.best_fit, result.points, result.chi2)
        finite("allowed", result.allowed, infinite=True)
        result.allows(0.5)
    elif isinstance(result, Sensitivity):
        finite("sensitivity", result.values)
        finite("ends", result.upper, *([] if result.lower is None else [result.lower]), infinite=True)
        _ = result.median
    else:
        finite("profile", result.values, result.chi2, *result.profiled.values())
        _ = result.delta_chi2
    repr(result)
    result._repr_html_()


@functools.cache
def _free_text(kind):
    from tempfile import TemporaryDirectory

    x, y = Parameter("x", "fm", low=0.0, high=2.0), Parameter("y", scale="log", low=0.0)
    about = {"model": "sm", "label": "SM", "experiments": ("mine",), "labels": ("Mine",), "fixed": {"z": 1.0}}
    about["remarks"] = ("x is at the lower end of its range",)
    values, square = {"x": 0.5, "y": 0.25}, np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0.0]])
    both, one = about | {"parameters": (x, y)}, about | {"parameters": (x,)}
    results = {
        Contour: lambda: Contour((0.9,), (4.605170185988092,), 3.0, values, ((square, 0.5 * square),), (), **both),
        Estimate: lambda: Estimate(
            *(3.0, values, ({"chi2": 3.0, "values": values}, {"chi2": 4.0, "values": {"x": 1.0, "y": 0.1}})),
            {"x": np.array([[-np.inf, 0.7], [1.0, 1.5]]), "y": np.array([[0.1, np.inf]])},
            *(np.array([[0.1, np.nan], [np.nan, 0.2]]), {"x": "lower"}, ({"y": 1.0},)),
            **both,
        ),
        Interval: lambda: Interval(
            *(0.9, 2.705543454095404, 3.0, 0.5, values, np.array([[0.1, 0.6], [0.9, np.inf]]), ("y",)),
            *(np.array([0.1, 0.5, 0.9]), np.array([5.0, 3.0, 4.0])),
            **one,
        ),
        Sensitivity: lambda: Sensitivity(
            *(
                0.9,
                2,
                4.605170185988092,
                np.array([0.5, 1.0]),
                np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, np.inf]]),
            ),
            *(None, "asimov"),
            **both,
        ),
        Profile: lambda: Profile(
            np.array([0.1, 0.5, 0.9]), np.array([5.0, 3.0, 4.0]), {"y": np.array([0.1, 0.2, 0.3])}, 2.5, **one
        ),
    }
    with TemporaryDirectory() as folder:
        results[kind]().save(f"{folder}/result{kind.suffix}")
        with open(f"{folder}/result{kind.suffix}", encoding="utf-8") as stream:
            return stream.read()


def free_file(rng, kind):
    """Return the bytes of a file of a result in any parameters, mutated somewhere."""
    whole = _free_text(kind)
    if rng.random() < 0.3:
        return bytes_like(rng, whole.encode(), rng.choice([0, 1, 1, 2, 5]))
    head, brace, rest = whole.partition("{")
    about, newline, body = rest.partition("\n") if kind.suffix == ".csv" else (rest, "", "")
    about = json.dumps(mutated(rng, json.loads(brace + about), rng.choice([1, 1, 2])))
    return f"{head}{about}{newline}{body}".encode()


def _check_limit(limit):
    finite("level", limit.cl, limit.delta_chi2, limit.chi2_min, limit.best_fit.chi2)
    if not 0 < limit.cl < 1 or limit.dof < 1 or limit.delta_chi2 < 0:
        raise Fault(f"cl {limit.cl}, dof {limit.dof}, delta chi2 {limit.delta_chi2}")
    if limit.best_fit.mass is not None:
        finite("mass of the best fit", limit.best_fit.mass)
    if limit.mass is not None:
        finite("mass", limit.mass)
        if len(limit.mass) != len(limit.excluded):
            raise Fault("masses and intervals differ in number")
    elif len(limit.excluded) != 1:
        raise Fault(f"{len(limit.excluded)} limits without a mass")
    finite("intervals", *limit.excluded, infinite=True)
    finite("lowest", limit.lowest, infinite=True)
    limit.excludes(None if limit.mass is None else limit.mass[0], [0.0, 1e-5, 1.0])
    limit._repr_html_()


@functools.cache
def _scan():
    mass, coupling = np.geomspace(1, 1000, 5), np.geomspace(1e-6, 1e-2, 7)
    chi2 = 8.0 + (np.log(mass)[:, None] - 3) ** 2 + (np.log(coupling) + 9) ** 2
    about = {
        "format": 1,
        "cevns": "0.1.0",
        "model": "b-l",
        "label": "$B-L$",
        "experiments": ["mine"],
        "labels": ["Mine"],
        "units": {"mass": "MeV"},
    }
    return {"mass": mass, "coupling": coupling, "chi2": chi2}, about


def scan_file(rng):
    """Return the bytes of a scan's file, mutated somewhere."""
    arrays, about = _scan()
    arrays = dict(arrays)
    if rng.random() < 0.5:
        parameters = [{"name": "mass", "unit": "MeV", "low": 0.0}, {"name": "coupling", "unit": "", "high": 1e10}]
        about = about | {"format": 2, "kind": "scan", "parameters": parameters}
    action = rng.random()
    if action < 0.3:
        name = rng.choice(list(arrays))
        arrays[name] = _other_array(rng, arrays[name])
    about_text = json.dumps(mutated(rng, about, rng.choice([1, 2])) if 0.3 <= action < 0.5 else about)
    if 0.5 <= action < 0.55:
        about_text = bytes_like(rng, about_text.encode(), 2).decode("utf-8", "replace")
    members = {}
    for name, array in {**arrays, "about": np.array(about_text)}.items():
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=True)
        members[f"{name}.npy"] = stream.getvalue()
    if 0.55 <= action < 0.75:
        name = rng.choice(list(members))
        head = bytes_like(rng, members[name][:128], rng.choice([1, 1, 2, 4]))
        members[name] = head + members[name][128:]
    if 0.75 <= action < 0.85:
        name = rng.choice(list(members))
        change = rng.randrange(4)
        if change == 0:
            del members[name]
        elif change == 1:
            members[text(rng, name) or "x"] = members.pop(name)
        elif change == 2:
            members["more.npy"] = members[name]
        else:
            members[name] = members[name][: rng.randrange(len(members[name]))]
    stream = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if rng.random() < 0.03 else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name.replace("\0", "0").encode("utf-8", "replace").decode()), content, kind
            )
    content = stream.getvalue()
    if action >= 0.85:
        content = bytes_like(rng, content, rng.choice([1, 1, 2, 5]))
    if rng.random() < 0.1:
        # the directory of the archive stands at its end
        split = len(content) - 320
        content = content[:split] + bytes_like(rng, content[split:], rng.choice([1, 2]))
    return content


def _other_array(rng, array):
    array = array.copy()
    action = rng.randrange(9)
    if action == 0:
        array.flat[rng.randrange(array.size)] = rng.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, 5e-324, -0.0])
    elif action == 1:
        array = array[::-1].copy()
    elif action == 2:
        array = array.astype(rng.choice(["f4", "i8", "c16", ">f8", "O", "U5", "bool", "f2"]))
    elif action == 3:
        array = array.reshape(rng.choice([(-1, 1), (1, -1), (-1,)]))
    elif action == 4:
        array = array[:0]
    elif action == 5:
        array = array[:-1]
    elif action == 6:
        array = np.asfortranarray(array)
    elif action == 7:
        array = np.array(["2020-01-01"] * len(array), dtype="M8[D]")
    else:
        array *= rng.choice([1e300, 1e-320, -1.0, 0.0])
    return array


@functools.cache
def _limit_text(has_mass):
    from tempfile import TemporaryDirectory

    excluded = (np.array([[1e-4, np.inf]]), np.empty((0, 2)), np.array([[1e-5, 2e-5], [3e-5, np.inf]]))
    if not has_mass:
        excluded = (np.array([[-np.inf, -0.5], [0.1, 0.2], [0.7, np.inf]]),)
    about = {
        "model": "b-l",
        "label": "$B-L$",
        "experiments": ("mine", "other"),
        "labels": ("Mine", "$x$"),
        "parameters": (mass(), coupling()) if has_mass else (coupling(low=-LARGEST_COUPLING),),
    }
    limit = Limit(
        *(0.9, 2, 4.605170185988092, 3.5),
        best_fit=Fit(3.5, 10.0 if has_mass else None, 1e-5, **about),
        mass=np.array([1.0, 10.0, 100.0]) if has_mass else None,
        excluded=excluded,
        **about,
    )
    with TemporaryDirectory() as folder:
        limit.save(f"{folder}/limit.csv")
        with open(f"{folder}/limit.csv", encoding="utf-8") as stream:
            return stream.read()


def fit_file(rng):
    """Return the bytes of a fit's file, mutated somewhere."""
    about = json.loads(_fit_text())
    if rng.random() < 0.7:
        return json.dumps(mutated(rng, about, rng.choice([1, 1, 2]))).encode()
    return bytes_like(rng, _fit_text().encode(), rng.choice([0, 1, 1, 2, 5]))


@functools.cache
def _fit_text():
    from tempfile import TemporaryDirectory

    about = {"model": "b-l", "label": "$B-L$", "experiments": ("mine",), "labels": ("Mine",)}
    with TemporaryDirectory() as folder:
        Fit(3.5, 10.0, 1e-5, **about, parameters=(mass(), coupling())).save(f"{folder}/fit.json")
        with open(f"{folder}/fit.json", encoding="utf-8") as stream:
            return stream.read()


def limit_file(rng):
    """Return the bytes of a limit's file, mutated somewhere."""
    head, *rows = _limit_text(rng.random() < 0.7).splitlines()
    action = rng.random()
    if action < 0.4:
        mark, _, about = head.partition("{")
        about = mutated(rng, json.loads("{" + about), rng.choice([1, 1, 2]))
        head = mark + json.dumps(about)
    elif action < 0.75:
        i = rng.randrange(1, len(rows))
        cells = rows[i].split(",")
        change = rng.randrange(4)
        j = rng.randrange(len(cells))
        if change == 0:
            cells[j] = str(number(rng, 1e-5))
        elif change == 1:
            cells[j] = text(rng, cells[j])
        elif change == 2:
            cells.insert(j, cells[j])
        else:
            del cells[j]
        rows[i] = ",".join(cells)
        if rng.random() < 0.3:
            rng.shuffle(rows)
        if rng.random() < 0.2:
            rows.append(rng.choice(rows))
        if rng.random() < 0.2:
            rows = rows[: rng.randrange(len(rows) + 1)]
    content = ("\n".join([head, *rows]) + "\n").encode("utf-8", "replace")
    return content if action < 0.75 else bytes_like(rng, content, rng.choice([0, 1, 1, 2, 5]))
