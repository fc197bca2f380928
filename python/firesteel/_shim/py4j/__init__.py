"""The ``py4j`` that a child process of ``firesteel run`` finds.

``firesteel._pyspark`` takes its place.
"""

import importlib
import sys

from firesteel._pyspark import install

install()
del sys.modules[__name__]
importlib.import_module(__name__)
