"""Long polling: where an upstream answers a head and has nothing to say yet, its client has the head already, between
all versions."""

import threading
import unittest

import h2_wire
from h2_server import Server
from support import PATIENCE, GatewayTest, service
from wire import Ended

NEWS = b"news"
FRAMINGS = {"a length": (b"Content-Length: 4\r\n", NEWS),
            "chunks": (b"Transfer-Encoding: chunked\r\n", b"4\r\nnews\r\n0\r\n\r\n"),
            "the end of the connection": (b"Connection: close\r\n", NEWS)}


class LongPolling(GatewayTest):

  def setUp(self):
    self.happened = threading.Event()

  def wait(self):
    """At the upstream, which says nothing before the client has the head."""
    if not self.happened.wait(PATIENCE):
      raise Ended("no client had the head")

  def of_http_1_1(self, head, body):
    def script(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nX-Poll: 1\r\n" + head + b"\r\n")
      self.wait()
      connection.sendall(body)
      return None if b"close" in head else b""

    return service(self.upstream(script).port)

  def of_http_2(self, sized):
    def script(call):
      call.head("200", ("x-poll", "1"), *([("content-length", "4")] if sized else []))
      self.wait()
      call.data(NEWS)

    return Server(self, ended=script).service()

  def services(self):
    for framing, (head, body) in FRAMINGS.items():
      yield f"HTTP/1.1 with {framing}", self.of_http_1_1(head, body)
    for sized in (True, False):
      yield f"HTTP/2 {'with' if sized else 'without'} a length", self.of_http_2(sized)

  def started(self, entity):
    self.happened.clear()
    return self.gateway(entity, gateway={"workers": 1}, listener={"h2c": True})

  def test_a_client_of_http_1_1_has_the_head_before_there_is_a_body(self):
    for upstream, entity in self.services():
      with self.subTest(upstream):
        client = self.started(entity).client()
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

        head = client.stream.response_head()
        self.assertEqual((head.get("x-poll"), client.stream.waiting), ("1", b""))
        self.happened.set()
        self.assertEqual(client.stream.body(head, until_close=False), (NEWS, []))

  def test_a_client_of_http_2_has_the_head_before_there_is_a_body(self):
    for upstream, entity in self.services():
      with self.subTest(upstream):
        client = h2_wire.Client(self.started(entity).connect())
        stream = client.begin()
        response = client.responses[stream]

        while not response.headers:
          self.assertTrue(client.step())
        self.assertEqual((response.get("x-poll"), response.body, response.ended), ("1", b"", False))
        self.happened.set()
        self.assertEqual(client.finish(stream).body, NEWS)

  def test_other_requests_of_the_client_do_not_wait_for_it(self):
    poll = self.of_http_1_1(*FRAMINGS["a length"])
    quick = service(self.upstream(lambda *_: b"HTTP/1.1 204 No Content\r\n\r\n").port, "quick",
                    route={"paths": ["/quick"]})
    gateway = self.gateway(poll, quick, gateway={"workers": 1}, listener={"h2c": True})
    client = h2_wire.Client(gateway.connect())
    stream = client.begin("/poll")
    while not client.responses[stream].headers:
      self.assertTrue(client.step())

    self.assertEqual(client.get("/quick").status, 204)
    self.assertFalse(client.responses[stream].ended)
    self.happened.set()
    self.assertEqual(client.finish(stream).body, NEWS)


if __name__ == "__main__":
  unittest.main()
