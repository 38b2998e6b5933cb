#!/usr/bin/env python3
"""HTTP/2, gRPC, WebSocket and handshakes of TLS side by side with peers: CPU nanoseconds a request, one pinned worker.

`./dev bench h2` has clients of HTTP/2 without TLS, before an upstream of HTTP/1.1; `grpc` has unary calls over HTTP/2
on both sides; `handshakes` opens a connection of HTTP/1.1 over TLS 1.3 for each request; the peer is nginx, and
HAProxy runs beside it. Load and upstream run on another CPU. Rounds are interleaved and ratios are formed inside a
round, as in run.py."""

import argparse
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import peers

# Bytes of an answer or message: the goal of CPU a request against the peer, and how many requests one measurement has.
KINDS = {
    "h2": {128: (0.9, 20_000), 16_384: (0.9, 10_000)},
    "grpc": {128: (0.9, 20_000)},
    "handshakes": {128: (1.0, 500)},
}
LOAD_CPU, PROXY_CPU = 0, 1
NGINX = """daemon off; worker_processes 1; pid @F@/@N@.pid; error_log @F@/@N@.log warn; user @U@;
events { worker_connections 4096; multi_accept on; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; client_body_temp_path @F@/@N@1;
  proxy_temp_path @F@/@N@2; fastcgi_temp_path @F@/@N@3; uwsgi_temp_path @F@/@N@4; scgi_temp_path @F@/@N@5;
  sendfile on; tcp_nopush on; @HTTP@
  server { @SERVER@ }
}
"""
POOL = "upstream origin { server 127.0.0.1:@O@; keepalive 512; keepalive_requests 1000000000; }"
TLS_SERVER = """listen 127.0.0.1:@P@ ssl; ssl_certificate @F@/c.pem; ssl_certificate_key @F@/k.pem;
  ssl_protocols TLSv1.2 TLSv1.3; """
H2_SERVER = "listen 127.0.0.1:@P@ http2; http2_max_requests 1000000000; "
PROXY = """location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Request-ID $request_id; proxy_set_header Via "1.1 nginx"; }"""
GRPC_PROXY = """location / { grpc_pass grpc://origin; grpc_set_header Host $host;
    grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for; grpc_set_header X-Request-ID $request_id; }"""
SLUICE = """_format_version: "3.0"
gateway:
  workers: 1
  access_log: null
  status: null
  listeners: [{address: "127.0.0.1:@P@", @L@}]
services:
- {name: s, url: "@S@://127.0.0.1:@O@", routes: [{name: r, paths: [/], protocols: [@R@]}]}
certificates:
- {cert: "file:@F@/c.pem", key: "file:@F@/k.pem", snis: [{name: "*"}]}
"""


def fill(text, **values):
  for key, value in values.items():
    text = text.replace(f"@{key}@", str(value))
  return text


def needed(program):
  """Where it is. Raises PeerError when it is not installed."""
  path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
  if path is None:
    raise peers.PeerError(f"{program} is missing: ./dev setup bench")
  return path


