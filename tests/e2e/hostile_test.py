"""Attacks that once worked, or might: each is a request or a peer that wants more than it should get."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

from support import BINARY, GatewayTest, PATIENCE, free_port, ok, read_all, read_answer, service, wait_until


class Paths(GatewayTest):

  def test_a_stripped_prefix_leaves_no_way_out_of_the_service_path(self):
    upstream = self.upstream(lambda head, _: ok())
    entity = service(upstream.port, route={"paths": ["/x"]})
    entity["url"] += "/public"
    gateway = self.gateway(entity)

    for path in ("/x..", "/x.", "/x%2e%2e", "/x../admin", "/x../../admin", "/x./../admin"):
      gateway.get(path)

    for head in upstream.heads:
      target = head.split(" ")[1]
      self.assertTrue(target.startswith("/public"), target)
      self.assertNotIn("/..", target)
      self.assertNotEqual(target, "/public/.")


class Identity(GatewayTest):

  def test_the_last_line_of_the_trusted_field_counts(self):
    upstream = self.upstream(lambda head, _: ok())
    for recursive in (False, True):
      gateway = self.gateway(service(upstream.port),
                             gateway={"trusted_ips": ["127.0.0.1"], "real_ip_header": "X-Forwarded-For",
                                      "real_ip_recursive": recursive})
      gateway.get("/", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 2.2.2.2\r\n")
      self.assertEqual(gateway.log_lines(1)[0]["client_ip"], "2.2.2.2")


  def test_a_client_has_no_identity_but_what_the_gateway_finds_out(self):
    upstream = self.upstream(lambda head, _: ok())
    made_up = ("X-Consumer-Username: root\r\nx-consumer-id: 5\r\nX-Credential-Identifier: r\r\n"
               "X-Anonymous-Consumer: true\r\nX-Authenticated-Scope: a\r\nForwarded: for=6.6.6.6\r\nX-Other: stays\r\n")

    self.gateway(service(upstream.port)).get("/", made_up)
    self.gateway(service(upstream.port), gateway={"trusted_ips": ["127.0.0.1"]}).get("/", made_up)

    for name in ("consumer", "credential", "anonymous", "authenticated", "forwarded: "):
      self.assertNotIn("-" + name if name[0] != "f" else "\r\n" + name, upstream.heads[0].lower())
    self.assertIn("\r\nX-Other: stays", upstream.heads[0])
    self.assertIn("\r\nX-Consumer-Username: root", upstream.heads[1])


class Leaving(GatewayTest):

  def test_a_request_that_comes_with_the_end_of_its_connection_has_its_line(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    for request in (b"GET /left HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /half HTT", b"\x01nonsense\r\n\r\n"):
      connection = gateway.connect()
      connection.sendall(request)
      connection.shutdown(socket.SHUT_WR)
      read_all(connection)

    self.assertEqual(sorted(line["response"]["status"] for line in gateway.log_lines(3)), [400, 499, 499])


class Slowness(GatewayTest):

  def test_who_reads_no_answers_is_not_answered_without_end(self):
    fields = b"X-Long: " + b"x" * 16_000 + b"\r\n"
    upstream = self.upstream(lambda head, _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + fields + b"\r\n")
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    connection = gateway.connect()
    connection.settimeout(0.5)
    with self.assertRaises(TimeoutError):
      for _ in range(8_000):
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 900 + b"\r\n\r\n")

    # The gateway reads no further than its answers leave, so that the sender's own buffers fill up.
    self.assertLess(len(upstream.heads), 2_000)

  def test_a_slow_reader_gets_the_whole_answer(self):
    # Of several sizes, one ends with bytes that the kernel does not take at once.
    sizes = [5_000_000 + 60_000 * i for i in range(12)]
    upstream = self.upstream(lambda head, _: ok(b"x" * int(head.split(" ")[1][1:])))
    gateway = self.gateway(service(upstream.port), gateway={"timeouts": {"linger": 0}})

    for size in sizes:
      connection = gateway.connect()
      connection.sendall(b"GET /%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % size)
      time.sleep(0.2)
      got = b""
      while more := connection.recv(262_144):
        got += more
        time.sleep(0.01)
      self.assertEqual(len(got.split(b"\r\n\r\n", 1)[1]), size)


class Refusing(GatewayTest):

  def test_an_answer_without_the_body_says_that_the_connection_ends(self):
    gateway = self.gateway(service(1, route={"paths": ["/elsewhere"]}))

    answer = gateway.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")

    self.assertIn(b"HTTP/1.1 404 ", answer)
    self.assertIn(b"\r\nConnection: close\r\n", answer)


class Operating(GatewayTest):

  def test_a_reload_changes_the_log(self):
    gateway = self.gateway(service(1))
    path = os.path.join(gateway.folder.name, "error.log")
    gateway.write({"services": []}, {"log": {"path": path}})

    gateway.signal(signal.SIGHUP)

    wait_until(lambda: os.path.exists(path) and "loaded: 0 services" in pathlib.Path(path).read_text(), "the new log")

  def test_two_nodes_do_not_share_a_port_unawares(self):
    gateway = self.gateway(service(1))
    other = self.file(gateway, f'listeners: [{{address: "127.0.0.1:{gateway.port}"}}], access_log: null')

    done = subprocess.run([BINARY, "run", other], capture_output=True, text=True, timeout=PATIENCE, check=False)

    self.assertNotEqual(done.returncode, 0)
    self.assertIn(f"cannot bind 127.0.0.1:{gateway.port}: Address already in use", done.stderr)

  def test_a_blocked_access_log_does_not_keep_the_node_from_ending(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    pipe = os.path.join(gateway.folder.name, "pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    self.addCleanup(os.close, reader)
    gateway.write({"services": [service(upstream.port)]}, {"access_log": {"path": pipe}})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: '"reloads":1' in gateway.status()[1].replace(" ", ""), "the reload")
    connection = gateway.connect()
    for _ in range(300):
      connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      read_answer(connection)
    connection.close()

    gateway.signal(signal.SIGTERM)

    self.assertEqual(gateway.process.wait(PATIENCE), 0)

  def test_the_standard_output_of_a_service_manager_takes_the_access_log(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port))
    ours, theirs = socket.socketpair()
    self.addCleanup(ours.close)
    ours.settimeout(PATIENCE)
    port = free_port()
    file = self.file(gateway, f'listeners: [{{address: "127.0.0.1:{port}"}}]')
    with theirs, subprocess.Popen([BINARY, "run", file], stdout=theirs, stderr=subprocess.DEVNULL) as process:
      self.addCleanup(process.kill)
      connection = wait_until(lambda: self.try_connect(port), "a listening gateway")
      connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      read_all(connection)
      self.assertIn(b'"status":404', ours.recv(65536))
      process.terminate()

  def file(self, gateway, settings):
    path = pathlib.Path(gateway.folder.name, "other.yaml")
    path.write_text(f'_format_version: "3.0"\ngateway: {{status: null, {settings}}}\n', encoding="utf-8")
    return str(path)

  def try_connect(self, port):
    try:
      connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    except OSError:
      return None
    self.addCleanup(connection.close)
    return connection


if __name__ == "__main__":
  unittest.main()
