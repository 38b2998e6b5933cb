"""HTTP/2 from clients: many requests at once, messages as RFC 9113 wants them, and what is no such message."""

import os
import re
import socket
import struct
import subprocess
import threading
import unittest

import h2_wire
from h2_wire import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM,
                     SETTINGS, WINDOW_UPDATE, Client, RawClient, frame, literal, request_block)
from support import PATIENCE, GatewayTest, ok, service, wait_until

PROTOCOL_ERROR, FLOW_CONTROL_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM = 1, 3, 7, 11


class H2Test(GatewayTest):

  def h2c(self, *services, gateway=None, **entities):
    return self.gateway(*services, gateway={"workers": 1, **(gateway or {})}, listener={"h2c": True}, **entities)

  def answering(self, script=lambda head, _: ok(), reads_bodies=False, **gateway):
    upstream = self.upstream(script, reads_bodies)
    return self.h2c(service(upstream.port), gateway=gateway), upstream

  def h2(self, gateway, **settings):
    return Client(gateway.connect(), **settings)

  def raw_h2(self, gateway, **more):
    return RawClient(gateway.connect(), **more)


class Messages(H2Test):

  def test_a_request_becomes_one_of_http_1_1(self):
    gateway, upstream = self.answering()
    response = self.h2(gateway).get("/a?b=c", fields=[("x-one", "1"), ("cookie", "a=1"), ("cookie", "b=2"),
                                                      ("te", "trailers")], authority="api.test")
    self.assertEqual((response.status, response.body), (200, b"fine"))
    lines = upstream.heads[0].split("\r\n")
    self.assertEqual(lines[0], "GET /a?b=c HTTP/1.1")
    self.assertIn("x-one: 1", lines)
    self.assertIn("cookie: a=1; b=2", lines)
    self.assertIn("X-Forwarded-Host: api.test", lines)
    self.assertEqual([line for line in lines if re.match(r"(?i)(:|http2|upgrade)", line)], [])

  def test_a_response_has_lower_case_names_and_nothing_of_the_connection(self):
    fields = b"X-Some: v\r\nConnection: keep-alive, X-Gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\n"
    gateway, _ = self.answering(lambda head, _: ok(fields=fields))
    response = self.h2(gateway).get()
    names = [name for name, _ in response.headers]
    self.assertEqual(names, [name.lower() for name in names])
    self.assertEqual(response.get("x-some"), "v")
    self.assertEqual(response.get("content-length"), "4")
    self.assertEqual({"connection", "keep-alive", "x-gone", "transfer-encoding"} & set(names), set())

  def test_many_requests_share_a_connection_and_the_slow_one_stops_nobody(self):
    release = threading.Event()

    def script(head, _):
      if head.startswith("GET /slow"):
        release.wait(PATIENCE)
      return ok(head.split(" ")[1].encode())

    gateway, _ = self.answering(script)
    client = self.h2(gateway)
    slow = client.begin("/slow")
    streams = {client.begin(f"/{i}"): f"/{i}".encode() for i in range(50)}
    for stream, body in streams.items():
      self.assertEqual(client.finish(stream).body, body)
    self.assertFalse(client.responses[slow].ended)
    release.set()
    self.assertEqual(client.finish(slow).body, b"/slow")

  def test_bodies_of_any_size_come_through_both_ways(self):
    body = os.urandom(2_000_000)
    gateway, upstream = self.answering(lambda head, _: ok(body), reads_bodies=True)
    client = self.h2(gateway)
    for fields in ((), (("content-length", str(len(body))),)):
      stream = client.begin(method="POST", fields=fields, ends=False)
      client.send(stream, body, ends=True)
      self.assertEqual(client.finish(stream).body, body)
      self.assertEqual(upstream.requests[-1].body, body)
    self.assertIn("Transfer-Encoding: chunked", upstream.heads[0])
    self.assertIn(f"Content-Length: {len(body)}", upstream.heads[1])

  def test_trailers_come_through_both_ways(self):
    answer = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
              b"4\r\nfine\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n")
    gateway, upstream = self.answering(lambda head, _: answer, reads_bodies=True)
    client = self.h2(gateway)
    stream = client.begin(method="POST", fields=[("te", "trailers")], ends=False)
    client.send(stream, b"body")
    client.trailers(stream, [("x-check", "1"), ("authorization", "no")])
    response = client.finish(stream)
    self.assertEqual(response.body, b"fine")
    self.assertEqual(response.trailers, [("x-sum", "7")])
    self.assertEqual(upstream.requests[0].trailers, [("x-check", "1")])

  def test_answers_without_a_body(self):
    answers = {"HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "DELETE": b"HTTP/1.1 204 No Content\r\n\r\n",
               "GET": b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
               "POST": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}
    gateway, _ = self.answering(lambda head, _: answers[head.split(" ")[0]])
    client = self.h2(gateway)
    got = {method: client.get(method=method) for method in answers}
    self.assertEqual({method: response.body for method, response in got.items()}, dict.fromkeys(answers, b""))
    self.assertEqual([got[method].get("content-length") for method in answers], ["7", None, None, "0"])

  def test_information_comes_before_the_answer(self):
    gateway, _ = self.answering(
        lambda head, _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok())
    response = self.h2(gateway).get()
    self.assertEqual([each[":status"] for each in response.informational], ["103"])
    self.assertEqual(response.informational[0]["link"], "</a>")
    self.assertEqual(response.body, b"fine")

  def test_who_waits_for_100_gets_it(self):
    gateway, upstream = self.answering(reads_bodies=True)
    client = self.h2(gateway)
    stream = client.begin(method="POST", fields=[("expect", "100-continue")], ends=False)
    while not client.responses[stream].informational:
      self.assertTrue(client.step())
    client.send(stream, b"body", ends=True)
    self.assertEqual(client.finish(stream).status, 200)
    self.assertEqual(upstream.requests[0].body, b"body")

  def test_an_early_answer_ends_the_upload_and_no_sibling(self):
    def script(head, connection):
      early = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
      return ok() if head.startswith("GET") else early

    gateway, _ = self.answering(script)
    client = self.h2(gateway)
    stream = client.begin(method="POST", ends=False)
    client.send(stream, b"x" * 1000)
    response = client.finish(stream)
    self.assertEqual((response.status, response.body), (413, b"no"))
    self.assertEqual(client.get().status, 200)

  def test_a_reset_upload_is_cut_at_the_upstream_too(self):
    gateway, upstream = self.answering(reads_bodies=True)
    client = self.h2(gateway)
    stream = client.begin(method="POST", ends=False)
    client.send(stream, b"half")
    wait_until(lambda: upstream.heads, "the request at the upstream")
    client.h2.reset_stream(stream, 8)
    client.flush()
    wait_until(lambda: upstream.ended, "the end at the upstream")
    self.assertEqual(upstream.requests, [])
    self.assertEqual(gateway.log_lines(1)[0]["response"]["status"], 499)
    self.assertEqual(client.get().status, 200)

  def test_the_log_tells_bytes_and_status(self):
    gateway, _ = self.answering()
    self.h2(gateway).get("/x")
    line = gateway.log_lines(1)[0]
    self.assertEqual((line["request"]["uri"], line["response"]["status"]), ("/x", 200))
    self.assertGreater(line["response"]["size"], 4)

  def test_http_1_1_goes_on_beside_it(self):
    gateway, _ = self.answering()
    self.assertEqual(gateway.client().get().body, b"fine")
    for piece in (b"P", b"PR", b"POST / HTTP/1.1\r\n", b"PRI", b"PUT / HTTP/1.1\r\n"):
      connection = gateway.connect()
      connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      connection.sendall(piece)
      connection.sendall(b"\r\n\r\n")
      self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 400"), piece)

  def test_the_preface_in_single_bytes(self):
    gateway, _ = self.answering()
    connection = gateway.connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in h2_wire.PREFACE + frame(SETTINGS) + frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block()):
      connection.sendall(bytes([byte]))
    data = b""
    while b"fine" not in data:
      data += connection.recv(65536)

  def test_drain_lets_the_running_finish(self):
    release = threading.Event()

    def script(head, _):
      release.wait(PATIENCE)
      return ok()

    gateway, upstream = self.answering(script)
    client = self.raw_h2(gateway)
    client.request(1)
    wait_until(lambda: upstream.heads, "the request at the upstream")
    gateway.signal(15)
    self.assertIsNotNone(client.until(lambda kind, *_: kind == GOAWAY))
    ping = client.until(lambda kind, flags, *_: kind == PING and not flags & ACK)
    client.send(frame(PING, ACK, payload=ping[3]))
    client.until(lambda kind, flags, stream, payload: kind == GOAWAY and payload[:4] == b"\0\0\0\1")
    release.set()
    data = client.until(lambda kind, flags, stream, payload: kind == DATA)
    self.assertEqual(data[3], b"fine")
    while client.step():
      pass
    wait_until(lambda: gateway.process.poll() is not None, "the end of the node")
    self.assertEqual(gateway.process.returncode, 0)


