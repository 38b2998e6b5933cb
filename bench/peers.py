"""The proxies that the benchmark runs: how each is configured, started on one CPU, and stopped."""

import contextlib
import dataclasses
import json
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent

# What makes nginx do a gateway's work: a key looked up, a limit counted, a buffered JSON line.
NGINX_GATEWAY_HTTP = """
  map $http_x_api_key $consumer { default ""; "7f3b9c1e5a2d" "bench"; }
  limit_req_zone $binary_remote_addr zone=limit:10m rate=100000000r/m;
  log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
    '"uri":"$request_uri","status":$status,"bytes":$bytes_sent,"seconds":$request_time,"id":"$request_id"}';
"""
NGINX_GATEWAY_LOCATION = """
      if ($consumer = "") { return 401; }
      limit_req zone=limit burst=1000000 nodelay;
      access_log @FOLDER@/access.log json buffer=64k flush=1s;
"""


class PeerError(Exception):
  """A proxy that cannot be measured; the message says why."""


@dataclasses.dataclass
class Programs:
  """Where the programs are. Those of Debian may be missing; then their rows are left out."""

  build: pathlib.Path

  @property
  def load(self):
    return self.build / "bench" / "bench_load"

  @property
  def relay(self):
    return self.build / "bench" / "bench_relay"

  @property
  def sluice(self):
    return self.build / "sluice"

  @property
  def nginx(self):
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

  @property
  def haproxy(self):
    return shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")


@dataclasses.dataclass
class Running:
  """A proxy that answers on `address`, with its upstream expected at `origin`. stop() must be called."""

  name: str
  address: str
  origin: str
  status: str
  folder: pathlib.Path
  clients: str
  process: subprocess.Popen | None = None

  @property
  def file(self):
    return self.folder / "configuration.yaml"

  @property
  def pid(self):
    return self.process.pid

  def stop(self):
    """Ends the proxy and its children within two seconds."""
    self.process.send_signal(signal.SIGTERM)
    try:
      self.process.wait(2)
    except subprocess.TimeoutExpired:
      pass
    # It leads a session of its own, so this reaches its children and nobody else.
    with contextlib.suppress(ProcessLookupError):
      os.killpg(self.process.pid, signal.SIGKILL)
    self.process.wait()


def free_ports(count):
  """Ports that nobody listens on, below the range from which the kernel takes ports for connections."""
  found = []
  port = 18000 + os.getpid() % 5000
  while len(found) < count:
    port += 1
    with socket.socket() as probe:
      try:
        probe.bind(("127.0.0.1", port))
      except OSError:
        continue
      found.append(port)
  return found


def make_certificate(folder):
  """A self-signed one for P-256, in c.pem, its key, in k.pem, and both in both.pem."""
  folder = pathlib.Path(folder)
  subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                  "2", "-subj", "/CN=localhost", "-keyout", f"{folder}/k.pem", "-out", f"{folder}/c.pem"],
                 check=True, capture_output=True)
  (folder / "both.pem").write_bytes((folder / "c.pem").read_bytes() + (folder / "k.pem").read_bytes())


def prepare_child(cpu):
  """What each started process does first: its CPU, and as many descriptors as allowed."""
  def prepare():
    if cpu is not None:
      os.sched_setaffinity(0, {cpu})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
  return prepare


def prefer(pid):
  """Raises the weight of a process's session against other work on the machine, where that is allowed."""
  with contextlib.suppress(OSError):
    pathlib.Path(f"/proc/{pid}/autogroup").write_text("-15", encoding="ascii")


def fill(template, **values):
  for name, value in values.items():
    template = template.replace(f"@{name}@", str(value))
  return template


@dataclasses.dataclass
class Settings:
  """What differs between the benchmarks; the defaults are those of run.py."""

  connections: int = 4096  # What nginx may hold.
  workers: int = 1
  origin: str = ""  # host:port; a free port when empty.
  paths: tuple = ()  # Further routes; then only these and /load are routed, not everything.
  clients: str = "http"  # Or "tls", or "websocket": requests and answers go through tunnels.


def nginx_configuration(folder, listen, origin, gateway, settings):
  text = (HERE / "nginx.conf.in").read_text(encoding="utf-8")
  routes = "\n".join(f"    location {path} {{ proxy_pass http://origin; }}" for path in settings.paths)
  if settings.paths:
    routes += "\n    location / { return 404; }"
  text = fill(text, FEATURES_HTTP=NGINX_GATEWAY_HTTP if gateway else "", ROUTES=routes,
              FEATURES_LOCATION=NGINX_GATEWAY_LOCATION if gateway else "",
              PATH="/load" if settings.paths else "/")
  tls = f" ssl; ssl_protocols TLSv1.3; ssl_certificate {folder}/c.pem; ssl_certificate_key {folder}/k.pem"
  return fill(text, FOLDER=folder, LISTEN=listen, TLS=tls if settings.clients == "tls" else "", ORIGIN=origin,
              CONNECTIONS=settings.connections,
              DESCRIPTORS=resource.getrlimit(resource.RLIMIT_NOFILE)[1], WORKERS=settings.workers,
              USER=pwd.getpwuid(os.getuid()).pw_name)


