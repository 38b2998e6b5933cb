"""WebSocket through the gateway: from HTTP/1.1 and HTTP/2 clients, with peers that others wrote."""

import asyncio
import signal
import socket
import struct
import threading
import unittest

import websockets

from h2_wire import Client
from support import PATIENCE, GatewayTest, read_all, service, wait_until
from wire import Ended


class Server:
  """Echoes what it gets, on a thread of its own; counts who is connected."""

  def __init__(self):
    self.open = 0
    self.seen = []
    self.loop = asyncio.new_event_loop()
    started = threading.Event()

    async def main():
      self.stop = asyncio.Event()
      async with websockets.serve(self.echo, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self.stop.wait()

    self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(main()), daemon=True)
    self.thread.start()
    started.wait(PATIENCE)

  async def echo(self, socket):
    self.open += 1
    self.seen.append(socket.request_headers)
    try:
      async for message in socket:
        await socket.send(message)
    finally:
      self.open -= 1

  def close(self):
    self.loop.call_soon_threadsafe(self.stop.set)
    self.thread.join(PATIENCE)


class WebSocket(GatewayTest):

  def setUp(self):
    self.server = Server()
    self.addCleanup(self.server.close)
    self.gate = self.gateway(service(self.server.port), gateway={"workers": 1, "timeouts": {"body_idle": 0.3}},
                             listener={"h2c": True})

  def run_client(self, script):
    async def main():
      url = f"ws://127.0.0.1:{self.gate.port}/chat"
      async with websockets.connect(url, max_size=None, open_timeout=PATIENCE) as socket:
        return await asyncio.wait_for(script(socket), PATIENCE)

    return asyncio.run(main())

  def test_messages_of_any_size_come_back(self):
    async def script(socket):
      for message in ("hello", b"\0\xff", "x" * 100_000, b"y" * 2_000_000):
        await socket.send(message)
        self.assertEqual(await socket.recv(), message)
      return await (await socket.ping())

    self.run_client(script)
    wait_until(lambda: self.server.open == 0, "the end at the server")
    self.assertEqual(self.server.seen[0]["X-Forwarded-For"], "127.0.0.1")

  def test_a_server_that_dies_ends_the_client(self):
    async def script(socket):
      await socket.send("a")
      await socket.recv()
      self.server.close()
      with self.assertRaises(websockets.ConnectionClosed):
        await socket.recv()

    self.run_client(script)

  def test_the_last_message_arrives_also_from_a_client_that_breaks(self):
    listener = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(listener.close)
    gate = self.gateway(service(listener.getsockname()[1]), gateway={"workers": 1})
    for _ in range(10):
      client = gate.connect()
      client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
      upstream, _ = listener.accept()
      upstream.settimeout(PATIENCE)
      self.addCleanup(upstream.close)
      upstream.recv(65536)
      upstream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
      self.assertIn(b" 101 ", client.recv(65536))
      # The gateway hears of both in one turn.
      gate.process.send_signal(signal.SIGSTOP)
      client.sendall(b"the last one")
      client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
      client.close()
      gate.process.send_signal(signal.SIGCONT)
      self.assertEqual(read_all(upstream), b"the last one")

  def test_an_answer_that_was_not_made_for_this_handshake_is_refused(self):
    for accept in (b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", b""):
      liar = self.upstream(lambda head, _, accept=accept: (
          b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + accept + b"\r\n"))
      gateway = self.gateway(service(liar.port, retries=0))
      answer = gateway.client().get(fields="Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")
      self.assertEqual(answer.status, 502)
      line = gateway.log_lines(1)[0]
      self.assertEqual(line["error"], "upgrade_refused")

  def connect_h2(self, client):
    stream = client.begin("/chat", method="CONNECT", ends=False, protocol="websocket",
                          fields=[("sec-websocket-version", "13")])
    while not client.responses[stream].headers:
      self.assertTrue(client.step())
    return stream

  def frame(self, text):
    """A masked text frame (RFC 6455 §5.2), with a mask of zero."""
    return b"\x81" + bytes([0x80 | len(text)]) + b"\0\0\0\0" + text

  def test_http_2_clients_tunnel_beside_requests(self):
    client = Client(self.gate.connect())
    first, second = self.connect_h2(client), self.connect_h2(client)
    for stream in (first, second):
      response = client.responses[stream]
      self.assertEqual(response.status, 200)
      self.assertIsNone(response.get("sec-websocket-accept"))
      text = b"from %d" % stream
      client.send(stream, self.frame(text))
      while len(response.body) < 2 + len(text):
        self.assertTrue(client.step())
      self.assertEqual(response.body, b"\x81" + bytes([len(text)]) + text)
    # Silence is longer than a body may take, and shorter than a tunnel may.
    wait_until(lambda: self.gate.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"), "a late body's end")
    client.h2.reset_stream(first, 8)
    client.flush()
    wait_until(lambda: self.server.open == 1, "the end of the first tunnel")
    client.send(second, self.frame(b"still"))
    while b"still" not in client.responses[second].body:
      self.assertTrue(client.step())

  def test_a_refused_handshake_is_an_ordinary_answer(self):
    refusing = self.upstream(lambda head, _: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    gateway = self.gateway(service(refusing.port), gateway={"workers": 1}, listener={"h2c": True})
    client = Client(gateway.connect())
    stream = client.begin(method="CONNECT", ends=False, protocol="websocket")
    self.assertEqual((client.finish(stream).status, client.responses[stream].body), (403, b"no"))
    self.assertIn("sec-websocket-key: ", refusing.heads[0].lower())
    self.assertTrue(refusing.heads[0].startswith("GET / HTTP/1.1"))

  def test_nothing_of_a_tunnel_leaves_before_it_is_accepted(self):
    """To an upstream that takes no upgrade, a tunnel's bytes would be further requests."""
    plain = self.upstream(lambda head, _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    gateway = self.gateway(service(plain.port), gateway={"workers": 1}, listener={"h2c": True})
    client = Client(gateway.connect())
    stream = client.begin(method="CONNECT", ends=False, protocol="websocket")
    client.send(stream, b"DELETE /admin HTTP/1.1\r\nHost: h\r\n\r\n")
    self.assertEqual(client.finish(stream).status, 502)
    other = client.begin(method="CONNECT", ends=False, protocol="connect-udp")
    self.assertEqual(client.finish(other).status, 400)
    self.assertEqual([head.split("\r\n")[0] for head in plain.heads], ["GET / HTTP/1.1"])


class ServerSentEvents(GatewayTest):

  def test_each_event_goes_on_at_once(self):
    more = threading.Event()

    def script(head, connection):
      connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      for i in range(5):
        connection.sendall(b"e\r\ndata: event %d\n\r\n" % i)
        if not more.wait(PATIENCE):
          raise Ended
        more.clear()
      return b"0\r\n\r\n"

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1}, listener={"h2c": True})
    client = Client(gateway.connect())
    stream = client.begin()
    for i in range(5):
      while b"event %d" % i not in client.responses[stream].body:
        self.assertTrue(client.step())
      more.set()
    self.assertTrue(client.finish(stream).ended)


if __name__ == "__main__":
  unittest.main()
