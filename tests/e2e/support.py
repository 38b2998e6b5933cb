"""What end-to-end tests share: the real binary on free loopback ports, and an upstream that records every byte."""

import contextlib
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from wire import Client, Ended, Head, Message, Stream

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SLUICE_BINARY", str(ROOT / "build/asan/sluice"))
PATIENCE = 20.0


# Below the range from which the kernel takes ports of connections, and apart from those of a test beside this one.
PORTS = itertools.cycle((*range(10_000 + os.getpid() * 101 % 20_000, 30_000), *range(10_000, 30_000)))


def free_port():
  """A port of 127.0.0.1 that nobody listens on, and that was not handed out just before."""
  for port in PORTS:
    with socket.socket() as probe, contextlib.suppress(OSError):
      probe.bind(("127.0.0.1", port))
      return port


def wait_until(condition, what):
  """Waits for a condition with a deadline; nothing sleeps for time to pass."""
  limit = time.monotonic() + PATIENCE
  while time.monotonic() < limit:
    result = condition()
    if result:
      return result
    time.sleep(0.01)
  raise AssertionError(f"in {PATIENCE} s not seen: {what}")


class Upstream:
  """Records all that each connection brings, and answers its requests by a script: a function from (head,
  connection) to bytes, or None to close. `reads_bodies` has the script wait for the request's body.

  A script that answers by itself returns b""; one that also reads takes `stream_of(connection)`."""

  def __init__(self, script, reads_bodies=False):
    self.script = script
    self.reads_bodies = reads_bodies
    self.heads = []
    self.requests = []  # Whole messages, where bodies are read.
    self.streams = []  # One a connection, in the order in which they came.
    self.ended = []  # The streams whose peer has closed.
    self.faults = []
    self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
    self.port = self.socket.getsockname()[1]
    threading.Thread(target=self._accept, daemon=True).start()

  def _accept(self):
    while True:
      try:
        connection, _ = self.socket.accept()
      except OSError:
        return
      connection.settimeout(PATIENCE)
      stream = Stream(connection)
      self.streams.append(stream)
      threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

  def _serve(self, stream):
    with stream.connection:
      try:
        while not stream.at_end():
          head = Head(stream.until(b"\r\n\r\n"))
          self.heads.append(head.raw[:-4].decode("latin-1"))
          if self.reads_bodies:
            self.requests.append(Message(head, *stream.body(head, until_close=False)))
          else:
            self.requests.append(Message(head, None, None))
          answer = self.script(head.raw[:-4].decode("latin-1"), stream.connection)
          if answer is None:
            return
          stream.connection.sendall(answer)
        self.ended.append(stream)
      except (Ended, OSError):
        self.ended.append(stream)
      except AssertionError as fault:
        self.faults.append(str(fault))

  def stream_of(self, connection):
    return next(stream for stream in self.streams if stream.connection is connection)

  def close(self):
    """Also wakes the thread that accepts, which would hold the port."""
    with contextlib.suppress(OSError):
      self.socket.shutdown(socket.SHUT_RDWR)
    self.socket.close()


def ok(body=b"fine", fields=b""):
  return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), fields, body)


