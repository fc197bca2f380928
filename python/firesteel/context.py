"""SparkContext, as far as scripts use it on one machine."""

from __future__ import annotations

import getpass
import logging
import threading
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from firesteel.conf import SparkConf
from firesteel.errors import IllegalArgumentException, _missing

if TYPE_CHECKING:
    from firesteel.rdd import RDD
    from firesteel.sql.session import SparkSession

__all__ = ["SparkContext"]

_LEVELS = {
    "ALL": 1,
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
    "OFF": logging.CRITICAL + 10,
}


class SparkContext:
    """A session's context, as Spark scripts know it.

    Parameters
    ----------
    master, appName : str, optional
        As for ``SparkSession.builder``.
    conf : SparkConf, optional
        More settings.
    """

    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar")

    def __init__(
        self,
        master: str | None = None,
        appName: str | None = None,
        sparkHome: str | None = None,
        pyFiles: Any = None,
        environment: Any = None,
        batchSize: int = 0,
        serializer: Any = None,
        conf: SparkConf | None = None,
        gateway: Any = None,
        jsc: Any = None,
        profiler_cls: Any = None,
        udf_profiler_cls: Any = None,
        memory_profiler_cls: Any = None,
        *,
        _session: SparkSession | None = None,
    ) -> None:
        if _session is None:
            from firesteel.sql.session import SparkSession

            builder = SparkSession.builder.config(conf=conf or SparkConf())
            if master:
                builder = builder.master(master)
            _session = builder.appName(appName or "firesteel").getOrCreate()
        self._session = _session
        self._local = threading.local()
        self._checkpoint_dir: str | None = None
        self._files: list[str] = []
        self.startTime = int(time.time() * 1000)

    @classmethod
    def getOrCreate(cls, conf: SparkConf | None = None) -> SparkContext:
        """Returns the context of the running session, or makes one."""
        from firesteel.sql.session import SparkSession

        return SparkSession.builder.config(conf=conf or SparkConf()).getOrCreate().sparkContext

    def setLogLevel(self, logLevel: str) -> None:
        """Sets the level of Firesteel's log, the logger ``firesteel`` of Python's ``logging``."""
        if logLevel.upper() not in _LEVELS:
            raise IllegalArgumentException(f"the log level must be one of {', '.join(_LEVELS)}, found '{logLevel}'")
        logging.getLogger("firesteel").setLevel(_LEVELS[logLevel.upper()])

    @property
    def defaultParallelism(self) -> int:
        """How many threads compute."""
        return self._session._native.lanes()

    @property
    def defaultMinPartitions(self) -> int:
        """How many partitions a file is read in at least."""
        return min(self.defaultParallelism, 2)

    @property
    def appName(self) -> str:
        """The application's name."""
        return self._session.conf.get("spark.app.name") or ""

    @property
    def applicationId(self) -> str:
        """The application's id."""
        return f"local-{self.startTime}"

    @property
    def master(self) -> str:
        """The master."""
        return self._session.conf.get("spark.master") or ""

    @property
    def version(self) -> str:
        """The version of Spark that Firesteel follows."""
        return self._session.version

    @property
    def uiWebUrl(self) -> str | None:
        """None: there is no user interface."""
        return None

    def sparkUser(self) -> str:
        """Returns the user."""
        return getpass.getuser()

    def getConf(self) -> SparkConf:
        """Returns a copy of the settings."""
        conf = self._session.conf
        settings = SparkConf().setAll(conf.getAll.items())
        return settings.setIfMissing("spark.master", self.master).setIfMissing("spark.app.name", self.appName)

    def parallelize(self, c: Iterable[Any], numSlices: int | None = None) -> RDD:
        """Makes an RDD of the elements of a collection."""
        from firesteel.rdd import RDD

        elements = list(c)
        slices = max(1, min(numSlices or self.defaultParallelism, len(elements) or 1))
        cuts = [len(elements) * i // slices for i in range(slices + 1)]
        return RDD(lambda: [elements[a:b] for a, b in pairwise(cuts)])

    def range(self, start: int, end: int | None = None, step: int = 1, numSlices: int | None = None) -> RDD:
        """Makes an RDD of numbers."""
        return self.parallelize(range(start) if end is None else range(start, end, step), numSlices)

    def broadcast(self, value: Any) -> Broadcast:
        """Wraps a value: one process has nothing to send."""
        return Broadcast(value)

    def setJobGroup(self, groupId: str, description: str, interruptOnCancel: bool = False) -> None:
        """Names the work that this thread starts.

        The names are local properties, since there is no user interface.
        """
        self.setLocalProperty("spark.jobGroup.id", groupId)
        self.setLocalProperty("spark.job.description", description)
        self.setLocalProperty("spark.job.interruptOnCancel", str(interruptOnCancel).lower())

    def setJobDescription(self, value: str | None) -> None:
        """Describes the work that this thread starts, as a local property."""
        self.setLocalProperty("spark.job.description", value)

    def setInterruptOnCancel(self, interruptOnCancel: bool) -> None:
        """Keeps the flag as a local property.

        A query that is stopped always ends between two record batches.
        """
        self.setLocalProperty("spark.job.interruptOnCancel", str(interruptOnCancel).lower())

    def setLocalProperty(self, key: str, value: str | None) -> None:
        """Keeps a property of this thread, or forgets it if the value is None.

        A scheduler's pool (``spark.scheduler.pool``) has no effect, since queries share the threads
        of this process.
        """
        if value is None:
            self._of_thread().properties.pop(key, None)
        else:
            self._of_thread().properties[key] = value

    def getLocalProperty(self, key: str) -> str | None:
        """Returns a property of this thread, or None."""
        return self._of_thread().properties.get(key)

    def addJobTag(self, tag: str) -> None:
        """Adds a tag to the work that this thread starts."""
        self._of_thread().tags.add(tag)

    def removeJobTag(self, tag: str) -> None:
        """Removes a tag of this thread."""
        self._of_thread().tags.discard(tag)

    def getJobTags(self) -> set[str]:
        """Returns the tags of this thread."""
        return set(self._of_thread().tags)

    def clearJobTags(self) -> None:
        """Removes every tag of this thread."""
        self._of_thread().tags.clear()

    def _of_thread(self) -> Any:
        local = self._local
        if not hasattr(local, "properties"):
            local.properties, local.tags = {}, set()
        return local

    def setCheckpointDir(self, dirName: str) -> None:
        """Makes its own directory under `dirName`.

        DataFrame checkpoints are held in memory all the same.
        """
        import uuid
        from pathlib import Path

        target = Path(dirName.removeprefix("file://").removeprefix("file:")).absolute() / str(uuid.uuid4())
        target.mkdir(parents=True)
        self._checkpoint_dir = f"file:{target}"

    def getCheckpointDir(self) -> str | None:
        """Returns the directory that :meth:`setCheckpointDir` made, or None."""
        return self._checkpoint_dir

    def addPyFile(self, path: str) -> None:
        """Makes a module importable."""
        import sys

        self.addFile(path)
        sys.path.insert(0, path)

    def addFile(self, path: str, recursive: bool = False) -> None:
        """Copies a file to where :meth:`SparkFiles.get` finds it by its name.

        With `recursive` it copies a directory.
        """
        from firesteel.files import SparkFiles

        self._files.append(SparkFiles._add(path, recursive))

    @property
    def listFiles(self) -> list[str]:
        """The files that were added."""
        return list(self._files)

    def stop(self) -> None:
        """Stops the session."""
        self._session.stop()

    def __enter__(self) -> SparkContext:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<SparkContext master={self.master} appName={self.appName}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _missing(f"SparkContext.{name}")


class Broadcast:
    """A value that every task sees. Here it is just the value."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def unpersist(self, blocking: bool = False) -> None:
        """Does nothing: there is no copy."""

    def destroy(self, blocking: bool = False) -> None:
        """Does nothing: there is no copy. The value itself stays, as on Spark's driver."""
