"""A node that has all the client connections that it may have: who is served, and whose connection ends."""

import re
import threading
import unittest

from h2_wire import Client
from support import PATIENCE, GatewayTest, ok, read_all, read_answer, service, wait_until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Full(GatewayTest):

  def full(self, script=lambda head, _: ok(), listener=None, connections=3):
    upstream = self.upstream(script)
    return self.gateway(service(upstream.port), gateway={"workers": 1, "limits": {"connections": connections}},
                        listener=listener)

  def full_with_slow_answers(self, listener=None):
    """The gateway, and what lets /slow be answered."""
    release = threading.Event()
    self.addCleanup(release.set)

    def script(head, _):
      if "/slow" in head:
        release.wait(PATIENCE)
      return ok()

    return self.full(script, listener), release

  def asked(self, gateway):
    connection = gateway.connect()
    connection.sendall(GET)
    self.assertIn(b"200 OK", read_answer(connection))
    return connection

  def made_room(self, gateway):
    return int(re.search(r"^sluice_connections_made_room_total (\d+)$", gateway.status("/metrics")[1], re.MULTILINE)[1])

  def test_the_connection_that_is_idle_longest_makes_room(self):
    gateway = self.full()
    first, second, third = (self.asked(gateway) for _ in range(3))
    first.sendall(GET)  # Now the second one is idle longest.
    read_answer(first)

    fourth = self.asked(gateway)

    self.assertEqual(read_all(second), b"")
    for connection in (first, third, fourth):
      connection.sendall(GET)
      self.assertIn(b"200 OK", read_answer(connection))
    self.assertEqual(self.made_room(gateway), 1)
    self.assertIn("raise the limit of descriptors or gateway.limits.connections", gateway.said())

  def test_a_large_node_makes_room_for_some_at_once(self):
    gateway = self.full(connections=600)
    idle = [self.asked(gateway) for _ in range(600)]
    more = self.asked(gateway)
    self.assertEqual(self.made_room(gateway), 3)  # One for each 256 that there are, begun ones too.
    for connection in [*idle[3:], more]:
      connection.sendall(GET)
      self.assertIn(b"200 OK", read_answer(connection))
    for connection in idle:
      connection.close()

  def test_a_client_that_never_said_anything_keeps_nobody_out(self):
    gateway = self.full()
    silent = [gateway.connect() for _ in range(3)]
    asked = [self.asked(gateway) for _ in range(6)]
    self.assertEqual(len(asked), 6)
    for connection in silent:
      self.assertEqual(read_all(connection), b"")

  def test_a_connection_with_an_exchange_is_left_alone(self):
    gateway, release = self.full_with_slow_answers()
    busy = [gateway.connect() for _ in range(3)]
    for connection in busy:
      connection.sendall(GET.replace(b"/ ", b"/slow "))
    waiting = gateway.connect()
    waiting.sendall(GET)
    wait_until(lambda: "all the client connections" in gateway.said(), "the node to be full")
    release.set()

    for connection in busy:
      self.assertIn(b"200 OK", read_answer(connection))
    self.assertIn(b"200 OK", read_answer(waiting))

  def test_slow_heads_do_not_fill_the_memory_of_a_worker(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1, "limits": {"worker_memory": 16 << 20}})
    slow = [gateway.connect() for _ in range(1000)]
    for connection in slow:
      connection.sendall(GET[:-2])
    self.asked(gateway)
    for connection in slow:
      connection.sendall(b"\r\n")
    for connection in slow:
      self.assertIn(b"200 OK", read_answer(connection))
      connection.close()

  def test_http_2_connections_make_room_when_they_have_no_stream(self):
    gateway, release = self.full_with_slow_answers({"h2c": True})
    idle, was_busy, busy = (Client(gateway.connect()) for _ in range(3))
    slow = busy.begin("/slow")
    ended = was_busy.get()
    self.assertEqual((idle.get().status, ended.status), (200, 200))

    asked = [self.asked(gateway)]  # Ends was_busy, whose last stream ended before the other's.
    asked.append(self.asked(gateway))

    while not (was_busy.ended and idle.ended):
      for client in (was_busy, idle):
        if not client.ended:
          client.step()
    self.assertEqual((was_busy.goaway.error_code, idle.goaway.error_code), (0, 0))
    release.set()
    self.assertEqual(busy.finish(slow).status, 200)


if __name__ == "__main__":
  unittest.main()
