"""``import pyspark`` resolves to Firesteel, for one process and its children.

``install`` puts a finder before Python's own. It answers for ``pyspark`` and the modules below it,
from two tables:

* ``MODULES``: this module of PySpark *is* that module of Firesteel. A class imported by either name
  is the same class.
* ``NAMES``: this module of PySpark has no counterpart, but these of its names do.

All other parts of PySpark can be imported, since scripts import more than they use. A call, a
subclass or an attribute of such a part raises ``PySparkNotImplementedError`` with its full name.
One of them is ``pyspark.ml``. It is Spark's library of estimators and not related to
``firesteel.ml``.

A child process finds the folder ``_shim`` through ``PYTHONPATH``. The package ``pyspark`` in it
also calls ``install``.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

SHIM = Path(__file__).with_name("_shim")

#: The release of PySpark that Firesteel follows, and the value of ``pyspark.__version__``.
VERSION = "4.3.0"

#: Module of PySpark → the module of Firesteel that it is.
MODULES = {
    "pyspark.conf": "firesteel.conf",
    "pyspark.context": "firesteel.context",
    "pyspark.errors": "firesteel.errors",
    "pyspark.errors.exceptions": "firesteel.errors",
    "pyspark.errors.exceptions.base": "firesteel.errors",
    "pyspark.errors.exceptions.captured": "firesteel.errors",
    "pyspark.files": "firesteel.files",
    "pyspark.rdd": "firesteel.rdd",
    "pyspark.sql": "firesteel.sql",
    "pyspark.sql.catalog": "firesteel.sql.catalog",
    "pyspark.sql.column": "firesteel.sql.column",
    "pyspark.sql.conf": "firesteel.sql.conf",
    "pyspark.sql.context": "firesteel.sql.context",
    "pyspark.sql.dataframe": "firesteel.sql.dataframe",
    "pyspark.sql.functions": "firesteel.sql.functions",
    "pyspark.sql.functions.builtin": "firesteel.sql.functions",
    "pyspark.sql.group": "firesteel.sql.group",
    "pyspark.sql.observation": "firesteel.sql.observation",
    "pyspark.sql.pandas": "firesteel.sql.pandas",
    "pyspark.sql.pandas.functions": "firesteel.sql.pandas.functions",
    "pyspark.sql.readwriter": "firesteel.sql.readwriter",
    "pyspark.sql.session": "firesteel.sql.session",
    "pyspark.sql.streaming": "firesteel.sql.streaming",
    "pyspark.sql.streaming.listener": "firesteel.sql.streaming.listener",
    "pyspark.sql.streaming.query": "firesteel.sql.streaming.query",
    "pyspark.sql.streaming.readwriter": "firesteel.sql.streaming.readwriter",
    "pyspark.sql.streaming.state": "firesteel.sql.streaming.state",
    "pyspark.sql.streaming.stateful_processor": "firesteel.sql.streaming.stateful_processor",
    "pyspark.sql.streaming.tws_tester": "firesteel.sql.streaming.tws_tester",
    "pyspark.sql.types": "firesteel.sql.types",
    "pyspark.sql.udf": "firesteel.sql.udf",
    "pyspark.sql.utils": "firesteel.errors",
    "pyspark.sql.window": "firesteel.sql.window",
    "pyspark.storagelevel": "firesteel.storagelevel",
}

#: Module of PySpark without a counterpart → those of its names that have one.
NAMES = {
    "pyspark": {
        "RDD": "firesteel.rdd",
        "Row": "firesteel.sql",
        "SparkConf": "firesteel.conf",
        "SparkContext": "firesteel.context",
        "SparkFiles": "firesteel.files",
        "StorageLevel": "firesteel.storagelevel",
    },
}

ROOTS = ("pyspark", "py4j")


def refuse(name: str) -> NoReturn:
    """Raise the error for a part of PySpark that Firesteel lacks."""
    from firesteel.errors import PySparkNotImplementedError

    feature = f"{name}, a part of Spark that Firesteel lacks,"
    raise PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": feature})


class Missing:
    """Stands for a name that Firesteel lacks. A script may import it but not use it."""

    def __init__(self, name: str) -> None:
        self.__name = name
        self.__doc__ = f"Stands for {name}, which Firesteel lacks."

    def __repr__(self) -> str:
        return f"<{self.__name}, which Firesteel lacks>"

    def __call__(self, *_: object, **__: object) -> NoReturn:
        refuse(self.__name)

    def __mro_entries__(self, bases: tuple) -> NoReturn:  # called for the base of a class
        del bases
        refuse(self.__name)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # Python and its tools look for these names, and scripts do not
            raise AttributeError(name)
        refuse(f"{self.__name}.{name}")

    def __instancecheck__(self, _: object) -> bool:
        return False  # nothing here was made by it

    def __getitem__(self, _: object) -> Missing:
        return self  # RDD[int] in an annotation

    def __or__(self, _: object) -> Missing:
        return self  # RDD | None in an annotation

    __ror__ = __or__


def stand_in(full_name: str) -> Missing | type[Exception]:
    """Return what takes the place of a name that Firesteel lacks.

    A name that reads like an exception becomes an exception class. So ``except Py4JJavaError``
    works and catches nothing.
    """
    name = full_name.rpartition(".")[2]
    if name.endswith(("Error", "Exception", "Warning")):
        return type(name, (Exception,), {"__doc__": f"Stands for {full_name}, which Firesteel never raises."})
    return Missing(full_name)


def lookup(pyspark_name: str, module: ModuleType) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module.

    It tries the module's own and then its submodules. Other names get stand-ins.
    """
    own = module.__dict__.get("__getattr__")

    def __getattr__(name: str) -> Any:
        if own is not None:
            try:
                return own(name)
            except AttributeError:
                pass
        full_name = f"{pyspark_name}.{name}"
        if full_name in MODULES:
            return importlib.import_module(full_name)
        if name == "__all__" and pyspark_name not in MODULES:
            text = f"'from {pyspark_name} import *' brings nothing in: Firesteel has no {pyspark_name}"
            warnings.warn(text, stacklevel=2)
            module.__dict__["__all__"] = []
            return []
        if name.startswith("_"):
            message = f"module {module.__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return stand_in(full_name)

    return __getattr__


