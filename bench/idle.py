#!/usr/bin/env python3
"""What an idle keep-alive connection costs in resident memory, and how soon a proxy answers after its start.

Opens thousands of connections through each proxy, with --tls over TLS 1.3, sends one request on each, leaves them open,
and reads the resident memory of the proxy's processes before and after. What the kernel keeps for a socket is not in
it."""

import argparse
import contextlib
import pathlib
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import peers

REQUEST = (b"GET /load HTTP/1.1\r\nHost: bench.example.com\r\nUser-Agent: idle/1.0\r\nAccept: */*\r\n"
           b"Accept-Language: en\r\nCookie: session=0123456789abcdef\r\nX-Api-Key: 7f3b9c1e5a2d\r\n\r\n")
BODY_BYTES = 128

# The goals of Sluice with two workers.
KIB_MAX = 1.5
BASE_KIB_MAX = 40 * 1024
ANSWER_MS_MAX = 100


def ask(connection):
  """Sends the request and reads its whole answer. Raises PeerError when it is not 200 or not whole."""
  connection.sendall(REQUEST)
  received = b""
  while True:
    piece = connection.recv(65536)
    received += piece
    head, end, body = received.partition(b"\r\n\r\n")
    if end and len(body) == BODY_BYTES:
      break
    if not piece or len(body) > BODY_BYTES:
      raise peers.PeerError(f"the answer is not whole: {received[:200]!r}")
  if not head.startswith(b"HTTP/1.1 200 "):
    raise peers.PeerError(f"the answer is not 200: {head[:200]!r}")


def family_of(pid):
  """The process and its descendants."""
  family = [pid]
  for member in family:
    for tasks in pathlib.Path(f"/proc/{member}/task").glob("*/children"):
      family += map(int, tasks.read_text(encoding="ascii").split())
  return family


def resident_kib(pid):
  total = 0
  for member in family_of(pid):
    for line in pathlib.Path(f"/proc/{member}/status").read_text(encoding="utf-8").splitlines():
      if line.startswith("VmRSS:"):
        total += int(line.split()[1])
  return total


def client_context():
  context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
  context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
  return context


def measure(name, programs, origin, count, tls):
  """(milliseconds to the first answer, base KiB, KiB a connection) of one proxy."""
  settings = peers.Settings(connections=2 * count + 100, workers=2, origin=origin, clients="tls" if tls else "http")
  context = client_context()
  with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
    started = time.monotonic()
    running = peers.start(name, programs, folder, None, settings)
    host, port = running.address.split(":")
    try:
      with contextlib.ExitStack() as open_connections:
        def connect():
          connection = socket.create_connection((host, int(port)), 5)
          return open_connections.enter_context(context.wrap_socket(connection) if tls else connection)
        ask(connect())
        to_first_answer = (time.monotonic() - started) * 1000
        before = resident_kib(running.pid)
        for _ in range(count):
          ask(connect())
        time.sleep(1)  # Memory that is given back a little later shall count as given back.
        after = resident_kib(running.pid)
    finally:
      running.stop()
  return to_first_answer, before, (after - before) / count


def main(command_line):
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--build", type=pathlib.Path, default=peers.REPOSITORY / "build" / "release")
  parser.add_argument("--only", default="nginx,haproxy,sluice", help="proxies, separated by commas")
  parser.add_argument("--connections", type=int, default=8000)
  parser.add_argument("--tls", action="store_true", help="clients speak TLS; nginx and sluice only")
  parser.add_argument("--gate", action="store_true",
                      help=f"exit with 1 unless sluice needs at most {KIB_MAX} KiB a connection and "
                           f"{BASE_KIB_MAX // 1024} MiB at the start, and answers within {ANSWER_MS_MAX} ms")
  options = parser.parse_args(command_line)
  programs = peers.Programs(options.build)

  hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
  resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
  count = min(options.connections, hard - 500)
  if count < options.connections:
    print(f"idle: only {count} connections: the descriptor limit is {hard}", file=sys.stderr)

  origin = f"127.0.0.1:{peers.free_ports(10)[-1]}"
  upstream = subprocess.Popen([str(programs.load), "--target", origin, "--origin-listen", origin,
                               "--connections", "0", "--duration", "600"], stdout=subprocess.DEVNULL)
  met = False
  try:
    print(f"| proxy, {count:,} idle connections | KiB each | base MiB (2 workers) | start to answer ms |\n"
          "|---|---:|---:|---:|")
    for name in options.only.split(","):
      if options.tls and name not in ("nginx", "sluice"):
        continue
      try:
        first, before, each = measure(name, programs, origin, count, options.tls)
      except (peers.PeerError, OSError) as error:
        print(f"idle: left out: {name}: {error}", file=sys.stderr)
        continue
      print(f"| {name} | {each:.2f} | {before / 1024:.1f} | {first:.0f} |", flush=True)
      if name == "sluice":
        met = each <= KIB_MAX and before <= BASE_KIB_MAX and first <= ANSWER_MS_MAX
  finally:
    upstream.kill()
    upstream.wait()
  return 1 if options.gate and not met else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
