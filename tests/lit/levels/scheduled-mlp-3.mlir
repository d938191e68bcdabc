// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir --tp 3 --stop-after scheduled > %t
// RUN: tpc-opt %t --tpc-verify-scheduled -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 2
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_)' %t | FileCheck %s

// Collectives in their final order, small ones packed: mlp on three ranks, among which 128 features are padded to 129.

// CHECK: nn.entry @loss outputs ["loss", "y"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<8x128xf32>) -> tensor<8x128xf32>
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "nn.return takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<f32>) -> tensor<f32>
// CHECK-NOT: {{.}}
