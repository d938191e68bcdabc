"""NCCL with two processes on one GPU: correctness only, under a watchdog.

NCCL refuses two ranks on one device of one host, so that each process is told another host's name;
they talk over the loopback interface. Few channels and the simple protocol keep both kernels resident.
"""
import time

import losses
import programs
from report import Failed, Skipped

SETTINGS = {"NCCL_SOCKET_IFNAME": "lo", "NCCL_MAX_CTAS": "2", "NCCL_PROTO": "Simple", "NCCL_NET": "Socket",
            "NCCL_NET_PLUGIN": "none", "NCCL_MNNVL_ENABLE": "0", "NCCL_NVLS_ENABLE": "0", "NCCL_RAS_ENABLE": "0",
            "NCCL_MULTI_RANK_GPU_ENABLE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29577", "WORLD_SIZE": "2"}


def run(context, seconds):
    if not context.has_library("NCCL"):
        raise Skipped("NCCL was not found")
    plan = context.manifest["nccl_two"]
    command = [context.home / "bin/tpc", "run", context.plan(plan["plan"]), "--steps", plan["steps"], "--comm", "nccl",
               "--deterministic", "--timeout", int(max(5, seconds / 3)), "--log-json", "-", *context.options(plan)]
    end, ranks = time.monotonic() + seconds, []
    try:
        for rank in range(2):
            environment = context.environment | SETTINGS | {
                "RANK": str(rank), "LOCAL_RANK": "0", "NCCL_HOSTID": f"host-{rank}"}
            ranks.append(programs.Program(command, context.logs, f"nccl-two-{rank}", environment))
        patience = min(programs.PATIENCE, seconds / 4)
        done = [rank.wait(end - patience - time.monotonic()) for rank in ranks]
        if not all(done):
            programs.describe_hang(ranks[done.index(False)], patience)
    finally:
        for rank in ranks:
            rank.end()
    if not all(done):
        context.gpu_state("nccl-two")
        raise Failed(f"not done within {seconds:.0f} s: " + "; ".join(rank.last_line() for rank in ranks))
    if any(rank.code for rank in ranks):
        raise Failed("; ".join(f"rank {i} {programs.how(rank.code)}: {rank.last_line()}"
                               for i, rank in enumerate(ranks)))
    wrong = losses.judge(context, plan, losses.recorded(ranks[0].output(), plan["steps"]), "nccl-two")
    if wrong:
        raise Failed("; ".join(wrong))
