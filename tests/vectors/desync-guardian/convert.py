"""Writes requests.tsv from the yaml files beside it: one request head a line, as bytes with C-like escapes.

The project's engine judges heads without looking at Host, and most of its requests have none. Here each gets a
"Host: h" unless it brings one, so that its own property is what decides.
"""
import pathlib
import yaml

FOLDER = pathlib.Path(__file__).parent


def as_bytes(text):
    text = "" if text is None else str(text)
    return text.encode("latin-1" if all(ord(char) < 256 for char in text) else "utf-8")


def head(case):
    line = b" ".join(part for part in map(as_bytes, (case["method"], case["uri"], case["version"])))
    fields = case.get("headers") or []
    lines = [as_bytes(field["name"]) + b": " + as_bytes(field["value"]) for field in fields]
    if not any(str(field["name"]).strip().lower() == "host" for field in fields):
        lines.insert(0, b"Host: h")
    return b"\r\n".join([line, *lines, b"", b""])


def escaped(data):
    names = {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
    return "".join(names.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data)


with open(FOLDER / "requests.tsv", "w", encoding="ascii") as table:
    table.write("id\ttier\treason\trequest\n")
    for path in sorted(FOLDER.glob("*.yaml")):
        cases = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        for number, case in enumerate(cases, 1):
            expected = case["expected"]
            columns = (f"{path.stem}-{number}", expected["tier"], expected["reason"], escaped(head(case)))
            table.write("\t".join(columns) + "\n")
