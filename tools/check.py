#!/usr/bin/env python3
"""Checks what needs no running: rules, layout, spelling, shell scripts, generated pages, and for changed files
clang-tidy and headers that compile alone. `./dev check` has built what this needs. Ends with `N passed, M failed`.

Changed is what differs from the point where this branch left main, or from the parent commit on main itself."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATABASE = ROOT / "build" / "asan" / "compile_commands.json"
CLANG_TIDY_SECONDS = 480
SHOWN_LINES = 60
NOT_OURS = ("tests/vectors/", "tests/corpus/", "tests/golden/", "bench/results/")


def run(*command, **options):
  """(succeeded, what it printed)."""
  done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                        errors="replace", check=False, **options)
  return done.returncode == 0, done.stdout


def git(*arguments):
  """Lines of git's answer; none where git has none."""
  done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
  return done.stdout.splitlines() if done.returncode == 0 else []


def files(*patterns):
  return [path for path in git("ls-files", "--cached", "--others", "--exclude-standard", *patterns)
          if (ROOT / path).is_file()]


def base():
  """The commit that changes are counted from."""
  head = git("rev-parse", "HEAD")
  for main in ("origin/main", "main"):
    fork = git("merge-base", "HEAD", main)
    if fork and fork != head:
      return fork[0]
  return "HEAD~1" if git("rev-parse", "--verify", "--quiet", "HEAD~1") else None


def changed(suffix):
  since = base()
  known = git("diff", "--name-only", "--diff-filter=d", since) if since else []
  new = git("ls-files", "--others", "--exclude-standard")
  return sorted(path for path in {*known, *new} if path.endswith(suffix) and path.startswith(("src/", "tests/")))


def ships(path):
  """Tests keep to layout and rules; clang-tidy's list is for code that runs in the product (docs/decisions/0009)."""
  return path.startswith("src/") and not path.endswith(("_test.cc", "_fuzz.cc", "_bench.cc"))


def check_tidy():
  return run(sys.executable, "tools/tidy.py")


def check_layout():
  succeeded, output = run("clang-format-19", "--dry-run", "--Werror", *files("*.cc", "*.h"))
  if succeeded:
    return succeeded, output
  wrong = sorted({line.split(":")[0] for line in output.splitlines() if ": error: " in line})
  return False, "\n".join([*wrong, f"{len(wrong)} files are laid out differently: ./dev format"])


def check_spelling():
  return run("codespell", "--ignore-words", "tools/codespell_ignore.txt",
             *(path for path in files() if not path.startswith(NOT_OURS)))


def check_shell():
  scripts = [path for path in files() if path.endswith(".sh") or is_shell(path)]
  return run("shellcheck", *scripts)


def is_shell(path):
  with open(ROOT / path, "rb") as file:
    return file.readline().startswith((b"#!/usr/bin/env bash", b"#!/bin/bash", b"#!/bin/sh"))


def check_reference():
  sluice = ROOT / "build" / "asan" / "sluice"
  with tempfile.TemporaryDirectory() as folder:
    succeeded, output = run(sluice, "reference", folder)
    if not succeeded:
      return succeeded, output
    schema = subprocess.run([sluice, "schema"], capture_output=True, check=True).stdout
    (pathlib.Path(folder) / "sluice.schema.json").write_bytes(schema)
    succeeded, output = run("diff", "-ru", "docs/reference", folder)
  return succeeded, output + ("" if succeeded else "docs/reference is out of date: ./dev docs\n")


def commands_of():
  """{path: arguments of its compilation} of what the build compiles."""
  if not DATABASE.exists():
    return {}
  entries = json.loads(DATABASE.read_text())
  return {os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT): shlex.split(entry["command"])
          for entry in entries}


def compile_alone(header, commands):
  """Compiles one header by itself, as the files beside it are compiled."""
  near = [path for path in commands if os.path.dirname(path) == os.path.dirname(header)]
  near += [path for path in commands if path.endswith("_test.cc")] + list(commands)
  command = list(commands[near[0]])
  start = next(i for i, word in enumerate(command) if "clang" in os.path.basename(word))
  options = command[start:command.index("-o")]
  return run(*options, "-Wno-pragma-once-outside-header", "-Wno-unused", "-fsyntax-only", "-x", "c++", header)


class Checks:
  """Runs checks, prints a line for each, counts."""

  def __init__(self, width):
    self.width = width
    self.passed = 0
    self.failed = []

  def one(self, name, check, *arguments):
    began = time.monotonic()
    self.report(name, *check(*arguments), time.monotonic() - began)

  def report(self, name, succeeded, output, seconds):
    print(f"{' ok ' if succeeded else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
    if succeeded:
      self.passed += 1
      return
    self.failed.append(name)
    lines = output.splitlines()
    shown = lines if len(lines) <= SHOWN_LINES else [*lines[:SHOWN_LINES - 5], "...", *lines[-5:]]
    print("\n".join("  | " + line for line in shown), flush=True)

  def many(self, what, paths, check, seconds=float("inf")):
    """One check for each path, side by side; what is not reached in time is said, and counts neither way."""
    deadline = time.monotonic() + seconds

    def timed(path):
      began = time.monotonic()
      return None if began > deadline else (*check(path), time.monotonic() - began)

    late = 0
    with concurrent.futures.ThreadPoolExecutor(self.width) as pool:
      for path, result in zip(paths, pool.map(timed, paths)):
        if result is None:
          late += 1
        else:
          self.report(f"{what} {path}", *result)
    if late:
      print(f"     {what}: {late} of {len(paths)} changed files were not looked at within {seconds:.0f} s")


def main(arguments):
  parser = argparse.ArgumentParser(prog="./dev check", description=__doc__)
  parser.add_argument("--jobs", type=int, default=os.cpu_count())
  parser.add_argument("--all", action="store_true", help="take every file for changed, however long it takes")
  parser.add_argument("paths", nargs="*", help="files for clang-tidy, instead of those that changed")
  options = parser.parse_args(arguments)
  checks = Checks(options.jobs)
  checks.one("rules (tools/tidy.py)", check_tidy)
  checks.one("layout (clang-format)", check_layout)
  checks.one("spelling (codespell)", check_spelling)
  checks.one("shell scripts (shellcheck)", check_shell)
  checks.one("generated pages (docs/reference)", check_reference)

  commands = commands_of()
  headers = files("src/*.h", "tests/*.h") if options.all else options.paths or changed(".h")
  sources = files("src/*.cc", "tests/*.cc") if options.all else options.paths or changed(".cc")
  if commands:
    checks.many("compiles alone:", [path for path in headers if path.endswith(".h")],
                lambda path: compile_alone(path, commands))
    checks.many("clang-tidy", [path for path in sources if path in commands and ships(path)],
                lambda path: run("clang-tidy-19", "--quiet", "-p", str(DATABASE.parent), path),
                float("inf") if options.all or options.paths else CLANG_TIDY_SECONDS)
  for name in checks.failed:
    print(f"failed: {name}")
  print(f"{checks.passed} passed, {len(checks.failed)} failed")
  return 1 if checks.failed else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
