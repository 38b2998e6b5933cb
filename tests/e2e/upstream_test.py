"""Upstreams that share load, fail, die or lie: who gets what, what is tried again, and what reaches no client."""

import collections
import re
import socket
import struct
import threading
import unittest

from support import PATIENCE, GatewayTest, ok, service, wait_until
from wire import Ended

PARKED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def reset(connection):
  """Ends a connection by RST."""
  connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Targets(GatewayTest):

  def balanced(self, *targets, **gateway):
    return self.gateway({"name": "s", "host": "pool", "retries": 5, "routes": [{"name": "r", "paths": ["/"]}]},
                        upstreams=[{"name": "pool", "targets": [{"target": f"127.0.0.1:{port}", "weight": weight}
                                                                for port, weight in targets]}],
                        gateway={"workers": 1, **gateway})

  def named(self, name):
    return self.upstream(lambda head, _: ok(name))

  def test_requests_are_shared_by_weight(self):
    a, b, c = self.named(b"a"), self.named(b"b"), self.named(b"c")
    client = self.balanced((a.port, 20), (b.port, 10), (c.port, 0)).client()

    got = collections.Counter(client.get().body for _ in range(30))

    self.assertEqual(got, {b"a": 20, b"b": 10})

  def test_no_target_waits_for_its_turns_in_a_row(self):
    a, b = self.named(b"a"), self.named(b"b")
    client = self.balanced((a.port, 2), (b.port, 1)).client()

    got = b"".join(client.get().body for _ in range(30))

    self.assertNotIn(b"aaa", got)
    self.assertNotIn(b"bb", got)

  def test_a_dead_target_is_passed_over(self):
    alive = self.named(b"alive")
    gateway = self.balanced((1, 100), (alive.port, 100))
    client = gateway.client()

    for _ in range(6):
      self.assertEqual(client.get().body, b"alive")
    tries = [[one.get("state") for one in line["tries"]] for line in gateway.log_lines(6)]
    self.assertEqual(sorted(tries, key=len), [[None]] * 3 + [["failed", None]] * 3)

  def test_a_post_goes_on_when_nothing_of_it_was_sent(self):
    alive = self.upstream(lambda head, _: ok(), reads_bodies=True)
    client = self.balanced((1, 100), (alive.port, 100)).client()

    for _ in range(4):
      self.assertEqual(client.post(b"body").status, 200)
    self.assertEqual([request.body for request in alive.requests], [b"body"] * 4)


