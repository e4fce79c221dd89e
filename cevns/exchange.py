"""Numbers in the forms that other packages take: xarray, histograms of Scikit-HEP, and HEPData.

None of them is needed for anything else; ``pip install 'cevns[exchange]'`` brings them.
"""

from __future__ import annotations

import re
import tarfile
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.files import atomic_path, checked_path
from cevns.tabular import Table

if TYPE_CHECKING:
    from cevns import _types
    from cevns._types import Array
    from cevns.binning import Axis, Binning

__all__ = ["counts_dataset", "counts_histogram", "dataset", "hepdata", "histogram", "of_histogram"]

#: How near edges of a histogram are those of an axis, relative to the width of its bins.
SAME_EDGE = 1e-9
#: Digits of numbers in a submission.
DIGITS = 12
#: Most tables of a submission.
MOST_TABLES = 1000
PURPOSE = "a submission to HEPData"
TO_EXCHANGE = "give a Table, or a result or a prediction, which have one"


def dataset(coordinates: Mapping[str, tuple[Array, str]], arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Any:
    """Return arrays over a grid as an xarray Dataset.

    Parameters
    ----------
    coordinates : mapping of str to (ndarray, str)
        For each dimension its values and their unit, in the order of the arrays' axes.
    arrays : mapping of str to ndarray
        By their names.
    about : mapping
        What becomes the attributes of the dataset.

    Raises
    ------
    MissingDependencyError
        If xarray is not installed.

    Examples
    --------
    >>> found = dataset({"mass": (np.array([1.0, 10.0]), "MeV")}, {"chi2": np.array([7.0, 8.0])}, {"model": "b-l"})
    >>> float(found.chi2.sel(mass=10.0)), found.mass.attrs["units"]
    (8.0, 'MeV')
    """
    xarray = checks.optional_module("xarray", "a Dataset")
    dimensions = tuple(coordinates)
    along = {name: (name, values, {"units": unit}) for name, (values, unit) in coordinates.items()}
    return xarray.Dataset({name: (dimensions, a) for name, a in arrays.items()}, coords=along, attrs=dict(about))


def result_dataset(result: Any, values: Sequence[Array], arrays: Mapping[str, Array], **fields: Any) -> Any:
    """Return arrays of a result over the values of its parameters as an xarray Dataset.

    Its attributes are the model, the experiments, what the `settings` of a `cevns.inference.Result` say, the values of
    parameters that were given, by name, and what is given besides.
    """
    axes = {p.name: (along, p.unit) for p, along in zip(result.parameters, values, strict=True)}
    known = {"model": result.model, "experiments": list(result.experiments), "settings": result.settings}
    return dataset(axes, arrays, known | fields | result.fixed)


def histogram(binning: Binning, counts: Array, variances: Array | None = None) -> Any:
    """Return flat counts as a histogram of the package hist, whose axes have names and units.

    Parameters
    ----------
    binning : Binning
        Axes.
    counts, variances : ndarray, shape (bins,)
        In the order of the binning; weights of 1 unless variances are given.

    Raises
    ------
    MissingDependencyError
        If hist is not installed.

    Examples
    --------
    >>> from cevns.binning import Axis, Binning
    >>> found = histogram(Binning([Axis("charge", [6, 8, 12], "PE")]), np.array([3.0, 4.0]))
    >>> found.axes[0].label, found.values().tolist()
    ('charge [PE]', [3.0, 4.0])
    """
    hist = checks.optional_module("hist", "a histogram")
    axes = [_hist_axis(hist, axis) for axis in binning.axes]
    made = hist.Hist(*axes, storage=hist.storage.Double() if variances is None else hist.storage.Weight())
    if variances is None:
        made[...] = binning.shaped(counts)
    else:
        made[...] = np.stack([binning.shaped(counts), binning.shaped(variances)], axis=-1)
    return made


def _hist_axis(hist: Any, axis: Axis) -> Any:
    if axis.names:
        return hist.axis.StrCategory(list(axis.names), name=axis.name, label=axis.label)
    return hist.axis.Variable(list(axis.edges), name=axis.name, label=axis.label, flow=False)


def counts_histogram(prediction: Any, counts: str = "total") -> Any:
    """Return counts of a prediction as a histogram; see `cevns.predictions.Prediction.to_hist`."""
    known = {"total": prediction.total, "signal": prediction.signal, "observed": prediction.observed}
    known |= prediction.backgrounds
    chosen = known[checks.known("counts", counts, known)]
    if chosen.ndim > 1:
        raise InputError(f"{counts} are those of several points, shape {chosen.shape}: predict one of them")
    errors = prediction.uncertainty if counts == "observed" else None
    return histogram(prediction.binning, chosen, None if errors is None else errors**2)


def counts_dataset(prediction: Any) -> Any:
    """Return all counts of a prediction over its axes; see `cevns.predictions.Prediction.to_xarray`."""
    if prediction.signal.ndim > 1:
        raise InputError(f"the signal has the shape {prediction.signal.shape}: predict one point")
    coordinates: dict[str, tuple[Array, str]] = {}
    about = {"experiment": prediction.experiment, "model": prediction.model}
    for axis in prediction.axes:
        edges = np.array(axis.edges)
        coordinates[axis.name] = np.array(axis.names) if axis.names else (edges[1:] + edges[:-1]) / 2, axis.unit
        about |= {} if axis.names else {f"{axis.name}_edges": edges}
    arrays = {"signal": prediction.signal, **prediction.backgrounds, "total": prediction.total}
    arrays |= {"observed": prediction.observed}
    arrays |= {} if prediction.uncertainty is None else {"uncertainty": prediction.uncertainty}
    return dataset(coordinates, {name: prediction.binning.shaped(a) for name, a in arrays.items()}, about)


def of_histogram(field: str, value: Any, binning: Binning) -> Any:
    """Return the counts of a histogram, shape of its axes, or what is none as it is.

    Histograms are what follows the protocol of Scikit-HEP, as those of hist, boost-histogram and uproot do: ``axes``
    that know their edges, and a method ``values``. What lies beyond the axes is left out.

    Parameters
    ----------
    field : str
        What messages call it.
    value : object
        Histogram, or anything else.
    binning : Binning
        Axes that it has to have.

    Raises
    ------
    InputError
        If its axes are others.

    Examples
    --------
    >>> from cevns.binning import Axis, Binning
    >>> binning = Binning([Axis("charge", [6, 8, 12], "PE")])
    >>> of_histogram("observed", histogram(binning, np.array([3.0, 4.0])), binning).tolist()
    [3.0, 4.0]
    """
    if not callable(getattr(value, "values", None)) or not hasattr(value, "axes"):
        return value
    try:
        axes, counts = tuple(value.axes), np.asarray(value.values(), dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{field} is no histogram whose axes and values are numbers: {error}") from error
    if str(getattr(value, "kind", "COUNT")).rpartition(".")[2] != "COUNT":
        raise InputError(f"{field} is a histogram of means, not of counts")
    if len(axes) != len(binning.axes):
        own = ", ".join(str(axis) for axis in binning.axes)
        raise InputError(f"{field} is a histogram of {len(axes)} axes, which must be {own}")
    for k, (given, axis) in enumerate(zip(axes, binning.axes, strict=True)):
        if not _is_same(given, axis):
            bins = "names" if axis.names else "edges"
            raise InputError(
                f"{field} is a histogram whose axis {k} is not {axis}: fill one with the {bins} "
                f"{list(axis.names or axis.edges)[:4]}{'...' * (axis.bins > 3)}"
            )
    return counts


def _is_same(given: Any, axis: Axis) -> bool:
    """Return whether the axis of a histogram has the names or the edges of another one."""
    try:
        if axis.names:
            return bool(tuple(given) == tuple(axis.names))
        edges, own = np.asarray(given.edges, dtype=float), np.array(axis.edges)
    except (AttributeError, TypeError, ValueError):
        return False
    return edges.shape == own.shape and bool((np.abs(edges - own) <= SAME_EDGE * np.ptp(own)).all())


def hepdata(
    path: _types.Path,
    tables: Mapping[str, Any],
    *,
    comment: str = "",
    locations: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> None:
    """Write tables as a submission to HEPData, checked by HEPData's own validator: one file, whole or not at all.

    What results say of themselves are the qualifiers of their numbers: model, experiments, confidence level and degrees
    of freedom, values that were given, priors and other settings.

    Parameters
    ----------
    path : str or path
        Ends in ``.tar.gz``.
    tables : mapping of str to Table, Result or Prediction
        By the names that they get. The first column is what the others depend on, or the first ones of a grid.
    comment : str
        About all of them.
    locations : mapping of str to str, optional
        Where tables stand in a publication, by their names, as ``"Figure 2"``; empty unless given.
    descriptions : mapping of str to str, optional
        Of what tables are, by their names; what results and predictions are called unless given.

    Raises
    ------
    MissingDependencyError
        If hepdata-lib is not installed.
    InputError, UnknownNameError
        If the path ends otherwise, there is no table, a text is none or is of a table that is not there.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import cevns
    >>> limit = cevns.load("coherent-argon-2020").limit("lmu-ltau", mass=[1.0, 10.0])
    >>> path = Path(tempfile.mkdtemp()) / "submission.tar.gz"
    >>> hepdata(path, {"limit of L_mu - L_tau": limit}, locations={"limit of L_mu - L_tau": "Figure 2"})
    >>> path.exists()
    True
    """
    path = checked_path(path)
    if not path.name.endswith(".tar.gz"):
        raise InputError(f"a submission is a file that ends in .tar.gz, got {checks.shown(path.name)}")
    given = checks.instance("tables", tables, Mapping, "by the names that they get")
    if not 0 < len(given) <= MOST_TABLES:
        raise InputError(f"a submission has 1 to {MOST_TABLES} tables, got {len(given)}")
    checks.words("comment", comment)
    places, texts = _texts("locations", locations, given), _texts("descriptions", descriptions, given)
    made = {_name(name): _of(name, value) for name, value in given.items()}
    # names of files, of which some systems take capitals for others
    checks.differ("names of tables", [name.replace(" ", "_").lower() for name in made])
    with warnings.catch_warnings():
        # that HEPData's packages do not close what they read, and use what is going to go
        warnings.simplefilter("ignore")
        _write(path, made, comment, places, texts)


def _texts(field: str, given: Any, names: Mapping[str, Any]) -> dict[str, str]:
    """Return texts by the names of tables, checked."""
    texts = checks.instance(field, {} if given is None else given, Mapping, "texts by the names of tables")
    for name, text in texts.items():
        checks.known("table", name, names)
        checks.words(f"{field} of {checks.shown(name)}", text)
    return dict(texts)


def _write(
    path: Path,
    made: Mapping[str, tuple[Table, str, Mapping[str, str]]],
    comment: str,
    places: Mapping[str, str],
    texts: Mapping[str, str],
) -> None:
    """Write tables with what they are of as a submission."""
    library = checks.optional_module("hepdata_lib", PURPOSE)
    yaml = checks.optional_module("yaml", PURPOSE)
    validator = checks.optional_module("hepdata_validator.full_submission_validator", PURPOSE)
    with atomic_path(path) as temporary, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        head = yaml.dump({"comment": comment}, default_flow_style=False, explicit_start=True)
        (folder / "submission.yaml").write_text(head, encoding="utf-8")
        for title, (table, origin, qualifiers) in made.items():
            submitted = _submitted(library, title, table, qualifiers)
            submitted.description = texts.get(title) or origin or title
            submitted.location = places.get(title, "")
            submitted.write_output(str(folder))
        checker = validator.FullSubmissionValidator()
        if not checker.validate(directory=str(folder)):
            said = [getattr(m, "message", m) for found in checker.get_messages().values() for m in found]
            raise InputError(f"HEPData's validator refuses the submission: {'; '.join(map(str, said))}")
        with tarfile.open(temporary, "w:gz") as archive:
            for file in sorted(folder.iterdir()):
                archive.add(file, arcname=file.name)


def _name(name: Any) -> str:
    """Return the name of a table, which is that of its file too."""
    if not isinstance(name, str) or not re.fullmatch(r"(?!submission$)[A-Za-z0-9][A-Za-z0-9 _+.-]{0,63}", name):
        raise InputError(
            f"a table cannot be called {checks.shown(name)}: names have up to 64 letters, digits, spaces and _ + . -, "
            "begin with a letter or a digit, and are not 'submission'"
        )
    return name


def _of(name: str, value: Any) -> tuple[Table, str, dict[str, str]]:
    """Return a table, what it is of, and what qualifies its numbers."""
    if isinstance(value, Table):
        return value, "", {}
    if not callable(getattr(value, "table", None)):
        raise InputError(f"table {checks.shown(name)} is {checks.shown(value)}: {TO_EXCHANGE}")
    return checks.instance(name, value.table(), Table, TO_EXCHANGE), repr(value).strip("<>"), _qualifiers(value)


def _qualifiers(value: Any) -> dict[str, str]:
    """Return what a result or a prediction says of all of its numbers; levels that differ are a column of them."""
    experiments = getattr(value, "experiments", ()) or (getattr(value, "experiment", ""),)
    cl, dof = getattr(value, "cl", None), getattr(value, "dof", None)
    found = {
        "Model": getattr(value, "model", ""),
        "Experiments": " + ".join(filter(None, experiments)),
        "Confidence level": f"{cl:.10g}" if isinstance(cl, float) else "",
        "Degrees of freedom": str(dof) if isinstance(dof, int) else "",
        "Settings": getattr(value, "settings", ""),
    }
    return {name: text for name, text in found.items() if isinstance(text, str) and text}


def _submitted(library: Any, title: str, table: Table, qualifiers: Mapping[str, str]) -> Any:
    """Return a table of hepdata-lib."""
    out = library.Table(title)
    columns = [(c.name, c.unit, k < table.keys, _cells(c.values)) for k, c in enumerate(table.columns)]
    first = table.keys - 2
    if [name for name, *_ in columns[max(first, 0) : table.keys]] == ["low", "high"]:
        (_, unit, _, low), (_, _, _, high) = columns[first : table.keys]
        # bins that have names have no ends
        named = any(isinstance(cell, str) for cell in low)
        bins = low if named and low == high else list(zip(low, high, strict=True))
        columns[first : table.keys] = [("bin", unit, True, bins)]
    for name, unit, independent, cells in columns:
        binned = bool(cells) and isinstance(cells[0], tuple)
        variable = library.Variable(name, is_independent=independent, is_binned=binned, units=unit)
        variable.digits, variable.values = DIGITS, cells
        for key, text in () if independent else qualifiers.items():
            variable.add_qualifier(key, text)
        out.add_variable(variable)
    return out


def _cells(values: Any) -> list[Any]:
    """Return cells as HEPData knows them: it has a dash for nothing, and texts for infinities."""
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    shown = ["-" if cell is None else int(cell) if isinstance(cell, bool) else cell for cell in plain]
    return [str(cell) if isinstance(cell, float) and not np.isfinite(cell) else cell for cell in shown]
