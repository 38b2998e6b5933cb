"""The PROXY protocol: from balancers that are trusted, and to upstreams that ask for it."""

import socket
import struct
import unittest

from support import GatewayTest, ok, read_all, service, wait_until

V1 = b"PROXY TCP4 203.0.113.7 198.51.100.9 4711 443\r\n"
V2 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("203.0.113.7") + socket.inet_aton("198.51.100.9") +
      struct.pack(">HH", 4711, 443))
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class FromBalancers(GatewayTest):

  def behind(self, **gateway):
    self.origin = self.upstream(lambda head, _: ok())
    return self.gateway(service(self.origin.port), gateway={"workers": 1, "trusted_ips": ["127.0.0.1"], **gateway},
                        listener={"proxy_protocol": True, "h2c": True})

  def test_the_client_is_who_the_header_names(self):
    gateway = self.behind()
    for header in (V1, V2, V2[:13] + b"\x11\0\x10" + V2[16:] + b"\x04\0\x01x"):
      self.assertIn(b"200 OK", gateway.raw(header + REQUEST))
      head = self.origin.heads[-1]
      self.assertIn("X-Real-IP: 203.0.113.7", head)
      self.assertIn("X-Forwarded-For: 203.0.113.7", head)
      self.assertIn("X-Forwarded-Port: 443", head)
    self.assertEqual({line["client_ip"] for line in gateway.log_lines(3)}, {"203.0.113.7"})

  def test_single_bytes_make_no_difference(self):
    gateway = self.behind()
    for header in (V1, V2):
      connection = gateway.connect()
      connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      for byte in header + REQUEST:
        connection.sendall(bytes([byte]))
      self.assertIn(b"200 OK", read_all(connection))

  def test_a_balancer_that_speaks_for_itself(self):
    gateway = self.behind()
    for header in (b"PROXY UNKNOWN\r\n", V2[:12] + b"\x20\0\0\0"):
      self.assertIn(b"200 OK", gateway.raw(header + REQUEST))
      self.assertIn("X-Real-IP: 127.0.0.1", self.origin.heads[-1])

  def test_without_a_right_header_there_is_no_connection(self):
    gateway = self.behind()
    for header in (b"", b"PROXY TCP4 x y 1 2\r\n", V2[:12] + b"\x31" + V2[13:], b"PROXY " + b"x" * 200):
      self.assertEqual(gateway.raw(header + REQUEST), b"")
    self.assertEqual(self.origin.heads, [])

  def test_a_header_from_anybody_else_is_no_request(self):
    gateway = self.behind(trusted_ips=["192.0.2.1"])
    self.assertIn(b" 400 ", gateway.raw(V1 + REQUEST))
    self.assertIn(b"200 OK", gateway.raw(REQUEST))
    self.assertIn("X-Real-IP: 127.0.0.1", self.origin.heads[0])


class ToUpstreams(GatewayTest):

  def test_each_connection_says_who_the_client_is(self):
    listening = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(listening.close)
    for version, begin in (("v1", b"PROXY TCP4 127.0.0.1 127.0.0.1 "), ("v2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c")):
      gateway = self.gateway(service(listening.getsockname()[1], proxy_protocol=version), gateway={"workers": 1})
      clients = [gateway.connect(), gateway.connect()]
      ports = [client.getsockname()[1] for client in clients]
      for client, port in zip(clients, ports):
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        connection, _ = listening.accept()
        self.addCleanup(connection.close)
        data = b""
        while b"\r\n\r\n" not in data[12:]:
          data += connection.recv(65536)
        self.assertTrue(data.startswith(begin), data)
        said = int(data.split(b" ")[4]) if version == "v1" else struct.unpack(">H", data[24:26])[0]
        self.assertEqual(said, port)
        connection.sendall(ok())
        wait_until(lambda client=client: b"fine" in client.recv(65536), "the answer")

  def test_it_is_the_client_that_a_trusted_peer_names(self):
    listening = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(listening.close)
    gateway = self.gateway(service(listening.getsockname()[1], proxy_protocol="v1"),
                           gateway={"workers": 1, "trusted_ips": ["127.0.0.1"]})
    for named in (b"203.0.113.9", b"203.0.113.10", b"nonsense"):
      client = gateway.connect()
      client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX-Real-IP: %s\r\n\r\n" % named)
      connection, _ = listening.accept()
      self.addCleanup(connection.close)
      port = client.getsockname()[1]
      begin = (b"PROXY TCP4 127.0.0.1 127.0.0.1 %d " % port if named == b"nonsense" else
               b"PROXY TCP4 %s 127.0.0.1 0 " % named)
      self.assertEqual(connection.recv(65536)[:len(begin)], begin)
      connection.sendall(ok())
      wait_until(lambda client=client: b"fine" in client.recv(65536), "the answer")


if __name__ == "__main__":
  unittest.main()
