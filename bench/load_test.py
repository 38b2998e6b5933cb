#!/usr/bin/env python3
"""Tests of bench_load against servers that misbehave: a generator that checks nothing measures nothing.

Takes the folder of the built programs as its first argument, or build/release."""

import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import peers

PROGRAMS = peers.Programs(peers.REPOSITORY / "build" / "release")
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"


def serve(listener, answer):
  """Lets `answer(connection)` deal with each request of each connection until it returns False."""
  def serve_one(connection):
    with connection, contextlib.suppress(OSError):
      while connection.recv(4096) and answer(connection):
        pass

  def accept():
    with contextlib.suppress(OSError):
      while True:
        threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()
  threading.Thread(target=accept, daemon=True).start()


def load(target, *arguments):
  command = [PROGRAMS.load, "--target", target, "--connections", 2, "--size", 4, "--warmup", 0.05,
             "--duration", 0.3, "--json", *arguments]
  return json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout)


class Client(unittest.TestCase):
  """What the generator counts of a server's answers."""

  def against(self, answer, *arguments):
    with socket.create_server(("127.0.0.1", peers.free_ports(1)[0])) as listener:
      serve(listener, answer)
      return load("{}:{}".format(*listener.getsockname()), *arguments)

  def sending(self, *pieces):
    def answer(connection):
      connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      for piece in pieces:
        connection.sendall(piece)
      return True
    return self.against(answer)

  def test_answers_over_tls_are_checked_too(self):
    with tempfile.TemporaryDirectory() as folder, \
         socket.create_server(("127.0.0.1", peers.free_ports(1)[0])) as listener:
      peers.make_certificate(folder)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(f"{folder}/c.pem", f"{folder}/k.pem")
      answers = [GOOD]
      secure = context.wrap_socket(listener, server_side=True)
      serve(secure, lambda connection: connection.sendall(answers[0]) or True)
      where = "{}:{}".format(*secure.getsockname())

      result = load(where, "--tls")
      self.assertEqual((result["errors"], result["reconnects"]), (0, 0))
      self.assertGreater(result["requests"], 10)
      answers[0] = GOOD.replace(b"200", b"500")
      self.assertGreater(load(where, "--tls")["wrong_status"], 0)
      secure.close()

  def test_a_tunnel_carries_what_connections_do(self):
    upgraded = []

    def answer(connection):
      connection.sendall(GOOD if connection in upgraded else b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
      upgraded.append(connection)
      return True
    result = self.against(answer, "--websocket")
    self.assertEqual((result["errors"], result["reconnects"], len(set(upgraded))), (0, 0, 2))
    self.assertGreater(result["requests"], 10)

  def test_a_refused_tunnel_is_an_error(self):
    def answer(connection):
      connection.sendall(GOOD)
      return True
    result = self.against(answer, "--websocket")
    self.assertGreater(result["connect_errors"], 0)
    self.assertEqual(result["requests"], 0)

  def test_good_answers_are_no_errors(self):
    result = self.sending(GOOD)
    self.assertEqual((result["errors"], result["reconnects"]), (0, 0))
    self.assertGreater(result["requests"], 10)

  def test_answers_may_come_in_pieces(self):
    result = self.sending(*(GOOD[index:index + 1] for index in range(len(GOOD))))
    self.assertEqual((result["errors"], result["reconnects"]), (0, 0))
    self.assertGreater(result["requests"], 10)

  def test_other_statuses_are_errors(self):
    result = self.sending(GOOD.replace(b"200 OK", b"502 Bad Gateway"))
    self.assertGreater(result["wrong_status"], 0)
    self.assertEqual(result["requests"], 0)

  def test_other_lengths_are_errors(self):
    result = self.sending(GOOD.replace(b": 4", b": 5") + b"y")
    self.assertGreater(result["wrong_length"], 0)
    self.assertEqual(result["requests"], 0)

  def test_a_byte_too_much_is_an_error(self):
    result = self.sending(GOOD + b"y")
    self.assertGreater(result["wrong_length"] + result["wrong_status"], 0)

  def test_a_byte_missing_is_an_error(self):
    result = self.sending(GOOD[:-1])
    self.assertEqual((result["requests"], result["stalled"]), (0, 2))

  def test_an_end_in_the_body_is_an_error(self):
    def answer(connection):
      connection.sendall(GOOD[:-1])
      return False
    result = self.against(answer)
    self.assertGreater(result["closed_early"], 0)
    self.assertEqual(result["requests"], 0)

  def test_an_end_after_an_answer_is_none(self):
    def answer(connection):
      connection.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
      return False
    result = self.against(answer)
    self.assertEqual(result["errors"], 0)
    self.assertGreater(result["reconnects"], 0)
    self.assertGreater(result["requests"], 0)

  def test_nobody_listening_is_an_error(self):
    self.assertGreater(load(f"127.0.0.1:{peers.free_ports(1)[0]}")["connect_errors"], 0)

  def test_a_rate_is_held(self):
    def answer(connection):
      connection.sendall(GOOD)
      return True
    result = self.against(answer, "--rate", 100)
    self.assertAlmostEqual(result["requests"], 30, delta=3)


class Origin(unittest.TestCase):
  """What the generator answers as upstream."""

  def setUp(self):
    self.address = peers.free_ports(1)[0]
    origin = f"127.0.0.1:{self.address}"
    process = subprocess.Popen([str(PROGRAMS.load), "--target", origin, "--origin-listen", origin,
                                "--connections", "0", "--size", "100000", "--duration", "60"],
                               stdout=subprocess.DEVNULL)
    self.addCleanup(process.wait)
    self.addCleanup(process.kill)
    while True:
      with contextlib.suppress(ConnectionRefusedError):
        self.client = socket.create_connection(("127.0.0.1", self.address), 5)
        break
    self.addCleanup(self.client.close)
    self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

  def receive_answers(self, count):
    """The number of answers after waiting for as many whole ones, and a little longer."""
    received = b""
    while received.count(b"HTTP/1.1 200 OK") < count or len(received) < count * 100_000:
      received += self.client.recv(1 << 20)
    self.client.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
      while True:
        received += self.client.recv(1 << 20)
    self.client.settimeout(5)
    return received.count(b"HTTP/1.1 200 OK"), received.count(b"x") >= count * 100_000

  def test_each_head_is_answered_once_however_it_is_split(self):
    head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for split in range(1, len(head)):
      self.client.sendall(head[:split])
      self.client.sendall(head[split:])
    self.assertEqual(self.receive_answers(len(head) - 1), (len(head) - 1, True))

  def test_tunnels_are_accepted_and_answered_too(self):
    head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    self.client.sendall(head[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    self.assertTrue(self.client.recv(1000).startswith(b"HTTP/1.1 101 "))
    self.client.sendall(head)
    self.assertEqual(self.receive_answers(1), (1, True))

  def test_pipelined_heads_are_all_answered(self):
    self.client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
    self.assertEqual(self.receive_answers(20), (20, True))


if __name__ == "__main__":
  if len(sys.argv) > 1:
    PROGRAMS = peers.Programs(pathlib.Path(sys.argv.pop(1)))
  sys.exit(unittest.main())