class Retries(GatewayTest):

  def dying(self, deaths, before=lambda connection: None):
    """An upstream whose next connections end before the first byte of an answer, `deaths` times."""
    left = [deaths]

    def script(_, connection):
      if left[0] > 0:
        left[0] -= 1
        before(connection)
        return None
      return PARKED

    return self.upstream(script, reads_bodies=True)

  def test_what_is_safe_to_repeat_goes_again(self):
    for request in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
                    b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
                    b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"):
      for how in (lambda connection: None, reset):
        upstream = self.dying(3, how)
        gateway = self.gateway(service(upstream.port))
        self.assertEqual(gateway.client().ask(request).body, b"ok", request)
        self.assertEqual(len(upstream.requests), 4)
        self.assertEqual(len({bytes(one.body) for one in upstream.requests}), 1)
        self.assertEqual(len(gateway.log_lines(1)[0]["tries"]), 4)

  def test_what_may_have_been_done_does_not(self):
    for method in ("POST", "PATCH", "LOCK"):
      upstream = self.dying(1)
      gateway = self.gateway(service(upstream.port))
      self.assertEqual(gateway.client().post(b"body", method=method).status, 502, method)
      self.assertEqual(len(upstream.requests), 1)
      self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_closed")

  def test_retries_are_counted(self):
    for retries in (0, 2):
      upstream = self.dying(100)
      client = self.gateway(service(upstream.port, retries=retries)).client()
      self.assertEqual(client.get().status, 502)
      self.assertEqual(len(upstream.requests), retries + 1)

  def test_all_tries_together_have_request_timeout(self):
    upstream = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(upstream.port, request_timeout=300, read_timeout=10_000, retries=100))

    self.assertEqual(gateway.client().get().status, 504)
    self.assertEqual(len(upstream.requests), 1)

  def test_an_answer_that_broke_off_is_not_asked_for_again(self):
    upstream = self.upstream(lambda head, connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-"))
    gateway = self.gateway(service(upstream.port))

    self.assertEqual(gateway.client().get().status, 502)
    self.assertEqual(len(upstream.requests), 1)

  def test_a_kept_connection_that_closed_while_idle_costs_no_request(self):
    finish = threading.Event()

    def script(head, connection):
      if "/last" in head:
        connection.sendall(PARKED)
        finish.wait(PATIENCE)
        return None
      return PARKED

    upstream = self.upstream(script, reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    client = gateway.client()
    self.assertEqual(client.get("/last").status, 200)
    wait_until(lambda: "sluice_upstream_connections_idle 1" in gateway.status("/metrics")[1], "the kept connection")
    finish.set()
    wait_until(lambda: "sluice_upstream_connections_idle 0" in gateway.status("/metrics")[1],
               "the pool to notice that its connection closed")

    self.assertEqual(client.post(b"only once").status, 200)
    self.assertEqual(len(upstream.requests), 2)

  def test_large_bodies_are_not_kept_for_another_try(self):
    upstream = self.dying(1)
    gateway = self.gateway(service(upstream.port))

    self.assertEqual(gateway.client().post(b"x" * 1_000_000, method="PUT").status, 502)
    self.assertEqual(len(upstream.requests), 1)


class Pools(GatewayTest):

  def test_connections_are_kept_and_bounded(self):
    barrier = threading.Barrier(4)
    upstream = self.upstream(lambda head, _: barrier.wait(PATIENCE) is not None and PARKED)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1, "upstream": {"keepalive_pool_size": 2}})
    clients = [gateway.client() for _ in range(4)]

    for client in clients:
      client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    for client in clients:
      self.assertEqual(client.response().status, 200)

    wait_until(lambda: "sluice_upstream_connections_idle 2" in gateway.status("/metrics")[1], "two kept connections")
    wait_until(lambda: len(upstream.ended) == 2, "two closed connections")

  def test_a_connection_ends_after_its_number_of_requests_or_its_idle_time(self):
    upstream = self.upstream(lambda head, _: PARKED)
    client = self.gateway(service(upstream.port), gateway={
        "workers": 1, "upstream": {"keepalive_max_requests": 2, "keepalive_idle_timeout": 0.1}}).client()

    for _ in range(4):
      client.get()

    self.assertEqual(len(upstream.streams), 2)
    client.get()
    wait_until(lambda: len(upstream.ended) == 3, "the idle connection to end")

  def test_no_pool_keeps_nothing(self):
    upstream = self.upstream(lambda head, _: PARKED)
    client = self.gateway(service(upstream.port), gateway={"upstream": {"keepalive_pool_size": 0}}).client()

    for _ in range(3):
      client.get()

    self.assertEqual(len(upstream.streams), 3)

  def test_an_upstream_that_wants_to_close_is_let_go(self):
    upstream = self.upstream(lambda head, _: ok(b"", b"Connection: close\r\n"))
    client = self.gateway(service(upstream.port), gateway={"workers": 1}).client()

    for _ in range(3):
      self.assertIsNone(client.get().get("Connection"))

    self.assertEqual(len(upstream.streams), 3)


