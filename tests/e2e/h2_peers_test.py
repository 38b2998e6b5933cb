"""nginx and nghttpx as upstreams of HTTP/2: bodies and trailers both ways, limits of a connection, and reloads, none of
which costs a request."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from certificates import Authority
from h2_wire import Client
from support import GatewayTest, free_port, ok, wait_until
from wire import Head

NGINX = """
daemon off; user root; worker_processes 1; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests {requests};
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  server {{
    listen 127.0.0.1:{plain} http2;
    listen 127.0.0.1:{secure} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    root .;
    location /echo {{ proxy_pass http://127.0.0.1:{origin}; proxy_http_version 1.1; proxy_request_buffering off; }}
    location /big {{ add_trailer X-Sum 7; }}
  }}
}}
"""


class PeersTest(GatewayTest):

  def setUp(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)
    self.big = os.urandom(1_500_000)
    (self.folder / "big").write_bytes(self.big)
    self.authority = Authority(folder.name)
    self.certificate, self.key = self.authority.files(self.authority.issue("local", "IP:127.0.0.1"), "peer")
    self.origin = self.upstream(self.echo)

  def echo(self, head, connection):
    """Gives back the body, and the names of its trailers as a trailer."""
    body, trailers = self.origin.stream_of(connection).body(Head(head.encode("latin-1") + b"\r\n\r\n"),
                                                           until_close=False)
    if "/echo/trailers" not in head:
      return ok(body)
    names = ",".join(name.lower() for name, _ in trailers)
    return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-seen\r\n\r\n"
            b"%x\r\n%s\r\n0\r\nx-seen: %s\r\n\r\n" % (len(body), body, names.encode()))

  def start(self, *words, port):
    process = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    self.addCleanup(process.wait)
    self.addCleanup(process.terminate)

    def listens():
      self.assertIsNone(process.poll(), f"{words[0]} ended")
      with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, words[0])
    return process

  def behind(self, port, scheme="http", **fields):
    return self.gateway({"name": "s", "url": f"{scheme}://127.0.0.1:{port}", "protocol_version": 2,
                         "routes": [{"name": "r", "paths": ["/"]}], **fields},
                        gateway={"workers": 1}, listener={"h2c": True})

  def secured(self, port):
    """With the upstream's certificate verified."""
    identity = "fd02801f-0957-4a15-a55a-c8d9606f30b5"
    return self.gateway({"name": "s", "url": f"https://127.0.0.1:{port}", "protocol_version": 2,
                         "ca_certificates": [identity], "routes": [{"name": "r", "paths": ["/"]}]},
                        ca_certificates=[{"id": identity, "cert": self.authority.pem.read_text(encoding="utf-8")}],
                        gateway={"workers": 1}, listener={"h2c": True})

  def bodies_both_ways(self, gateway):
    client = Client(gateway.connect())
    for fields in ((), (("content-length", str(len(self.big))),)):
      stream = client.begin("/echo", method="POST", fields=fields, ends=False)
      client.send(stream, self.big, ends=True)
      self.assertEqual(client.finish(stream).body, self.big)
    self.assertEqual(gateway.client().post(self.big, path="/echo").body, self.big)


class Nginx(PeersTest):

  def nginx(self, requests=1000):
    self.plain, self.secure = free_port(), free_port()
    (self.folder / "nginx.conf").write_text(
        NGINX.format(plain=self.plain, secure=self.secure, certificate=self.certificate, key=self.key,
                     origin=self.origin.port, requests=requests), encoding="utf-8")
    return self.start("nginx", "-p", str(self.folder), "-c", "nginx.conf", "-e", "stderr", port=self.secure)

  def test_bodies_and_trailers(self):
    self.nginx()
    for gateway in (self.behind(self.plain), self.secured(self.secure)):
      self.bodies_both_ways(gateway)
      response = Client(gateway.connect()).get("/big")
      self.assertEqual((response.body == self.big, response.trailers), (True, [("x-sum", "7")]))

  def test_a_limit_of_requests_costs_none(self):
    self.nginx(requests=10)
    gateway = self.behind(self.plain)
    client = Client(gateway.connect())
    for _ in range(6):
      streams = [client.begin("/echo", method="POST", fields=[("content-length", "4")], ends=False) for _ in range(12)]
      for stream in streams:
        client.send(stream, b"%04d" % stream, ends=True)
      for stream in streams:
        response = client.finish(stream)
        self.assertEqual((response.status, response.body), (200, b"%04d" % stream))

  def test_reloads_cost_no_request(self):
    nginx = self.nginx()
    gateway = self.secured(self.secure)
    answers, over = [], threading.Event()

    def ask():
      client = Client(gateway.connect())
      while not over.is_set():
        answers.append(client.get("/echo/x").status)
        stream = client.begin("/echo", method="POST", ends=False)
        client.send(stream, b"body", ends=True)
        answers.append((client.finish(stream).status, client.responses[stream].body))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for each in askers:
      each.start()
    for _ in range(3):
      before = len(answers)
      workers = self.children(nginx)
      nginx.send_signal(signal.SIGHUP)
      wait_until(lambda before=before: len(answers) > before + 30, "answers beside the reload")
      wait_until(lambda workers=workers: not workers & self.children(nginx), "the end of the worker before")
    over.set()
    for each in askers:
      each.join()
    self.assertEqual(set(answers), {200, (200, b"body")})

  @staticmethod
  def children(process):
    return set(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split())


class Nghttpx(PeersTest):

  def nghttpx(self, *more):
    port = free_port()
    self.start("nghttpx", f"--frontend=127.0.0.1,{port}" + ("" if more else ";no-tls"),
               f"--backend=127.0.0.1,{self.origin.port}", "--workers=1", "--errorlog-file=/dev/null",
               "--accesslog-file=/dev/null", "--conf=/dev/null", *more, port=port)
    return port

  def check(self, gateway):
    self.bodies_both_ways(gateway)
    client = Client(gateway.connect())
    stream = client.begin("/echo/trailers", method="POST", fields=[("te", "trailers")], ends=False)
    client.send(stream, b"body")
    client.trailers(stream, [("x-check", "1")])
    response = client.finish(stream)
    self.assertEqual((response.body, response.trailers), (b"body", [("x-seen", "x-check")]))

  def test_prior_knowledge(self):
    self.check(self.behind(self.nghttpx()))

  def test_alpn(self):
    self.check(self.secured(self.nghttpx(self.key, self.certificate)))


if __name__ == "__main__":
  unittest.main()
