"""Every write-like system call of a heal goes wrong, one after the other: the process is killed in place of it or in the middle
of it, or it fails, once or from then on. After each, no row is lost, no success was claimed falsely, and the next run converges.

By default a sample of the calls, another one for each seed; SELFHEAL_SWEEP=all takes them all (make test-crash), and
SELFHEAL_SEED=N repeats a sample."""

import concurrent.futures
import os
import random
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import application

SAMPLE = 60
WHOLE = os.environ.get("SELFHEAL_SWEEP") == "all"
SEED = int(os.environ.get("SELFHEAL_SEED", random.randrange(1 << 32)))
# Two runs may differ by some calls, by what their threads do first.
SLACK = 12

# What a run must remove stands beside the files of its users: these few calls are always tried, all of them.
ONLY_REMOVALS = ["--only", "unlinkat"]


class Scenario:
    """What is run and must survive. Others derive from this: what is there, the command, and what holds afterwards."""

    name = "auto-heal with rebuilds"
    command = ("auto-heal", "--format", "json")

    def prepare(self, root):
        application.make_application(root)

    def check(self, root, scratch, answer):
        states = application.check_now(root, scratch)
        application.check_claims(root, answer, states)
        application.check_converges(root)


SCENARIOS = [Scenario()]

FAULTS = {
    "killed before": lambda n: ["--kill", n],
    "killed within": lambda n: ["--tear", n],
    "EIO": lambda n: ["--errno", "EIO", "--at", n],
    "EIO from then on": lambda n: ["--errno", "EIO", "--at", n, "--onwards"],
    "ENOSPC": lambda n: ["--errno", "ENOSPC", "--at", n],
    "ENOSPC from then on": lambda n: ["--errno", "ENOSPC", "--at", n, "--onwards"],
    "no removal once": lambda n: [*ONLY_REMOVALS, "--errno", "EIO", "--at", n],
    "no removal from then on": lambda n: [*ONLY_REMOVALS, "--errno", "EIO", "--at", n, "--onwards"],
}


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = application.temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.injector = application.compiled_injector(cls.folder)
        cls.prepared, cls.calls, cls.removals = {}, {}, {}
        for scenario in SCENARIOS:
            root = cls.folder / f"prepared {len(cls.prepared)}"
            scenario.prepare(root)
            cls.prepared[scenario] = root
            counts = [cls.run_one(scenario, ["--count"], f"count {n}")[1] for n in range(3)]
            cls.calls[scenario] = max(counts)
            counts = [cls.run_one(scenario, [*ONLY_REMOVALS, "--count"], f"count removals {n}")[1] for n in range(3)]
            cls.removals[scenario] = max(counts)

    @classmethod
    def run_one(cls, scenario, options, name):
        """-> the answer, how many calls were seen, whether the one that was meant was reached, and its name."""
        root, report = cls.folder / name, cls.folder / f"{name} report"
        shutil.copytree(cls.prepared[scenario], root)
        prefix = [cls.injector, *options, "--report", report]
        answer = application.tool(root, *scenario.command, prefix=prefix)
        seen, reached, call = report.read_text().split()
        report.unlink()
        return answer, int(seen), reached == "1", call

    def point(self, scenario, fault, number):
        """-> whether the call was reached, and what was wrong afterwards."""
        name = f"{fault} {number}"
        root = self.folder / name
        answer, _, reached, call = self.run_one(scenario, FAULTS[fault](str(number)), name)
        try:
            if "killed" in fault:
                application.expect(answer.returncode == 137 or not reached, f"ended with {answer.returncode}")
            else:
                application.expect(answer.returncode in (0, 1, 2), f"ended with {answer.returncode}:\n{answer.text}")
            scenario.check(root, self.folder / f"{name} copy", answer)
        except Exception as error:
            kept = Path(tempfile.gettempdir()) / f"selfheal {name}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(root, kept, symlinks=True)
            return reached, f"{fault} call {number} ({call}), see {kept}: {type(error).__name__}: {error}"
        finally:
            shutil.rmtree(root, ignore_errors=True)
        return reached, None

    def sweep(self, fault):
        for scenario in SCENARIOS:
            whole = WHOLE or "removal" in fault
            calls = (self.removals if "removal" in fault else self.calls)[scenario]
            last = calls + SLACK
            numbers = list(range(1, last + 1))
            if not whole:
                # One of each stretch, so that every phase of the run is hit.
                source = random.Random(f"{SEED} {fault}")
                edges = [round(i * (last - SLACK) / SAMPLE) for i in range(SAMPLE + 1)]
                numbers = [source.randint(low + 1, high) for low, high in zip(edges, edges[1:])]
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
                results = list(pool.map(lambda number: self.point(scenario, fault, number), numbers))
            lost = [trouble for _, trouble in results if trouble]
            reached = sum(reached for reached, _ in results)
            which = f"all of {calls} calls" if whole else f"a sample, SELFHEAL_SEED={SEED}"
            print(
                f"{scenario.name}, {fault} ({which}, {time.monotonic() - begin:.0f} s): "
                f"points tried: {reached}, lost: {len(lost)}",
                flush=True,
            )
            self.assertEqual(lost, [], "\n\n".join(lost[:5]))
            self.assertGreaterEqual(reached, calls - SLACK if whole else SAMPLE - 4)
            if whole:
                self.assertFalse(results[-1][0], "the run has more calls than were tried")

    def test_killed_before(self):
        self.sweep("killed before")

    def test_killed_within(self):
        self.sweep("killed within")

    def test_input_output_error_once(self):
        self.sweep("EIO")

    def test_input_output_error_from_then_on(self):
        self.sweep("EIO from then on")

    def test_disk_full_once(self):
        self.sweep("ENOSPC")

    def test_disk_full_from_then_on(self):
        self.sweep("ENOSPC from then on")

    def test_no_removal_once(self):
        self.sweep("no removal once")

    def test_no_removal_from_then_on(self):
        self.sweep("no removal from then on")


if __name__ == "__main__":
    unittest.main()
