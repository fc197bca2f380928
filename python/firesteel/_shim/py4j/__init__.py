"""What a child process of ``firesteel run`` finds by the name ``py4j``; ``firesteel._pyspark`` takes its place."""

import importlib
import sys

from firesteel._pyspark import install

install()
del sys.modules[__name__]
importlib.import_module(__name__)
