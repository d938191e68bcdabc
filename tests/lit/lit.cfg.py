# How the lit tests run: files *.mlir under this folder, whose RUN lines use the tools of the build
# folder and LLVM's FileCheck and not. A test that needs a tool which was not built is unsupported.

import os

import lit.formats

config.name = "tpc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tpc_build, "tests", "lit")
config.excludes = ["Inputs"]

config.substitutions.append(("%models", os.path.join(config.tpc_source, "models")))
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.tpc_build, "bin"), config.llvm_bin, config.environment["PATH"]]
)

# Features: one per program, `REQUIRES: tpc-compile`.
for tool in ["tpc", "tpc-compile", "tpc-opt"]:
    if os.path.exists(os.path.join(config.tpc_build, "bin", tool)):
        config.available_features.add(tool)
