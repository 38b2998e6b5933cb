"""A second ClientHello behind a HelloRetryRequest: whom it may name. Records of TLS 1.3 as they are on the wire."""

import os
import socket
import ssl
import struct
import subprocess
import tempfile
import unittest

from certificates import Authority
from support import PATIENCE, GatewayTest, ok, read_all, service

# RFC 8446 §5.1, §4, §4.1.3, §6 and §4.2.7.
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO = 1, 2
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
FATAL, ILLEGAL_PARAMETER, DECODE_ERROR = 2, 47, 50
X25519, X448 = 0x1d, 0x1e
NO_NAME = object()
AUTHORITY = "fd02801f-0957-4a15-a55a-c8d9606f30b5"


def sized(data, size=2):
  return len(data).to_bytes(size, "big") + data


def extension(number, data):
  return struct.pack(">H", number) + sized(data)


def client_hello(name, group, share, random):
  """A record with a ClientHello that has a key share of `group` alone, and takes X448 and X25519."""
  extensions = extension(43, sized(b"\x03\x04", 1))  # supported_versions: TLS 1.3
  if name is not NO_NAME:
    extensions += extension(0, sized(b"\0" + sized(name)))
  extensions += extension(10, sized(struct.pack(">2H", X448, X25519)))
  extensions += extension(13, sized(struct.pack(">2H", 0x0403, 0x0804)))  # ECDSA with P-256, RSA-PSS
  extensions += extension(51, sized(struct.pack(">H", group) + sized(share)))
  body = b"\x03\x03" + random + sized(b"", 1) + sized(b"\x13\x01") + sized(b"\0", 1) + sized(extensions)
  return struct.pack(">BH", HANDSHAKE, 0x0301) + sized(bytes([CLIENT_HELLO]) + sized(body, 3))


def read_record(connection):
  """(type, content) of the next that says something, or None at the end."""
  kind = CHANGE_CIPHER_SPEC  # Only there for the sake of boxes in the middle (RFC 8446 §D.4).
  while kind == CHANGE_CIPHER_SPEC:
    head = connection.recv(5, socket.MSG_WAITALL)
    if not head:
      return None
    kind, _, length = struct.unpack(">BHH", head)
    content = connection.recv(length, socket.MSG_WAITALL)
  return kind, content


class SecondClientHello(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.authority = Authority(folder.name)
    cls.certificate = cls.authority.issue("*.example.com")
    cls.alice = cls.authority.files(cls.authority.issue("alice"), "alice")

  def started(self):
    """A gateway that asks clients of admin.example.com for a certificate."""
    self.reached = self.upstream(lambda head, _: ok())
    return self.gateway(
        service(self.reached.port), gateway={"workers": 1},
        listener={"tls": {"client_certificates": [
            {"mode": "required", "ca_certificates": [AUTHORITY], "snis": ["admin.example.com"]}]}},
        certificates=[{"cert": self.certificate[0], "key": self.certificate[1], "snis": [{"name": "*.example.com"}]}],
        ca_certificates=[{"id": AUTHORITY, "cert": self.authority.pem.read_text()}])

  def second_answer(self, gateway, first, second):
    """What the gateway says to a second ClientHello: the connection, and the first record."""
    connection, random = gateway.connect(), os.urandom(32)
    connection.sendall(client_hello(first, X448, os.urandom(56), random))
    kind, content = read_record(connection)
    self.assertEqual((kind, content[0], content[6:38]), (HANDSHAKE, SERVER_HELLO, RETRY))
    connection.sendall(client_hello(second, X25519, os.urandom(32), random))
    return connection, read_record(connection)

  def assert_served(self, gateway):
    context = ssl.create_default_context(cafile=str(self.authority.pem))
    with context.wrap_socket(gateway.connect(), server_hostname="api.example.com") as connection:
      connection.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
      self.assertIn(b"200 OK", read_all(connection))

  def test_the_same_name_goes_on(self):
    gateway = self.started()
    for first, second in ((b"api.example.com", b"api.example.com"), (b"api.example.com", b"API.example.com."),
                          (NO_NAME, NO_NAME)):
      with self.subTest(first=first, second=second):
        connection, (kind, content) = self.second_answer(gateway, first, second)
        self.assertEqual((kind, content[0]), (HANDSHAKE, SERVER_HELLO))
        self.assertNotEqual(content[6:38], RETRY)
        self.assertEqual(read_record(connection)[0], APPLICATION_DATA)
        connection.close()
    self.assert_served(gateway)

  def test_another_name_is_refused(self):
    gateway = self.started()
    cases = ((b"api.example.com", b"admin.example.com"), (b"admin.example.com", b"api.example.com"),
             (b"api.example.com", b"www.example.com"), (b"api.example.com", b"api.example.com.evil.test"),
             (b"admin.example.com", NO_NAME), (NO_NAME, b"admin.example.com"))
    for first, second in cases:
      with self.subTest(first=first, second=second):
        connection, record = self.second_answer(gateway, first, second)
        self.assertEqual(record, (ALERT, bytes([FATAL, ILLEGAL_PARAMETER])))
        self.assertEqual(read_all(connection), b"")
    self.assert_served(gateway)
    said = gateway.status("/metrics")[1]
    self.assertIn(f'sluice_tls_handshakes_total{{result="failed"}} {len(cases)}\n', said)
    self.assertEqual(len(self.reached.heads), 1)

  def test_a_name_that_is_none_is_refused(self):
    gateway = self.started()
    for second in (b"", b"api.example.com\0", b"a" * 256):
      with self.subTest(second=second):
        connection, record = self.second_answer(gateway, b"api.example.com", second)
        self.assertEqual(record, (ALERT, bytes([FATAL, DECODE_ERROR])))
        self.assertEqual(read_all(connection), b"")
    self.assert_served(gateway)

  def test_a_retry_asks_for_the_certificate_of_the_name(self):
    gateway = self.started()

    def said(*more):
      # The first group is what `openssl s_client` makes its key share of.
      done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername",
                             "admin.example.com", "-groups", "X448:X25519", "-msg", "-ign_eof", *more],
                            input=b"GET / HTTP/1.1\r\nHost: admin.example.com\r\nConnection: close\r\n\r\n",
                            capture_output=True, timeout=PATIENCE, check=False)
      text = done.stdout.decode("latin-1") + done.stderr.decode("latin-1")
      self.assertEqual(text.count("], ClientHello"), 2)
      return text

    self.assertIn("alert certificate required", said())
    self.assertEqual(self.reached.heads, [])
    self.assertIn("200 OK", said("-cert", self.alice[0], "-key", self.alice[1]))


if __name__ == "__main__":
  unittest.main()
