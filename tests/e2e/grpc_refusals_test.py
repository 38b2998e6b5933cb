"""gRPC without grpcio: how the gateway refuses, who is told that it makes no call, and what a deadline ends."""

import struct
import unittest

from h2_upstream_test import Scripted
from h2_wire import DATA, END_HEADERS, HEADERS, RST_STREAM, Client, frame, literal
from support import GatewayTest, ok, wait_until

CALL = (("content-type", "application/grpc"), ("te", "trailers"))


def route(name, port, protocols=("grpc",), plugins=(), scheme="grpc"):
  return {"name": name, "url": f"{scheme}://127.0.0.1:{port}",
          "routes": [{"name": name, "protocols": list(protocols), "paths": [f"/{name}."], "plugins": list(plugins)}]}


class Upstream(Scripted):
  """Remembers the codes of the resets that it hears."""

  def __init__(self, *arguments):
    self.resets = []
    super().__init__(*arguments)

  def heard(self, kind, stream, payload):
    if kind == RST_STREAM:
      self.resets.append(int.from_bytes(payload, "big"))


class GrpcRefusalsTest(GatewayTest):

  def client(self, gateway):
    return Client(gateway.connect())

  def status_of(self, gateway, path, *fields, **more):
    """(grpc-status, grpc-message) of a call that is refused."""
    answered = self.client(gateway).get(path, method="POST", fields=CALL + fields, **more)
    self.assertEqual((answered.status, answered.get("content-type"), answered.body), (200, "application/grpc", b""))
    return answered.get("grpc-status"), answered.get("grpc-message")

  def test_what_a_plugin_answers_is_a_status(self):
    gateway = self.gateway(
        *(route(f"s{status}", 1, plugins=[{"name": "request-termination", "config": {"status_code": status,
                                                                                     "message": f"says {status}"}}])
          for status in (400, 403, 404, 409, 429, 503, 504)),
        route("body", 1, plugins=[{"name": "request-termination", "config": {
            "status_code": 503, "body": "down: 5%", "content_type": "text/plain"}}]),
        route("address", 1, plugins=[{"name": "ip-restriction", "config": {"allow": ["10.1.1.1"]}}]),
        listener={"h2c": True})
    for status, wanted in ((400, 3), (403, 7), (404, 5), (409, 10), (429, 8), (503, 14), (504, 4)):
      self.assertEqual(self.status_of(gateway, f"/s{status}.Echo/Unary"), (str(wanted), f"says {status}"))
    self.assertEqual(self.status_of(gateway, "/body.Echo/Unary"), ("14", "down: 5%25"))
    self.assertEqual(self.status_of(gateway, "/address.Echo/Unary")[0], "7")

  def test_a_head_that_is_refused_is_too(self):
    gateway = self.gateway(route("calls", 1), gateway={"limits": {"body_bytes": 1000}}, listener={"h2c": True})
    path = "/calls.Echo/Unary"
    many = tuple((f"x-{i}", "1") for i in range(200))
    for wanted, at, fields, more in (("8", path, many, {}),
                                     ("2", path + "x" * 20_000, (), {}),
                                     ("8", path, (("content-length", "5000"),), {"ends": False}),
                                     ("2", path, (("expect", "wonders"),), {})):
      with self.subTest(fields=fields[:1], size=len(at)):
        self.assertEqual(self.status_of(gateway, at, *fields, **more)[0], wanted)

  def test_nothing_changes_for_others(self):
    gateway = self.gateway(route("web", 1, ("http", "https"), scheme="http", plugins=[
        {"name": "request-termination", "config": {"status_code": 503, "message": "m"}}]), listener={"h2c": True})
    for fields in ((), (("content-type", "application/grpc-web"),)):
      answered = self.client(gateway).get("/web.x", fields=fields)
      self.assertEqual((answered.status, answered.body), (503, b'{"message":"m"}'))

  def test_who_makes_no_call_is_told_so_in_kongs_order(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(route("calls", 1), route("secure", 1, ("grpcs",)),
                           route("web", upstream.port, ("grpc",), scheme="http"), listener={"h2c": True})
    plain = gateway.client()
    answered = plain.get("/calls.Echo/Unary")
    self.assertEqual(answered.status, 415)
    self.assertIn(b"Non-gRPC request matched gRPC route", answered.body)
    answered = plain.ask(b"POST /calls.Echo/Unary HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\n"
                         b"Content-Length: 0\r\n\r\n", "POST")
    self.assertEqual((answered.status, answered.get("upgrade")), (426, "HTTP/2"))
    self.assertEqual(self.client(gateway).get("/calls.Echo/Unary").status, 415)
    self.assertEqual(self.status_of(gateway, "/secure.Echo/Unary"), ("1", "gRPC request matched gRPCs route"))
    # As in Kong, what begins like gRPC's type is let through.
    answered = self.client(gateway).get("/web.x", method="POST", fields=[("content-type", "application/grpc-web")])
    self.assertEqual(answered.status, 200)

  def test_a_deadline_counts_to_the_end_of_the_call(self):
    """The upstream begins to answer, heeds no deadline and says nothing more; the client does not cancel."""
    begun = frame(HEADERS, END_HEADERS, 1, literal(":status", "200") + literal("content-type", "application/grpc"))
    message = frame(DATA, 0, 1, struct.pack(">BI", 0, 3) + b"one")
    upstream = Upstream(self, lambda connection, stream, count: connection.sendall(begun + message))
    gateway = self.gateway(route("calls", upstream.port), listener={"h2c": True})
    call = self.client(gateway)
    stream = call.begin("/calls.Echo/Server", method="POST", fields=(*CALL, ("grpc-timeout", "2S")))
    answered = call.finish(stream)
    self.assertEqual((answered.status, answered.body[5:]), (200, b"one"))
    self.assertEqual(dict(answered.trailers)["grpc-status"], "4")
    wait_until(lambda: upstream.resets == [8], "CANCEL at the upstream")
    self.assertIn("deadline_exceeded", gateway.status("/metrics")[1])

  def test_nor_does_a_client_that_takes_nothing_keep_the_upstream(self):
    """Its window is closed when the deadline passes; who waits for no time begins no call."""
    begun = frame(HEADERS, END_HEADERS, 1, literal(":status", "200") + literal("content-type", "application/grpc"))
    upstream = Upstream(self, lambda connection, stream, count: connection.sendall(
        begun + frame(DATA, 0, 1, bytes(10_000))))
    gateway = self.gateway(route("calls", upstream.port), listener={"h2c": True})
    call = Client(gateway.connect(), INITIAL_WINDOW_SIZE=100)
    call.begin("/calls.Echo/Server", method="POST", fields=(*CALL, ("grpc-timeout", "2S")))
    wait_until(lambda: upstream.resets == [8], "CANCEL at the upstream")
    self.assertEqual(self.status_of(gateway, "/calls.Echo/Server", ("grpc-timeout", "0m"))[0], "4")
    self.assertEqual(upstream.requests, 1)

  def test_a_call_in_time_ends_as_the_upstream_says(self):
    def script(connection, stream, count):
      block = literal(":status", "200") + literal("content-type", "application/grpc")
      connection.sendall(frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, 0, stream, b"\0\0\0\0\1x") +
                         frame(HEADERS, END_HEADERS | 1, stream, literal("grpc-status", "9")))

    gateway = self.gateway(route("calls", Scripted(self, script).port), listener={"h2c": True})
    answered = self.client(gateway).get("/calls.Echo/Unary", method="POST", fields=(*CALL, ("grpc-timeout", "20S")))
    self.assertEqual((answered.body, dict(answered.trailers)), (b"\0\0\0\0\1x", {"grpc-status": "9"}))


if __name__ == "__main__":
  unittest.main()
