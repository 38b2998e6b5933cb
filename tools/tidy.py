#!/usr/bin/env python3
"""Checks the rules of this repository that no compiler knows: which folder may include which, where time,
chance and descriptors may be touched, lengths, banned words, plugins without a test, dead links.

Prints `file:line: message` for each finding, then a count; exits with 1 when there is any. See tidy_test.py.
"""

import dataclasses
import pathlib
import re
import subprocess
import sys

LINES_MAX = 500
COLUMNS_MAX = 120

# Folders of src/ from the bottom up: each may include itself and all below it. `config` stands beside the
# tower, on base alone, and is open to every folder from `state` on. The tops do not know each other. `echo` is
# a server of its own, on http.
TOWER = ("base", "telemetry", "runtime", "tls", "http", "state", "upstream", "gateway", "plugins")
TOPS = ("store", "admin", "import", "node", "explain")


def arrows():
  """{folder: the folders that it may include}."""
  allowed = {folder: set(TOWER[:TOWER.index(folder) + 1]) for folder in TOWER}
  for folder in TOWER[TOWER.index("state"):]:
    allowed[folder].add("config")
  allowed["config"] = {"base", "config"}
  for folder in TOPS:
    allowed[folder] = {*TOWER, "config", folder}
  allowed["echo"] = {*TOWER[:TOWER.index("http") + 1], "echo"}
  allowed["main"] = {*TOWER, *TOPS, "config", "echo", "main"}
  return allowed


ARROWS = arrows()


@dataclasses.dataclass(frozen=True)
class Banned:
  """A word that must not stand in code, where that holds, and what to write instead."""

  pattern: str
  instead: str
  only_in: tuple = ("src", "tests", "bench")  # Path prefixes.
  not_in: tuple = ()
  tests_may: bool = False


SYSTEM_CALLS = ("socket|open|openat|close|accept4?|bind|listen|connect|send|recv|sendmsg|recvmsg|read|write"
                "|pipe2?|dup[23]?|eventfd|timerfd_create|signalfd")

BANNED = (
    Banned(r"\b(?:steady|system|high_resolution)_clock::now\b|\bclock_gettime\b|\bgettimeofday\b"
           r"|(?<!\w)::time\s*\(|\bstd::time\s*\(",
           "time is taken from the loop's clock (src/runtime), so that tests can turn it",
           only_in=("src",), not_in=("src/runtime",), tests_may=True),
    Banned(r"\bgetrandom\b|\bstd::random_device\b|\bgetentropy\b",
           "chance is taken from src/runtime, so that a seed replays it",
           only_in=("src",), not_in=("src/runtime",), tests_may=True),
    Banned(rf"(?<![\w>])::(?:{SYSTEM_CALLS})\s*\(|\bepoll_(?:create1?|ctl|p?wait2?)\b",
           "descriptors live in src/runtime: use its Stream, Socket or File types",
           only_in=("src",), not_in=("src/runtime", "src/telemetry", "src/config", "src/main", "src/base/log"),
           tests_may=True),
    Banned(r"\bstd::function\b", "a template parameter or an interface costs no allocation for each request",
           only_in=("src/http", "src/gateway"), tests_may=True),
    Banned(r"\bmutable\b", "a reload would lose a plugin's own state: keep it as node state (src/state)",
           only_in=("src/plugins",), tests_may=True),
    Banned(r"\busleep\b|\bnanosleep\b|\bthis_thread::sleep_(?:for|until)\b|(?<!\w)::sleep\s*\(",
           "nobody sleeps: await a timer of the loop; a test turns the clock"),
    Banned(r"\b(?:ato(?:i|l|ll|f)|strto(?:l|ul|ll|ull|d|f)|sscanf)\b|\bstd::sto(?:i|l|ul|ll|ull|d|f)\b",
           "std::from_chars says when the text is no number"),
    Banned(r"<openssl/ssl\.h>", "only src/tls sees the SSL API", only_in=("src",), not_in=("src/tls",)),
)

