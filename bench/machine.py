"""What a benchmark ran on: a ratio of 1 MiB bodies says nothing without the congestion control beside it."""

import datetime
import pathlib
import platform
import subprocess

from peers import REPOSITORY


def read(path, otherwise="unknown"):
  try:
    return pathlib.Path(path).read_text(encoding="utf-8").strip()
  except OSError:
    return otherwise


def processor():
  for line in read("/proc/cpuinfo", "").splitlines():
    if line.startswith("model name"):
      return line.split(":", 1)[1].strip()
  return platform.machine()


def congestion_control():
  return read("/proc/sys/net/ipv4/tcp_congestion_control")


def git(*arguments):
  result = subprocess.run(["git", "-C", str(REPOSITORY), *arguments], capture_output=True, text=True,
                          check=False)
  return result.stdout.strip() if result.returncode == 0 else ""


def commit():
  """The short name of the commit, with "+changes" when the working copy differs from it."""
  name = git("rev-parse", "--short", "HEAD") or "unknown"
  return name + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def version_of(command):
  result = subprocess.run(command, capture_output=True, text=True, check=False)
  lines = (result.stdout + result.stderr).strip().splitlines()
  return lines[0].split(" - ")[0] if lines else "unknown"


def describe(programs):
  """Facts in the order in which they are printed."""
  facts = {
      "date": datetime.date.today().isoformat(),
      "commit": commit(),
      "processor": f"{processor()}, {len(read('/proc/cpuinfo', '').split('processor')) - 1} CPUs",
      "kernel": platform.release(),
      "congestion control": congestion_control(),
  }
  if programs.nginx:
    facts["nginx"] = version_of([programs.nginx, "-v"]).replace("nginx version: ", "")
  if programs.haproxy:
    facts["haproxy"] = version_of([programs.haproxy, "-v"])
  return facts
