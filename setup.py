"""Build the compiled kernels; all else is in pyproject.toml."""

import os
import re
import sys
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

DEBUG = os.environ.get("CEVNS_CYTHON_DEBUG", "0") != "0"
SANITIZE = os.environ.get("CEVNS_SANITIZE") or "0"
OPENMP = os.environ.get("CEVNS_OPENMP", "0" if sys.platform == "darwin" else "auto")
#: Cython writes it: the code of memoryviews, which each kernel would hold once more, and which is most of a small one.
SHARED = "cevns.kernels.memoryviews"
OPENMP_PROGRAM = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }"
DIRECTIVES = dict.fromkeys(["boundscheck", "initializedcheck", "nonecheck"], DEBUG) | {
    "language_level": 3,
    "wraparound": False,
    "cdivision": True,
    "embedsignature": True,
    # no test on such a Python has shown otherwise, which then turns its lock on
    "freethreading_compatible": False,
}
# Unlike -ffast-math, these keep IEEE arithmetic: NaN, infinities, subnormals and the order of sums stay as written.
# -fno-math-errno and -fno-trapping-math drop side effects that nothing here reads (errno, floating-point status flags);
# -ffp-contract=off forbids fused multiply-adds, so that the compiler's arithmetic is the same on every CPU family.
IEEE_FLAGS = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
# Python's own flags hold -g, and debug information takes five times the space of the code. Names of functions stay, for
# profilers.
RELEASE_FLAGS, RELEASE_LINK_FLAGS = ["-g0"], ["-Wl,--strip-debug"]
# Of Python's own flags, which stand before these, -O2 is no wish of who builds.
LEVEL = [] if re.search(r"(^|\s)-O", os.environ.get("CFLAGS", "")) else ["-O3"]
# A fault ends the process: one that is only printed fails no test.
SANITIZE_FLAGS = [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=all"]
TRACE_FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer"]


class BuildKernels(build_ext):
    def build_extensions(self):
        self.force = True  # time stamps do not show a change of the environment variables
        compile_flags, link_flags = self.msvc_flags() if self.compiler.compiler_type == "msvc" else self.unix_flags()
        openmp, openmp_link = self.openmp_flags()
        # all of Cython first, which knows no threads, so that C compilers run side by side
        self.parallel = self.parallel or os.cpu_count() or 1
        made = cythonize(
            self.extensions,
            force=True,
            quiet=self.verbose == 0,
            include_path=["."],
            build_dir=self.build_temp,
            compiler_directives=DIRECTIVES,
            shared_utility_qualified_name=SHARED,
        )
        sources = {extension.name: extension.sources for extension in made}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
            extension.extra_compile_args = compile_flags + openmp
            extension.extra_link_args = link_flags + openmp_link
        print(
            f"cevns kernels: OpenMP {'on' if openmp else 'off'}, bounds checks {'on' if DEBUG else 'off'}, "
            f"sanitizers {'off' if SANITIZE == '0' else SANITIZE}"
        )
        super().build_extensions()

    def msvc_flags(self):
        if SANITIZE != "0":
            raise CompileError("CEVNS_SANITIZE needs GCC or Clang")
        return ["/O2"], []

    def unix_flags(self):
        if not self.accepts([], program="#include <Python.h>\nint main(void) { return 0; }"):
            raise CompileError(
                "the kernels of cevns are compiled, which needs a C compiler and Python's headers "
                "(on Debian or Ubuntu: apt install gcc libc6-dev python3-dev)"
            )
        ieee = [flag for flag in IEEE_FLAGS if self.accepts([flag])]
        if SANITIZE != "0":
            if not self.accepts(SANITIZE_FLAGS, SANITIZE_FLAGS):
                raise CompileError(
                    f"CEVNS_SANITIZE={SANITIZE!r}, but the compiler cannot build a program with -fsanitize={SANITIZE}"
                )
            return [*ieee, *TRACE_FLAGS, *SANITIZE_FLAGS], [*SANITIZE_FLAGS, "-lm"]
        if DEBUG:
            return [*LEVEL, *ieee], ["-lm"]
        strip = [flag for flag in RELEASE_LINK_FLAGS if self.accepts([], [flag])]
        return [*LEVEL, *RELEASE_FLAGS, *ieee], [*strip, "-lm"]

    def openmp_flags(self):
        compile_flags, link_flags = (
            (["/openmp"], []) if self.compiler.compiler_type == "msvc" else (["-fopenmp"], ["-fopenmp"])
        )
        if OPENMP != "0" and self.accepts(compile_flags, link_flags, OPENMP_PROGRAM):
            return compile_flags, link_flags
        if OPENMP == "1":
            raise CompileError("CEVNS_OPENMP=1, but the compiler cannot build a program that uses OpenMP")
        return [], []

    def accepts(self, flags, link_flags=(), program="int main(void) { return 0; }"):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "probe.c").write_text(program + "\n")
            try:
                objects = self.compiler.compile([f"{folder}/probe.c"], output_dir=folder, extra_postargs=flags)
                self.compiler.link_executable(objects, "probe", output_dir=folder, extra_postargs=list(link_flags))
            except (CompileError, LinkError):
                return False
            return True


options = {"include_dirs": [numpy.get_include()], "define_macros": [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]}
sources = sorted(Path("src_cython").glob("*.pyx"))
kernels = [Extension(SHARED, ["src_cython/memoryviews.c"], **options)]
kernels += [Extension(f"cevns.kernels.{path.stem}", [path.as_posix()], **options) for path in sources]
setup(cmdclass={"build_ext": BuildKernels}, ext_modules=kernels)
