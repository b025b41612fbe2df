"""Draws what SoakTest wrote: python3 testing/plot_soak.py testing/target/soak.csv docs/images/soak.png"""

import csv
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

with open(sys.argv[1]) as file:
    rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
minutes = [row["second"] / 60 for row in rows]
panels = [
    ("Java heap after collection, MB", "heap_bytes", 1e6),
    ("anonymous memory of the process, MB", "anonymous_bytes", 1e6),
    ("open files", "open_files", 1),
    ("bytes on disk, MB", "disk_bytes", 1e6),
    ("documents", "documents", 1),
    ("answers so far", "answers", 1),
]
figure, axes = pyplot.subplots(2, 3, figsize=(11, 5), sharex=True, layout="constrained")
for axis, (title, name, unit) in zip(axes.flat, panels):
    axis.plot(minutes, [row[name] / unit for row in rows], marker=".", color="#1f5f7a")
    axis.set_ylim(bottom=0)
    axis.set_title(title, fontsize=10)
    axis.grid(alpha=0.3)
for axis in axes[-1]:
    axis.set_xlabel("minutes")
figure.savefig(sys.argv[2], dpi=90)
