"""The invariants of the tests of floods, I1 to I8, measured in one place: a baseline before, a victim and a canary
meanwhile, and what the gateway, its access log and its origin come to afterwards.

What depends on time has two sets of limits. The strict ones are for a release binary and ten seconds a flood
(SLUICE_FLOOD_SECONDS, `./dev flood`); the short run of each day, with sanitizers and beside other work, only has to
show that nobody is left out. docs/decisions/0061 says what is compared with what, and why."""

import dataclasses
import json
import os
import re
import threading
import time

# Freed memory that AddressSanitizer keeps for a while is no memory of the gateway.
os.environ["ASAN_OPTIONS"] = ":".join((os.environ.get("ASAN_OPTIONS", ""), "quarantine_size_mb=1",
                                       "thread_local_quarantine_size_kb=64"))

STRICT = "SLUICE_FLOOD_SECONDS" in os.environ
SECONDS = float(os.environ.get("SLUICE_FLOOD_SECONDS", "0.3"))
MEGABIT = 125_000  # Bytes: what an attack may send in a second that must cost next to nothing.
VICTIM_EVERY, CANARY_EVERY = 0.01, 0.1


@dataclasses.dataclass(frozen=True)
class Limits:
  canary: float  # Seconds that its slowest answer takes.
  memory_each: int  # Bytes for each connection that attacks.
  memory_all: int
  returns_in: float  # Seconds after which descriptors and threads are what they were.
  memory_returns_in: float = 30.0
  memory_kept: float = 1.1  # Of what it was.
  fairness: float = 3.0  # Of the victim's p99 in the baseline.
  p99_floor: float = 0.02  # Seconds. Below, p99 is how the kernel shares the cores: five turns of 4 ms.
  cores: float = 0.01  # For each connection, at a megabit a second.


LIMITS = (Limits(canary=0.25, memory_each=256 << 10, memory_all=16 << 20, returns_in=10.0) if STRICT else
          Limits(canary=5.0, memory_each=1 << 20, memory_all=64 << 20, returns_in=20.0))


class Gauge:
  """What the kernel says of the gateway's process."""

  def __init__(self, pid):
    self.pid = pid
    self.clock = (~pid << 3) | 2  # All threads of that process: CPUCLOCK_SCHED, as clock_getcpuclockid(3) makes it.

  def status(self, name):
    with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
      found = re.search(rf"^{name}:\s+(\d+)", file.read(), re.MULTILINE)
    if not found:
      raise AssertionError("the gateway has ended")
    return int(found.group(1))

  def memory(self):
    return self.status("VmRSS") << 10

  def peak(self):
    """The most memory since reset_peak()."""
    return self.status("VmHWM") << 10

  def reset_peak(self):
    with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
      file.write("5")

  def processor(self):
    """Seconds of processor time so far."""
    return time.clock_gettime(self.clock)

  def threads(self):
    return self.status("Threads")

  def descriptors(self):
    return len(os.listdir(f"/proc/{self.pid}/fd"))


class Served:
  """A client that asks again and again, checks what it gets, and keeps how long each answer took."""

  def __init__(self, ask, every):
    self.ask, self.every = ask, every
    self.times, self.fault = [], None
    self.over = threading.Event()
    self.thread = threading.Thread(target=self.run, daemon=True)
    self.thread.start()

  def run(self):
    try:
      while not self.over.wait(self.every):
        begun = time.monotonic()
        self.ask(len(self.times))
        self.times.append(time.monotonic() - begun)
    except Exception as fault:  # pylint: disable=broad-except
      self.fault = fault

  def stop(self):
    self.over.set()
    self.thread.join()

  def at(self, share):
    """The time within which that share was answered; without any answer, none was."""
    times = sorted(self.times) or [float("inf")]
    return times[min(len(times) - 1, int(share * len(times)))]