# Written in two parts, so that this file does not find itself.
OPEN_ENDS = re.compile(r"\b(?:" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")) + r")\b")
OUTSIDE = re.compile(r"\.\./" "shared" r"\b|(?<![\w.])/" "work/")

CPP = {".cc", ".h"}
TEXT = {*CPP, ".py", ".sh", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".in"}


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
  """What is wrong in one line of one file."""

  path: str
  line: int
  message: str

  def __str__(self):
    return f"{self.path}:{self.line}: {self.message}"


class Source:
  """One text file: path from the root, kind, lines, and for C++ its code without comments and texts."""

  def __init__(self, path, text):
    self.path = path
    self.text = text
    self.lines = text.splitlines()
    self.suffix = kind_of(path, text)
    self.code = without_comments_and_texts(text) if self.suffix in CPP else ""

  @property
  def name(self):
    return pathlib.PurePosixPath(self.path).name

  @property
  def folder(self):
    """The folder below src/, "main" for files of src/ itself, "" elsewhere."""
    parts = self.path.split("/")
    return "" if parts[0] != "src" else parts[1] if len(parts) > 2 else "main"

  @property
  def is_test(self):
    return self.path.startswith("tests/") or bool(re.search(r"_(test|fuzz|bench)\.cc$", self.path))

  @property
  def is_code(self):
    return self.suffix in {*CPP, ".py", ".sh"}

  def find(self, line, message):
    return Finding(self.path, line, message)


def kind_of(path, text):
  """The suffix that says how to read the file; scripts without one are known by their first line."""
  suffix = pathlib.PurePosixPath(path).suffix
  if suffix not in TEXT and text.startswith("#!"):
    return ".py" if "python" in text.splitlines()[0] else ".sh"
  return suffix


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def without_comments_and_texts(text):
  """C++ with comments gone and texts empty; lines keep their numbers. Include lines stay as they are."""
  def blank(match):
    token = match.group()
    start = text.rfind("\n", 0, match.start()) + 1
    if token.startswith('"') and text[start:match.start()].lstrip().startswith("#include"):
      return token
    return ("" if token.startswith("/") else '""') + "\n" * token.count("\n")
  return TOKENS.sub(blank, text)


def within(path, prefixes):
  """Whether the path is in one of the folders; "src/main" also means src/main.cc."""
  return any(path.startswith((prefix + "/", prefix + ".")) for prefix in prefixes)


def check_lengths(source, _):
  if not source.is_code:
    return
  if len(source.lines) > LINES_MAX:
    yield source.find(LINES_MAX + 1,
                      f"the file has {len(source.lines)} lines, at most {LINES_MAX}: split it by task")
  for number, line in enumerate(source.lines, 1):
    if len(line) > COLUMNS_MAX:
      yield source.find(number, f"the line has {len(line)} columns, at most {COLUMNS_MAX}")


def check_opening(source, tree):
  """Each file says in its first lines what it is for; x.cc may leave that to x.h by including it first."""
  lines = [line for line in source.lines[:6] if line.strip()]
  if source.suffix == ".h":
    if not lines or lines[0] != "#pragma once":
      yield source.find(1, "a header begins with #pragma once")
      return
    lines = lines[1:]
  if lines and lines[0].startswith("#!"):
    lines = lines[1:]
  openings = {".cc": "//", ".h": "//", ".py": '"""', ".sh": "#"}
  opening = openings.get(source.suffix)
  header = source.path.removeprefix("src/").removesuffix(".cc") + ".h"
  if source.suffix == ".cc" and lines and lines[0] == f'#include "{header}"' and "src/" + header in tree:
    return
  if opening and not (lines and lines[0].startswith(opening)):
    yield source.find(1, f"the file opens with a comment ({opening}) that says what it is for")


