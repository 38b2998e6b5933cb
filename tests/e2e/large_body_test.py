"""Large bodies of known length, which go from socket to socket inside the kernel, both ways: whole, in order, and ended
by whoever leaves."""

import contextlib
import os
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from support import GatewayTest, ok, service, wait_until
from wire import Client, Ended

ALONE = {"workers": 1}
RENO = {"tcp": {"congestion_control": "reno"}, "workers": 1}
KEPT = 2 * 8  # Ends of empty pipes that wait for their next body.
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


class LargeAnswers(GatewayTest):

  def test_curl_gets_every_byte_and_the_connections_are_used_again(self):
    upstream = self.upstream(lambda head, _: ok(BODY))
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    pipes = pipes_of(gateway.process.pid)

    done = subprocess.run(["curl", "-s", "-w", "%{num_connects}\n", "-o", os.devnull, "-o", os.devnull,
                           f"http://127.0.0.1:{gateway.port}/1", f"http://127.0.0.1:{gateway.port}/2"],
                          capture_output=True, check=True, timeout=60, text=True)
    client = gateway.client()
    answers = [client.get().body for _ in range(3)]

    self.assertEqual(done.stdout, "1\n0\n")
    self.assertEqual(answers, [BODY] * 3)
    self.assertEqual(len(upstream.streams), 1)
    self.assertEqual(pipes_of(gateway.process.pid), pipes + 2)  # One, for all of them.
    self.assertEqual([line["response"]["size"] > len(BODY) for line in gateway.log_lines(5)], [True] * 5)

  def test_the_kernel_moves_the_bytes(self):
    def half(head, connection):
      connection.sendall(ok(BODY)[:3 << 20])
      return connection.recv(1)

    upstream = self.upstream(half)
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    pipes = pipes_of(gateway.process.pid)

    for left in range(1, 5):
      client = gateway.client()
      client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      wait_until(lambda: pipes_of(gateway.process.pid) == pipes + 2 or None, "the pipe of a body under way")
      client.close()
      wait_until(lambda: len(upstream.ended) == left or None, "the upstream's connection to end with the client's")

    wait_until(lambda: pipes_of(gateway.process.pid) <= pipes + 2 or None, "no pipe to be left open")
    self.assertEqual([line["error"] for line in gateway.log_lines(4)], ["client_gone"] * 4)

  def test_an_upstream_that_dies_inside_is_a_cut_answer(self):
    for reset in (False, True):
      def die(head, connection, reset=reset):
        connection.sendall(ok(BODY)[:4 << 20])
        if reset:
          connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

      upstream = self.upstream(die)
      gateway = self.gateway(service(upstream.port), gateway=ALONE)

      with self.assertRaises((Ended, OSError)):
        gateway.client().get()
      self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_closed")

  def test_an_urgent_byte_does_not_stop_a_body(self):
    answer = ok(BODY)

    def urgent(head, connection):
      connection.sendall(answer[:2 << 20])
      connection.send(b"!", socket.MSG_OOB)
      connection.sendall(answer[2 << 20:])

    for settings in (RENO, ALONE):
      upstream = self.upstream(urgent)
      gateway = self.gateway(service(upstream.port), gateway=settings)

      for _ in range(5):
        self.assertTrue(gateway.client().get().body == BODY)

  def test_more_large_bodies_than_pipes_leave_descriptors_for_others(self):
    upstream = self.upstream(lambda head, _: ok(BODY) if " /large " in head else ok())
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    clients = [gateway.client() for _ in range(80)]
    for client in clients:
      client.send(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: pipes_of(gateway.process.pid) >= 2 * 64 or None, "as many pipes as are allowed")

    self.assertEqual(gateway.client().get().body, b"fine")
    self.assertLessEqual(pipes_of(gateway.process.pid), 2 * 64 + 4)
    for client in clients:
      client.close()
    wait_until(lambda: pipes_of(gateway.process.pid) <= KEPT + 4 or None, "the pipes to be closed")

  def test_a_silent_upstream_and_a_client_that_does_not_read_are_given_up(self):
    def stall(head, connection):
      connection.sendall(ok(BODY)[:4 << 20])
      connection.recv(1)

    upstream = self.upstream(stall)
    gateway = self.gateway(service(upstream.port, read_timeout=300), gateway=ALONE)
    with self.assertRaises((Ended, OSError)):
      gateway.client().get()
    self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_read_timeout")

    upstream = self.upstream(lambda head, _: ok(BODY * 8))
    gateway = self.gateway(service(upstream.port), gateway={**ALONE, "timeouts": {"write_idle": 0.3}})
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    self.assertEqual(gateway.log_lines(1)[0]["error"], "client_gone")

  def test_a_unix_listener_has_them_too(self):
    upstream = self.upstream(lambda head, _: ok(BODY), reads_bodies=True)
    with tempfile.TemporaryDirectory() as folder:
      path = f"{folder}/socket"
      gateway = self.gateway(service(upstream.port), gateway={**ALONE, "listeners": [{"address": f"unix:{path}"}]})
      connection = socket.socket(socket.AF_UNIX)
      self.addCleanup(connection.close)
      connection.settimeout(20)
      connection.connect(path)
      client = Client(connection)

      for number in range(3):
        self.assertTrue(client.post(BODY).body == BODY)
        self.assertTrue(upstream.requests[number].body == BODY)
      self.assertEqual([line["response"]["status"] for line in gateway.log_lines(3)], [200] * 3)


