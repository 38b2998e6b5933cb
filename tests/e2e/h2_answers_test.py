"""What an upstream of HTTP/2 sends beside a body reaches clients of both versions: informational answers in time,
trailers behind the body."""

import threading
import unittest

import h2_wire
from h2_server import Server
from support import PATIENCE, GatewayTest

POST = b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"


def echo(call):
  call.head("200")
  call.data(call.body)


class AnswersTest(GatewayTest):

  def behind(self, **script):
    self.up = Server(self, **script)
    return self.gateway(self.up.service(), gateway={"workers": 1}, listener={"h2c": True})

  def h2(self, gateway):
    return h2_wire.Client(gateway.connect())


class Informational(AnswersTest):

  def setUp(self):
    self.seen = threading.Event()

  def hint(self, call):
    """Answers only when the client has the hint."""
    call.head("103", ("link", "</a.css>; rel=preload"))
    if self.seen.wait(PATIENCE):
      call.head("200", ("x-final", "1"))
      call.data(b"fine")

  def test_early_hints_reach_a_client_of_http_1_1_before_the_answer(self):
    client = self.behind(ended=self.hint).client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

    hint = client.stream.response_head()
    self.seen.set()
    answer = client.response()

    self.assertEqual((hint.line.split(" ")[1], hint.get("link")), ("103", "</a.css>; rel=preload"))
    self.assertEqual((answer.status, answer.get("x-final"), answer.get("link"), answer.body), (200, "1", None, b"fine"))

  def test_early_hints_reach_a_client_of_http_2_before_the_answer(self):
    client = self.h2(self.behind(ended=self.hint))
    stream = client.begin()
    response = client.responses[stream]

    while not response.informational:
      self.assertTrue(client.step())
    self.seen.set()
    client.finish(stream)

    self.assertEqual(response.informational, [{":status": "103", "link": "</a.css>; rel=preload"}])
    self.assertEqual((response.status, response.get("x-final"), response.body), (200, "1", b"fine"))

  def test_several_keep_their_order(self):
    def script(call):
      for number in range(5):
        call.head("103", ("x-number", str(number)))
      call.head("204", ends=True)

    gateway = self.behind(ended=script)
    expected = [str(number) for number in range(5)]

    answer = gateway.client().get()
    self.assertEqual((answer.status, [each.get("x-number") for each in answer.informational]), (204, expected))
    response = self.h2(gateway).get()
    self.assertEqual((response.status, [each["x-number"] for each in response.informational]), (204, expected))

  def test_a_client_of_http_1_0_gets_none(self):
    self.seen.set()
    client = self.behind(ended=self.hint).client()

    answer = client.ask(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n")

    self.assertEqual((answer.status, answer.informational, answer.body), (200, [], b"fine"))

  def test_a_client_of_http_1_1_that_waits_for_100_gets_it_once(self):
    client = self.behind(ended=echo).client()
    client.send(POST + b"Expect: 100-continue\r\n\r\n")

    self.assertEqual(client.stream.response_head().line, "HTTP/1.1 100 Continue")
    client.send(b"body")
    answer = client.response()

    self.assertEqual((answer.status, answer.informational, answer.body), (200, [], b"body"))
    self.assertEqual(client.get().status, 200)

  def test_a_client_of_http_2_that_waits_for_100_gets_it_once(self):
    client = self.h2(self.behind(ended=echo))
    stream = client.begin(method="POST", fields=[("expect", "100-continue")], ends=False)
    response = client.responses[stream]
    while not response.informational:
      self.assertTrue(client.step())

    client.send(stream, b"body", ends=True)
    client.finish(stream)

    self.assertEqual(response.informational, [{":status": "100"}])
    self.assertEqual((response.status, response.body), (200, b"body"))

  def test_a_100_of_the_upstream_is_passed_on(self):
    gateway = self.behind(begun=lambda call: call.head("100"), ended=echo)

    answer = gateway.client().ask(POST + b"\r\nbody")
    self.assertEqual(([each.line for each in answer.informational], answer.body), (["HTTP/1.1 100 Continue"], b"body"))
    client = self.h2(gateway)
    stream = client.begin(method="POST", ends=False)
    client.send(stream, b"body", ends=True)
    response = client.finish(stream)
    self.assertEqual((response.informational, response.body), ([{":status": "100"}], b"body"))


class Trailers(AnswersTest):

  def script(self, call):
    sized = call.get(":path") == "/sized"
    call.head("200", ("trailer", "x-sum"), *([("content-length", "9")] if sized else []))
    if call.get(":path") != "/empty":
      call.data(b"some ", ends=False)
      call.data(b"more", ends=False)
    call.end(("x-sum", "7"), ("x-more", "a b"))

  def test_a_client_of_http_1_1_that_takes_trailers_gets_them(self):
    client = self.behind(ended=self.script).client()
    for path, body in (("/", b"some more"), ("/empty", b"")):
      answer = client.get(path, "TE: trailers\r\nConnection: TE\r\n")
      self.assertEqual((answer.body, answer.trailers), (body, [("x-sum", "7"), ("x-more", "a b")]))

  def test_one_that_does_not_gets_the_body_alone(self):
    client = self.behind(ended=self.script).client()
    for path, body in (("/", b"some more"), ("/sized", b"some more"), ("/empty", b"")) * 2:
      answer = client.get(path)
      self.assertEqual((answer.body, answer.trailers), (body, []))

  def test_a_client_of_http_2_gets_them(self):
    client = self.h2(self.behind(ended=self.script))
    for path, body in (("/", b"some more"), ("/sized", b"some more"), ("/empty", b"")):
      response = client.get(path)
      self.assertEqual((response.body, response.trailers), (body, [("x-sum", "7"), ("x-more", "a b")]))

  def test_those_of_requests_reach_the_upstream(self):
    gateway = self.behind(ended=echo)
    client = gateway.client()
    answer = client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n")
    self.assertEqual(answer.body, b"body")
    client = self.h2(gateway)
    stream = client.begin(method="POST", ends=False)
    client.send(stream, b"body")
    client.trailers(stream, [("x-sum", "7")])
    self.assertEqual(client.finish(stream).body, b"body")

    self.assertEqual([(call.body, call.trailers) for call in self.up.calls], [(b"body", [("x-sum", "7")])] * 2)


if __name__ == "__main__":
  unittest.main()
