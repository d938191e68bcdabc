"""The driver and CUDA's libraries, asked for their versions through ctypes.

Run as a program it prints a line of JSON about the driver and one for each library: in a process of its own, since a
driver that hangs or a library that crashes must not end the check.
"""
import ctypes
import glob
import json
import os
import subprocess
import sys

# Where container runtimes put the driver, if the loader does not know.
DRIVER_FOLDERS = ["/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"]
VERSIONS = [("cuBLASLt", "libcublasLt.so.13", "cublasLtGetVersion", True),
            ("cuDNN", "libcudnn.so.9", "cudnnGetVersion", True),
            ("NCCL", "libnccl.so.2", "ncclGetVersion", False)]


def driver():
    """The CUDA driver and device 0. `missing` says why there is none, or is empty."""
    result = {"missing": "", "version": 0, "name": "", "memory": 0, "processors": 0, "architecture": ""}
    cuda, reason = opened(["libcuda.so.1"] + [os.path.join(folder, "libcuda.so.1") for folder in DRIVER_FOLDERS])
    if not cuda:
        return result | {"missing": f"no GPU: the driver's library is not there ({reason})"}
    status = cuda.cuInit(0)
    count = ctypes.c_int()
    if status == 0:
        status = cuda.cuDeviceGetCount(ctypes.byref(count))
    if status or count.value == 0:
        return result | {"missing": f"no GPU: the driver finds no device (status {status})"}

    def number(function, *arguments):
        value = ctypes.c_int()
        function(ctypes.byref(value), *arguments)
        return value.value

    device = number(cuda.cuDeviceGet, 0)
    name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()
    cuda.cuDeviceGetName(name, 256, device)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    attribute = cuda.cuDeviceGetAttribute
    return result | {"version": number(cuda.cuDriverGetVersion), "name": name.value.decode(), "memory": memory.value,
                     "processors": number(attribute, 16, device),  # MULTIPROCESSOR_COUNT
                     "architecture": f"sm_{number(attribute, 75, device)}{number(attribute, 76, device)}"}


def opened(places):
    """The first library that opens, or why the first place had none."""
    reason = ""
    for place in places:
        try:
            return ctypes.CDLL(place), place
        except OSError as error:
            reason = reason or str(error)
    return None, reason


def folders(python):
    """Where libraries are looked for behind the system's own places."""
    found = [os.path.join(os.environ[v], d) for v in ("CUDA_HOME", "CUDA_PATH") if v in os.environ
             for d in ("lib64", "lib")]
    ask = "import site, sysconfig; print('\\n'.join(site.getsitepackages() + [sysconfig.get_path('purelib')]))"
    try:
        sites = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=20).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        sites = []
    for site in dict.fromkeys(sites):
        found += sorted(glob.glob(os.path.join(site, "nvidia", "*", "lib")))
    found += sorted(glob.glob("/usr/local/cuda*/lib64"))
    return [folder for folder in dict.fromkeys(found) if os.path.isdir(folder)]


def versions(python):
    """Of each library: its name, the file, its version number, or why it has none."""
    places = folders(python)
    for name, file, function, returns in VERSIONS:
        library, where = opened([file] + [os.path.join(folder, file) for folder in places])
        if not library:
            yield name, where, "not found"
        elif returns:
            getattr(library, function).restype = ctypes.c_size_t
            yield name, where, str(getattr(library, function)())
        else:
            number = ctypes.c_int()
            getattr(library, function)(ctypes.byref(number))
            yield name, where, str(number.value)


def environment(python, cache):
    """For programs that are started: this Python first, the folders of libraries, a place for compiled kernels."""
    result = dict(os.environ)
    result["PATH"] = os.path.dirname(python) + os.pathsep + result.get("PATH", "")
    known = [p for p in result.get("LD_LIBRARY_PATH", "").split(os.pathsep) if p]
    places = known + folders(python)
    places += [folder for folder in DRIVER_FOLDERS if os.path.exists(os.path.join(folder, "libcuda.so.1"))]
    result["LD_LIBRARY_PATH"] = os.pathsep.join(dict.fromkeys(places))
    result.setdefault("CUDA_CACHE_PATH", str(cache))
    return result


if __name__ == "__main__":
    print(json.dumps(driver()), flush=True)
    for answer in versions(sys.argv[1]):
        print(json.dumps(answer), flush=True)
