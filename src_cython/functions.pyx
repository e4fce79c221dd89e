"""Functions of an interaction's parameters whose arguments are checked without leaving C."""

from cpython.dict cimport PyDict_Size
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from cevns.kernels.counts cimport (
    MAX_PARAMETERS, Counts, counts_row_size, counts_row_t, counts_t, fold_piece, place_counts_row, start_counts)
from cevns.kernels.losses cimport lost_counts

cimport numpy as np

import numpy as np

from cevns.errors import InputError
from cevns.kernels.counts import check_numbers
from cevns.kernels.losses import digits_lost

np.import_array()

cdef object FLOAT64 = np.float64
#: Types of NumPy's numbers that a double holds, or rounds: not the longest, which may lie beyond all doubles.
SCALARS = frozenset([type(np.zeros(1, code)[0]) for code in "efd" + np.typecodes["AllInteger"]])


cdef inline bint plain_number(object value, double *out) except -1:
    """Whether a value is a float or a whole number of a usual size, and so needs no further look."""
    cdef int overflow = 0
    cdef long long whole
    # not any subclass of float, which may carry a unit
    if PyFloat_CheckExact(value) or type(value) is FLOAT64:
        out[0] = PyFloat_AS_DOUBLE(value)
        return True
    # not a bool, which is a subclass
    if PyLong_CheckExact(value):
        whole = PyLong_AsLongLongAndOverflow(value, &overflow)
        out[0] = <double> whole
        return overflow == 0
    if type(value) in SCALARS:
        out[0] = value
        return True
    return False


cdef class Function:
    """Function(parameters, found, subject="")

    What takes one number for each of some parameters, by place or by name.

    Parameters
    ----------
    parameters : sequence of Parameter
        In the order of their places.
    found : object
        What the subclass computes with.
    subject : str
        What it is a function of the parameters for, to be shown.
    """

    def __cinit__(self, parameters, found, str subject=""):
        cdef Py_ssize_t i
        self.subject = subject
        self.parameters = tuple(parameters)
        self.names = tuple([parameter.name for parameter in self.parameters])
        self.ranges.n = len(self.parameters)
        check_numbers(self.parameters)
        for i, parameter in enumerate(self.parameters):
            self.ranges.low[i], self.ranges.high[i] = parameter.low, parameter.high

    def __repr__(self):
        of = ", ".join(self.names) or "no parameters"
        return f"<{type(self).__name__} of {of}{self.subject and ': '}{self.subject}>"

    @property
    def __signature__(self):
        """The parameters, for `inspect.signature` and for minimisers that go by names."""
        return signature(self.parameters)

    cdef int read(self, tuple args, dict named, double *values) except -1:
        """Fill `values` with checked numbers, whatever a caller gave."""
        cdef Py_ssize_t i
        if PyTuple_GET_SIZE(args) == self.ranges.n and not PyDict_Size(named):
            for i in range(self.ranges.n):
                # written so that NaN fails
                if not (plain_number(<object> PyTuple_GET_ITEM(args, i), values + i)
                        and self.ranges.low[i] <= values[i] <= self.ranges.high[i]):
                    break
            else:
                return 0
        for i, value in enumerate(checked(self.parameters, self.names, args, named)):
            values[i] = value
        return 0

    def point(self, *args, **named):
        """Return one value for each parameter, shape (parameters,), checked, from what the function can be called with.

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range.
        """
        cdef double values[MAX_PARAMETERS]
        cdef np.npy_intp n = self.ranges.n
        self.read(args, named, values)
        out = np.PyArray_SimpleNew(1, &n, np.NPY_DOUBLE)
        memcpy(np.PyArray_DATA(out), values, n * sizeof(double))
        return out


def signature(parameters):
    """Return the `inspect.Signature` of a function that takes parameters by place or by name."""
    from inspect import Parameter, Signature

    # a parameter without a default must not follow one that has it
    last = max([i for i, p in enumerate(parameters) if p.default is None], default=-1)
    return Signature([
        Parameter(p.name, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if i <= last else p.default)
        for i, p in enumerate(parameters)])


def checked(parameters, names, args, named):
    """Return one number for each parameter from what was given by place and by name.

    Raises
    ------
    InputError
        If a value is missing, given twice, superfluous, or not allowed.
    """
    if len(args) > len(names):
        raise InputError(f"{len(args)} value(s) are given, but the parameters are {', '.join(names) or 'none at all'}")
    given = dict(zip(names, args, strict=False))
    for name, value in named.items():
        if name in given:
            raise InputError(f"{name} is given twice, by its place and by its name")
        if name not in names:
            raise InputError(f"{name} is not a parameter of this function, which takes {', '.join(names) or 'none'}")
        given[name] = value
    return [parameter.number(given.get(parameter.name)) for parameter in parameters]


