#!/usr/bin/env python3
"""Runs everything that `./dev test` has built, prints a line for each program, and at the end `N passed, M failed`.

A case of gtest, a test of Python's unittest and a fuzz target count one each. The whole output of a program
is kept in build/test-logs/. `./dev fuzz` runs single targets through here too."""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "test-logs"
SHOWN_LINES = 150
PROGRAM_SECONDS = 600
FUZZ_SECONDS = 10

# What crosses threads runs under ThreadSanitizer too: test programs with a filter, and files of tests/e2e.
THREADED = {
    "base_test": "Log*",
    "telemetry_test": "RecordRing*",
    "node_test": "*",
}
# The system's own, which has the packages of tools/packages.txt.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
THREADED_E2E = ("reload_test.py", "drain_test.py", "log_test.py", "tls_threads_test.py")

SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1:history_size=4",
}
SYMBOLIZER = "/usr/lib/llvm-19/bin/llvm-symbolizer"


@dataclasses.dataclass
class Outcome:
  """What one program's tests came to."""

  passed: int = 0
  failed: list = dataclasses.field(default_factory=list)
  known: int = 0
  notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Job:
  """One program to run, and how to read what it prints."""

  name: str
  command: list
  read: object
  environment: dict = dataclasses.field(default_factory=dict)
  alone: bool = False  # It measures time: nothing else runs beside it.


def environment_with(extra):
  environment = {**os.environ, **extra}
  for name, value in SANITIZERS.items():
    symbolizer = f":external_symbolizer_path={SYMBOLIZER}" if os.path.exists(SYMBOLIZER) else ""
    environment.setdefault(name, value + symbolizer)
  return environment


def read_gtest(output, code):
  """Reads lines such as `[       OK ] Suite.Case (3 ms)`; a case that began and did not end has crashed."""
  outcome = Outcome()
  begun = re.findall(r"\[ RUN      \] (\S+)", output)
  ended = {name: word for word, name in
           re.findall(r"\[ +(OK|FAILED|SKIPPED) +\] ([\w./]+).*\(\d+ ms\)", output)}
  for name in begun:
    word = ended.get(name, "CRASHED")
    if word in ("FAILED", "CRASHED"):
      outcome.failed.append(name if word == "FAILED" else f"{name} (crashed)")
    elif word == "OK":
      outcome.passed += 1
  wanted = re.search(r"\[={10}\] Running (\d+) tests?", output)
  missing = int(wanted.group(1)) - len(begun) if wanted else 0
  outcome.failed += [f"(not reached after the crash: {missing} tests)"] if missing > 0 else []
  if code != 0 and not outcome.failed:
    outcome.failed.append(f"(ended with exit code {code})")
  return outcome


def read_unittest(output, code):
  outcome = Outcome()
  ran = re.findall(r"^Ran (\d+) tests? in", output, re.MULTILINE)
  counts = {name: int(number) for name, number in
            re.findall(r"(failures|errors|skipped|expected failures|unexpected successes)=(\d+)",
                       "".join(re.findall(r"^(?:OK|FAILED) \((.*)\)$", output, re.MULTILINE)[-1:]))}
  failed = re.findall(r"^(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$", output, re.MULTILINE)
  outcome.known = counts.get("expected failures", 0)
  outcome.failed += sorted({name.split(")")[0] + ")" for name in failed})  # once for all its subtests
  if code != 0 and not outcome.failed:
    outcome.failed.append(f"(ended with exit code {code})")
  total = int(ran[-1]) if ran else 0
  outcome.passed = max(0, total - counts.get("skipped", 0) - len(outcome.failed))
  return outcome


def read_fuzz(name):
  def read(output, code):
    if code == 0:
      done = re.search(r"Done (\d+) runs", output)
      return Outcome(passed=1, notes=[f"{done.group(1)} runs"] if done else [])
    outcome = Outcome(failed=[name])
    written = re.search(r"Test unit written to (\S+)", output)
    if written:
      outcome.notes.append(f"replay it: build/fuzz/{name} {written.group(1)}")
    return outcome
  return read


