"""The table of results, rewritten after each figure, and the logs in one file."""
import contextlib
import json
import os
import tarfile
import time
import traceback

MOST = 4 << 20  # bytes of a log that are kept


class Skipped(Exception):
    """The section cannot run here; says why."""


class Failed(Exception):
    """The section ran, and something is wrong."""


class Report:
    """Three files in `folder`: results.txt, results.json, and logs.tar.gz of all in `logs`."""

    def __init__(self, folder, logs):
        self.folder, self.logs = folder, logs
        self.sections = []
        self.begin = time.monotonic()

    def say(self, text):
        print(text, flush=True)

    @contextlib.contextmanager
    def section(self, name):
        begin = time.monotonic()
        self.current = {"section": name, "state": "ok", "why": "", "begins": round(begin - self.begin, 1), "rows": []}
        self.sections.append(self.current)
        self.say(f"== {name}")
        try:
            yield
        except Skipped as reason:
            self.end("skipped", str(reason))
        except Failed as reason:
            self.end("failed", str(reason))
        except Exception:  # a mistake here must not hide the other sections
            self.end("failed", traceback.format_exc(limit=-3).strip().replace("\n", " | "))
        except BaseException as reason:  # the check itself is ended
            self.end("failed", f"not done: {type(reason).__name__}")
            raise
        finally:
            self.current["seconds"] = round(time.monotonic() - begin, 1)
            self.write()
            self.keep_logs()

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
        lines = []
        for section in self.sections:
            lines.append(f"{section['section']}: {section['state']} {section['why']}".rstrip())
            lines += [f"    {r['what']:<44} {r['value']:>18}  {r['note']}".rstrip() for r in section["rows"]]
        self.replace("results.json", (json.dumps(self.sections, indent=1) + "\n").encode())
        self.replace("results.txt", ("\n".join(lines) + "\n").encode(errors="replace"))

    def replace(self, name, content):
        """As a whole: whoever ends the check finds the file of before or of now."""
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(content)
        os.replace(unfinished, self.folder / name)

    def keep_logs(self):
        """One file, however many programs ran. Of a log that is too long its end is kept."""
        unfinished = self.folder / ".logs.tar.gz"
        try:
            with tarfile.open(unfinished, "w:gz", compresslevel=3) as archive:
                for file in sorted(self.logs.iterdir()):
                    size = file.stat().st_size
                    with open(file, "rb") as content:
                        content.seek(max(0, size - MOST))
                        info = tarfile.TarInfo(f"logs/{file.name}")
                        info.size = min(size, MOST)
                        archive.addfile(info, content)
            os.replace(unfinished, self.folder / "logs.tar.gz")
        except OSError as error:
            self.say(f"   the logs could not be kept: {error}")
