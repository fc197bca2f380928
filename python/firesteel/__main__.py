"""``python -m firesteel script.py`` runs a PySpark script; ``python -m firesteel COMMAND`` is the command line."""

import sys

from firesteel.cli import main

if __name__ == "__main__":
    sys.exit(main())