class EarlyAnswers(GatewayTest):

  def test_an_answer_during_an_upload_arrives_and_both_connections_end(self):
    over = threading.Event()

    def script(_, connection):
      connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
      over.wait(PATIENCE)

    upstream = self.upstream(script)
    self.addCleanup(over.set)
    client = self.gateway(service(upstream.port), gateway={"timeouts": {"linger": 0.2}}).client()

    answer = client.ask(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000)

    self.assertEqual((answer.status, answer.body, answer.get("Connection")), (413, b"big", "close"))
    self.assertTrue(client.ended())
    self.assertTrue(wait_until(lambda: over.set() or upstream.streams[0].connection.fileno() == -1, "the end"))

  def test_an_answer_before_the_end_of_an_upload_lets_the_upload_go_on(self):
    def script(_, connection):
      stream = upstream.stream_of(connection)
      connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngo!\r\n")
      said.append(stream.exactly(9))
      return b"3\r\nend\r\n0\r\n\r\n"

    said = []
    upstream = self.upstream(script)
    client = self.gateway(service(upstream.port)).client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")

    client.stream.until(b"go!\r\n")
    client.send(b"late body")
    client.stream.until(b"0\r\n\r\n")

    self.assertEqual(said, [b"late body"])

  def test_an_upload_that_nobody_wants_does_not_become_a_request(self):
    upstream = self.upstream(lambda head, _: ok(b"enough"))
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1, "timeouts": {"linger": 0.2}})
    client = gateway.client()
    smuggled = b"GET /pwn HTTP/1.1\r\nHost: h\r\n\r\n"

    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (len(smuggled) + 10))
    answer = client.response()
    client.send(smuggled)

    self.assertEqual((answer.status, answer.body), (200, b"enough"))
    self.assertNotIn(b"HTTP/1.1 ", client.stream.rest())
    self.assertEqual(gateway.client().get("/next").status, 200)
    self.assertFalse([head for head in upstream.heads if "/pwn" in head])