class Gateway:
  """`sluice run` on a configuration that may be rewritten."""

  def __init__(self, test, entities, gateway=None, wait=True, listener=None):
    self.test = test
    self.folder = tempfile.TemporaryDirectory()
    test.addCleanup(self.folder.cleanup)
    self.file = os.path.join(self.folder.name, "sluice.yaml")
    self.log = os.path.join(self.folder.name, "access.log")
    self.port, self.status_port = free_port(), free_port()
    self.settings = {
        "workers": 2,
        "listeners": [{"address": f"127.0.0.1:{self.port}", **(listener or {})}],
        "status": {"address": f"127.0.0.1:{self.status_port}"},
        "access_log": {"path": self.log},
        **(gateway or {}),
    }
    self.write(entities)
    self.errors = open(os.path.join(self.folder.name, "stderr"), "w+", encoding="utf-8")
    self.process = subprocess.Popen([BINARY, "run", self.file], stderr=self.errors)
    test.addCleanup(self.stop)
    if wait:
      wait_until(lambda: self.ready() or self.process.poll() is not None, "a ready gateway")
      test.assertIsNone(self.process.poll(), self.said())

  def write(self, entities, gateway=None):
    if gateway:
      self.settings.update(gateway)
    text = json.dumps({"_format_version": "3.0", **entities, "gateway": self.settings})
    with open(self.file + ".new", "w", encoding="utf-8") as file:
      file.write(text)
    os.replace(self.file + ".new", self.file)

  def reload(self, entities, gateway=None):
    """Writes the file, and waits until it is in force."""
    before = self.configuration()["reloads"]
    self.write(entities, gateway)
    self.signal(signal.SIGHUP)
    wait_until(lambda: self.configuration()["reloads"] > before, "the reload")

  def configuration(self):
    return json.loads(self.status()[1])["configuration"]

  def signal(self, number):
    self.process.send_signal(number)

  def status(self, path="/status"):
    try:
      with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}{path}", timeout=PATIENCE) as answer:
        return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
      return error.code, error.read().decode()
    except OSError:
      return 0, ""

  def ready(self):
    return self.process.poll() is None and self.status("/status/ready")[0] == 200

  def connect(self, port=None):
    connection = socket.create_connection(("127.0.0.1", port or self.port), timeout=PATIENCE)
    self.test.addCleanup(connection.close)
    return connection

  def client(self):
    return Client(self.connect())

  def raw(self, request, until_close=True):
    """Sends bytes, returns what comes until the gateway closes."""
    connection = self.connect()
    connection.sendall(request)
    return read_all(connection) if until_close else connection

  def get(self, path="/", fields="", method="GET"):
    return self.raw(f"{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{fields}\r\n".encode())

  def log_lines(self, count):
    def lines():
      if not os.path.exists(self.log):
        return None
      with open(self.log, encoding="utf-8") as file:
        found = file.read().splitlines()
      return found if len(found) >= count else None

    return [json.loads(line) for line in wait_until(lines, f"{count} lines of the access log")]

  def said(self):
    self.errors.flush()
    with open(self.errors.name, encoding="utf-8") as file:
      return file.read()

  def stop(self):
    if self.process.poll() is None:
      self.process.send_signal(signal.SIGTERM)
      try:
        self.process.wait(PATIENCE)
      except subprocess.TimeoutExpired:
        self.process.kill()
        self.process.wait()
    said = self.said()
    self.errors.close()
    self.test.assertIn(self.process.returncode, (0, 1), said)
    self.test.assertNotIn("Sanitizer", said)
    self.test.assertNotIn("runtime error", said)


def read_all(connection):
  data = b""
  while True:
    try:
      more = connection.recv(65536)
    except ConnectionResetError:
      return data
    if not more:
      return data
    data += more


def read_answer(connection):
  """One answer with a Content-Length."""
  data = b""
  while b"\r\n\r\n" not in data:
    more = connection.recv(65536)
    if not more:
      return data
    data += more
  head, body = data.split(b"\r\n\r\n", 1)
  length = 0
  for line in head.split(b"\r\n")[1:]:
    name, _, value = line.partition(b":")
    if name.lower() == b"content-length":
      length = int(value)
  while len(body) < length:
    body += connection.recv(65536)
  return head + b"\r\n\r\n" + body


def service(port, name="s", **fields):
  route = {"name": f"{name}-route", "paths": ["/"], **fields.pop("route", {})}
  return {"name": name, "url": f"http://127.0.0.1:{port}", "routes": [route], **fields}


class GatewayTest(unittest.TestCase):
  maxDiff = None

  def upstream(self, script, reads_bodies=False):
    upstream = Upstream(script, reads_bodies)
    self.addCleanup(lambda: self.assertEqual(upstream.faults, [], "what the gateway sent is no HTTP"))
    self.addCleanup(upstream.close)
    return upstream

  def gateway(self, *services, gateway=None, listener=None, **entities):
    """`listener` is what its listener has beside an address."""
    return Gateway(self, {"services": list(services), **entities}, gateway, listener=listener)
