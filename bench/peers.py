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
  """A proxy that answers on `address`, with its upstream expected at `origin`."""

  process: subprocess.Popen
  address: str
  origin: str
  folder: pathlib.Path
  status: str = ""

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


def nginx_configuration(folder, listen, origin, gateway, connections=4096):
  template = (HERE / "nginx.conf.in").read_text(encoding="utf-8")
  template = fill(template, FEATURES_HTTP=NGINX_GATEWAY_HTTP if gateway else "",
                  FEATURES_LOCATION=NGINX_GATEWAY_LOCATION if gateway else "")
  return fill(template, FOLDER=folder, LISTEN=listen, ORIGIN=origin, CONNECTIONS=connections,
              DESCRIPTORS=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
              USER=pwd.getpwuid(os.getuid()).pw_name)


def sluice_configuration(listen, origin, status, access_log=None, routes=None, workers=1):
  """A declarative file as text. JSON is YAML, so no YAML library is needed."""
  return json.dumps({
      "_format_version": "3.0",
      "gateway": {
          "workers": workers,
          "listeners": [{"address": listen}],
          "access_log": {"path": str(access_log)} if access_log else None,
          "status": {"address": status},
      },
      "services": [{
          "name": "origin",
          "url": f"http://{origin}",
          "routes": routes or [{"name": "everything", "paths": ["/"]}],
      }],
  }, indent=1)


def start(name, programs, folder, cpu, connections=4096):
  """Starts the proxy `name` and returns once it accepts connections. Raises PeerError."""
  folder = pathlib.Path(folder)
  listen, origin, status = (f"127.0.0.1:{port}" for port in free_ports(3))
  command = command_of(name, programs, folder, listen, origin, status, connections)
  if not command[0] or not pathlib.Path(command[0]).exists():
    raise PeerError(f"{name}: not built or not installed")
  with (folder / "output").open("w") as output:
    process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                               start_new_session=True, preexec_fn=prepare_child(cpu))
  prefer(process.pid)
  running = Running(process, listen, origin, folder, status)
  wait_until_listening(name, running)
  return running


def command_of(name, programs, folder, listen, origin, status, connections):
  if name in ("relay", "relay-splice"):
    command = [programs.relay, "--listen", listen, "--target", origin]
    return command + (["--splice"] if name == "relay-splice" else [])
  if name in ("nginx", "nginx-gateway"):
    text = nginx_configuration(folder, listen, origin, name == "nginx-gateway", connections)
    return [programs.nginx, "-p", folder, "-c", written(folder / "nginx.conf", text)]
  if name == "haproxy":
    text = fill((HERE / "haproxy.cfg.in").read_text(encoding="utf-8"), LISTEN=listen, ORIGIN=origin)
    return [programs.haproxy, "-db", "-q", "-f", written(folder / "haproxy.cfg", text)]
  if name in ("sluice", "sluice-log"):
    log = folder / "access.log" if name == "sluice-log" else None
    text = sluice_configuration(listen, origin, status, log)
    return [programs.sluice, "run", written(folder / "sluice.yaml", text)]
  raise PeerError(f"{name}: no such proxy; known are {', '.join(NAMES)}")


NAMES = ("relay", "relay-splice", "nginx", "nginx-gateway", "haproxy", "sluice", "sluice-log")


def written(path, text):
  path.write_text(text, encoding="utf-8")
  return path


def wait_until_listening(name, running, limit=5.0):
  host, port = running.address.split(":")
  end = time.monotonic() + limit
  while time.monotonic() < end and running.process.poll() is None:
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 0.5):
      return
    time.sleep(0.01)
  running.stop()
  said = (running.folder / "output").read_text(encoding="utf-8", errors="replace").strip()
  raise PeerError(f"{name}: does not listen on {running.address}" + (f": {said[-500:]}" if said else ""))


def measure(running, programs, size, cpu, warmup, duration, rate=0, connections=64):
  """One window of load through a running proxy: the generator's figures as a dictionary. Raises PeerError."""
  command = [programs.load, "--target", running.address, "--origin-listen", running.origin, "--size", size,
             "--warmup", warmup, "--duration", duration, "--rate", rate, "--connections", connections,
             "--pid", running.pid, "--json"]
  if cpu is not None:
    command += ["--cpu", cpu]
  process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             start_new_session=True)
  prefer(process.pid)
  output, errors = process.communicate()
  if process.returncode != 0:
    raise PeerError(f"the load generator ended with {process.returncode}: {errors.strip()}")
  return json.loads(output)