def rows_refused(name, values, wanted):
    """Return the error for what is no array of doubles as the kernels take them: each row in one piece.

    Parameters
    ----------
    name : str
        What the argument is called.
    values : object
        What was given.
    wanted : str
        Which array is needed.
    """
    kind = getattr(values, "dtype", type(values).__name__)
    shape = f" of shape {np.shape(values)}" if isinstance(values, np.ndarray) else ""
    return InputError(
        f"{name} must be {wanted} of float64, in C's order, got {kind}{shape}; np.ascontiguousarray({name}, "
        "dtype=float) makes one of numbers")


cdef class Predictor(Function):
    """Predictor(parameters, counts, subject="")

    Signal counts of one interaction as a fast function of its parameters; `Experiment.predictor` makes it. Safe to call
    from several threads.

    Examples
    --------
    >>> import cevns
    >>> counts = cevns.load("coherent-argon-2020").predictor("b-l")
    >>> counts(10.0, 5e-5)[:3].round(2)
    array([167.71,  47.94,  10.96])
    """

    def __cinit__(self, parameters, Counts counts not None, subject=""):
        self.counts = counts

    cdef int write(self, const double *values, double *out, bint apart) except -1 nogil:
        """Write counts, or their coefficients a, b and c in y."""
        cdef bint lost
        cdef const counts_t *c = &self.counts.c
        cdef counts_row_t row
        cdef Py_ssize_t n = c.bins
        cdef double *numbers = <double *> malloc((counts_row_size(c) + 1) * sizeof(double) + c.pieces)
        if numbers == NULL:
            with gil:
                raise MemoryError
        place_counts_row(c, &row, numbers, <char *> (numbers + counts_row_size(c) + 1))
        start_counts(c, &row, values, not apart)
        fold_piece(c, &row, 0)
        if apart:
            memcpy(out, row.a, n * sizeof(double))
            memcpy(out + n, row.bc, 2 * n * sizeof(double))
        else:
            memcpy(out, row.a, n * sizeof(double))
        lost = not apart and lost_counts(c, &row, c.sizes[0] if c.sizes[0] < 1.0 else 1.0)
        free(numbers)
        if lost:
            with gil:
                raise digits_lost()
        return 0

    def __call__(self, *args, **named):
        """Return counts, shape (bins,), at one point.

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range, or couplings cancel each other, so that
            counts are the small difference of large numbers.
        """
        cdef double values[MAX_PARAMETERS]
        self.read(args, named, values)
        cdef np.npy_intp bins = self.counts.c.bins
        out = np.PyArray_SimpleNew(1, &bins, np.NPY_DOUBLE)
        self.write(values, <double *> np.PyArray_DATA(out), False)
        return out

    def __reduce__(self):
        return Predictor, (self.parameters, self.counts, self.subject)

    def rows(self, values, out):
        """Write counts at many points, shape (points, parameters), into `out`, shape (points, bins).

        Raises
        ------
        InputError
            If one of them is no such array of doubles, or couplings cancel each other, as above.
        """
        cdef const double[:, ::1] points = self.points(values)
        cdef double[:, ::1] written
        cdef Py_ssize_t i, n
        cdef double none = 0.0
        try:
            written = out
        except (TypeError, ValueError, BufferError):
            written = None
        if written is None or written.shape[1] != self.counts.c.bins:
            raise rows_refused("out", out, f"a writable array of {self.counts.c.bins} columns, one for each bin,")
        n = min(points.shape[0], written.shape[0])
        with nogil:
            for i in range(n):
                self.write(&points[i, 0] if self.ranges.n else &none, &written[i, 0], False)

    def coefficients(self, values):
        """Return the coefficients of counts a + b y + c y^2 at many points, shape (points, 3, bins).

        y is the parameter along which counts are quadratic, or the power of it that they depend on: the coupling's
        square for a mediator. Its own values do not matter.

        Raises
        ------
        InputError
            If `values` are no array of doubles, shape (points, parameters), with at least one parameter.
        """
        cdef const double[:, ::1] points = self.points(values)
        cdef Py_ssize_t i, n = points.shape[0]
        if not self.ranges.n:
            raise InputError("counts without parameters have no coefficients: bind some, predictor(interaction, free=)")
        out = np.empty((n, 3, self.counts.c.bins))
        cdef double[:, :, ::1] view = out
        with nogil:
            for i in range(n):
                self.write(&points[i, 0], &view[i, 0, 0], True)
        return out

    cdef const double[:, ::1] points(self, values):
        """Return many points as the kernels take them."""
        cdef const double[:, ::1] found
        try:
            found = values
        except (TypeError, ValueError, BufferError):
            found = None
        if found is None or found.shape[1] != self.ranges.n:
            of = ", ".join(self.names)
            raise rows_refused("values", values, f"an array of {self.ranges.n} column(s), {of or 'no parameters'},")
        return found
