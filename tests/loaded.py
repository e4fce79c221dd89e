"""Built-in experiments that tests share, so that each is folded once: they never change but in what they keep."""

import functools

import cevns

#: `cevns.load`, whose options have to be hashable.
load = functools.cache(cevns.load)