def check_includes(source, tree):
  if source.suffix not in CPP:
    return
  folder = source.folder
  if folder and folder not in ARROWS:
    yield source.find(1, f"src/{folder} is in no row of the table of folders in tools/tidy.py")
    return
  for number, line in enumerate(source.code.splitlines(), 1):
    match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
    if not match or not folder:
      continue
    included = match.group(1)
    target = included.split("/")[0] if "/" in included else "main"
    if source.is_test and f"tests/{included}" in tree:
      continue
    if f"src/{included}" not in tree:
      yield source.find(number, f'"{included}" is no file of src/: include by path from src/')
    elif target not in ARROWS[folder]:
      yield source.find(number, f"{folder} must not include {target}: it may include "
                                f"{', '.join(sorted(ARROWS[folder] - {folder})) or 'nothing else'}")
    elif target == folder == "plugins" and not shares_plugin(source, included):
      yield source.find(number, f'a plugin includes no other plugin: move what it needs of "{included}" down')


def shares_plugin(source, included):
  stem = re.sub(r"(_test|_fuzz|_bench)?\.\w+$", "", source.path.removeprefix("src/plugins/"))
  return stem == "catalog" or re.sub(r"\.\w+$", "", included.removeprefix("plugins/")) in (stem, "catalog")


def check_banned(source, _):
  if source.suffix not in CPP:
    return
  rules = [rule for rule in BANNED
           if within(source.path, rule.only_in) and not within(source.path, rule.not_in)
           and not (rule.tests_may and source.is_test)]
  for number, line in enumerate(source.code.splitlines(), 1):
    for rule in rules:
      match = re.search(rule.pattern, line)
      if match:
        yield source.find(number, f"{match.group().rstrip('( ')} is not used here: {rule.instead}")


def check_open_ends(source, _):
  for number, line in enumerate(source.lines, 1):
    match = OPEN_ENDS.search(line)
    if match and source.is_code:
      yield source.find(number, f"{match.group()}: an issue is the place for what is left to do")
    match = OUTSIDE.search(line)
    if match:
      yield source.find(number, f"{match.group()}: nothing here refers to a place outside the repository")


def check_lambda_coroutines(source, _):
  """A coroutine outlives the lambda object that started it, and with it the captures."""
  if source.suffix not in CPP or source.is_test or not source.folder:
    return
  bodies = list(lambdas(source.code))
  for start, end, captures in bodies:
    body = source.code[start:end]
    for inner_start, inner_end, _ in bodies:
      if start < inner_start and inner_end < end:
        body = body.replace(source.code[inner_start:inner_end], "")
    if captures and re.search(r"\bco_(?:await|return|yield)\b", body):
      yield source.find(source.code.count("\n", 0, start) + 1,
                        "a coroutine lambda captures nothing: its frame outlives them. Pass parameters")


def lambdas(code):
  """(start of the body, its end, captures) of each lambda; subscripts and attributes are told apart."""
  for match in re.finditer(r"(?<![\w\])\[])\s*\[([^\[\]]*)\](?!\])\s*", code):
    position = match.end()
    if position < len(code) and code[position] == "(":
      position = closing(code, position, "()")
    tail = re.match(r"[\w\s:<>,&*\-]*\{", code[position:])
    if tail and not re.search(r"\b(?:for|if|while|return)\b", tail.group()):
      start = position + tail.end() - 1
      yield start, closing(code, start, "{}"), match.group(1).strip()


def closing(code, position, brackets):
  """The position after the bracket that closes the one at `position`; the end when none does."""
  depth = 0
  for index in range(position, len(code)):
    depth += (code[index] == brackets[0]) - (code[index] == brackets[1])
    if depth == 0:
      return index + 1
  return len(code)


def check_plugin(source, tree):
  match = re.fullmatch(r"src/plugins/(\w+)\.cc", source.path)
  if not match or source.is_test or match.group(1) == "catalog":
    return
  name = match.group(1)
  if f"src/plugins/{name}_test.cc" not in tree:
    yield source.find(1, f"the plugin has no test: src/plugins/{name}_test.cc")
  catalog = tree.get("src/plugins/catalog.cc")
  if not catalog or not re.search(rf"\b{name}\b|\"{name.replace('_', '-')}\"", catalog.text):
    yield source.find(1, f"the plugin {name} has no line in src/plugins/catalog.cc")


