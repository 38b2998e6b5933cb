"""HTTP/2 towards upstreams: by prior knowledge and by ALPN, shared connections, and upstreams that misbehave."""

import collections
import os
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from certificates import Authority
from h2_hostile import HOSTILE
from h2_wire import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
                     Client, RawClient, frame, literal)
from support import PATIENCE, GatewayTest, free_port, ok, wait_until

REFUSED_STREAM = 7


class Scripted:
  """An upstream that speaks frames: `script(connection, stream number, count)` after each request's head.
  `late` greets only behind the first of them."""

  def __init__(self, test, script, settings=b"", late=False):
    self.listening = socket.create_server(("127.0.0.1", 0))
    test.addCleanup(self.listening.close)
    self.port = self.listening.getsockname()[1]
    self.script, self.settings, self.late = script, settings, late
    self.requests = 0
    self.connections = 0
    self.lock = threading.Lock()
    threading.Thread(target=self.accept, daemon=True).start()

  def accept(self):
    try:
      while True:
        threading.Thread(target=self.serve, args=(self.listening.accept()[0],), daemon=True).start()
    except OSError:
      pass

  def heard(self, kind, stream, payload):
    """Of each frame."""

  def serve(self, connection):
    self.connections += 1
    data, greeted, late = b"", False, self.late
    try:
      if not late:
        connection.sendall(frame(SETTINGS, payload=self.settings))
      while True:
        more = connection.recv(65536)
        if not more:
          return
        data += more
        if not greeted and len(data) >= len(PREFACE):
          assert data.startswith(PREFACE), data[:30]
          data, greeted = data[len(PREFACE):], True
        while greeted and len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
          size = int.from_bytes(data[:3], "big")
          kind, flags, stream = data[3], data[4], int.from_bytes(data[5:9], "big")
          self.heard(kind, stream, data[9:9 + size])
          data = data[9 + size:]
          if kind == SETTINGS and not flags & ACK and not late:
            connection.sendall(frame(SETTINGS, ACK))
          if kind == HEADERS:
            with self.lock:
              self.requests += 1
              count = self.requests
            self.script(connection, stream, count)
            if late:
              connection.sendall(frame(SETTINGS, payload=self.settings) + frame(SETTINGS, ACK))
              late = False
    except OSError:
      pass
    finally:
      connection.close()


def answer(stream, body=b"fine", *fields):
  block = literal(":status", "200") + b"".join(literal(name, value) for name, value in fields)
  return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body)


class H2UpstreamTest(GatewayTest):

  def behind(self, port, scheme="http", listener=None, **fields):
    return self.gateway({"name": "s", "url": f"{scheme}://127.0.0.1:{port}", "protocol_version": 2,
                         "routes": [{"name": "r", "paths": ["/"]}], **fields},
                        gateway={"workers": 1}, listener=listener)