class Finder(MetaPathFinder, Loader):
    """Finds and makes the modules of PySpark."""

    def __init__(self) -> None:
        self._opened: set[str] = set()  # modules of Firesteel that have our __getattr__ already

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for PySpark and the modules below it, and leave the rest to other finders."""
        del path, target
        root = fullname.partition(".")[0]
        if root not in ROOTS:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let Python make an empty module, which ``exec_module`` may replace."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module, or put Firesteel's own into ``sys.modules``."""
        name = module.__name__
        target = MODULES.get(name)
        if target is not None:
            sys.modules[name] = module = importlib.import_module(target)
            if not hasattr(module, "__path__"):  # PySpark has a package here
                module.__path__ = []
            if target in self._opened:
                return
            self._opened.add(target)
        else:
            module.__doc__ = f"What Firesteel has of {name}, and names that raise when they are used."
            names = NAMES.get(name)
            if names is not None:
                for attribute, source in names.items():
                    setattr(module, attribute, getattr(importlib.import_module(source), attribute))
                module.__dict__.update(__version__=VERSION, __all__=[*names, "__version__"])
        module.__dict__["__getattr__"] = lookup(name, module)


def install() -> None:
    """Resolve ``pyspark`` to Firesteel in this process, even if the real one is installed."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


def install_for_children() -> None:
    """Resolve ``pyspark`` to Firesteel in every Python process that this one starts from now on."""
    shim = str(SHIM)
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != shim]
    os.environ["PYTHONPATH"] = os.pathsep.join([shim, *paths])
    if shim not in sys.path:  # multiprocessing gives its children this list in place of their own
        sys.path.insert(1, shim)
