"""The start of a node: what it says when it cannot, the command line, the status API, names of upstreams."""

import contextlib
import itertools
import json
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import time
import unittest

from support import BINARY, PATIENCE, ROOT, Gateway, GatewayTest, free_port, ok, service, wait_until
from wire import Client


class Starting(GatewayTest):

  def fails(self, *arguments):
    begun = time.monotonic()
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=10, check=False)
    self.assertNotEqual(done.returncode, 0)
    # A second for the plain build; sanitizers take their own time.
    self.assertLess(time.monotonic() - begun, 5)
    return done.stderr

  def test_a_taken_port_is_named_with_a_remedy(self):
    gateway = self.gateway(service(1))
    taken = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(taken.close)
    gateway.write({"services": []}, {"listeners": [{"address": f"127.0.0.1:{taken.getsockname()[1]}"}],
                                     "status": None})

    said = self.fails("run", gateway.file)

    self.assertIn(f"cannot bind 127.0.0.1:{taken.getsockname()[1]}: Address already in use; another process", said)

  def test_a_bad_file_is_shown_line_by_line(self):
    gateway = self.gateway(service(1))
    path = os.path.join(gateway.folder.name, "bad.yaml")
    pathlib.Path(path).write_text('_format_version: "3.0"\nservices:\n- {name: a, url: "http://h", retrys: 3}\n')

    said = self.fails("run", path)

    self.assertRegex(said, r'bad.yaml:3:\d+: services\[0\].*: unknown field "retrys", did you mean "retries"\?')
    self.assertEqual(said, self.fails("check", path))
    self.assertIn("missing.yaml", self.fails("run", "missing.yaml"))

  def test_an_unwritable_log_is_an_error(self):
    gateway = self.gateway(service(1))
    gateway.write({"services": []}, {"access_log": {"path": "/nowhere/log"}, "status": None,
                                     "listeners": [{"address": f"127.0.0.1:{free_port()}"}]})

    self.assertIn("cannot write the access log /nowhere/log", self.fails("run", gateway.file))

  def test_a_full_pipe_of_the_log_does_not_keep_the_node_from_its_end(self):
    gateway = self.gateway(service(1))
    gateway.write({"services": []}, {"listeners": [{"address": f"127.0.0.1:{free_port()}"}], "status": None,
                                     "log": {"level": "debug"}})
    reading, writing = os.pipe()
    self.addCleanup(os.close, reading)
    filling = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
    self.addCleanup(os.close, filling)
    node = subprocess.Popen([BINARY, "run", gateway.file], stderr=writing)
    os.close(writing)
    self.addCleanup(node.wait)
    self.addCleanup(node.kill)
    port = int(gateway.settings["listeners"][0]["address"].rpartition(":")[2])

    def accepts():
      with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
      return False

    wait_until(accepts, "the node to listen")
    for size in (4096, 1):
      with contextlib.suppress(BlockingIOError):
        while True:
          os.write(filling, bytes(size))
    node.terminate()
    self.assertEqual(node.wait(PATIENCE), 0)

  def test_examples_load(self):
    for example in sorted((ROOT / "examples").glob("*.yaml")):
      subprocess.run([BINARY, "check", str(example)], check=True, capture_output=True, timeout=10)

  def test_a_taken_status_address_is_named(self):
    gateway = self.gateway(service(1))
    gateway.write({"services": []}, {"listeners": [{"address": f"127.0.0.1:{free_port()}"}]})

    self.assertRegex(self.fails("run", gateway.file), r"cannot bind 127\.0\.0\.1:\d+: .*\(gateway\.status\.address\)")

  def test_an_address_of_another_machine_and_a_port_of_root_are_explained(self):
    gateway = self.gateway(service(1))
    gateway.write({"services": []}, {"listeners": [{"address": "192.0.2.1:8000"}], "status": None})

    self.assertIn("cannot bind 192.0.2.1:8000: ", self.fails("run", gateway.file))

  def test_an_unwritable_error_log_is_an_error(self):
    gateway = self.gateway(service(1))
    path = gateway.file + "/log"  # Below a file there is no folder.
    gateway.write({"services": []}, {"log": {"path": path}, "status": None,
                                     "listeners": [{"address": f"127.0.0.1:{free_port()}"}]})

    self.assertIn(f"cannot write the log {path}: Not a directory; set gateway.log.path",
                  self.fails("run", gateway.file))

  def test_a_stale_unix_socket_is_no_obstacle_and_a_live_one_is(self):
    gateway = self.gateway(service(1))
    path = os.path.join(gateway.folder.name, "socket")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()
    gateway.reload({"services": []}, {"listeners": [{"address": f"unix:{path}"}]})
    with socket.socket(socket.AF_UNIX) as client:
      client.connect(path)
    gateway.write({"services": []}, {"status": None})

    self.assertIn(f"cannot bind unix:{path}", self.fails("run", gateway.file))
    with socket.socket(socket.AF_UNIX) as client:
      client.connect(path)

  def test_a_congestion_control_for_tcp_is_no_obstacle_to_a_unix_socket(self):
    gateway = self.gateway(service(1), gateway={"tcp": {"congestion_control": "reno"}})
    path = os.path.join(gateway.folder.name, "socket")
    gateway.reload({"services": []}, {"listeners": [{"address": f"unix:{path}"}]})

    with socket.socket(socket.AF_UNIX) as client:
      client.connect(path)

  def test_what_is_in_the_way_of_a_listener_is_named_with_its_remedy(self):
    gateway = self.gateway(service(1))
    file = os.path.join(gateway.folder.name, "file")
    pathlib.Path(file).touch()
    for address, tcp, remedy in (
        (f"unix:{gateway.folder.name}/none/x.sock", {}, "No such file or directory; there is no such folder; create"),
        (f"unix:{file}", {}, "Address already in use; there is a file that is no socket; remove it"),
        (f"127.0.0.1:{free_port()}", {"congestion_control": "nosuch"}, "the kernel does not have it; see: sysctl"),
    ):
      with self.subTest(address):
        gateway.write({"services": []}, {"listeners": [{"address": address}], "tcp": tcp, "status": None})
        self.assertIn(remedy, self.fails("run", gateway.file))

  def test_what_is_not_supported_is_refused_or_left_out_on_demand(self):
    path = self.file('{_format_version: "3.0", plugins: [{name: jwt}], services: '
                     "[{name: a, url: 'http://127.0.0.1:1', routes: [{name: r, paths: [/]}]}]}")

    self.assertRegex(self.fails("check", path), r'plugins\[0\].*"jwt" is not supported yet')
    done = self.run_sluice("check", "--allow-unsupported", path)
    self.assertEqual((done.returncode, done.stdout), (0, f"{path}: ok, 1 services, 1 routes\n"))

  def test_yaml_and_json_are_read(self):
    for text in ('_format_version: "3.0"\nservices:\n- name: a\n  url: http://h\n',
                 '{"_format_version": "3.0", "services": [{"name": "a", "url": "http://h"}]}'):
      self.assertEqual(self.run_sluice("check", self.file(text)).returncode, 0)

  def test_a_misspelt_command_and_a_folder_that_cannot_be_are_said(self):
    self.assertRegex(self.fails("cheek", "x.yaml"), 'no command "cheek", did you mean "check"')
    self.assertRegex(self.fails("reference", "/proc/none"), "cannot create /proc/none")

  def test_the_command_line_explains_itself(self):
    self.assertEqual(self.run_sluice("version").stdout, "sluice 0.1.0\n")
    json.loads(self.run_sluice("schema").stdout)
    for arguments in ((), ("fly",), ("run",), ("check", "a", "b"), ("echo", "--listen", "nonsense"), ("token",),
                      ("explain", "a.yaml", "GET"), ("routes", "a.yaml", "--format", "xml"),
                      ("run", "a.yaml", "--fast")):
      with self.subTest(arguments):
        self.assertEqual(self.run_sluice(*arguments).returncode, 2)

  def test_help_lists_all_commands(self):
    listed = self.run_sluice("help").stdout

    helped = self.run_sluice("--help")
    self.assertEqual((helped.returncode, helped.stdout), (0, listed))
    for command in ("run", "check", "echo", "schema", "reference", "version", "help"):
      self.assertIn(f"\n  {command} ", listed)

  def run_sluice(self, *arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)

  def file(self, text):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    path = pathlib.Path(folder.name, "sluice.yaml")
    path.write_text(text, encoding="utf-8")
    return str(path)


