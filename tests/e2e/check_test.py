"""`sluice check` for people, editors and CI, and what is left out under --allow-unsupported."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

from support import BINARY, free_port, wait_until


class Check(unittest.TestCase):

  def setUp(self):
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.file = os.path.join(folder.name, "kong.yaml")

  def check(self, text, *arguments):
    pathlib.Path(self.file).write_text('_format_version: "3.0"\n' + text)
    return subprocess.run([BINARY, "check", self.file, *arguments], capture_output=True, text=True, timeout=20,
                          check=False)

  def test_shows_problems_of_entities_and_plugins_together(self):
    done = self.check("services: [{name: a, host: h, prot: 1}]\n"
                      "plugins: [{name: correlation-id, config: {generator: uid}}, {name: jtw}]\n")

    self.assertEqual(done.returncode, 1)
    for part in ("unknown field \"prot\", did you mean \"port\"?", "got \"uid\", did you mean \"uuid\"?",
                 "no plugin has the name \"jtw\", did you mean \"jwt\"?"):
      self.assertIn(part, done.stderr)

  def test_prints_json_and_says_with_the_exit_code_whether_it_would_load(self):
    wrong = self.check("services: [{name: a, host: h, port: 0}]\n", "--format", "json")
    right = self.check("services: [{name: a, host: h}]\n", "--format", "json")

    self.assertEqual((wrong.returncode, right.returncode), (1, 0))
    problem = json.loads(wrong.stdout)["diagnostics"][0]
    self.assertEqual((problem["severity"], problem["line"], problem["column"], problem["path"]),
                     ("error", 2, 37, "services[0].port"))
    self.assertEqual(json.loads(right.stdout), {"file": self.file, "loads": True, "diagnostics": [], "not_shown": 0})

  def test_no_secret_is_printed(self):
    done = self.check("consumers:\n- username: a\n"
                      "  keyauth_credentials: [{key: swordfish, tgas: [x]}, {key: [swordfish]}]\n"
                      "plugins: [{name: session, config: {secret: [swordfish]}}]\n")

    self.assertEqual(done.returncode, 1)
    self.assertNotIn("swordfish", done.stdout + done.stderr)

  def test_what_is_left_out_is_in_the_status(self):
    port, status = free_port(), free_port()
    text = ("services: [{name: a, host: h}]\nplugins: [{name: jwt}]\n"
            f"gateway: {{listeners: [{{address: '127.0.0.1:{port}'}}], status: {{address: '127.0.0.1:{status}'}}}}\n")
    self.assertEqual(self.check(text).returncode, 1)
    self.assertEqual(self.check(text, "--allow-unsupported").returncode, 0)

    node = subprocess.Popen([BINARY, "run", self.file, "--allow-unsupported"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
      def answer():
        try:
          with urllib.request.urlopen(f"http://127.0.0.1:{status}/status", timeout=2) as response:
            return json.load(response)
        except OSError:
          return None
      wait_until(lambda: answer() is not None, "the status API")
      self.assertEqual(answer()["configuration"]["warnings"],
                       [f"{self.file}:3:11: plugins[0]: warning: plugin \"jwt\" is not supported yet"])
    finally:
      node.terminate()
      node.wait(timeout=20)


if __name__ == "__main__":
  unittest.main()