LINKS = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)[^)\n]*\)|^\[[^\]\n]+\]:\s*<?([^\s>]+)")


def check_links(source, tree):
  if source.suffix != ".md":
    return
  folder = pathlib.PurePosixPath(source.path).parent
  fenced = False
  for number, line in enumerate(source.lines, 1):
    if line.lstrip().startswith(("```", "~~~")):
      fenced = not fenced
    if fenced:
      continue
    for match in LINKS.finditer(re.sub(r"`[^`]*`", "", line)):
      link = match.group(1) or match.group(2)
      target, _, anchor = link.partition("#")
      if re.match(r"[a-z][a-z0-9+.-]*:", link):
        continue
      path = normal(folder / target) if target else source.path
      if not tree.exists(path):
        yield source.find(number, f"the link leads nowhere: {link}")
      elif anchor and path in tree and path.endswith(".md") and anchor not in anchors_of(tree[path]):
        yield source.find(number, f"{path} has no heading #{anchor}")


def normal(path):
  parts = []
  for part in pathlib.PurePosixPath(path).parts:
    if part == ".." and parts:
      parts.pop()
    elif part != ".":
      parts.append(part)
  return "/".join(parts)


def anchors_of(source):
  """The names by which GitHub links to the headings of a Markdown file."""
  names = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", source.text))
  for line in source.lines:
    match = re.match(r"#+\s+(.*?)\s*#*$", line)
    if match:
      heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1)).lower()
      names.add(re.sub(r"[^\w\- ]", "", heading).replace(" ", "-"))
  return names


def check_named_functions(source, tree):
  """ARCHITECTURE.md names code as `file.cc: function`; what it names exists."""
  if source.path != "ARCHITECTURE.md":
    return
  for number, line in enumerate(source.lines, 1):
    for file, functions in re.findall(r"`([\w./-]+\.(?:cc|h|py)): ([^`]+)`", line):
      named = [tree[path] for path in tree if path == file or path.endswith("/" + file)]
      if not named:
        yield source.find(number, f"there is no file {file}")
        continue
      for function in re.split(r"\s*,\s*", functions.strip()):
        words = re.findall(r"~?\w+", re.sub(r"[(<].*", "", function))
        if not any(all(re.search(rf"(?<!\w){word}\b", known.code or known.text) for word in words)
                   for known in named):
          yield source.find(number, f"{file} has no {function}")


CHECKS = (check_lengths, check_opening, check_includes, check_banned, check_open_ends,
          check_lambda_coroutines, check_plugin, check_links, check_named_functions)


class Tree(dict):
  """{path from the root: Source} of all text files, and which other files and folders exist."""

  def __init__(self, root):
    super().__init__()
    self.root = pathlib.Path(root)
    for path in self.paths():
      file = self.root / path
      if pathlib.PurePosixPath(path).suffix not in TEXT and pathlib.PurePosixPath(path).suffix:
        continue
      if not file.is_file() or file.is_symlink():
        continue
      text = file.read_bytes().decode("utf-8", errors="replace")
      if "\0" not in text:
        self[path] = Source(path, text)

  def paths(self):
    """What git knows or would add; without git all files outside of build folders."""
    if (self.root / ".git").exists():
      command = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
      listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
      return sorted(set(filter(None, listed.split("\0"))))
    return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*")
                  if path.is_file() and not {".git", "build", "__pycache__"} & set(path.parts))

  def exists(self, path):
    return (self.root / path).exists()


def findings(root):
  """All findings of the repository at `root`, in order of path and line; and how many files were read."""
  tree = Tree(root)
  found = {finding for source in tree.values() for check in CHECKS for finding in check(source, tree)}
  return sorted(found), len(tree)


def main(arguments):
  root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent.parent
  found, files = findings(root)
  for finding in found:
    print(finding)
  print(f"tidy: {len(found)} findings in {files} files")
  return 1 if found else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
