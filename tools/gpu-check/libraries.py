"""The driver and CUDA's libraries, asked for their versions through ctypes."""
import ctypes
import glob
import os
import subprocess


class Driver:
    """The CUDA driver and device 0. `missing` says why there is none, or is empty."""

    def __init__(self):
        self.missing, self.version, self.name, self.memory, self.processors = "", 0, "", 0, 0
        try:
            cuda = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            self.missing = f"no GPU: the driver's library is not there ({error})"
            return
        status = cuda.cuInit(0)
        count = ctypes.c_int()
        if status == 0:
            status = cuda.cuDeviceGetCount(ctypes.byref(count))
        if status or count.value == 0:
            self.missing = f"no GPU: the driver finds no device (status {status})"
            return
        number, device = ctypes.c_int(), ctypes.c_int()
        cuda.cuDriverGetVersion(ctypes.byref(number))
        self.version = number.value
        cuda.cuDeviceGet(ctypes.byref(device), 0)
        name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()
        cuda.cuDeviceGetName(name, 256, device)
        self.name = name.value.decode()
        cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
        self.memory = memory.value
        cuda.cuDeviceGetAttribute(ctypes.byref(number), 16, device)  # MULTIPROCESSOR_COUNT
        self.processors = number.value
        major, minor = ctypes.c_int(), ctypes.c_int()
        cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, device)
        cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, device)
        self.architecture = f"sm_{major.value}{minor.value}"


def folders(python):
    """Where libraries are looked for behind the system's own places."""
    found = [os.path.join(os.environ[v], d) for v in ("CUDA_HOME", "CUDA_PATH") if v in os.environ
             for d in ("lib64", "lib")]
    ask = "import site, sysconfig; print('\\n'.join(site.getsitepackages() + [sysconfig.get_path('purelib')]))"
    sites = subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.split()
    for site in dict.fromkeys(sites):
        found += sorted(glob.glob(os.path.join(site, "nvidia", "*", "lib")))
    found += sorted(glob.glob("/usr/local/cuda*/lib64"))
    return [folder for folder in dict.fromkeys(found) if os.path.isdir(folder)]


VERSIONS = [("cuBLASLt", "libcublasLt.so.13", "cublasLtGetVersion", True),
            ("cuDNN", "libcudnn.so.9", "cudnnGetVersion", True),
            ("NCCL", "libnccl.so.2", "ncclGetVersion", False)]


def versions(python):
    """Of each library: its name, the file, its version number, or why it has none."""
    for name, file, function, returns in VERSIONS:
        library, where = None, ""
        for place in [file] + [os.path.join(folder, file) for folder in folders(python)]:
            try:
                library, where = ctypes.CDLL(place), place
                break
            except OSError:
                continue
        if not library:
            yield name, file, "not found"
            continue
        if returns:
            getattr(library, function).restype = ctypes.c_size_t
            yield name, where, str(getattr(library, function)())
        else:
            number = ctypes.c_int()
            getattr(library, function)(ctypes.byref(number))
            yield name, where, str(number.value)


def environment(python):
    """For programs that are started: this Python first, and the folders of libraries."""
    result = dict(os.environ)
    result["PATH"] = os.path.dirname(python) + os.pathsep + result.get("PATH", "")
    known = [p for p in result.get("LD_LIBRARY_PATH", "").split(os.pathsep) if p]
    result["LD_LIBRARY_PATH"] = os.pathsep.join(dict.fromkeys(known + folders(python)))
    return result
