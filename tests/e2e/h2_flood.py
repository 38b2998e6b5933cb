"""What the tests of floods share: how an attack is watched, and clients that are served meanwhile.

SLUICE_FLOOD_SECONDS is how long each attack lasts: a few tenths of a second by default, 10 for a thorough look."""

import json
import os
import re
import statistics
import threading
import time

# Freed memory that AddressSanitizer keeps for a while is no memory of the gateway.
os.environ["ASAN_OPTIONS"] = ":".join((os.environ.get("ASAN_OPTIONS", ""), "quarantine_size_mb=1",
                                       "thread_local_quarantine_size_kb=64"))

SECONDS = float(os.environ.get("SLUICE_FLOOD_SECONDS", "0.3"))
LATENCY_MAX = 5.0  # Generous: a machine that builds something else beside it is no failure.
MEMORY_EACH, MEMORY_ALL = 1 << 20, 64 << 20


class Watch:
  """Samples the gateway's memory and connections while an attack lasts."""

  def __init__(self, pid, origin_port):
    self.pid, self.origin_port = pid, origin_port
    self.before = self.memory()
    self.peak = self.before
    self.connections = 0
    self.seconds_before = self.processor()
    self.over = threading.Event()
    self.thread = threading.Thread(target=self.run, daemon=True)
    self.thread.start()

  def run(self):
    while not self.over.wait(0.02):
      self.peak = max(self.peak, self.memory())
      self.connections = max(self.connections, self.to_origin())

  def memory(self):
    with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
      return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) << 10

  def processor(self):
    """Seconds of processor time so far."""
    with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
      words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

  def to_origin(self):
    port = f":{self.origin_port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as file:
      rows = [line.split() for line in file.readlines()[1:]]
    return sum(1 for row in rows if row[2].endswith(port) and row[3] == "01")

  def stop(self):
    self.over.set()
    self.thread.join()


class Served:
  """A client that asks again and again, checks what it gets, and keeps how long each answer took."""

  def __init__(self, ask):
    self.ask, self.times, self.fault = ask, [], None
    self.over = threading.Event()
    self.thread = threading.Thread(target=self.run, daemon=True)
    self.thread.start()

  def run(self):
    try:
      while not self.over.wait(0.02):
        begun = time.monotonic()
        self.ask(len(self.times))
        self.times.append(time.monotonic() - begun)
    except Exception as fault:  # pylint: disable=broad-except
      self.fault = fault

  def stop(self):
    self.over.set()
    self.thread.join()

  def say(self):
    times = sorted(self.times) or [0]
    return f"{len(times)} served, median {statistics.median(times) * 1000:.1f} ms, worst {times[-1] * 1000:.0f} ms"


def log_faults(path):
  """What is wrong with the lines of an access log: no JSON, bare control bytes, or an id twice."""
  seen, faults = set(), []
  with open(path, "rb") as file:
    for line in file:
      if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
        faults.append(f"control bytes: {line[:200]}")
      identity = json.loads(line)["request"]["id"]
      if identity in seen:
        faults.append(f"twice: {identity}")
      seen.add(identity)
  return faults