def test_programs(kind):
  """{name: path} of the test programs that the build knows; a file of a test that is gone does not count."""
  listed = subprocess.run(["ctest", "--test-dir", str(BUILD / kind), "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout
  programs = {}
  for test in json.loads(listed)["tests"]:
    path = pathlib.Path(test.get("command", ["(not built)"])[0])
    programs[path.name] = path
  return programs


def fuzz_targets():
  return sorted(path.stem for path in (ROOT / "src").rglob("*_fuzz.cc"))


def gtest_job(kind, path, gtest_filter):
  return Job(f"{path.name} ({kind})", [str(path), f"--gtest_filter={gtest_filter}"], read_gtest)


def python_job(kind, path, pattern, arguments=()):
  """A pattern that the file's own name holds means all of it."""
  command = [PYTHON, str(path), *arguments, *(["-k", pattern] if pattern not in str(path.name) else [])]
  return Job(f"{path.relative_to(ROOT)} ({kind})", command, read_unittest,
             {"SLUICE_BINARY": str(BUILD / kind / "sluice")})


def fuzz_job(name, seconds):
  """New inputs are kept in build/fuzz/corpus/; what is worth keeping is moved to tests/corpus/ by hand."""
  corpus = BUILD / "fuzz" / "corpus" / name
  crashes = BUILD / "fuzz" / "crashes"
  for folder in (corpus, crashes):
    folder.mkdir(parents=True, exist_ok=True)
  seeds = ROOT / "tests" / "corpus" / name
  command = [str(BUILD / "fuzz" / name), str(corpus), *([str(seeds)] if seeds.is_dir() else []),
             f"-max_total_time={seconds}", f"-artifact_prefix={crashes.relative_to(ROOT)}/{name}-",
             "-timeout=20", "-rss_limit_mb=2048"]
  return Job(name, command, read_fuzz(name))


def jobs_of(pattern):
  """All jobs, the long ones first, so that none is left alone at the end."""
  jobs = [python_job("asan", path, pattern) for path in sorted((ROOT / "tests" / "e2e").glob("*_test.py"))]
  jobs += [gtest_job("asan", path, f"*{pattern}*") for _, path in sorted(test_programs("asan").items())]
  jobs += [fuzz_job(name, FUZZ_SECONDS) for name in fuzz_targets() if pattern in name]
  jobs += [python_job("asan", path, pattern) for path in sorted((ROOT / "tools").glob("*_test.py"))]
  load = python_job("asan", ROOT / "bench" / "load_test.py", pattern, [str(BUILD / "asan")])
  jobs.append(dataclasses.replace(load, alone=True))
  if not pattern:
    programs = test_programs("tsan")
    jobs += [gtest_job("tsan", programs[name], only) for name, only in THREADED.items() if name in programs]
    jobs += [python_job("tsan", ROOT / "tests" / "e2e" / name, "") for name in THREADED_E2E
             if (ROOT / "tests" / "e2e" / name).exists()]
  return jobs


def run(job):
  """(job, outcome, seconds, output)."""
  began = time.monotonic()
  try:
    done = subprocess.run(job.command, cwd=ROOT, env=environment_with(job.environment), timeout=PROGRAM_SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output, code = done.stdout.decode(errors="replace"), done.returncode
  except subprocess.TimeoutExpired as late:
    output, code = (late.stdout or b"").decode(errors="replace"), f"none: cut after {PROGRAM_SECONDS} s"
  except OSError as problem:
    output, code = f"cannot run {shlex.join(job.command)}: {problem}\n", "none"
  log = LOGS / (re.sub(r"[^\w.]+", "-", job.name).strip("-") + ".log")
  log.write_text(shlex.join(job.command) + "\n" + output)
  return job, job.read(output, code), time.monotonic() - began, output


def without_passed(output):
  """What gtest printed, without the cases that passed: a failure is not pushed out by thousands of them."""
  return re.sub(r"^\[ RUN      \] (\S+)\n(?:(?!\[ RUN  ).*\n)*?\[       OK \] \1\b.*\n", "", output, flags=re.MULTILINE)


def report(job, outcome, seconds, output):
  """One line for a program that did well, its output for one that did not."""
  known = [f"{outcome.known} known bugs"] if outcome.known else []
  counts = ", ".join([f"{outcome.passed} passed", *([f"{len(outcome.failed)} failed"] if outcome.failed else []),
                      *known, *outcome.notes])
  print(f"{'FAIL' if outcome.failed else ' ok '} {job.name}: {counts} ({seconds:.1f} s)", flush=True)
  if outcome.failed:
    lines = without_passed(output).splitlines()
    if len(lines) > SHOWN_LINES:
      print(f"  ... {len(lines) - SHOWN_LINES} more lines in build/test-logs/")
    print("\n".join("  | " + line for line in lines[-SHOWN_LINES:]), flush=True)


def outcomes(jobs, width):
  """What run() says of each job, as they end; those that want to be alone come last, one by one."""
  with concurrent.futures.ThreadPoolExecutor(width) as pool:
    for future in concurrent.futures.as_completed([pool.submit(run, job) for job in jobs if not job.alone]):
      yield future.result()
  yield from (run(job) for job in jobs if job.alone)


def run_all(pattern, width):
  LOGS.mkdir(parents=True, exist_ok=True)
  passed, failed = 0, []
  for job, outcome, seconds, output in outcomes(jobs_of(pattern), width):
    if outcome.passed or outcome.failed or outcome.known:
      report(job, outcome, seconds, output)
    passed += outcome.passed
    failed += [f"{job.name}: {name}" for name in outcome.failed]
  for name in failed:
    print(f"failed: {name}")
  print(f"{passed} passed, {len(failed)} failed")
  return 1 if failed else 0


def main(arguments):
  parser = argparse.ArgumentParser(description=__doc__)
  commands = parser.add_subparsers(dest="command", required=True)
  everything = commands.add_parser("run", help="run all tests, or those whose name holds a pattern")
  everything.add_argument("pattern", nargs="?", default="")
  everything.add_argument("--jobs", type=int, default=os.cpu_count())
  fuzz = commands.add_parser("fuzz", help="run one fuzz target and show its progress")
  fuzz.add_argument("target")
  fuzz.add_argument("seconds", type=int)
  commands.add_parser("tsan-targets", help="print what the ThreadSanitizer build is to hold")
  options = parser.parse_args(arguments)
  if options.command == "tsan-targets":
    known = test_programs("asan")
    print("\n".join(["sluice", *(name for name in THREADED if name in known)]))
    return 0
  if options.command == "fuzz":
    job = fuzz_job(options.target, options.seconds)
    return subprocess.run(job.command, cwd=ROOT, env=environment_with({}), check=False).returncode
  return run_all(options.pattern, max(1, options.jobs))


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
