"""Configuration files: experiments and a model of one's own in TOML, without Python.

Every key is listed in a module of this package, such as `cevns.config.experiments` or `cevns.config.fluxes`, with the
parameter of the public constructor that takes its value. That constructor checks the value; here is checked what a
constructor cannot see: unknown and missing keys, the kind of a value, and whether counts fit the axes. All problems of
a file are reported together, each with the path to its key, entries of lists counted from 1.

`template` returns a commented example, `schema` the JSON schema for editors.

Any list of numbers may stand in a table beside the configuration file instead: with ``file = "name.csv"`` the columns,
named in the table's titles, take the place of the keys of the same names.
``columns = {recoil_kev = 1, factors = "QF"}`` picks columns by number or by other names, and leaves out the others;
without it every title must be a key. `cevns.tables` says which tables are understood.
"""

from cevns.config.document import Config, load_config, schema, template

__all__ = ["Config", "load_config", "schema", "template"]