class Hostile(GatewayTest):

  def client_of(self, answers, **gateway):
    upstream = self.upstream(answers if callable(answers) else lambda head, _: answers)
    return upstream, self.gateway(service(upstream.port), gateway={"workers": 1, **gateway})

  def test_a_cut_body_looks_cut_to_the_client(self):
    for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"):
      for how in (lambda connection: None, reset):
        def script(_, connection, said=answer, end=how):
          connection.sendall(said)
          end(connection)

        _, gateway = self.client_of(script)
        with self.assertRaises(Ended):
          gateway.client().get()
        line = gateway.log_lines(1)[0]
        self.assertEqual(line["response"]["status"], 200)
        self.assertIn(line["error"], ("upstream_closed", "invalid_response"))

  def test_lies_about_framing_are_502_and_their_connection_is_not_used_again(self):
    for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nokk",
                   b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
                   b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", b"HTTP/1.1 200 OK\r\n X: y\r\n\r\n",
                   b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", b"HTTP/1.1 99 Low\r\n\r\n", b"nonsense\r\n\r\n"):
      upstream, gateway = self.client_of(answer)
      client = gateway.client()
      for _ in range(2):
        answered = client.get()
        self.assertEqual(answered.status, 502, answer)
      self.assertEqual(len(upstream.streams), 2, answer)
      self.assertEqual(gateway.log_lines(2)[0]["error"], "invalid_response", answer)

  def test_a_head_without_end_is_cut(self):
    def script(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
      while True:
        connection.sendall(b"x" * 65536)

    _, gateway = self.client_of(script)
    self.assertEqual(gateway.client().get().status, 502)

  def test_bytes_behind_an_answer_reach_nobody(self):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVILX"
    for answer in (PARKED, b"HTTP/1.1 204 No Content\r\n\r\n",
                   b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"):
      upstream, gateway = self.client_of(answer + evil)
      client = gateway.client()
      for _ in range(5):
        self.assertNotIn(b"EVIL", client.get().body)
      self.assertEqual(len(upstream.streams), 5, answer)

  def test_bytes_that_come_later_reach_nobody(self):
    known = {}

    def script(head, connection):
      if "/poison" in head:
        known["connection"] = connection
      return PARKED

    upstream, gateway = self.client_of(script)
    client = gateway.client()
    client.get("/poison")
    known["connection"].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVILX")
    wait_until(lambda: "sluice_upstream_connections_idle 0" in gateway.status("/metrics")[1],
               "the pool to drop the connection")

    self.assertEqual(client.get("/next").body, b"ok")
    self.assertEqual(len(upstream.streams), 2)

  def test_bodies_where_there_are_none_reach_nobody(self):
    for method, answer in (("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVILX"),
                           ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\nEVILX")):
      upstream, gateway = self.client_of(answer)
      client = gateway.client()
      for _ in range(3):
        self.assertNotIn(client.get(method=method).status, (500, 502))
      self.assertNotIn(b"EVIL", bytes(client.stream.received))
      self.assertEqual(len(upstream.streams), 3)

  def test_informational_answers_are_relayed_up_to_a_number(self):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"
    _, gateway = self.client_of(hints * 10 + PARKED)
    answer = gateway.client().get()
    self.assertEqual([head.line for head in answer.informational], ["HTTP/1.1 103 Early Hints"] * 10)
    self.assertEqual(answer.informational[0].fields, [("Link", "</a>")])

    upstream, gateway = self.client_of(hints * 11 + PARKED)
    self.assertEqual(gateway.client().get().status, 502)
    self.assertEqual(len(upstream.streams), 1)

  def test_a_flood_of_informational_answers_ends(self):
    def script(_, connection):
      while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    _, gateway = self.client_of(script)
    self.assertEqual(gateway.client().get().status, 502)

  def test_switching_unasked_is_502(self):
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nEVILX"
    _, gateway = self.client_of(answer)
    client = gateway.client()

    self.assertEqual(client.get().status, 502)
    self.assertEqual(client.get().status, 502)
    self.assertNotIn(b"EVIL", bytes(client.stream.received))
    self.assertEqual(gateway.log_lines(2)[0]["error"], "upgrade_refused")

  def test_switching_to_something_else_is_502(self):
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nEVILX"
    _, gateway = self.client_of(answer)
    client = gateway.client()

    self.assertEqual(client.get(fields="Connection: Upgrade\r\nUpgrade: websocket\r\n").status, 502)

  def test_an_answer_before_the_request_is_no_answer(self):
    listener = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(listener.close)

    def serve():
      for _ in range(2):
        connection, _ = listener.accept()
        with connection:
          connection.sendall(ok(b"EARLY") + ok(b"EVIL"))
          connection.settimeout(PATIENCE)
          while connection.recv(4096):
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    gateway = self.gateway(service(listener.getsockname()[1], retries=0), gateway={"workers": 1})
    client = gateway.client()

    first = client.get()
    second = client.get()

    self.assertFalse(re.search(rb"EVIL", first.body + second.body))


class Leaving(GatewayTest):

  def test_a_client_that_leaves_during_its_upload_is_499(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port))
    client = gateway.client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
    wait_until(lambda: upstream.heads, "the request")

    client.close()

    wait_until(lambda: upstream.ended, "the upstream's connection to end")
    line = gateway.log_lines(1)[0]
    self.assertEqual((line["response"]["status"], line["error"]), (499, "client_gone"))
    self.assertEqual(upstream.requests, [])

  def test_a_client_that_leaves_inside_its_answer_ends_the_upstreams_connection(self):
    sent = [0]

    def script(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
      while True:
        connection.sendall(b"x" * 100_000)
        sent[0] += 100_000

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port))
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.stream.until(b"xxx")

    client.close()

    wait_until(lambda: upstream.ended, "the upstream's connection to end")
    line = gateway.log_lines(1)[0]
    self.assertEqual((line["response"]["status"], line["error"]), (200, "client_gone"))
    self.assertLess(sent[0], 100_000_000)

  def test_a_client_that_reads_slowly_slows_its_upstream(self):
    sent = [0]

    def script(_, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n")
      for _ in range(4000):
        connection.sendall(b"x" * 100_000)
        sent[0] += 100_000

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1, "timeouts": {"write_idle": 1}})
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.stream.until(b"\r\n\r\n")

    # It reads nothing more: write_idle ends the exchange, and until then the upstream is held back.
    line = gateway.log_lines(1)[0]

    self.assertEqual(line["error"], "client_gone")
    self.assertLess(sent[0], 50_000_000)


if __name__ == "__main__":
  unittest.main()
