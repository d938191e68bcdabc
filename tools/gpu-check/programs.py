"""Programs with a deadline: their output in files, their whole group ended, and what can be known of one that hangs."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

MOST = 8 << 20  # bytes of an output that are read
PATIENCE = 12  # seconds to look at what hangs
TOOLKIT = "/usr/local/cuda/bin"


def tool(name):
    """A tool of the CUDA toolkit, or none."""
    return shutil.which(name) or shutil.which(name, path=TOOLKIT)


def text_of(path):
    """The end of a file, whatever a program wrote into it."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def how(code):
    """An exit status as people say it."""
    if code is None:
        return "did not end"
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


class Program:
    """Its standard output is in NAME.out, its standard error in NAME.log, and every command in commands.txt."""

    def __init__(self, command, folder, name, environment=None):
        self.command, self.folder, self.name = [str(c) for c in command], folder, name
        self.log, self.begin = folder / f"{name}.log", time.monotonic()
        with open(self.log, "wb") as errors, open(folder / f"{name}.out", "wb") as output:
            # A group of its own, so that all of it can be ended. Files, since a child that lives on keeps a pipe open.
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                            env=environment, preexec_fn=os.setpgrp)

    def wait(self, seconds):
        """True if it ends in time."""
        try:
            self.process.wait(max(0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self):
        """Ends what is left of the group. What the driver holds may not even be killed: it is left behind."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.wait(5)
        with open(self.folder / "commands.txt", "a") as file:
            print(f"{self.name}: {how(self.code)} after {time.monotonic() - self.begin:.1f} s: "
                  f"{' '.join(self.command)}", file=file)

    @property
    def code(self):
        return self.process.returncode

    def output(self):
        return text_of(self.folder / f"{self.name}.out")

    def errors(self):
        return text_of(self.log)

    def last_line(self):
        """What it said of its end: its last error, or its last line."""
        lines = [line.strip() for line in self.errors().splitlines() if line.strip()]
        told = [line for line in lines if "error:" in line]
        return (told or lines or ["it said nothing"])[-1][:600]


def finish(program, seconds):
    """Waits for a program, looks at it if it hangs, and ends it. True if it ended by itself."""
    patience = min(PATIENCE, seconds / 4)
    try:
        done = program.wait(seconds - patience)
        if not done:
            describe_hang(program, patience)
    finally:
        program.end()
    return done


def describe_hang(program, seconds):
    """What its threads do, as the kernel and a debugger see it, and which kernels are on the GPU."""
    pid = program.process.pid
    with open(program.folder / f"{program.name}.hang.txt", "w") as file:
        for thread in sorted(Path(f"/proc/{pid}/task").glob("*")):
            for name in ("comm", "wchan", "syscall", "stack"):
                print(thread.name, name, text_of(thread / name).strip(), file=file)
        file.flush()
        debugger = tool("cuda-gdb")
        if not debugger:
            return
        try:
            child = subprocess.Popen([debugger, "--batch", "-p", str(pid), "-ex", "thread apply all backtrace 24",
                                      "-ex", "info cuda kernels"], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                     preexec_fn=os.setpgrp)
        except OSError as error:
            print(error, file=file)
            return
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
