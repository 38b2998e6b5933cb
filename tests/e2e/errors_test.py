"""The gateway's own answers: each kind of failure with its status, its body by Accept, and its line in the log."""

import contextlib
import json
import socket
import threading
import unittest

from support import PATIENCE, GatewayTest, ok, service
from wire import Ended


class Bodies(GatewayTest):

  def test_each_type_of_body_tells_message_and_id(self):
    gateway = self.gateway(service(1, route={"paths": ["/dead"]}))
    message = "An invalid response was received from the upstream server"
    expected = {
        "application/json": '{\n  "message":"%s",\n  "request_id":"%s"\n}',
        "text/plain": "%s\nrequest_id: %s\n",
        "application/xml": '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>%s</message>\n'
                           "  <requestid>%s</requestid>\n</error>\n",
    }
    for accept, body in expected.items():
      answer = gateway.client().get("/dead", f"Accept: {accept}\r\n")
      self.assertEqual((answer.status, answer.get("Content-Type")), (502, f"{accept}; charset=utf-8"))
      self.assertEqual(answer.body.decode(), body % (message, answer.get("X-Kong-Request-Id")))
    answer = gateway.client().get("/dead", "Accept: text/html\r\n")
    self.assertIn(f"<p>{message}.</p>\n    <p>request_id: {answer.get('X-Kong-Request-Id')}</p>", answer.body.decode())

  def test_accept_is_read_as_kong_does(self):
    gateway = self.gateway(service(1, route={"paths": ["/dead"]}))
    for accept, expected in (("text/html, application/json", "text/html"),
                             ("image/png;q=0.4, text/xml;q=0.5", "application/xml"), ("*/*", "application/json"),
                             ("image/png", "application/json"), ("Application/JSON", "application/json")):
      answer = gateway.client().get("/dead", f"Accept: {accept}\r\n")
      self.assertEqual(answer.get("Content-Type").split(";")[0], expected, accept)
    for fields, expected in (("", "application/json"), ("Accept: text/plain\r\n", "text/plain")):
      self.assertEqual(gateway.client().get("/none", fields).get("Content-Type").split(";")[0], expected)

  def test_the_default_type_is_a_setting(self):
    gateway = self.gateway(service(1, route={"paths": ["/dead"]}), gateway={"error_default_type": "text/html"})

    self.assertEqual(gateway.client().get("/dead").get("Content-Type"), "text/html; charset=utf-8")

  def test_grpc_clients_get_no_body(self):
    gateway = self.gateway(service(1))

    self.assertEqual(gateway.client().get("/", "Accept: application/grpc\r\n").body, b"")

  def test_an_error_to_head_has_no_body_and_keeps_the_connection(self):
    client = self.gateway(service(1, route={"paths": ["/dead"]})).client()

    self.assertEqual(client.get("/dead", method="HEAD").status, 502)
    self.assertEqual(client.get("/none", method="HEAD").status, 404)
    self.assertEqual(client.get("/none").status, 404)


