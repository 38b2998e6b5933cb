#!/usr/bin/env python3
"""Runs Sluice side by side with a layer-4 relay (the floor), nginx and HAProxy and prints a table of ratios.

Each proxy runs alone on one CPU; clients and upstream are one spinning process on another. Rounds are
interleaved (A B C, A B C, ...), each starts every proxy afresh, and ratios are formed inside a round: a
shared host may drift by a factor of two within minutes. `./dev bench` builds the programs and calls this."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import machine
import peers
import report

RESULTS = peers.HERE / "results"


def arguments_of(command_line):
  parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--build", type=pathlib.Path, default=peers.REPOSITORY / "build" / "release",
                      help="folder of the built programs (build/release)")
  parser.add_argument("--only", help=f"proxies, separated by commas, of {', '.join(peers.NAMES)}")
  parser.add_argument("--sizes", help="response bodies in bytes (128,16384,1048576)")
  parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
  parser.add_argument("--quick", action="store_true", help="two rounds: a first look, not a measurement")
  parser.add_argument("--connections", type=int, default=64, help="keep-alive connections (64)")
  parser.add_argument("--warmup", type=float, default=0.4, help="seconds before each window (0.4)")
  parser.add_argument("--duration", type=float, default=0.6, help="seconds of each window (0.6)")
  parser.add_argument("--rate", nargs="?", const="half", default="0",
                      help="requests a second; without a number half of what nginx reaches, for latencies")
  parser.add_argument("--log", action="store_true",
                      help="what the access log costs: sluice with and without it, 128 B")
  parser.add_argument("--tls", action="store_const", dest="clients", const="tls", default="http",
                      help="clients speak TLS 1.3 with AES-128-GCM and P-256")
  parser.add_argument("--websocket", action="store_const", dest="clients", const="websocket",
                      help="the same requests and answers through WebSocket tunnels, as bytes")
  parser.add_argument("--netns", action="store_true",
                      help="run in a network namespace of its own with TCP reno (needs root)")
  parser.add_argument("--proxy-cpu", type=int, default=1, help="CPU of the proxy (1)")
  parser.add_argument("--load-cpu", type=int, default=0, help="CPU of clients and upstream (0)")
  parser.add_argument("--gate", action="store_true", help="exit with 1 when sluice misses a goal")
  parser.add_argument("--json", action="store_true", help="print all rounds as JSON instead of tables")
  parser.add_argument("--save", action="store_true", help="write bench/results/DATE-COMMIT.md and .json")
  options = parser.parse_args(command_line)
  options.rounds = 2 if options.quick else options.rounds
  sizes = {"websocket": "128,16384"}.get(options.clients, "128,16384,1048576")
  options.sizes = [128] if options.log else [int(size) for size in (options.sizes or sizes).split(",")]
  default = {"http": "relay,nginx,haproxy,sluice", "tls": "nginx,haproxy,sluice",
             "websocket": "relay,sluice"}[options.clients]
  if options.log:
    default = "sluice,sluice-log"
  options.names = (options.only or default).split(",")
  for name in options.names:
    if name not in peers.NAMES:
      parser.error(f"--only: no proxy '{name}'; known are {', '.join(peers.NAMES)}")
  return options


def say(text):
  print(text, file=sys.stderr, flush=True)


class Bench:
  """One benchmark: its options, programs and results so far."""

  def __init__(self, options):
    self.options = options
    self.programs = peers.Programs(options.build)
    if not self.programs.load.exists():
      raise peers.PeerError(f"{self.programs.load} is missing: ./dev build, or --build FOLDER")
    count = os.cpu_count() or 1
    if count <= max(options.proxy_cpu, options.load_cpu):
      say(f"bench: only {count} CPU here: nothing is pinned and the figures mean little")
      options.proxy_cpu = options.load_cpu = None
    self.names = list(options.names)
    self.forwarded = {}

  def once(self, name, size, rate=0):
    """Starts one proxy, measures one window, stops it."""
    options = self.options
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
      running = peers.start(name, self.programs, folder, options.proxy_cpu, peers.Settings(clients=options.clients))
      try:
        load = peers.start_load(running, self.programs, size, options.load_cpu, options.warmup,
                                options.duration, rate, options.connections)
        return peers.load_result(load)
      finally:
        running.stop()

  def rate_for(self, size):
    if self.options.rate != "half":
      return float(self.options.rate)
    return statistics.median(self.once("nginx", size)["rps"] for _ in range(3)) / 2

  def rounds_of(self, size):
    """{proxy: [round, ...]} of one response size. A proxy that cannot run is left out from then on."""
    rate = self.rate_for(size)
    results = {name: [] for name in self.names}
    for number in range(self.options.rounds):
      say(f"bench: {report.size_name(size)}, round {number + 1} of {self.options.rounds}"
          + (f", {rate:.0f} requests/s" if rate else ""))
      for name in list(self.names):
        try:
          result = self.once(name, size, rate)
        except peers.PeerError as error:
          say(f"bench: left out: {error}")
          self.names.remove(name)
          results[name] = []
          continue
        self.forwarded[name] = result.pop("first_request")
        results[name].append(result)
    return {name: rounds for name, rounds in results.items() if rounds}

  def run(self):
    """Measures all sizes and returns (text, data, all goals met)."""
    facts = machine.describe(self.programs)
    data = {"machine": facts, "rounds": self.options.rounds, "connections": self.options.connections,
            "warmup": self.options.warmup, "duration": self.options.duration, "rate": self.options.rate,
            "clients": self.options.clients,
            "sizes": {}}
    parts = []
    goals_met = True
    for size in self.options.sizes:
      results = self.rounds_of(size)
      data["sizes"][size] = results
      parts.append(f"## {report.size_name(size)}\n\n{report.table(results)}")
      if self.options.rate == "0":
        share = report.disturbed(results)
        if share:
          parts.append(f"Disturbed: other work took up to {100 * (1 - share):.0f} % of the CPU.")
        lines, met = report.verdicts(size, results, facts["congestion control"], self.options.clients)
        parts += ["\n".join(lines)] if lines else []
        goals_met = goals_met and met
      if results.get("sluice") and results.get("sluice-log"):
        lines, met = report.log_costs(results["sluice-log"], results["sluice"])
        parts.append("\n".join(lines))
        goals_met = goals_met and met
    if not self.forwarded:
      raise peers.PeerError("nothing was measured")
    data["forwarded"] = self.forwarded
    return "\n\n".join([self.heading(facts, data), *parts]) + "\n", data, goals_met

  def heading(self, facts, data):
    calls = [result["null_syscall_ns"] for results in data["sizes"].values()
             for rounds in results.values() for result in rounds]
    if calls:
      facts["null system call"] = f"{statistics.median(calls):.0f} ns ({min(calls):.0f} to {max(calls):.0f})"
    shape = {"http": "", "tls": "TLS 1.3, ", "websocket": "WebSocket tunnels, "}[self.options.clients]
    facts["load"] = (f"{self.options.connections} connections, " + shape
                     + ("saturated" if self.options.rate == "0" else f"constant rate ({self.options.rate})")
                     + f", {self.options.rounds} rounds of {self.options.duration} s")
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    for name in ("nginx", "haproxy", "sluice"):
      head = self.forwarded.get(name, "").lower()
      missing = [field for field in ("x-forwarded-for", "via", "request-id") if f"{field}:" not in head]
      if head and missing and self.options.clients != "websocket":
        lines.append(f"- not comparable: {name} forwards no {', '.join(missing)}")
    return "# Benchmark\n\n" + "\n".join(lines)


def save(text, data):
  RESULTS.mkdir(exist_ok=True)
  facts = data["machine"]
  kind = ("" if data["clients"] == "http" else f"-{data['clients']}") + ("" if data["rate"] == "0" else "-rate")
  stem = f"{facts['date']}-{facts['commit']}-{facts['congestion control']}{kind}"
  (RESULTS / f"{stem}.md").write_text(text, encoding="utf-8")
  (RESULTS / f"{stem}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
  say(f"bench: saved bench/results/{stem}.md and .json")


def in_namespace(command_line):
  """Runs this script again inside a network namespace with TCP reno; None where that is impossible."""
  tool = shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
  if os.geteuid() != 0 or not tool:
    say(f"bench: --netns needs root and the ip command: running here with {machine.congestion_control()}")
    return None
  name = f"sluice-bench-{os.getpid()}"
  created = subprocess.run([tool, "netns", "add", name], capture_output=True, text=True, check=False)
  if created.returncode != 0:
    say(f"bench: --netns: {created.stderr.strip()}: running here with {machine.congestion_control()}")
    return None
  try:
    inside = [tool, "netns", "exec", name]
    subprocess.run([*inside, tool, "link", "set", "lo", "up"], check=True)
    subprocess.run([*inside, "sh", "-c", "echo reno > /proc/sys/net/ipv4/tcp_congestion_control"], check=True)
    rest = [argument for argument in command_line if argument != "--netns"]
    return subprocess.run([*inside, sys.executable, __file__, *rest], check=False).returncode
  finally:
    subprocess.run([tool, "netns", "delete", name], check=False)


def main(command_line):
  options = arguments_of(command_line)
  if options.netns:
    code = in_namespace(command_line)
    if code is not None:
      return code
  try:
    text, data, goals_met = Bench(options).run()
  except peers.PeerError as error:
    say(f"bench: {error}")
    return 2
  print(json.dumps(data, indent=1) if options.json else text, end="\n" if options.json else "")
  if options.save:
    save(text, data)
  return 1 if options.gate and not goals_met else 0


if __name__ == "__main__":
  with contextlib.suppress(KeyboardInterrupt):
    sys.exit(main(sys.argv[1:]))
  sys.exit(130)