class Status(GatewayTest):

  def test_head_is_answered_and_other_methods_are_not(self):
    gateway = self.gateway(service(1))
    with socket.create_connection(("127.0.0.1", gateway.status_port), timeout=PATIENCE) as connection:
      client = Client(connection)
      self.assertEqual(client.get("/status/ready", method="HEAD").status, 200)
      self.assertEqual(client.get("/status", method="DELETE").status, 405)
      self.assertEqual(client.get("/status").status, 200)
      self.assertEqual(client.ask(b"\x01\r\n\r\n").status, 400)

  def test_it_answers_when_no_descriptor_is_left(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.gateway(service(upstream.port), gateway={"workers": 1})
    # A sanitizer needs descriptors for each type that it sees for the first time.
    self.assertEqual(gateway.client().get("/").status, 200)
    gateway.get("/")
    process = gateway.process.pid
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    taken = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
    free = next(number for number in itertools.count() if number not in taken)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (free, hard))

    client = gateway.client()
    wait_until(lambda: "raise the limit of descriptors" in gateway.said(), "a refused accept")
    for _ in range(3):
      self.assertEqual(gateway.status()[0], 200)

    resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
    self.assertEqual(client.get("/").status, 200)

  def test_without_a_status_address_nothing_listens(self):
    port = free_port()
    gateway = Gateway(self, {"services": []}, {"status": None, "listeners": [{"address": f"127.0.0.1:{port}"}]},
                      wait=False)
    gateway.port = port

    def answers():
      try:
        return gateway.client().get().status == 404
      except ConnectionRefusedError:
        return False

    wait_until(answers, "an answer")
    self.assertEqual(gateway.status()[0], 0)

  def test_metrics_are_prometheus_text(self):
    metrics = self.gateway(service(1)).status("/metrics")[1]

    for line in metrics.splitlines():
      self.assertRegex(line, r"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*\})? \d+)$")


class Names(GatewayTest):

  def test_names_are_resolved_and_weights_shared(self):
    heads = []
    a = self.upstream(lambda head, _: heads.append("a") or ok())
    b = self.upstream(lambda head, _: heads.append("b") or ok())
    gateway = self.gateway(
        {"name": "s", "host": "pair", "routes": [{"name": "r", "paths": ["/"]}]}, gateway={"workers": 1},
        upstreams=[{"name": "pair", "targets": [{"target": f"localhost:{a.port}", "weight": 300},
                                                {"target": f"127.0.0.1:{b.port}", "weight": 100}]}])

    for _ in range(8):
      self.assertTrue(gateway.get().startswith(b"HTTP/1.1 200 "))

    self.assertEqual((heads.count("a"), heads.count("b")), (6, 2))


if __name__ == "__main__":
  unittest.main()