class OfRequests(GatewayTest):
  """(name in the log, status, bytes): each ends its connection, and nothing behind it is answered."""

  BAD = (
      ("bad_request", 400, b"GET\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\nHost: a\n\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\nHost: a\r\nFolded: a\r\n b\r\n\r\n"),
      ("bad_request", 400, b"GET / HTTP/1.1\r\nHost: a\r\nZero: \0\r\n\r\n"),
      ("bad_request", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
      ("bad_request", 400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
      ("transfer_encoding_unknown", 501, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
      ("version_not_supported", 505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
      ("version_not_supported", 505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      ("expectation_failed", 417, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\na"),
      ("uri_too_long", 414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
      ("header_too_large", 431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"),
      ("header_too_large", 431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 101 + b"\r\n"),
  )

  def test_a_bad_request_is_answered_and_ends_its_connection(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1, "timeouts": {"linger": 0.2}})

    for name, status, request in self.BAD:
      with self.subTest(name=name, request=request[:60]):
        client = gateway.client()
        # The gateway may be done before all of it is sent.
        with contextlib.suppress(OSError):
          client.send(request + b"GET /pwn HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = client.response()
        self.assertEqual((answer.status, answer.get("Connection")), (status, "close"))
        with contextlib.suppress(Ended):
          self.assertTrue(client.ended())
    self.assertFalse([request for request in upstream.requests if "pwn" in request.head.line])
    logged = [(line.get("error"), line["response"]["status"]) for line in gateway.log_lines(len(self.BAD))]
    self.assertEqual(logged, [(name, status) for name, status, _ in self.BAD])

  def test_trace_is_405_and_says_what_is_allowed(self):
    answer = self.gateway(service(1)).client().get(method="TRACE")

    self.assertEqual(answer.status, 405)
    self.assertIn("GET", answer.get("Allow"))

  def test_a_head_that_does_not_end_is_408(self):
    gateway = self.gateway(service(1), gateway={"timeouts": {"header": 0.2}})
    client = gateway.client()

    answer = client.ask(b"GET / HTTP/1.1\r\nHost: h\r\nX-Half")

    self.assertEqual((answer.status, answer.get("Connection")), (408, "close"))
    self.assertTrue(client.ended())
    self.assertEqual(gateway.log_lines(1)[0]["error"], "request_timeout")

  def test_a_body_that_does_not_come_is_408_and_its_upstream_hears_it(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway={"timeouts": {"body_idle": 0.2}})

    answer = gateway.client().ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")

    self.assertEqual((answer.status, answer.get("Connection")), (408, "close"))
    self.assertEqual(upstream.requests, [])
    self.assertEqual(gateway.log_lines(1)[0]["error"], "request_timeout")

  def test_a_client_that_says_nothing_is_let_go(self):
    gateway = self.gateway(service(1), gateway={"timeouts": {"header": 0.2, "keep_alive": 0.2}})

    self.assertIn(gateway.client().stream.rest()[:12], (b"", b"HTTP/1.1 408"))

  def test_a_body_over_the_limit_is_413_in_both_framings(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway={"limits": {"body_bytes": 10}})

    self.assertEqual(gateway.client().post(b"x" * 10).status, 200)
    self.assertEqual(gateway.client().post(b"x" * 11).status, 413)
    client = gateway.client()
    answer = client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"b\r\n12345678901\r\n0\r\n\r\n")
    self.assertEqual((answer.status, answer.get("Connection")), (413, "close"))
    self.assertTrue(client.ended())
    self.assertEqual([request.body for request in upstream.requests], [b"x" * 10])

  def test_long_but_allowed_requests_pass(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))

    self.assertEqual(gateway.client().get("/" + "a" * 16_000).status, 200)
    self.assertEqual(gateway.client().get(fields="".join(f"X-{i}: {'v' * 600}\r\n" for i in range(90))).status, 200)


class OfRoutes(GatewayTest):

  def message(self, answer):
    return json.loads(answer.body)["message"]

  def test_no_route_and_no_service(self):
    gateway = self.gateway(routes=[{"name": "bare", "paths": ["/bare"]}])

    answer = gateway.client().get("/other")
    self.assertEqual((answer.status, self.message(answer)), (404, "no Route matched with those values"))
    answer = gateway.client().get("/bare")
    self.assertEqual((answer.status, self.message(answer)), (503, "no Service found with those values"))
    # Two connections may be of two workers, whose lines come in any order.
    self.assertCountEqual([line["error"] for line in gateway.log_lines(2)], ["no_route", "no_service"])

  def test_routes_of_a_disabled_service_do_not_answer(self):
    gateway = self.gateway(service(1, enabled=False))

    self.assertEqual(gateway.client().get().status, 404)

  def test_no_target(self):
    gateway = self.gateway({"name": "s", "host": "u", "routes": [{"name": "r", "paths": ["/"]}]}, upstreams=[
        {"name": "u", "targets": [{"target": "127.0.0.1:1", "weight": 0}]}])

    answer = gateway.client().get()

    self.assertEqual((answer.status, self.message(answer)), (503, "failure to get a peer from the ring-balancer"))

  def test_a_name_without_an_address(self):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
      silent.bind(("127.0.0.1", 0))
      gateway = self.gateway({"name": "s", "url": "http://nowhere.test", "retries": 0,
                              "routes": [{"name": "r", "paths": ["/"]}]},
                             gateway={"dns": {"nameservers": [f"127.0.0.1:{silent.getsockname()[1]}"],
                                              "timeout": 0.1, "attempts": 1}})

      answer = gateway.client().get()

    self.assertEqual((answer.status, self.message(answer)), (503, "name resolution failed"))
    self.assertEqual(gateway.log_lines(1)[0]["error"], "name_resolution_failed")


class OfUpstreams(GatewayTest):

  def failure(self, gateway, request=b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"):
    """(status, name in the log) of a request's failure."""
    answer = gateway.client().ask(request)
    return answer.status, gateway.log_lines(1)[0]["error"]

  def test_refused(self):
    self.assertEqual(self.failure(self.gateway(service(1))), (502, "connect_failed"))

  def test_connecting_takes_too_long(self):
    with socket.socket() as full:
      full.bind(("127.0.0.1", 0))
      full.listen(0)
      waiting = []
      # The kernel completes a few connections by itself; once its queue is full it answers no more.
      for _ in range(8):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
      try:
        gateway = self.gateway(service(full.getsockname()[1], connect_timeout=100, retries=0))
        self.assertEqual(self.failure(gateway), (504, "connect_timeout"))
      finally:
        for one in waiting:
          one.close()

  def test_an_upstream_that_reads_nothing(self):
    over = threading.Event()
    self.addCleanup(over.set)
    upstream = self.upstream(lambda head, _: over.wait(PATIENCE) and None)
    gateway = self.gateway(service(upstream.port, write_timeout=200, read_timeout=20_000))
    client = gateway.client()

    with contextlib.suppress(OSError):
      client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000000\r\n\r\n" + b"x" * 60_000_000)

    self.assertEqual(client.response().status, 504)
    self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_write_timeout")

  def test_the_routes_request_timeout_stands_above_the_services(self):
    upstream = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(upstream.port, request_timeout=60_000, route={"request_timeout": 100}))

    self.assertEqual(self.failure(gateway), (504, "deadline_exceeded"))

  def test_request_timeout_ends_with_the_head(self):
    def slowly(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
      fence.client().get("/")  # A whole exchange elsewhere, longer than request_timeout by its own delay.
      return b"cd"

    sleeper = self.upstream(lambda head, connection: connection.recv(1) and None)
    fence = self.gateway(service(sleeper.port, read_timeout=300))
    upstream = self.upstream(slowly)
    gateway = self.gateway(service(upstream.port, request_timeout=100))

    self.assertEqual(gateway.client().get().body, b"abcd")


if __name__ == "__main__":
  unittest.main()