class AccessLog:
  """Reads what came since the last time, and empties the file, which the gateway appends to."""

  def __init__(self, path):
    self.path = path

  def take(self):
    """({id: line}, what is wrong with lines: no JSON, bare control bytes, an id twice)."""
    lines, faults = {}, []
    with open(self.path, "rb") as file:
      for raw in file:
        if re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw):
          faults.append(f"control bytes: {raw[:200]}")
        try:
          line = json.loads(raw)
        except ValueError:
          faults.append(f"no JSON: {raw[:200]}")
          continue
        identity = line["request"]["id"]
        if identity in lines:
          faults.append(f"twice: {identity}")
        lines[identity] = Line(line["request"].get("uri") or "", line["response"]["status"],
                               line.get("upstream_status"), bool(line["tries"]), "consumer" in line)
    os.truncate(self.path, 0)
    return lines, faults

  def count(self):
    with open(self.path, "rb") as file:
      return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


@dataclasses.dataclass(frozen=True)
class Line:
  uri: str
  status: int
  upstream_status: int
  tried: bool  # Whether an upstream was asked.
  known: bool  # Whether a consumer was.


@dataclasses.dataclass
class Look:
  """What was seen while something happened."""

  attack: dict
  seconds: float
  victim: Served
  canary: Served
  processor: float  # Cores.
  growth: int  # Bytes of memory at most, beyond what a process takes that has only seen neighbours who mean well.
  grown: list  # Whether that is too much, and this is to blame.

  def say(self):
    one = [f"{self.victim.at(share) * 1000:6.1f}" for share in (0.5, 0.99, 1)]
    return f"{'/'.join(one)} {self.canary.at(1) * 1000:5.0f}"


def framing_faults(lines, origin):
  """I1: what the origin saw is what the gateway's log says that it forwarded."""
  faults = origin["faults"][:3]
  seen = origin["answered"] + origin["held"]
  forwarded = {identity for identity, line in lines.items() if line.tried and not line.uri.startswith("/hostile")}
  answered = {identity for identity in forwarded if lines[identity].upstream_status}
  if len(seen) != len(set(seen)):
    faults.append(f"{len(seen) - len(set(seen))} requests came to the origin twice")
  if unknown := set(seen) - forwarded:
    faults.append(f"{len(unknown)} of {len(seen)} requests at the origin are not in the log: {next(iter(unknown))}")
  if invented := answered - set(origin["answered"]):
    faults.append(f"{len(invented)} answers without a request at the origin: {lines[next(iter(invented))]}")
  # Answered by the origin, and not by the gateway: only where the client had left by then.
  if lost := {identity for identity in set(origin["answered"]) - answered
              if identity in lines and lines[identity].status != 499}:
    faults.append(f"{len(lost)} answers of the origin were lost: {lines[next(iter(lost))]}")
  return faults


def closed_faults(lines):
  """I8: who has no key gets no further."""
  through = [line for line in lines.values() if line.uri.startswith("/attack") and line.tried and not line.known]
  refused = [line for line in lines.values() if line.status == 401 and line.tried]
  return [f"not authenticated and forwarded: {line}" for line in (through + refused)[:3]]


def served_faults(look):
  """I2, but for how long it took."""
  faults = [f"I2 a connection that did not attack was not served: {served.fault!r}"
            for served in (look.victim, look.canary) if served.fault]
  return faults + ["I2 nobody was served" for served in (look.victim, look.canary) if not served.times]


def logged_faults(look, lines):
  """I7, as those see it who count what they asked for."""
  faults = []
  for name, served in (("/victim/", look.victim), ("/canary/", look.canary)):
    logged = sum(line.uri.startswith(name) for line in lines.values())
    if not served.fault and logged != len(served.times):
      faults.append(f"I7 {logged} lines for {len(served.times)} requests to {name}")
  return faults


def all_faults(look, lines, origin):
  """What does not hold of what does not depend on time."""
  framing, closed = framing_faults(lines, origin), closed_faults(lines)
  return [*served_faults(look), *logged_faults(look, lines), *(f"I1 {fault}" for fault in framing),
          *(f"I8 {fault}" for fault in closed)]
