#!/usr/bin/env python3
"""Every bullet of every Constraints list has a test that breaks it, and every such test a bullet.

The lists are read from the op reference in docs/, which a test of its own keeps equal to ODS. The
tests of op `nn.linear` are the cases of tests/lit/nn/errors/linear.mlir; a case says what it breaks
by a line `// constraint: BULLET`. Run by ctest as `constraints_covered`.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def constraints(path):
    """{op or attribute: [bullet, ...]} of a generated reference."""
    lists, name, inside = {}, None, False
    for line in path.read_text().splitlines():
        heading = re.match(r"### `?([\w.]+)", line)
        if heading:
            name, inside = heading.group(1), False
        elif line.strip() == "Constraints:":
            inside = True
        elif inside and line.startswith("- "):
            lists.setdefault(name, []).append(line[2:].rstrip(";."))
        elif inside and line.startswith("  ") and line.strip():
            lists[name][-1] += " " + line.strip().rstrip(";.")
        elif line.strip():
            inside = False
    return lists


def test_file(dialect, name):
    """nn.linear_input_grad: linear-input-grad; InitAttr: init-attr."""
    stem = name.split(".")[-1].replace("_", "-")
    stem = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", stem).lower()
    return ROOT / "tests" / "lit" / dialect / "errors" / f"{stem}.mlir"


def mentions(case, dialect, name):
    if name.endswith("Attr"):
        return f"#{dialect}.{name[:-4].lower()}" in case
    return name in case


def main():
    problems, bullets, cases = [], 0, 0
    for dialect in ("nn", "tp"):
        for name, expected in constraints(ROOT / "docs" / f"{dialect}.md").items():
            bullets += len(expected)
            path = test_file(dialect, name)
            place = path.relative_to(ROOT)
            if not path.exists():
                problems.append(f"{place} is missing: it tests the {len(expected)} constraints of {name}")
                continue
            tested = set()
            for case in path.read_text().split("// -----"):
                for bullet in re.findall(r"// constraint: (.*)", case):
                    cases += 1
                    tested.add(bullet)
                    if bullet not in expected:
                        problems.append(f"{place}: {name} has no constraint '{bullet}' in docs/{dialect}.md")
                    if "expected-error" not in case or not mentions(case, dialect, name):
                        problems.append(f"{place}: the case for '{bullet}' expects no error of {name}")
            problems += [f"{place}: no case breaks '{bullet}'" for bullet in expected if bullet not in tested]
    for problem in problems:
        print(problem)
    print(f"{bullets} constraints, {cases} cases that break one, {len(problems)} problems")
    return 1 if problems or bullets == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
