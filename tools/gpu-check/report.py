"""The table of results, rewritten after each section."""
import contextlib
import json
import subprocess
import time
import traceback


class Skipped(Exception):
    """The section cannot run here; says why."""


class Failed(Exception):
    """The section ran, and something is wrong."""


class Report:
    def __init__(self, folder):
        self.folder = folder
        self.sections = []

    def say(self, text):
        print(text, flush=True)

    @contextlib.contextmanager
    def section(self, name):
        self.current = {"section": name, "state": "ok", "why": "", "rows": []}
        self.sections.append(self.current)
        self.say(f"== {name}")
        begin = time.monotonic()
        try:
            yield
        except Skipped as reason:
            self.end("skipped", str(reason))
        except Failed as reason:
            self.end("failed", str(reason))
        except subprocess.TimeoutExpired as reason:
            self.end("failed", f"not done within its {reason.timeout:.0f} s")
        except Exception:  # a mistake here must not hide the other sections
            self.end("failed", traceback.format_exc(limit=3).strip().replace("\n", " | "))
        self.current["seconds"] = round(time.monotonic() - begin, 1)

    def end(self, state, why):
        self.current["state"], self.current["why"] = state, why
        self.say(f"   {state}: {why}")

    def row(self, what, value, note=""):
        """One figure: what it is, the value as people read it, and what it is to be compared with."""
        self.current["rows"].append({"what": what, "value": value, "note": note})
        self.say(f"   {what:<44} {value:>18}  {note}".rstrip())
        self.write()

    def failed(self):
        return any(section["state"] == "failed" for section in self.sections)

    def write(self):
        (self.folder / "results.json").write_text(json.dumps(self.sections, indent=1) + "\n")
        lines = []
        for section in self.sections:
            lines.append(f"{section['section']}: {section['state']} {section['why']}".rstrip())
            lines += [f"    {r['what']:<44} {r['value']:>18}  {r['note']}".rstrip() for r in section["rows"]]
        (self.folder / "results.txt").write_text("\n".join(lines) + "\n")
