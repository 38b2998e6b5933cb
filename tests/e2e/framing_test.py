"""HTTP/1.1 through the gateway, byte by byte: bodies in both framings, keep-alive, pipelines, HTTP/1.0, tunnels."""

import hashlib
import socket
import subprocess
import threading
import unittest

from support import PATIENCE, GatewayTest, ok, service, wait_until


def described(head, _):
  """An answer that tells what the upstream was asked."""
  return ok(head.split(" HTTP/")[0].encode())


class Methods(GatewayTest):

  def test_curl_gets_each_methods_own_answer(self):
    upstream = self.upstream(described, reads_bodies=True)
    gateway = self.gateway(service(upstream.port))
    url = f"http://127.0.0.1:{gateway.port}/a"

    for method, options in (("GET", ()), ("POST", ("-d", "x")), ("PUT", ("-d", "x")), ("PATCH", ("-d", "x")),
                            ("DELETE", ()), ("OPTIONS", ()), ("LOCK", ())):
      done = subprocess.run(["curl", "-s", "--fail", "-X", method, *options, url], capture_output=True, check=True,
                            timeout=PATIENCE)
      self.assertEqual(done.stdout.decode(), f"{method} /a")
    self.assertEqual([request.body for request in upstream.requests], [b"", b"x", b"x", b"x", b"", b"", b""])

  def test_an_answer_to_head_has_a_length_and_no_body(self):
    upstream = self.upstream(lambda head, _: ok(b"12345") if head.startswith("GET") else
                             b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    client = gateway.client()

    for _ in range(3):
      head = client.get(method="HEAD")
      self.assertEqual((head.status, head.get("Content-Length"), head.body), (200, "5", b""))
      self.assertEqual(client.get().body, b"12345")
    self.assertEqual(len(upstream.streams), 1)

  def test_statuses_without_a_body_leave_the_connection_in_order(self):
    answers = {"/204": b"HTTP/1.1 204 No Content\r\n\r\n", "/205": b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n",
               "/304": b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 99\r\n\r\n"}
    upstream = self.upstream(lambda head, _: answers[head.split(" ")[1]])
    client = self.gateway(service(upstream.port)).client()

    for path in ("/204", "/304", "/205", "/304", "/204"):
      answer = client.get(path)
      self.assertEqual((answer.status, answer.body), (int(path[1:]), b""))
      if path == "/204":
        self.assertEqual((answer.get("Content-Length"), answer.get("Transfer-Encoding")), (None, None))

  def test_options_of_the_whole_server_reaches_the_upstream_as_it_is(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port, routes=[{"name": "all", "methods": ["OPTIONS"]}])).client()

    answer = client.ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")

    self.assertEqual((answer.status, answer.body), (200, b"OPTIONS *"))

  def test_absolute_form_names_the_host(self):
    upstream = self.upstream(described)
    gateway = self.gateway(service(upstream.port, route={"hosts": ["wanted.example"]}))
    client = gateway.client()

    answer = client.ask(b"GET http://wanted.example/a?b HTTP/1.1\r\nHost: wanted.example\r\n\r\n")

    self.assertEqual((answer.status, answer.body), (200, b"GET /a?b"))
    self.assertEqual(upstream.requests[0].get("X-Forwarded-Host"), "wanted.example")


class Bodies(GatewayTest):

  def test_chunked_bodies_and_trailers_pass_in_both_directions(self):
    upstream = self.upstream(
        lambda head, _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-Sum: 4\r\n\r\n", reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()

    answer = client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n"
                        b"Connection: TE\r\nTrailer: X-Check\r\n\r\n2;x=\"y\"\r\nhe\r\n3\r\nllo\r\n"
                        b"0\r\nX-Check: 5\r\n\r\n")

    self.assertEqual((answer.body, answer.trailers), (b"abcd", [("X-Sum", "4")]))
    request = upstream.requests[0]
    self.assertEqual((request.body, request.trailers), (b"hello", [("X-Check", "5")]))
    self.assertEqual(request.get("TE"), "trailers")
    self.assertEqual(client.get("/again").body, b"abcd")

  def test_trailers_go_only_to_clients_that_ask_for_them(self):
    upstream = self.upstream(lambda head, _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             b"1\r\na\r\n0\r\nX-Sum: 4\r\n\r\n")
    client = self.gateway(service(upstream.port)).client()

    self.assertEqual(client.get().trailers, [])
    self.assertIsNone(upstream.requests[0].get("TE"))

  def test_trailers_that_would_frame_or_route_are_dropped(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()

    client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: evil\r\n"
               b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\nAuthorization: evil\r\nX-Fine: 1\r\n"
               b"X-Real-IP: 6.6.6.6\r\nX-Consumer-ID: 6\r\n\r\n")

    self.assertLessEqual(set(upstream.requests[0].trailers), {("X-Fine", "1")})

  def test_large_bodies_pass_unchanged_while_both_directions_are_full(self):
    size = 24 << 20

    def mirror(head, connection):
      stream = upstream.stream_of(connection)
      connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
      left = size
      while left:
        if not stream.waiting:
          stream.more()
        piece = stream.exactly(min(left, len(stream.waiting)))
        connection.sendall(piece)
        left -= len(piece)
      return b""

    upstream = self.upstream(mirror)
    client = self.gateway(service(upstream.port)).client()
    pattern = hashlib.sha256(b"seed").digest() * (size // 32)

    sender = threading.Thread(target=client.send, args=(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + pattern,))
    sender.start()
    answer = client.response()
    sender.join()

    self.assertEqual(len(answer.body), size)
    self.assertEqual(hashlib.md5(answer.body).digest(), hashlib.md5(pattern).digest())

  def test_an_answer_streams_before_it_is_complete(self):
    seen = threading.Event()

    def script(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
      self.assertTrue(seen.wait(PATIENCE))
      return b"4\r\nlast\r\n0\r\n\r\n"

    upstream = self.upstream(script)
    client = self.gateway(service(upstream.port)).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

    client.stream.until(b"first")
    seen.set()
    client.stream.until(b"last")
    self.assertEqual(client.stream.until(b"0\r\n\r\n"), b"\r\n0\r\n\r\n")

  def test_an_upload_streams_before_it_is_complete(self):
    part = threading.Event()

    def script(_, connection):
      self.assertEqual(upstream.stream_of(connection).exactly(5), b"first")
      part.set()
      upstream.stream_of(connection).exactly(4)
      return ok()

    upstream = self.upstream(script)
    client = self.gateway(service(upstream.port)).client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nfirst")

    self.assertTrue(part.wait(PATIENCE))
    client.send(b"last")
    self.assertEqual(client.response().status, 200)

  def test_a_body_that_ends_with_its_connection_reaches_new_clients_chunked(self):
    upstream = self.upstream(lambda head, connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
    client = self.gateway(service(upstream.port)).client()

    for _ in range(2):
      answer = client.get()
      self.assertEqual((answer.body, answer.get("Transfer-Encoding")), (b"until the end", "chunked"))

  def test_a_post_without_a_body_says_so(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()

    client.ask(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.get()

    self.assertEqual([request.get("Content-Length") for request in upstream.requests], ["0", None])


class Expecting(GatewayTest):

  def test_a_client_that_waits_for_100_gets_it_once_and_then_the_answer(self):
    upstream = self.upstream(lambda head, _: ok(b"done"), reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")

    self.assertEqual(client.stream.response_head().line, "HTTP/1.1 100 Continue")
    client.send(b"body")
    answer = client.response()

    self.assertEqual((answer.status, answer.informational, upstream.requests[0].body), (200, [], b"body"))

  def test_a_client_that_does_not_wait_is_served_too(self):
    upstream = self.upstream(lambda head, _: ok(b"done"), reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()

    answer = client.post(b"body", fields="Expect: 100-continue\r\n")

    self.assertEqual((answer.status, upstream.requests[0].body), (200, b"body"))
    self.assertEqual(client.get().status, 200)

  def test_a_refusal_before_the_body_needs_no_100(self):
    gateway = self.gateway(service(1, route={"paths": ["/only"]}))
    client = gateway.client()

    client.send(b"POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    answer = client.response()

    self.assertEqual((answer.status, answer.informational, answer.get("Connection")), (404, [], "close"))
    self.assertTrue(client.ended())

  def test_another_expectation_is_417_however_it_is_dressed(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port))

    for fields in ("Expect: 200-ok\r\n", "Expect: y 100-continue\r\n", "Expect: 100-continue, x\r\n",
                   "Expect: 100-continue\r\nExpect: 100-continue\r\n"):
      client = gateway.client()
      answer = client.post(b"GET /pwn HTTP/1.1\r\nHost: h\r\n\r\n", fields=fields)
      self.assertIn(answer.status, (400, 417), fields)
      self.assertTrue(client.ended(), fields)
    self.assertEqual(upstream.heads, [])


class Connections(GatewayTest):

  def test_one_connection_on_each_side_carries_many_requests(self):
    upstream = self.upstream(described, reads_bodies=True)
    client = self.gateway(service(upstream.port), gateway={"workers": 1}).client()

    for number in range(30):
      self.assertEqual(client.get(f"/{number}").body, f"GET /{number}".encode())
      self.assertEqual(client.post(b"x" * number, f"/{number}").body, f"POST /{number}".encode())
    self.assertEqual(len(upstream.streams), 1)

  def test_a_pipeline_of_requests_with_bodies_is_answered_in_order(self):
    upstream = self.upstream(described, reads_bodies=True)
    client = self.gateway(service(upstream.port)).client()

    client.send(b"".join(b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                         b"PUT /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
                         % (number, number) for number in range(40)))

    for number in range(40):
      self.assertEqual(client.response().body, f"POST /{number}".encode())
      self.assertEqual(client.response().body, f"PUT /{number}".encode())
    self.assertEqual({request.body for request in upstream.requests}, {b"abc", b"de"})

  def test_a_head_may_come_byte_by_byte(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port)).client()
    client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    for byte in b"GET /slow HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n":
      client.send(bytes([byte]))

    self.assertEqual(client.response().body, b"GET /slow")

  def test_a_client_may_ask_for_the_end_of_the_connection(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port)).client()

    answer = client.get(fields="Connection: close\r\n")

    self.assertEqual(answer.get("Connection"), "close")
    self.assertTrue(client.ended())

  def test_a_connection_ends_after_its_number_of_requests(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port), gateway={"limits": {"requests_per_connection": 2}}).client()

    self.assertIsNone(client.get().get("Connection"))
    self.assertEqual(client.get().get("Connection"), "close")
    self.assertTrue(client.ended())

  def test_an_idle_connection_ends_in_time(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port), gateway={"timeouts": {"keep_alive": 0.1}}).client()

    client.get()

    self.assertTrue(client.ended())


class OldVersions(GatewayTest):

  def test_a_1_0_client_gets_no_chunks_and_the_end_of_the_connection(self):
    upstream = self.upstream(lambda head, _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             b"3\r\nabc\r\n0\r\n\r\n")
    client = self.gateway(service(upstream.port)).client()

    answer = client.ask(b"GET / HTTP/1.0\r\n\r\n")

    self.assertEqual((answer.status, answer.get("Transfer-Encoding"), answer.get("Connection"), answer.body),
                     (200, None, "close", b"abc"))
    self.assertTrue(upstream.heads[0].startswith("GET / HTTP/1.1\r\nHost: "))

  def test_a_1_0_client_may_keep_its_connection(self):
    upstream = self.upstream(described)
    client = self.gateway(service(upstream.port)).client()

    for _ in range(2):
      answer = client.ask(b"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
      self.assertEqual((answer.get("Connection"), answer.body), ("keep-alive", b"GET /"))

  def test_a_1_0_client_gets_no_informational_answers(self):
    upstream = self.upstream(lambda head, _: b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok())
    client = self.gateway(service(upstream.port)).client()

    self.assertEqual(client.ask(b"GET / HTTP/1.0\r\n\r\n").informational, [])

  def test_a_1_0_upstream_is_understood_and_not_kept(self):
    upstream = self.upstream(
        lambda head, connection: connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold"))
    client = self.gateway(service(upstream.port), gateway={"workers": 1}).client()

    self.assertEqual((client.get().body, client.get().body), (b"old", b"old"))
    self.assertEqual(len(upstream.streams), 2)


class Tunnels(GatewayTest):
  UPGRADE = b"GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
  ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

  def test_bytes_behind_the_request_wait_for_the_101(self):
    open_it = threading.Event()

    def script(head, connection):
      if "/fence" in head:
        return ok()
      self.assertTrue(open_it.wait(PATIENCE))
      connection.sendall(self.ACCEPTED)
      early.append(upstream.stream_of(connection).exactly(5))
      return b"late"

    early = []
    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    client = gateway.client()
    client.send(self.UPGRADE + b"early")
    wait_until(lambda: upstream.heads, "the request")
    # Whole exchanges of the same worker: it has had every opportunity to send the bytes on.
    for _ in range(3):
      self.assertEqual(gateway.client().get("/fence").status, 200)

    self.assertEqual(upstream.streams[0].waiting, b"")
    self.assertEqual(upstream.requests[0].get("Upgrade"), "websocket")
    self.assertEqual(upstream.requests[0].get("Connection"), "Upgrade")
    open_it.set()

    answer = client.response()
    self.assertEqual((answer.status, answer.get("Upgrade"), answer.get("Connection")), (101, "websocket", "Upgrade"))
    self.assertEqual(client.stream.exactly(4), b"late")
    self.assertEqual(early, [b"early"])

  def test_each_direction_ends_by_itself(self):
    def script(_, connection):
      stream = upstream.stream_of(connection)
      connection.sendall(self.ACCEPTED)
      said.append(stream.rest())
      connection.sendall(b"after your end")

    said = []
    upstream = self.upstream(script)
    client = self.gateway(service(upstream.port)).client()
    self.assertEqual(client.ask(self.UPGRADE).status, 101)

    client.send(b"last words")
    client.connection.shutdown(socket.SHUT_WR)

    self.assertEqual(client.stream.rest(), b"after your end")
    self.assertEqual(said, [b"last words"])

  def test_a_tunnel_carries_much_in_both_directions(self):
    size = 8 << 20

    def script(_, connection):
      stream = upstream.stream_of(connection)
      connection.sendall(self.ACCEPTED)
      left = size
      while left:
        if not stream.waiting:
          stream.more()
        piece = stream.exactly(min(left, len(stream.waiting)))
        connection.sendall(piece)
        left -= len(piece)

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port))
    client = gateway.client()
    self.assertEqual(client.ask(self.UPGRADE).status, 101)
    data = hashlib.sha256(b"tunnel").digest() * (size // 32)
    sender = threading.Thread(target=client.send, args=(data,))
    sender.start()

    self.assertEqual(hashlib.md5(client.stream.rest()).digest(), hashlib.md5(data).digest())
    sender.join()
    client.close()
    line = gateway.log_lines(1)[0]
    self.assertEqual(line["response"]["status"], 101)
    self.assertGreater(line["request"]["size"], size)
    self.assertGreater(line["response"]["size"], size)

  def test_h2c_is_not_offered_to_the_upstream(self):
    upstream = self.upstream(lambda head, _: ok())
    client = self.gateway(service(upstream.port)).client()

    answer = client.get(fields="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")

    self.assertEqual(answer.status, 200)
    names = upstream.requests[0].head.names
    self.assertNotIn("upgrade", names)
    self.assertNotIn("http2-settings", names)

  def test_connect_is_refused(self):
    gateway = self.gateway(service(1))

    answer = gateway.raw(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nGET / HTTP/1.1\r\n\r\n")

    self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
    self.assertTrue(answer.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 400 ")), answer)


if __name__ == "__main__":
  unittest.main()
