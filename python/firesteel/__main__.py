"""The module that ``python -m firesteel`` runs: a PySpark script or a command."""

import sys

from firesteel.cli import main

if __name__ == "__main__":
    sys.exit(main())