class Malformed(H2Test):
  """Each is answered or reset, reaches no upstream, and hurts no other stream."""

  RESETS = (
      ("an upper-case name", [("X-Upper", "1")], {}),
      ("connection", [("connection", "close")], {}),
      ("transfer-encoding", [("transfer-encoding", "chunked")], {}),
      ("upgrade", [("upgrade", "websocket")], {}),
      ("keep-alive", [("keep-alive", "1")], {}),
      ("proxy-connection", [("proxy-connection", "x")], {}),
      ("te", [("te", "gzip")], {}),
      ("a space in a name", [("a b", "1")], {}),
      ("a colon in a name", [("a:b", "1")], {}),
      ("CR LF in a value", [("a", "b\r\nx-evil: 1")], {}),
      ("NUL in a value", [("a", "b\0c")], {}),
      ("an empty name", [("", "1")], {}),
      ("a pseudo field behind", [("a", "1"), (":path", "/evil")], {}),
      ("a pseudo field twice", [(":path", "/evil")], {}),
      ("an unknown pseudo field", [(":evil", "1")], {}),
      ("a status", [(":status", "200")], {}),
      ("no path", [], {"path": ""}),
      ("a path in absolute form", [], {"path": "http://evil/"}),
      ("a path without a slash", [], {"path": "evil"}),
      ("a space in the path", [], {"path": "/a b"}),
      ("CR LF in the path", [], {"path": "/ HTTP/1.1\r\nx: y"}),
      ("a space in the method", [], {"method": "GET /evil"}),
      ("CR LF in the method", [], {"method": "GET / HTTP/1.1\r\n"}),
      ("a strange scheme", [], {"scheme": "ftp"}),
      ("a user in the authority", [], {"authority": "a@b"}),
      ("CR LF in the authority", [], {"authority": "a\r\nb: c"}),
      ("Host that contradicts", [("host", "other")], {}),
      ("two Hosts", [("host", "h"), ("host", "h")], {}),
      ("two lengths", [("content-length", "1"), ("content-length", "1")], {}),
      ("a length that is none", [("content-length", "+1")], {}),
      ("a length without data", [("content-length", "5")], {}),
      ("content_length", [("content_length", "5")], {}),
  )

  def test_malformed_heads_reach_no_upstream(self):
    gateway, upstream = self.answering()
    for what, fields, pseudo in self.RESETS:
      with self.subTest(what):
        client = self.raw_h2(gateway)
        client.request(1, *fields, **pseudo)
        ended = client.until(lambda kind, flags, stream, payload: kind == GOAWAY or (
            stream == 1 and (kind == RST_STREAM or flags & END_STREAM)))
        self.assertIsNotNone(ended)
        if ended[0] == RST_STREAM:
          self.assertEqual(int.from_bytes(ended[3], "big"), PROTOCOL_ERROR)
    self.assertEqual(upstream.heads, [])
    self.assertEqual(self.h2(gateway).get().status, 200)

  def test_less_or_more_data_than_declared_is_never_a_whole_request(self):
    gateway, upstream = self.answering(reads_bodies=True)
    for data in (b"123", b"1234567"):
      with self.subTest(data=data):
        client = self.raw_h2(gateway)
        client.request(1, ("content-length", "5"), method="POST", ends=False)
        client.send(frame(DATA, END_STREAM, 1, data))
        self.assertEqual(client.reset_of(1), PROTOCOL_ERROR)
    wait_until(lambda: len(upstream.ended) == len(upstream.streams), "the end of the half requests")
    self.assertEqual(upstream.requests, [])

  def test_limits_answer_as_they_do_in_http_1_1(self):
    gateway, _ = self.answering(reads_bodies=True, limits={"header_bytes": 4096, "uri_bytes": 1000, "header_count": 20,
                                        "body_bytes": 1000})
    client = self.h2(gateway)
    self.assertEqual(client.get("/" + "x" * 2000).status, 414)
    self.assertEqual(client.get(fields=[("x-big", "y" * 8000)]).status, 431)
    self.assertEqual(client.get(fields=[(f"x-{i}", "y") for i in range(40)]).status, 431)
    self.assertEqual(client.get(fields=[("content-length", "1001")], method="POST", ends=False).status, 413)
    stream = client.begin(method="POST", ends=False)
    client.send(stream, b"z" * 1500)
    self.assertEqual(client.finish(stream).status, 413)
    self.assertEqual(client.get().status, 200)

  def test_connect_is_refused(self):
    gateway, upstream = self.answering()
    client = self.raw_h2(gateway)
    client.send(frame(HEADERS, END_HEADERS, 1, literal(":method", "CONNECT") + literal(":authority", "h:80")))
    answer = client.until(lambda kind, flags, stream, payload: kind == HEADERS and stream == 1)
    self.assertIsNotNone(answer)
    self.assertEqual(upstream.heads, [])


