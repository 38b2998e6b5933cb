"""The end of a node: who hears of it, what may end, what is cut."""

import signal
import socket
import threading
import time
import unittest

from support import PATIENCE, GatewayTest, ok, read_all, service, wait_until


class Draining(GatewayTest):

  def test_sigterm_ends_what_is_in_flight_and_nothing_else_begins(self):
    hanging = threading.Event()
    slow = self.upstream(lambda head, _: ok(b"late") if hanging.wait(20) else None)
    # One worker, so that the idle connection's end says that all of them have heard.
    gateway = self.gateway(service(slow.port), gateway={"workers": 1, "drain": {"delay": 0.2, "limit": 15}})
    idle = gateway.connect()
    connection = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: slow.heads, "the request")

    gateway.signal(signal.SIGTERM)
    wait_until(lambda: gateway.status("/status/ready") == (503, '{"message":"draining"}'), "not ready")
    self.assertEqual(read_all(idle), b"")
    hanging.set()
    answer = read_all(connection)

    self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"late"), answer)
    self.assertIn(b"\r\nConnection: close\r\n", answer)
    self.assertEqual(gateway.process.wait(20), 0)

  def test_drain_limit_cuts_what_does_not_end(self):
    stuck = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(stuck.port), gateway={"drain": {"limit": 0.2}})
    gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: stuck.heads, "the request")

    gateway.signal(signal.SIGTERM)

    self.assertEqual(gateway.process.wait(20), 1)

  def test_during_the_delay_new_connections_are_served_and_told_to_close(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port), gateway={"drain": {"delay": 60, "limit": 1}})
    before = gateway.client()
    before.get()

    gateway.signal(signal.SIGTERM)
    wait_until(lambda: gateway.status("/status/ready")[0] == 503, "not ready")

    self.assertEqual(gateway.client().get().status, 200)
    self.assertEqual(before.get().status, 200)
    gateway.signal(signal.SIGTERM)
    gateway.process.wait(PATIENCE)

  def test_after_the_delay_nobody_is_let_in(self):
    stuck = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(stuck.port), gateway={"drain": {"limit": 60}})
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: stuck.heads, "the request")

    gateway.signal(signal.SIGTERM)

    def refused():
      try:
        socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE).close()
      except ConnectionRefusedError:
        return True
      return False

    wait_until(refused, "the port to refuse")
    self.assertIsNone(gateway.process.poll())
    client.close()
    self.assertEqual(gateway.process.wait(PATIENCE), 0)

  def test_a_second_signal_ends_at_once(self):
    stuck = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(stuck.port), gateway={"drain": {"limit": 60}})
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: stuck.heads, "the request")

    gateway.signal(signal.SIGINT)
    wait_until(lambda: gateway.status("/status/ready")[0] == 503, "not ready")
    gateway.signal(signal.SIGINT)

    self.assertEqual(gateway.process.wait(PATIENCE), 1)
    self.assertIn("second signal", gateway.said())

  def test_an_idle_node_ends_within_a_second(self):
    gateway = self.gateway(service(1))
    idle = [gateway.client() for _ in range(50)]

    begun = time.monotonic()
    gateway.signal(signal.SIGTERM)
    self.assertEqual(gateway.process.wait(PATIENCE), 0)

    self.assertLess(time.monotonic() - begun, 5)  # Sanitizers take their own time.
    self.assertTrue(all(client.ended() for client in idle))

  def test_the_last_lines_of_the_log_are_written(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    client = gateway.client()
    for _ in range(100):
      client.get()

    gateway.signal(signal.SIGTERM)
    gateway.process.wait(PATIENCE)

    self.assertEqual(len(gateway.log_lines(100)), 100)

  def test_a_reload_does_not_stop_the_end(self):
    gateway = self.gateway(service(1), gateway={"drain": {"delay": 0.3}})

    gateway.signal(signal.SIGTERM)
    wait_until(lambda: gateway.status("/status/ready")[0] == 503, "not ready")
    gateway.signal(signal.SIGHUP)

    self.assertEqual(gateway.process.wait(PATIENCE), 0)

  def test_a_reload_that_the_end_overtakes_is_no_mistake_of_the_file(self):
    gateway = self.gateway(service(1))
    many = [{"name": f"s{i}", "url": "http://127.0.0.1:1", "routes": [{"name": f"r{i}", "paths": [f"/{i}"]}]}
            for i in range(2000)]
    gateway.write({"services": many})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: "(SIGHUP)" in gateway.said(), "the reload")
    gateway.signal(signal.SIGTERM)

    self.assertEqual(gateway.process.wait(20), 0)
    self.assertNotIn("is not loaded", gateway.said())

  def test_a_tunnel_lives_up_to_the_limit(self):
    def script(_, connection):
      connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
      return upstream.stream_of(connection).exactly(4)

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port), gateway={"drain": {"limit": 60}})
    client = gateway.client()
    client.ask(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")

    gateway.signal(signal.SIGTERM)
    wait_until(lambda: gateway.status("/status/ready")[0] == 503, "not ready")
    client.send(b"ping")
    self.assertEqual(client.stream.exactly(4), b"ping")
    client.close()

    self.assertEqual(gateway.process.wait(PATIENCE), 0)


if __name__ == "__main__":
  unittest.main()