class Real(H2UpstreamTest):

  def setUp(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = folder.name
    self.big = os.urandom(1_500_000)
    with open(os.path.join(self.folder, "big"), "wb") as file:
      file.write(self.big)

  def nghttpd(self, *more):
    port = free_port()
    process = subprocess.Popen(["nghttpd", "-a", "127.0.0.1", "-d", self.folder, "--echo-upload", *more[:1], str(port),
                                *more[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    self.addCleanup(process.wait)
    self.addCleanup(process.terminate)

    def listens():
      with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, "nghttpd")
    return port

  def check(self, gateway):
    client = gateway.client()
    for _ in range(3):
      self.assertEqual(client.get("/big").body, self.big)
    self.assertEqual(client.get("/none").status, 404)
    sent = b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(self.big)
    self.assertEqual(client.ask(sent + self.big, "POST").body, self.big)

  def test_prior_knowledge(self):
    self.check(self.behind(self.nghttpd("--no-tls")))

  def test_alpn(self):
    authority = Authority(self.folder)
    certificate, key = authority.files(authority.issue("local", "IP:127.0.0.1"), "nghttpd")
    port = self.nghttpd("-v", key, certificate)
    for version in ("2", "auto", 2):
      self.check(self.behind(port, "https", tls_verify=False, protocol_version=version))

  def test_auto_speaks_http_1_1_to_who_knows_no_other(self):
    port = self.nghttpd("--no-tls")
    plain = self.upstream(lambda head, _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    self.assertEqual(self.behind(plain.port, protocol_version="auto").client().get().status, 200)
    self.assertEqual(self.behind(port, protocol_version="1.1", retries=0).client().get().status, 502)


class Misbehaving(H2UpstreamTest):

  def test_what_came_before_a_reset_reaches_the_client(self):
    """All in one piece; the client must see that it does not have everything."""
    upstream = Scripted(self, lambda connection, stream, count: connection.sendall(
        frame(HEADERS, END_HEADERS, stream, literal(":status", "200")) + frame(DATA, 0, stream, b"begun")
        + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))))
    gate = self.gateway({"name": "s", "url": f"http://127.0.0.1:{upstream.port}", "protocol_version": 2,
                         "routes": [{"name": "r", "paths": ["/"]}]}, listener={"h2c": True})
    client = RawClient(gate.connect())
    client.request(1)
    self.assertIsNotNone(client.until(lambda kind, *_: kind == RST_STREAM))
    seen = [(kind, payload if kind == DATA else b"") for kind, _, stream, payload in client.frames if stream == 1]
    self.assertEqual(seen, [(HEADERS, b""), (DATA, b"begun"), (RST_STREAM, b"")])

  def test_requests_share_one_connection(self):
    upstream = Scripted(self, lambda connection, stream, count: connection.sendall(answer(stream)))
    gateway = self.behind(upstream.port)
    clients = [gateway.client() for _ in range(20)]
    for client in clients * 3:
      self.assertEqual(client.get().body, b"fine")
    self.assertEqual((upstream.connections, upstream.requests), (1, 60))

  def test_a_refused_stream_goes_again_whatever_its_method(self):
    def script(connection, stream, count):
      if count == 1:
        connection.sendall(frame(RST_STREAM, stream=stream, payload=struct.pack(">I", REFUSED_STREAM)))
      else:
        connection.sendall(answer(stream))

    upstream = Scripted(self, script)
    answered = self.behind(upstream.port).client().ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST")
    self.assertEqual((answered.body, upstream.requests), (b"fine", 2))

  def test_a_reset_post_goes_not_again(self):
    upstream = Scripted(self, lambda connection, stream, count: connection.sendall(
        frame(RST_STREAM, stream=stream, payload=struct.pack(">I", 2))))
    answered = self.behind(upstream.port).client().ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST")
    self.assertEqual((answered.status, upstream.requests), (502, 1))

  def test_goaway_moves_to_a_new_connection_without_a_failure(self):
    def script(connection, stream, count):
      connection.sendall(answer(stream))
      if count % 3 == 0:
        connection.sendall(frame(GOAWAY, payload=struct.pack(">II", stream, 0)))

    upstream = Scripted(self, script)
    client = self.behind(upstream.port).client()
    self.assertEqual([client.get().status for _ in range(12)], [200] * 12)
    self.assertGreaterEqual(upstream.connections, 4)

  def test_who_is_turned_away_by_a_connection_that_ends_has_lost_no_try(self):
    """Each connection answers three requests and turns the others away: with `retries: 0`, whatever the method."""
    begun = collections.Counter()

    def script(connection, stream, count):
      begun[connection] += 1
      if begun[connection] <= 3:
        connection.sendall(answer(stream))
      if begun[connection] == 3:
        connection.sendall(frame(GOAWAY, payload=struct.pack(">II", stream, 0)))

    upstream = Scripted(self, script)
    gateway = self.behind(upstream.port, retries=0)
    clients = [gateway.client() for _ in range(20)]
    for client in clients:
      client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
    self.assertEqual([client.response("POST").status for client in clients], [200] * 20)
    self.assertGreater(upstream.requests, 20)

  def test_an_upstream_that_turns_everybody_away_is_given_up(self):
    def script(connection, stream, count):
      connection.sendall(frame(GOAWAY, payload=struct.pack(">II", 0, 0)))

    upstream = Scripted(self, script)
    self.assertEqual(self.behind(upstream.port, retries=0).client().get().status, 502)
    self.assertLess(upstream.connections, 50)

  def test_a_connection_that_was_too_much_is_left(self):
    def script(connection, stream, count):
      calm = frame(RST_STREAM, stream=stream, payload=struct.pack(">I", 11))  # ENHANCE_YOUR_CALM
      connection.sendall(calm if 1 < upstream.requests < 4 and upstream.connections == 1 else answer(stream))

    upstream = Scripted(self, script)
    client = self.behind(upstream.port).client()
    self.assertEqual([client.get().status for _ in range(4)], [200] * 4)
    self.assertEqual((upstream.connections, upstream.requests), (2, 5))

  def test_few_streams_make_requests_wait_or_connect(self):
    for late in (False, True):
      with self.subTest(late=late):
        hold = []
        upstream = Scripted(self, lambda connection, stream, count, hold=hold: hold.append((connection, stream)),
                            settings=struct.pack(">HI", 3, 2), late=late)
        gateway = self.behind(upstream.port, retries=0)
        clients = [gateway.connect() for _ in range(6)]
        for client in clients:
          client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_until(lambda hold=hold: len(hold) >= 6, "all requests at the upstream")
        # Two on each, whoever came before the first connection said that it takes no more.
        self.assertEqual(sorted(stream for _, stream in hold), [1, 1, 1, 3, 3, 3])
        for connection, stream in hold:
          connection.sendall(answer(stream))
        for client in clients:
          data = b""
          while b"fine" not in data:
            more = client.recv(65536)
            self.assertTrue(more, data)
            data += more

  def test_who_never_says_how_many_requests_it_takes_holds_up_nobody_else(self):
    class FirstIsSilent(Scripted):

      def serve(self, connection):
        if not silent:
          silent.append(connection)
          while connection.recv(65536):
            pass
        else:
          super().serve(connection)

    silent = []
    upstream = FirstIsSilent(self, lambda connection, stream, count: connection.sendall(answer(stream)))
    gateway = self.behind(upstream.port, retries=0)
    first = gateway.connect()
    first.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: silent, "the first connection")
    for client in [gateway.client() for _ in range(3)] * 2:
      self.assertEqual(client.get().status, 200)
    self.assertEqual(upstream.connections, 1)  # Beside the silent one.
    first.settimeout(PATIENCE)
    self.assertTrue(first.recv(65536).startswith(b"HTTP/1.1 502 "))

  def test_a_response_that_is_none_is_502(self):
    heads = {
        "no status": b"",
        "a strange status": literal(":status", "9"),
        "101": literal(":status", "101"),
        "a pseudo field of requests": literal(":status", "200") + literal(":path", "/"),
        "connection": literal(":status", "200") + literal("connection", "close"),
        "upper case": literal(":status", "200") + literal("X-Up", "1"),
        "CR LF": literal(":status", "200") + literal("a", "b\r\nc: d"),
    }
    for what, block in heads.items():
      with self.subTest(what):
        upstream = Scripted(self, lambda connection, stream, count, block=block: connection.sendall(
            frame(HEADERS, END_HEADERS | END_STREAM, stream, block)))
        self.assertEqual(self.behind(upstream.port, retries=0).client().get().status, 502)

  def test_an_upstream_of_http_1_1_is_told_from_one_that_breaks_off(self):
    plain = self.upstream(lambda head, _: ok())
    broken = Scripted(self, lambda connection, stream, count: connection.shutdown(socket.SHUT_RDWR))
    for upstream, why in ((plain, "without SETTINGS of HTTP/2: the upstream may not speak it"),
                          (broken, "the connection ended before the response")):
      gateway = self.behind(upstream.port, retries=0)
      self.assertEqual(gateway.client().get().status, 502)
      self.assertIn(why, gateway.log_lines(1)[0]["error_detail"])

  def over_h2(self, upstream):
    """The gateway in front of the upstream, for clients of HTTP/2."""
    return self.behind(upstream.port, listener={"h2c": True})

  def test_trailers_come_through_without_data_and_with_a_length(self):
    trailers = literal("grpc-status", "5")

    def script(connection, stream, count):
      length = literal("content-length", "4") if count > 1 else b""
      connection.sendall(frame(HEADERS, END_HEADERS, stream, literal(":status", "200") + length) +
                         (frame(DATA, 0, stream, b"abcd") if count > 1 else b"") +
                         frame(HEADERS, END_HEADERS | END_STREAM, stream, trailers))

    client = Client(self.over_h2(Scripted(self, script)).connect())
    self.assertEqual(client.get().trailers, [("grpc-status", "5")])
    second = client.get()
    self.assertEqual((second.body, second.trailers), (b"abcd", [("grpc-status", "5")]))

  def test_a_slow_reader_has_all_of_an_answer_whose_connection_is_gone(self):
    batch = b"x" * 15_000

    def script(connection, stream, count):
      connection.sendall(frame(HEADERS, END_HEADERS, stream, literal(":status", "200")))
      for last in (0, END_STREAM):
        # As much as windows allow: the gateway holds some of the second lot.
        connection.sendall(frame(DATA, 0, stream, batch) * (2 if last else 3) + frame(DATA, last, stream, batch))
        data = b""
        while not last and b"\0\0\4\x08\0" + struct.pack(">I", stream) not in data:
          data += connection.recv(65536)  # Until the stream's window is open again.
      connection.shutdown(socket.SHUT_RDWR)
      connection.close()
      closed.set()

    closed = threading.Event()
    gateway = self.over_h2(Scripted(self, script))
    client = RawClient(gateway.connect(), settings=struct.pack(">HI", 4, 0))
    client.request(1)
    self.assertIsNotNone(client.until(lambda kind, *_: kind == HEADERS))
    wait_until(closed.is_set, "the end of the upstream's connection")
    client.send(frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1 << 20)),
                frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 20)))
    ended = client.until(lambda kind, flags, *_: kind == RST_STREAM or (kind == DATA and flags & END_STREAM))
    self.assertEqual(ended[0], DATA)
    self.assertEqual(sum(len(payload) for kind, _, _, payload in client.frames if kind == DATA), 7 * len(batch))

  def test_a_cut_body_is_never_whole(self):
    def script(connection, stream, count):
      connection.sendall(frame(HEADERS, END_HEADERS, stream, literal(":status", "200")) +
                         frame(DATA, 0, stream, b"half") +
                         frame(RST_STREAM, stream=stream, payload=struct.pack(">I", 2)))

    upstream = Scripted(self, script)
    data = self.behind(upstream.port).get()
    self.assertNotIn(b"0\r\n\r\n", data)

  def test_a_flood_ends_that_connection_alone(self):
    for what, hostile in HOSTILE.items():
      with self.subTest(what):
        def script(connection, stream, count, hostile=hostile):
          flood = hostile.begin(stream) + hostile.again(stream) * (20_000 if hostile.closes else 500)
          connection.sendall(flood if count == 1 else answer(stream))

        upstream = Scripted(self, script)
        gateway = self.behind(upstream.port, retries=0)
        first = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        self.assertRegex(first, rb"^HTTP/1\.1 (200|502) ")
        self.assertNotIn(b"0\r\n\r\n", first.split(b"\r\n\r\n", 1)[1])  # what came of it is no whole answer
        self.assertEqual(gateway.client().get().status, 200)
        self.assertGreaterEqual(upstream.connections, 2 if hostile.closes else 1)

  def test_no_end_of_informational_responses_is_an_error_of_its_stream(self):
    def script(connection, stream, count):
      hint = frame(HEADERS, END_HEADERS, stream, literal(":status", "103"))
      connection.sendall(hint * 1000 if count == 1 else answer(stream))

    upstream = Scripted(self, script)
    gateway = self.behind(upstream.port, retries=0)
    self.assertIn(b" 502 ", gateway.get())
    self.assertEqual((gateway.client().get().status, upstream.connections), (200, 1))

  def test_a_silent_upstream_times_out(self):
    upstream = Scripted(self, lambda connection, stream, count: None)
    gateway = self.behind(upstream.port, read_timeout=300, retries=0)
    self.assertEqual(gateway.client().get().status, 504)


if __name__ == "__main__":
  unittest.main()