class Floods(H2Test):
  """security: each ends the connection that does it, costs little, and no other connection notices."""

  def setUp(self):
    self.served, self.running, self.most = 0, 0, 0
    self.lock = threading.Lock()

  def script(self, head, connection):
    return ok()

  def flooded(self, frames, pieces, settings=b""):
    """Sends `frames` many times without reading; returns the code of the GOAWAY, or "closed"."""
    gateway, _ = self.answering()
    before = self.memory(gateway)
    connection = gateway.connect()
    client = RawClient(connection, settings)
    got = None
    sent = threading.Thread(target=self.pour, args=(connection, frames, pieces), daemon=True)
    sent.start()
    got = client.until_end()
    sent.join(PATIENCE)
    self.assertTrue(client.ended, "the connection goes on")
    self.assertEqual(self.h2(gateway).get().status, 200)
    self.assertLess(self.memory(gateway) - before, 32 << 20)
    return got

  @staticmethod
  def pour(connection, frames, pieces):
    try:
      for _ in range(pieces):
        connection.sendall(frames)
    except OSError:
      pass

  @staticmethod
  def memory(gateway):
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as file:
      return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) << 10

  def test_pings(self):
    self.assertIn(self.flooded(frame(PING, payload=b"12345678") * 100, 1000), (ENHANCE_YOUR_CALM, None))

  def test_settings(self):
    self.assertIn(self.flooded(frame(SETTINGS) * 100, 1000), (ENHANCE_YOUR_CALM, None))

  def test_priorities(self):
    self.assertIn(self.flooded(frame(PRIORITY, stream=1, payload=b"\0\0\0\0\x10") * 100, 1000),
                  (ENHANCE_YOUR_CALM, None))

  def test_windows(self):
    self.assertIn(self.flooded(frame(WINDOW_UPDATE, payload=b"\0\0\0\1") * 100, 1000), (ENHANCE_YOUR_CALM, None))

  def test_empty_data(self):
    begin = frame(HEADERS, END_HEADERS, 1, request_block(method="POST"))
    self.assertIn(self.flooded(begin + frame(DATA, stream=1) * 1000, 1), (ENHANCE_YOUR_CALM, None))

  def test_rapid_reset(self):
    pairs = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, request_block()) +
                     frame(RST_STREAM, stream=stream, payload=struct.pack(">I", 8)) for stream in range(1, 40_001, 2))
    self.assertIn(self.flooded(pairs, 1), (ENHANCE_YOUR_CALM, None))

  def test_made_you_reset(self):
    pairs = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, request_block()) +
                     frame(WINDOW_UPDATE, stream=stream, payload=b"\0\0\0\0") for stream in range(1, 40_001, 2))
    self.assertIn(self.flooded(pairs, 1), (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, None))

  def test_more_streams_than_the_limit_are_refused(self):
    release = threading.Event()

    def script(head, connection):
      release.wait(PATIENCE)
      return ok()

    self.addCleanup(release.set)
    gateway, _ = self.answering(script, limits={"http2_streams": 3})
    client = self.raw_h2(gateway)
    for stream in (1, 3, 5, 7):
      client.request(stream)  # All before it has read how many it may have.
    settings = client.until(lambda kind, *_: kind == SETTINGS)[3]
    self.assertIn(struct.pack(">HI", 3, 3), [settings[at:at + 6] for at in range(0, len(settings), 6)])
    self.assertEqual(client.reset_of(7), REFUSED_STREAM)
    release.set()
    for stream in (1, 3, 5):
      client.until(lambda kind, flags, at, _, stream=stream: (kind, at) == (DATA, stream) and flags & END_STREAM)
    client.request(9)
    self.assertIsNotNone(client.until(lambda kind, flags, at, _: (kind, at) == (DATA, 9) and flags & END_STREAM))

  def test_a_request_that_is_reset_in_the_same_breath_is_not_begun(self):
    gateway, upstream = self.answering()
    client = self.raw_h2(gateway)
    client.request(1)
    client.until(lambda kind, flags, stream, payload: stream == 1 and flags & END_STREAM)
    begin = request_block(("content-length", "1"), method="POST")
    client.send(
        frame(HEADERS, END_HEADERS | END_STREAM, 3, request_block()), frame(RST_STREAM, 0, 3, struct.pack(">I", 8)),
        # CVE-2025-8671: what is wrong has the gateway reset them.
        frame(HEADERS, END_HEADERS | END_STREAM, 5, request_block()),
        frame(WINDOW_UPDATE, 0, 5, struct.pack(">I", (1 << 31) - 1)),
        frame(HEADERS, END_HEADERS, 7, begin), frame(DATA, END_STREAM, 7, b"xy"),
        frame(HEADERS, END_HEADERS | END_STREAM, 9, request_block()))
    self.assertEqual((client.reset_of(5), client.reset_of(7)), (FLOW_CONTROL_ERROR, PROTOCOL_ERROR))
    client.until(lambda kind, flags, stream, payload: stream == 9 and flags & END_STREAM)
    # An error of the connection closes it at once, also for the request before it.
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 11, request_block()),
                frame(WINDOW_UPDATE, 0, 11, struct.pack(">I", 0)))
    self.assertEqual(client.until_end(), PROTOCOL_ERROR)
    self.assertEqual(self.h2(gateway).get().status, 200)
    self.assertEqual(len(upstream.heads), 3)
    self.assertEqual([line["response"]["status"] for line in gateway.log_lines(3)], [200, 200, 200])

  def test_continuations(self):
    begin = frame(HEADERS, 0, 1, request_block())
    self.flooded(begin + frame(CONTINUATION, 0, 1, literal("a", "b")) * 10_000, 1)

  def test_small_bytes_that_stand_for_large_fields(self):
    entry = b"\x40" + literal("x-bomb", "v" * 4000)[1:]  # With incremental indexing: becomes index 62.
    bomb = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, request_block() + b"\xbe" * 15_000)
                    for stream in range(3, 200, 2))
    gateway, _ = self.answering()
    before = self.memory(gateway)
    client = self.raw_h2(gateway)
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, request_block() + entry))
    client.send(bomb)
    client.until(lambda kind, flags, stream, payload: stream == 199 and kind in (HEADERS, RST_STREAM))
    self.assertLess(self.memory(gateway) - before, 32 << 20)
    self.assertEqual(self.h2(gateway).get().status, 200)

  def test_a_client_that_opens_no_window_is_left(self):
    gateway, _ = self.answering(lambda head, _: ok(b"x" * 500_000), timeouts={"write_idle": 0.4})
    client = self.raw_h2(gateway, settings=struct.pack(">HI", 4, 0))
    for stream in range(1, 40, 2):
      client.request(stream)
    self.assertEqual(client.reset_of(1), 8)
    self.assertEqual(client.reset_of(39), 8)

  def test_a_header_section_has_a_time(self):
    gateway, _ = self.answering(timeouts={"header": 0.4})
    client = self.raw_h2(gateway)
    client.send(frame(HEADERS, 0, 1, request_block()))
    client.until_end()
    self.assertTrue(client.ended)

  def test_silence_before_the_preface_has_a_time(self):
    gateway, _ = self.answering(timeouts={"header": 0.4, "tls_handshake": 0.4})
    for beginning in (b"", b"PRI * HT", h2_wire.PREFACE):
      connection = gateway.connect()
      connection.sendall(beginning)
      while connection.recv(65536):
        pass

  def test_idle_connections_end(self):
    gateway, _ = self.answering(timeouts={"keep_alive": 0.4})
    client = self.h2(gateway)
    self.assertEqual(client.get().status, 200)
    while client.step():
      pass
    self.assertIsNotNone(client.goaway)


class Tools(H2Test):
  """Clients that others wrote."""

  def test_curl_and_nghttp_and_h2load(self):
    gateway, _ = self.answering(lambda head, _: ok(head.split(" ")[1].encode()))
    url = f"http://127.0.0.1:{gateway.port}"
    got = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_version}", f"{url}/a"],
                         capture_output=True, check=True, timeout=PATIENCE).stdout
    self.assertEqual(got, b"/a2")
    got = subprocess.run(["nghttp", f"{url}/a", f"{url}/b"], capture_output=True, check=True, timeout=PATIENCE).stdout
    self.assertIn(got, (b"/a/b", b"/b/a"))
    said = subprocess.run(["h2load", "-n", "500", "-c", "4", "-m", "16", f"{url}/c"], capture_output=True, check=True,
                          timeout=PATIENCE, text=True).stdout
    self.assertIn("500 succeeded, 0 failed", said)


if __name__ == "__main__":
  unittest.main()
