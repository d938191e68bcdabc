// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir --stop-after model | FileCheck %s --check-prefix=MODEL
// RUN: tpc-compile compile %models/mlp.mlir --stop-after grad | FileCheck %s --check-prefix=GRAD
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --stop-after sharded | FileCheck %s --check-prefix=SHARDED
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --stop-after local | FileCheck %s --check-prefix=LOCAL
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --stop-after scheduled | FileCheck %s --check-prefix=SCHEDULED
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --stop-after plan | FileCheck %s --check-prefix=PLAN
// RUN: rm -rf %t && tpc-compile compile %models/mlp.mlir --tp 2 --dump-to %t -o %t.plan
// RUN: ls %t | FileCheck %s --check-prefix=FILES

// MODEL: nn.training @train
// MODEL-NOT: nn.entry @train

// GRAD: nn.entry @train
// GRAD-NOT: tp.

// A column split, a row split, and one reduction behind them.
// SHARDED: tp.mesh @mesh ["tp" = 2]
// SHARDED: nn.parameter @fc1 : tensor<128x128xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>
// SHARDED: nn.parameter @fc2 : tensor<128x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>

// LOCAL: nn.entry @train
// LOCAL: nn.read @fc1 {{.*}}: tensor<64x128xf32>
// LOCAL: tp.all_reduce sum
// LOCAL-NOT: tp.all_reduce

// SCHEDULED: nn.entry @train
// SCHEDULED: nn.kernel {{.*}}in_place

// PLAN: target: "cpu"

// FILES: fused.mlir
// FILES-NEXT: grad.mlir
// FILES-NEXT: kernels.mlir
// FILES-NEXT: local.mlir
// FILES-NEXT: model.mlir
// FILES-NEXT: plan.txt
// FILES-NEXT: scheduled.mlir
// FILES-NEXT: sharded.mlir