class Bench:
  """A proxy and its peer, with the upstream behind them, all running until stop()."""

  def __init__(self, folder, kind, sluice):
    self.folder, self.kind, self.sluice = pathlib.Path(folder), kind, sluice
    self.programs = {name: needed(name) for name in ("nginx", "nghttpd", "h2load")}
    self.names = ["nginx", "sluice"]
    if peers.Programs(self.folder).haproxy:
      self.names.insert(1, "haproxy")
    self.running, self.pids = [], {}
    self.origin_port, *ports = peers.free_ports(1 + len(self.names))
    self.ports = dict(zip(self.names, ports))
    os.chmod(folder, 0o755)
    peers.make_certificate(self.folder)
    for size in KINDS[kind]:
      (self.folder / str(size)).write_bytes(os.urandom(size))
    self.start_origin()
    self.start_proxies()
    for name, port in self.ports.items():
      self.wait_for(name, port)

  def start_origin(self):
    if self.kind == "grpc":
      self.start([self.programs["nghttpd"], "--no-tls", "-d", str(self.folder), "-m", "1000",
                  "--trailer", "grpc-status: 0", str(self.origin_port)], LOAD_CPU)
    else:
      self.nginx("origin", "", f"listen 127.0.0.1:{self.origin_port}; root {self.folder};", LOAD_CPU)

  def start_proxies(self):
    server = TLS_SERVER if self.kind == "handshakes" else H2_SERVER
    server += GRPC_PROXY if self.kind == "grpc" else PROXY
    self.pids["nginx"] = self.nginx("nginx", fill(POOL, O=self.origin_port),
                                    fill(server, P=self.ports["nginx"], F=self.folder), PROXY_CPU)
    if "haproxy" in self.names:
      self.haproxy()
    listener = "tls: {http2: false}" if self.kind == "handshakes" else "h2c: true"
    scheme, protocols = ("grpc", "grpc") if self.kind == "grpc" else ("http", "http, https")
    file = self.folder / "sluice.yaml"
    file.write_text(fill(SLUICE, P=self.ports["sluice"], O=self.origin_port, L=listener, F=self.folder, S=scheme,
                         R=protocols), encoding="utf-8")
    self.pids["sluice"] = self.start([str(self.sluice), "run", str(file)], PROXY_CPU)

  def haproxy(self):
    listener = f" ssl crt {self.folder}/both.pem" if self.kind == "handshakes" else " proto h2"
    file = self.folder / "haproxy.cfg"
    file.write_text(peers.haproxy_configuration(f"127.0.0.1:{self.ports['haproxy']}", f"127.0.0.1:{self.origin_port}",
                                                listener, self.kind == "grpc"), encoding="utf-8")
    self.pids["haproxy"] = self.start([peers.Programs(self.folder).haproxy, "-db", "-q", "-f", str(file)], PROXY_CPU)

  def start(self, command, cpu):
    process = subprocess.Popen(command, preexec_fn=peers.prepare_child(cpu), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    self.running.append(process)
    return process.pid

  def nginx(self, name, http, server, cpu):
    file = self.folder / f"{name}.conf"
    file.write_text(fill(fill(NGINX, HTTP=http, SERVER=server), F=self.folder, N=name,
                         U=pwd.getpwuid(os.getuid()).pw_name), encoding="utf-8")
    return self.start([self.programs["nginx"], "-c", str(file)], cpu)

  @staticmethod
  def wait_for(name, port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
      with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return
      time.sleep(0.01)
    raise peers.PeerError(f"{name} does not listen on port {port}")

  @staticmethod
  def cpu_of(pid):
    """Nanoseconds that a process and its children ran."""
    total = 0
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    for each in [str(pid), *children]:
      for task in pathlib.Path(f"/proc/{each}/task").iterdir():
        total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total

  def once(self, name, size, count):
    """Nanoseconds of CPU that one of `count` requests took the proxy."""
    before = self.cpu_of(self.pids[name])
    self.load(name, size, count)
    return (self.cpu_of(self.pids[name]) - before) / count

  def load(self, name, size, count):
    scheme = "https" if self.kind == "handshakes" else "http"
    shape = ["--h1", "-c", str(count)] if self.kind == "handshakes" else ["-c", "8", "-m", "16"]
    if self.kind == "grpc":
      shape += ["-d", str(self.folder / str(size)), "-H", "content-type: application/grpc", "-H", "te: trailers"]
    said = subprocess.run(["taskset", "-c", str(LOAD_CPU), self.programs["h2load"], "-n", str(count), *shape,
                           f"{scheme}://127.0.0.1:{self.ports[name]}/{size}"],
                          capture_output=True, text=True, check=True).stdout
    done = re.search(r"(\d+) succeeded, (\d+) failed", said)
    if not done or (int(done[1]), int(done[2])) != (count, 0):
      raise peers.PeerError(f"{name}: {said}")

  def stop(self):
    for process in self.running:
      os.killpg(process.pid, signal.SIGTERM)
      process.wait()


def compare(kind, options):
  with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
    programs = peers.Programs(options.build)
    bench = Bench(folder, kind, programs.sluice)
    try:
      for size, (goal, count) in KINDS[kind].items():
        rounds = []
        for number in range(options.rounds + 1):
          costs = {name: bench.once(name, size, count) for name in bench.names}
          if number > 0:  # The first warms up.
            rounds.append(costs)
        ratios = sorted(costs["sluice"] / costs["nginx"] for costs in rounds)
        ratio = statistics.median(ratios)
        medians = ", ".join(f"{name} {statistics.median(costs[name] for costs in rounds):.0f} ns"
                            for name in bench.names)
        print(f"{kind} {size} B: {medians} a request, "
              f"{ratio:.2f} x nginx ({ratios[0]:.2f} to {ratios[-1]:.2f}), goal {goal}: "
              f"{'met' if ratio <= goal else 'missed'}", flush=True)
    finally:
      bench.stop()


def main():
  parser = argparse.ArgumentParser(prog="./dev bench h2|grpc|handshakes", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("kind", choices=sorted(KINDS))
  parser.add_argument("--build", type=pathlib.Path, default=peers.REPOSITORY / "build" / "release")
  parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
  options = parser.parse_args()
  compare(options.kind, options)


if __name__ == "__main__":
  try:
    main()
  except peers.PeerError as error:
    sys.exit(f"bench: {error}")
