#!/usr/bin/env python3
"""Reloads a large configuration again and again under load: do requests fail, and how soon is each file live?

Every file carries one route with a path of its own; after SIGHUP that path is asked for until it answers 200.
The poll keeps one connection for the whole run, so a reload that drops connections is seen twice."""

import argparse
import http.client
import pathlib
import signal
import statistics
import sys
import tempfile
import time

import peers


def paths_of(count, generation):
  """Routes of one file: the same number each time, and one that names the generation."""
  return (f"/generation/{generation}", *(f"/r/{number:05}" for number in range(count)))


class Poll:
  """One keep-alive connection that asks for paths and counts what should not happen."""

  def __init__(self, address):
    host, port = address.split(":")
    self.connection = http.client.HTTPConnection(host, int(port), timeout=5)
    self.dropped = 0

  def status(self, path):
    """The status of the answer; 0 when the connection was dropped instead."""
    try:
      self.connection.request("GET", path)
      answer = self.connection.getresponse()
      answer.read()
    except (OSError, http.client.HTTPException):
      self.dropped += 1
      self.connection.close()
      return 0
    return answer.status

  def wait_for(self, path, limit=5.0):
    """Seconds until `path` answers 200; None when it does not within `limit`."""
    start = time.monotonic()
    while time.monotonic() - start < limit:
      if self.status(path) == 200:
        return time.monotonic() - start
      time.sleep(0.002)
    return None


def run(options, programs):
  """Prints the figures and returns whether the goals are met."""
  def settings(generation):
    return peers.Settings(workers=options.workers, paths=paths_of(options.routes, generation))
  with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
    running = peers.start(options.proxy, programs, folder, None, settings(0))
    try:
      load = peers.start_load(running, programs, 128, 0, 1, options.seconds, options.rate, path="/load")
      time.sleep(0.5)
      poll = Poll(running.address)
      live = [poll.wait_for("/generation/0")]
      for generation in range(1, options.reloads + 1):
        next_reload = time.monotonic() + options.seconds / options.reloads
        peers.configure(running, settings(generation))
        running.process.send_signal(signal.SIGHUP)
        live.append(poll.wait_for(f"/generation/{generation}"))
        time.sleep(max(0.0, next_reload - time.monotonic()))
      result = peers.load_result(load)
    finally:
      running.stop()
  return report(options, result, live[1:], poll.dropped)


def report(options, result, live, dropped):
  missing = live.count(None)
  times = sorted(seconds * 1000 for seconds in live if seconds is not None) or [0]
  requests, errors, closed = result["requests"], result["errors"], result["reconnects"]
  print(f"{options.proxy}: {len(live)} reloads of {options.routes + 2:,} routes in {options.seconds:.0f} s\n"
        f"- failed requests: {errors} of {requests:,} ({result['rps']:,.0f}/s)\n"
        f"- connections closed between requests: {closed}; dropped under the poll: {dropped}\n"
        f"- live after: median {statistics.median(times):.0f} ms, slowest {times[-1]:.0f} ms; "
        f"never: {missing}\n"
        f"- p50 {result['p50_us']:.0f} us, p99 {result['p99_us']:.0f} us, "
        f"slowest {result['max_us'] / 1000:.1f} ms")
  return not (errors or closed or dropped or missing or times[-1] > 100)


def main(command_line):
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--build", type=pathlib.Path, default=peers.REPOSITORY / "build" / "release")
  parser.add_argument("--proxy", default="sluice", choices=("sluice", "sluice-log", "nginx"))
  parser.add_argument("--reloads", type=int, default=30)
  parser.add_argument("--seconds", type=float, default=20)
  parser.add_argument("--routes", type=int, default=5000)
  parser.add_argument("--rate", type=float, default=10000, help="requests a second; 0 saturates (10000)")
  parser.add_argument("--workers", type=int, default=1)
  parser.add_argument("--gate", action="store_true",
                      help="exit with 1 unless no request fails and each file is live within 100 ms")
  options = parser.parse_args(command_line)
  try:
    met = run(options, peers.Programs(options.build))
  except peers.PeerError as error:
    print(f"reload: {error}", file=sys.stderr)
    return 2
  return 1 if options.gate and not met else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
