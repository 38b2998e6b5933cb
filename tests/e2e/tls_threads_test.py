"""Handshakes on all workers while what they share changes: certificates, OCSP responses, authorities of clients, keys
of tickets. Also runs under ThreadSanitizer, which says what two threads touch at once."""

import ssl
import subprocess
import tempfile
import threading
import unittest

from certificates import Authority
from support import PATIENCE, GatewayTest, ok, service, wait_until

STAFF, PARTNERS = "fd02801f-0957-4a15-a55a-c8d9606f30b5", "fd02801f-0957-4a15-a55a-c8d9606f30b6"
WORKERS = 3
RELOADS = 8
# Of each client, between two reloads: handshakes overlap with every one of them.
HANDSHAKES = 4
# Clients in processes of their own: those of Python take turns, and so would the workers.
LOADS = (("-new", "-tls1_3"), ("-reuse", "-tls1_3"), ("-reuse", "-tls1_2"))


class Client(threading.Thread):
  """Connects again and again with its newest session, until it is told to stop."""

  def __init__(self, gateway, context):
    super().__init__(daemon=True)
    self.gateway, self.context = gateway, context
    self.statuses, self.resumed, self.fault = [], 0, None
    self.stopped = threading.Event()

  def run(self):
    session = None
    try:
      while not self.stopped.is_set():
        session = self.connect(session)
    except (OSError, AssertionError) as fault:
      self.fault = repr(fault)

  def connect(self, session):
    with self.gateway.connect() as raw, self.context.wrap_socket(
        raw, server_hostname="api.example.com", session=session) as connection:
      connection.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
      answer = b"".join(iter(lambda: connection.recv(65536), b""))
      assert answer, "no answer"
      self.resumed += connection.session_reused
      self.statuses.append(int(answer[9:12]))
      return connection.session


class Threads(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.authority = Authority(folder.name)
    cls.partners = Authority(folder.name, "partners")
    cls.shown = []
    for number in range(2):
      pair = cls.authority.issue("api.example.com")
      cls.shown.append({"cert": pair[0], "key": pair[1], "snis": [{"name": "api.example.com"}, {"name": "*"}],
                        "ocsp": f"file:{cls.authority.ocsp(pair[0], f'response-{number}')}"})
    cls.alice = cls.authority.files(cls.authority.issue("alice"), "alice")

  def context(self, version=None):
    context = ssl.create_default_context(cafile=str(self.authority.pem))
    context.load_cert_chain(*self.alice)
    if version:
      context.maximum_version = version
    return context

  def entities(self, upstream, number):
    return {"services": [service(upstream.port)], "certificates": [self.shown[number % 2]],
            "ca_certificates": [{"id": STAFF, "cert": self.authority.pem.read_text()},
                                {"id": PARTNERS, "cert": self.partners.pem.read_text()}]}

  @staticmethod
  def tls(number):
    listed = [STAFF] if number % 3 else [STAFF, PARTNERS]
    return {"tls": {"client_certificates": [{"mode": "required", "ca_certificates": listed}]}}

  def staple(self, gateway):
    """Whether a client that asks for it gets a response of OCSP."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername",
                           "api.example.com", "-status", "-cert", self.alice[0], "-key", self.alice[1]], input=b"",
                          capture_output=True, timeout=PATIENCE, check=False)
    return b"OCSP Response Status: successful" in done.stdout

  def load(self, gateway, *more):
    """A process that makes one connection after another, without a server name."""
    process = subprocess.Popen(["openssl", "s_time", "-connect", f"127.0.0.1:{gateway.port}", "-cert", self.alice[0],
                                "-key", self.alice[1], "-time", "600", *more],
                               stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    self.addCleanup(process.wait)
    self.addCleanup(process.kill)
    return process

  def test_everything_changes_under_handshakes(self):
    upstream = self.upstream(lambda head, _: ok())
    first = self.entities(upstream, 0)
    gateway = self.gateway(*first.pop("services"), gateway={"workers": WORKERS}, listener=self.tls(0), **first)
    clients = [Client(gateway, self.context(version)) for version in (None, ssl.TLSVersion.TLSv1_2)]
    for client in clients:
      client.start()
      self.addCleanup(client.stopped.set)
    loads = [self.load(gateway, *more) for more in LOADS]

    for number in range(1, RELOADS + 1):
      before = [len(client.statuses) for client in clients]
      gateway.reload(self.entities(upstream, number),
                     {"listeners": [{"address": f"127.0.0.1:{gateway.port}", **self.tls(number)}]})
      self.assertTrue(self.staple(gateway))
      self.assertIn("sluice_ocsp_seconds_left", gateway.status("/metrics")[1])
      wait_until(lambda before=before: all(
          client.fault or len(client.statuses) >= count + HANDSHAKES for client, count in zip(clients, before)),
                 "further handshakes of all clients")

    self.assertEqual([load.poll() for load in loads], [None] * len(LOADS), "a client was refused")
    for client in clients:
      client.stopped.set()
      client.join(PATIENCE)
      self.assertIsNone(client.fault)
      # 421: other authorities came between a handshake and its request.
      self.assertLessEqual(set(client.statuses), {200, 421})
      self.assertGreater(client.statuses.count(200), client.statuses.count(421))
      self.assertGreater(client.resumed, 0)
    self.assertGreaterEqual(len(upstream.streams), WORKERS, "the workers that answered")


if __name__ == "__main__":
  unittest.main()