def haproxy_configuration(listen, origin, listener="", to_h2=False):
  """`listener`: what its `bind` has beside the address."""
  return fill((HERE / "haproxy.cfg.in").read_text(encoding="utf-8"), LISTEN=listen, ORIGIN=origin, LISTENER=listener,
              H2=" proto h2" if to_h2 else "",
              CONNECTIONS=min(9000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 500))


def sluice_configuration(listen, origin, status, settings, folder, access_log=None):
  """A declarative file as text. JSON is YAML, so no YAML library is needed."""
  paths = ("/load", *settings.paths) if settings.paths else ("/",)
  return json.dumps({
      "_format_version": "3.0",
      "gateway": {
          "workers": settings.workers,
          # The kernel does not deal connections evenly to workers.
          "limits": {"connections": settings.connections},
          "listeners": [{"address": listen, **({"tls": {}} if settings.clients == "tls" else {})}],
          "access_log": {"path": str(access_log)} if access_log else None,
          "status": {"address": status},
      },
      "certificates": [{"cert": f"file:{folder}/c.pem", "key": f"file:{folder}/k.pem",
                        "snis": [{"name": "*"}]}] if settings.clients == "tls" else [],
      "services": [{
          "name": "origin",
          "url": f"http://{origin}",
          "routes": [{"name": f"route-{number}", "paths": [path]} for number, path in enumerate(paths)],
      }],
  }, indent=1)


def start(name, programs, folder, cpu, settings=Settings()):
  """Starts the proxy `name` and returns once it accepts connections. Raises PeerError."""
  folder = pathlib.Path(folder)
  listen, origin, status = (f"127.0.0.1:{port}" for port in free_ports(3))
  running = Running(name, listen, settings.origin or origin, status, folder, settings.clients)
  configure(running, settings)
  command = command_of(running, programs)
  if not command[0] or not pathlib.Path(command[0]).exists():
    raise PeerError(f"{name}: not built or not installed")
  with (folder / "output").open("w") as output:
    running.process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output,
                                       stdin=subprocess.DEVNULL, start_new_session=True,
                                       preexec_fn=prepare_child(cpu))
  prefer(running.pid)
  wait_until_listening(running)
  return running


def configure(running, settings):
  """Writes the proxy's file in one step, so that a reload never reads half of it."""
  listen, origin, folder = running.address, running.origin, running.folder
  if settings.clients == "tls":
    make_certificate(folder)
  if running.name in ("nginx", "nginx-gateway"):
    text = nginx_configuration(folder, listen, origin, running.name == "nginx-gateway", settings)
  elif running.name == "haproxy":
    text = haproxy_configuration(listen, origin,
                                 f" ssl crt {folder}/both.pem ssl-min-ver TLSv1.3" if settings.clients == "tls" else "")
  elif running.name in ("sluice", "sluice-log"):
    log = folder / "access.log" if running.name == "sluice-log" else None
    text = sluice_configuration(listen, origin, running.status, settings, folder, log)
  else:
    return
  running.file.with_suffix(".new").write_text(text, encoding="utf-8")
  os.replace(running.file.with_suffix(".new"), running.file)


def command_of(running, programs):
  relay = [programs.relay, "--listen", running.address, "--target", running.origin]
  nginx = [programs.nginx, "-p", running.folder, "-c", running.file]
  sluice = [programs.sluice, "run", running.file]
  return {"relay": relay, "relay-splice": [*relay, "--splice"], "nginx": nginx, "nginx-gateway": nginx,
          "haproxy": [programs.haproxy, "-db", "-q", "-f", running.file],
          "sluice": sluice, "sluice-log": sluice}[running.name]


NAMES = ("relay", "relay-splice", "nginx", "nginx-gateway", "haproxy", "sluice", "sluice-log")


def wait_until_listening(running, limit=5.0):
  host, port = running.address.split(":")
  end = time.monotonic() + limit
  while time.monotonic() < end and running.process.poll() is None:
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 0.5):
      return
    time.sleep(0.001)
  running.stop()
  said = (running.folder / "output").read_text(encoding="utf-8", errors="replace").strip()
  raise PeerError(f"{running.name}: does not listen on {running.address}: {said[-500:] or 'it said nothing'}")


def start_load(running, programs, size, cpu, warmup, duration, rate=0, connections=64, path="/"):
  """Starts the generator, which is the upstream too; load_result() waits for what it measured."""
  command = [programs.load, "--target", running.address, "--origin-listen", running.origin, "--size", size,
             "--warmup", warmup, "--duration", duration, "--rate", rate, "--connections", connections,
             "--path", path, "--pid", running.pid, "--json"]
  if cpu is not None:
    command += ["--cpu", cpu]
  if running.clients != "http":
    command += [f"--{running.clients}"]
  process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, start_new_session=True)
  prefer(process.pid)
  return process


def load_result(process):
  """The figures of one window as a dictionary. Raises PeerError."""
  output, errors = process.communicate()
  if process.returncode != 0:
    raise PeerError(f"the load generator ended with {process.returncode}: {errors.strip()}")
  return json.loads(output)