class LargeUploads(GatewayTest):

  def begin_upload(self, gateway, size=len(BODY), sent=BODY):
    client = gateway.client()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    with contextlib.suppress(OSError):
      client.send(sent)
    return client

  def test_every_byte_arrives_and_the_connections_are_used_again(self):
    upstream = self.upstream(lambda *_: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    pipes = pipes_of(gateway.process.pid)
    client = gateway.client()

    for number in range(4):
      self.assertEqual(client.post(BODY).body, b"fine")
      self.assertTrue(upstream.requests[number].body == BODY)

    self.assertEqual(len(upstream.streams), 1)
    self.assertEqual(pipes_of(gateway.process.pid), pipes + 2)
    self.assertEqual([line["request"]["size"] > len(BODY) for line in gateway.log_lines(4)], [True] * 4)

  def test_uploads_that_wait_for_their_clients_hold_no_pipe(self):
    upstream = self.upstream(lambda *_: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    pipes = pipes_of(gateway.process.pid)
    clients = [self.begin_upload(gateway, size=400_000, sent=BODY[:200_000]) for _ in range(20)]

    wait_until(lambda: len(upstream.heads) == 20 or None, "the uploads to reach the upstream")
    wait_until(lambda: pipes_of(gateway.process.pid) <= pipes + KEPT or None, "the pipes to be free again")
    for client in clients:
      client.send(BODY[200_000:400_000])
      self.assertEqual(client.response().status, 200)
    self.assertEqual([request.body == BODY[:400_000] for request in upstream.requests], [True] * 20)

  def test_a_client_that_leaves_takes_its_request_along(self):
    upstream = self.upstream(lambda *_: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    client = self.begin_upload(gateway, sent=BODY[:3 << 20])
    wait_until(lambda: upstream.streams or None, "the upload to reach the upstream")
    client.close()

    wait_until(lambda: upstream.ended or None, "the upstream's connection to end with the client's")
    self.assertEqual(gateway.log_lines(1)[0]["error"], "client_gone")
    self.assertEqual(upstream.requests, [])

  def test_an_early_answer_ends_the_upload(self):
    refusal = b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"

    def refuse(head, connection):
      connection.recv(1 << 20)
      connection.sendall(refusal)
      wait_until(lambda: connection.recv(1 << 20) == b"" or None, "the gateway to end the refused upload")

    upstream = self.upstream(refuse)
    gateway = self.gateway(service(upstream.port), gateway=ALONE)
    # As much as fits nowhere on its way: the rest is still with the client.
    client = self.begin_upload(gateway, size=1 << 30)

    answer = client.response()
    self.assertEqual((answer.status, answer.body), (413, b"no"))
    self.assertEqual(answer.get("connection"), "close")

  def test_an_upstream_that_dies_inside_is_a_502(self):
    for reset in (False, True):
      def die(head, connection, reset=reset):
        connection.recv(1 << 16)
        if reset:
          connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

      upstream = self.upstream(die)
      gateway = self.gateway(service(upstream.port, retries=0), gateway=ALONE)
      client = self.begin_upload(gateway, size=1 << 30)

      self.assertEqual(client.response().status, 502)
      self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_closed")

  def test_a_silent_client_and_an_upstream_that_does_not_read_are_given_up(self):
    upstream = self.upstream(lambda *_: ok(), reads_bodies=True)
    gateway = self.gateway(service(upstream.port), gateway={**ALONE, "timeouts": {"body_idle": 0.3}})
    self.assertEqual(self.begin_upload(gateway, sent=BODY[:1 << 20]).response().status, 408)

    stop = threading.Event()
    self.addCleanup(stop.set)
    upstream = self.upstream(lambda *_: stop.wait(20) and None)
    gateway = self.gateway(service(upstream.port, write_timeout=300), gateway=ALONE)
    client = gateway.client()
    sender = threading.Thread(target=self.send_quietly, args=(client, b"POST / HTTP/1.1\r\nHost: h\r\n"
                              b"Content-Length: %d\r\n\r\n" % (64 << 20) + b"x" * (64 << 20)))
    sender.start()
    self.assertEqual(client.response().status, 504)
    self.assertEqual(gateway.log_lines(1)[0]["error"], "upstream_write_timeout")
    client.close()
    sender.join()

  @staticmethod
  def send_quietly(client, data):
    with contextlib.suppress(OSError):
      client.send(data)


if __name__ == "__main__":
  unittest.main()
