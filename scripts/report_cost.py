"""What a report costs as rows grow: measure one run, or draw docs/report_cost.csv.

python scripts/report_cost.py measure segments orders.csv   one line of JSON, run as a shop would
python scripts/report_cost.py draw                          docs/static/report_cost.png
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

from ecomlab.project import ROOT
from ecomlab.running.kernels import memory_mb

TABLE = ROOT / "docs" / "report_cost.csv"
PICTURE = ROOT / "docs" / "static" / "report_cost.png"


def measure(report, data):
    """Run the command on a file; return its lines, seconds and peak memory with all children."""
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("ecomlab"), "report", report, "--quiet"]
        command += ["--data", data, "--out", Path(folder) / "report.html"]
        started = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory_mb(process.pid))
            time.sleep(0.2)
        if process.returncode:
            raise SystemExit(f"the report ended with code {process.returncode}")
        seconds = time.perf_counter() - started
    with Path(data).open("rb") as stream:
        lines = sum(1 for _ in stream) - 1
    cost = {"report": report, "lines": lines, "seconds": round(seconds, 1)}
    return cost | {"peak_mb": round(peak), "cores": len(psutil.Process().cpu_affinity())}


def draw():
    """Draw seconds and memory over lines, for each report."""
    import matplotlib.pyplot as plt

    from ecomlab import plots

    plots.use_style()
    table = pd.read_csv(TABLE)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    for name, rows in table.groupby("report", sort=False):
        axes[0].plot(rows["lines"], rows["seconds"], marker="o", label=name)
        axes[1].plot(rows["lines"], rows["peak_mb"] / 1024, marker="o", label=name)
    axes[0].set(xscale="log", xlabel="order lines", ylabel="seconds", title="Time")
    axes[1].set(xscale="log", xlabel="order lines", ylabel="GB", title="Peak memory")
    for axis in axes:
        axis.set_ylim(bottom=0)
    axes[0].legend()
    figure.savefig(PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"] and len(sys.argv) == 4:
        print(json.dumps(measure(sys.argv[2], sys.argv[3])))
    elif sys.argv[1:] == ["draw"]:
        draw()
    else:
        raise SystemExit(__doc__)
