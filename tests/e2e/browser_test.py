"""Chromium through the gateway: WebSocket over HTTP/1.1 and over HTTP/2 (RFC 8441), and server-sent events that arrive
one by one. A page runs the script, and reports to a server behind the gateway."""

import base64
import hashlib
import json
import pathlib
import queue
import re
import subprocess
import tempfile
import unittest

from certificates import Authority
from support import PATIENCE, GatewayTest, ok, service
from websocket_test import Server
from wire import Ended

PAGE = pathlib.Path(__file__).with_name("browser_page.html").read_bytes()
EVENTS = 5


class Browser(GatewayTest):

  def setUp(self):
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)
    self.reports, self.acknowledged = queue.Queue(), queue.Queue()
    self.server = Server()
    self.addCleanup(self.server.close)
    self.origin = self.upstream(self.answer, reads_bodies=True)

  def answer(self, head, connection):
    path = head.split(" ")[1]
    if path == "/page":
      return ok(PAGE, b"Content-Type: text/html\r\n")
    if path == "/report":
      self.reports.put(json.loads(self.origin.requests[-1].body))
    elif path.startswith("/seen/"):
      self.acknowledged.put(int(path.rsplit("/", 1)[1]))
    elif path == "/events":
      return self.events(connection)
    return ok(b"")

  def events(self, connection):
    """Each event leaves when the page has told of the one before."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for i in range(EVENTS):
      text = b"data: %d\n\n" % i
      connection.sendall(b"%x\r\n%s\r\n" % (len(text), text))
      try:
        self.assertEqual(self.acknowledged.get(timeout=PATIENCE), i)
      except queue.Empty as late:
        raise Ended from late
    return b"0\r\n\r\n"

  def behind(self, listener, **entities):
    sockets = {"name": "sockets", "url": f"http://127.0.0.1:{self.server.port}",
               "routes": [{"name": "sockets", "paths": ["/socket"]}]}
    return self.gateway(service(self.origin.port), sockets, gateway={"workers": 1}, listener=listener, **entities)

  def visit(self, url, *options):
    """What the page reports."""
    process = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         f"--user-data-dir={self.folder / 'profile'}", *options, "--remote-debugging-port=0", url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
      return self.reports.get(timeout=3 * PATIENCE)
    finally:
      process.terminate()
      process.wait(PATIENCE)

  def check(self, report):
    self.assertEqual(report["events"], [str(i) for i in range(EVENTS)])
    self.assertEqual(report["echoed"], ["hello", "x" * 100_000, [0, 255, 7]])
    self.assertEqual(report["closed"], [1000, True])

  def test_http_1_1(self):
    gateway = self.behind({})
    report = self.visit(f"http://127.0.0.1:{gateway.port}/page")
    self.check(report)
    self.assertEqual(report["protocol"], "http/1.1")
    self.assertRegex(self.server.seen[0]["Via"], r"^1\.1 ")

  def test_http_2(self):
    authority = Authority(self.folder)
    certificate, key = authority.issue("localhost")
    shown = {"cert": certificate, "key": key, "snis": [{"name": "localhost"}]}
    gateway = self.behind({"tls": {}}, certificates=[shown])
    report = self.visit(f"https://localhost:{gateway.port}/page",
                        f"--ignore-certificate-errors-spki-list={self.fingerprint(certificate)}")
    self.check(report)
    self.assertEqual(report["protocol"], "h2")
    self.assertRegex(self.server.seen[0]["Via"], "^2 ")  # an extended CONNECT, not a connection of its own

  @staticmethod
  def fingerprint(certificate):
    """Of the key, as Chromium wants it."""
    public = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=certificate.encode(), capture_output=True,
                            check=True).stdout
    der = base64.b64decode(re.sub(rb"-----[^-]+-----|\s", b"", public))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


if __name__ == "__main__":
  unittest.main()
