#!/usr/bin/env python3
"""report_test.py: what benchmarks/report makes of what the programs measured.

The report is written by its program, out of small JSON files, and read as the file that it is.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTHING = {"title": "T", "about": "", "rows": [], "goals": []}


def row(name, median, spread=0.0, ratio=1.0, **more):
    return {"name": name, "median": median, "spread": spread, "ratio": ratio, "samples": [median], **more}


def point(series, x, median, spread=0.0, ratio=1.0):
    return row(f"{series}, {x}", median, spread, ratio, series=series, x=x)


def table(title, *rows, goals=(), **more):
    return {"title": title, "about": f"About {title}.", "rows": list(rows), "goals": list(goals), **more}


def program(name, *tables, compiler="gcc 12.2.0"):
    return {"program": name, "compiler": compiler, "tables": list(tables)}


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.to = self.folder / "docs"

    def run_report(self, *builds, **environment):
        """Each build is a list of programs."""
        folders = []
        for index, build in enumerate(builds):
            folder = self.folder / f"build{index}/results"
            folder.mkdir(parents=True, exist_ok=True)
            for one in build:
                (folder / f"{one['program']}.json").write_text(json.dumps(one))
            folders.append(folder)
        return subprocess.run([sys.executable, "-B", ROOT / "benchmarks/report/report.py", *folders, "--to", self.to],
                              capture_output=True, text=True, env={**os.environ, **environment})

    def report(self, *builds, **environment):
        result = self.run_report(*builds, **environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return (self.to / "report.md").read_text()

    def section(self, text, heading):
        """The lines between a heading and the next one, without empty ones."""
        found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
        self.assertIsNotNone(found, f"no {heading} in\n{text}")
        return [line for line in found[1].splitlines() if line]

    def rows_of(self, text, heading):
        return [line for line in self.section(text, heading) if line.startswith("|")]

    def fact(self, text, name):
        return next(line for line in self.rows_of(text, "Machine") if line.startswith(f"| {name} |"))


class Tables(Report):
    def test_rows_have_median_spread_and_ratio(self):
        text = self.report([program("alloc_arena_bench", table(
            "Bump", row("raw bump", 0.7, 0.007), row("Arena", 1234.5, 123.45, 1763.57), row("malloc", 56789.4, 0, 2)))])
        self.assertEqual(self.section(text, "Bump"), [
            "About Bump.",
            "![Bump](plots/bump.svg)",
            "|  | median ns | spread | ratio |",
            "|---|---:|---:|---:|",
            "| raw bump | 0.70 | ±1.0 % | 1.00 |",
            "| Arena | 1,234.5 | ±10.0 % | 1763.57 |",
            "| malloc | 56,789 | ±0.0 % | 2.00 |"])

    def test_compilers_stand_beside_each_other(self):
        both = table("Bump", row("Arena", 1.0), row("only gcc", 3.0, 0, 3))
        one = table("Bump", row("Arena", 2.0), row("only clang", 4.0, 0, 2))
        text = self.report([program("a", both)], [program("a", one, compiler="clang 19.1.7")])
        self.assertEqual(self.rows_of(text, "Bump"), [
            "|  | median ns, gcc 12.2.0 | spread | ratio | median ns, clang 19.1.7 | spread | ratio |",
            "|---|---:|---:|---:|---:|---:|---:|",
            "| Arena | 1.00 | ±0.0 % | 1.00 | 2.00 | ±0.0 % | 1.00 |",
            "| only gcc | 3.00 | ±0.0 % | 3.00 | not measured |  |  |",
            "| only clang | not measured |  |  | 4.00 | ±0.0 % | 2.00 |"])

    def test_memory_and_other_figures_have_columns(self):
        text = self.report([program("a", table("Churn", row("Arena", 1.0, memory_bytes=2048, values={"faults": 3}),
                                               row("heap", 2.0, memory_bytes=20 << 20, values={"faults": 0})))])
        self.assertEqual(self.rows_of(text, "Churn"), [
            "|  | median ns | spread | ratio | memory | faults |",
            "|---|---:|---:|---:|---:|---:|",
            "| Arena | 1.00 | ±0.0 % | 1.00 | 2 KiB | 3.00 |",
            "| heap | 2.00 | ±0.0 % | 1.00 | 20 MiB | 0 |"])

    def test_a_missing_peer_is_named_with_the_reason(self):
        reason = "not installed (make bench-peers)"
        text = self.report([program("a", table("Bump", row("Arena", 1.0), {"name": "jemalloc", "left_out": reason}),
                                    table("Calls", {"name": "zigmund", "values": {"calls": 2, "bytes": 1}},
                                          {"name": "nginx", "left_out": reason}, columns=["calls", "bytes"]))])
        self.assertEqual(self.rows_of(text, "Bump")[-1], f"| jemalloc | {reason} |  |  |")
        self.assertEqual(self.rows_of(text, "Calls")[-1], f"| nginx | {reason} |  |")

    def test_a_curve_has_a_line_for_each_series(self):
        text = self.report([program("a", table(
            "Sizes", point("raw bump", 64, 2.0), point("raw bump", 8, 1.0), point("Arena", 64, 3.0, 0.3, 1.5),
            point("Arena", 8, 2.0, 0.1, 2.0), {"name": "heap, 8", "series": "heap", "x": 8, "left_out": "too slow"},
            axis="bytes"))])
        self.assertEqual(self.rows_of(text, "Sizes"), [
            "| median ns, spread (ratio); bytes: | 8 | 64 |",
            "|---|---:|---:|",
            "| raw bump | 1.00 ±0 % (1.00) | 2.00 ±0 % (1.00) |",
            "| Arena | 2.00 ±5 % (2.00) | 3.00 ±10 % (1.50) |",
            "| heap | too slow |  |"])

    def test_counts_of_each_compiler_are_shown(self):
        counts = [program("alloc_instructions", table("Instructions", {"name": "arena", "values": {"instructions": count}},
                                                      columns=["instructions"]), compiler=compiler)
                  for count, compiler in ((9, "gcc 12.2.0"), (7.5, "clang 19.1.7"))]
        text = self.report(counts[:1], counts[1:])
        self.assertEqual(self.section(text, "Instructions")[2:], [
            "gcc 12.2.0:", "|  | instructions |", "|---|---:|", "| arena | 9.00 |",
            "clang 19.1.7:", "|  | instructions |", "|---|---:|", "| arena | 7.50 |"])

    def test_programs_come_in_the_report_s_order_and_unknown_ones_last(self):
        text = self.report([program("a_new_one", table("New", row("x", 1.0))), program("load.py", table("Load", row("x", 1.0))),
                            program("alloc_bump_bench", table("Bump", row("x", 1.0)))])
        self.assertEqual(self.section(text, "Tables"), ["- [Bump](#bump)", "- [Load](#load)", "- [New](#new)"])


class Goals(Report):
    GOALS = [{"row": "Arena", "at_most": 1.05, "base": "raw bump", "ratio": 1.01, "met": True},
             {"row": "Arena", "at_most": 0.5, "base": "malloc", "ratio": 0.75, "met": False},
             {"row": "Arena", "at_most": 0.5, "base": "jemalloc"}]

    def test_are_met_missed_or_not_compared(self):
        text = self.report([program("a", table("Bump", row("Arena", 1.0), goals=self.GOALS))])
        lines = ["Arena at most 1.05 × raw bump: 1.01: met", "Arena at most 0.50 × malloc: 0.75: **MISSED**",
                 "Arena at most 0.50 × jemalloc: not compared, a row was not measured"]
        self.assertEqual(self.section(text, "Bump")[-3:], [f"- goal: {line}" for line in lines])
        self.assertEqual(self.section(text, "Goals"), [
            "1 of 3 are met, **1 are missed**, 1 could not be compared.",
            "- **MISSED** (gcc 12.2.0): Bump: Arena at most 0.50 × malloc: 0.75"])

    def test_say_of_which_compiler_they_are_where_there_are_two(self):
        bump = table("Bump", row("Arena", 1.0), goals=self.GOALS[:1])
        text = self.report([program("a", bump)], [program("a", bump, compiler="clang 19.1.7")])
        self.assertEqual(self.section(text, "Bump")[-2:],
                         [f"- goal ({compiler}): Arena at most 1.05 × raw bump: 1.01: met"
                          for compiler in ("gcc 12.2.0", "clang 19.1.7")])

    def value_goal(self, **goal):
        text = self.report([program("load.py", table("Load", {"name": "zigmund", "values": {"r": 1}}, columns=["r"],
                                                     goals=[goal]))])
        return self.section(text, "Load")[-1]

    def test_of_a_figure_have_its_unit(self):
        self.assertEqual(
            self.value_goal(text="user time", value=0.875, bar=1.0, at_most=True, unit="us", met=True),
            "- goal: user time: 0.88 us, at most 1.00 us: met")

    def test_without_a_unit_have_no_gap(self):
        self.assertEqual(
            self.value_goal(text="requests, of raw epoll", value=0.9, bar=0.95, at_most=False, unit="", met=False),
            "- goal: requests, of raw epoll: 0.90, at least 0.95: **MISSED**")

    def test_that_are_missed_by_little_show_by_what(self):
        self.assertEqual(
            self.value_goal(text="requests, of raw epoll", value=0.9478, bar=0.95, at_most=False, unit="", met=False),
            "- goal: requests, of raw epoll: 0.9478, at least 0.95: **MISSED**")


class WhereOthersAreFaster(Report):
    def lost(self, *tables):
        return self.section(self.report([program("a", *tables)]), "Where others are faster")

    def test_lists_what_is_lost_by_more_than_a_twentieth(self):
        lines = self.lost(table("Close", row("Arena", 1.05), row("malloc", 1.0)),
                          table("Lost", row("Arena", 3.0), row("Pool", 2.12), row("malloc", 2.0), row("jemalloc", 2.5)))
        self.assertEqual(lines[1:], [
            "| table | at | our fastest, ns | the fastest, ns | ratio |",
            "|---|---:|---:|---:|---:|",
            "| [Lost](#lost) |  | Pool: 2.12 | malloc: 2.00 | 1.06 |",
            "In the other 1 comparisons ours is the fastest, or within 5 % of it."])

    def test_compares_each_point_of_a_curve(self):
        lines = self.lost(table("Sizes", point("Arena", 8, 1.0), point("Arena", 64, 4.0), point("malloc", 8, 2.0),
                                point("malloc", 64, 2.0), axis="bytes"))
        self.assertIn("| [Sizes](#sizes) | bytes 64 | Arena: 4.00 | malloc: 2.00 | 2.00 |", lines)
        self.assertEqual(lines[-1], "In the other 1 comparisons ours is the fastest, or within 5 % of it.")

    def test_a_floor_is_no_rival(self):
        lines = self.lost(table("Bump", row("raw bump", 0.5), row("Arena", 1.0)))
        self.assertEqual(lines[1:], ["None.", "In the other 0 comparisons ours is the fastest, or within 5 % of it."])


class Conditions(Report):
    def test_a_program_that_did_not_run_is_named(self):
        text = self.report([program("alloc_bump_bench", NOTHING | {"title": "Bump", "rows": [row("x", 1.0)]})])
        left_out = self.fact(text, "left out of this run")
        self.assertIn("gcc 12.2.0: alloc_arena_bench, ", left_out)
        self.assertIn("load.py", left_out)
        self.assertNotIn("alloc_bump_bench", left_out)

    def test_peers_have_versions_or_are_named_as_not_installed(self):
        bin_ = self.folder / "bin"
        bin_.mkdir()
        (bin_ / "dpkg-query").write_text(
            '#!/bin/sh\nfor name; do :; done\n[ "$name" != wrk ] || printf "installed 4.1.0"\n')
        (bin_ / "dpkg-query").chmod(0o755)
        text = self.report([program("a", table("Bump", row("x", 1.0)))], PATH=f"{bin_}:{os.environ['PATH']}")
        self.assertEqual(self.fact(text, "versions"), "| versions | wrk 4.1.0 |")
        absent = self.fact(text, "not installed")
        for name in ("libjemalloc2", "libprotobuf-dev", "nginx-light"):
            self.assertIn(name, absent)
        self.assertNotIn("wrk", absent)

    def test_no_results_say_what_makes_them(self):
        result = self.run_report([])
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"report.py: no results in {self.folder}/build0/results: make bench writes them\n"))

    def test_results_are_kept_beside_it_and_old_files_are_gone(self):
        first = [program("a", table("Bump", row("x", 1.0))), program("b", table("Old", row("x", 1.0)))]
        self.report(first)
        (self.folder / "build0/results/b.json").unlink()
        self.report(first[:1])
        self.assertEqual(sorted(str(path.relative_to(self.to)) for path in self.to.rglob("*.*")),
                         ["plots/bump.svg", "report.md", "results/gcc-12-2-0/a.json", "results/machine.json"])
        self.assertEqual(json.loads((self.to / "results/gcc-12-2-0/a.json").read_text()), first[0])


class Plots(Report):
    SVG = "{http://www.w3.org/2000/svg}"

    def plot(self, *builds):
        """The only one of a report."""
        self.report(*builds)
        file, = (self.to / "plots").iterdir()
        return xml.etree.ElementTree.fromstring(file.read_text())

    def all(self, plot, kind):
        return plot.findall(f".//{self.SVG}{kind}")

    def texts(self, plot):
        return [text.text for text in self.all(plot, "text")]

    def test_are_well_formed_whatever_the_names_are(self):
        name = 'vector<int> & "x"'
        for one in (table(name, row(name, 1.0)), table(name, point(name, 8, 1.0), axis=name),
                    table(name, {"name": name, "values": {name: 1}}, columns=[name])):
            plot = self.plot([program("a", one)])
            self.assertEqual(plot.get("aria-label"), name)
            self.assertIn(name, self.texts(plot))

    def test_the_length_of_a_bar_is_its_value(self):
        plot = self.plot([program("a", table("Bump", row("Arena", 10.0), row("malloc", 40.0)))])
        first, second = (float(bar.get("width")) for bar in self.all(plot, "rect"))
        self.assertAlmostEqual(second / first, 4, delta=0.01)
        self.assertIn("ns", self.texts(plot))

    def test_values_that_lie_far_apart_have_a_logarithmic_axis_that_says_so(self):
        plot = self.plot([program("a", table("Bump", row("a", 1.0), row("b", 100.0), row("c", 10_000.0)))])
        widths = [float(bar.get("width")) for bar in self.all(plot, "rect")]
        self.assertAlmostEqual(widths[2] - widths[1], widths[1] - widths[0], delta=0.2)
        self.assertIn("ns, logarithmic", self.texts(plot))

    def test_each_compiler_has_a_bar_and_a_name(self):
        plot = self.plot([program("a", table("Bump", row("Arena", 1.0), row("only gcc", 2.0)))],
                         [program("a", table("Bump", row("Arena", 3.0)), compiler="clang 19.1.7")])
        self.assertEqual(len(self.all(plot, "rect")), 2 + 3)  # two in the legend
        self.assertLessEqual({"gcc 12.2.0", "clang 19.1.7"}, set(self.texts(plot)))

    def test_what_was_left_out_has_no_bar(self):
        plot = self.plot([program("a", table("Bump", row("Arena", 1.0), {"name": "jemalloc", "left_out": "not installed"}))])
        self.assertEqual(len(self.all(plot, "rect")), 1)
        self.assertNotIn("jemalloc", self.texts(plot))

    def test_our_curves_are_thick_and_go_through_their_points(self):
        plot = self.plot([program("a", table("Sizes", point("Arena", 8, 1.0), point("Arena", 64, 1.0), point("malloc", 8, 2.0),
                                             point("malloc", 64, 4.0), axis="bytes"))])
        ours, _, other, _ = self.all(plot, "polyline")  # and a line from each to its name
        self.assertGreater(float(ours.get("stroke-width")), float(other.get("stroke-width")))
        (_, low), (_, high) = (map(float, at.split(",")) for at in ours.get("points").split())
        self.assertEqual(low, high)
        (left, low), (right, high) = (map(float, at.split(",")) for at in other.get("points").split())
        self.assertLess(left, right)
        self.assertLess(high, low)  # more time is further up

    def test_the_names_of_curves_lie_within_the_plot_and_apart(self):
        for medians in ([1.0] * 14, [1000.0] + [1.0] * 13, [float(i) for i in range(1, 15)]):
            plot = self.plot([program("a", table("Sizes", *(point(f"series {i}", x, median) for i, median in enumerate(medians)
                                                            for x in (8, 64)), axis="bytes"))])
            labels = sorted(float(text.get("y")) for text in self.all(plot, "text") if text.text.startswith("series "))
            self.assertEqual(len(labels), 14)
            self.assertGreaterEqual(min(b - a for a, b in zip(labels, labels[1:])), 15.9)
            self.assertTrue(0 < labels[0] and labels[-1] < float(plot.get("height")), labels)

    def test_a_page_may_be_light_or_dark(self):
        """Nothing is filled behind the plot; text changes with the page; other colours stand out on both."""
        plot = self.plot([program("a", table("Sizes", *(point(f"series {i}", x, 1.0 + i) for i in range(11) for x in (8, 64)),
                                             axis="bytes"))])
        style = plot.find(f"{self.SVG}style").text
        light = re.search(r"\nsvg \{ color: (#\w+) \}", style)[1]
        dark = re.search(r"scheme: dark\) \{ svg \{ color: (#\w+) \} \}", style)[1]
        pages = {"light": ("#ffffff", light), "dark": ("#0d1117", dark)}
        self.assertIn("text { fill: currentColor;", style)
        self.assertFalse(self.all(plot, "rect"))
        colours = {line.get("stroke") for line in self.all(plot, "polyline")}
        self.assertEqual(len(colours), 11)
        for name, (page, words) in pages.items():
            self.assertGreaterEqual(contrast(page, words), 7, name)
            for colour in colours:
                self.assertGreaterEqual(contrast(page, colour), 3, f"{colour} on a {name} page")


def contrast(one, other):
    """As the W3C's guidelines for accessible pages define it: 3 is what graphics need at least, 4.5 what text needs."""
    def luminance(colour):
        channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


if __name__ == "__main__":
    unittest.main()
