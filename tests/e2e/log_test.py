"""The access log: one line of JSON for each request, whatever became of it, in the shape of Kong's log object."""

import json
import os
import re
import subprocess
import unittest

from support import BINARY, PATIENCE, Gateway, GatewayTest, free_port, ok, service, wait_until


class AccessLog(GatewayTest):

  def test_lines_that_cannot_be_written_are_counted(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port), gateway={"access_log": {"path": "/dev/full"}})
    for _ in range(3):
      gateway.get()
    wait_until(lambda: "sluice_access_log_dropped_total 3\n" in gateway.status("/metrics")[1], "the lost lines")
    self.assertIn("the access log /dev/full cannot be written: No space left on device", gateway.said())

  def test_status_metrics_and_log_agree(self):
    upstream = self.upstream(lambda head, _: ok(b"12345", b"Set-Cookie: secret=1\r\n"))
    gateway = self.gateway(service(upstream.port, route={"paths": ["/served"]}), gateway={"workers": 1})
    gateway.get("/served?q=\"1", "Authorization: Basic c2VjcmV0\r\nX-Odd: a\tb\r\n")
    gateway.raw(b"NONSENSE \x01\r\n\r\n")
    gateway.get("/nothing")

    lines = gateway.log_lines(3)
    self.assertEqual([line["response"]["status"] for line in lines], [200, 400, 404])
    first = lines[0]
    self.assertEqual(first["request"]["headers"]["authorization"], "REDACTED")
    self.assertEqual(first["response"]["headers"]["set-cookie"], "REDACTED")
    self.assertNotIn("via", first["request"]["headers"])
    self.assertEqual((first["request"]["method"], first["request"]["uri"], first["request"]["querystring"]),
                     ("GET", "/served?q=\"1", "q=\"1"))
    self.assertEqual((first["upstream_status"], first["source"], first["route"]["name"], first["service"]["name"]),
                     (200, "upstream", "s-route", "s"))
    self.assertEqual(set(first["latencies"]), {"kong", "proxy", "request", "receive"})
    self.assertEqual((first["tries"][0]["ip"], first["tries"][0]["port"]), ("127.0.0.1", upstream.port))
    self.assertEqual(lines[1]["error"], "bad_request")

    metrics = gateway.status("/metrics")[1]
    self.assertRegex(metrics, r'kong_nginx_requests_total\{node_id="[0-9a-f-]{36}",subsystem="http"\} 3\n')
    self.assertIn('sluice_responses_total{class="4xx"} 2\n', metrics)
    self.assertIn('sluice_errors_total{error="no_route"} 1\n', metrics)
    self.assertEqual(json.loads(gateway.status()[1])["server"]["total_requests"], 3)
    self.assertEqual(gateway.status("/other")[0], 404)

  def test_the_line_has_kongs_fields(self):
    upstream = self.upstream(lambda head, _: ok(b"12345"), reads_bodies=True)
    gateway = self.gateway(service(upstream.port, route={"paths": ["/a"]}))
    answer = gateway.client().post(b"body", "/a/b?c=d", "X-List: 1\r\nX-List: 2\r\nUser-Agent: test\r\n")

    line = gateway.log_lines(1)[0]

    self.assertEqual(set(line), {"request", "response", "client_ip", "started_at", "latencies", "tries", "upstream_uri",
                                 "upstream_status", "route", "service", "source", "workspace", "workspace_name"})
    self.assertEqual(set(line["request"]), {"id", "method", "uri", "url", "querystring", "headers", "size"})
    self.assertEqual(line["request"]["url"], "http://h/a/b?c=d")
    self.assertEqual(line["request"]["headers"]["x-list"], ["1", "2"])
    self.assertEqual(line["upstream_uri"], "/b?c=d")
    self.assertEqual(line["request"]["size"], len(b"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                                                  b"X-List: 1\r\nX-List: 2\r\nUser-Agent: test\r\n\r\nbody"))
    self.assertEqual(line["response"]["size"], len(answer.head.raw) + 5)
    self.assertEqual(line["response"]["headers"]["x-kong-request-id"], line["request"]["id"])
    self.assertEqual(set(line["tries"][0]), {"ip", "port", "balancer_start", "balancer_latency"})
    self.assertLess(abs(line["started_at"] / 1000 - os.stat(gateway.log).st_mtime), 60)
    latencies = line["latencies"]
    # Each is cut to whole milliseconds.
    self.assertAlmostEqual(latencies["request"], sum(latencies.values()) - latencies["request"], delta=3)

  def test_latencies_tell_where_the_time_went(self):
    slow = self.upstream(lambda head, connection: connection.recv(1) and None)
    fence = self.gateway(service(slow.port, read_timeout=300))
    upstream = self.upstream(lambda head, _: fence.client().get() and ok())
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    gateway.client().get()
    gateway.client().get("/", method="TRACE")

    proxied, own = gateway.log_lines(2)

    self.assertGreaterEqual(proxied["latencies"]["proxy"], 290)
    self.assertLess(proxied["latencies"]["kong"], 200)
    self.assertEqual((own["latencies"]["proxy"], own["source"]), (-1, "kong"))

  def test_no_peer_can_forge_or_break_a_line(self):
    upstream = self.upstream(lambda head, _: ok(b"", b'X-Evil: "}\\u0000\xff{"\r\n'))
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    requests = [b'GET /?"},{"a":1 HTTP/1.1\r\nHost: h\r\nX: "\\\xfe\xc3\r\nConnection: close\r\n\r\n',
                b'GET /%0a%0d%22%00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
                b'G"T\x02\x1b[31m /\n{"x":"y"}\r\n\r\n', b"\x00\xff" * 300 + b"\r\n\r\n", b"\r\n" * 50 + b"x\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: " + b"h" * 9000 + b"\r\n\r\n"]
    for request in requests:
      gateway.raw(request)

    lines = gateway.log_lines(len(requests))

    self.assertEqual(len(lines), len(requests))
    with open(gateway.log, "rb") as file:
      self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", file.read()))

  def test_long_fields_are_cut(self):
    upstream = self.upstream(lambda head, _: ok(b"", b"X-Long: " + b"y" * 30_000 + b"\r\n"))
    gateway = self.gateway(service(upstream.port))
    gateway.client().get("/" + "p" * 15_000 + "?" + "q" * 1000,
                         "".join(f"X-{number}: {'v' * 2000}\r\n" for number in range(20)))

    line = json.dumps(gateway.log_lines(1)[0])

    self.assertLess(len(line), 20_000)

  def test_secrets_are_not_written(self):
    upstream = self.upstream(lambda head, _: ok(b"", b"Set-Cookie: s3cret\r\n"))
    gateway = self.gateway(service(upstream.port))
    gateway.client().get("/", "Authorization: s3cret\r\nProxy-Authorization: s3cret\r\nCookie: s3cret\r\n")

    self.assertNotIn("s3cret", json.dumps(gateway.log_lines(1)))

  def test_every_request_has_its_line_under_load(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    for _ in range(10):
      client = gateway.client()
      for _ in range(10):
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 20)
        for _ in range(20):
          client.response()

    lines = gateway.log_lines(2000)

    self.assertEqual(len({line["request"]["id"] for line in lines}), 2000)
    self.assertEqual(len(lines), 2000)

  def test_stdout_is_the_default_and_null_is_none(self):
    upstream = self.upstream(lambda head, _: ok())
    port, status = free_port(), free_port()
    settings = {"listeners": [{"address": f"127.0.0.1:{port}"}], "status": {"address": f"127.0.0.1:{status}"}}
    entities = {"_format_version": "3.0", "services": [service(upstream.port)]}
    holder = self.gateway(service(1))  # For its folder.
    path = os.path.join(holder.folder.name, "other.yaml")
    with open(path, "w", encoding="utf-8") as file:
      json.dump({**entities, "gateway": settings}, file)
    with subprocess.Popen([BINARY, "run", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
      self.addCleanup(process.kill)

      def answers():
        try:
          holder.port = port
          return holder.client().get().status == 200
        except ConnectionRefusedError:
          return False

      wait_until(answers, "an answer")
      self.assertEqual(json.loads(process.stdout.readline())["response"]["status"], 200)
      process.terminate()
      process.wait(PATIENCE)

    silent = Gateway(self, {"services": [service(upstream.port)]}, {"access_log": None})
    silent.client().get()
    self.assertFalse(os.path.exists(silent.log))

  def test_the_file_is_not_for_everyone(self):
    gateway = self.gateway(service(1))

    self.assertEqual(os.stat(gateway.log).st_mode & 0o007, 0)


if __name__ == "__main__":
  unittest.main()
