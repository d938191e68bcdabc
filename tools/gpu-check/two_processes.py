"""NCCL with two processes on one GPU: correctness only, under a watchdog.

NCCL refuses two ranks on one device of one host, so that each process is told another host's name;
they talk over the loopback interface. Few channels and the simple protocol keep both kernels resident.
"""
import os
import signal
import subprocess
import time

import steps
from report import Failed, Skipped

SETTINGS = {"NCCL_SOCKET_IFNAME": "lo", "NCCL_MAX_CTAS": "2", "NCCL_PROTO": "Simple", "NCCL_NET": "Socket",
            "NCCL_NET_PLUGIN": "none", "NCCL_MNNVL_ENABLE": "0", "NCCL_NVLS_ENABLE": "0", "NCCL_RAS_ENABLE": "0",
            "NCCL_DEBUG": "WARN", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29577", "WORLD_SIZE": "2"}


def run(context, seconds):
    plan = context.manifest["nccl_two"]
    command = [context.home / "bin/tpc", "run", context.plan(plan["plan"]), "--init", plan["init"], "--seed",
               plan["seed"], "--steps", len(plan["losses"]), "--comm", "nccl", "--deterministic", "--log-json", "-"]
    ranks, logs = [], []
    for rank in range(2):
        environment = context.environment | SETTINGS | {
            "RANK": str(rank), "LOCAL_RANK": "0", "NCCL_HOSTID": f"host-{rank}"}
        logs.append(open(context.out / f"nccl-two-{rank}.log", "w"))
        # A group of its own, so that all of it can be ended.
        ranks.append(subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=logs[-1], text=True,
                                      env=environment, start_new_session=True))
    end = time.monotonic() + seconds
    try:
        output = [rank.communicate(timeout=max(1, end - time.monotonic()))[0] for rank in ranks]
    finally:
        for rank in ranks:
            if rank.poll() is None:
                os.killpg(rank.pid, signal.SIGKILL)
                rank.wait()
        for log in logs:
            log.close()
    codes = [rank.returncode for rank in ranks]
    if codes == [5, 5]:
        raise Skipped("the environment lacks something; see nccl-two-*.log")
    if any(codes):
        raise Failed(f"the processes ended with {codes}; see nccl-two-*.log")
    worst = steps.worst_difference(steps.losses(output[0]), plan["cpu_losses"])
    context.report.row("two processes", f"{worst:.1e}", "largest relative difference of losses from CPU")
    if not worst <= plan["bound"]:
        raise Failed(f"losses differ by {worst:.1e}, more than {plan['bound']:g}")
