"""The JSON Schema is one by its own standard, takes what loads, and refuses what is wrong, by a validator of others."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

from support import BINARY, ROOT


RIGHT = [
    {"_format_version": "3.0"},
    {"_format_version": "2.1", "_comment": "x",
     "_info": {"select_tags": ["a"], "defaults": {"route": {"strip_path": False}}}},
    {"_format_version": "3.0",
     "services": [{"name": "a", "url": "http://h", "_ignore": True, "routes": [{"paths": ["/"]}]}]},
    {"_format_version": "3.0", "consumers": [{"username": "a", "groups": [{"name": "g"}],
                                              "keyauth_credentials": [{"key": "k"}], "acls": [{"group": "g"}]}]},
    {"_format_version": "3.0", "plugins": [{"name": "jwt", "config": {"claims_to_verify": ["exp"]}}]},
    {"_format_version": "3.0", "plugins": [{"name": "rate-limiting", "config": {"minute": 5, "redis": {"host": "h"}}}]},
    {"_format_version": "3.0", "plugins": [{"name": "correlation-id", "config": {"generator": "uuid"}}]},
    {"_format_version": "3.0", "upstreams": [{"name": "u", "healthchecks": {"active": {"healthy": {"interval": 5}}}}]},
    {"_format_version": "3.0", "gateway": {"workers": "auto", "limits": {"body_bytes": 0}}},
    {"_format_version": "3.0",
     "services": [{"name": "a", "host": "h", "port": '${{ env "DECK_PORT" | toInt }}',
                   "retries": "{vault://env/retries}", "enabled": '${{env "DECK_ENABLED"}}',
                   "protocol": '${{ env "DECK_PROTOCOL" }}', "protocol_version": "{vault://env/version}",
                   "connect_timeout": "{vault://env/timeout}"}]},
]

WRONG = [
    {},
    {"_format_version": "4.0"},
    {"_format_version": "3.0", "servces": []},
    {"_format_version": "3.0", "services": [{"name": "a", "prot": 80}]},
    {"_format_version": "3.0", "services": [{"name": "a", "port": "80"}]},
    {"_format_version": "3.0", "consumers": [{"keyauth_credentials": [{}]}]},
    {"_format_version": "3.0", "plugins": [{"config": {}}]},
    {"_format_version": "3.0", "plugins": [{"name": "jtw"}]},
    {"_format_version": "3.0", "plugins": [{"name": "jwt", "config": {"claims_to_verify": ["nfb"]}}]},
    {"_format_version": "3.0", "plugins": [{"name": "jwt", "config": {"cookie_name": []}}]},
    {"_format_version": "3.0", "plugins": [{"name": "http-log", "config": {}}]},
    {"_format_version": "3.0", "plugins": [{"name": "rate-limiting", "config": {"redis": {"port": 70000}}}]},
    {"_format_version": "3.0", "plugins": [{"name": "correlation-id", "config": {"generator": "uid"}}]},
    {"_format_version": "3.0", "upstreams": [{"name": "u", "healthchecks": {"threshold": 101}}]},
    {"_format_version": "3.0", "gateway": {"workers": 0}},
    {"_format_version": "3.0", "services": [{"name": "a", "port": "$DECK_PORT"}]},
    {"_format_version": "3.0", "services": [{"name": "a", "enabled": "true"}]},
    {"_format_version": "3.0", "services": [{"name": "a", "port": "x{vault://env/port}"}]},
]


class Schema(unittest.TestCase):
  @classmethod
  def setUpClass(cls):
    cls.schema = json.loads(subprocess.run([BINARY, "schema"], capture_output=True, check=True).stdout)
    cls.validator = jsonschema.Draft202012Validator(cls.schema)

  def test_is_a_schema(self):
    jsonschema.Draft202012Validator.check_schema(self.schema)

  def test_takes_what_loads(self):
    for file in RIGHT:
      with self.subTest(file=file):
        self.assertEqual([error.message for error in self.validator.iter_errors(file)], [])

  def test_takes_the_examples(self):
    examples = sorted((ROOT / "examples").glob("*.yaml"))
    self.assertGreaterEqual(len(examples), 1)
    for example in examples:
      with self.subTest(example=example.name):
        file = yaml.safe_load(example.read_text())
        self.assertEqual([error.message for error in self.validator.iter_errors(file)], [])

  def test_refuses_what_is_wrong(self):
    for file in WRONG:
      with self.subTest(file=file):
        self.assertFalse(self.validator.is_valid(file))

  def test_takes_null_for_every_setting_that_may_be_left_out(self):
    refused = []
    definitions = {"file": self.schema, **self.schema["$defs"]}
    for name, definition in definitions.items():
      for setting, rule in definition.get("properties", {}).items():
        if setting in definition.get("required", []) or setting.startswith("_"):
          continue
        if not jsonschema.Draft202012Validator({**rule, "$defs": self.schema["$defs"]}).is_valid(None):
          refused.append(f"{name}.{setting}")
    self.assertEqual(refused, [])

  def test_what_check_takes_as_null_the_schema_takes_too(self):
    file = {"_format_version": "3.0", "gateway": {"limits": None, "workers": None}, "plugins": [
        {"name": "correlation-id", "config": None, "protocols": None},
        {"name": "correlation-id", "consumer": None, "service": "s", "config": {"generator": None}}],
            "services": [{"name": "s", "host": "h", "retries": None, "tags": None, "routes": [
                {"paths": ["/"], "methods": None, "headers": None, "strip_path": None, "service": None}]}]}
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder) / "kong.json"
      path.write_text(json.dumps(file))
      checked = subprocess.run([BINARY, "check", str(path)], capture_output=True, text=True, check=False)
    self.assertEqual(checked.returncode, 0, checked.stderr)
    self.assertEqual([error.message for error in self.validator.iter_errors(file)], [])

  def test_has_the_settings_of_every_plugin(self):
    plugins = [name for name in self.schema["$defs"] if name.startswith("plugin:")]
    self.assertGreaterEqual(len(plugins), 100)


if __name__ == "__main__":
  unittest.main()
