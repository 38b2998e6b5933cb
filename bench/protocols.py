#!/usr/bin/env python3
"""TLS and HTTP/2 side by side with nginx: CPU nanoseconds a request, one pinned worker each.

`./dev bench tls` has clients of HTTP/1.1 over TLS 1.3, `./dev bench h2` clients of HTTP/2 without TLS; the upstream is
HTTP/1.1. Load is h2load, the upstream an nginx of its own, both on another CPU. Rounds are interleaved and ratios are
formed inside a round, as in run.py."""

import argparse
import os
import pathlib
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import peers

SIZES = {"tls": (128, 16_384, 1_048_576), "h2": (128, 16_384)}
# Goals of CPU a request against nginx.
GOALS = {("tls", 128): 0.75, ("tls", 16_384): 0.54, ("tls", 1_048_576): 0.6, ("h2", 128): 0.9, ("h2", 16_384): 0.9}
NGINX = """daemon off; worker_processes 1; pid @F@/@N@.pid; error_log @F@/@N@.log warn; user @U@;
events { worker_connections 4096; multi_accept on; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; client_body_temp_path @F@/@N@1;
  proxy_temp_path @F@/@N@2; fastcgi_temp_path @F@/@N@3; uwsgi_temp_path @F@/@N@4; scgi_temp_path @F@/@N@5;
  sendfile on; tcp_nopush on; @HTTP@
  server { @SERVER@ }
}
"""
PROXY_SERVER = """listen 127.0.0.1:@P@ @L@; http2_max_requests 1000000000;
  ssl_certificate @F@/c.pem; ssl_certificate_key @F@/k.pem; ssl_protocols TLSv1.2 TLSv1.3;
  location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Request-ID $request_id; proxy_set_header Via "1.1 nginx"; }"""
SLUICE = """_format_version: "3.0"
gateway:
  workers: 1
  access_log: null
  status: null
  listeners: [{address: "127.0.0.1:@P@", @L@}]
services:
- {name: s, url: "http://127.0.0.1:@O@", routes: [{name: r, paths: [/]}]}
certificates:
- {cert: "file:@F@/c.pem", key: "file:@F@/k.pem", snis: [{name: "*"}]}
"""


def fill(text, **values):
  for key, value in values.items():
    text = text.replace(f"@{key}@", str(value))
  return text


class Bench:

  def __init__(self, folder, kind, options):
    self.folder, self.kind, self.options = pathlib.Path(folder), kind, options
    self.running = []
    self.origin_port, self.nginx_port, self.sluice_port = peers.free_ports(3)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{folder}/k.pem", "-out", f"{folder}/c.pem"],
                   check=True, capture_output=True)
    for size in SIZES[kind]:
      (self.folder / str(size)).write_bytes(os.urandom(size))
    os.chmod(folder, 0o755)
    self.nginx("origin", "", f"listen 127.0.0.1:{self.origin_port}; root {folder};", 0)
    listen = "ssl" if kind == "tls" else "http2"
    server = fill(PROXY_SERVER, P=self.nginx_port, L=listen)
    if kind == "h2":
      server = re.sub(r"ssl_\w+ [^;]*;", "", server)
    self.pids = {"nginx": self.nginx(
        "nginx", f"upstream origin {{ server 127.0.0.1:{self.origin_port}; keepalive 512; "
        "keepalive_requests 1000000000; }", server, 1)}
    file = self.folder / "sluice.yaml"
    file.write_text(fill(SLUICE, P=self.sluice_port, O=self.origin_port,
                         L="tls: {http2: false}" if kind == "tls" else "h2c: true", F=folder), encoding="utf-8")
    self.pids["sluice"] = self.start([str(options.build / "sluice"), "run", str(file)], 1)
    time.sleep(0.7)

  def start(self, command, cpu):
    process = subprocess.Popen(command, preexec_fn=peers.prepare_child(cpu), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    self.running.append(process)
    return process.pid

  def nginx(self, name, http, server, cpu):
    file = self.folder / f"{name}.conf"
    file.write_text(fill(fill(NGINX, HTTP=http, SERVER=server), F=self.folder, N=name,
                         U=pwd.getpwuid(os.getuid()).pw_name), encoding="utf-8")
    binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return self.start([binary, "-c", str(file)], cpu)

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
    port = self.nginx_port if name == "nginx" else self.sluice_port
    scheme, shape = ("https", ["--h1", "-c", "64"]) if self.kind == "tls" else ("http", ["-c", "8", "-m", "16"])
    before = self.cpu_of(self.pids[name])
    said = subprocess.run(["taskset", "-c", "0", "h2load", "-n", str(count), *shape,
                           f"{scheme}://127.0.0.1:{port}/{size}"], capture_output=True, text=True, check=True).stdout
    if f"{count} succeeded, 0 failed" not in said:
      raise SystemExit(f"{name}: {said}")
    return (self.cpu_of(self.pids[name]) - before) / count

  def stop(self):
    for process in self.running:
      os.killpg(process.pid, signal.SIGTERM)
      process.wait()


def main():
  parser = argparse.ArgumentParser(prog="./dev bench tls|h2", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("kind", choices=sorted(SIZES))
  parser.add_argument("--build", type=pathlib.Path, default=peers.REPOSITORY / "build" / "release")
  parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
  options = parser.parse_args()
  with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
    bench = Bench(folder, options.kind, options)
    try:
      for size in SIZES[options.kind]:
        count = {128: 20_000, 16_384: 10_000}.get(size, 800)
        rounds = []
        for number in range(options.rounds + 1):
          pair = {name: bench.once(name, size, count) for name in ("nginx", "sluice")}
          if number > 0:  # The first warms up.
            rounds.append(pair)
        ratios = sorted(pair["sluice"] / pair["nginx"] for pair in rounds)
        medians = {name: statistics.median(pair[name] for pair in rounds) for name in ("nginx", "sluice")}
        ratio, goal = statistics.median(ratios), GOALS[options.kind, size]
        print(f"{options.kind} {size} B: nginx {medians['nginx']:.0f} ns, sluice {medians['sluice']:.0f} ns a request, "
              f"{ratio:.2f} x nginx ({ratios[0]:.2f} to {ratios[-1]:.2f}), goal {goal}: "
              f"{'met' if ratio <= goal else 'missed'}", flush=True)
    finally:
      bench.stop()


if __name__ == "__main__":
  sys.exit(main())
