"""Large bodies of known length, which go from socket to socket inside the kernel where the client's socket does not
pace (TCP reno): whole, in order, and ended by whoever leaves."""

import os
import struct
import socket
import subprocess
import unittest

from support import GatewayTest, ok, service, wait_until
from wire import Ended

RENO = {"tcp": {"congestion_control": "reno"}, "workers": 1}
BODY = os.urandom(1 << 20) * 6


def pipes_of(process):
  """How many ends of pipes a process holds."""
  count = 0
  for name in os.listdir(f"/proc/{process}/fd"):
    try:
      count += os.readlink(f"/proc/{process}/fd/{name}").startswith("pipe:")
    except FileNotFoundError:
      pass
  return count


class LargeBodies(GatewayTest):

  def test_curl_gets_every_byte_and_the_connections_are_used_again(self):
    upstream = self.upstream(lambda head, _: ok(BODY))
    gateway = self.gateway(service(upstream.port), gateway=RENO)
    pipes = pipes_of(gateway.process.pid)

    done = subprocess.run(["curl", "-s", "-w", "%{num_connects}\n", "-o", os.devnull, "-o", os.devnull,
                           f"http://127.0.0.1:{gateway.port}/1", f"http://127.0.0.1:{gateway.port}/2"],
                          capture_output=True, check=True, timeout=60, text=True)
    client = gateway.client()
    answers = [client.get().body for _ in range(3)]

    self.assertEqual(done.stdout, "1\n0\n")
    self.assertEqual(answers, [BODY] * 3)
    self.assertEqual(len(upstream.streams), 1)
    self.assertEqual(pipes_of(gateway.process.pid), pipes)
    self.assertEqual([line["response"]["size"] > len(BODY) for line in gateway.log_lines(5)], [True] * 5)

  def test_the_kernel_moves_the_bytes(self):
    def half(head, connection):
      connection.sendall(ok(BODY)[:3 << 20])
      connection.recv(1)

    upstream = self.upstream(half)
    gateway = self.gateway(service(upstream.port), gateway=RENO)
    pipes = pipes_of(gateway.process.pid)
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

    wait_until(lambda: pipes_of(gateway.process.pid) == pipes + 2 or None, "the pipe of a body under way")
    client.close()

    wait_until(lambda: upstream.ended or None, "the upstream's connection to end with the client's")
    wait_until(lambda: pipes_of(gateway.process.pid) == pipes or None, "the pipe to be closed")
    self.assertEqual(gateway.log_lines(1)[0]["error"], "client_gone")

  def test_an_upstream_that_dies_inside_is_a_cut_answer(self):
    for reset in (False, True):
      def die(head, connection, reset=reset):
        connection.sendall(ok(BODY)[:4 << 20])
        if reset:
          connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

      upstream = self.upstream(die)
      gateway = self.gateway(service(upstream.port), gateway=RENO)

      with self.assertRaises((Ended, OSError)):
        gateway.client().get()
      self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_closed")

  def test_an_urgent_byte_does_not_stop_a_body(self):
    answer = ok(BODY)

    def urgent(head, connection):
      connection.sendall(answer[:2 << 20])
      connection.send(b"!", socket.MSG_OOB)
      connection.sendall(answer[2 << 20:])

    for settings in (RENO, {"workers": 1}):
      upstream = self.upstream(urgent)
      gateway = self.gateway(service(upstream.port), gateway=settings)

      for _ in range(5):
        self.assertTrue(gateway.client().get().body == BODY)

  def test_more_large_bodies_than_pipes_leave_descriptors_for_others(self):
    upstream = self.upstream(lambda head, _: ok(BODY) if " /large " in head else ok())
    gateway = self.gateway(service(upstream.port), gateway=RENO)
    clients = [gateway.client() for _ in range(80)]
    for client in clients:
      client.send(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: pipes_of(gateway.process.pid) >= 2 * 64 or None, "as many pipes as are allowed")

    self.assertEqual(gateway.client().get().body, b"fine")
    self.assertLessEqual(pipes_of(gateway.process.pid), 2 * 64 + 4)

  def test_a_silent_upstream_and_a_client_that_does_not_read_are_given_up(self):
    def stall(head, connection):
      connection.sendall(ok(BODY)[:4 << 20])
      connection.recv(1)

    upstream = self.upstream(stall)
    gateway = self.gateway(service(upstream.port, read_timeout=300), gateway=RENO)
    with self.assertRaises((Ended, OSError)):
      gateway.client().get()
    self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_read_timeout")

    upstream = self.upstream(lambda head, _: ok(BODY * 8))
    gateway = self.gateway(service(upstream.port), gateway={**RENO, "timeouts": {"write_idle": 0.3}})
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    self.assertEqual(gateway.log_lines(1)[0]["error"], "client_gone")


if __name__ == "__main__":
  unittest.main()
