"""What a newcomer types: the commands of README.md, the examples, and `sluice echo` behind them."""

import json
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

from support import BINARY, PATIENCE, ROOT, GatewayTest, free_port, wait_until


class Newcomers(GatewayTest):

  def start(self, *arguments):
    errors = tempfile.TemporaryFile("w+")
    self.addCleanup(errors.close)
    process = subprocess.Popen([BINARY, *arguments], stdout=subprocess.DEVNULL, stderr=errors)

    def stop():
      process.terminate()
      self.assertIn(process.wait(PATIENCE), (0, 1))
      errors.seek(0)
      self.assertNotIn("Sanitizer", errors.read())

    self.addCleanup(stop)
    return process

  def curl(self, *arguments):
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)

  def start_example(self, path):
    """Starts an example with its upstream, on other ports; {port of the example: port here}."""
    ports = {port: free_port() for port in ("8000", "8007", "9000")}
    text = path.read_text(encoding="utf-8")
    if "\ngateway:" not in text:
      text += "\ngateway: {listeners: [{address: '127.0.0.1:8000'}], status: {address: '127.0.0.1:8007'}}\n"
    text = re.sub(r":(8000|8007|9000)\b", lambda found: f":{ports[found[1]]}", text)
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    file = pathlib.Path(folder.name, path.name)
    file.write_text(text, encoding="utf-8")
    self.start("echo", "--listen", f"127.0.0.1:{ports['9000']}")
    process = self.start("run", str(file))
    wait_until(lambda: process.poll() is not None or
               self.curl("--fail", f"http://127.0.0.1:{ports['8007']}/status/ready").returncode == 0, "a ready gateway")
    self.assertIsNone(process.poll(), f"{path.name} does not start")
    return ports

  def test_each_example_starts_and_answers(self):
    examples = sorted((ROOT / "examples").glob("*.yaml"))
    self.assertTrue(examples)
    for example in examples:
      with self.subTest(example.name):
        ports = self.start_example(example)
        self.assertRegex(self.curl("-i", f"http://127.0.0.1:{ports['8000']}/").stdout, "^HTTP/1.1 [1-5]")

  def test_the_curl_lines_of_the_readme_work_as_printed_and_dev_prints_the_same(self):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^curl .*$", readme, re.MULTILINE)
    self.assertEqual(len(lines), 3)
    ports = self.start_example(ROOT / "examples" / "quickstart.yaml")
    dev = (ROOT / "dev").read_text(encoding="utf-8")

    def answer_to(line):
      command = shlex.split(line, comments=True)
      self.assertIn(command[-1] + " ", dev)
      self.assertIn(command[-1], line)
      return self.curl(*command[1:-1], command[-1].replace(":8000", f":{ports['8000']}")).stdout

    described, status, streamed = (answer_to(line) for line in lines)
    self.assertIn("X-Forwarded-For", json.loads(described)["headers"])
    self.assertRegex(status, r"^HTTP/1\.1 418 ")
    self.assertEqual([json.loads(line) for line in streamed.splitlines()], [{"line": number} for number in range(1, 6)])

  def test_the_readme_names_commands_that_exist(self):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    def output_of(*command):
      return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout

    help_of_dev, help_of_sluice = output_of(ROOT / "dev", "help"), output_of(BINARY, "--help")

    for command in re.findall(r"\./dev ([a-z]+)", readme):
      self.assertRegex(help_of_dev, rf"(?m)^  {command}\b")
    for command in re.findall(r"`sluice ([a-z]+)", readme):
      self.assertRegex(help_of_sluice, rf"(?m)^  {command}\b")

  def test_echo_does_what_its_help_says(self):
    port = free_port()
    echo = self.start("echo", "--listen", f"127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: self.curl("--fail", url).returncode == 0, "an answer")

    self.assertEqual(len(self.curl(f"{url}/bytes/100000").stdout), 100_000)
    self.assertEqual(self.curl("-o", "/dev/null", "-w", "%{http_code}", f"{url}/status/503").stdout, "503")
    described = json.loads(self.curl("-d", "hello", "-H", "X-A: b", f"{url}/some/path?q=1").stdout)
    self.assertEqual([described[key] for key in ("method", "path", "query", "body", "body_size")],
                     ["POST", "/some/path", "q=1", "hello", 5])
    self.assertEqual(described["headers"]["X-A"], "b")
    self.assertGreater(float(self.curl("-o", "/dev/null", "-w", "%{time_total}", f"{url}/delay/200").stdout), 0.19)
    self.assertIsNone(echo.poll())

  def test_echo_starts_again_on_its_port_at_once_and_not_on_anothers(self):
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    for _ in range(3):
      with subprocess.Popen([BINARY, "echo", "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL) as echo:
        wait_until(lambda: self.curl("--fail", url).returncode == 0, "an answer")
        second = subprocess.run([BINARY, "echo", "--listen", f"127.0.0.1:{port}"], capture_output=True, text=True,
                                timeout=PATIENCE, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("Address already in use", second.stderr)
        echo.terminate()


if __name__ == "__main__":
  unittest.main()
