"""Requests through the real binary: framing, fields, errors, retries, hostile peers."""

import hashlib
import re
import subprocess
import unittest

from support import GatewayTest, ok, read_answer, service, wait_until


class Proxying(GatewayTest):

  def test_the_upstream_gets_kongs_fields(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))

    answer = gateway.get("/a%62c?x=1", "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n")

    self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
    head = upstream.heads[0]
    self.assertTrue(head.startswith("GET /abc?x=1 HTTP/1.1\r\n"), head)
    for field in (f"Host: 127.0.0.1:{upstream.port}", "X-Real-IP: 127.0.0.1", "X-Forwarded-For: 6.6.6.6, 127.0.0.1",
                  "X-Forwarded-Proto: http", "X-Forwarded-Host: h", f"X-Forwarded-Port: {gateway.port}",
                  "X-Forwarded-Path: /a%62c", "Via: 1.1 sluice/0.1.0"):
      self.assertIn("\r\n" + field, head)
    self.assertRegex(head, r"\r\nX-Kong-Request-Id: [0-9a-f]{32}")
    self.assertRegex(answer.decode(), r"\r\nX-Kong-Upstream-Latency: \d+\r\nX-Kong-Proxy-Latency: \d+\r\n")
    self.assertIn(b"\r\nServer: sluice/0.1.0\r\n", answer)

  def test_trusted_peers_are_believed(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port),
                           gateway={"trusted_ips": ["127.0.0.1", "10.0.0.0/8"], "real_ip_header": "X-Forwarded-For",
                                    "real_ip_recursive": True})

    gateway.get("/", "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.7\r\nX-Forwarded-Proto: https\r\n")

    self.assertIn("\r\nX-Real-IP: 2.2.2.2", upstream.heads[0])
    self.assertIn("\r\nX-Forwarded-Proto: https", upstream.heads[0])
    self.assertEqual(gateway.log_lines(1)[0]["client_ip"], "2.2.2.2")

  def test_curl_moves_large_bodies_both_ways(self):
    body = b"0123456789" * 300_000
    upstream = self.upstream(lambda head, _: ok(body), reads_bodies=True)
    gateway = self.gateway(service(upstream.port))

    for framing in ("Expect: 100-continue", "Transfer-Encoding: chunked"):
      done = subprocess.run(["curl", "-s", "-H", framing, "--data-binary", "@-", f"http://127.0.0.1:{gateway.port}/"],
                            input=bytes(range(256)) * 4000, capture_output=True, check=True, timeout=60)

      self.assertEqual(hashlib.md5(done.stdout).hexdigest(), hashlib.md5(body).hexdigest())
    self.assertIn("\r\nContent-Length: 1024000", upstream.heads[0])
    self.assertIn("\r\nTransfer-Encoding: chunked", upstream.heads[1])

  def test_curl_that_speaks_http_1_0_gets_whole_answers(self):
    framings = {"/sized": ok(b"some news"),
                "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"4\r\nsome\r\n5\r\n news\r\n0\r\n\r\n",
                "/head": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}
    upstream = self.upstream(lambda head, _: framings[head.split(" ")[1]])
    gateway = self.gateway(service(upstream.port))

    def curl(path, *more):
      """(head, body, connections) of two requests in a row."""
      url = f"http://127.0.0.1:{gateway.port}{path}"
      done = subprocess.run(["curl", "-sS", "-i", "--http1.0", "-w", "\n%{num_connects}\n", *more, url, url],
                            capture_output=True, check=True, timeout=60, text=True)
      answers = re.fullmatch(r"(.*?)\n\n(.*)\n(\d)\n(.*?)\n\n(.*)\n(\d)\n", done.stdout, re.DOTALL).groups()
      self.assertEqual(answers[1], answers[4])
      self.assertRegex(answers[0], "^HTTP/1.1 200 OK\n")
      self.assertNotIn("transfer-encoding", answers[0].lower())
      return answers[0], answers[1], answers[2] + answers[5]

    # Plain 1.0 ends with the connection; kept are those answers whose length is known.
    kept = ("-H", "Connection: keep-alive")
    for path, more, connection, body, connects in (
        ("/sized", (), "close", "some news", "11"), ("/chunked", (), "close", "some news", "11"),
        ("/sized", kept, "keep-alive", "some news", "10"), ("/chunked", kept, "close", "some news", "11"),
        ("/head", ("--head",), "close", "", "11"), ("/head", ("--head", *kept), "keep-alive", "", "10")):
      with self.subTest(path=path, more=more):
        head, got, connections = curl(path, *more)

        self.assertEqual((got, connections), (body, connects))
        self.assertIn(f"\nConnection: {connection}\n", head + "\n")
        self.assertEqual("\nContent-Length: 9\n" in head + "\n", path != "/chunked")
    self.assertTrue(all(" HTTP/1.1\r\n" in head for head in upstream.heads))

  def test_answers_of_a_pipeline_keep_their_order_and_nothing_follows_a_400(self):
    upstream = self.upstream(lambda head, _: ok(head.split(" ")[1].encode()))
    gateway = self.gateway(service(upstream.port))

    answer = gateway.raw(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                         b"BAD\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n")

    self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", answer), [b"200", b"200", b"400"])
    self.assertLess(answer.index(b"\r\n\r\n/1"), answer.index(b"\r\n\r\n/2"))
    self.assertEqual(len(upstream.heads), 2)

  def test_a_tunnel_opens_only_after_101(self):
    def script(head, connection):
      if "Upgrade" not in head:
        return ok(b"plain")
      connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
      while True:
        data = connection.recv(4096)
        if not data:
          return None
        connection.sendall(data.upper())

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port))
    connection = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nearly", False)

    wanted, data = b"EARLY", b""
    while wanted not in data:
      data += connection.recv(4096)
    self.assertTrue(data.startswith(b"HTTP/1.1 101 "))

  def test_an_upgrade_that_is_refused_leaves_no_tunnel(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))

    answer = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n"
                         b"GET /pwn HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 2)
    self.assertEqual(len(upstream.heads), 2)
    self.assertIn("X-Kong-Request-Id", upstream.heads[1])

  def test_informational_answers_pass(self):
    upstream = self.upstream(lambda head, _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok())
    gateway = self.gateway(service(upstream.port))

    answer = gateway.get()

    self.assertTrue(answer.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"), answer)

  def test_an_early_answer_to_an_upload_arrives(self):
    upstream = self.upstream(
        lambda head, connection: connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n"
                                                    b"Connection: close\r\n\r\nbig"))
    gateway = self.gateway(service(upstream.port))
    connection = gateway.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\nbegin", False)

    self.assertTrue(read_answer(connection).startswith(b"HTTP/1.1 413 "))

  def test_a_client_that_leaves_is_499_and_its_upstream_hears_it(self):
    left = []

    def hang(_, connection):
      left.append(connection.recv(1))
      return None

    upstream = self.upstream(hang)
    gateway = self.gateway(service(upstream.port))
    connection = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: upstream.heads, "the request at the upstream")
    connection.close()

    line = gateway.log_lines(1)[0]
    self.assertEqual((line["response"]["status"], line["error"]), (499, "client_gone"))
    wait_until(lambda: left == [b""], "the upstream's connection to close")


