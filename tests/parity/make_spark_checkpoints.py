"""Makes ``tests/fixtures/spark_checkpoints`` anew with real PySpark 4.3 (needs Java 17).

``files`` has twelve batches, so that the logs of the source and the sink were compacted once.
``rate`` has three batches, one a run. ``availableNow`` takes one batch of ``rate-micro-batch``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import handover

STEP = Path(__file__).with_name("handover_step.py")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="handover-") as directory:
        made = Path(directory)
        files, rate = made / "files", made / "rate"
        handover.add_input(files, 0, 12)
        arguments = ["files", str(files), *["rate", str(rate)] * 3]
        subprocess.run([sys.executable, STEP, *arguments], check=True)
        for root in (files, rate):
            handover.pack(root)
            shutil.rmtree(handover.FIXTURES / root.name, ignore_errors=True)
            shutil.copytree(root, handover.FIXTURES / root.name)


if __name__ == "__main__":
    main()
