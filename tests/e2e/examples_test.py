"""Every file of examples/ starts, and does what its first line says."""

import json
import os
import subprocess
import unittest

from support import BINARY, GatewayTest, Gateway, ROOT, free_port, wait_until
import socket

EXAMPLES = ROOT / "examples"


class Example(Gateway):
  """An example with this test's ports: its services are echoes that say what they got."""

  def __init__(self, test, name):
    self.text = (EXAMPLES / name).read_text(encoding="utf-8")
    self.ports = {}
    for shown in ("9000", "9001", "9002"):
      if f"127.0.0.1:{shown}" not in self.text:
        continue
      self.ports[shown] = start_echo(test)
      self.text = self.text.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{self.ports[shown]}")
    super().__init__(test, {})

  def write(self, entities, gateway=None):
    with open(self.file, "w", encoding="utf-8") as file:
      file.write(self.text + "gateway: " + json.dumps(self.settings) + "\n")

  def ask(self, path, fields="", method="GET", host="any.example", body=""):
    """(status, fields by lower-case name, body; the echo's as an object)"""
    if body:
      fields += f"Content-Length: {len(body)}\r\n"
    answer = self.raw(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n{body}".encode())
    head, content = answer.decode().split("\r\n\r\n", 1)
    lines = head.split("\r\n")
    names = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if names.get("transfer-encoding") == "chunked":
      content = "".join(content.split("\r\n")[1:-3:2])
    with_echo = content.startswith("{\"method\"")
    return int(lines[0].split()[1]), names, json.loads(content) if with_echo else content


def start_echo(test):
  port = free_port()
  process = subprocess.Popen([BINARY, "echo", "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)

  def stop():
    process.terminate()
    process.wait()

  def answers():
    with socket.socket() as probe:
      return probe.connect_ex(("127.0.0.1", port)) == 0

  test.addCleanup(stop)
  wait_until(answers, "an echo")
  return port


class Examples(GatewayTest):

  def test_each_file_is_tested_here(self):
    tested = {name[len("test_"):].replace("_", "-") for name in dir(self) if name.startswith("test_")}
    files = {os.path.splitext(file)[0] for file in os.listdir(EXAMPLES)} - {"quickstart"}
    self.assertEqual(files - tested, set())

  def test_microservices(self):
    gateway = Example(self, "microservices.yaml")
    for path, upstream in (("/orders/7", "/orders-service/7"), ("/people?a=1", "/users-service"),
                           ("/payments", "/payments-service")):
      status, names, echo = gateway.ask(path)
      self.assertEqual((status, echo["path"]), (200, upstream))
      self.assertEqual(names["x-request-id"], echo["headers"]["X-Request-ID"])
    self.assertEqual(gateway.ask("/payments", method="POST", body="x" * 20000)[0], 413)
    self.assertEqual(gateway.ask("/payments", method="DELETE")[0], 404)
    self.assertEqual(gateway.ask("/other")[0], 404)

  def test_bff_by_host(self):
    gateway = Example(self, "bff-by-host.yaml")
    _, names, echo = gateway.ask("/cart", host="www.shop.example")
    self.assertEqual(echo["path"], "/web/cart")
    self.assertEqual(names["access-control-allow-origin"], "https://www.shop.example")
    echo = gateway.ask("/cart?a=1", host="m.shop.example")[2]
    self.assertEqual((echo["path"], echo["query"]), ("/mobile/cart", "a=1&fields=id%2Cname"))
    echo = gateway.ask("/", host="api.shop.example")[2]
    self.assertEqual((echo["path"], echo["host"]), ("/shop", "api.shop.example"))

  def test_versioned_api(self):
    gateway = Example(self, "versioned-api.yaml")
    self.assertEqual(gateway.ask("/v2/a")[2]["path"], "/api-2/a")
    self.assertEqual(gateway.ask("/api/a", "Accept-Version: 2\r\n")[2]["path"], "/api-2/a")
    status, names, echo = gateway.ask("/api/a")
    self.assertEqual((status, names["deprecation"], echo["path"]), (200, "true", "/api-1/a"))
    self.assertEqual(names["link"], '</v2>; rel="successor-version"')
    status, _, body = gateway.ask("/v0/a")
    self.assertEqual((status, body), (410, '{"message":"Version 0 has ended; use /v2"}'))

  def test_canary_by_header(self):
    gateway = Example(self, "canary-by-header.yaml")
    self.assertEqual(gateway.ask("/")[2]["host"], "stable.shop.example")
    self.assertEqual(gateway.ask("/", "X-Canary: always\r\n")[2]["host"], "canary.shop.example")

  def test_public_and_partner_api(self):
    gateway = Example(self, "public-and-partner-api.yaml")
    acme, globex = "X-API-Key: example-key-of-acme\r\n", "X-API-Key: example-key-of-globex\r\n"
    status, names, _ = gateway.ask("/partner")
    self.assertEqual((status, names["www-authenticate"]), (401, "Key"))
    status, names, echo = gateway.ask("/partner", acme)
    self.assertEqual((status, names["x-plan"], echo["headers"]["X-Consumer-Custom-ID"]),
                     (200, "gold", "customer-17"))
    self.assertNotIn("X-API-Key", echo["headers"])
    self.assertNotIn("x-plan", gateway.ask("/partner", globex)[1])
    self.assertEqual(gateway.ask("/partner", acme, "POST", body="x" * 2000)[0], 200)
    self.assertEqual(gateway.ask("/partner", globex, "POST", body="x" * 2000)[0], 413)
    self.assertEqual(gateway.ask("/public")[2]["headers"]["X-Consumer-Username"], "guest")
    self.assertEqual(gateway.ask("/public", acme)[2]["headers"]["X-Consumer-Username"], "acme")
    for line in gateway.log_lines(7):
      self.assertNotIn("example-key", json.dumps(line))

  def test_internal_api(self):
    gateway = Example(self, "internal-api.yaml")
    self.assertEqual(gateway.ask("/admin/x")[2]["path"], "/admin/x")
    status, _, body = gateway.ask("/admin/danger")
    self.assertEqual((status, json.loads(body)["message"]), (403, "This part is closed"))

  def test_single_page_app(self):
    gateway = Example(self, "single-page-app.yaml")
    origin = "Origin: https://a.preview.example\r\n"
    status, names, _ = gateway.ask("/api/x", origin + "Access-Control-Request-Method: POST\r\n", "OPTIONS")
    self.assertEqual(status, 200)
    self.assertEqual(names["access-control-allow-origin"], "https://a.preview.example")
    self.assertEqual(names["access-control-allow-methods"], "GET,POST,DELETE")
    status, names, _ = gateway.ask("/api/x", origin)
    self.assertEqual((status, names["access-control-allow-credentials"]), (401, "true"))
    self.assertEqual(gateway.ask("/api/x", origin + "X-API-Key: example-key-of-the-page\r\n")[2]["path"], "/api/x")

  def test_maintenance(self):
    gateway = Example(self, "maintenance.yaml")
    status, names, body = gateway.ask("/shop/a")
    self.assertEqual((status, names["content-type"], body), (503, "text/html; charset=utf-8", "<h1>Back at noon</h1>"))
    self.assertEqual(gateway.ask("/shop/a", "X-Team: yes\r\n")[2]["path"], "/shop/a")
    self.assertEqual(gateway.ask("/blog")[2]["path"], "/blog")

  def test_moved_domain(self):
    gateway = Example(self, "moved-domain.yaml")
    status, names, body = gateway.ask("/a/b?c=d", host="www.old.example")
    self.assertEqual((status, names["location"], body), (308, "https://new.example/a/b?c=d", "redirecting"))
    self.assertEqual(gateway.ask("/a", host="new.example")[2]["path"], "/a")

  def test_legacy_rewrite(self):
    gateway = Example(self, "legacy-rewrite.yaml")
    echo = gateway.ask("/customers/7/orders/12", "X-Language: de\r\nCookie: a=b\r\n")[2]
    self.assertEqual((echo["path"], echo["query"]), ("/legacy/show.cgi", "customer=7&order=12&lang=de"))
    self.assertNotIn("Cookie", echo["headers"])
    echo = gateway.ask("/forms", "Content-Type: application/x-www-form-urlencoded\r\n", "POST",
                       body="customerName=Ann+B&x=1")[2]
    self.assertEqual(echo["body"], "cust_nm=Ann+B&x=1&channel=web")

  def test_weighted_upstreams(self):
    gateway = Example(self, "weighted-upstreams.yaml")
    for _ in range(8):
      self.assertEqual(gateway.ask("/")[2]["host"], "api.example")
    ports = [line["tries"][0]["port"] for line in gateway.log_lines(8)]
    self.assertNotIn(gateway.ports["9002"], ports)
    self.assertGreater(ports.count(gateway.ports["9001"]), ports.count(gateway.ports["9000"]))

  def test_uploads(self):
    gateway = Example(self, "uploads.yaml")
    self.assertEqual(gateway.ask("/upload/a", method="PUT", body="x" * 1000)[2]["body_size"], 1000)
    self.assertEqual(gateway.ask("/upload/a", method="PUT")[0], 411)
    self.assertEqual(gateway.ask("/upload/a", "User-Agent: python-requests/2\r\n", "PUT", body="x")[0], 403)


if __name__ == "__main__":
  unittest.main()