class Failing(GatewayTest):

  def test_error_bodies_follow_accept(self):
    gateway = self.gateway(service(1, route={"paths": ["/dead"]}))

    self.assertIn(b'{\n  "message":"no Route matched with those values",\n  "request_id":"', gateway.get("/other"))
    self.assertTrue(gateway.get("/other").startswith(b"HTTP/1.1 404 "))
    dead = gateway.get("/dead")
    self.assertTrue(dead.startswith(b"HTTP/1.1 502 Bad Gateway\r\n"))
    self.assertIn(b"\r\n\r\nAn invalid response was received from the upstream server\nrequest_id: ", dead)
    self.assertIn(b"<h1>Error</h1>", gateway.get("/dead", "Accept: text/html\r\n"))
    self.assertIn(b"<message>An invalid", gateway.get("/dead", "Accept: application/xml\r\n"))

  def test_what_takes_too_long_is_504(self):
    upstream = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(upstream.port, "a", read_timeout=50, route={"paths": ["/read"]}),
                           service(upstream.port, "b", request_timeout=50, route={"paths": ["/whole"]}))

    for path, error in (("/read", "upstream_read_timeout"), ("/whole", "deadline_exceeded")):
      self.assertTrue(gateway.get(path).startswith(b"HTTP/1.1 504 "), path)
    self.assertEqual(sorted(line["error"] for line in gateway.log_lines(2)),
                     ["deadline_exceeded", "upstream_read_timeout"])

  def test_only_idempotent_requests_go_again_when_a_kept_connection_dies(self):
    answered = []

    def once(head, _):
      if "/first" in head or len(answered) >= 2:
        return ok(b"again" if answered else b"")
      answered.append(head)
      return None

    upstream = self.upstream(once)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    gateway.get("/first")

    self.assertTrue(gateway.raw(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .startswith(b"HTTP/1.1 502 "))
    self.assertTrue(gateway.get("/x").startswith(b"HTTP/1.1 200 "))
    self.assertEqual([head.split(" ")[0] for head in upstream.heads], ["GET", "POST", "GET", "GET"])

  def test_surplus_bytes_of_an_upstream_reach_nobody(self):
    upstream = self.upstream(lambda head, _: ok(b"ok") + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVILX")
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})

    for _ in range(20):
      self.assertNotIn(b"EVIL", gateway.get())

  def test_broken_answers_are_502(self):
    answers = {
        "/both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "/lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        "/none": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        "/garbage": b"SSH-2.0-x\r\n\r\n",
        "/hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50,
        "/unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    }
    upstream = self.upstream(lambda head, _: answers[head.split(" ")[1]])
    gateway = self.gateway(service(upstream.port))

    for path in answers:
      statuses = re.findall(rb"HTTP/1.1 (\d+)", gateway.get(path))
      self.assertEqual([status for status in statuses if status != b"103"], [b"502"], path)

  def test_limits_have_their_status(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port), gateway={"limits": {"body_bytes": 10, "header_bytes": 8192,
                                                                       "uri_bytes": 4096}})

    self.assertTrue(gateway.get("/" + "a" * 5000).startswith(b"HTTP/1.1 414 "))
    self.assertTrue(gateway.get("/", "X: " + "a" * 9000 + "\r\n").startswith(b"HTTP/1.1 431 "))
    self.assertTrue(gateway.get("/", "A: b\r\n" * 101).startswith(b"HTTP/1.1 431 "))
    self.assertTrue(gateway.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n")
                    .startswith(b"HTTP/1.1 413 "))
    self.assertTrue(gateway.get("/", method="TRACE").startswith(b"HTTP/1.1 405 "))
    self.assertEqual(upstream.heads, [])


if __name__ == "__main__":
  unittest.main()
